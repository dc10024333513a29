//! The rules of every dialect, judged by the program that loads them wherever it can be installed.
//! A test that needs a program or root fails loudly without it; nothing here leaves a network
//! namespace of its own or changes the machine's firewall.
#![expect(clippy::unwrap_used, reason = "what a test relies on must hold, or the test fails")]

mod aerleon;
mod cisco;
mod coverage;
mod egress;
mod every_row;
mod iptables;
mod judges;
mod kernel;
mod nftables;
mod pac;
mod round_trip;
mod router;
mod squid;
mod vendor_aerleon;
mod vendor_golden;
mod vendor_rollback;
mod vendor_samples;
mod vendor_structure;
mod verify;
