//! One way to a destination: straight, or through one proxy.

use std::fmt;
use std::str::FromStr;

use crate::destination::{Destination, authority};

/// One way to a destination.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Route {
    /// No proxy.
    Direct,
    /// Through this proxy.
    Proxy(ProxyAddress),
}

/// Where a proxy listens. It is spoken to in plain HTTP; what goes through it is encrypted end to end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProxyAddress {
    host: String,
    port: u16,
}

impl ProxyAddress {
    /// A proxy at `host` and `port`; `None` when `host` is neither a name nor an address.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Option<ProxyAddress> {
        let checked = Destination::http(host, port).ok().filter(|d| d.port() != 0)?;
        Some(ProxyAddress { host: checked.host().to_owned(), port })
    }

    /// The host; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&authority(&self.host, self.port))
    }
}

/// `host:port` or `[address]:port`.
impl FromStr for ProxyAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<ProxyAddress, String> {
        let refused =
            || format!("“{text}” is not a host and a port: write it like proxy.example:3128");
        let (host, port) = text.rsplit_once(':').ok_or_else(refused)?;
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let bare = host.contains(':') && !host.starts_with('[');
        let port = port.parse().ok().filter(|_| digits && !bare).ok_or_else(refused)?;
        ProxyAddress::new(host, port).ok_or_else(refused)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::Direct => f.write_str("direct"),
            Route::Proxy(proxy) => proxy.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (text, shown) in
            [("Proxy.Example:3128", "proxy.example:3128"), ("[::1]:80", "[::1]:80")]
        {
            assert_eq!(text.parse::<ProxyAddress>().unwrap().to_string(), shown);
        }
        for bad in [
            "",
            "proxy",
            "proxy:",
            "proxy:0",
            "proxy:65536",
            "proxy:+1",
            "::1:80",
            "a b:1",
            "u@p:1",
        ] {
            assert!(bad.parse::<ProxyAddress>().is_err(), "{bad}");
        }
    }
}
