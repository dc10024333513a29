//! What a new meter is given to believe: the root certificate of the services and the keys of the roles whose
//! signatures it must check before an operational block has told it anything.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use timbre_key_store::{KeyRole, KeyStore as _, PublicKey};

use crate::config::Config;
use crate::ground::{Ground, ServeError};

/// The trust anchors of a deployment. They are public, but whoever can change them on their way owns the meter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchors {
    /// The domain of the services.
    pub domain: String,
    /// Signs operational blocks, refills and inspections.
    pub funds_key: PublicKey,
    /// Signs rate tables.
    pub rates_key: PublicKey,
    /// Signs the catalogues of destinations and the answers of the network test; none in anchors that were written before
    /// it did.
    #[serde(default)]
    pub distributor_key: Option<PublicKey>,
    /// The root certificate, in PEM.
    pub root_certificate: String,
    /// When this was written.
    pub issued: Timestamp,
}

impl Anchors {
    /// The anchors of the deployment that `config` describes, with the keys that sign today; its authority and keys are
    /// made if they are missing.
    ///
    /// # Errors
    /// If the data folder, the authority, the keys or the database cannot be had.
    pub async fn of(config: &Config) -> Result<Self, ServeError> {
        let Ground { authority, keys, store } = Ground::open(config).await?;
        store.close().await;
        let file = authority.certificate();
        let root_certificate = std::fs::read_to_string(file)
            .map_err(|source| ServeError::DataFolder { folder: file.to_owned(), source })?;
        Ok(Anchors {
            domain: config.domain.clone(),
            funds_key: keys.public_key(KeyRole::Funds)?,
            rates_key: keys.public_key(KeyRole::Rates)?,
            distributor_key: Some(keys.public_key(KeyRole::Distributor)?),
            root_certificate,
            issued: Timestamp::now(),
        })
    }
}
