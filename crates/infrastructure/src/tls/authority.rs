//! The root of trust: made at the first start, read back afterwards. It never leaves its folder and signs nothing but
//! the services' own host names.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use super::TlsError;

const ROOT_YEARS: i64 = 20;
const LEAF_DAYS: i64 = 90;

/// The certificate authority of one deployment.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: PathBuf,
    fingerprint: [u8; 32],
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Authority {
    /// Opens the authority in `folder`, or makes it when the folder holds none.
    pub(crate) fn open_or_create(folder: &Path, now: Timestamp) -> Result<Self, TlsError> {
        let certificate = folder.join("ca.pem");
        let key = folder.join("ca.key");
        match (certificate.exists(), key.exists()) {
            (true, true) => Self::open(certificate, &key),
            (false, false) => Self::create(folder, certificate, &key, now),
            (true, false) => Err(TlsError::Half(key)),
            (false, true) => Err(TlsError::Half(certificate)),
        }
    }

    fn open(certificate: PathBuf, key_file: &Path) -> Result<Self, TlsError> {
        let mode = fs::metadata(key_file).map_err(in_file(key_file))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(TlsError::Exposed(key_file.to_owned()));
        }
        let key = KeyPair::from_pem(&fs::read_to_string(key_file).map_err(in_file(key_file))?)?;
        let root = fs::read_to_string(&certificate).map_err(in_file(&certificate))?;
        let issuer = Issuer::from_ca_cert_pem(&root, key)?;
        Ok(Authority { issuer, certificate, fingerprint: fingerprint(&root) })
    }

    fn create(
        folder: &Path,
        certificate: PathBuf,
        key_file: &Path,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        fs::create_dir_all(folder).map_err(in_file(folder))?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "timbre certificate authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let today = date(now);
        set_validity(&mut params, today, today.saturating_add(ROOT_YEARS.years()));
        let root = params.self_signed(&key)?;
        // The key first: a certificate without its key would be handed out and could never sign.
        write(key_file, key.serialize_pem().as_bytes(), 0o600)?;
        let root = root.pem();
        write(&certificate, root.as_bytes(), 0o644)?;
        let fingerprint = fingerprint(&root);
        Ok(Authority { issuer: Issuer::new(params, key), certificate, fingerprint })
    }

    /// The file of the root certificate, which every meter must be given.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// SHA-256 of the root certificate's text, which tells one authority from another.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// A certificate and a new key for one host name.
    pub(crate) fn issue(&self, host: &str, now: Timestamp) -> Result<CertifiedKey, TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let today = date(now);
        set_validity(&mut params, today, today.saturating_add(LEAF_DAYS.days()));
        let leaf = params.signed_by(&key, &self.issuer)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = aws_lc_rs::default_provider();
        Ok(CertifiedKey::from_der(vec![leaf.der().clone()], private, &provider)?)
    }
}

fn date(now: Timestamp) -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(now).date()
}

/// Validity starts a day early: a meter's clock may be behind ours.
fn set_validity(params: &mut CertificateParams, today: Date, end: Date) {
    let start = today.saturating_sub(1.days());
    let moment = |date: Date| {
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    (params.not_before, params.not_after) = (moment(start), moment(end));
}

fn fingerprint(root: &str) -> [u8; 32] {
    Sha256::digest(root.trim()).into()
}

fn in_file(file: &Path) -> impl FnOnce(std::io::Error) -> TlsError + '_ {
    move |source| TlsError::File { file: file.to_owned(), source }
}

fn write(file: &Path, content: &[u8], mode: u32) -> Result<(), TlsError> {
    let mut options = OpenOptions::new();
    let mut handle =
        options.write(true).create_new(true).mode(mode).open(file).map_err(in_file(file))?;
    handle.write_all(content).and_then(|()| handle.sync_all()).map_err(in_file(file))
}
