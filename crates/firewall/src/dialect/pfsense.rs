//! Lists for the aliases of pfSense and OPNsense: names to import into aliases of hosts, networks
//! to subscribe to as URL tables, and which rule to make of each. Refuses wildcards, as both
//! products do.

use timbre_catalogue::Host;

use super::layout::{self, line};
use crate::{Language, Policy, RuleFile, Rules};

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    rules.note(
        "pfSense : Pare-feu > Alias > Importer, une liste par alias. OPNsense : Pare-feu > Alias, type Hosts ou URL Table (IPs). Une règle par alias, sur l’interface de la machine, selon timbre-pfsense.txt.",
        "pfSense: Firewall > Aliases > Import, one list per alias. OPNsense: Firewall > Aliases, type Hosts or URL Table (IPs). One rule per alias, on the meter’s interface, as in timbre-pfsense.txt.",
    );
    if !policy.names.is_empty() {
        rules.note(
            "Les noms : le pare-feu les résout lui-même (toutes les 300 s par défaut). Le pare-feu et la machine doivent interroger le même serveur DNS ; un nom à adresses tournantes peut manquer.",
            "Names: the firewall resolves them itself (every 300 s by default). The firewall and the meter must ask the same DNS server; a name with rotating addresses may be missed.",
        );
    }
    layout::refuse_wildcards(
        policy,
        &mut rules,
        (
            "les alias n’acceptent pas de caractère générique ; ouvrez cette destination au serveur mandataire.",
            "aliases take no wildcard; open this destination at a proxy.",
        ),
    );
    let head = |title: &str, rules: &Rules| layout::header("# ", title, policy, rules, language);
    let steps = head("pfSense / OPNsense", &rules) + &steps(policy);
    rules.file("timbre-pfsense.txt", steps);
    for (port, names) in layout::names_by_port(policy) {
        let mut list = String::new();
        for rule in names.iter().filter(|rule| !rule.is_wildcard()) {
            // After the name the import takes a description, so no comment is needed here.
            line(&mut list, format!("{} {}", rule.name(), layout::rows(&rule.endpoints)));
        }
        if !list.is_empty() {
            rules.file(format!("timbre-hosts-{port}.txt"), list);
        }
    }
    for (port, networks) in layout::addresses_by_port(policy) {
        let mut list = head("URL Table (IPs)", &rules);
        for rule in networks {
            line(&mut list, format!("{}  # {}", rule.net, layout::rows(&rule.endpoints)));
        }
        rules.file(format!("timbre-networks-{port}.txt"), list);
    }
    rules.bypass = bypass(policy);
    let mut undo = String::from("# Delete the rules that use these aliases, then the aliases:\n");
    for (name, _, _) in aliases(policy) {
        line(&mut undo, name);
    }
    rules.rollback = RuleFile::new("timbre-rollback.txt", undo);
    rules
}

/// Each alias with the file it comes from and its port.
fn aliases(policy: &Policy) -> Vec<(String, String, u16)> {
    let names = layout::names_by_port(policy);
    let names = names
        .into_iter()
        .filter(|(_, rules)| rules.iter().any(|rule| !rule.is_wildcard()))
        .map(|(port, _)| ("hosts", port));
    let networks = layout::addresses_by_port(policy).into_keys().map(|port| ("networks", port));
    names
        .chain(networks)
        .map(|(kind, port)| {
            (format!("timbre_{kind}_{port}"), format!("timbre-{kind}-{port}.txt"), port)
        })
        .collect()
}

fn steps(policy: &Policy) -> String {
    let from = policy.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let from = if from.is_empty() { "any" } else { &from };
    let mut text =
        String::from("\n# action  protocol  source  destination  port  (alias from file)\n");
    for resolver in &policy.resolvers {
        line(&mut text, format!("pass  tcp/udp  {from}  {resolver}  53"));
    }
    if policy.resolvers.is_empty() {
        line(&mut text, format!("pass  tcp/udp  {from}  any  53"));
    }
    for (alias, file, port) in aliases(policy) {
        line(&mut text, format!("pass  tcp  {from}  {alias}  {port}  ({file})"));
    }
    for rule in &policy.any {
        let rows = layout::rows(&rule.endpoints);
        line(&mut text, format!("pass  tcp  {from}  any  {}  ({rows})", rule.port));
    }
    if !policy.sources.is_empty() {
        line(&mut text, format!("block  any  {from}  any  any"));
    }
    text
}

/// For the squid package: “SSL no bump sites” takes names one per line.
fn bypass(policy: &Policy) -> Option<RuleFile> {
    let mut text = String::new();
    for host in &policy.bypass {
        match host {
            Host::Name(name) => line(&mut text, name),
            Host::Under(parent) => line(&mut text, format!(".{parent}")),
            Host::Any => {}
        }
    }
    (!text.is_empty()).then(|| RuleFile::new("timbre-bypass.txt", text))
}
