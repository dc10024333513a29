//! What an audit can find about a meter: every kind stands once in the table of kinds, with its title, how grave it is, what the
//! provider does about it, and whether it suspends the meter unless the provider's policy says otherwise (REQ FUNDS-6).
//!
//! A [`Finding`] is one occurrence with its [`Evidence`], which is enough for a person to check it by hand. Nothing here
//! decides what becomes of a meter; a kind that is not in the table has no case.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use timbre_postage::Language;

mod of_discrepancy;
mod table;

pub(crate) use of_discrepancy::plain;
pub use table::KINDS;

/// How grave a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing is wrong yet.
    Notice,
    /// Something is late or unusual and may have an innocent cause.
    Warning,
    /// The books do not agree; no innocent cause is known to us.
    Serious,
    /// Postage may have been made, doubled or taken.
    Critical,
}

impl Severity {
    /// From the mildest to the gravest.
    pub const ALL: [Severity; 4] =
        [Severity::Notice, Severity::Warning, Severity::Serious, Severity::Critical];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Serious => "serious",
            Severity::Critical => "critical",
        }
    }

    /// The word for a person.
    #[must_use]
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Severity::Notice => language.pick("avis", "notice"),
            Severity::Warning => language.pick("avertissement", "warning"),
            Severity::Serious => language.pick("grave", "serious"),
            Severity::Critical => language.pick("critique", "critical"),
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Severity::ALL.into_iter().find(|severity| severity.as_str() == text);
        named.ok_or_else(|| {
            format!("“{text}” is not a severity: notice, warning, serious or critical")
        })
    }
}

/// One row of the table of kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Kind {
    /// The stable code.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// Whether the meter is suspended over it, unless the policy says otherwise.
    pub suspends: bool,
    /// What it is, in French.
    pub title_fr: &'static str,
    /// What it is, in English.
    pub title_en: &'static str,
    /// What the provider does, in French.
    pub action_fr: &'static str,
    /// What the provider does, in English.
    pub action_en: &'static str,
}

impl Kind {
    /// The row of this code.
    #[must_use]
    pub fn of(code: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.code == code)
    }

    /// What it is.
    #[must_use]
    pub fn title(&self, language: Language) -> &'static str {
        language.pick(self.title_fr, self.title_en)
    }

    /// What the provider does.
    #[must_use]
    pub fn action(&self, language: Language) -> &'static str {
        language.pick(self.action_fr, self.action_en)
    }
}

/// What shows it: enough for a person to look it up and see it too.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// What should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The numbers of the records concerned; of many, the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<u64>,
    /// Since when, or when it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Whatever else a person needs, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl Evidence {
    /// What should be there, and what is.
    #[must_use]
    pub fn differs(expected: impl ToString, found: impl ToString) -> Evidence {
        let (expected, found) = (Some(expected.to_string()), Some(found.to_string()));
        Evidence { expected, found, ..Evidence::default() }
    }

    /// With the record concerned.
    #[must_use]
    pub fn at_record(mut self, sequence: u64) -> Evidence {
        self.records.push(sequence);
        self
    }

    /// Since when.
    #[must_use]
    pub fn since(self, since: Timestamp) -> Evidence {
        Evidence { since: Some(since), ..self }
    }

    /// With one more fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Evidence {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }
}

/// One thing found about one meter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// The code of its kind.
    pub code: &'static str,
    /// What tells it from another of its kind at the same meter: `record 17`; empty where there can be one only.
    pub about: String,
    /// The sentence with the figures, in French.
    pub message_fr: String,
    /// The sentence with the figures, in English.
    pub message_en: String,
    /// What shows it.
    pub evidence: Evidence,
}

impl Finding {
    /// Its row in the table.
    ///
    /// # Panics
    /// If its code is not in the table, which is a defect of this program.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        Kind::of(self.code).expect("invariant: what is found is in the table of kinds")
    }

    /// The sentence with the figures.
    #[must_use]
    pub fn message(&self, language: Language) -> &str {
        language.pick(&self.message_fr, &self.message_en)
    }
}
