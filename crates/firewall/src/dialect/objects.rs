//! What products with named objects share: one opening per set of ports, names that every product
//! takes (letters, digits, dots, hyphens; shortened where a product wants it, never ambiguous), and
//! the sentences that are true of several of them. Invents no zone and no interface: where a rule
//! needs one, the file holds a word that no device knows, so that it is refused and not misplaced.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use timbre_catalogue::{EndpointId, Host, Text};

use super::layout;
use crate::{AddressRule, Language, NameRule, Net, Policy, Rules};

/// Stands where the administrator writes the zone or interface of the meter.
pub(super) const INSIDE: &str = "INSIDE-HERE";
/// Stands where the administrator writes the zone or interface of the internet.
pub(super) const OUTSIDE: &str = "OUTSIDE-HERE";
/// Stands where the administrator writes the name of the profile that inspects TLS.
pub(super) const PROFILE: &str = "PROFILE-HERE";

/// FTP's control port: no name travels in it that a firewall could read.
pub(super) const FTP: u16 = 21;
/// The port of HTTP in the clear.
pub(super) const HTTP: u16 = 80;

/// Where a connection to a port names its host, for firewalls that read it there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// In the `Host` header.
    HttpHost,
    /// In the TLS handshake (SNI).
    TlsName,
    /// Nowhere.
    Nowhere,
}

/// Where a connection to this port names its host.
pub(super) const fn seen(port: u16) -> Seen {
    match port {
        HTTP => Seen::HttpHost,
        FTP => Seen::Nowhere,
        _ => Seen::TlsName,
    }
}

/// Destinations that are let out at the same ports, over TCP.
#[derive(Default)]
pub(super) struct Opening<'a> {
    /// The ports, at least one.
    pub(super) ports: BTreeSet<u16>,
    /// Hosts by name.
    pub(super) names: Vec<&'a NameRule>,
    /// Networks by address.
    pub(super) addresses: Vec<&'a AddressRule>,
    /// Any host at all.
    pub(super) to_any: bool,
    /// The rows that need it.
    pub(super) endpoints: Vec<EndpointId>,
}

impl Opening<'_> {
    /// Its name: `timbre-tcp-80-443`, `timbre-any-tcp-5938`.
    pub(super) fn name(&self) -> String {
        let to_any = if self.to_any { "any-" } else { "" };
        format!("timbre-{to_any}tcp-{}", layout::ports(&self.ports, "-"))
    }

    /// The names of its objects, in order: hosts, then networks. Empty when it is to any host.
    pub(super) fn objects(&self) -> Vec<String> {
        let names = self.names.iter().map(|rule| host_name(&rule.host));
        names.chain(self.addresses.iter().map(|rule| net_name(&rule.net))).collect()
    }

    /// The rows that need it, for a comment.
    pub(super) fn rows(&self) -> String {
        layout::rows(&self.endpoints)
    }
}

/// The openings of a policy in the order of their ports, those to any host last. Hosts that the
/// dialect cannot name are left out: the caller says so.
pub(super) fn openings<'a>(
    policy: &'a Policy,
    can_name: impl Fn(&NameRule) -> bool,
) -> Vec<Opening<'a>> {
    let mut all: BTreeMap<(bool, BTreeSet<u16>), Opening<'a>> = BTreeMap::new();
    for rule in policy.names.iter().filter(|rule| can_name(rule)) {
        let opening = all.entry((false, rule.ports.clone())).or_default();
        opening.names.push(rule);
        add_rows(opening, &rule.endpoints);
    }
    for rule in &policy.addresses {
        let opening = all.entry((false, rule.ports.clone())).or_default();
        opening.addresses.push(rule);
        add_rows(opening, &rule.endpoints);
    }
    for rule in &policy.any {
        let opening = all.entry((true, BTreeSet::from([rule.port]))).or_default();
        add_rows(opening, &rule.endpoints);
    }
    let with_key = all.into_iter().map(|((to_any, ports), opening)| (to_any, ports, opening));
    with_key.map(|(to_any, ports, opening)| Opening { to_any, ports, ..opening }).collect()
}

