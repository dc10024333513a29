//! What is to be reached: a scheme, a host and a port. Nothing else of a URL is ever shown to a proxy that
//! only has to open a tunnel, or to a PAC script.

use core::net::Ipv6Addr;
use std::fmt;

/// A host and a port, and whether what is spoken there is encrypted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Destination {
    secure: bool,
    host: String,
    port: u16,
}

/// A host that cannot be asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{host}” is not a host name or an address that a proxy can be asked for")]
pub struct DestinationError {
    /// What was given.
    pub host: String,
}

impl Destination {
    /// `https` to `host`.
    ///
    /// # Errors
    /// When `host` is neither a name nor an address: it would end up inside a request line.
    pub fn https(host: &str, port: u16) -> Result<Destination, DestinationError> {
        Destination::new(true, host, port)
    }

    /// `http` to `host`.
    ///
    /// # Errors
    /// As [`Destination::https`].
    pub fn http(host: &str, port: u16) -> Result<Destination, DestinationError> {
        Destination::new(false, host, port)
    }

    fn new(secure: bool, host: &str, port: u16) -> Result<Destination, DestinationError> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let fits = !bare.is_empty()
            && bare.len() <= 253
            && (bare.bytes().all(name) || bare.parse::<Ipv6Addr>().is_ok());
        if !fits {
            return Err(DestinationError { host: host.to_owned() });
        }
        Ok(Destination { secure, host: bare.to_ascii_lowercase(), port })
    }

    /// Whether TLS is spoken there.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host, in small letters, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`, as `CONNECT` wants it.
    #[must_use]
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }

    /// The URL of its root: all that a PAC script may know, as browsers give it for `https`.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, usual) = if self.secure { ("https", 443) } else { ("http", 80) };
        let host = bracketed(&self.host);
        if self.port == usual {
            format!("{scheme}://{host}/")
        } else {
            format!("{scheme}://{host}:{}/", self.port)
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority())
    }
}

pub(crate) fn authority(host: &str, port: u16) -> String {
    format!("{}:{port}", bracketed(host))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_host_and_a_port_and_nothing_that_could_end_a_line() {
        let to = Destination::https("Comet.Example", 443).unwrap();
        assert_eq!(
            (to.authority().as_str(), to.url().as_str()),
            ("comet.example:443", "https://comet.example/")
        );
        let to = Destination::http("[2001:db8::1]", 8080).unwrap();
        assert_eq!(to.authority(), "[2001:db8::1]:8080");
        assert_eq!(to.url(), "http://[2001:db8::1]:8080/");
        for bad in ["", "a b", "a\r\nHost: b", "a/b", "user@a", "a:80", "é", &"a".repeat(254)] {
            assert!(Destination::https(bad, 443).is_err(), "{bad:?}");
        }
    }
}
