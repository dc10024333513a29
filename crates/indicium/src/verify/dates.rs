//! Whether a piece was posted on the date of its mark, or was redated.

use jiff::civil::Date;

use super::{Finding, Gravity, Known};
use crate::{Mark, MarkKind};

/// How long copies are remembered, by the date in the mark. No mark that is older is ever accepted, whatever
/// stands beside it: its copies could not be told from it.
pub const MEMORY_DAYS: u16 = 90;

/// How far the date of a mark may be from the day on which it is scanned. A piece is to be posted
/// on the date of its mark (SOR/2010-220, s. 8(1)); collection and clearing take days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DateWindow {
    /// Days that a mark may be ahead of the scan.
    pub ahead: u16,
    /// Days that a mark may be behind the scan.
    pub behind: u16,
    /// Days that a mark may be behind the scan when a redate stands beside it; [`MEMORY_DAYS`] at most.
    pub redated: u16,
}

impl Default for DateWindow {
    /// One day ahead (mail that was collected the evening before), seven behind, sixty with a redate.
    fn default() -> Self {
        DateWindow { ahead: 1, behind: 7, redated: 60 }
    }
}

/// SOR/2010-220, s. 8(2): a second mark of zero value and another date beside the old one puts it right.
pub(super) fn check(
    marks: &[Known<'_>],
    scanned_on: Date,
    window: DateWindow,
    findings: &mut Vec<Finding>,
) {
    let (redates, others): (Vec<_>, Vec<_>) =
        marks.iter().map(|(mark, _)| *mark).partition(|mark| mark.data().kind == MarkKind::Redate);
    if redates.len() > 1 {
        findings.push(Finding {
            code: "redated-twice",
            gravity: Gravity::Deficiency,
            fr: format!("{} nouvelles dates sur un pli : une seule est permise.", redates.len()),
            en: format!("{} redates on one piece: only one is allowed.", redates.len()),
        });
    }
    for redate in &redates {
        findings.extend(out_of_window(redate, scanned_on, window.ahead, window.behind));
    }
    for mark in others {
        // Whoever redates is whoever paid: a redate of another meter puts nothing right.
        let redated = redates.iter().any(|redate| redate.data().serial == mark.data().serial);
        let behind = if redated { window.redated } else { window.behind };
        findings.extend(out_of_window(mark, scanned_on, window.ahead, behind.min(MEMORY_DAYS)));
    }
}

fn out_of_window(mark: &Mark, scanned_on: Date, ahead: u16, behind: u16) -> Option<Finding> {
    let date = mark.data().date;
    let days = scanned_on.duration_since(date).as_hours() / 24;
    let gravity = Gravity::Deficiency;
    if days < -i64::from(ahead) {
        Some(Finding {
            code: "date-in-the-future",
            gravity,
            fr: format!("L'empreinte est datée du {date}, après sa lecture du {scanned_on}."),
            en: format!("The mark is dated {date}, after its scan on {scanned_on}."),
        })
    } else if days > i64::from(behind) {
        Some(Finding {
            code: "date-too-old",
            gravity,
            fr: format!(
                "L'empreinte du {date} avait {days} jours à sa lecture du {scanned_on} : une nouvelle date est requise."
            ),
            en: format!(
                "The mark of {date} was {days} days old when scanned on {scanned_on}: it needs a redate."
            ),
        })
    } else {
        None
    }
}
