//! What a certificate chain says about itself, and what is wrong with it. A product’s name only serves the blame: the
//! verdict rests on roots, pins and keys, because an interceptor copies everything else.

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Error};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::products::PRODUCTS;
use crate::{Code, Evidence};

/// Who a server claims to be.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) key_algorithm: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    /// SHA-256 of the certificate.
    pub(crate) certificate: [u8; 32],
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub(crate) key: [u8; 32],
    /// The same of every other certificate that was shown.
    pub(crate) other_keys: Vec<[u8; 32]>,
    /// Why the plan’s roots do not accept it; none when they do.
    pub(crate) refused: Option<Error>,
    pub(crate) is_public: bool,
    pub(crate) machine_trusts: bool,
    /// The chain, leaf first: subject and issuer.
    chain: Vec<String>,
}

impl Identity {
    pub(super) fn read(
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        refused: Option<Error>,
        is_public: bool,
        machine_trusts: bool,
    ) -> Identity {
        let key_of = |der: &CertificateDer<'_>| -> Option<[u8; 32]> {
            let (_, certificate) = X509Certificate::from_der(der).ok()?;
            Some(Sha256::digest(certificate.public_key().raw).into())
        };
        let parsed = X509Certificate::from_der(leaf).ok().map(|(_, certificate)| certificate);
        let text = |read: &dyn Fn(&X509Certificate<'_>) -> String| {
            parsed.as_ref().map(read).unwrap_or_default()
        };
        let chain = core::iter::once(leaf).chain(others).filter_map(|der| {
            let (_, certificate) = X509Certificate::from_der(der).ok()?;
            Some(format!("{} < {}", certificate.subject(), certificate.issuer()))
        });
        Identity {
            subject: text(&|c| c.subject().to_string()),
            issuer: text(&|c| c.issuer().to_string()),
            key_algorithm: text(&|c| algorithm(&c.public_key().algorithm.algorithm.to_id_string())),
            not_before: text(&|c| c.validity().not_before.to_string()),
            not_after: text(&|c| c.validity().not_after.to_string()),
            certificate: Sha256::digest(leaf).into(),
            key: key_of(leaf).unwrap_or_default(),
            other_keys: others.iter().filter_map(key_of).collect(),
            refused,
            is_public,
            machine_trusts,
            chain: chain.collect(),
        }
    }

    /// A CA that signs with the very key it gives its servers makes certificates on the fly.
    pub(crate) fn key_is_its_authority(&self) -> bool {
        self.other_keys.contains(&self.key)
    }

    /// What was shown, as evidence.
    pub(crate) fn facts(&self) -> Vec<Evidence> {
        let fact =
            |name: &str, value: String| Evidence { name: name.to_owned(), value, private: false };
        vec![
            fact("issuer", self.issuer.clone()),
            fact("subject", self.subject.clone()),
            fact("key-algorithm", self.key_algorithm.clone()),
            fact("key-sha256", hex(&self.key)),
            fact("valid", format!("{} – {}", self.not_before, self.not_after)),
            fact("chain", self.chain.join("; ")),
            fact("trusted-publicly", self.is_public.to_string()),
            fact("trusted-by-this-machine", self.machine_trusts.to_string()),
        ]
    }
}

/// The code of what the plan’s roots say; none when they accept.
pub(crate) fn trouble_of(identity: &Identity) -> Option<Code> {
    let error = match identity.refused.as_ref()? {
        Error::InvalidCertificate(error) => error,
        _ => return Some(Code::TlsBadCertificate),
    };
    Some(match error {
        CertificateError::UnknownIssuer => Code::TlsUnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Code::TlsWrongName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Code::TlsExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Code::TlsNotYetValid
        }
        _ => Code::TlsBadCertificate,
    })
}

/// The product whose habit such an issuer is.
pub(crate) fn product_named(issuer: &str) -> Option<&'static str> {
    let issuer = issuer.to_ascii_lowercase();
    PRODUCTS.iter().find(|(sign, _)| issuer.contains(sign)).map(|(_, product)| *product)
}

fn algorithm(oid: &str) -> String {
    match oid {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.10045.2.1" => "EC",
        "1.3.101.112" => "Ed25519",
        other => other,
    }
    .to_owned()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_gives_its_product_away_and_a_customers_own_name_gives_nothing_away() {
        assert_eq!(
            product_named("CN=Zscaler Intermediate Root CA (zscloud.net) (t)"),
            Some("Zscaler")
        );
        assert_eq!(product_named("C=US, O=Fortinet, CN=FG100F"), Some("Fortinet FortiGate"));
        assert_eq!(product_named("CN=mitmproxy, O=mitmproxy"), Some("mitmproxy"));
        assert_eq!(product_named("O=Example Corp, CN=Example Corp TLS Inspection CA"), None);
    }
}
