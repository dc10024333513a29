//! What the network test promises, held against readers and parts that are not ours.

#![expect(clippy::unwrap_used, reason = "a promise that cannot be kept has failed")]

mod every_row;
mod print;
mod print_reports;
mod probes;
