//! Cisco ASA, 8.4(2) and later: an extended access list with FQDN objects. Refuses wildcards: an
//! FQDN object must begin and end with a letter or a digit.

use core::net::IpAddr;

use super::layout::{self, line};
use crate::{Language, NameRule, Net, Policy, RuleFile, Rules};

const LIST: &str = "timbre_in";

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    notes(policy, &mut rules);
    layout::refuse_wildcards(
        policy,
        &mut rules,
        (
            "un objet FQDN n’accepte pas de caractère générique ; ouvrez cette destination au serveur mandataire, ou par adresse.",
            "an FQDN object takes no wildcard; open this destination at a proxy, or by address.",
        ),
    );
    let head = |title: &str, rules: &Rules| layout::header("! ", title, policy, rules, language);
    let objects = objects(policy);
    let entries = entries(policy);
    let mut alone = head("Cisco ASA", &rules) + &objects;
    let mut added = head("Cisco ASA, inside_in", &rules) + &objects;
    for entry in &entries {
        line(&mut alone, format!("access-list {LIST} {entry}"));
    }
    line(&mut alone, format!("access-list {LIST} extended deny ip {} any log", source(policy)));
    line(&mut alone, format!("access-group {LIST} in interface inside"));
    for (index, entry) in entries.iter().enumerate() {
        line(&mut added, format!("access-list inside_in line {} {entry}", index + 1));
    }
    rules.file("timbre-asa.txt", alone);
    rules.file("timbre-asa-add.txt", added);
    rules.rollback = RuleFile::new("timbre-rollback.txt", rollback(policy, &entries));
    rules
}

fn notes(policy: &Policy, rules: &mut Rules) {
    rules.note(
        "timbre-asa.txt remplace la liste de l’interface « inside » : pour une interface qui ne sert que la machine. timbre-asa-add.txt insère les mêmes lignes en tête de la liste « inside_in » qui existe déjà (remplacez ce nom par le vôtre).",
        "timbre-asa.txt replaces the list of the interface “inside”: for an interface that serves the meter only. timbre-asa-add.txt inserts the same lines at the head of the existing list “inside_in” (replace this name by yours).",
    );
    rules.note(
        "L’ASA elle-même ne regarde pas dans TLS. Devant un module FirePOWER ou FTD, ajoutez une règle « Do not decrypt » pour les mêmes noms.",
        "The ASA itself does not look into TLS. Before a FirePOWER module or FTD, add a “Do not decrypt” rule for the same names.",
    );
    if !policy.names.is_empty() {
        rules.note(
            "Les noms : l’ASA les résout elle-même, sur une minuterie. Elle et la machine doivent interroger le même serveur DNS (name-server ci-dessous) ; un nom à adresses tournantes peut manquer.",
            "Names: the ASA resolves them itself, on a timer. It and the meter must ask the same DNS server (name-server below); a name with rotating addresses may be missed.",
        );
    }
}

/// The name of a host's object; the ASA refuses more than 64 characters.
fn object(index: usize, rule: &NameRule) -> String {
    let name: String = rule.name().chars().take(48).collect();
    format!("timbre-{index:02}-{name}")
}

fn exact(policy: &Policy) -> impl Iterator<Item = (usize, &NameRule)> {
    policy.names.iter().enumerate().filter(|(_, rule)| !rule.is_wildcard())
}

fn source(policy: &Policy) -> &'static str {
    if policy.sources.is_empty() { "any" } else { "object-group timbre-meter" }
}

/// `host A`, `A MASK` or `A/N`, as an entry writes a destination.
fn network(net: &Net) -> String {
    match net.mask() {
        _ if net.is_host() => format!("host {net}"),
        Some(mask) => format!("{} {mask}", net.address()),
        None => net.to_string(),
    }
}

fn objects(policy: &Policy) -> String {
    let mut text = String::from("!\n");
    if exact(policy).next().is_some() {
        line(&mut text, "dns domain-lookup inside");
        if !policy.resolvers.is_empty() {
            line(&mut text, "dns server-group DefaultDNS");
            for resolver in &policy.resolvers {
                line(&mut text, format!(" name-server {resolver}"));
            }
        }
    }
    for (index, rule) in exact(policy) {
        line(&mut text, format!("object network {}", object(index, rule)));
        line(&mut text, format!(" fqdn {}", rule.name()));
    }
    if !policy.sources.is_empty() {
        line(&mut text, "object-group network timbre-meter");
        for net in &policy.sources {
            line(&mut text, format!(" network-object {}", network(net)));
        }
    }
    text.push_str("!\n");
    text
}

/// The entries without the name of their list: remarks and permissions.
fn entries(policy: &Policy) -> Vec<String> {
    let mut entries = Vec::new();
    let source = source(policy);
    let mut permit = |remark: &str, protocol: &str, to: &str, port: u16| {
        // One remark before the ports of one destination.
        let remark = format!("remark {}", remark.chars().take(90).collect::<String>());
        if !entries.contains(&remark) {
            entries.push(remark);
        }
        entries.push(format!("extended permit {protocol} {source} {to} eq {port}"));
    };
    let resolver = |address: &IpAddr| format!("host {address}");
    let mut resolvers: Vec<String> = policy.resolvers.iter().map(resolver).collect();
    if resolvers.is_empty() {
        resolvers.push("any".to_owned());
    }
    for to in &resolvers {
        permit("dns", "udp", to, 53);
        permit("dns", "tcp", to, 53);
    }
    for (index, rule) in exact(policy) {
        for port in &rule.ports {
            let to = format!("object {}", object(index, rule));
            permit(&layout::rows(&rule.endpoints), "tcp", &to, *port);
        }
    }
    for rule in &policy.addresses {
        for port in &rule.ports {
            let rows = format!("{} {}", rule.net, layout::rows(&rule.endpoints));
            permit(&rows, "tcp", &network(&rule.net), *port);
        }
    }
    for rule in &policy.any {
        permit(&layout::rows(&rule.endpoints), "tcp", "any", rule.port);
    }
    entries
}

fn rollback(policy: &Policy, entries: &[String]) -> String {
    let mut text = String::from("! timbre-asa.txt\n");
    line(&mut text, format!("no access-group {LIST} in interface inside"));
    line(&mut text, format!("clear configure access-list {LIST}"));
    line(&mut text, "! timbre-asa-add.txt");
    for entry in entries {
        line(&mut text, format!("no access-list inside_in {entry}"));
    }
    line(&mut text, "! both");
    for (index, rule) in exact(policy) {
        line(&mut text, format!("no object network {}", object(index, rule)));
    }
    if !policy.sources.is_empty() {
        line(&mut text, "no object-group network timbre-meter");
    }
    text
}
