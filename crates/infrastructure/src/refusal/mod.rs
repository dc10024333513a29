//! Every answer that is not a reply: its code, its HTTP status, and what a person at the meter reads, in both languages.
//!
//! A fault of ours says that it is one and nothing about its cause; the cause is in the log under the request's number.

mod books;
mod identity;
mod plain;
mod transport;

use axum::http::StatusCode;
use jiff::Timestamp;
use timbre_funds::FundsRefusal;
use timbre_postage::Language;
use timbre_protocol::Refusal;

pub(crate) use books::Books;
pub(crate) use identity::Identity;
pub(crate) use plain::Plain;
pub(crate) use transport::Transport;

use crate::store::StoreError;

/// How long a meter is asked to wait when the database is away.
const RETRY_SECONDS: u32 = 5;

/// Why a request got no reply.
#[derive(Debug)]
pub(crate) enum Refused {
    /// What came is not a request of ours: for whoever looks after the network and the software.
    Transport(Transport),
    /// Who asks is not who may: for the operator.
    Identity(Identity),
    /// What is asked does not follow from what went before: for the provider.
    Books(Books),
    /// A rule of the funds says no.
    Funds(FundsRefusal),
    /// What any program may ask was asked wrongly, or too often.
    Plain(Plain),
    /// The database does not answer.
    Unavailable(StoreError),
    /// A defect of ours.
    Internal(String),
}

/// What a refusal says to a person: French, then English.
type Texts = (String, String);

fn texts(french: &str, english: &str) -> Texts {
    (french.to_owned(), english.to_owned())
}

impl Refused {
    /// The stable code, as the documentation of the exchanges lists it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Refused::Transport(refused) => refused.code(),
            Refused::Identity(refused) => refused.code(),
            Refused::Books(refused) => refused.code(),
            Refused::Funds(refusal) => refusal.code(),
            Refused::Plain(refused) => refused.code(),
            Refused::Unavailable(_) => "unavailable",
            Refused::Internal(_) => "internal-error",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refused::Transport(refused) => refused.status(),
            Refused::Identity(refused) => refused.status(),
            Refused::Books(refused) => refused.status(),
            Refused::Funds(refusal) => funds_status(refusal),
            Refused::Plain(refused) => refused.status(),
            Refused::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Refused::Unavailable(_) => Some(RETRY_SECONDS),
            Refused::Plain(refused) => refused.retry_after_seconds(),
            _ => None,
        }
    }

    /// The cause, for the log, of what the caller is told only in general.
    pub(crate) fn hidden_cause(&self) -> Option<String> {
        match self {
            Refused::Unavailable(error) => Some(error.to_string()),
            Refused::Internal(cause) => Some(cause.clone()),
            _ => None,
        }
    }

    /// As it is sent.
    pub(crate) fn message(&self, now: Timestamp) -> Refusal {
        let (message_fr, message_en) = self.texts();
        Refusal {
            code: self.code().to_owned(),
            message_fr,
            message_en,
            server_time: now,
            retry_after_seconds: self.retry_after_seconds(),
        }
    }

    pub(crate) fn texts(&self) -> Texts {
        match self {
            Refused::Transport(refused) => refused.texts(),
            Refused::Identity(refused) => refused.texts(),
            Refused::Books(refused) => refused.texts(),
            Refused::Funds(refusal) => {
                (refusal.message(Language::French), refusal.message(Language::English))
            }
            Refused::Plain(refused) => refused.texts(),
            Refused::Unavailable(_) => texts(
                "Le service ne répond pas pour l’instant ; la machine réessaiera d’elle-même.",
                "The service does not answer just now; the meter will try again by itself.",
            ),
            Refused::Internal(_) => texts(
                "Le service a rencontré une erreur ; votre fournisseur peut la retrouver. Réessayez plus tard.",
                "The service met an error, which your provider can look up. Try again later.",
            ),
        }
    }
}

/// A conflict where the device and the books are at odds; else the rule alone says no.
fn funds_status(refusal: &FundsRefusal) -> StatusCode {
    match refusal {
        FundsRefusal::SequenceTooOld { .. } => StatusCode::CONFLICT,
        refusal if refusal.is_suspicious() => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Transport> for Refused {
    fn from(refused: Transport) -> Self {
        Refused::Transport(refused)
    }
}

impl From<Identity> for Refused {
    fn from(refused: Identity) -> Self {
        Refused::Identity(refused)
    }
}

impl From<Books> for Refused {
    fn from(refused: Books) -> Self {
        Refused::Books(refused)
    }
}

impl From<Plain> for Refused {
    fn from(refused: Plain) -> Self {
        Refused::Plain(refused)
    }
}

impl From<FundsRefusal> for Refused {
    fn from(refusal: FundsRefusal) -> Self {
        Refused::Funds(refusal)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Conflict(_) => Refused::Unavailable(error),
            StoreError::Fault(cause) => Refused::Internal(cause),
        }
    }
}

impl From<timbre_key_store::KeyStoreError> for Refused {
    fn from(error: timbre_key_store::KeyStoreError) -> Self {
        Refused::Internal(error.to_string())
    }
}
