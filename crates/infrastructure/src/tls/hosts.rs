//! Which certificate a caller gets: by the name it asks for. A caller that asks for no name, or for a name that is not
//! ours, gets none, and the handshake ends.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Authority, TlsError};

/// A third of a certificate's life: a process that runs for years never serves an expired one.
const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// TLS 1.2 and later, these protocols above it, one certificate for each host name.
pub(crate) fn server_config(
    authority: &Arc<Authority>,
    hosts: impl IntoIterator<Item = String>,
    protocols: &[&str],
) -> Result<ServerConfig, TlsError> {
    let now = Timestamp::now();
    let issued = hosts
        .into_iter()
        .map(|host| {
            let key = Arc::new(authority.issue(&host, now)?);
            Ok((host, Issued { at: now, key }))
        })
        .collect::<Result<_, TlsError>>()?;
    let authority = authority.clone();
    let hosts = Arc::new(Hosts { authority, issued: RwLock::new(issued) });
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(hosts);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Ok(config)
}

#[derive(Debug)]
struct Hosts {
    authority: Arc<Authority>,
    issued: RwLock<BTreeMap<String, Issued>>,
}

#[derive(Clone, Debug)]
struct Issued {
    at: Timestamp,
    key: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Hosts {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name()?;
        let now = Timestamp::now();
        let current =
            self.issued.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned()?;
        if now.duration_since(current.at) < RENEW_AFTER {
            return Some(current.key);
        }
        match self.authority.issue(host, now) {
            Ok(key) => {
                let issued = Issued { at: now, key: Arc::new(key) };
                let mut all = self.issued.write().unwrap_or_else(PoisonError::into_inner);
                all.insert(host.to_owned(), issued.clone());
                Some(issued.key)
            }
            Err(error) => {
                tracing::error!(host, %error, "certificate not renewed; the present one goes on");
                Some(current.key)
            }
        }
    }
}
