//! Remembers the chain that a server shows and what each set of roots says to it. It accepts everything: the caller judges.
//! The proof that the server holds its key is still checked.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::{Authorities, Identity};

#[derive(Debug)]
pub(super) struct Witness {
    provider: Arc<CryptoProvider>,
    genuine: Option<Arc<WebPkiServerVerifier>>,
    public: Option<Arc<WebPkiServerVerifier>>,
    machine: Option<Arc<WebPkiServerVerifier>>,
    seen: Mutex<Option<Identity>>,
}

impl Witness {
    pub(super) fn new(authorities: &Authorities) -> Witness {
        Witness {
            provider: Arc::clone(&authorities.provider),
            genuine: authorities.genuine.clone(),
            public: authorities.public.clone(),
            machine: authorities.machine.clone(),
            seen: Mutex::default(),
        }
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = |by: &Option<Arc<WebPkiServerVerifier>>| match by {
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
            Some(by) => {
                by.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        };
        let identity = Identity::read(
            end_entity,
            intermediates,
            judged(&self.genuine).err(),
            judged(&self.public).is_ok(),
            judged(&self.machine).is_ok(),
        );
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
