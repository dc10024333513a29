//! AWS Network Firewall: Suricata rules, the rule group that holds them, and a stateful domain list,
//! the last two as input for `aws network-firewall create-rule-group --cli-input-json`. Refuses an
//! exemption from inspection by name: the service has none.
//!
//! Sources: `CreateRuleGroup`: <https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_CreateRuleGroup.html>;
//! `RulesSourceList`, its leading dot: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-networkfirewall-rulegroup-rulessourcelist.html>;
//! HOME_NET of other VPCs: <https://docs.aws.amazon.com/network-firewall/latest/developerguide/stateful-rule-groups-domain-names.html>.

use serde::Serialize;
use timbre_catalogue::Text;

use super::{layout, objects, suricata};
use crate::{Language, Policy, RuleFile, Rules};

const TITLE: &str = "AWS Network Firewall";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    rule_group_name: &'static str,
    r#type: &'static str,
    description: String,
    capacity: usize,
    rule_group: Body,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_variables: Option<Variables>,
    rules_source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    stateful_rule_options: Option<Options>,
}

#[derive(Serialize)]
struct Variables {
    #[serde(rename = "IPSets")]
    ip_sets: IpSets,
}

#[derive(Serialize)]
struct IpSets {
    #[serde(rename = "HOME_NET")]
    home_net: IpSet,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct IpSet {
    definition: Vec<String>,
}

#[derive(Serialize)]
enum Source {
    RulesString(String),
    RulesSourceList(List),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    targets: Vec<String>,
    target_types: [&'static str; 2],
    generated_rules_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Options {
    rule_order: &'static str,
}

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    suricata::say(policy, &mut rules);
    let lines = suricata::write(policy, &mut rules);
    let header = layout::header("# ", TITLE, policy, &rules, language);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    rules.file("timbre-aws-suricata.rules", format!("{header}{text}"));
    rules.file("timbre-aws-rule-group.json", json(&strict_group(policy, &lines)));
    let targets = suricata::targets(policy);
    let listed = !targets.is_empty();
    if listed {
        rules.file("timbre-aws-domain-list.json", json(&domain_list(policy, targets)));
    }
    let delete = |name: &str| {
        format!("aws network-firewall delete-rule-group --type STATEFUL --rule-group-name {name}\n")
    };
    let list = if listed { delete("timbre-domains") } else { String::new() };
    let how = layout::one_line(language.of(&DETACH));
    let header = objects::short_header("# ", TITLE, &objects::ROLLBACK, policy, language);
    let undo = format!("#!/bin/sh\n{header}# {how}\n{}{list}", delete("timbre"));
    rules.rollback = RuleFile::new("timbre-aws-rollback.sh", undo);
    rules
}

const DETACH: Text = Text::fixed(
    "Retirez d’abord le groupe de la politique de pare-feu ; seul celui que vous avez créé existe.",
    "Take the group out of the firewall policy first; only the one that you created exists.",
);

fn json(group: &Group) -> String {
    serde_json::to_string_pretty(group).expect("invariant: texts and lists always serialise")
}

fn description(policy: &Policy) -> String {
    format!("timbre {} {}", policy.catalogue, policy.version)
}

fn strict_group(policy: &Policy, lines: &[String]) -> Group {
    Group {
        rule_group_name: "timbre",
        r#type: "STATEFUL",
        description: description(policy),
        capacity: suricata::capacity(lines.len()),
        rule_group: Body {
            rule_variables: None,
            rules_source: Source::RulesString(lines.join("\n")),
            stateful_rule_options: Some(Options { rule_order: "STRICT_ORDER" }),
        },
    }
}

fn domain_list(policy: &Policy, targets: Vec<String>) -> Group {
    let definition: Vec<_> = policy.sources.iter().map(objects::cidr).collect();
    let home_net = IpSet { definition };
    let given = !home_net.definition.is_empty();
    Group {
        rule_group_name: "timbre-domains",
        r#type: "STATEFUL",
        description: description(policy),
        capacity: suricata::capacity(targets.len() * 2),
        rule_group: Body {
            rule_variables: given.then_some(Variables { ip_sets: IpSets { home_net } }),
            rules_source: Source::RulesSourceList(List {
                targets,
                target_types: ["TLS_SNI", "HTTP_HOST"],
                generated_rules_type: "ALLOWLIST",
            }),
            stateful_rule_options: None,
        },
    }
}
