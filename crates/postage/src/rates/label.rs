//! A name in both languages, as a rate table gives it.

use serde::Deserialize;

use crate::Language;

/// The French and the English name of one thing.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Canadian French.
    pub fr: String,
    /// Canadian English.
    pub en: String,
}

impl Label {
    /// The name in `language`.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        language.pick(&self.fr, &self.en)
    }
}
