//! Where a case stands and how it can end: names for the store, words for a person.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use timbre_postage::Language;

/// Where a case stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Nobody looks into it yet.
    Open,
    /// Somebody does.
    Assigned,
    /// Somebody waits for an answer or a device.
    Waiting,
    /// It has ended.
    Resolved,
}

impl CaseState {
    /// In the order in which a case goes through them.
    pub const ALL: [CaseState; 4] =
        [CaseState::Open, CaseState::Assigned, CaseState::Waiting, CaseState::Resolved];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CaseState::Open => "open",
            CaseState::Assigned => "assigned",
            CaseState::Waiting => "waiting",
            CaseState::Resolved => "resolved",
        }
    }

    /// The word for a person.
    #[must_use]
    pub fn name(self, language: Language) -> &'static str {
        match self {
            CaseState::Open => language.pick("ouvert", "open"),
            CaseState::Assigned => language.pick("confié", "assigned"),
            CaseState::Waiting => language.pick("en attente", "waiting"),
            CaseState::Resolved => language.pick("résolu", "resolved"),
        }
    }
}

impl FromStr for CaseState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|state| state.as_str() == text);
        named.ok_or_else(|| {
            format!("“{text}” is not a state of a case: open, assigned, waiting or resolved")
        })
    }
}

/// How a case ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// What was wrong was put right: found again, it is a new case.
    Corrected,
    /// It has a cause that is known and accepted: the very same evidence opens no new case.
    Explained,
    /// There was nothing wrong: the very same evidence opens no new case.
    FalseAlarm,
    /// Somebody took, made or doubled postage.
    Fraud,
    /// The money is lost and written off.
    WrittenOff,
    /// The suspension of the meter was lifted, and its cases with it.
    Lifted,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Resolution; 6] = [
        Resolution::Corrected,
        Resolution::Explained,
        Resolution::FalseAlarm,
        Resolution::Fraud,
        Resolution::WrittenOff,
        Resolution::Lifted,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Resolution::Corrected => "corrected",
            Resolution::Explained => "explained",
            Resolution::FalseAlarm => "false-alarm",
            Resolution::Fraud => "fraud",
            Resolution::WrittenOff => "written-off",
            Resolution::Lifted => "lifted",
        }
    }

    /// Whether the same evidence, seen again, is explained by it.
    pub(crate) const fn explains(self) -> bool {
        matches!(self, Resolution::Explained | Resolution::FalseAlarm)
    }
}

impl FromStr for Resolution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|resolution| resolution.as_str() == text);
        named.ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|known| known.as_str()).collect();
            format!("“{text}” is not a resolution: {}", known.join(", "))
        })
    }
}
