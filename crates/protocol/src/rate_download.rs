//! Rate download: the meter fetches rate tables by name, each signed by the rates key (REQ DL-2, DL-5).
//!
//! Who and when: a signed-in meter, after a startup refresh has named tables that it lacks.
//! Source: « Téléchargements, nouvelle version de logiciels, graphiques, données tarifaires, etc. » and « Les données et
//! les fichiers entrants sont signés et vérifiés avant l'utilisation. »
//! The request is not signed: the token says who asks. What matters is the signature on each table, which the meter
//! verifies on arrival and again at each load.
//! Refused: what [`crate::token::TokenError`] says, and `unknown-table`.

use sha2::{Digest as _, Sha256};
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyId, KeyRole, KeyStore, KeyStoreError, PublicKey, Signature};
use timbre_postage::MeterSerial;

use crate::Hash;
use crate::exchange::Exchange;
use crate::message::message;
use crate::scalar::Document;
use crate::signed::{Signed, UNSIGNED, signed};

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct RateDownload;

impl Exchange for RateDownload {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "rate-download";
    const ENDPOINT: EndpointId = endpoint::RATE_DOWNLOAD;
}

/// “Send me these.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// The names of the tables.
    pub names: Vec<String>,
}

message!(Request as "rate-download-request" { serial, names });

/// The tables, in the order asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// One per name.
    pub tables: Vec<SignedTable>,
}

message!(Reply as "rate-download-reply" { tables });

/// A rate table, which is believed only by its signature. Also kept in this form by the meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedTable {
    /// The table's name, such as `ca-2025-01-13`.
    pub name: String,
    /// The text of the table.
    pub body: Document,
    /// The id of the key that signed it.
    pub key: KeyId,
    /// By the rates key, over the name and the text.
    pub signature: Signature,
}

message!(SignedTable as "table" { name, body, key, signature });
signed!(SignedTable by KeyRole::Rates);

/// The table is not what the provider published.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TableBreach {
    /// Another key than the one that is trusted.
    #[error(
        "rate table {name} is signed by key {found}, and only key {trusted} is trusted for rates"
    )]
    OtherKey {
        /// The table.
        name: String,
        /// The key it names.
        found: KeyId,
        /// The key that is trusted.
        trusted: KeyId,
    },
    /// The text or name is not the one that was signed.
    #[error("rate table {name} was altered after it was signed, or never was signed")]
    BadSignature {
        /// The table.
        name: String,
    },
}

impl SignedTable {
    /// Signs a table with the rates key.
    ///
    /// # Errors
    /// If the key store has no rates key or cannot use it.
    pub fn publish(
        name: impl Into<String>,
        text: impl Into<String>,
        keys: &dyn KeyStore,
    ) -> Result<Self, KeyStoreError> {
        let key = keys.public_key(KeyRole::Rates)?.key_id();
        let (name, body) = (name.into(), Document(text.into()));
        SignedTable { name, body, key, signature: UNSIGNED }.sign(keys)
    }

    /// The text of the table, if the key that is trusted for rates signed it under this name.
    ///
    /// # Errors
    /// [`TableBreach`]: the table must not be used.
    pub fn verified_text(&self, trusted: &PublicKey) -> Result<&str, TableBreach> {
        if self.key != trusted.key_id() {
            return Err(TableBreach::OtherKey {
                name: self.name.clone(),
                found: self.key,
                trusted: trusted.key_id(),
            });
        }
        match self.verify(trusted) {
            Ok(()) => Ok(&self.body.0),
            Err(_) => Err(TableBreach::BadSignature { name: self.name.clone() }),
        }
    }

    /// SHA-256 of the table's text, as in [`crate::startup_refresh::TableVersion`].
    #[must_use]
    pub fn digest(&self) -> Hash {
        Sha256::digest(self.body.0.as_bytes()).into()
    }
}
