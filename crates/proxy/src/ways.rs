//! What proxy settings mean: the routes to each destination, best first.

use crate::credentials::{Credentials, Secret};
use crate::destination::Destination;
use crate::error::ProxyError;
use crate::no_proxy::NoProxy;
use crate::pac::{Pac, Surroundings};
use crate::route::{ProxyAddress, Route};
use crate::settings::{SettingsError, without_user};

/// The routes to each destination.
#[derive(Clone, Debug)]
pub struct Ways {
    kind: Kind,
    no_proxy: NoProxy,
    credentials: Option<Credentials>,
}

#[derive(Clone, Debug)]
enum Kind {
    Direct,
    Fixed { secure: Option<ProxyAddress>, plain: Option<ProxyAddress> },
    Script(Pac),
}

impl Ways {
    /// No proxy, whatever the destination.
    #[must_use]
    pub fn direct() -> Ways {
        Ways { kind: Kind::Direct, no_proxy: NoProxy::default(), credentials: None }
    }

    /// One proxy for everything that `no_proxy` does not except.
    #[must_use]
    pub fn through(proxy: ProxyAddress, no_proxy: NoProxy) -> Ways {
        let kind = Kind::Fixed { secure: Some(proxy.clone()), plain: Some(proxy) };
        Ways { kind, no_proxy, credentials: None }
    }

    /// What a script answers, for everything that `no_proxy` does not except.
    #[must_use]
    pub fn by_script(pac: Pac, no_proxy: NoProxy) -> Ways {
        Ways { kind: Kind::Script(pac), no_proxy, credentials: None }
    }

    /// What the environment says; `variable` gives a variable's value. As in `curl`, small letters go
    /// before capitals, and `HTTP_PROXY` in capitals is not believed: a web server's client could set it.
    ///
    /// # Errors
    /// Names the variable that means nothing.
    pub fn from_environment(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Ways, SettingsError> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                variable(name).filter(|value| !value.trim().is_empty()).map(|value| (*name, value))
            })
        };
        let mut credentials = None;
        let mut proxy = |names: &[&'static str]| -> Result<Option<ProxyAddress>, SettingsError> {
            let Some((name, value)) = first(names) else { return Ok(None) };
            let (address, user) = variable_value(name, &value)?;
            credentials = credentials.take().or(user);
            Ok(Some(address))
        };
        let secure = proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
        let plain = proxy(&["http_proxy", "all_proxy", "ALL_PROXY"])?;
        let no_proxy =
            first(&["no_proxy", "NO_PROXY"]).map(|(_, list)| NoProxy::from(list.as_str()));
        Ok(Ways {
            kind: Kind::Fixed { secure, plain },
            no_proxy: no_proxy.unwrap_or_default(),
            credentials,
        })
    }

    /// The routes to `destination`, best first, never none. `surroundings` are asked only by a script;
    /// running one can take up to its time limit: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`ProxyError::Pac`] when a script brings no answer.
    pub fn routes(
        &self,
        destination: &Destination,
        surroundings: &Surroundings,
    ) -> Result<Vec<Route>, ProxyError> {
        if self.no_proxy.covers(destination.host()) {
            return Ok(vec![Route::Direct]);
        }
        match &self.kind {
            Kind::Direct => Ok(vec![Route::Direct]),
            Kind::Fixed { secure, plain } => {
                let proxy = if destination.is_secure() { secure } else { plain };
                Ok(vec![proxy.clone().map_or(Route::Direct, Route::Proxy)])
            }
            Kind::Script(pac) => Ok(pac.routes(destination, surroundings)?),
        }
    }

    /// The same, never showing a password of the environment by Basic if `forbidden`.
    #[must_use]
    pub fn forbid_basic(mut self, forbidden: bool) -> Ways {
        self.credentials = self.credentials.map(|c| c.forbid_basic(forbidden));
        self
    }

    /// The credentials that the environment's variables hold.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The proxies that can be named without asking a script, each once.
    #[must_use]
    pub fn proxies(&self) -> Vec<ProxyAddress> {
        let Kind::Fixed { secure, plain } = &self.kind else { return Vec::new() };
        let plain = plain.clone().filter(|plain| Some(plain) != secure.as_ref());
        secure.clone().into_iter().chain(plain).collect()
    }

    /// Whether a script decides: then [`Ways::routes`] may take its time.
    #[must_use]
    pub fn is_script(&self) -> bool {
        matches!(self.kind, Kind::Script(_))
    }
}

