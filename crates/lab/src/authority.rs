//! Certificate authorities of the laboratory: the public root that signs the origins in the place of other people's
//! services, and the company's own root with which interceptors forge. Their keys lie in the laboratory's folder and are
//! worth nothing outside.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

/// Which kind of key an authority has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Algorithm {
    /// As public authorities use it today.
    EllipticCurve,
    /// As most interceptors still use it.
    Rsa,
}

/// The files of an authority.
#[derive(Clone, Debug)]
pub struct AuthorityFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// The key.
    pub(crate) key: PathBuf,
    /// Key and certificate in one, as squid wants them.
    pub(crate) both: PathBuf,
}

impl AuthorityFiles {
    /// Makes an authority whose files begin with `stem`.
    pub(crate) fn make(
        folder: &Path,
        stem: &str,
        organisation: &str,
        algorithm: Algorithm,
    ) -> Result<AuthorityFiles> {
        let key = KeyPair::generate_for(match algorithm {
            Algorithm::EllipticCurve => &PKCS_ECDSA_P256_SHA256,
            Algorithm::Rsa => &PKCS_RSA_SHA256,
        })?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, format!("{organisation} CA"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let certificate = params.self_signed(&key)?.pem();
        let key = key.serialize_pem();
        let files = AuthorityFiles {
            certificate: folder.join(format!("{stem}.pem")),
            key: folder.join(format!("{stem}.key")),
            both: folder.join(format!("{stem}-both.pem")),
        };
        write(&files.certificate, &certificate)?;
        write(&files.key, &key)?;
        write(&files.both, &format!("{key}{certificate}"))?;
        Ok(files)
    }
}

/// An authority that signs.
pub(crate) struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    /// Reads an authority's files.
    pub(crate) fn open(certificate: &Path, key: &Path) -> Result<Authority> {
        let read = |file: &Path| {
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
        };
        let key = KeyPair::from_pem(&read(key)?)?;
        Ok(Authority(Issuer::from_ca_cert_pem(&read(certificate)?, key)?))
    }

    /// A certificate for one host name, with a new key.
    pub(crate) fn issue(&self, host: &str) -> Result<CertifiedKey> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&key, &self.0)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(CertifiedKey::from_der(
            vec![leaf.der().clone()],
            private,
            &aws_lc_rs::default_provider(),
        )?)
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
