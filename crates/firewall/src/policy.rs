//! From the rows of a catalogue to what a firewall must let out: names with their ports, networks
//! with theirs, resolvers. Opens the least that the rows need, and names every row that it cannot
//! open.
//!
//! Two refusals: a URL pattern “to any server” never opens ports 80 and 443 to the whole world, and
//! a published block that no chosen row lies in stays closed.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use timbre_catalogue::{Catalogue, Endpoint, EndpointId, Host, Scheme, Target, Text};

use crate::{Dialect, Mode, Net, Selection};

/// A host let out by name, with every port that its rows use. Always TCP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameRule {
    /// One name, or every name under one; never `*`.
    pub host: Host,
    /// The ports, at least one.
    pub ports: BTreeSet<u16>,
    /// The rows that need it, in the order of the document.
    pub endpoints: Vec<EndpointId>,
}

impl NameRule {
    /// The name: of the host itself, or the one that all its hosts lie under.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.host {
            Host::Name(name) | Host::Under(name) => name,
            Host::Any => "",
        }
    }

    /// Whether it means every name under [`NameRule::name`], and not that name itself.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self.host, Host::Under(_))
    }
}

/// A network let out by address, with every port that its rows use. Always TCP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressRule {
    /// The network; one address when it lies outside the published blocks.
    pub net: Net,
    /// Whether the document publishes it as a block for firewalls.
    pub published: bool,
    /// The ports, at least one.
    pub ports: BTreeSet<u16>,
    /// The rows that need it, in the order of the document.
    pub endpoints: Vec<EndpointId>,
}

/// A port let out to any host at all. Always TCP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnyRule {
    /// The port.
    pub port: u16,
    /// The rows that need it, in the order of the document.
    pub endpoints: Vec<EndpointId>,
}

/// A chosen row, or one way to reach it, that stays closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Uncovered {
    /// The row.
    pub endpoint: EndpointId,
    /// The destination.
    pub target: Target,
    /// Why it stays closed, and what to do.
    pub text: Text,
}

/// Something to know about a row that is let out, or about the whole policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// The row; none when it concerns all of them.
    pub endpoint: Option<EndpointId>,
    /// What to know, and what to do.
    pub text: Text,
}

/// What a firewall must let out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// The id of the catalogue.
    pub catalogue: String,
    /// Its version.
    pub version: String,
    /// What the document is called.
    pub title: Text,
    /// How it was asked for.
    pub mode: Mode,
    /// The meter's addresses; none means everybody behind the firewall.
    pub sources: Vec<Net>,
    /// The resolvers that may be asked, over UDP and TCP 53; none means any (REQ NET-3).
    pub resolvers: Vec<IpAddr>,
    /// Hosts let out by name, in the order of the document; empty in mode `blocks`.
    pub names: Vec<NameRule>,
    /// Networks let out by address; empty in mode `names`.
    pub addresses: Vec<AddressRule>,
    /// Ports let out to any host.
    pub any: Vec<AnyRule>,
    /// The hosts spoken to over TLS, to exempt from inspection, whatever the mode (REQ NET-6);
    /// empty when no exemption was asked for.
    pub bypass: Vec<Host>,
    /// Every chosen row that stays closed.
    pub uncovered: Vec<Uncovered>,
    /// What to know.
    pub warnings: Vec<Warning>,
}

impl Policy {
    /// Chooses from a catalogue.
    #[must_use]
    pub fn of(catalogue: &Catalogue, selection: &Selection) -> Policy {
        let mut policy = Policy {
            catalogue: catalogue.id().to_owned(),
            version: catalogue.version().to_string(),
            title: catalogue.title().clone(),
            mode: selection.mode,
            sources: selection.sources.clone(),
            resolvers: selection.resolvers.clone(),
            names: Vec::new(),
            addresses: Vec::new(),
            any: Vec::new(),
            bypass: Vec::new(),
            uncovered: Vec::new(),
            warnings: Vec::new(),
        };
        policy.warn_about(selection);
        for endpoint in catalogue.endpoints() {
            if selection.groups.contains(&endpoint.group) {
                policy.add(catalogue, endpoint, selection);
            }
        }
        policy.addresses.sort_by_key(|rule| (!rule.published, rule.net));
        policy
    }

