//! What a user of the executable is promised, driven through the executable alone: separate processes, real TLS, real
//! files, real signals.

mod bad_input;
mod clock;
mod demonstration;
mod disk_full;
mod kill;
mod lost_reply;
mod marks;
mod readme;
mod separate_processes;
mod site;
