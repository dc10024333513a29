//! TLS as a witness: the handshake always goes on, and what the other end showed is judged afterwards, against the roots of
//! the plan, the public ones and those of this machine. Nothing is sent over such a stream that is not public.

mod judge;
mod products;
mod verifier;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::context::Stream;
use crate::{Code, Roots};

pub(crate) use judge::{Identity, hex, product_named, trouble_of};
use verifier::Witness;

/// The sets of roots that a certificate is judged by; none where a set is empty.
pub(crate) struct Authorities {
    provider: Arc<CryptoProvider>,
    genuine: Option<Arc<WebPkiServerVerifier>>,
    public: Option<Arc<WebPkiServerVerifier>>,
    machine: Option<Arc<WebPkiServerVerifier>>,
}

/// What a handshake brought.
pub(crate) struct Opened {
    pub(crate) stream: Stream,
    pub(crate) identity: Identity,
    /// `TLSv1_3`
    pub(crate) version: String,
    pub(crate) is_oldest: bool,
    pub(crate) suite: String,
}

/// Why there was none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TlsTrouble {
    pub(crate) code: Code,
    pub(crate) said: String,
}

impl Authorities {
    pub(crate) async fn of(roots: &Roots) -> Authorities {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let public = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let machine = tokio::task::spawn_blocking(|| {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            store
        });
        let machine = machine.await.unwrap_or_else(|_| RootCertStore::empty());
        let verifier = |store: RootCertStore| {
            let builder =
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider));
            builder.build().ok()
        };
        let public = verifier(public);
        let genuine = match roots {
            Roots::Public => public.clone(),
            Roots::Pem(text) => {
                let mut store = RootCertStore::empty();
                let read = CertificateDer::pem_slice_iter(text).filter_map(Result::ok);
                store.add_parsable_certificates(read);
                verifier(store)
            }
        };
        Authorities { genuine, public, machine: verifier(machine), provider }
    }

    /// Whether the plan’s roots hold anything to judge by.
    pub(crate) fn can_judge(&self) -> bool {
        self.genuine.is_some()
    }

    /// Shakes hands as a client that believes everything, and remembers what it was shown.
    pub(crate) async fn handshake(
        &self,
        stream: Stream,
        host: &str,
        limit: Duration,
    ) -> Result<Opened, TlsTrouble> {
        let trouble = |code, said: String| TlsTrouble { code, said };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| trouble(Code::CouldNotTest, error.to_string()))?;
        let witness = Arc::new(Witness::new(self));
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| trouble(Code::CouldNotTest, error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<_>)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Every handshake is a whole one: a resumed session shows no certificate.
        config.resumption = rustls::client::Resumption::disabled();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let stream = match timeout(limit, connecting).await {
            Err(_) => {
                let said = format!("no answer within {} ms", limit.as_millis());
                return Err(trouble(Code::TlsSilentAfterHello, said));
            }
            Ok(Err(error)) => return Err(handshake_trouble(&error)),
            Ok(Ok(stream)) => stream,
        };
        let (_, connection) = stream.get_ref();
        let version = connection.protocol_version();
        let suite = connection.negotiated_cipher_suite();
        let opened = Opened {
            version: version.map(|version| format!("{version:?}")).unwrap_or_default(),
            is_oldest: version == Some(ProtocolVersion::TLSv1_2),
            suite: suite.map(|suite| format!("{:?}", suite.suite())).unwrap_or_default(),
            identity: witness
                .identity()
                .ok_or_else(|| trouble(Code::TlsRefused, "no certificate was shown".to_owned()))?,
            stream: Box::new(stream),
        };
        Ok(opened)
    }
}

/// What ended a handshake that began.
fn handshake_trouble(error: &io::Error) -> TlsTrouble {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let code = match inner {
        Some(rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. }) => {
            Code::TlsNotTls
        }
        Some(rustls::Error::InvalidCertificate(_)) => Code::TlsBadCertificate,
        Some(_) => Code::TlsRefused,
        None => Code::TlsResetAfterHello,
    };
    TlsTrouble { code, said: error.to_string() }
}
