//! `[proxy]` in `meter.toml`: the corporate proxy that everything the meter does goes through, if the
//! customer's network has one (REQ NET-9). The password is never in `meter.toml`: it has a file of its own,
//! which nobody else may read.
//!
//! The proxy's own address is the customer's to set: it is the one destination that the catalogue does not
//! name. Whatever is asked of the proxy is still only what the catalogue names.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use timbre_proxy::{Credentials, NoProxy, PacSource, ProxyAddress, ProxySettings, Secret, Ways};
use toml::Spanned;

use super::SettingsError;
use super::parse::Source;

/// The proxy that the meter goes through.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Proxy {
    /// Which one.
    pub way: ProxySettings,
    /// The proxies that a script may name: it is not known before it runs, and the walls around the meter stand by then.
    pub of_script: Vec<ProxyAddress>,
    /// Destinations reached without it, as `curl` reads such lists.
    pub no_proxy: NoProxy,
    /// Who the meter is there: a name, or `DOMAIN\name`.
    pub user: Option<String>,
    /// Where the password is, on one line; relative to the meter's directory.
    pub password_file: Option<PathBuf>,
    /// Never show the password as such (Basic): anyone on the line could read it.
    pub forbid_basic: bool,
    /// Use the Kerberos ticket of the system where the proxy asks for one.
    pub kerberos: bool,
}

impl Proxy {
    /// Where the proxy's part of the way leads, by name and port: what the walls around the meter have to let through
    /// besides the catalogue. `variable` gives a variable of the environment.
    #[must_use]
    pub fn destinations(&self, variable: &dyn Fn(&str) -> Option<String>) -> Vec<(String, u16)> {
        let place = |proxy: &ProxyAddress| (proxy.host().to_owned(), proxy.port());
        let named = match &self.way {
            ProxySettings::None => Vec::new(),
            ProxySettings::Explicit(proxy) => vec![place(proxy)],
            ProxySettings::Environment => Ways::from_environment(variable)
                .map_or_else(|_| Vec::new(), |ways| ways.proxies().iter().map(place).collect()),
            ProxySettings::Pac(PacSource::File(_)) => Vec::new(),
            ProxySettings::Pac(PacSource::Url { server, .. }) => {
                vec![(server.host().to_owned(), server.port())]
            }
        };
        named.into_iter().chain(self.of_script.iter().map(place)).collect()
    }

    /// What may be shown to the proxy. Reads the password, from a path that is not relative any more.
    ///
    /// # Errors
    /// When the password's file cannot be read, or others can.
    pub fn credentials(&self) -> Result<Credentials, String> {
        let credentials = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Credentials::password(user.clone(), password(file)?),
            _ => Credentials::none(),
        };
        Ok(credentials.with_kerberos(self.kerberos).forbid_basic(self.forbid_basic))
    }

    /// The same with the paths of its files made by `resolve`, which knows the meter's directory.
    pub fn resolved(mut self, resolve: impl Fn(&Path) -> PathBuf) -> Proxy {
        self.password_file = self.password_file.map(|file| resolve(&file));
        if let ProxySettings::Pac(PacSource::File(file)) = &mut self.way {
            *file = resolve(file);
        }
        self
    }

    /// The section as it is written, with every field that could be.
    pub(super) fn to_toml(&self) -> String {
        let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
        let line = |name: &str, value: Option<String>, example: &str| match value {
            Some(value) => format!("{name} = {}\n", text(&value)),
            None => format!("# {name} = {example}\n"),
        };
        let file = self.password_file.as_ref().map(|file| file.to_string_lossy().into_owned());
        let no_proxy = Some(self.no_proxy.to_string()).filter(|list| !list.is_empty());
        let mut section = format!(
            "[proxy]\n\
             use = {}                     # none, environment, http://proxy.example:3128, pac:http://wpad.example/proxy.pac or pac:FILE\n",
            text(&self.way.to_string())
        );
        let proxies: Vec<_> = self.of_script.iter().map(|proxy| text(&proxy.to_string())).collect();
        section += &match proxies.is_empty() {
            true => "# proxies = [\"proxy.example:3128\"]  # with pac: every proxy that the script may name\n".to_owned(),
            false => format!("proxies = [{}]\n", proxies.join(", ")),
        };
        section += &line("no_proxy", no_proxy, "\"intranet.example, 192.0.2.0/24\"");
        section +=
            &line("user", self.user.clone(), "\"meter\"                  # or 'DOMAIN\\meter'");
        let example = "\"proxy-password\" # one line; only the meter may read it: chmod 600";
        section += &line("password_file", file, example);
        section += &format!(
            "forbid_basic = {}            # true: never show the password where others could read it\n\
             kerberos = {}                # true: use the system's Kerberos ticket\n",
            self.forbid_basic, self.kerberos
        );
        section
    }
}

