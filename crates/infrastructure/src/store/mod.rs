//! The store: SQLite in the data folder by default, PostgreSQL by a URL, one SQL text for both.
//!
//! Money is BIGINT mills, an instant BIGINT microseconds, a hash or key is bytes. Entries, transfers, records and audit
//! lines are only ever inserted. Every table that grows is keyed by meter (or by account) first. Nothing here decides a
//! rule: it reads what the rules need and writes what they decided, inside one [`Work`].

pub(crate) mod audit;
pub(crate) mod blocks;
pub(crate) mod cases;
pub(crate) mod catalogues;
pub(crate) mod contacts;
pub(crate) mod customers;
mod database;
pub(crate) mod device_keys;
mod error;
mod fate;
pub(crate) mod identities;
pub(crate) mod inspections;
pub(crate) mod losses;
pub(crate) mod machine_settings;
pub(crate) mod many;
pub(crate) mod mark_runs;
pub(crate) mod marks;
pub(crate) mod meters;
mod migrations;
pub(crate) mod rate_tables;
pub(crate) mod records;
pub(crate) mod refills;
pub(crate) mod replacements;
pub(crate) mod role_keys;
pub(crate) mod row;
pub(crate) mod seals;
pub(crate) mod sign_ins;
pub(crate) mod sorters;
pub(crate) mod spoiled;
pub(crate) mod transfers;
pub(crate) mod withdrawals;
mod writer;

pub use database::Store;
pub(crate) use database::Work;
pub use error::StoreError;
pub use fate::{Fate, Fates};
pub(crate) use writer::Steps;
