//! The vocabulary of postage and the arithmetic of its rates: money, weight, size, who a meter is,
//! what a piece of mail costs on a given day.
//!
//! Everything here is a value or a pure function: no clock, no file, no floating point. A price is
//! always an answer about a date, because rates are tables with effective dates.

#![deny(clippy::float_arithmetic)]
#![warn(missing_docs)]

mod amount;
mod country;
mod dimensions;
mod identity;
mod language;
#[cfg(feature = "planted")]
pub mod planted;
pub mod rates;
mod registers;
mod weight;
mod wording;

pub use amount::{Amount, AmountError, Currency};
pub use country::Country;
pub use dimensions::{Dimensions, DimensionsError};
pub use identity::{AccountNumber, IdentityError, IndiciaNumber, MeterSerial, PostalCode};
pub use language::Language;
pub use rates::{
    Payment, Piece, PriceRefusal, Quote, RateBook, RateBookError, RateTable, RateTableError,
    Service,
};
pub use registers::{PieceCount, Registers};
pub use weight::{Weight, WeightError};
