//! What can stand between the meter and the infrastructure, each with the names a person needs.

use core::net::SocketAddr;

use timbre_postage::Language;
use timbre_protocol::Refusal;
use timbre_proxy::ProxyError;

/// Why a call brought no reply.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum LinkError {
    /// The infrastructure understood and said no.
    #[error("{}", .0.message_en)]
    Refused(Box<Refusal>),
    /// Nobody answered.
    #[error("{}", .0.english())]
    Unreachable(Unreachable),
    /// Somebody answered who is not the infrastructure: TLS is being intercepted (REQ NET-6).
    #[error(
        "the connection to {host} is intercepted: its certificate was issued by “{issuer}”, which is not the infrastructure; \
         TLS inspection must be off for this host"
    )]
    NotGenuine {
        /// The host that was wanted.
        host: String,
        /// Who issued what was presented.
        issuer: String,
    },
    /// The infrastructure's own certificate, but another host's.
    #[error("{host} was wanted and the certificate presented is for {}: check the connect address and the domain", presented.join(", "))]
    WrongName {
        /// The host that was wanted.
        host: String,
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// The certificate is expired, not yet valid or malformed.
    #[error("the certificate of {host} cannot be accepted: {reason}")]
    BadCertificate {
        /// The host that was wanted.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An answer that is not one of the protocol.
    #[error("{host} answered with status {status} and something that is not a reply: {reason}")]
    BadReply {
        /// The host that answered.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        reason: String,
    },
    /// The customer's proxy does not open the way (REQ NET-9).
    #[error("{host} cannot be reached through the proxy: {error}; {}", error.remedy().en)]
    Proxy {
        /// The host that was wanted.
        host: String,
        /// What the proxy did.
        error: Box<ProxyError>,
    },
    /// The catalogue does not let the meter go there.
    #[error("{endpoint} is not on this meter's allow-list")]
    NotAllowed {
        /// The endpoint.
        endpoint: String,
    },
    /// The way could not be prepared: roots or domain.
    #[error("the connection to the infrastructure cannot be prepared: {reason}")]
    Unprepared {
        /// What is wrong.
        reason: String,
    },
}

/// Nobody answered, where, and what to check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreachable {
    /// The host that was wanted.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The address, when the settings name one.
    pub address: Option<SocketAddr>,
    /// Whether time ran out, as behind a firewall that drops.
    pub timed_out: bool,
    /// What the system said.
    pub reason: String,
}

impl Unreachable {
    fn place(&self) -> String {
        match self.address {
            Some(address) => format!("{} ({address})", self.host),
            None => format!("{}:{}", self.host, self.port),
        }
    }

    fn english(&self) -> String {
        let place = self.place();
        let check = match (self.address, self.timed_out) {
            (Some(_), false) => {
                "check that the infrastructure runs and the connect address in meter.toml"
                    .to_owned()
            }
            (None, false) => format!("check the DNS and that port {} is let out", self.port),
            (_, true) => format!(
                "time ran out; check that a firewall lets port {} out to this host",
                self.port
            ),
        };
        format!("{place} cannot be reached ({}): {check}", self.reason)
    }

    fn french(&self) -> String {
        let place = self.place();
        let check = match (self.address, self.timed_out) {
            (Some(_), false) => {
                "vérifiez que l’infrastructure fonctionne et l’adresse connect dans meter.toml"
                    .to_owned()
            }
            (None, false) => {
                format!("vérifiez le DNS et que le port {} est ouvert en sortie", self.port)
            }
            (_, true) => format!(
                "délai dépassé ; vérifiez qu’un pare-feu laisse sortir le port {} vers cet hôte",
                self.port
            ),
        };
        format!("{place} est injoignable ({}) : {check}", self.reason)
    }
}

impl LinkError {
    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            LinkError::Refused(refusal) => &refusal.code,
            LinkError::Unreachable(_) => "infrastructure-unreachable",
            LinkError::NotGenuine { .. } => "tls-intercepted",
            LinkError::WrongName { .. } => "wrong-host-name",
            LinkError::BadCertificate { .. } => "bad-certificate",
            LinkError::BadReply { .. } => "bad-reply",
            LinkError::Proxy { error, .. } => match **error {
                ProxyError::Unreachable { .. }
                | ProxyError::Closed { .. }
                | ProxyError::BadAnswer { .. }
                | ProxyError::Pac(_) => "proxy-unreachable",
                ProxyError::CredentialsMissing { .. }
                | ProxyError::CredentialsRefused { .. }
                | ProxyError::NoScheme { .. } => "proxy-authentication",
                ProxyError::Refused { .. } | ProxyError::CannotReach { .. } => "proxy-refused",
            },
            LinkError::NotAllowed { .. } => "endpoint-not-allowed",
            LinkError::Unprepared { .. } => "link-not-prepared",
        }
    }

    /// The error for a person.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        if language == Language::English {
            return self.to_string();
        }
        match self {
            LinkError::Refused(refusal) => refusal.message_fr.clone(),
            LinkError::Unreachable(unreachable) => unreachable.french(),
            LinkError::NotGenuine { host, issuer } => format!(
                "la connexion à {host} est interceptée : son certificat est émis par « {issuer} », qui n’est pas l’infrastructure ; \
                 l’inspection TLS doit être désactivée pour cet hôte"
            ),
            LinkError::WrongName { host, presented } => format!(
                "{host} était demandé et le certificat présenté est pour {} : vérifiez l’adresse connect et le domaine",
                presented.join(", ")
            ),
            LinkError::BadCertificate { host, reason } => {
                format!("le certificat de {host} ne peut être accepté : {reason}")
            }
            LinkError::BadReply { host, status, reason } => format!(
                "{host} a répondu avec l’état {status} et autre chose qu’une réponse du protocole : {reason}"
            ),
            LinkError::Proxy { host, error } => format!(
                "{host} est injoignable par le serveur mandataire : {} ; {}",
                error.french(),
                error.remedy().fr
            ),
            LinkError::NotAllowed { endpoint } => {
                format!("{endpoint} n’est pas sur la liste autorisée de cette machine")
            }
            LinkError::Unprepared { reason } => {
                format!("la connexion à l’infrastructure ne peut être préparée : {reason}")
            }
        }
    }
}
