//! The addresses of the laboratory: who has which, and which host name leads where. All of them are invented or belong to
//! documentation, and none leaves the namespaces.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use timbre_catalogue::{Catalogue, Host};

/// The meter.
pub const METER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);
/// The firewall, as the meter sees it: its gateway and its resolver.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// The firewall, as the internet sees it.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
/// The internet's own address.
pub const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);
/// The authoritative name server.
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 53);
/// A destination that no catalogue names and that answers on every port of interest: nobody may ever reach it.
pub const FORBIDDEN: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);
/// An address of the internet where nothing is.
pub const NOBODY: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 99);
/// The domain of the deployment in the laboratory.
pub const DOMAIN: &str = "lab.test";

/// The company’s own domain, which only its resolver knows.
pub const COMPANY: &str = "corp.test";
/// The name of the company’s proxy, which is also what its Kerberos principal is called.
pub const PROXY_NAME: &str = "proxy.corp.test";

/// Where the hosts of our own deployment begin, one address for each.
const OWN: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 16);
/// Where the hosts of other documents begin: inside the largest block of addresses that the source document publishes.
const FOREIGN: Ipv4Addr = Ipv4Addr::new(199, 231, 40, 1);

/// The interface of the meter.
pub(crate) const METER_LINK: &str = "m0";
/// The interface of the firewall towards the meter.
pub(crate) const LAN_LINK: &str = "lan0";
/// The interface of the firewall towards the internet.
pub(crate) const WAN_LINK: &str = "wan0";
/// The interface of the internet.
pub(crate) const INTERNET_LINK: &str = "i0";

/// Host names and their addresses. Each host has an address of its own, so that a rule about one never helps another.
#[derive(Clone, Debug, Default)]
pub struct HostMap {
    names: BTreeMap<String, Ipv4Addr>,
    /// `teamviewer.com` for `*.teamviewer.com`.
    suffixes: BTreeMap<String, Ipv4Addr>,
    own: Vec<Ipv4Addr>,
}

impl HostMap {
    /// The hosts of our own deployment under [`DOMAIN`], and those of the other catalogues.
    #[must_use]
    pub fn of(own: &Catalogue, foreign: &[Catalogue]) -> HostMap {
        let mut map = HostMap::default();
        map.add(own, OWN);
        map.own = map.names.values().copied().collect();
        for catalogue in foreign {
            map.add(catalogue, FOREIGN);
        }
        map
    }

    fn add(&mut self, catalogue: &Catalogue, first: Ipv4Addr) {
        let targets = catalogue.endpoints().iter().flat_map(|endpoint| &endpoint.uses);
        for host in targets.map(|target| &target.host) {
            let taken = self.all().filter(|address| *address >= first).count();
            let taken = u32::try_from(taken).expect("invariant: a few dozen hosts");
            let next = Ipv4Addr::from_bits(first.to_bits() + taken);
            match host {
                Host::Name(name) => {
                    self.names.entry(name.to_ascii_lowercase()).or_insert(next);
                }
                Host::Under(suffix) => {
                    self.suffixes.entry(suffix.to_ascii_lowercase()).or_insert(next);
                }
                Host::Any => {}
            }
        }
    }

    /// The address of a host.
    #[must_use]
    pub fn get(&self, host: &str) -> Option<Ipv4Addr> {
        self.names.get(host).copied()
    }

    /// Names with their addresses, in the order of the alphabet.
    pub fn names(&self) -> impl Iterator<Item = (&str, Ipv4Addr)> {
        self.names.iter().map(|(name, address)| (name.as_str(), *address))
    }

    /// Domains of which every name leads to one address.
    pub fn suffixes(&self) -> impl Iterator<Item = (&str, Ipv4Addr)> {
        self.suffixes.iter().map(|(name, address)| (name.as_str(), *address))
    }

    /// Addresses where the real infrastructure answers.
    pub fn own(&self) -> &[Ipv4Addr] {
        &self.own
    }

    /// Addresses where an origin answers in the place of other people's services.
    pub fn foreign(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.all().filter(|address| !self.own.contains(address))
    }

    fn all(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.names.values().chain(self.suffixes.values()).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_host_has_an_address_of_its_own() {
        let own = Catalogue::timbre().with_domain(DOMAIN).unwrap();
        let map = HostMap::of(&own, &[Catalogue::connect_plus_sendpro_p()]);
        let addresses: Vec<_> = map.all().collect();
        assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), addresses.len());
        assert!(
            map.get("distributor.lab.test").is_some_and(|address| map.own().contains(&address))
        );
        assert!(
            map.get("distservp1.pb.com").is_some_and(|address| map.foreign().any(|a| a == address))
        );
        assert_eq!(
            map.suffixes().map(|(name, _)| name).collect::<Vec<_>>(),
            ["dyngate.com", "teamviewer.com"]
        );
    }
}
