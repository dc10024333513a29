//! What a user of the executable is promised, driven through the executable alone: separate processes, real TLS, real
//! files, real signals.

#![expect(clippy::unwrap_used, reason = "a promise that cannot be kept has failed")]

mod audit;
mod bad_input;
mod clock;
mod clones;
mod demonstration;
mod disk_full;
mod guide;
mod journal_document;
mod kill;
mod kill_calls;
mod life;
mod lockdown;
mod lost_reply;
mod marks;
mod namespace;
mod network_catalogue;
mod network_guide;
mod network_rules;
mod network_test;
mod power_cut;
mod readme;
mod rotation;
mod separate_processes;
mod site;
mod sorting;
mod spoiled;
mod staff_guide;
mod terms;
#[cfg(feature = "pkcs11")]
mod token;
