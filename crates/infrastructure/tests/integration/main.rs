//! The infrastructure as meters and staff see it: real HTTPS, the same scenarios on SQLite and on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod audit;
mod catalogue;
mod contacts;
mod database;
mod downloads;
mod findings;
mod hostile;
mod inspection;
mod installation;
mod keys;
mod losses;
mod network_test;
mod reconcile;
mod refill;
mod replacement;
mod sign_in;
mod sorting;
mod spoiled;
mod staff;
mod support;
mod terms;
mod tls;
mod uploads;
mod withdrawal;
