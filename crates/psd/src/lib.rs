//! The postal security device (PSD, *dispositif de sécurité postale*): the registers, and the rules by
//! which they move.
//!
//! Start with [`Psd`]. A device is made ([`Psd::manufacture`], [`Psd::initialise`]), installed
//! ([`Psd::install`]), refilled ([`Psd::refill_request`], [`Psd::apply_refill`]) and pays for pieces
//! ([`Psd::pre_debit`], [`Psd::perform`], [`Psd::complete`]) until it gives back what is left
//! ([`Psd::withdrawal_request`], [`Psd::apply_withdrawal`]). Everything it does is a slot of its
//! [`journal`] first and a change of its state second, so it is opened again exactly as it was.
//!
//! The crate holds no clock, socket or thread: times and nonces are arguments, keys live behind a
//! [`timbre_key_store::KeyStore`], and the only input and output is the journal's. It knows no
//! prices, no customers' accounts and no pictures of marks.
#![warn(missing_docs)]
#![deny(clippy::float_arithmetic)]

mod checkpoint;
mod codec;
mod contact;
mod debit;
mod device_state;
mod entry;
mod error;
mod inspection;
mod installation;
pub mod journal;
mod memo;
mod printing;
mod psd;
mod records;
mod refill;
mod refusal;
mod renewal;
mod replay;
mod standing;
mod state;
mod tamper;
mod withdrawal;

pub use debit::{Performed, Postage, PreDebit};
pub use error::{Breach, Fault, OpenError, PsdError, Salvage};
pub use journal::{FileJournal, Journal, JournalError, MemoryJournal, Recovery};
pub use memo::{JobId, Memo, MemoError, MemoFields};
pub use printing::PaidPiece;
pub use psd::{Applied, Birth, Examination, Psd, TrustAnchors};
pub use refusal::Refusal;
pub use state::{Event, State, TRANSITIONS};
pub use timbre_indicium::MarkKind;