fn add_rows(opening: &mut Opening<'_>, endpoints: &[EndpointId]) {
    for endpoint in endpoints {
        if !opening.endpoints.contains(endpoint) {
            opening.endpoints.push(endpoint.clone());
        }
    }
}

/// The name of a host's object: `timbre-comet.example.com`, `timbre-under-example.com`.
pub(super) fn host_name(host: &Host) -> String {
    match host {
        Host::Name(name) => format!("timbre-{name}"),
        Host::Under(name) => format!("timbre-under-{name}"),
        Host::Any => "timbre-any".to_owned(),
    }
}

/// The name of a network's object: `timbre-199.231.32.0-20`, `timbre-2001-db8---64`.
pub(super) fn net_name(net: &Net) -> String {
    format!("timbre-{}", net.to_string().replace(['/', ':'], "-"))
}

/// The name of a source's object: `timbre-source-198.51.100.10`.
pub(super) fn source_name(net: &Net) -> String {
    net_name(net).replacen("timbre-", "timbre-source-", 1)
}

/// The name of a resolver's object: `timbre-dns-192.0.2.53`.
pub(super) fn resolver_name(address: &IpAddr) -> String {
    net_name(&Net::host(*address)).replacen("timbre-", "timbre-dns-", 1)
}

/// A name that fits into a product: the whole name, or its beginning and a checksum of all of it.
pub(super) fn fit(name: &str, limit: usize) -> String {
    if name.len() <= limit {
        return name.to_owned();
    }
    let kept: String = name.chars().take(limit.saturating_sub(9)).collect();
    format!("{kept}-{:08x}", fnv1a(name))
}

/// FNV-1a, 32 bits: tells names apart, protects nothing.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A network with its length, `72.47.250.186/32`.
pub(super) fn cidr(net: &Net) -> String {
    format!("{}/{}", net.address(), net.prefix())
}

/// What a second file is for.
pub(super) static EXEMPTION: Text =
    Text::fixed("exemption de l’inspection TLS", "exemption from TLS inspection");
/// What the last file is for.
pub(super) static ROLLBACK: Text = Text::fixed(
    "retour en arrière, qui enlève tout ce que timbre a chargé",
    "rollback: takes away everything that timbre loaded",
);

/// The comment at the head of a second file: the first one holds the notes.
pub(super) fn short_header(
    mark: &str,
    title: &str,
    what: &Text,
    policy: &Policy,
    language: Language,
) -> String {
    let document = layout::one_line(language.of(&policy.title));
    let what = language.of(what);
    format!(
        "{mark}timbre: {title}, {what}\n{mark}{document} — {} {}\n",
        policy.catalogue, policy.version
    )
}

/// The sources and resolvers that a dialect of IPv4 only can write.
pub(super) struct V4 {
    /// The meter's addresses; empty for everybody.
    pub(super) sources: Vec<Net>,
    /// The resolvers; empty for any.
    pub(super) resolvers: Vec<IpAddr>,
    /// Whether DNS can be let out: resolvers were given and none of them is IPv4.
    pub(super) dns: bool,
}

/// What is left of a policy in a dialect of IPv4 only, and a sentence for what is not. `None` when
/// every source is IPv6: then there is nothing to let out, and no rule must mean everybody.
pub(super) fn only_v4(policy: &Policy, rules: &mut Rules) -> Option<V4> {
    let every_row = || {
        let names = policy.names.iter().flat_map(|rule| &rule.endpoints);
        let addresses = policy.addresses.iter().flat_map(|rule| &rule.endpoints);
        let any = policy.any.iter().flat_map(|rule| &rule.endpoints);
        let rows: BTreeSet<_> = names.chain(addresses).chain(any).cloned().collect();
        rows.into_iter().collect::<Vec<_>>()
    };
    let sources = policy.sources_of(true);
    let resolvers: Vec<_> = policy.resolvers.iter().filter(|ip| ip.is_ipv4()).copied().collect();
    let skipped = policy.sources.iter().any(|net| !net.is_v4())
        || policy.resolvers.iter().any(IpAddr::is_ipv6);
    if skipped {
        let rows = if sources.is_none() { every_row() } else { Vec::new() };
        rules.cannot(
            &rows,
            "Les adresses IPv6 ne sont pas écrites dans ce dialecte : seules les adresses IPv4 de la machine et des serveurs DNS sont ouvertes.",
            "IPv6 addresses are not written in this dialect: only the meter’s and the DNS servers’ IPv4 addresses are opened.",
        );
    }
    let dns = policy.resolvers.is_empty() || !resolvers.is_empty();
    sources.map(|sources| V4 { sources, resolvers, dns })
}

