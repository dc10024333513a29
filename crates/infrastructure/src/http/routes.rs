//! The catalogue's rows and the handlers, joined: which host and path lead to which exchange.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use timbre_catalogue::{Catalogue, EndpointId, endpoint};
use timbre_protocol::{
    Exchange, Inspection, Installation, Message, RateDownload, Refill, SignIn, StartupRefresh,
    TransactionUpload,
};

use crate::call::Call;
use crate::deployment::Deployment;
use crate::refusal::Refused;
use crate::{comet, distributor, downloads, uploads};

/// The reply as XML, or why there is none.
pub(super) type Outcome = Result<String, Refused>;
type Handler = fn(Arc<Deployment>, Arc<Call>) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// One exchange at its place.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) endpoint: EndpointId,
    pub(super) host: String,
    pub(super) path: String,
    /// The most bytes a request may have.
    pub(super) limit: usize,
    pub(super) handler: Handler,
}

/// The names of the services that this infrastructure can offer.
pub(crate) fn service_names() -> Vec<String> {
    Catalogue::timbre().services().into_iter().map(str::to_owned).collect()
}

/// The routes of the services in `only`, or of all when it is empty.
pub(super) fn routes(catalogue: &Catalogue, only: &[String]) -> Vec<Route> {
    let offered = |service: &str| only.is_empty() || only.iter().any(|name| name == service);
    catalogue
        .endpoints()
        .iter()
        .filter(|row| offered(row.service()))
        .filter_map(|row| {
            let (limit, handler) = handler(&row.id)?;
            let target = row.target();
            Some(Route {
                endpoint: row.id.clone(),
                host: target.host.name()?.to_owned(),
                path: target.path.clone(),
                limit,
                handler,
            })
        })
        .collect()
}

fn handler(id: &EndpointId) -> Option<(usize, Handler)> {
    macro_rules! serves {
        ($exchange:ty, $module:path) => {{
            use $module as module;
            let handler: Handler = |deployment, call| {
                Box::pin(async move { module::handle(&deployment, &call).await })
            };
            Some((<$exchange as Exchange>::Request::LIMITS.bytes, handler))
        }};
    }
    match id {
        id if *id == endpoint::SIGN_IN => serves!(SignIn, distributor::sign_in),
        id if *id == endpoint::INSTALLATION => serves!(Installation, comet::installation),
        id if *id == endpoint::REFILL => serves!(Refill, comet::refill),
        id if *id == endpoint::INSPECTION => serves!(Inspection, comet::inspection),
        id if *id == endpoint::TRANSACTION_UPLOAD => {
            serves!(TransactionUpload, uploads::transactions)
        }
        id if *id == endpoint::STARTUP_REFRESH => {
            serves!(StartupRefresh, downloads::startup_refresh)
        }
        id if *id == endpoint::RATE_DOWNLOAD => serves!(RateDownload, downloads::rates),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_catalogue_has_a_handler() {
        let catalogue = Catalogue::timbre().with_domain("example.org").unwrap();
        let routes = routes(&catalogue, &[]);
        for row in catalogue.endpoints() {
            let route = routes.iter().find(|route| route.endpoint == row.id);
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
    fn a_process_may_offer_some_services_only() {
        let routes = routes(&Catalogue::timbre(), &["comet".to_owned(), "distributor".to_owned()]);
        let services: Vec<_> = routes.iter().map(|route| route.endpoint.service()).collect();
        assert_eq!(services, ["distributor", "comet", "comet", "comet"]);
    }
}
