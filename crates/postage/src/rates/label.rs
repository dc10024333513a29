//! A name in both languages, as a rate table gives it.

use std::sync::Arc;

use crate::Language;

/// The French and the English name of one thing; cheap to copy into every refusal and quote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label(Arc<[String; 2]>);

impl Label {
    /// The two names.
    #[must_use]
    pub fn new(french: String, english: String) -> Label {
        Label(Arc::new([french, english]))
    }

    /// The name in `language`.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        let [french, english] = &*self.0;
        language.pick(french, english)
    }
}
