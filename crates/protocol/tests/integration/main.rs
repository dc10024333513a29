//! What the protocol promises to both ends, by behaviour. The samples are the golden files' content; every test that
//! walks messages walks all of them.
#![expect(clippy::unwrap_used, reason = "what a test relies on must hold, or the test fails")]

mod golden;
mod hostile;
mod keys;
mod messages;
mod round_trip;
mod samples;
mod schema;
mod signatures;
mod tables;
mod token;
mod tolerance;
