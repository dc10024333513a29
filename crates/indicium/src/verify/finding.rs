//! One thing that is to be said of a piece, in both languages.

use timbre_postage::Language;

/// How much a finding weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gravity {
    /// Worth knowing; the piece may go.
    Note,
    /// The marks are genuine but the postage is not in order.
    Deficiency,
    /// No mark could be read.
    Unreadable,
    /// A mark was used before.
    Duplicate,
    /// A mark is not genuine.
    Breach,
}

impl Gravity {
    /// A stable name for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Gravity::Note => "note",
            Gravity::Deficiency => "deficiency",
            Gravity::Unreadable => "unreadable",
            Gravity::Duplicate => "duplicate",
            Gravity::Breach => "breach",
        }
    }
}

/// One thing that is to be said of a piece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// A stable name for programs: `bad-signature`.
    pub code: &'static str,
    /// How much it weighs.
    pub gravity: Gravity,
    /// In French, for a person.
    pub fr: String,
    /// In English, for a person.
    pub en: String,
}

impl Finding {
    /// The text in `language`.
    #[must_use]
    pub fn message(&self, language: Language) -> &str {
        language.pick(&self.fr, &self.en)
    }
}

pub(super) fn unreadable() -> Finding {
    Finding {
        code: "no-mark-read",
        gravity: Gravity::Unreadable,
        fr: "Aucune empreinte lisible : le pli est à lire à l'œil.".to_owned(),
        en: "No mark could be read: the piece is for a person to read.".to_owned(),
    }
}
