//! `infrastructure.toml`: where the data lies, where to listen, which services to offer.
//!
//! A mistake is refused with the file, the line and the field; an unknown field is a mistake. The configuration holds no
//! secret but the password that a database URL may carry, which is never printed.

mod database_url;
mod policy;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use timbre_indicium::verify::MEMORY_DAYS;
use timbre_key_store::Custody;
use toml::Spanned;

use crate::sorting::SortingRules;

pub(crate) use database_url::Engine;
pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use policy::Policy;
use policy::RawPolicy;

/// The domain under which the services have their host names unless the file says otherwise.
const DEFAULT_DOMAIN: &str = "timbre.localhost";
const DEFAULT_DRAIN: Duration = Duration::from_secs(20);
const HTTPS_PORT: u16 = 8443;
/// Where the catalogue has the network test in the clear.
const CLEAR_PORT: u16 = 80;
const ADMIN_PORT: u16 = 9443;
/// Its own, so that a flood from one side is not the other's.
const SORTING_PORT: u16 = 8444;

/// How one infrastructure process is to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the certificate authority, the keys and the SQLite database.
    pub data_dir: PathBuf,
    /// The domain of the services: `comet.<domain>` and so on.
    pub domain: String,
    /// Where the services listen, by HTTPS; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where what is offered in the clear listens, by plain HTTP: the network test alone. None listens nowhere.
    pub listen_clear: Option<SocketAddr>,
    /// Where the verification service for sorting machines listens, by HTTPS. None listens nowhere.
    pub listen_sorting: Option<SocketAddr>,
    /// Where `/health` and `/metrics` listen, by plain HTTP: a loopback address.
    pub admin_listen: SocketAddr,
    /// The port meters are told to call, where it is not the listening one (behind a load balancer).
    pub public_port: Option<u16>,
    /// The database.
    pub database: DatabaseUrl,
    /// Where the signing keys live.
    pub keys: Custody,
    /// The services to offer; empty means all.
    pub only: Vec<String>,
    /// Whether a meter whose registers contradict the books is suspended at once, and not only looked into.
    pub suspend_on_mismatch: bool,
    /// Which findings suspend, what is late, how often the books are reconciled.
    pub policy: Policy,
    /// How pieces are judged for sorting machines.
    pub sorting: SortingRules,
    /// How long requests in progress may take to finish at shutdown.
    pub drain: Duration,
}

impl Config {
    /// Everything in one folder on free ports of the loopback interface, with SQLite: what the demo uses.
    #[must_use]
    pub fn for_directory(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Config {
            database: DatabaseUrl::sqlite_in(&data_dir),
            data_dir,
            domain: DEFAULT_DOMAIN.to_owned(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            listen_clear: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            listen_sorting: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_port: None,
            keys: Custody::Sealed,
            only: Vec::new(),
            suspend_on_mismatch: true,
            policy: Policy::quiet(),
            sorting: SortingRules::default(),
            drain: DEFAULT_DRAIN,
        }
    }

    /// Reads a configuration file. A relative `data_dir` starts at the file's own folder.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and, for a mistake inside it, the line and the field.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let place = Place { file, text };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            place.mistake(error.span().map_or(0, |span| span.start), error.message())
        })?;
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        let data_dir = folder.join(raw.data_dir.get_ref());
        if raw.data_dir.get_ref().is_empty() {
            return Err(place.mistake(raw.data_dir.span().start, "the folder has no name"));
        }
        let listen = place.address(raw.listen, HTTPS_PORT)?;
        let listen_clear = raw.listen_clear.map(|address| place.address(Some(address), CLEAR_PORT));
        let listen_clear = listen_clear.transpose()?;
        let listen_sorting =
            raw.listen_sorting.map(|address| place.address(Some(address), SORTING_PORT));
        let listen_sorting = listen_sorting.transpose()?;
        let sorting = place.sorting(raw.sorting)?;
        let admin_listen = place.admin_address(raw.admin_listen)?;
        let database = match raw.database {
            None => DatabaseUrl::sqlite_in(&data_dir),
            Some(url) => url.get_ref().parse().map_err(|error: DatabaseUrlError| {
                place.mistake(url.span().start, &error.to_string())
            })?,
        };
        let domain = match raw.domain {
            None => DEFAULT_DOMAIN.to_owned(),
            Some(domain) if is_domain(domain.get_ref()) => domain.into_inner(),
            Some(domain) => {
                let reason = "not a domain name: lower-case letters, digits, dots and hyphens";
                return Err(place.mistake(domain.span().start, reason));
            }
        };
        let public_port = match raw.public_port {
            Some(port) if *port.get_ref() == 0 => {
                return Err(place.mistake(port.span().start, "a port is between 1 and 65535"));
            }
            port => port.map(Spanned::into_inner),
        };
        let only = place.services(raw.only)?;
        let drain =
            raw.drain_seconds.map_or(DEFAULT_DRAIN, |seconds| Duration::from_secs(seconds.into()));
        let suspend_on_mismatch = raw.suspend_on_mismatch.unwrap_or(true);
        let policy = raw.policy.read(suspend_on_mismatch);
        let policy = policy.map_err(|(offset, reason)| place.mistake(offset, &reason))?;
        Ok(Config {
            data_dir,
            domain,
            listen,
            listen_clear,
            listen_sorting,
            admin_listen,
            public_port,
            database,
            keys: raw.keys.resolved(folder),
            only,
            suspend_on_mismatch,
            policy,
            sorting,
            drain,
        })
    }
}

