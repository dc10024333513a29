//! The answer to a price that was asked.

use crate::{Amount, Language};

use super::{Label, Payment};

/// What a piece costs, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// What the mark must be worth: the postage and, if it was asked for, registration.
    pub amount: Amount,
    /// The part of [`amount`](Self::amount) that is for registered mail.
    pub registration: Option<Amount>,
    /// The code of the row (and of its registered form), unique in its market; it goes into the mark.
    pub product: u16,
    /// The id of the rate table that says so.
    pub table: String,
    /// What kind of table it is.
    pub payment: Payment,
    /// The row in words: `Lettermail, standard, up to 30 g, Canada`.
    pub description: Label,
}

impl Quote {
    /// The row in words, in `language`.
    #[must_use]
    pub fn describe(&self, language: Language) -> &str {
        self.description.text(language)
    }
}
