//! Which proxy to use, as a person writes it: `none`, `environment`, `http://proxy.example:3128`,
//! `pac:http://wpad.example/proxy.pac` or `pac:/etc/proxy.pac`. A user or a password in it is refused: they
//! have a place of their own.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::destination::Destination;
use crate::route::ProxyAddress;

/// Which proxy to use.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum ProxySettings {
    /// None: every destination is reached directly.
    #[default]
    None,
    /// What the variables `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` say.
    Environment,
    /// This one.
    Explicit(ProxyAddress),
    /// Whatever this script answers.
    Pac(PacSource),
}

/// Where a PAC script comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PacSource {
    /// Downloaded.
    Url {
        /// The server.
        server: Destination,
        /// The path and the query, from the first slash.
        path: String,
    },
    /// Read from a file.
    File(PathBuf),
}

/// A proxy setting that means nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{text}” is not a proxy setting: {reason}")]
pub struct SettingsError {
    /// What was written, without any secret in it.
    pub text: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl FromStr for ProxySettings {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<ProxySettings, SettingsError> {
        let text = text.trim();
        if let Some(source) = text.strip_prefix("pac:") {
            return pac_source(source).map(ProxySettings::Pac);
        }
        match text {
            "none" => Ok(ProxySettings::None),
            "environment" => Ok(ProxySettings::Environment),
            _ => explicit(text).map(ProxySettings::Explicit),
        }
    }
}

fn explicit(text: &str) -> Result<ProxyAddress, SettingsError> {
    if text.contains('@') {
        return Err(SettingsError {
            text: without_user(text),
            reason: "a user and a password are not written here: use user and password_file"
                .to_owned(),
        });
    }
    let refused = |reason: String| SettingsError { text: text.to_owned(), reason };
    let Some(address) = text.strip_prefix("http://") else {
        return Err(refused(
            "write none, environment, http://proxy.example:3128 or pac:http://wpad.example/proxy.pac; \
             a proxy is spoken to in plain HTTP, what goes through it is encrypted end to end"
                .to_owned(),
        ));
    };
    address.strip_suffix('/').unwrap_or(address).parse().map_err(refused)
}

fn pac_source(text: &str) -> Result<PacSource, SettingsError> {
    let refused =
        |reason: &str| SettingsError { text: without_user(text), reason: reason.to_owned() };
    let (secure, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => {
            let file = text.strip_prefix("file://").unwrap_or(text);
            if file.is_empty() || file.contains("://") {
                return Err(refused(
                    "write pac:http://wpad.example/proxy.pac or pac:/path/of/a/file",
                ));
            }
            return Ok(PacSource::File(PathBuf::from(file)));
        }
    };
    let (place, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    if place.contains('@') {
        return Err(refused("a script is asked for without a user"));
    }
    let usual = if secure { 443 } else { 80 };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (place, Some(usual)),
    };
    let made = if secure { Destination::https } else { Destination::http };
    let server = port.and_then(|port| made(host, port).ok());
    let server = server.ok_or_else(|| refused("its host or its port is not one"))?;
    let path = path.split('#').next().unwrap_or("/");
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(refused("its path has characters that a URL cannot have: write them as %20"));
    }
    Ok(PacSource::Url { server, path: path.to_owned() })
}

impl ProxySettings {
    /// The server and the path of a script's URL.
    pub(crate) fn pac_url(text: &str) -> Option<(Destination, String)> {
        match pac_source(text) {
            Ok(PacSource::Url { server, path }) => Some((server, path)),
            _ => None,
        }
    }
}

/// The text without what stands before an `@`: it may be a password.
pub(crate) fn without_user(text: &str) -> String {
    let Some(at) = text.rfind('@') else { return text.to_owned() };
    let start = text.find("://").map_or(0, |i| i + 3).min(at);
    format!("{}…{}", &text[..start], &text[at..])
}

impl fmt::Display for PacSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PacSource::Url { server, path } => {
                write!(f, "{}{path}", server.url().trim_end_matches('/'))
            }
            PacSource::File(file) => file.display().fmt(f),
        }
    }
}

/// As it is written; [`FromStr`] reads it back.
impl fmt::Display for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxySettings::None => f.write_str("none"),
            ProxySettings::Environment => f.write_str("environment"),
            ProxySettings::Explicit(proxy) => write!(f, "http://{proxy}"),
            ProxySettings::Pac(source) => write!(f, "pac:{source}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "none",
            "environment",
            "http://proxy.example:3128",
            "http://[2001:db8::1]:3128",
            "pac:http://wpad.example/proxy.pac",
            "pac:https://wpad.example:8443/a/proxy.pac?site=7",
            "pac:http://[::1]/",
            "pac:/etc/proxy.pac",
        ] {
            assert_eq!(text.parse::<ProxySettings>().unwrap().to_string(), text);
        }
        assert_eq!(
            "http://proxy.example:3128/".parse(),
            "http://proxy.example:3128".parse::<ProxySettings>()
        );
    }

    #[test]
    fn what_means_nothing_is_refused_and_a_password_in_it_is_not_repeated() {
        for text in [
            "",
            "proxy.example:3128",
            "https://proxy.example:3128",
            "socks5://proxy.example:1080",
            "http://proxy.example",
            "http://meter:hunter2@proxy.example:3128",
            "meter:hunter2@proxy.example:3128",
            "pac:",
            "pac:http://",
            "pac:http://a b/",
            "pac:http://wpad.example:0x/",
            "pac:http://meter:hunter2@wpad.example/",
            "pac:ftp://wpad.example/proxy.pac",
            "pac:http://wpad.example/a b",
        ] {
            let error = text.parse::<ProxySettings>().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
