//! A sentence in both languages of the product.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The same thing said in French and in English. Neither is a fallback for the other.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// In Canadian French.
    pub fr: Cow<'static, str>,
    /// In English.
    pub en: Cow<'static, str>,
}

impl Text {
    /// Two sentences known when the program is written.
    #[must_use]
    pub const fn fixed(fr: &'static str, en: &'static str) -> Text {
        Text { fr: Cow::Borrowed(fr), en: Cow::Borrowed(en) }
    }

    /// Two sentences made at run time.
    #[must_use]
    pub fn new(fr: impl Into<String>, en: impl Into<String>) -> Text {
        Text { fr: Cow::Owned(fr.into()), en: Cow::Owned(en.into()) }
    }
}
