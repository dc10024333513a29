//! The rules of the funds ledger: who may be given postage, what it costs whom, and whether the books,
//! the registers and the uploaded records tell the same story.
//!
//! # The ledger
//! Double entry. A [`Transfer`] is a set of [`Posting`]s that sum to zero; it is immutable, and a mistake
//! is corrected by a transfer that reverses it. Its [`RequestId`] says what asked for it, so the same
//! request is booked at most once.
//!
//! Every account belongs to one customer or one meter ([`AccountId`]), tax and the post's share included:
//! no account is touched by every transfer, so no row of a store is a bottleneck. What the provider owes
//! in all, to the post or in tax, is a sum over accounts.
//!
//! A positive posting adds to what the account stands for, a negative one takes from it:
//!
//! | what happens | postings |
//! |---|---|
//! | [`deposit()`] | `deposits −`, `prepaid +` |
//! | [`refill`] | `prepaid −`, `credit −`, `meter +`, `tax-… +` |
//! | [`usage`]: uploaded records of franked mail | `meter −`, `post +` |
//! | [`refund`] of a withdrawn meter | `meter −`, `refunds +`, then `refunds −`, `prepaid +` |
//! | [`spoiled`] marks given back, less the fee | `spoiled −`, `prepaid +` |
//!
//! So the balance of `meter` is the descending register and the balance of `post` the ascending one, as
//! far as the records are in; [`reconcile`] says whether the device agrees. A spoiled mark stays printed and used: what is
//! given back for it stands on `spoiled`, and what the provider owes the post is `post` and `spoiled` together.
//!
//! # What this crate refuses to do
//! It does no I/O and has no clock: the store gives it the standing of a meter and an account, it gives
//! back a decision, and the store books it in one transaction. There is no floating point.

#![deny(clippy::float_arithmetic)]
#![warn(missing_docs)]

mod account;
mod balances;
pub mod contact;
mod deposit;
pub mod finding;
mod ledger_error;
pub mod reconcile;
pub mod refill;
pub mod refund;
mod refusal;
mod request;
pub mod sequence;
pub mod spoiled;
mod standing;
pub mod tax;
mod transfer;
pub mod usage;
mod wording;

pub use account::{AccountId, AccountIdError, Owner};
pub use balances::TrialBalance;
pub use deposit::{Deposit, deposit};
pub use ledger_error::LedgerError;
pub use refusal::FundsRefusal;
pub use request::{RequestId, RequestIdError};
pub use standing::{AccountStanding, BlockLimits, MeterStanding, MeterState};
pub use transfer::{Posting, Transfer, TransferDraft, TransferKind};
