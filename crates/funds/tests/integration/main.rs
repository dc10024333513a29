//! The rules of funds as customers, operators and auditors meet them.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod findings;
mod ledger;
mod properties;
mod reconciliation;
mod refills;
mod refunds;
mod refusals;
mod spoiled;
mod support;
