//! Refusals of the services that any program may ask: a parameter that cannot be, something that is not kept, more than
//! one address may have.

use axum::http::StatusCode;

use super::{Texts, texts};

#[derive(Debug)]
pub(crate) enum Plain {
    /// A parameter of the query or a part of the path is not one of those that can be.
    BadParameter { name: &'static str, wanted: String },
    /// There is no catalogue of this name.
    UnknownCatalogue(String),
    /// No version of the catalogue as old as this is kept.
    UnknownVersion { asked: u32, oldest: u32 },
    /// The range lies past the end of the file.
    OutOfRange { length: u64 },
    /// The address has had its share of this minute, or of what goes on at once.
    TooMuch { retry_after_seconds: u32 },
}

impl Plain {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Plain::BadParameter { .. } => "bad-parameter",
            Plain::UnknownCatalogue(_) => "unknown-catalogue",
            Plain::UnknownVersion { .. } => "unknown-version",
            Plain::OutOfRange { .. } => "out-of-range",
            Plain::TooMuch { .. } => "too-much",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Plain::BadParameter { .. } => StatusCode::BAD_REQUEST,
            Plain::UnknownCatalogue(_) | Plain::UnknownVersion { .. } => StatusCode::NOT_FOUND,
            Plain::OutOfRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Plain::TooMuch { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(super) fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Plain::TooMuch { retry_after_seconds } => Some(*retry_after_seconds),
            _ => None,
        }
    }

    pub(super) fn texts(&self) -> Texts {
        match self {
            Plain::BadParameter { name, wanted } => (
                format!("« {name} » n’est pas ce qu’il doit être : {wanted}"),
                format!("“{name}” is not what it must be: {wanted}"),
            ),
            Plain::UnknownCatalogue(name) => (
                format!(
                    "Il n’y a pas de catalogue « {name} » ici ; /catalogue/v1/version les nomme."
                ),
                format!("There is no catalogue “{name}” here; /catalogue/v1/version names them."),
            ),
            Plain::UnknownVersion { asked, oldest } => (
                format!(
                    "La version {asked} n’est pas conservée ; la plus ancienne est {oldest}. Prenez la liste entière."
                ),
                format!(
                    "Version {asked} is not kept; the oldest is {oldest}. Fetch the whole list."
                ),
            ),
            Plain::OutOfRange { length } => (
                format!("Le fichier n’a que {length} octets."),
                format!("The file has {length} bytes only."),
            ),
            Plain::TooMuch { .. } => texts(
                "Cette adresse a eu sa part ; réessayez plus tard.",
                "This address has had its share; try again later.",
            ),
        }
    }
}
