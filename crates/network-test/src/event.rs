//! What a run tells while it goes on, for live progress.

use serde::{Deserialize, Serialize};

use crate::{Check, CheckId, Report};

/// A step of a run. Checks run side by side: their events interleave.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run has been planned.
    Started {
        /// How many checks will be made.
        checks: usize,
    },
    /// A check begins.
    Begun {
        /// What it looks at.
        id: CheckId,
        /// What it speaks to.
        target: String,
    },
    /// A check is over. The verdict of a few is still refined when all are known: the report has the last word.
    Done {
        /// What it came to.
        check: Box<Check>,
    },
    /// The run is over.
    Finished {
        /// Everything that was found.
        report: Box<Report>,
    },
}
