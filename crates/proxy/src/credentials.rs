//! Who asks the proxy, and how that may be proved. Secrets are wiped when dropped and shown nowhere.

use std::fmt;

use zeroize::Zeroizing;

/// Text that is shown nowhere and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` over.
    #[must_use]
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// Whether it holds what no line of text holds.
    #[must_use]
    pub fn has_control(&self) -> bool {
        self.0.contains(char::is_control)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What may be shown to a proxy, and to nobody else.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Credentials {
    pub(crate) user: Option<(String, Secret)>,
    pub(crate) kerberos: bool,
    pub(crate) forbid_basic: bool,
}

impl Credentials {
    /// Nothing: a proxy that asks who we are is not served.
    #[must_use]
    pub fn none() -> Credentials {
        Credentials::default()
    }

    /// A user and a password; `user` may be `DOMAIN\name` for NTLM.
    #[must_use]
    pub fn password(user: impl Into<String>, password: Secret) -> Credentials {
        Credentials { user: Some((user.into(), password)), ..Credentials::default() }
    }

    /// Also the Kerberos ticket that the system's cache holds, for proxies that offer Negotiate.
    #[must_use]
    pub fn with_kerberos(self, allowed: bool) -> Credentials {
        Credentials { kerberos: allowed, ..self }
    }

    /// Basic shows the password to everyone on the line: with `true` it is never used.
    #[must_use]
    pub fn forbid_basic(self, forbidden: bool) -> Credentials {
        Credentials { forbid_basic: forbidden, ..self }
    }

    /// Whether there is nothing to prove oneself with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.user.is_none() && !self.kerberos
    }

    /// The name of the user, for evidence.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_ref().map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_nowhere() {
        let credentials = Credentials::password("meter", Secret::new("hunter2".to_owned()));
        let shown = format!("{credentials:?} {credentials:#?}");
        assert!(shown.contains("meter") && !shown.contains("hunter2"), "{shown}");
    }
}
