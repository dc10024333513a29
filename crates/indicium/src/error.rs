//! What can be wrong with a mark: data that cannot be put into one, bytes that are not one.

use timbre_key_store::KeyStoreError;
use timbre_postage::{Amount, Currency};

/// Data that no mark can carry. A device that meets this has a fault: its limits should have
/// refused the piece before.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MarkDataError {
    /// A number does not fit in its field.
    #[error("the {field} of a mark must be between {minimum} and {maximum}, not {found}")]
    OutOfRange {
        /// The field, in words.
        field: &'static str,
        /// The least the field can carry.
        minimum: i64,
        /// The most the field can carry.
        maximum: i64,
        /// What it was given.
        found: i128,
    },
    /// The amount and the registers are not all of one currency.
    #[error("a mark is of one currency, and this one has {0} and {1}")]
    CurrencyMismatch(Currency, Currency),
    /// Only a redate is worth nothing (SOR/2010-220, s. 8(2)).
    #[error("a {0} mark must be worth something: only a redate is of zero value")]
    Worthless(&'static str),
    /// A redate is of zero value (SOR/2010-220, s. 8(2)).
    #[error("a redate mark is of zero value and cannot be worth {0}")]
    RedateWithValue(Amount),
    /// The ascending register counts this piece too, so it cannot be below its amount.
    #[error("the amount {amount} is more than all postage ever printed ({ascending})")]
    AmountAboveAscending {
        /// The amount of the mark.
        amount: Amount,
        /// The ascending register after it.
        ascending: Amount,
    },
}

/// Why bytes are not a mark of the profile `timbre-ca`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MarkError {
    /// A mark has 112 bytes.
    #[error("a timbre mark has 112 bytes, and this has {0}")]
    WrongLength(usize),
    /// The first byte is not that of a `timbre` mark: another operator's symbol, a shipping label.
    #[error("not a timbre mark: it begins with byte 0x{0:02x} instead of 0x54")]
    NotTimbre(u8),
    /// A later version of the profile.
    #[error("timbre mark of version {0}, and this program reads version 1: use a newer one")]
    UnsupportedVersion(u8),
    /// A field holds a value that has no meaning.
    #[error("not a genuine mark: its {field} (byte {offset}) has the impossible value {found}")]
    Impossible {
        /// The field, in words.
        field: &'static str,
        /// Where it begins in the payload.
        offset: usize,
        /// Its value.
        found: u64,
    },
    /// Every field is possible, but not together.
    #[error("not a genuine mark: {0}")]
    Inconsistent(#[from] MarkDataError),
}

/// Why a mark could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The data does not fit in a mark.
    #[error(transparent)]
    Data(#[from] MarkDataError),
    /// The key store could not sign.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
}
