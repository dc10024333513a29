//! The two languages of the product, both first-class.

use serde::{Deserialize, Serialize};

/// A language a person reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Language {
    /// Canadian English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Canadian French.
    #[serde(rename = "fr")]
    French,
}

impl Language {
    /// The one of two texts that is in this language.
    #[must_use]
    pub fn pick<T>(self, french: T, english: T) -> T {
        match self {
            Language::French => french,
            Language::English => english,
        }
    }

    /// Reads a POSIX locale such as `fr_CA.UTF-8`; whatever is not French is English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Language {
        if locale.to_ascii_lowercase().starts_with("fr") {
            Language::French
        } else {
            Language::English
        }
    }
}
