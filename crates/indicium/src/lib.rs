//! The postage mark (indicium, *empreinte*): what it says, the signed payload of its Data Matrix,
//! the picture that is printed, and the way back from a scan to a verdict.
//!
//! A mark of this crate is of the profile `timbre-ca`, version 1: 48 bytes of data and a 64-byte
//! signature, 112 bytes in all, which is exactly what a 40 × 40 Data Matrix holds in Base 256. The
//! postal operator's own payload is not public, so this profile is ours; see [`MarkData`] for its
//! field table.
//!
//! The crate refuses to decide whether postage may be printed (that is the postal security
//! device's), to hold a key, and to know the time: dates are arguments.

#![warn(missing_docs)]

mod artwork;
mod bitmap;
mod error;
pub mod format;
mod mark;
mod mark_data;
pub mod pdf;
mod picture_file;
mod profile;
pub mod scan;
mod symbol;
pub mod verify;

pub use artwork::Artwork;
pub use bitmap::{Bitmap, Resolution};
pub use error::{MarkDataError, MarkError, SignError};
pub use mark::Mark;
pub use mark_data::{MarkData, MarkKind, RateTableTag};
