//! Whether the registers in a mark can be those of a sound device: more pieces, more postage, and a sum that only a
//! refill changes. A signature proves the device; this proves that there is one of it.

use timbre_postage::{Amount, PieceCount};

use super::{Evidence, Finding, Gravity};
use crate::Mark;

/// The ascending register after a piece, as a mark or a record showed it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegisterPoint {
    /// The count of pieces.
    pub pieces: PieceCount,
    /// The ascending register after that piece.
    pub ascending: Amount,
}

/// The nearest that is known of the meter's registers on either side of a mark.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Progress {
    /// The nearest lower count of pieces.
    pub below: Option<RegisterPoint>,
    /// The nearest higher count of pieces.
    pub above: Option<RegisterPoint>,
}

impl Progress {
    /// The nearest on either side of `pieces` among `points`, in whatever order they come.
    #[must_use]
    pub fn around(pieces: PieceCount, points: impl IntoIterator<Item = RegisterPoint>) -> Progress {
        let mut progress = Progress::default();
        for point in points {
            progress.learn(pieces, point);
        }
        progress
    }

    /// Takes note of another point, if it is nearer to `pieces`.
    pub fn learn(&mut self, pieces: PieceCount, point: RegisterPoint) {
        if point.pieces < pieces && self.below.is_none_or(|below| below.pieces < point.pieces) {
            self.below = Some(point);
        }
        if point.pieces > pieces && self.above.is_none_or(|above| above.pieces > point.pieces) {
            self.above = Some(point);
        }
    }
}

/// Breaches are looked for only where the mark is of the currency of what it is compared with.
pub(super) fn check(mark: &Mark, known: &Evidence<'_>) -> Option<Finding> {
    let data = mark.data();
    let before = data.ascending.checked_sub(data.amount).ok()?;
    let falls = |lower: Amount, higher: Amount| lower.checked_sub(higher).is_ok_and(positive);
    let gravity = Gravity::Breach;
    if let Some(below) = known.progress.below.filter(|below| falls(below.ascending, before)) {
        return Some(contradiction(mark, below, gravity));
    }
    if let Some(above) = known.progress.above.filter(|above| falls(data.ascending, above.ascending))
    {
        return Some(contradiction(mark, above, gravity));
    }
    let sums = &known.meter?.control_sums;
    let sum = data.ascending.checked_add(data.descending).ok()?;
    (!sums.is_empty() && !sums.contains(&sum)).then(|| Finding {
        code: "impossible-registers",
        gravity,
        fr: format!(
            "Totalisateur et soustracteur font {sum} : la machine {} n'a jamais eu cette somme.",
            data.serial
        ),
        en: format!("The registers add up to {sum}, which meter {} never had.", data.serial),
    })
}

fn positive(amount: Amount) -> bool {
    !amount.is_zero() && !amount.is_negative()
}

fn contradiction(mark: &Mark, other: RegisterPoint, gravity: Gravity) -> Finding {
    let data = mark.data();
    Finding {
        code: "register-regression",
        gravity,
        fr: format!(
            "Totalisateur impossible : {} au pli {}, mais {} au pli {} de la machine {}.",
            data.ascending, data.pieces, other.ascending, other.pieces, data.serial
        ),
        en: format!(
            "Impossible register: {} at piece {}, but {} at piece {} of meter {}.",
            data.ascending, data.pieces, other.ascending, other.pieces, data.serial
        ),
    }
}
