//! Whom the meter believes: the deployment's own roots, and no others (REQ NET-6).
//!
//! When it does not believe, it says who was there instead: an interceptor copies names and dates, but it
//! must sign with its own issuer.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

/// Why a certificate was not believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Distrust {
    /// Not issued under our roots; the issuer it names.
    Issuer(String),
    /// Ours, for other names.
    Name(Vec<String>),
    /// Anything else.
    Certificate(String),
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Distrust::Issuer(issuer) => write!(f, "issued by {issuer}"),
            Distrust::Name(names) => write!(f, "issued for {}", names.join(", ")),
            Distrust::Certificate(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Distrust {}

/// TLS that believes the roots in the file `ca` and nobody else.
pub(super) fn client_config(ca: &Path) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    let unusable = |reason: &dyn fmt::Display| format!("{}: {reason}", ca.display());
    let certificates = CertificateDer::pem_file_iter(ca).map_err(|e| unusable(&e))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|e| unusable(&e))?;
        roots.add(certificate).map_err(|e| unusable(&e))?;
    }
    if roots.is_empty() {
        return Err(unusable(
            &"it holds no certificate; it must hold the infrastructure’s root, in PEM",
        ));
    }
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|e| unusable(&e))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| unusable(&e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Explaining { verifier }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What our verifier said, if this is its error.
pub(super) fn distrust(error: &rustls::Error) -> Option<Distrust> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inside))) => {
            inside.downcast_ref::<Distrust>().cloned()
        }
        rustls::Error::InvalidCertificate(other) => Some(Distrust::Certificate(other.to_string())),
        _ => None,
    }
}

/// The standard verifier, whose refusals are put in the words of a person at the machine. It accepts
/// exactly what the standard one accepts.
#[derive(Debug)]
struct Explaining {
    verifier: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Explaining {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        verdict.map_err(|error| {
            let rustls::Error::InvalidCertificate(reason) = error else { return error };
            let distrust = match reason {
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    // The last certificate sent is the nearest to the interceptor's root.
                    Distrust::Issuer(issuer(intermediates.last().unwrap_or(end_entity)))
                }
                CertificateError::NotValidForNameContext { presented, .. } => {
                    Distrust::Name(presented.iter().map(|name| bare(name)).collect())
                }
                other => Distrust::Certificate(other.to_string()),
            };
            CertificateError::Other(OtherError(Arc::new(distrust))).into()
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// The issuer as the certificate names it, for a person to recognise.
fn issuer(certificate: &CertificateDer<'_>) -> String {
    x509_parser::parse_x509_certificate(certificate).map_or_else(
        |_| "a certificate that cannot be read".to_owned(),
        |(_, parsed)| parsed.issuer().to_string(),
    )
}

/// `DnsName("a.example")` as `a.example`.
fn bare(presented: &str) -> String {
    let inner = presented.split_once('(').map_or(presented, |(_, rest)| rest);
    inner.trim_end_matches(')').trim_matches('"').to_owned()
}