/// The file as it is written, field by field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    data_dir: Spanned<String>,
    domain: Option<Spanned<String>>,
    listen: Option<Spanned<String>>,
    listen_clear: Option<Spanned<String>>,
    listen_sorting: Option<Spanned<String>>,
    admin_listen: Option<Spanned<String>>,
    public_port: Option<Spanned<u16>>,
    database: Option<Spanned<String>>,
    #[serde(default)]
    keys: Custody,
    #[serde(default)]
    only: Vec<Spanned<String>>,
    suspend_on_mismatch: Option<bool>,
    #[serde(default)]
    policy: RawPolicy,
    drain_seconds: Option<u16>,
    #[serde(default)]
    sorting: RawSorting,
}

/// The table `[sorting]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSorting {
    days_ahead: Option<u16>,
    days_behind: Option<Spanned<u16>>,
    days_redated: Option<Spanned<u16>>,
    transit_hours: Option<u16>,
}

/// The file under the reader's finger, to say where a mistake is.
struct Place<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn mistake(&self, offset: usize, reason: &str) -> ConfigError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let written = self.text.lines().nth(line - 1).unwrap_or_default();
        let field = written.split('=').next().unwrap_or_default().trim();
        let field = if field.is_empty() { "the file".to_owned() } else { format!("“{field}”") };
        ConfigError::Mistake {
            file: self.file.to_owned(),
            line,
            field,
            reason: reason.trim().to_owned(),
        }
    }

    fn address(
        &self,
        written: Option<Spanned<String>>,
        port: u16,
    ) -> Result<SocketAddr, ConfigError> {
        let Some(written) = written else {
            return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        };
        written.get_ref().parse().map_err(|_| {
            let reason = format!(
                "“{}” is not an address to listen on: write it like 127.0.0.1:{port}",
                written.get_ref()
            );
            self.mistake(written.span().start, &reason)
        })
    }

    fn admin_address(&self, written: Option<Spanned<String>>) -> Result<SocketAddr, ConfigError> {
        let offset = written.as_ref().map_or(0, |written| written.span().start);
        let address = self.address(written, ADMIN_PORT)?;
        if address.ip().is_loopback() {
            return Ok(address);
        }
        let reason = "the admin port has no encryption: it listens on a loopback address only, like 127.0.0.1:9443";
        Err(self.mistake(offset, reason))
    }

    fn sorting(&self, written: RawSorting) -> Result<SortingRules, ConfigError> {
        let mut rules = SortingRules::default();
        let bounded = |days: Option<Spanned<u16>>, default: u16| match days {
            None => Ok(default),
            Some(days) if *days.get_ref() <= MEMORY_DAYS => Ok(days.into_inner()),
            Some(days) => {
                let reason = format!("copies are remembered for {MEMORY_DAYS} days: at most that");
                Err(self.mistake(days.span().start, &reason))
            }
        };
        let window = &mut rules.window;
        window.ahead = written.days_ahead.unwrap_or(window.ahead);
        window.behind = bounded(written.days_behind, window.behind)?;
        window.redated = bounded(written.days_redated, window.redated)?;
        if let Some(hours) = written.transit_hours {
            rules.transit = Duration::from_secs(u64::from(hours) * 3600);
        }
        Ok(rules)
    }

    fn services(&self, written: Vec<Spanned<String>>) -> Result<Vec<String>, ConfigError> {
        let known = crate::http::service_names();
        for service in &written {
            if !known.contains(service.get_ref()) {
                let reason = format!(
                    "“{}” is not a service: {}",
                    service.get_ref(),
                    known.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
                );
                return Err(self.mistake(service.span().start, &reason));
            }
        }
        Ok(written.into_iter().map(Spanned::into_inner).collect())
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 200 && text.split('.').all(label)
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file says something that cannot be.
    #[error("{}:{line}: {field}: {reason}", file.display())]
    Mistake {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The field in quotation marks.
        field: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("/etc/timbre/infrastructure.toml"), text).map_err(|e| e.to_string())
    }

    #[test]
    fn a_folder_is_all_that_must_be_said() {
        let config = parse("data_dir = \"data\"\n").unwrap();
        assert_eq!(config.data_dir, Path::new("/etc/timbre/data"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8443");
        assert_eq!(config.listen_clear, None, "nothing is in the clear unless it is asked for");
        assert_eq!(config.domain, "timbre.localhost");
        assert_eq!(config.database.to_string(), "sqlite:///etc/timbre/data/infrastructure.db");
    }

    #[test]
    fn the_network_test_may_listen_in_the_clear() {
        let config = parse("data_dir = \"data\"\nlisten_clear = \"0.0.0.0:80\"\n").unwrap();
        assert_eq!(config.listen_clear, Some(([0, 0, 0, 0], 80).into()));
    }

    #[test]
    fn a_mistake_names_file_line_and_field() {
        let file = "/etc/timbre/infrastructure.toml";
        for (text, expected) in [
            (
                "data_dir = \"d\"\nlisten = \"8443\"\n",
                "2: “listen”: “8443” is not an address to listen on: write it like 127.0.0.1:8443",
            ),
            (
                "data_dir = \"d\"\n\nlisten = 3\n",
                "3: “listen”: invalid type: integer `3`, expected a string",
            ),
            (
                "data_dir = \"d\"\nlisten_clear = \"80\"\n",
                "2: “listen_clear”: “80” is not an address to listen on: write it like 127.0.0.1:80",
            ),
            (
                "data_dir = \"d\"\n[sorting]\ndays_redated = 91\n",
                "3: “days_redated”: copies are remembered for 90 days: at most that",
            ),
            ("data_dir = \"d\"\nport = 3\n", "2: “port”: unknown field `port`"),
            (
                "data_dir = \"d\"\nadmin_listen = \"0.0.0.0:9000\"\n",
                "2: “admin_listen”: the admin port has no encryption",
            ),
            (
                "data_dir = \"d\"\ndatabase = \"mysql://x/y\"\n",
                "2: “database”: not a database: write postgres://",
            ),
            (
                "data_dir = \"d\"\n[keys]\nuse = \"pkcs11\"\n",
                "2: “[keys]”: keys in a token need module",
            ),
            ("data_dir = \"d\"\ndomain = \"Bad_Name\"\n", "2: “domain”: not a domain name"),
            (
                "data_dir = \"d\"\n[policy]\nsuspend = { no-such = true }\n",
                "3: “suspend”: “no-such” is no kind of finding",
            ),
            (
                "data_dir = \"d\"\nonly = [\"comet\", \"faxes\"]\n",
                "2: “only”: “faxes” is not a service: distributor, comet",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("{file}:{expected}")), "{error}");
        }
    }
}
