//! Suricata rules, as AWS Network Firewall takes them: one `pass` per name and port, per network,
//! per port to any host, and for DNS. Names are read where the connection carries them: SNI, or the
//! `Host` header. Never writes `nocase` behind `http.host`, which is lower case already.
//!
//! Sources: <https://docs.aws.amazon.com/network-firewall/latest/developerguide/suricata-examples.html>,
//! <https://docs.suricata.io/en/latest/rules/http-keywords.html>.

use std::collections::BTreeSet;

use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, Seen};
use crate::{NameRule, Policy, Rules};

/// The number of the first rule; numbers must be unique in one rule group.
const FIRST: u32 = 7_300_001;

/// The rules of a policy, and in `rules` the rows that no name in a connection leads to.
pub(super) fn write(policy: &Policy, rules: &mut Rules) -> Vec<String> {
    let mut bodies = Vec::new();
    let from = sources(policy);
    for rule in &policy.names {
        for port in &rule.ports {
            let rows = layout::rows(&rule.endpoints);
            let (protocol, buffer, case) = match objects::seen(*port) {
                Seen::HttpHost => ("http", "http.host", ""),
                Seen::TlsName => ("tls", "ssl_state:client_hello; tls.sni", " nocase;"),
                Seen::Nowhere => {
                    unnamed(policy, rules, rule);
                    continue;
                }
            };
            let content = content(&rule.host);
            bodies.push(format!("pass {protocol} {from} any -> any {port} ({buffer}; {content}{case} flow:to_server; msg:\"timbre {rows}\";"));
        }
    }
    for rule in &policy.addresses {
        let (to, ports) = (rule.net, ports(&rule.ports));
        let rows = layout::rows(&rule.endpoints);
        bodies.push(tcp(&from, &to.to_string(), &ports, &rows));
    }
    for rule in &policy.any {
        bodies.push(tcp(&from, "any", &rule.port.to_string(), &layout::rows(&rule.endpoints)));
    }
    let resolvers: Vec<_> = policy.resolvers.iter().map(ToString::to_string).collect();
    let to = list(&resolvers).unwrap_or_else(|| "any".to_owned());
    bodies.push(format!("pass udp {from} any -> {to} 53 (msg:\"timbre DNS\";"));
    bodies.push(tcp(&from, &to, "53", "DNS"));
    (FIRST..).zip(bodies).map(|(sid, body)| format!("{body} sid:{sid}; rev:1;)")).collect()
}

fn tcp(from: &str, to: &str, ports: &str, rows: &str) -> String {
    format!("pass tcp {from} any -> {to} {ports} (flow:to_server; msg:\"timbre {rows}\";")
}

fn unnamed(policy: &Policy, rules: &mut Rules, rule: &NameRule) {
    let closed = rule.endpoints.iter().filter(|row| !objects::by_address(policy, row));
    let closed: Vec<_> = closed.cloned().collect();
    if closed.is_empty() {
        return;
    }
    rules.cannot(
        &closed,
        format!("{} en FTP : ce protocole ne nomme pas son hôte, aucune règle par nom ne le voit. Ouvrez ses adresses (mode blocks ou both).", rule.host),
        format!("{} over FTP: that protocol does not name its host, and no rule by name sees it. Open its addresses (mode blocks or both).", rule.host),
    );
}

/// One name from end to end, or everything that ends in a dot and the name.
fn content(host: &Host) -> String {
    match host {
        Host::Name(name) => format!("content:\"{name}\"; startswith; endswith;"),
        Host::Under(_) | Host::Any => {
            format!("content:\"{}\"; endswith;", host.to_string().trim_start_matches('*'))
        }
    }
}

fn sources(policy: &Policy) -> String {
    let sources: Vec<_> = policy.sources.iter().map(ToString::to_string).collect();
    list(&sources).unwrap_or_else(|| "$HOME_NET".to_owned())
}

fn list(items: &[String]) -> Option<String> {
    match items {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(","))),
    }
}

fn ports(ports: &BTreeSet<u16>) -> String {
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    list(&ports).expect("invariant: a rule has a port")
}

/// The names of a domain list: `name`, or `.name` for every name under it. A name that travels in
/// no connection is left out.
pub(super) fn targets(policy: &Policy) -> Vec<String> {
    let seen = policy
        .names
        .iter()
        .filter(|rule| rule.ports.iter().any(|port| objects::seen(*port) != Seen::Nowhere));
    seen.map(|rule| rule.host.to_string().trim_start_matches('*').to_owned()).collect()
}

/// What a rule group may hold, with room to grow, since AWS never changes it afterwards.
pub(super) const fn capacity(rules: usize) -> usize {
    (rules * 2).next_multiple_of(100)
}

/// What is true of AWS Network Firewall however it is set up.
pub(super) fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    rules.note(
        "Le groupe suit l’ordre strict : la politique de pare-feu doit être en « STRICT_ORDER » avec « drop_established » par défaut, sinon la poignée de main TCP, qui ne porte aucun nom, serait refusée. HOME_NET doit contenir le réseau de la machine s’il est dans un autre VPC.",
        "The group uses strict order: the firewall policy must be “STRICT_ORDER” with “drop_established” as its default, or the TCP handshake, which carries no name, would be refused. HOME_NET must contain the meter’s network when that is in another VPC.",
    );
    if !policy.names.is_empty() {
        rules.note(
            "Le nom est lu dans la poignée de main TLS (SNI) ou l’en-tête Host : l’adresse n’est pas vérifiée, et un client qui cache le SNI (ECH) ne passe pas. Les groupes de sécurité, eux, ne connaissent que des adresses.",
            "The name is read in the TLS handshake (SNI) or the Host header: the address is not checked, and a client that hides the SNI (ECH) does not pass. Security groups know addresses only.",
        );
        rules.note(
            "La liste de domaines (ALLOWLIST) est l’autre façon, sans ports ni sources ; elle refuse aussi tout autre HTTP et TLS de HOME_NET, et « .nom » y couvre le nom lui-même. N’attachez que l’un des deux groupes.",
            "The domain list (ALLOWLIST) is the other way, without ports or sources; it also refuses every other HTTP and TLS of HOME_NET, and “.name” covers the name itself there. Attach only one of the two groups.",
        );
    }
    if !policy.bypass.is_empty() {
        rules.cannot(
            &[],
            "L’inspection TLS d’AWS se règle par adresses et ports (« Scopes »), jamais par nom : aucune exemption par nom ne peut être écrite. Gardez l’adresse de la machine hors des « Sources » inspectées.",
            "AWS’s TLS inspection is set by addresses and ports (“Scopes”), never by name: no exemption by name can be written. Keep the meter’s address out of the inspected “Sources”.",
        );
    }
}
