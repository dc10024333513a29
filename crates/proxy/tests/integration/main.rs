//! Proxies as they are met: real ones with real authentication, scripts judged by another engine, and
//! peers that mean no good.
#![expect(clippy::unwrap_used, reason = "what a test relies on must hold, or the test fails")]

mod hostile;
#[cfg(feature = "kerberos")]
mod kerberos;
mod machine;
mod no_proxy;
mod ntlm;
mod pac;
mod pac_loading;
mod pactester;
mod peer;
mod squid;
