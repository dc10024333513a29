//! A refusal: what any exchange answers instead of its reply when a rule forbids it. It carries a stable code for the
//! machine, and for the person the reason in both languages.

use jiff::Timestamp;
use timbre_postage::Language;

use crate::message::message;

/// A business rule said no. It is not signed: nothing may be done because of it but to tell somebody, or to wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Stable, in kebab case: `insufficient-funds`.
    pub code: String,
    /// For a person who reads French.
    pub message_fr: String,
    /// For a person who reads English.
    pub message_en: String,
    /// The server's clock.
    pub server_time: Timestamp,
    /// When it makes sense to ask again, in seconds; nothing if not before something else has changed.
    pub retry_after_seconds: Option<u32>,
}

message!(Refusal as "refusal" { code, message_fr, message_en, server_time, retry_after_seconds });

impl Refusal {
    /// The reason in the language of the reader.
    #[must_use]
    pub fn message(&self, language: Language) -> &str {
        language.pick(&self.message_fr, &self.message_en)
    }
}
