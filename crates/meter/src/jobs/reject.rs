//! What is set aside in a run, and why, in both languages.

use serde::Serialize;
use timbre_postage::Language;

/// Why something was refused: a stable code and the two texts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Reason {
    /// For programs; kebab-case, stable.
    pub code: String,
    /// For people, in French.
    pub fr: String,
    /// For people, in English.
    pub en: String,
}

impl Reason {
    pub(crate) fn new(code: &str, fr: impl Into<String>, en: impl Into<String>) -> Reason {
        Reason { code: code.to_owned(), fr: fr.into(), en: en.into() }
    }

    /// The reason for a person.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        language.pick(&self.fr, &self.en)
    }
}

/// Which part of a piece's line is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Where {
    /// This column, as the file calls it.
    Column(String),
    /// The whole of it.
    Row,
}

/// What is wrong with one piece.
pub(crate) type Wrong = (Where, Reason);

/// Why a file cannot be read as a list of pieces at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileError {
    /// The line, from 1, when the error has one.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: Reason,
}

impl FileError {
    pub(crate) fn new(
        line: Option<u64>,
        code: &'static str,
        fr: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        FileError { line, reason: Reason::new(code, fr, en) }
    }
}

/// A piece that was set aside; the rest of the run goes on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Rejection {
    /// Counts pieces from 1: the row of a CSV file, the letter of a PDF.
    pub piece: u32,
    /// The line of the CSV file, or the page of the PDF, from 1.
    pub line: u64,
    /// The column, when one cell is to blame.
    pub column: Option<String>,
    /// Why.
    pub reason: Reason,
}
