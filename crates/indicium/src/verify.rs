//! Is a piece of mail paid for? From all the marks on it to one decision for a sorting machine.
//!
//! What is judged is the *piece*: a redate and a correction mean something only beside the mark
//! that they mend. Pure: the caller brings what is known of each mark's meter, the date, the price
//! and whether the mark was seen before. It refuses to call a mark genuine on anything but a
//! signature of a key that was the meter's on the date of the mark, and to accept a mark that is
//! older than copies are remembered.

mod dates;
mod decision;
mod finding;
mod known;
mod meter;
mod postage;
mod registers;

use jiff::civil::Date;
use timbre_postage::{Amount, PostalCode};

pub use dates::{DateWindow, MEMORY_DAYS};
pub use decision::{Decision, Verdict};
pub use finding::{Finding, Gravity};
pub use known::{Interruption, KnownKey, KnownMeter, Reason, Sighting};
pub use meter::count_reused;
pub use registers::{Progress, RegisterPoint};

use crate::Mark;

/// One piece of mail as it was scanned.
#[derive(Clone, Copy, Debug)]
pub struct ScannedPiece<'a> {
    /// Every mark on it that was read. A symbol that was read twice may stand here twice.
    pub marks: &'a [Mark],
    /// The day of the scan, where it was scanned.
    pub scanned_on: Date,
    /// What the piece should have cost, where it was weighed and measured or its rate row is known.
    pub price: Option<Amount>,
    /// The beginnings of the postal codes of the place where it was posted; none says nothing.
    pub posted_in: &'a [String],
}

/// What is known of one mark.
#[derive(Clone, Copy, Default, Debug)]
pub struct Evidence<'a> {
    /// The meter with the serial of the mark, if there is one.
    pub meter: Option<&'a KnownMeter>,
    /// An earlier sight of a mark with the same serial and piece counter, on another piece.
    pub seen_before: Option<&'a Sighting>,
    /// The day on which the postage of the mark was paid back as spoiled, if it was.
    pub refunded_on: Option<Date>,
    /// What else is known of the meter's registers.
    pub progress: Progress,
}

/// Judges a piece: `evidence` is of its marks, in their order.
///
/// # Panics
/// If there is not one evidence for each mark.
#[must_use]
pub fn judge(piece: &ScannedPiece<'_>, evidence: &[Evidence<'_>], window: DateWindow) -> Verdict {
    assert_eq!(piece.marks.len(), evidence.len(), "invariant: one evidence for each mark");
    let mut findings = Vec::new();
    if piece.marks.is_empty() {
        findings.push(finding::unreadable());
        return Verdict::of(findings, None);
    }
    let marks = distinct(piece.marks, evidence);
    findings.extend(marks.iter().enumerate().filter_map(|(at, (mark, _))| {
        meter::reused(mark, marks[..at].iter().map(|(earlier, _)| *earlier))
    }));
    for (mark, known) in &marks {
        meter::check(mark, known, &mut findings);
        findings.extend(registers::check(mark, known));
        findings.extend(meter::duplicate(mark, known.seen_before));
        findings.extend(posted_outside(mark, piece.posted_in));
    }
    dates::check(&marks, piece.scanned_on, window, &mut findings);
    let due = postage::check(&marks, piece.price, &mut findings);
    Verdict::of(findings, due)
}

/// A mark and what is known of it.
type Known<'a> = (&'a Mark, &'a Evidence<'a>);

/// Each mark once, however often its symbol was read.
fn distinct<'a>(marks: &'a [Mark], evidence: &'a [Evidence<'a>]) -> Vec<Known<'a>> {
    let mut distinct: Vec<Known<'a>> = Vec::with_capacity(marks.len());
    for (mark, known) in marks.iter().zip(evidence) {
        if !distinct.iter().any(|(other, _)| *other == mark) {
            distinct.push((mark, known));
        }
    }
    distinct
}

/// SOR/2010-220, s. 9: mail with a postal code in its mark is posted there; Canada Post may agree otherwise, so
/// this is a note and no more.
fn posted_outside(mark: &Mark, area: &[String]) -> Option<Finding> {
    let code: &PostalCode = &mark.data().postal_code;
    let inside = area.is_empty() || area.iter().any(|start| code.as_str().starts_with(&**start));
    (!inside).then(|| Finding {
        code: "posted-outside-area",
        gravity: Gravity::Note,
        fr: format!("L'empreinte porte le code postal {code}, hors du territoire de ce dépôt."),
        en: format!("The mark bears postal code {code}, outside the area of this induction."),
    })
}