    /// The same policy without the warnings that would mislead in this dialect: a proxy opens no port
    /// 53, and a PAC file asks for no address of the meter.
    #[must_use]
    pub fn told_in(mut self, dialect: Dialect) -> Policy {
        self.warnings.retain(|warning| {
            (dialect.opens_dns() || warning.text != any_resolver())
                && (dialect.has_sources() || warning.text != any_source())
        });
        self
    }

    /// Every port that is let out over TCP, DNS apart.
    #[must_use]
    pub fn ports(&self) -> BTreeSet<u16> {
        let names = self.names.iter().flat_map(|rule| &rule.ports).copied();
        let addresses = self.addresses.iter().flat_map(|rule| &rule.ports).copied();
        names.chain(addresses).chain(self.any.iter().map(|rule| rule.port)).collect()
    }

    /// The sources of one family: `None` when there is no rule for it, an empty list for everybody.
    #[must_use]
    pub fn sources_of(&self, v4: bool) -> Option<Vec<Net>> {
        let of_family: Vec<Net> =
            self.sources.iter().filter(|net| net.is_v4() == v4).copied().collect();
        (self.sources.is_empty() || !of_family.is_empty()).then_some(of_family)
    }

    fn warn_about(&mut self, selection: &Selection) {
        let mut warn = |text: Text| self.warnings.push(Warning { endpoint: None, text });
        if selection.sources.is_empty() {
            warn(any_source());
        }
        if selection.mode == Mode::Blocks && selection.sources.iter().any(|net| !net.is_v4()) {
            warn(Text::fixed(
                "La machine a une adresse IPv6, et le document ne publie que des adresses IPv4 : par adresse, rien n’est ouvert en IPv6. Ouvrez par nom, ou donnez l’adresse IPv4 seulement.",
                "The meter has an IPv6 address, and the document publishes IPv4 addresses only: by address nothing is opened over IPv6. Open by name, or give the IPv4 address only.",
            ));
        }
        if selection.resolvers.is_empty() {
            warn(any_resolver());
        }
    }

    fn add(&mut self, catalogue: &Catalogue, endpoint: &Endpoint, selection: &Selection) {
        let mut ports_by_name = BTreeSet::new();
        for target in &endpoint.uses {
            match (&target.host, target.scheme) {
                (_, Scheme::Dns) => {}
                (Host::Any, Scheme::Tcp) => self.add_any(target.port, endpoint),
                (Host::Any, _) => self.leave_closed(endpoint, target, pattern_to_any()),
                (host, scheme) => {
                    ports_by_name.insert(target.port);
                    if selection.mode.by_name() {
                        self.add_name(host, target.port, endpoint);
                    }
                    if selection.bypass && scheme == Scheme::Https && !self.bypass.contains(host) {
                        self.bypass.push(host.clone());
                    }
                }
            }
            if target.scheme == Scheme::Ftp {
                self.warn(endpoint, ftp_data());
            }
        }
        if selection.mode.by_block() && !ports_by_name.is_empty() {
            self.add_addresses(catalogue, endpoint, &ports_by_name);
        }
    }

    fn warn(&mut self, endpoint: &Endpoint, text: Text) {
        self.warnings.push(Warning { endpoint: Some(endpoint.id.clone()), text });
    }

    fn leave_closed(&mut self, endpoint: &Endpoint, target: &Target, text: Text) {
        let endpoint = endpoint.id.clone();
        self.uncovered.push(Uncovered { endpoint, target: target.clone(), text });
    }

    fn add_any(&mut self, port: u16, endpoint: &Endpoint) {
        match self.any.iter_mut().find(|rule| rule.port == port) {
            Some(rule) => name_once(&mut rule.endpoints, endpoint),
            None => self.any.push(AnyRule { port, endpoints: vec![endpoint.id.clone()] }),
        }
    }

    fn add_name(&mut self, host: &Host, port: u16, endpoint: &Endpoint) {
        if let Some(rule) = self.names.iter_mut().find(|rule| rule.host == *host) {
            rule.ports.insert(port);
            name_once(&mut rule.endpoints, endpoint);
        } else {
            let ports = BTreeSet::from([port]);
            let endpoints = vec![endpoint.id.clone()];
            self.names.push(NameRule { host: host.clone(), ports, endpoints });
        }
    }

