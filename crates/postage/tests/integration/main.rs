//! What a piece costs, as an operator or a postal clerk would check it.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod book;
mod boundaries;
mod days;
mod figures;
mod format;
mod mark_value;
mod properties;
mod refusals;
mod support;
