//! What becomes of a piece: one word for the machine, and what there is to say.

use timbre_postage::Amount;

use super::{Finding, Gravity};

/// What a sorting machine does with the piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It goes.
    Accept,
    /// It goes; somebody may want to know something.
    AcceptWithNote,
    /// The marks are genuine and the postage is not in order.
    ShortPaid {
        /// What is missing. Nothing when what is missing is a redate, which is of zero value.
        due: Amount,
    },
    /// A mark on it was used before.
    Duplicate,
    /// A mark on it is not genuine.
    Counterfeit,
    /// No mark could be read.
    Unreadable,
}

impl Decision {
    /// A stable name for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Decision::Accept => "accept",
            Decision::AcceptWithNote => "accept-with-note",
            Decision::ShortPaid { .. } => "short-paid",
            Decision::Duplicate => "duplicate",
            Decision::Counterfeit => "counterfeit",
            Decision::Unreadable => "unreadable",
        }
    }
}

/// The outcome of a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// What is to be done.
    pub decision: Decision,
    /// All that is to be said, the gravest first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Decides by the gravest of the findings. `due` is what is missing, in the currency of the postage.
    pub(super) fn of(mut findings: Vec<Finding>, due: Option<Amount>) -> Verdict {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.gravity));
        let decision = match (findings.first().map(|finding| finding.gravity), due) {
            (None, _) => Decision::Accept,
            (Some(Gravity::Note), _) => Decision::AcceptWithNote,
            (Some(Gravity::Deficiency), Some(due)) => Decision::ShortPaid { due },
            (Some(Gravity::Duplicate), _) => Decision::Duplicate,
            (Some(Gravity::Breach), _) => Decision::Counterfeit,
            (Some(Gravity::Unreadable | Gravity::Deficiency), _) => Decision::Unreadable,
        };
        Verdict { decision, findings }
    }

    /// The verdict when this is to be said as well.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Finding>) -> Verdict {
        let due = match self.decision {
            Decision::ShortPaid { due } => Some(due),
            _ => None,
        };
        self.findings.extend(more);
        Verdict::of(self.findings, due)
    }

    /// Whether the piece may go.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self.decision, Decision::Accept | Decision::AcceptWithNote)
    }

    /// Whether the meters that the marks name made them, and none was used before.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        matches!(
            self.decision,
            Decision::Accept | Decision::AcceptWithNote | Decision::ShortPaid { .. }
        )
    }
}
