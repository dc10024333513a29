//! What every handler is given: the store, the keys, the catalogue, the metrics. It holds no state of a request, so any
//! number of processes can share one database.

use std::fmt;
use std::sync::Arc;

use timbre_catalogue::{Catalogue, Endpoint};
use timbre_key_store::KeyStore;

use crate::config::Policy;
use crate::http::Metrics;
use crate::store::Store;

pub(crate) struct Deployment {
    pub(crate) store: Store,
    pub(crate) keys: Arc<dyn KeyStore>,
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
