//! Zscaler Internet Access: lists to paste into a custom URL category, the same as bodies for its
//! API, and destination groups for the cloud firewall. Lower case, no scheme, a leading dot for a
//! wildcard. Refuses address ranges in a URL category, where they do not work.
//!
//! Sources: <https://help.zscaler.com/zia/url-format-guidelines>; `POST /urlCategories`
//! (`superCategory: USER_DEFINED`), `POST /ipDestinationGroups` (`DSTN_FQDN`, `DSTN_IP`),
//! `POST /networkServices`: <https://help.zscaler.com/zia/api>, with the field names of the vendor's
//! own SDK, zscaler-sdk-go.

use serde::Serialize;
use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, Opening, Seen};
use crate::{Language, Policy, RuleFile, Rules};

const TITLE: &str = "Zscaler Internet Access";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UrlCategory {
    configured_name: &'static str,
    description: String,
    super_category: &'static str,
    r#type: &'static str,
    custom_category: bool,
    urls: Vec<String>,
}

#[derive(Serialize)]
struct DestinationGroup {
    name: String,
    description: String,
    r#type: &'static str,
    addresses: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    name: String,
    description: String,
    r#type: &'static str,
    dest_tcp_ports: Vec<Port>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dest_udp_ports: Vec<Port>,
}

#[derive(Serialize)]
struct Port {
    start: u16,
}

/// What the cloud firewall's rules are made of: each item is the body of one request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Firewall {
    ip_destination_groups: Vec<DestinationGroup>,
    network_services: Vec<Service>,
}

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let identity = format!("timbre {} {}", policy.catalogue, policy.version);
    let urls: Vec<_> = policy.names.iter().map(|rule| url(&rule.host)).collect();
    let header = layout::header("# ", TITLE, policy, &rules, language);
    rules.file("timbre-zscaler-read-me.txt", header);
    if !urls.is_empty() {
        rules.file("timbre-zscaler-urls.txt", urls.join("\n"));
        let category = category("timbre", &identity, urls);
        rules.file("timbre-zscaler-url-category.json", json(&category));
    }
    let firewall = firewall(policy, &identity);
    rules.file("timbre-zscaler-firewall.json", json(&firewall));
    if !policy.bypass.is_empty() {
        let urls = policy.bypass.iter().map(url).collect();
        let text = json(&category("timbre-no-inspection", &identity, urls));
        rules.bypass = Some(RuleFile::new("timbre-zscaler-bypass.json", text));
    }
    let header = objects::short_header("# ", TITLE, &objects::ROLLBACK, policy, language);
    let undo = rollback(&header, &firewall);
    rules.rollback = RuleFile::new("timbre-zscaler-rollback.sh", undo);
    rules
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("invariant: texts and lists always serialise")
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    rules.note(
        "Règle d’URL « Allow » sur la catégorie « timbre » ; politique d’inspection SSL « Do Not Inspect » sur « timbre-no-inspection », placée avant celles qui inspectent. Les sources sont vos emplacements Zscaler : aucune adresse de machine n’est écrite ici.",
        "URL filtering rule “Allow” on the category “timbre”; SSL inspection policy “Do Not Inspect” on “timbre-no-inspection”, placed before those that inspect. The sources are your Zscaler locations: no address of a meter is written here.",
    );
    rules.note(
        "Pare-feu infonuagique : une règle par service « timbre-… », vers le groupe du même nom. Chaque élément du fichier est le corps d’une requête POST, suivie de POST /status/activate.",
        "Cloud firewall: one rule per service “timbre-…”, to the group of the same name. Each item of the file is the body of one POST request, followed by POST /status/activate.",
    );
    if policy.names.iter().any(|rule| rule.is_wildcard()) {
        rules.note(
            "Un point en tête est un joker : jusqu’à cinq étiquettes, et aussi le nom lui-même.",
            "A leading dot is a wildcard: up to five labels, and the name itself too.",
        );
    }
    if !policy.addresses.is_empty() {
        rules.note(
            "Les plages d’adresses ne marchent pas dans une catégorie d’URL : elles sont dans les groupes du pare-feu.",
            "Address ranges do not work in a URL category: they are in the firewall’s groups.",
        );
    }
    for rule in policy.names.iter().filter(|rule| rule.is_wildcard()) {
        if rule.ports.iter().any(|port| objects::seen(*port) == Seen::Nowhere) {
            rules.cannot(
                &rule.endpoints,
                "Un joker ne peut pas être suivi en FTP : ce protocole ne nomme pas son hôte.",
                "A wildcard cannot be followed in FTP: that protocol does not name its host.",
            );
        }
    }
}

