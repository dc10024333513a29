//! What a new version of a catalogue changes in a firewall: each permission to add or to remove.
//! Order, comments and the dialect do not matter here; a permission that only changes its rows is
//! no difference.

use core::fmt;
use std::collections::BTreeMap;

use timbre_catalogue::{Catalogue, EndpointId, Host};

use crate::{Net, Policy, Selection};

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Open it before the new version takes effect.
    Add,
    /// Close it after nothing uses the old version any more.
    Remove,
}

impl Action {
    /// `add` or `remove`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Add => "add",
            Action::Remove => "remove",
        }
    }
}

/// What a permission leads to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Destination {
    /// A host, or every host under a name, at a TCP port.
    Name(Host, u16),
    /// A network, at a TCP port.
    Net(Net, u16),
    /// Any host, at a TCP port.
    Any(u16),
    /// A host exempt from TLS inspection.
    Bypass(Host),
}

impl Destination {
    fn key(&self) -> (u8, String, u16) {
        match self {
            Destination::Name(host, port) => (0, host.to_string(), *port),
            Destination::Net(net, port) => (1, net.to_string(), *port),
            Destination::Any(port) => (2, String::new(), *port),
            Destination::Bypass(host) => (3, host.to_string(), 0),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Name(host, port) => write!(f, "{host} tcp/{port}"),
            Destination::Net(net, port) => write!(f, "{net} tcp/{port}"),
            Destination::Any(port) => write!(f, "* tcp/{port}"),
            Destination::Bypass(host) => write!(f, "{host} bypass"),
        }
    }
}

/// One permission that only one of the two versions has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What to do.
    pub action: Action,
    /// To what.
    pub destination: Destination,
    /// The rows it is for, in the version that has it; none for an exemption.
    pub endpoints: Vec<EndpointId>,
}

/// What to add to a firewall made from `old`, then what to remove, so that it fits `new`; each part
/// in the order names, networks, ports to any host, exemptions.
#[must_use]
pub fn diff(old: &Catalogue, new: &Catalogue, selection: &Selection) -> Vec<Difference> {
    let (old, new) = (permissions(old, selection), permissions(new, selection));
    let only = |action, these: &Permissions, those: &Permissions| -> Vec<Difference> {
        these
            .iter()
            .filter(|(key, _)| !those.contains_key(*key))
            .map(|(_, (destination, endpoints))| Difference {
                action,
                destination: destination.clone(),
                endpoints: endpoints.clone(),
            })
            .collect()
    };
    let mut differences = only(Action::Add, &new, &old);
    differences.extend(only(Action::Remove, &old, &new));
    differences
}

type Permissions = BTreeMap<(u8, String, u16), (Destination, Vec<EndpointId>)>;

fn permissions(catalogue: &Catalogue, selection: &Selection) -> Permissions {
    let policy = Policy::of(catalogue, selection);
    let mut permissions = Permissions::new();
    let mut add = |destination: Destination, endpoints: &[EndpointId]| {
        permissions.insert(destination.key(), (destination, endpoints.to_vec()));
    };
    for rule in &policy.names {
        for port in &rule.ports {
            add(Destination::Name(rule.host.clone(), *port), &rule.endpoints);
        }
    }
    for rule in &policy.addresses {
        for port in &rule.ports {
            add(Destination::Net(rule.net, *port), &rule.endpoints);
        }
    }
    for rule in &policy.any {
        add(Destination::Any(rule.port), &rule.endpoints);
    }
    for host in policy.bypass {
        add(Destination::Bypass(host), &[]);
    }
    permissions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;

    #[test]
    fn the_same_catalogue_changes_nothing() {
        let catalogue = Catalogue::connect_plus_sendpro_p();
        for mode in Mode::ALL {
            let selection = Selection { mode, ..Selection::all() };
            assert_eq!(diff(&catalogue, &catalogue, &selection), []);
        }
    }

    #[test]
    fn a_moved_deployment_opens_its_new_hosts_before_it_closes_the_old_ones() {
        let old = Catalogue::timbre();
        let new = Catalogue::timbre().with_domain("timbre.example").unwrap();
        let lines: Vec<String> = diff(&old, &new, &Selection::required())
            .iter()
            .map(|difference| format!("{} {}", difference.action.as_str(), difference.destination))
            .collect();
        let at = |line: &str| lines.iter().position(|l| l == line).unwrap();
        let opened = at("add comet.timbre.example tcp/443");
        assert!(opened < at("remove comet.timbre.localhost tcp/443"));
        assert!(lines.contains(&"add comet.timbre.example bypass".to_owned()));
        assert!(at("remove comet.timbre.localhost bypass") > opened);
    }
}
