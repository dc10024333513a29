//! The places that a catalogue leads to: endpoints that share a scheme, a host and a port are probed once.

use std::collections::BTreeMap;

use timbre_catalogue::{Endpoint, EndpointId, Group, Host, Scheme, Target};
use timbre_proxy::Destination;

use crate::Plan;
use crate::recorder::About;

/// One place.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) target: Target,
    pub(crate) host: String,
    pub(crate) endpoints: Vec<EndpointId>,
    pub(crate) required: bool,
}

impl Site {
    pub(crate) fn port(&self) -> u16 {
        self.target.port
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.target.scheme == Scheme::Https
    }

    pub(crate) fn speaks_http(&self) -> bool {
        matches!(self.target.scheme, Scheme::Http | Scheme::Https)
    }

    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port())
    }

    /// As a proxy is asked for it.
    pub(crate) fn destination(&self) -> Destination {
        let made = if self.is_secure() { Destination::https } else { Destination::http };
        made(&self.host, self.port()).expect("invariant: the catalogue holds sound names and ports")
    }

    pub(crate) fn about(&self, target: impl Into<String>, way: impl Into<String>) -> About {
        About {
            endpoints: self.endpoints.clone(),
            required: self.required,
            target: target.into(),
            way: way.into(),
        }
    }
}

/// What a plan leads to.
pub(crate) struct Sites {
    /// Places with one name.
    pub(crate) known: Vec<Site>,
    /// Rows that name no host: `*.example`, `*`; none of them DNS.
    pub(crate) nameless: Vec<(Target, EndpointId)>,
}

/// The endpoints that a plan tests.
pub(crate) fn endpoints(plan: &Plan) -> impl Iterator<Item = &Endpoint> {
    plan.catalogue.endpoints().iter().filter(|endpoint| plan.groups.contains(&endpoint.group))
}

pub(crate) fn sites(plan: &Plan) -> Sites {
    let mut known: Vec<Site> = Vec::new();
    let mut nameless = Vec::new();
    let mut places: BTreeMap<(Scheme, String, u16), usize> = BTreeMap::new();
    let mut add = |target: &Target, host: &str, from: Option<&Endpoint>| {
        let place = (target.scheme, host.to_owned(), target.port);
        let at = *places.entry(place).or_insert_with(|| {
            let host = host.to_owned();
            known.push(Site {
                target: target.clone(),
                host,
                endpoints: Vec::new(),
                required: false,
            });
            known.len() - 1
        });
        if let Some(endpoint) = from {
            let site = &mut known[at];
            site.required |= endpoint.group == Group::Required;
            if !site.endpoints.contains(&endpoint.id) {
                site.endpoints.push(endpoint.id.clone());
            }
        }
    };
    for endpoint in endpoints(plan) {
        for target in &endpoint.uses {
            match &target.host {
                Host::Name(host) => add(target, host, Some(endpoint)),
                Host::Under(_) | Host::Any if target.scheme == Scheme::Dns => {}
                Host::Under(_) | Host::Any => {
                    nameless.push((target.clone(), endpoint.id.clone()));
                }
            }
        }
    }
    for target in [&plan.probe.clear, &plan.probe.secure].into_iter().flatten() {
        if let Some(host) = target.host.name() {
            add(target, host, None);
        }
    }
    Sites { known, nameless }
}
