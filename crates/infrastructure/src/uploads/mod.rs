//! What meters hand over: their transaction records.

mod progress;
pub(crate) mod transactions;
