//! The sorting centre: pieces of mail are judged as they pass, and what is accepted is remembered so that its copy is not.
//!
//! [`Verifier`] joins the rules of [`timbre_indicium::verify`] to what the store knows: meters and their keys, rates, the
//! marks that were accepted. A verdict that lets a piece go is given only after its marks are durably noted; what was not
//! accepted is not noted, so that a forgery that comes first does not make the real piece look like the copy, and a piece
//! that was sent back for want of postage may come again with a correction beside its mark.

mod generations;
mod known_meters;
mod price_list;
mod verifier;
pub mod wire;

use std::time::Duration;

use jiff::civil::Date;
use timbre_indicium::verify::{DateWindow, Verdict};
use timbre_indicium::{Mark, MarkError};
use timbre_postage::Piece;

pub use crate::store::sorters::Sorter;
pub(crate) use known_meters::FOLLOWED_EVERY;
pub use verifier::Verifier;

/// How a sorting centre judges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SortingRules {
    /// How far the date of a mark may be from the day of the scan.
    pub window: DateWindow,
    /// How long a piece that bears a number may be on its way from one machine to the next without being its own copy.
    pub transit: Duration,
}

impl Default for SortingRules {
    fn default() -> Self {
        let transit = Duration::from_secs(3 * 24 * 60 * 60);
        SortingRules { window: DateWindow::default(), transit }
    }
}

/// One piece as a machine saw it.
#[derive(Clone, Debug)]
pub struct ScannedItem {
    /// The machine's own number of this scan. The same number again is the same question again, and gets the same answer.
    pub scan: String,
    /// The number that the piece itself bears (an ID tag, an S10 label), the same before every machine.
    pub item: Option<String>,
    /// The day of the scan, if it is not today.
    pub scanned_on: Option<Date>,
    /// Every mark that was read on it.
    pub marks: Vec<Mark>,
    /// What else was read on it and is no mark.
    pub not_marks: Vec<MarkError>,
    /// What it weighs and where it goes, if it was weighed; else the rate row that its mark names is believed.
    pub measured: Option<Piece>,
}

/// Who scanned, and how what comes of it is remembered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Post {
    /// The number of the machine; 0 for a person.
    pub sorter: i64,
    /// The beginnings of the postal codes of what is posted there; none says nothing.
    pub area: Vec<String>,
    /// Whether an accepted piece is noted.
    pub notes: bool,
}

/// What came of one piece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the same piece was accepted before: the same scan again, or its number before another machine.
    pub seen_on_its_way: bool,
}
