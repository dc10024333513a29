//! What the protocol promises to both ends, by behaviour. The samples are the golden files' content; every test that
//! walks messages walks all of them.

mod golden;
mod hostile;
mod keys;
mod round_trip;
mod samples;
mod schema;
mod signatures;
mod tables;
mod token;
mod tolerance;
