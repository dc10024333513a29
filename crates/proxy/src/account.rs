//! What happened between us and a proxy, as evidence: nothing in it is secret.

use std::fmt;

/// How one proves to a proxy who asks, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scheme {
    /// The password itself, readable by everyone on the line.
    Basic,
    /// A challenge of Windows, bound to the connection.
    Ntlm,
    /// A hash of the password and a challenge.
    Digest,
    /// A Kerberos ticket.
    Negotiate,
}

impl Scheme {
    /// As it stands in `Proxy-Authenticate`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Basic => "Basic",
            Scheme::Ntlm => "NTLM",
            Scheme::Digest => "Digest",
            Scheme::Negotiate => "Negotiate",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Scheme> {
        let all = [Scheme::Basic, Scheme::Ntlm, Scheme::Digest, Scheme::Negotiate];
        all.into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What it took to be served by a proxy.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Account {
    /// The names of the schemes the proxy offered, as it wrote them; empty if it asked for nothing.
    pub offered: Vec<String>,
    /// The scheme that was used.
    pub used: Option<Scheme>,
    /// How many connections to the proxy were opened.
    pub connections: u8,
    /// How many requests were sent to the proxy.
    pub requests: u8,
    /// The header fields of its last answer, in its order and capitals.
    pub headers: Vec<(String, String)>,
}
