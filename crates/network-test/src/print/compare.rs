//! Before and after: what a change of the network repaired and what it broke. Two reports are comparable when they
//! are of the same catalogue; checks are matched by what they look at, not by their number.

use serde::Serialize;

use super::Language;
use crate::{CheckId, Code, Overall, Report, Verdict};

/// What became of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It works now.
    Fixed,
    /// It no longer works.
    Broken,
    /// Something is still wrong, but not as it was.
    Other,
    /// Only the later report has it.
    Added,
    /// Only the earlier report has it.
    Gone,
    /// As it was.
    Unchanged,
}

impl Change {
    /// Those that are worth a line, in the order in which they are told.
    pub(super) const SHOWN: [Change; 5] =
        [Change::Broken, Change::Fixed, Change::Other, Change::Added, Change::Gone];

    pub(super) const fn title(self, language: Language) -> &'static str {
        let (french, english) = match self {
            Change::Fixed => ("Réparé", "Fixed"),
            Change::Broken => ("Ne fonctionne plus", "Broken"),
            Change::Other => ("Autrement en défaut", "Still wrong, in another way"),
            Change::Added => ("Vérifié seulement après", "Tested only after"),
            Change::Gone => ("Vérifié seulement avant", "Tested only before"),
            Change::Unchanged => ("Sans changement", "Unchanged"),
        };
        match language {
            Language::French => french,
            Language::English => english,
        }
    }
}

/// One check in both reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// What became of it.
    pub change: Change,
    /// What the check looks at.
    pub id: CheckId,
    /// What it spoke to.
    pub target: String,
    /// How it came there, in the later report if it has it.
    pub way: String,
    /// Its earlier verdict.
    pub old: Option<Verdict>,
    /// What was wrong.
    pub old_code: Option<Code>,
    /// Its later verdict.
    pub new: Option<Verdict>,
    /// What is wrong.
    pub new_code: Option<Code>,
}

impl Difference {
    /// What is or was wrong; that a check was not made says nothing of the network.
    pub(super) fn told_code(&self) -> Option<Code> {
        let of = |verdict: Option<Verdict>, code: Option<Code>| {
            code.filter(|_| verdict != Some(Verdict::Skip))
        };
        of(self.new, self.new_code).or_else(|| of(self.old, self.old_code))
    }
}

/// A report in a comparison.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Side {
    /// The report’s own name.
    pub id: String,
    /// When it was made.
    pub started: jiff::Timestamp,
    /// The version of its catalogue.
    pub catalogue: String,
    /// What it came to.
    pub verdict: Overall,
}

impl Side {
    fn of(report: &Report) -> Side {
        Side {
            id: report.id.clone(),
            started: report.started,
            catalogue: format!("{} {}", report.catalogue.id, report.catalogue.version),
            verdict: report.verdict,
        }
    }
}

/// The name and version of the schema of a comparison.
pub const COMPARISON_SCHEMA: &str = "timbre-network-comparison/1";

/// What changed between two reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Comparison {
    /// [`COMPARISON_SCHEMA`].
    pub schema: &'static str,
    /// The earlier one.
    pub old: Side,
    /// The later one.
    pub new: Side,
    /// Every check of either.
    pub differences: Vec<Difference>,
}

/// Two reports say nothing about each other.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "one report is about the catalogue “{old}” and the other about “{new}”: test both with the same --catalogue"
)]
pub struct NotComparable {
    /// The catalogue of the earlier report.
    pub old: String,
    /// The catalogue of the later report.
    pub new: String,
}

impl Comparison {
    /// Compares two reports.
    ///
    /// # Errors
    /// If they are of different catalogues.
    pub fn between(old: &Report, new: &Report) -> Result<Comparison, NotComparable> {
        if old.catalogue.id != new.catalogue.id {
            let (old, new) = (old.catalogue.id.clone(), new.catalogue.id.clone());
            return Err(NotComparable { old, new });
        }
        // Another proxy, or none, is what an administrator changes: the same check, reached otherwise.
        let is_same_way = old.way == new.way;
        let mut unmatched: Vec<_> = old.checks.iter().collect();
        let mut differences = Vec::new();
        for check in &new.checks {
            let found = unmatched.iter().position(|earlier| {
                earlier.id == check.id
                    && earlier.target == check.target
                    && (earlier.way == check.way || !is_same_way)
            });
            let earlier = found.map(|index| unmatched.remove(index));
            differences.push(Difference {
                change: earlier.map_or(Change::Added, |earlier| {
                    change((earlier.verdict, earlier.code), (check.verdict, check.code))
                }),
                id: check.id,
                target: check.target.clone(),
                way: check.way.clone(),
                old: earlier.map(|earlier| earlier.verdict),
                old_code: earlier.and_then(|earlier| earlier.code),
                new: Some(check.verdict),
                new_code: check.code,
            });
        }
        differences.extend(unmatched.into_iter().map(|check| Difference {
            change: Change::Gone,
            id: check.id,
            target: check.target.clone(),
            way: check.way.clone(),
            old: Some(check.verdict),
            old_code: check.code,
            new: None,
            new_code: None,
        }));
        let (old, new) = (Side::of(old), Side::of(new));
        Ok(Comparison { schema: COMPARISON_SCHEMA, old, new, differences })
    }

    /// Those to which this happened.
    pub fn of(&self, change: Change) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(move |difference| difference.change == change)
    }

    /// Whether anything is worth a line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.old.verdict == self.new.verdict
            && self.differences.iter().all(|difference| difference.change == Change::Unchanged)
    }
}

fn change(old: (Verdict, Option<Code>), new: (Verdict, Option<Code>)) -> Change {
    let works = |verdict| verdict == Verdict::Pass;
    match (works(old.0), works(new.0)) {
        (true, true) => Change::Unchanged,
        // A check that was not made has neither repaired nor broken anything.
        (false, true) if old.0 == Verdict::Skip => Change::Added,
        (true, false) if new.0 == Verdict::Skip => Change::Gone,
        (false, true) => Change::Fixed,
        (true, false) => Change::Broken,
        (false, false) if old == new => Change::Unchanged,
        (false, false) if old.0 == Verdict::Skip => Change::Broken,
        (false, false) => Change::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_check_is_told_by_its_two_verdicts() {
        let fail = (Verdict::Fail, Some(Code::TlsInspected));
        let other = (Verdict::Fail, Some(Code::ConnectionDropped));
        let pass = (Verdict::Pass, None);
        let skip = (Verdict::Skip, Some(Code::NotTestedLowerLayer));
        assert_eq!(change(fail, pass), Change::Fixed);
        assert_eq!(change(pass, fail), Change::Broken);
        assert_eq!(change(fail, other), Change::Other);
        assert_eq!(change(fail, fail), Change::Unchanged);
        assert_eq!(change(skip, pass), Change::Added, "what was not looked at was not repaired");
        assert_eq!(change(pass, skip), Change::Gone);
        assert_eq!(change(skip, fail), Change::Broken);
    }
}
