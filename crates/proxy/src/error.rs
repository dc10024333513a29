//! What stood in the way at a proxy: where, why, and what to do, for programs and for persons.

use std::fmt;

use crate::Scheme;
use crate::destination::Destination;
use crate::pac::PacError;
use crate::route::ProxyAddress;

/// Why a proxy did not serve.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProxyError {
    /// No connection to the proxy itself.
    #[error("the proxy {proxy} cannot be reached: {reason}")]
    Unreachable {
        /// The proxy.
        proxy: ProxyAddress,
        /// What the system said.
        reason: String,
    },
    /// The proxy hung up instead of answering.
    #[error("the proxy {proxy} closed the connection without an answer: {reason}")]
    Closed {
        /// The proxy.
        proxy: ProxyAddress,
        /// Where in the exchange.
        reason: String,
    },
    /// What answers there does not speak as a proxy does.
    #[error("{proxy} does not answer as a proxy does: {reason}")]
    BadAnswer {
        /// The proxy.
        proxy: ProxyAddress,
        /// What is wrong with its answer.
        reason: String,
    },
    /// The proxy asks who we are, and nothing was given to tell it.
    #[error("the proxy {proxy} asks for authentication ({}) and no credentials are set", offered.join(", "))]
    CredentialsMissing {
        /// The proxy.
        proxy: ProxyAddress,
        /// The schemes it offers.
        offered: Vec<String>,
    },
    /// The proxy does not accept the credentials.
    #[error("the proxy {proxy} does not accept the credentials ({scheme})")]
    CredentialsRefused {
        /// The proxy.
        proxy: ProxyAddress,
        /// The scheme that was tried.
        scheme: Scheme,
    },
    /// Nothing that the proxy offers can or may be used with what was given.
    #[error("the proxy {proxy} offers {} and none of it can be used: {reason}", offered.join(", "))]
    NoScheme {
        /// The proxy.
        proxy: ProxyAddress,
        /// The schemes it offers.
        offered: Vec<String>,
        /// Why each falls out.
        reason: String,
    },
    /// The proxy does not let us go there.
    #[error("the proxy {proxy} refuses {destination}: {status} {reason}{}", Detail(detail.as_deref()))]
    Refused {
        /// The proxy.
        proxy: ProxyAddress,
        /// What was asked for.
        destination: Destination,
        /// The HTTP status.
        status: u16,
        /// The words beside the status.
        reason: String,
        /// What the proxy adds, such as its own error's name.
        detail: Option<String>,
    },
    /// The proxy lets us go there, and does not arrive itself.
    #[error("the proxy {proxy} cannot reach {destination} itself: {status} {reason}{}", Detail(detail.as_deref()))]
    CannotReach {
        /// The proxy.
        proxy: ProxyAddress,
        /// What was asked for.
        destination: Destination,
        /// The HTTP status.
        status: u16,
        /// The words beside the status.
        reason: String,
        /// What the proxy adds, such as its own error's name.
        detail: Option<String>,
    },
    /// The proxy's configuration script brings no answer.
    #[error(transparent)]
    Pac(#[from] PacError),
}

struct Detail<'a>(Option<&'a str>);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |detail| write!(f, " ({detail})"))
    }
}

/// What to do, in both languages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Remedy {
    /// In Canadian French.
    pub fr: &'static str,
    /// In English.
    pub en: &'static str,
}

impl ProxyError {
    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ProxyError::Unreachable { .. } => "proxy-unreachable",
            ProxyError::Closed { .. } => "proxy-closed",
            ProxyError::BadAnswer { .. } => "proxy-bad-answer",
            ProxyError::CredentialsMissing { .. } => "proxy-credentials-missing",
            ProxyError::CredentialsRefused { .. } => "proxy-credentials-refused",
            ProxyError::NoScheme { .. } => "proxy-no-scheme",
            ProxyError::Refused { .. } => "proxy-refused",
            ProxyError::CannotReach { .. } => "proxy-cannot-reach",
            ProxyError::Pac(error) => error.code(),
        }
    }

    /// The error in English.
    #[must_use]
    pub fn english(&self) -> String {
        self.to_string()
    }

    /// The error in French.
    #[must_use]
    pub fn french(&self) -> String {
        match self {
            ProxyError::Unreachable { proxy, reason } => {
                format!("le serveur mandataire {proxy} est injoignable : {reason}")
            }
            ProxyError::Closed { proxy, reason } => format!(
                "le serveur mandataire {proxy} a fermé la connexion sans répondre : {reason}"
            ),
            ProxyError::BadAnswer { proxy, reason } => {
                format!("{proxy} ne répond pas comme un serveur mandataire : {reason}")
            }
            ProxyError::CredentialsMissing { proxy, offered } => format!(
                "le serveur mandataire {proxy} demande une authentification ({}) et aucun identifiant n’est réglé",
                offered.join(", ")
            ),
            ProxyError::CredentialsRefused { proxy, scheme } => {
                format!("le serveur mandataire {proxy} n’accepte pas les identifiants ({scheme})")
            }
            ProxyError::NoScheme { proxy, offered, reason } => format!(
                "le serveur mandataire {proxy} propose {} et rien de cela n’est utilisable : {reason}",
                offered.join(", ")
            ),
            ProxyError::Refused { proxy, destination, status, reason, detail } => format!(
                "le serveur mandataire {proxy} refuse {destination} : {status} {reason}{}",
                Detail(detail.as_deref())
            ),
            ProxyError::CannotReach { proxy, destination, status, reason, detail } => format!(
                "le serveur mandataire {proxy} n’atteint pas lui-même {destination} : {status} {reason}{}",
                Detail(detail.as_deref())
            ),
            ProxyError::Pac(error) => error.french(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        let (fr, en) = match self {
            ProxyError::Unreachable { .. } => (
                "vérifiez l’adresse et le port du serveur mandataire, et que le réseau de la machine y mène",
                "check the proxy’s address and port, and that the meter’s network leads there",
            ),
            ProxyError::Closed { .. } | ProxyError::BadAnswer { .. } => (
                "vérifiez que cette adresse et ce port sont ceux d’un serveur mandataire HTTP qui permet CONNECT",
                "check that this address and port are those of an HTTP proxy that allows CONNECT",
            ),
            ProxyError::CredentialsMissing { .. } => (
                "demandez à l’administrateur du réseau un identifiant pour la machine, ou une exception sans authentification",
                "ask the network’s administrator for a user for the meter, or for an exception without authentication",
            ),
            ProxyError::CredentialsRefused { .. } => (
                "vérifiez l’utilisateur et le mot de passe ; l’administrateur du réseau voit le refus dans le journal du serveur mandataire",
                "check the user and the password; the network’s administrator sees the refusal in the proxy’s log",
            ),
            ProxyError::NoScheme { .. } => (
                "demandez à l’administrateur du réseau d’offrir Digest, NTLM ou Kerberos, ou une exception sans authentification",
                "ask the network’s administrator to offer Digest, NTLM or Kerberos, or for an exception without authentication",
            ),
            ProxyError::Refused { .. } => (
                "demandez à l’administrateur du réseau de permettre cette destination et ce port dans le serveur mandataire",
                "ask the network’s administrator to allow this destination and port in the proxy",
            ),
            ProxyError::CannotReach { .. } => (
                "demandez à l’administrateur du réseau pourquoi le serveur mandataire n’atteint pas cette destination : DNS, pare-feu ou route derrière lui",
                "ask the network’s administrator why the proxy does not reach this destination: DNS, firewall or route behind it",
            ),
            ProxyError::Pac(error) => return error.remedy(),
        };
        Remedy { fr, en }
    }
}
