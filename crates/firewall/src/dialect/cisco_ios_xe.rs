//! Cisco IOS XE: an extended access list with FQDN object groups, whose patterns are regular
//! expressions. Classic IOS has no such groups and resolves a name once: use mode `blocks` there.

use super::layout::{self, line};
use crate::{Language, NameRule, Net, Policy, RuleFile, Rules};

/// The longest pattern that a group takes.
const PATTERN: usize = 240;

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    rules.note(
        "Appliquez la liste à l’interface de la machine : interface X, puis ip access-group timbre-in in. La liste ne suit pas les sessions : les réponses doivent être permises dans l’autre sens (established). La dernière ligne refuse à la machine tout le reste ; ajoutez vos propres lignes après elle, ou permit ip any any.",
        "Apply the list to the meter’s interface: interface X, then ip access-group timbre-in in. The list does not follow sessions: answers must be permitted the other way (established). The last line refuses everything else to the meter; add your own lines after it, or permit ip any any.",
    );
    rules.note(
        "Le routeur ne regarde pas dans TLS : il n’y a rien à exempter ici.",
        "The router does not look into TLS: nothing is to be exempted here.",
    );
    if !policy.names.is_empty() {
        rules.note(
            "Les noms : le routeur observe les réponses DNS qui le traversent ; le DNS de la machine doit passer par lui, en clair. Les motifs sont des expressions régulières : les points y sont échappés. IOS classique : mode blocks.",
            "Names: the router watches the DNS answers that cross it; the meter’s DNS must pass through it, in the clear. Patterns are regular expressions: dots are escaped. Classic IOS: mode blocks.",
        );
    }
    for rule in policy.names.iter().filter(|rule| pattern(rule).len() > PATTERN) {
        rules.cannot(
            &rule.endpoints,
            format!("{}\u{a0}: un motif a au plus {PATTERN} caractères.", rule.host),
            format!("{}: a pattern has at most {PATTERN} characters.", rule.host),
        );
    }
    let six = policy.sources.iter().any(|net| !net.is_v4())
        || policy.resolvers.iter().any(|resolver| resolver.is_ipv6());
    if six {
        rules.cannot(
            &[],
            "Une adresse IPv6 de la machine ou d’un serveur DNS : cette liste est IPv4.",
            "An IPv6 address of the meter or of a DNS server: this list is IPv4.",
        );
    }
    if !has_sources(policy) {
        let names = policy.names.iter().flat_map(|rule| &rule.endpoints);
        let addresses = policy.addresses.iter().flat_map(|rule| &rule.endpoints);
        let any = policy.any.iter().flat_map(|rule| &rule.endpoints);
        let mut rows: Vec<_> = names.chain(addresses).chain(any).cloned().collect();
        rows.sort();
        rows.dedup();
        rules.cannot(
            &rows,
            "La machine n’a que des adresses IPv6.",
            "The meter has IPv6 addresses only.",
        );
    }
    let head = layout::header("! ", "Cisco IOS XE", policy, &rules, language);
    rules.file("timbre-ios-xe.txt", head + &list(policy));
    rules.rollback = RuleFile::new("timbre-rollback.txt", rollback(policy));
    rules
}

/// Whether somebody is left to open anything for, in a list of IPv4.
fn has_sources(policy: &Policy) -> bool {
    policy.sources_of(true).is_some()
}

/// The regular expression of a host.
fn pattern(rule: &NameRule) -> String {
    let name = rule.name().replace('.', "\\.");
    if rule.is_wildcard() { format!(".*\\.{name}") } else { name }
}

fn group(port: u16) -> String {
    format!("timbre-names-{port}")
}

/// `host A` or `A WILDCARD`: the mask of an access list is inverted.
fn network(net: &Net) -> String {
    match net.mask() {
        Some(mask) if !net.is_host() => {
            let inverted = core::net::Ipv4Addr::from(!u32::from(mask));
            format!("{} {inverted}", net.address())
        }
        _ => format!("host {net}"),
    }
}

fn list(policy: &Policy) -> String {
    let mut text = String::from("!\n");
    for (port, names) in layout::names_by_port(policy) {
        line(&mut text, format!("object-group fqdn {}", group(port)));
        for rule in names.into_iter().filter(|rule| pattern(rule).len() <= PATTERN) {
            line(&mut text, format!(" pattern {}", pattern(rule)));
        }
    }
    if !policy.sources.is_empty() && has_sources(policy) {
        line(&mut text, "object-group network timbre-meter");
        for net in policy.sources.iter().filter(|net| net.is_v4()) {
            let mask = net.mask().expect("invariant: IPv4 only here");
            let net_line = if net.is_host() {
                format!(" host {net}")
            } else {
                format!(" {} {mask}", net.address())
            };
            line(&mut text, net_line);
        }
    }
    line(&mut text, "ip access-list extended timbre-in");
    if has_sources(policy) {
        entries(policy, &mut text);
    } else {
        line(&mut text, " remark no IPv4 address of a meter");
    }
    text
}

fn entries(policy: &Policy, text: &mut String) {
    let from = if policy.sources.is_empty() { "any" } else { "object-group timbre-meter" };
    let mut resolvers: Vec<String> = policy
        .resolvers
        .iter()
        .filter(|resolver| resolver.is_ipv4())
        .map(|resolver| format!("host {resolver}"))
        .collect();
    if policy.resolvers.is_empty() {
        resolvers.push("any".to_owned());
    }
    for resolver in resolvers {
        line(text, format!(" permit udp {from} {resolver} eq 53"));
        line(text, format!(" permit tcp {from} {resolver} eq 53"));
    }
    for port in layout::names_by_port(policy).into_keys() {
        line(text, format!(" permit tcp {from} fqdn-group {} eq {port}", group(port)));
    }
    for (port, networks) in layout::addresses_by_port(policy) {
        for rule in networks.into_iter().filter(|rule| rule.net.is_v4()) {
            line(text, format!(" permit tcp {from} {} eq {port}", network(&rule.net)));
        }
    }
    for rule in &policy.any {
        line(text, format!(" remark {}", layout::rows(&rule.endpoints)));
        line(text, format!(" permit tcp {from} any eq {}", rule.port));
    }
    line(text, format!(" deny ip {from} any log"));
}

fn rollback(policy: &Policy) -> String {
    let mut text = String::from(
        "! first, on the interface: no ip access-group timbre-in in\nno ip access-list extended timbre-in\n",
    );
    for port in layout::names_by_port(policy).into_keys() {
        line(&mut text, format!("no object-group fqdn {}", group(port)));
    }
    if !policy.sources.is_empty() {
        line(&mut text, "no object-group network timbre-meter");
    }
    text
}
