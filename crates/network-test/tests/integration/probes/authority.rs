//! A certificate authority and the certificates it gives, right and wrong.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pub(super) pem: String,
}

/// How a certificate differs from a sound one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Now,
    Past,
    Future,
}

impl Authority {
    pub(super) fn named(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap();
        Authority {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for some hosts with a key of its own.
    pub(super) fn server(&self, hosts: &[&str], validity: Validity) -> Arc<ServerConfig> {
        self.server_with(hosts, validity, &KeyPair::generate().unwrap(), false)
    }

    /// As an interceptor does it: with the key it gives to every host.
    pub(super) fn forged(&self, host: &str, key: &KeyPair) -> Arc<ServerConfig> {
        self.server_with(&[host], Validity::Now, key, true)
    }

    fn server_with(
        &self,
        hosts: &[&str],
        validity: Validity,
        key: &KeyPair,
        with_root: bool,
    ) -> Arc<ServerConfig> {
        let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        match validity {
            Validity::Now => {}
            Validity::Past => params.not_after = rcgen::date_time_ymd(2001, 1, 1),
            Validity::Future => params.not_before = rcgen::date_time_ymd(2400, 1, 1),
        }
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        let mut chain = vec![certificate.der().clone()];
        if with_root {
            chain.push(self.certificate.clone());
        }
        let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .unwrap();
        Arc::new(config)
    }

    /// The key with which this authority signs, as some interceptors give it to their servers too.
    pub(super) fn own_key(&self) -> &KeyPair {
        self.issuer.key()
    }
}

/// What a pin is made of.
pub(super) fn pin(key: &KeyPair) -> [u8; 32] {
    Sha256::digest(key.subject_public_key_info()).into()
}

/// The same server as another that speaks no more than TLS 1.2.
pub(super) fn oldest(authority: &Authority, hosts: &[&str]) -> Arc<ServerConfig> {
    let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(names).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], secret)
        .unwrap();
    Arc::new(config)
}
