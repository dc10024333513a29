//! Cisco Meraki MX: layer-3 rules for the Dashboard API. The API replaces the whole list at once,
//! so the files are our rules alone, and a script that reads the list, puts ours first and writes
//! it back: the administrator's own rules are never lost. Refuses wildcards and IPv6 sources.
//!
//! Sources: fields, FQDN on MX and Z only: <https://documentation.meraki.com/General_Administration/Cross-Platform_Content/Using_Layer_3_Firewall_Rules>;
//! `updateNetworkApplianceFirewallL3FirewallRules` (“not including the default rule”):
//! <https://developer.cisco.com/meraki/api-v1/update-network-appliance-firewall-l-3-firewall-rules/>;
//! `allowedUrlPatterns`: <https://developer.cisco.com/meraki/api-v1/update-network-appliance-content-filtering/>.

use serde::Serialize;
use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, V4};
use crate::{Language, Policy, RuleFile, Rules};

const TITLE: &str = "Cisco Meraki MX";

/// Our rules first, then every rule that is not ours and is not the default one, which the API adds
/// by itself; what it logs is kept.
const MERGE: &str = r#"def other: .comment | startswith("timbre ") | not;
{
  rules: ($ours[0].rules + [.rules[] | select(other and .comment != "Default rule")]),
  syslogDefaultRule: ([.rules[] | select(.comment == "Default rule") | .syslogEnabled] | first // false)
}
"#;

/// Reads, merges, writes back. `$1` is the file of our rules, or nothing to take ours away.
const SCRIPT: &str = r#"set -eu
: "${MERAKI_API_KEY:?}" "${NETWORK_ID:?}"
LIST="https://api.meraki.com/api/v1/networks/$NETWORK_ID/appliance/firewall/l3FirewallRules"
BEFORE="l3-before-$(date +%Y%m%dT%H%M%S).json"
curl -fsS -H "Authorization: Bearer $MERAKI_API_KEY" "$LIST" > "$BEFORE"
jq --slurpfile ours "$OURS" -f timbre-meraki-merge.jq "$BEFORE" > l3-after.json
curl -fsS -X PUT -H "Authorization: Bearer $MERAKI_API_KEY" -H "Content-Type: application/json" \
    --data @l3-after.json "$LIST" > l3-answer.json
"#;

#[derive(Serialize)]
struct List {
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    comment: String,
    policy: &'static str,
    protocol: &'static str,
    src_cidr: String,
    src_port: &'static str,
    dest_cidr: String,
    dest_port: String,
    syslog_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContentFilter {
    allowed_url_patterns: Vec<String>,
}

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let list = List {
        rules: match objects::only_v4(policy, &mut rules) {
            Some(v4) => list(policy, &v4),
            None => Vec::new(),
        },
    };
    let header = layout::header("# ", TITLE, policy, &rules, language);
    let script = |header: &str, before: &str| format!("#!/bin/sh\n{header}{before}{SCRIPT}");
    rules.file("timbre-meraki-rules.json", json(&list));
    rules.file("timbre-meraki-merge.jq", MERGE);
    rules.file("timbre-meraki.sh", script(&header, "OURS=timbre-meraki-rules.json\n"));
    if !policy.bypass.is_empty() {
        let allowed_url_patterns = policy.bypass.iter().map(pattern).collect();
        let text = json(&ContentFilter { allowed_url_patterns });
        rules.bypass = Some(RuleFile::new("timbre-meraki-bypass.json", text));
    }
    let header = objects::short_header("# ", TITLE, &objects::ROLLBACK, policy, language);
    let undo = script(&header, "OURS=\"$(mktemp)\"\necho '{\"rules\":[]}' > \"$OURS\"\n");
    rules.rollback = RuleFile::new("timbre-meraki-rollback.sh", undo);
    rules
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("invariant: texts and lists always serialise")
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    rules.note(
        "L’API remplace toute la liste : n’envoyez jamais timbre-meraki-rules.json seul. Le script lit la liste, la garde dans un fichier, met nos règles devant et la renvoie ; il lui faut curl et jq, MERAKI_API_KEY et NETWORK_ID.",
        "The API replaces the whole list: never send timbre-meraki-rules.json alone. The script reads the list, keeps it in a file, puts our rules before it and sends it back; it needs curl and jq, MERAKI_API_KEY and NETWORK_ID.",
    );
    if !policy.names.is_empty() {
        rules.note(
            "Les noms ne valent que sur MX et Z, pas sur MR, et s’apprennent des réponses DNS que l’appareil voit passer : le DNS de la machine doit le traverser en clair. Dans une politique de groupe, les règles n’ont pas d’état.",
            "Names work on MX and Z only, not on MR, and are learned from the DNS answers that the appliance sees: the meter’s DNS must cross it in the clear. In a group policy the rules are stateless.",
        );
    }
    objects::no_wildcards(
        policy,
        rules,
        "le fabricant ne documente pas de joker dans une règle de couche 3. Ouvrez le port 5938, ou ajoutez les noms exacts.",
        "the vendor documents no wildcard in a layer-3 rule. Open port 5938, or add the exact names.",
    );
    if !policy.bypass.is_empty() {
        rules.note(
            "MX ne déchiffre pas TLS ; il filtre les contenus. timbre-meraki-bypass.json donne les formats à ajouter à « allowedUrlPatterns » : là aussi la liste entière est remplacée, ajoutez-les aux vôtres. Un domaine y couvre ses sous-domaines.",
            "MX does not decrypt TLS; it filters content. timbre-meraki-bypass.json gives the patterns to add to “allowedUrlPatterns”: there too the whole list is replaced, so add them to yours. A domain covers its subdomains there.",
        );
    }
}

fn list(policy: &Policy, v4: &V4) -> Vec<Rule> {
    let sources: Vec<_> = v4.sources.iter().map(objects::cidr).collect();
    let sources = if sources.is_empty() { "Any".to_owned() } else { sources.join(",") };
    let rule = |protocol, dest_cidr: String, dest_port: String, rows: &str| Rule {
        comment: format!("timbre {} {} {rows}", policy.catalogue, policy.version),
        policy: "allow",
        protocol,
        src_cidr: sources.clone(),
        src_port: "Any",
        dest_cidr,
        dest_port,
        syslog_enabled: false,
    };
    let mut list = Vec::new();
    for opening in objects::openings(policy, |rule| !rule.is_wildcard()) {
        let ports = layout::ports(&opening.ports, ",");
        for name in &opening.names {
            let rows = layout::rows(&name.endpoints);
            list.push(rule("tcp", name.host.to_string(), ports.clone(), &rows));
        }
        for address in &opening.addresses {
            let rows = layout::rows(&address.endpoints);
            list.push(rule("tcp", objects::cidr(&address.net), ports.clone(), &rows));
        }
        if opening.to_any {
            list.push(rule("tcp", "Any".to_owned(), ports, &opening.rows()));
        }
    }
    if v4.dns {
        let resolvers: Vec<_> = v4.resolvers.iter().map(|ip| format!("{ip}/32")).collect();
        let to = if resolvers.is_empty() { "Any".to_owned() } else { resolvers.join(",") };
        for protocol in ["udp", "tcp"] {
            list.push(rule(protocol, to.clone(), "53".to_owned(), "DNS"));
        }
    }
    list
}

fn pattern(host: &Host) -> String {
    match host {
        Host::Name(name) | Host::Under(name) => name.clone(),
        Host::Any => String::new(),
    }
}