/// The password in `file`, if nobody but its owner can read it.
fn password(file: &Path) -> Result<Secret, String> {
    const LIMIT: u64 = 4096;
    let told = |reason: String| format!("the proxy’s password file {}: {reason}", file.display());
    let mut open = File::open(file).map_err(|error| told(error.to_string()))?;
    // The file that was opened is the one that is looked at.
    let mode = open.metadata().map_err(|error| told(error.to_string()))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(told(format!("others can read it (mode {mode:04o}): chmod 600 it")));
    }
    // Sized beforehand: a text that grew would leave copies of itself behind.
    let mut text = String::with_capacity(usize::try_from(LIMIT).unwrap_or_default());
    (&mut open).take(LIMIT).read_to_string(&mut text).map_err(|error| told(error.to_string()))?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    let secret = Secret::new(text);
    if length == 0 || secret.has_control() {
        return Err(told("it must hold the password on one line".to_owned()));
    }
    Ok(secret)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProxy {
    r#use: Option<Spanned<String>>,
    #[serde(default)]
    proxies: Vec<Spanned<String>>,
    no_proxy: Option<String>,
    user: Option<Spanned<String>>,
    password: Option<Spanned<toml::Value>>,
    password_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    forbid_basic: bool,
    #[serde(default)]
    kerberos: bool,
}

impl RawProxy {
    pub(super) fn checked(self, source: &Source<'_>) -> Result<Proxy, SettingsError> {
        let wrong = |at: usize, reason: &str| Err(source.error(Some(at), reason));
        if let Some(password) = &self.password {
            let reason = "a password is not written here: put it alone in a file, chmod 600 it, and name it in password_file";
            return wrong(password.span().start, reason);
        }
        let way = match &self.r#use {
            None => ProxySettings::None,
            Some(text) => {
                let at = text.span().start;
                let parsed = text.get_ref().parse::<ProxySettings>();
                parsed.map_err(|error| source.error(Some(at), error.to_string()))?
            }
        };
        if let (ProxySettings::Pac(PacSource::Url { server, .. }), Some(text)) = (&way, &self.r#use)
            && server.is_secure()
        {
            let reason = "the meter trusts only the infrastructure’s roots: offer the script by http, or put it in a file";
            return wrong(text.span().start, reason);
        }
        match (&self.user, &self.password_file) {
            (Some(user), None) => {
                return wrong(user.span().start, "name the file of its password in password_file");
            }
            (None, Some(file)) => {
                return wrong(file.span().start, "whose password is it? add user");
            }
            (Some(user), _)
                if user.get_ref().is_empty() || user.get_ref().contains(char::is_control) =>
            {
                return wrong(user.span().start, "is not a name that can be told to a proxy");
            }
            _ => {}
        }
        let of_script = self.proxies.iter().map(|proxy| {
            let parsed = proxy.get_ref().parse::<ProxyAddress>();
            parsed.map_err(|error| source.error(Some(proxy.span().start), error.to_string()))
        });
        let of_script = of_script.collect::<Result<Vec<_>, _>>()?;
        if let ProxySettings::Pac(_) = way {
        } else if let Some(proxy) = self.proxies.first() {
            return wrong(
                proxy.span().start,
                "only a script (use = \"pac:…\") names several proxies",
            );
        }
        Ok(Proxy {
            way,
            of_script,
            no_proxy: NoProxy::from(self.no_proxy.as_deref().unwrap_or_default()),
            user: self.user.map(Spanned::into_inner),
            password_file: self.password_file.map(Spanned::into_inner),
            forbid_basic: self.forbid_basic,
            kerberos: self.kerberos,
        })
    }
}