fn variable_value(
    name: &str,
    value: &str,
) -> Result<(ProxyAddress, Option<Credentials>), SettingsError> {
    let value = value.trim();
    let refused = |reason: &str| SettingsError {
        text: format!("{name}={}", without_user(value)),
        reason: reason.to_owned(),
    };
    let rest = value.strip_prefix("http://").unwrap_or(value);
    if rest.contains("://") {
        return Err(refused(
            "only proxies spoken to in plain HTTP are supported, like http://proxy.example:3128",
        ));
    }
    let rest = rest.split('/').next().unwrap_or(rest);
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    // As in curl: a proxy whose port is not written listens on 1080.
    let has_port = place.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    let place = if has_port { place.to_owned() } else { format!("{place}:1080") };
    let address = place.parse().map_err(|reason: String| refused(&reason))?;
    let credentials = user.map(|user| {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        Credentials::password(decoded(user), Secret::new(decoded(password)))
    });
    Ok((address, credentials))
}

/// `%40` as `@`; what is not such an escape stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pac::tests::nowhere;

    fn environment(pairs: &'static [(&'static str, &'static str)]) -> Result<Ways, SettingsError> {
        Ways::from_environment(&|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn to(ways: &Ways, destination: Result<Destination, crate::DestinationError>) -> String {
        let routes = ways.routes(&destination.unwrap(), &nowhere()).unwrap();
        routes.iter().map(Route::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_environment_has_a_proxy_per_scheme_and_exceptions() {
        let ways = environment(&[
            ("https_proxy", "http://secure.test:3128/"),
            ("HTTPS_PROXY", "http://not-this.test:1"),
            ("http_proxy", "plain.test"),
            ("NO_PROXY", "corp.test,192.0.2.0/24"),
        ])
        .unwrap();
        assert_eq!(to(&ways, Destination::https("a.test", 443)), "secure.test:3128");
        assert_eq!(to(&ways, Destination::http("a.test", 80)), "plain.test:1080");
        assert_eq!(to(&ways, Destination::https("www.corp.test", 443)), "direct");
        assert_eq!(to(&ways, Destination::http("192.0.2.9", 80)), "direct");
        let named: Vec<String> = ways.proxies().iter().map(ProxyAddress::to_string).collect();
        assert_eq!(named, ["secure.test:3128", "plain.test:1080"]);
        let ways = environment(&[("ALL_PROXY", "all.test:8080"), ("https_proxy", " ")]).unwrap();
        assert_eq!(to(&ways, Destination::https("a.test", 443)), "all.test:8080");
        assert_eq!(ways.proxies().len(), 1);
        assert_eq!(to(&ways, Destination::http("a.test", 80)), "all.test:8080");
    }

    #[test]
    fn a_variable_that_a_web_client_can_set_is_not_believed() {
        let ways = environment(&[("HTTP_PROXY", "http://evil.test:1")]).unwrap();
        assert_eq!(to(&ways, Destination::http("a.test", 80)), "direct");
    }

    #[test]
    fn an_empty_environment_means_direct() {
        let ways = environment(&[]).unwrap();
        assert_eq!(to(&ways, Destination::https("a.test", 443)), "direct");
    }

    #[test]
    fn a_user_in_a_variable_is_kept_apart_and_never_shown() {
        let ways =
            environment(&[("https_proxy", "http://meter:p%40ss%2@proxy.test:3128")]).unwrap();
        let expected = Credentials::password("meter", Secret::new("p@ss%2".to_owned()));
        assert_eq!(ways.credentials(), Some(&expected));
        assert!(!format!("{ways:?}").contains("p@ss"));
        let error =
            environment(&[("https_proxy", "socks5://meter:hunter2@proxy.test:1")]).unwrap_err();
        assert!(error.to_string().contains("https_proxy"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