/// As a URL category wants it: `name`, or `.name` for every name under it.
fn url(host: &Host) -> String {
    match host {
        Host::Under(name) => format!(".{name}"),
        Host::Name(_) | Host::Any => host.to_string(),
    }
}

fn category(name: &'static str, identity: &str, urls: Vec<String>) -> UrlCategory {
    UrlCategory {
        configured_name: name,
        description: identity.to_owned(),
        super_category: "USER_DEFINED",
        r#type: "URL_CATEGORY",
        custom_category: true,
        urls,
    }
}

fn firewall(policy: &Policy, identity: &str) -> Firewall {
    let openings = objects::openings(policy, |rule| !rule.is_wildcard());
    let mut ip_destination_groups = Vec::new();
    for opening in &openings {
        let names = opening.names.iter().map(|rule| rule.host.to_string()).collect();
        let nets = opening.addresses.iter().map(|rule| objects::cidr(&rule.net)).collect();
        let mut group = |suffix: &str, kind: &'static str, addresses: Vec<String>| {
            if !addresses.is_empty() {
                ip_destination_groups.push(DestinationGroup {
                    name: format!("{}{suffix}", opening.name()),
                    description: identity.to_owned(),
                    r#type: kind,
                    addresses,
                });
            }
        };
        group("", "DSTN_FQDN", names);
        group("-ip", "DSTN_IP", nets);
    }
    if !policy.resolvers.is_empty() {
        ip_destination_groups.push(DestinationGroup {
            name: "timbre-dns".to_owned(),
            description: identity.to_owned(),
            r#type: "DSTN_IP",
            addresses: policy.resolvers.iter().map(ToString::to_string).collect(),
        });
    }
    let mut network_services: Vec<_> =
        openings.iter().map(|opening| service(opening, identity)).collect();
    network_services.push(Service {
        name: "timbre-dns".to_owned(),
        description: identity.to_owned(),
        r#type: "CUSTOM",
        dest_tcp_ports: vec![Port { start: 53 }],
        dest_udp_ports: vec![Port { start: 53 }],
    });
    Firewall { ip_destination_groups, network_services }
}

fn service(opening: &Opening<'_>, identity: &str) -> Service {
    Service {
        name: opening.name(),
        description: identity.to_owned(),
        r#type: "CUSTOM",
        dest_tcp_ports: opening.ports.iter().map(|port| Port { start: *port }).collect(),
        dest_udp_ports: Vec::new(),
    }
}

/// Finds our objects by their exact names and deletes them by the number that the cloud gave them.
fn rollback(header: &str, firewall: &Firewall) -> String {
    let quoted = |names: Vec<&str>| {
        names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" ")
    };
    let groups = firewall.ip_destination_groups.iter().map(|group| group.name.as_str()).collect();
    let services = firewall.network_services.iter().map(|service| service.name.as_str()).collect();
    format!(
        r#"#!/bin/sh
{header}set -eu
: "${{ZIA_URL:?}}" "${{ZIA_TOKEN:?}}"
ask() {{
    curl -fsS -H "Authorization: Bearer $ZIA_TOKEN" "$@"
}}
remove() {{
    list="$1"
    field="$2"
    shift 2
    for name in "$@"; do
        ask "$ZIA_URL/$list" | jq -r --arg name "$name" ".[] | select(.$field == \$name) | .id" |
            while read -r id; do ask -X DELETE "$ZIA_URL/$list/$id"; done
    done
}}
remove urlCategories configuredName 'timbre' 'timbre-no-inspection'
remove ipDestinationGroups name {groups}
remove networkServices name {services}
ask -X POST "$ZIA_URL/status/activate"
"#,
        groups = quoted(groups),
        services = quoted(services),
    )
}
