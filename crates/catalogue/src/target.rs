//! What is used to reach an endpoint: scheme, host, port and path, written as one URL.
//!
//! Not a general URL parser. It reads the few forms a catalogue needs (a name, `*.name`, or `*` for
//! a host), keeps the path byte for byte, and refuses everything else: user names, fragments,
//! spaces, address literals.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a destination is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP in the clear, port 80.
    Http,
    /// HTTP over TLS, port 443.
    Https,
    /// DNS over UDP and TCP, port 53 (REQ NET-3).
    Dns,
    /// FTP, port 21 and whatever port a session names.
    Ftp,
    /// Another protocol over TCP; the port is always written.
    Tcp,
}

impl Scheme {
    const ALL: [Scheme; 5] = [Scheme::Http, Scheme::Https, Scheme::Dns, Scheme::Ftp, Scheme::Tcp];

    /// As written before `://`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Dns => "dns",
            Scheme::Ftp => "ftp",
            Scheme::Tcp => "tcp",
        }
    }

    /// The port when none is written; plain TCP has none.
    #[must_use]
    pub const fn default_port(self) -> Option<u16> {
        match self {
            Scheme::Http => Some(80),
            Scheme::Https => Some(443),
            Scheme::Dns => Some(53),
            Scheme::Ftp => Some(21),
            Scheme::Tcp => None,
        }
    }

    /// Whether a request has a path.
    const fn has_path(self) -> bool {
        matches!(self, Scheme::Http | Scheme::Https | Scheme::Ftp)
    }
}

/// Which hosts a destination means. Names are kept in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Host {
    /// Exactly this name.
    Name(String),
    /// Any name under this one, `*.name`; not the name itself.
    Under(String),
    /// Any host at all, `*`.
    Any,
}

impl Host {
    /// The name, when it is exactly one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Host::Name(name) => Some(name),
            Host::Under(_) | Host::Any => None,
        }
    }

    /// Whether a host name, in any letter case, is meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Host::Name(name) => host.eq_ignore_ascii_case(name),
            Host::Under(parent) => {
                let host = host.to_ascii_lowercase();
                host.strip_suffix(parent.as_str())
                    .and_then(|labels| labels.strip_suffix('.'))
                    .is_some_and(|labels| !labels.is_empty())
            }
            Host::Any => true,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Under(parent) => write!(f, "*.{parent}"),
            Host::Any => f.write_str("*"),
        }
    }
}

/// One way to reach an endpoint.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Target {
    /// The protocol.
    pub scheme: Scheme,
    /// The host or hosts.
    pub host: Host,
    /// The port, 1–65535.
    pub port: u16,
    /// The path and query, from the first `/`; `/` when a document prints none; empty for schemes
    /// that have no paths.
    pub path: String,
}

/// The text is not a destination.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{text}” is not a destination: {reason}")]
pub struct TargetError {
    /// What was given.
    pub text: String,
    /// What is wrong with it, and what would be right.
    pub reason: &'static str,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        read(text).map_err(|reason| TargetError { text: text.to_owned(), reason })
    }
}

impl From<Target> for String {
    fn from(target: Target) -> String {
        target.to_string()
    }
}

impl TryFrom<String> for Target {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        text.parse()
    }
}

fn read(text: &str) -> Result<Target, &'static str> {
    let (scheme, rest) = text.split_once("://").ok_or("write a URL, like https://name/path")?;
    let scheme = Scheme::ALL
        .into_iter()
        .find(|known| known.as_str() == scheme)
        .ok_or("the scheme must be http, https, dns, ftp or tcp")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.split_once(':') {
        None => (authority, scheme.default_port().ok_or("tcp needs a port, like tcp://*:5938")?),
        Some((host, digits)) => (host, read_port(digits)?),
    };
    if path.bytes().any(|b| b <= b' ' || b == b'#' || !b.is_ascii()) {
        return Err("a path holds no space, no fragment and only ASCII");
    }
    let path = match (path, scheme.has_path()) {
        ("", true) => "/",
        (path, true) => path,
        ("", false) => "",
        (_, false) => return Err("this scheme has no paths"),
    };
    Ok(Target { scheme, host: read_host(host)?, port, path: path.to_owned() })
}

fn read_port(digits: &str) -> Result<u16, &'static str> {
    match digits.parse() {
        Ok(port) if port != 0 && digits.bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => Err("the port must be a number from 1 to 65535"),
    }
}

fn read_host(host: &str) -> Result<Host, &'static str> {
    const WANTED: &str = "the host must be a DNS name, *.name, or * for any";
    match host {
        "*" => Ok(Host::Any),
        _ => match host.strip_prefix("*.") {
            Some(parent) => read_name(parent).map(Host::Under).ok_or(WANTED),
            None => read_name(host).map(Host::Name).ok_or(WANTED),
        },
    }
}

/// A DNS name in lower case: labels of 1–63 letters, digits and inner hyphens, at most 253 bytes,
/// and a last label that is not a number (that would be an address).
pub(crate) fn read_name(text: &str) -> Option<String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    let sound = text.len() <= 253
        && text.split('.').all(label)
        && !text.rsplit('.').next().is_some_and(numeric);
    sound.then(|| text.to_ascii_lowercase())
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.scheme.default_port() != Some(self.port) {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_reads_back_as_it_is_written() {
        for text in [
            "https://comet.timbre.localhost/comet/v1/refill",
            "http://eureka.pitneybowes.com/sendpro-p-series/fr-ca/SV62565-help-fr-ca/Default.htm",
            "https://*.teamviewer.com/",
            "https://*/din.aspx?s=...&client=DynGate...",
            "https://help.example:8443/",
            "ftp://ftp.novell.com/",
            "dns://*",
            "tcp://*:5938",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_lose_their_capitals_and_paths_keep_theirs() {
        let target: Target = "https://SMT.pb.com/MS1/DlaService.svc".parse().unwrap();
        assert_eq!(target.host.name(), Some("smt.pb.com"));
        assert_eq!(target.path, "/MS1/DlaService.svc");
        assert_eq!(target.port, 443);
    }

    #[test]
    fn what_is_not_a_destination_is_refused_with_the_reason() {
        for (text, reason) in [
            ("www.pb.com", "write a URL"),
            ("gopher://pb.com", "the scheme must be"),
            ("https://", "the host must be"),
            ("https://user@pb.com/", "the host must be"),
            ("https://192.0.2.1/", "the host must be"),
            ("https://a.*.com/", "the host must be"),
            ("https://pb.com:0/", "the port must be"),
            ("https://pb.com:+1/", "the port must be"),
            ("https://pb.com/a b", "a path holds"),
            ("https://pb.com/#top", "a path holds"),
            ("tcp://pb.com", "tcp needs a port"),
            ("dns://*/x", "this scheme has no paths"),
        ] {
            let error = text.parse::<Target>().unwrap_err();
            assert!(error.reason.starts_with(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_wildcard_means_the_names_under_it_and_not_the_name_itself() {
        let host = Host::Under("teamviewer.com".to_owned());
        assert!(host.matches("master1.TeamViewer.com"));
        assert!(host.matches("a.b.teamviewer.com"));
        assert!(!host.matches("teamviewer.com"));
        assert!(!host.matches(".teamviewer.com"));
        assert!(!host.matches("notteamviewer.com"));
    }
}
