//! One check: what was looked at, what was found, and who on the path is to blame. Data only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use timbre_catalogue::{EndpointId, Text};

use crate::{Code, serial};

macro_rules! names {
    ($(#[$doc:meta])* $type:ident: $($(#[$about:meta])* $variant:ident = $name:literal, $fr:literal, $en:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$about])* #[doc = $en] #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// Every one, in order.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            /// Its name in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }

            /// What it is called.
            #[must_use]
            pub const fn title(self) -> Text {
                match self { $($type::$variant => Text::fixed($fr, $en),)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                let found = $type::ALL.iter().copied().find(|one| one.as_str() == text);
                found.ok_or_else(|| UnknownName {
                    text: text.to_owned(),
                    known: $type::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

/// The text is none of the names that are known here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{text}” is not one of {known}")]
pub struct UnknownName {
    /// What was given.
    pub text: String,
    /// What would be right.
    pub known: String,
}

names! {
    /// What a check looks at.
    CheckId:
    CatalogueLint = "cat.lint", "Contradictions du catalogue", "Contradictions in the catalogue";
    DnsLookup = "dns.a", "Adresses du nom", "Addresses of the name";
    DnsUdp = "dns.udp_edns", "DNS par UDP", "DNS over UDP";
    DnsTcp = "dns.tcp", "DNS par TCP", "DNS over TCP";
    DnsTruncation = "dns.tc", "Réponses DNS longues", "Long DNS answers";
    DnsHijack = "dns.hijack", "DNS détourné", "Diverted DNS";
    DnsSinkhole = "dns.sinkhole", "Fausses adresses", "False addresses";
    DnsWildcard = "dns.nxwild", "Noms inexistants", "Names that do not exist";
    DnsCase = "dns.0x20", "Question rendue telle quelle", "Question echoed as asked";
    BlockCover = "dns.block_cover", "Adresses et blocs publiés", "Addresses and published blocks";
    Ipv6 = "v6.broken", "IPv6", "IPv6";
    TcpConnect = "tcp.connect", "Connexion TCP", "TCP connection";
    DeadAddress = "http.deadip", "Connexion vers personne", "Connection to nobody";
    TlsIdentity = "tls.pin", "Identité TLS", "TLS identity";
    TlsForged = "tls.forged", "Preuves de contrefaçon TLS", "Proofs of forged TLS";
    TlsVersion = "tls.version", "Version de TLS", "TLS version";
    Captive = "captive", "Portail captif", "Captive portal";
    HttpExpect = "http.expect", "Réponse du service", "Answer of the service";
    HttpTamper = "http.tamper", "En-têtes HTTP", "HTTP headers";
    HttpRequestLine = "http.hirl", "Requêtes HTTP invalides", "Invalid HTTP requests";
    HttpHostMismatch = "http.hostmismatch", "En-tête Host d’un autre", "Another’s Host header";
    HttpChunked = "http.chunked", "Envois par morceaux", "Chunked uploads";
    HttpMedia = "http.media", "Types et tailles de fichiers", "File types and sizes";
    HttpRange = "http.range", "Reprise de téléchargement", "Resumed download";
    HttpUpload = "http.upload", "Envoi volumineux", "Large upload";
    ProxyFound = "proxy.found", "Mandataire", "Proxy";
    ProxyAuth = "proxy.auth", "Authentification au mandataire", "Proxy authentication";
    ProxyConnect = "proxy.connect_ports", "Ports permis par le mandataire", "Ports that the proxy allows";
    ProxyPac = "proxy.pac", "Fichier PAC", "PAC file";
    ProxyWpad = "proxy.wpad", "WPAD", "WPAD";
    BandwidthDown = "bw.down", "Débit descendant", "Bandwidth down";
    BandwidthUp = "bw.up", "Débit montant", "Bandwidth up";
    BandwidthLatency = "bw.latency", "Latence sous charge", "Latency under load";
    PathMtu = "path.mtu", "Gros paquets", "Large packets";
    PathIdle = "path.idle", "Connexion inactive", "Idle connection";
    Clock = "clock.skew", "Horloge", "Clock";
}

names! {
    /// The layers of a network, lowest first; `Tool` is the test itself.
    Layer:
    Tool = "tool", "Outil", "Tool";
    Names = "names", "DNS", "DNS";
    Transport = "transport", "TCP", "TCP";
    Tls = "tls", "TLS", "TLS";
    Http = "http", "HTTP", "HTTP";
    Proxy = "proxy", "Mandataire", "Proxy";
    Link = "link", "Ligne", "Link";
    Clock = "clock", "Horloge", "Clock";
}

names! {
    /// What a check came to.
    Verdict:
    Pass = "pass", "réussi", "pass";
    Warn = "warn", "attention", "warning";
    Fail = "fail", "échec", "failure";
    Skip = "skip", "non vérifié", "not tested";
    Inconclusive = "inconclusive", "indéterminé", "inconclusive";
}

names! {
    /// Who on the path stands in the way.
    Culprit:
    ThisMachine = "this-machine", "cette machine", "this machine";
    Firewall = "firewall", "un pare-feu", "a firewall";
    Router = "router", "un routeur", "a router";
    Resolver = "resolver", "le serveur DNS", "the DNS server";
    DnsFilter = "dns-filter", "un filtre DNS", "a DNS filter";
    DnsInterceptor = "dns-interceptor", "un équipement qui détourne le DNS", "something that diverts DNS";
    TlsInspector = "tls-inspector", "une inspection TLS", "a TLS inspection";
    TransparentProxy = "transparent-proxy", "un mandataire transparent", "a transparent proxy";
    Proxy = "proxy", "le mandataire", "the proxy";
    WebFilter = "web-filter", "un filtre web", "a web filter";
    CaptivePortal = "captive-portal", "un portail captif", "a captive portal";
    Line = "line", "la ligne", "the line";
    Service = "service", "le service lui-même", "the service itself";
    Unknown = "unknown", "indéterminé", "not determined";
}

names! {
    /// How sure the blame is.
    Confidence:
    Possible = "possible", "possible", "possible";
    Likely = "likely", "probable", "likely";
    Certain = "certain", "certain", "certain";
}

/// Who is to blame, and how surely.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Blame {
    /// The layer where it stands.
    pub layer: Layer,
    /// What it is.
    pub who: Culprit,
    /// Its own name, when it gave itself away: a product, an issuer, a `Via`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How sure that is.
    pub confidence: Confidence,
}

/// One fact that was seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is, in kebab case: `addresses`, `issuer`, `status` …
    pub name: String,
    /// The fact, in the words of the protocol; no language.
    pub value: String,
    /// It names an inside of the customer’s network (a proxy, a resolver, an address of this machine): a
    /// redacted report leaves it out.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub private: bool,
}

/// The number of a check in its report, from 1.
pub type CheckNumber = u32;

/// One check and what it came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Check {
    /// Its number in the report; other checks refer to it.
    pub number: CheckNumber,
    /// What it looks at.
    pub id: CheckId,
    /// The endpoints it speaks for, in the order of the catalogue; none when it is about the network as a whole.
    #[serde(default, with = "serial::ids")]
    pub endpoints: Vec<EndpointId>,
    /// Whether one of those endpoints is required, or the whole network is meant.
    pub required: bool,
    /// What was spoken to: `host:443`, a name, a resolver’s address.
    pub target: String,
    /// How it was reached: `direct`, or `proxy host:port`.
    pub way: String,
    /// What it came to.
    pub verdict: Verdict,
    /// What is wrong; none when it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The check that failed before this one and made it pointless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<CheckNumber>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Who is to blame; none when nothing is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
    /// When it began, in milliseconds from the start of the run.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Check {
    /// The first fact of this name.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.evidence.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
    }
}
