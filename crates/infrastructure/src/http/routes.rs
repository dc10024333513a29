//! The catalogue's rows and the handlers, joined: which host and path lead to which exchange or plain service.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::response::Response;
use timbre_catalogue::{Catalogue, EndpointId, Scheme, endpoint};
use timbre_protocol::{
    Exchange, Inspection, Installation, Message, RateDownload, Refill, Replacement, SignIn,
    StartupRefresh, TransactionUpload, Withdrawal,
};

use super::plain::Asked;
use crate::call::Call;
use crate::deployment::Deployment;
use crate::refusal::Refused;
use crate::{catalogue, comet, distributor, downloads, network_test, uploads};

pub(crate) type Doing<T> = Pin<Box<dyn Future<Output = Result<T, Refused>> + Send>>;
/// Its reply is XML.
pub(crate) type ExchangeHandler = fn(Arc<Deployment>, Arc<Call>) -> Doing<String>;
type PlainHandler = fn(Arc<Deployment>, Asked) -> Doing<Response>;

/// A row of the catalogue and what answers there.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) endpoint: EndpointId,
    pub(super) host: String,
    /// One that ends in a slash answers for everything under it.
    pub(super) path: String,
    pub(super) serves: Serves,
}

/// What answers at a route.
#[derive(Clone, Copy, Debug)]
pub(super) enum Serves {
    /// An XML exchange of the protocol.
    Exchange {
        /// The most bytes a request may have.
        limit: usize,
        handler: ExchangeHandler,
    },
    /// What any program may ask.
    Plain {
        /// Whether an address has a share that it can use up.
        limited: bool,
        handler: PlainHandler,
    },
}

impl Route {
    /// Whether a path leads here.
    pub(super) fn answers(&self, path: &str) -> bool {
        path == self.path || self.path.ends_with('/') && path.starts_with(&self.path)
    }

    pub(super) fn is_plain(&self) -> bool {
        matches!(self.serves, Serves::Plain { .. })
    }
}

/// The names of the services that this infrastructure can offer.
pub(crate) fn service_names() -> Vec<String> {
    Catalogue::timbre().services().into_iter().map(str::to_owned).collect()
}

/// The routes by TLS or in the clear, of the services in `only`, or of all when it is empty. An exchange is never offered
/// in the clear, whatever a row says.
pub(super) fn routes(catalogue: &Catalogue, only: &[String], scheme: Scheme) -> Vec<Route> {
    let offered = |service: &str| only.is_empty() || only.iter().any(|name| name == service);
    catalogue
        .endpoints()
        .iter()
        .filter(|row| offered(row.service()) && row.target().scheme == scheme)
        .filter_map(|row| {
            let target = row.target();
            Some(Route {
                endpoint: row.id.clone(),
                host: target.host.name()?.to_owned(),
                path: target.path.clone(),
                serves: handler(&row.id)?,
            })
        })
        .filter(|route| scheme == Scheme::Https || route.is_plain())
        .collect()
}

/// What answers an exchange, and the most bytes that a request for it may have.
pub(crate) fn exchange(id: &EndpointId) -> Option<(usize, ExchangeHandler)> {
    match handler(id)? {
        Serves::Exchange { limit, handler } => Some((limit, handler)),
        Serves::Plain { .. } => None,
    }
}

fn handler(id: &EndpointId) -> Option<Serves> {
    macro_rules! exchange {
        ($exchange:ty, $module:path) => {{
            use $module as module;
            let handler: ExchangeHandler = |deployment, call| {
                Box::pin(async move { module::handle(&deployment, &call).await })
            };
            Serves::Exchange { limit: <$exchange as Exchange>::Request::LIMITS.bytes, handler }
        }};
    }
    macro_rules! plain {
        ($function:path) => {
            plain!($function, limited: true)
        };
        ($function:path, limited: $limited:literal) => {
            Serves::Plain {
                limited: $limited,
                handler: |deployment, asked| {
                    Box::pin(async move { $function(&deployment, asked).await })
                },
            }
        };
    }
    Some(match id {
        id if *id == endpoint::SIGN_IN => exchange!(SignIn, distributor::sign_in),
        id if *id == endpoint::INSTALLATION => exchange!(Installation, comet::installation),
        id if *id == endpoint::REFILL => exchange!(Refill, comet::refill),
        id if *id == endpoint::INSPECTION => exchange!(Inspection, comet::inspection),
        id if *id == endpoint::WITHDRAWAL => exchange!(Withdrawal, comet::withdrawal),
        id if *id == endpoint::REPLACEMENT => exchange!(Replacement, comet::replacement),
        id if *id == endpoint::TRANSACTION_UPLOAD => {
            exchange!(TransactionUpload, uploads::transactions)
        }
        id if *id == endpoint::STARTUP_REFRESH => {
            exchange!(StartupRefresh, downloads::startup_refresh)
        }
        id if *id == endpoint::RATE_DOWNLOAD => exchange!(RateDownload, downloads::rates),
        // Whoever asks at most this never has to be told to wait.
        id if *id == endpoint::CATALOGUE_VERSION => {
            plain!(catalogue::version::answer, limited: false)
        }
        id if *id == endpoint::CATALOGUE_ENDPOINTS => plain!(catalogue::endpoints::answer),
        id if *id == endpoint::CATALOGUE_CHANGES => plain!(catalogue::changes::answer),
        id if [endpoint::NETWORK_TEST_CLEAR, endpoint::NETWORK_TEST_SECURE].contains(id) => {
            plain!(network_test::answer)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_catalogue_has_a_handler() {
        let catalogue = Catalogue::timbre().with_domain("example.org").unwrap();
        let mut all = routes(&catalogue, &[], Scheme::Https);
        all.extend(routes(&catalogue, &[], Scheme::Http));
        for row in catalogue.endpoints() {
            let route = all.iter().find(|route| route.endpoint == row.id);
            let route = route.unwrap_or_else(|| panic!("{} has no handler", row.id));
            assert_eq!(route.host, format!("{}.example.org", row.service()));
        }
    }

    #[test]
    fn every_exchange_of_the_protocol_has_a_handler() {
        for exchange in timbre_protocol::EXCHANGES {
            assert!(handler(&exchange.endpoint).is_some(), "{}", exchange.name);
        }
    }

    #[test]
    fn nothing_but_the_network_test_is_offered_in_the_clear() {
        let routes = routes(&Catalogue::timbre(), &[], Scheme::Http);
        let ids: Vec<_> = routes.iter().map(|route| route.endpoint.as_str()).collect();
        assert_eq!(ids, ["network-test.clear"]);
    }

    #[test]
    fn a_process_may_offer_some_services_only() {
        let only = ["comet".to_owned(), "distributor".to_owned()];
        let routes = routes(&Catalogue::timbre(), &only, Scheme::Https);
        let services: Vec<_> = routes.iter().map(|route| route.endpoint.service()).collect();
        assert_eq!(services, ["distributor", "comet", "comet", "comet", "comet", "comet"]);
    }
}
