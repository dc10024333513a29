//! Refusals before a message is read: the wrong host, path, method, type, size or form.

use axum::http::StatusCode;

use super::{Texts, texts};

#[derive(Debug)]
pub(crate) enum Transport {
    /// The host name is not the one that was connected to, or not the one of this path.
    Misdirected(String),
    /// No service of this host has this path.
    NotFound(String),
    /// Not the method that is answered here.
    WrongMethod { allowed: &'static str },
    /// Not XML by its content type.
    NotXml(String),
    /// A content encoding other than gzip.
    UnknownEncoding(String),
    /// More bytes than the exchange allows.
    TooLarge { limit: usize },
    /// The body did not arrive in time.
    TooSlow,
    /// Not a message of this exchange.
    Malformed(String),
}

impl Transport {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Transport::Misdirected(_) => "misdirected",
            Transport::NotFound(_) => "not-found",
            Transport::WrongMethod { .. } => "wrong-method",
            Transport::NotXml(_) => "not-xml",
            Transport::UnknownEncoding(_) => "unknown-encoding",
            Transport::TooLarge { .. } => "too-large",
            Transport::TooSlow => "too-slow",
            Transport::Malformed(_) => "malformed-message",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Transport::Misdirected(_) => StatusCode::MISDIRECTED_REQUEST,
            Transport::NotFound(_) => StatusCode::NOT_FOUND,
            Transport::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Transport::NotXml(_) | Transport::UnknownEncoding(_) => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Transport::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Transport::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Transport::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn texts(&self) -> Texts {
        match self {
            Transport::Misdirected(host) => (
                format!("Cette requête n’est pas pour cet hôte ; elle va à {host}."),
                format!("This request is not for this host; it goes to {host}."),
            ),
            Transport::NotFound(path) => (
                format!("Rien ne répond à {path} sur cet hôte."),
                format!("Nothing answers at {path} on this host."),
            ),
            Transport::WrongMethod { allowed } => (
                format!("Ici, la méthode est {allowed}."),
                format!("The method here is {allowed}."),
            ),
            Transport::NotXml(kind) => (
                format!("Le type de contenu « {kind} » n’est pas application/xml."),
                format!("The content type “{kind}” is not application/xml."),
            ),
            Transport::UnknownEncoding(encoding) => (
                format!("L’encodage « {encoding} » n’est pas accepté ; seul gzip l’est."),
                format!("The encoding “{encoding}” is not accepted; only gzip is."),
            ),
            Transport::TooLarge { limit } => (
                format!("Le message dépasse {limit} octets."),
                format!("The message is larger than {limit} bytes."),
            ),
            Transport::TooSlow => {
                texts("Le message n’est pas arrivé à temps.", "The message did not arrive in time.")
            }
            Transport::Malformed(reason) => (
                format!("Le message ne peut être lu : {reason}"),
                format!("The message cannot be read: {reason}"),
            ),
        }
    }
}
