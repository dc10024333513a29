//! Marks as their users see them: the payload, the picture, reading it back, and the verdict.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod corpus;
mod formats;
mod golden;
mod payload;
mod pdf;
mod picture;
mod read_rates;
mod scanning;
mod verdict;