/// Names every row whose wildcard the dialect has no word for.
pub(super) fn no_wildcards(policy: &Policy, rules: &mut Rules, fr: &str, en: &str) {
    for rule in policy.names.iter().filter(|rule| rule.is_wildcard()) {
        rules.cannot(
            &rule.endpoints,
            format!("« *.{} » : {fr}", rule.name()),
            format!("“*.{}”: {en}", rule.name()),
        );
    }
}

/// Whether a row is let out by address whatever becomes of its name.
pub(super) fn by_address(policy: &Policy, endpoint: &EndpointId) -> bool {
    policy.addresses.iter().any(|rule| rule.endpoints.contains(endpoint))
}

/// Says that the file was made from documents and never loaded, and whose names its objects have.
pub(super) fn unverified(rules: &mut Rules) {
    rules.note(
        "Écrit d’après la documentation du fabricant, jamais chargé dans un appareil : essayez d’abord hors production.",
        "Written after the vendor’s documentation, not verified against a device: try it outside production first.",
    );
    rules.note(
        "Les noms « timbre-… » ne disent pas de quel catalogue ils viennent : ne chargez pas deux catalogues dans le même appareil sans renommer ceux du second.",
        "The names “timbre-…” do not say which catalogue they come from: do not load two catalogues into one device without renaming those of the second.",
    );
}

/// Says which words the administrator must replace.
pub(super) fn fill_in(rules: &mut Rules, words: &[&str]) {
    let words = words.join(", ");
    rules.note(
        format!("À remplacer par vos propres noms avant de charger\u{a0}: {words}."),
        format!("Replace by your own names before loading: {words}."),
    );
}

/// Says that the firewall and the meter must ask the same resolver.
pub(super) fn same_resolver(rules: &mut Rules) {
    rules.note(
        "Le pare-feu résout lui-même les noms, à intervalles : la machine doit interroger le même serveur DNS que lui, sinon les adresses diffèrent et la connexion est refusée.",
        "The firewall resolves the names itself, on a timer: the meter must ask the same DNS server as the firewall, or the addresses differ and the connection is refused.",
    );
}

/// Says that new rules are added at the end of a list that may already refuse.
pub(super) fn order(rules: &mut Rules) {
    rules.note(
        "L’ordre compte : placez ces règles avant toute règle qui refuse.",
        "Order matters: put these rules before every rule that refuses.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_shortened_and_stays_its_own() {
        let long = format!("timbre-{}.example.com", "a".repeat(60));
        let other = format!("timbre-{}.example.org", "a".repeat(60));
        assert_eq!(fit("timbre-pb.com", 63), "timbre-pb.com");
        assert_eq!(fit(&long, 63).len(), 63);
        assert_ne!(fit(&long, 63), fit(&other, 63));
    }

    #[test]
    fn names_of_objects_hold_nothing_that_needs_quoting() {
        let names = [
            host_name(&Host::Under("teamviewer.com".to_owned())),
            net_name(&"199.231.32.0/20".parse().unwrap()),
            source_name(&"2001:db8::/64".parse().unwrap()),
            resolver_name(&"2001:db8::53".parse().unwrap()),
        ];
        assert_eq!(names[0], "timbre-under-teamviewer.com");
        assert_eq!(names[1], "timbre-199.231.32.0-20");
        for name in names {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
            assert!(name.chars().all(plain), "{name}");
        }
    }
}