    fn add_addresses(&mut self, catalogue: &Catalogue, endpoint: &Endpoint, ports: &BTreeSet<u16>) {
        let mut nets: BTreeMap<Net, bool> = BTreeMap::new();
        let mut outside = Vec::new();
        for address in endpoint.addresses() {
            let block = catalogue.blocks().iter().find(|block| block.contains(address));
            match block {
                Some(block) => {
                    nets.extend(Net::range(block.first, block.last).into_iter().map(|n| (n, true)));
                }
                None => {
                    outside.push(address.to_string());
                    nets.insert(Net::host(address.into()), false);
                }
            }
        }
        if nets.is_empty() && !self.mode.by_name() {
            for target in &endpoint.uses {
                self.leave_closed(endpoint, target, no_address());
            }
        }
        if !outside.is_empty() {
            self.warn(endpoint, outside_the_blocks(&outside.join(", ")));
        }
        for (net, published) in nets {
            self.add_net(net, published, endpoint, ports);
        }
    }

    fn add_net(&mut self, net: Net, published: bool, endpoint: &Endpoint, ports: &BTreeSet<u16>) {
        if let Some(rule) = self.addresses.iter_mut().find(|rule| rule.net == net) {
            rule.ports.extend(ports);
            name_once(&mut rule.endpoints, endpoint);
        } else {
            let endpoints = vec![endpoint.id.clone()];
            self.addresses.push(AddressRule { net, published, ports: ports.clone(), endpoints });
        }
    }
}

fn name_once(endpoints: &mut Vec<EndpointId>, endpoint: &Endpoint) {
    if !endpoints.contains(&endpoint.id) {
        endpoints.push(endpoint.id.clone());
    }
}

fn any_source() -> Text {
    Text::fixed(
        "Aucune adresse de machine n’est donnée : les règles valent pour tout ce qui est derrière le pare-feu. Donnez l’adresse de la machine.",
        "No address of a meter is given: the rules hold for everything behind the firewall. Give the meter’s address.",
    )
}

fn any_resolver() -> Text {
    Text::fixed(
        "Aucun serveur DNS n’est donné : le port 53 est ouvert vers tous. Donnez le serveur que la machine interroge.",
        "No DNS server is given: port 53 is open to all of them. Give the server that the meter asks.",
    )
}

fn pattern_to_any() -> Text {
    Text::fixed(
        "Un format d’URL vers n’importe quel serveur : l’ouvrir ouvrirait les ports 80 et 443 vers tout l’internet. Ouvrez plutôt le port 5938 ou les noms d’hôtes de TeamViewer.",
        "A URL pattern to any server: opening it would open ports 80 and 443 to the whole internet. Open port 5938 or TeamViewer’s host names instead.",
    )
}

fn ftp_data() -> Text {
    Text::fixed(
        "FTP : les données passent par un second port, choisi par le serveur ; le pare-feu doit suivre la session de contrôle (assistant FTP), sinon seul l’accueil passe.",
        "FTP: the data uses a second port, chosen by the server; the firewall must follow the control session (FTP helper), or only the greeting passes.",
    )
}

fn no_address() -> Text {
    Text::fixed(
        "Le document n’imprime aucune adresse pour cette destination : elle ne peut être ouverte que par son nom.",
        "The document prints no address for this destination: it can be opened by name only.",
    )
}

fn outside_the_blocks(addresses: &str) -> Text {
    Text::new(
        format!(
            "Hors des plages publiées : {addresses}. Ces adresses sont ouvertes une à une ; elles peuvent changer sans avis."
        ),
        format!(
            "Not covered by the published blocks: {addresses}. These addresses are opened one by one; they may change without notice."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_dialect_warns_of_what_it_does_not_do() {
        let policy = Policy::of(&Catalogue::timbre(), &Selection::required());
        let says = |dialect, text: Text| {
            let told = policy.clone().told_in(dialect);
            told.warnings.iter().any(|warning| warning.text == text)
        };
        assert!(says(Dialect::Nftables, any_resolver()) && says(Dialect::Nftables, any_source()));
        assert!(!says(Dialect::Squid, any_resolver()) && says(Dialect::Squid, any_source()));
        assert!(!says(Dialect::Pac, any_resolver()) && !says(Dialect::Pac, any_source()));
        assert!(says(Dialect::Zscaler, any_resolver()) && !says(Dialect::Zscaler, any_source()));
    }
}
