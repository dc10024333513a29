//! Everything that a meter and the infrastructure say to each other: one file per exchange, each with its request, its
//! reply and what may be refused (REQ NET-4: all messages are XML).
//!
//! Start with [`Exchange`] and one exchange, say [`refill`]. A message is a plain struct; [`write()`] and [`read()`]
//! take it to XML and back, and [`schema::xsd`] writes the schema from the same description, so the three cannot
//! disagree. What a peer sends is hostile until it is read: see [`ReadError`] for all that is refused.
//!
//! Messages that move money or prove identity are [`Signed`]: the signature covers a plain text of every field, not the
//! XML, so that white space, prefixes and unknown elements never matter to it.
//!
//! Values are read from the very tree that was checked, by a list of fields per message, and not by a library that
//! derives it. A second parser would be a second opinion: one that was tried reads `1<![CDATA[000]]>` as 1. And it could
//! not name the line of a bad value, nor know the types of other crates without a twin of every struct.
//!
//! There is no socket, file, clock or source of randomness here: times, nonces and keys are arguments.
#![warn(missing_docs)]
#![deny(clippy::float_arithmetic)]

mod canonical;
mod content;
mod error;
mod exchange;
pub mod inspection;
pub mod inspection_profile;
pub mod installation;
mod message;
mod parse;
pub mod rate_download;
pub mod refill;
mod refusal;
pub mod replacement;
mod scalar;
pub mod schema;
pub mod sign_in;
mod signed;
pub mod startup_refresh;
pub mod token;
pub mod transaction_upload;
pub mod withdrawal;
mod writer;

pub use error::ReadError;
pub use exchange::{Answer, EXCHANGES, Exchange, ExchangeInfo, read_answer, write_answer};
pub use inspection::Inspection;
pub use installation::Installation;
pub use message::{Limits, Message, read, write};
pub use rate_download::RateDownload;
pub use refill::Refill;
pub use refusal::Refusal;
pub use replacement::Replacement;
pub use scalar::{Document, MAXIMUM_TEXT};
pub use sign_in::SignIn;
pub use signed::{Signed, UNSIGNED};
pub use startup_refresh::StartupRefresh;
pub use transaction_upload::TransactionUpload;
pub use withdrawal::Withdrawal;

/// The namespace of every element of the protocol; the last part changes when a peer of today could no longer read.
pub const NAMESPACE: &str = "urn:timbre:protocol:1";

/// The version every root element carries. Within it, elements are only ever added.
pub const VERSION: &str = "1";

/// A number used once, chosen by the meter, that ties a reply to its request.
pub type Nonce = [u8; 16];

/// A SHA-256 hash.
pub type Hash = [u8; 32];
