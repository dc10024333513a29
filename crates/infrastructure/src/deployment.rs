//! What every handler is given: the store, the keys, the catalogue, the metrics. It holds no state of a request, so any
//! number of processes can share one database.

use std::fmt;
use std::sync::Arc;

use timbre_catalogue::{Catalogue, Endpoint};
use timbre_key_store::{KeyRole, KeyStore};
use timbre_postage::MeterSerial;

use crate::config::Policy;
use crate::http::Metrics;
use crate::keys::{Keyring, Unbelievable};
use crate::refusal::{Identity, Refused};
use crate::store::{Store, contacts};

pub(crate) struct Deployment {
    pub(crate) store: Store,
    pub(crate) keys: Arc<Keyring>,
    pub(crate) catalogue: Catalogue,
    /// The port that meters are told to call.
    pub(crate) port: u16,
    /// Which findings suspend a meter.
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
}

impl Deployment {
    /// The rows that carry an exchange of the protocol: what a meter is told of.
    pub(crate) fn exchanges(&self) -> impl Iterator<Item = &Endpoint> {
        self.catalogue.endpoints().iter().filter(|row| row.exchange.is_some())
    }

    /// What signs for a meter in this role: the key that it believed when it last signed in, which is not the newest while
    /// one takes another's place.
    pub(crate) async fn keys_for(
        &self,
        role: KeyRole,
        serial: MeterSerial,
    ) -> Result<Arc<dyn KeyStore>, Refused> {
        if !self.keys.has_choice(role) {
            return Ok(self.keys.clone());
        }
        let contact = contacts::find(&mut *self.store.reader().await?, serial).await?;
        let believed = contact.map(|contact| match role {
            KeyRole::Rates => contact.rates_key,
            _ => contact.funds_key,
        });
        self.keys.believed(role, believed).map_err(|why| match why {
            Unbelievable::Revoked => Identity::BelievesRevokedKey(role).into(),
            Unbelievable::Unknown => Identity::BelievesUnknownKey(role).into(),
        })
    }

    /// The URL of an endpoint as a meter reaches it here.
    pub(crate) fn url(&self, endpoint: &Endpoint) -> String {
        let mut target = endpoint.target().clone();
        target.port = self.port;
        target.to_string()
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployment").field("store", &self.store).finish_non_exhaustive()
    }
}
