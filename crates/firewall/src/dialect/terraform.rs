//! Terraform (HCL) for AWS: the Suricata rule group, the domain list as an alternative that is off
//! unless asked for, and, by address, a prefix list with the egress rules of a security group.
//! Writes no provider, no region and no state: it is a file to put into a module of yours.
//!
//! Sources: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/networkfirewall_rule_group>
//! (`rules_string`, `rules_source_list { generated_rules_type target_types targets }`,
//! `rule_variables { ip_sets { key ip_set { definition } } }`, `stateful_rule_options { rule_order }`),
//! `.../ec2_managed_prefix_list` (`address_family`, `max_entries`, `entry { cidr description }`),
//! `.../vpc_security_group_egress_rule` (`prefix_list_id`, `from_port`, `to_port`, `ip_protocol`).

use std::fmt::Write as _;

use super::objects::{self, Opening};
use super::{layout, suricata};
use crate::{Language, Net, Policy, RuleFile, Rules};

const TITLE: &str = "Terraform, AWS";
const LIST: &str = "aws_networkfirewall_rule_group.timbre_domains";
const GROUP: &str = "aws_networkfirewall_rule_group.timbre";

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    suricata::say(policy, &mut rules);
    rules.note(
        "Le fichier est pour le fournisseur hashicorp/aws, version 5 ou plus récente. « timbre_domain_list » remplace le groupe par la liste de domaines ; « timbre_security_group_id » ajoute les règles de sortie par adresse à un groupe de sécurité.",
        "The file is for the provider hashicorp/aws, version 5 or newer. “timbre_domain_list” replaces the group by the domain list; “timbre_security_group_id” adds the egress rules by address to a security group.",
    );
    let lines = suricata::write(policy, &mut rules);
    let mut text = layout::header("# ", TITLE, policy, &rules, language);
    let mut addresses = vec![GROUP.to_owned()];
    let targets = suricata::targets(policy);
    push(&mut text, &rule_group(policy, &lines, !targets.is_empty()));
    if !targets.is_empty() {
        push(&mut text, &domain_list(policy, &targets));
        addresses.push(LIST.to_owned());
    }
    egress_rules(policy, &mut text, &mut addresses);
    rules.file("timbre.tf", text);
    let targets: String =
        addresses.iter().rev().map(|address| format!(" \\\n    -target={address}")).collect();
    let header = objects::short_header("# ", TITLE, &objects::ROLLBACK, policy, language);
    let undo = format!("#!/bin/sh\n{header}terraform destroy{targets}\n");
    rules.rollback = RuleFile::new("timbre-terraform-rollback.sh", undo);
    rules
}

fn push(text: &mut String, block: &str) {
    write!(text, "\n{block}").expect("invariant: a String takes everything");
}

const SECURITY_GROUP: &str = r#"variable "timbre_security_group_id" {
  description = "The security group of the meter; empty adds no egress rule."
  type        = string
  default     = ""
}
"#;

/// A name of Terraform: `timbre_tcp_80_443`.
fn identifier(opening: &Opening<'_>) -> String {
    opening.name().replace('-', "_")
}

fn description(policy: &Policy) -> String {
    format!("timbre {} {}", policy.catalogue, policy.version)
}

/// The text inside a heredoc, where `${` and `%{` would begin a template.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

fn rule_group(policy: &Policy, lines: &[String], with_list: bool) -> String {
    let indented: String =
        lines.iter().map(|line| format!("        {}\n", literal(line))).collect();
    let (variable, count) = if with_list {
        (
            r#"variable "timbre_domain_list" {
  description = "Whether the domain list is made instead of the rule group."
  type        = bool
  default     = false
}

"#,
            "  count       = var.timbre_domain_list ? 0 : 1\n",
        )
    } else {
        ("", "")
    };
    format!(
        r#"{variable}resource "aws_networkfirewall_rule_group" "timbre" {{
{count}  name        = "timbre"
  description = "{description}"
  type        = "STATEFUL"
  capacity    = {capacity}

  rule_group {{
    rules_source {{
      rules_string = <<-EOT
{indented}      EOT
    }}

    stateful_rule_options {{
      rule_order = "STRICT_ORDER"
    }}
  }}
}}
"#,
        description = description(policy),
        capacity = suricata::capacity(lines.len()),
    )
}

fn domain_list(policy: &Policy, targets: &[String]) -> String {
    let quoted: String = targets.iter().map(|name| format!("          \"{name}\",\n")).collect();
    let sources: Vec<_> =
        policy.sources.iter().map(|net| format!("\"{}\"", objects::cidr(net))).collect();
    let home = if sources.is_empty() {
        String::new()
    } else {
        format!(
            r#"    rule_variables {{
      ip_sets {{
        key = "HOME_NET"
        ip_set {{
          definition = [{}]
        }}
      }}
    }}

"#,
            sources.join(", ")
        )
    };
    format!(
        r#"resource "aws_networkfirewall_rule_group" "timbre_domains" {{
  count       = var.timbre_domain_list ? 1 : 0
  name        = "timbre-domains"
  description = "{description}"
  type        = "STATEFUL"
  capacity    = {capacity}

  rule_group {{
{home}    rules_source {{
      rules_source_list {{
        generated_rules_type = "ALLOWLIST"
        target_types         = ["TLS_SNI", "HTTP_HOST"]
        targets = [
{quoted}        ]
      }}
    }}
  }}
}}
"#,
        description = description(policy),
        capacity = suricata::capacity(targets.len() * 2),
    )
}

fn prefix_list(policy: &Policy, opening: &Opening<'_>) -> String {
    let entries: String = opening
        .addresses
        .iter()
        .map(|rule| {
            let rows = shortened(&layout::rows(&rule.endpoints));
            format!(
                "\n  entry {{\n    cidr        = \"{}\"\n    description = \"{rows}\"\n  }}\n",
                objects::cidr(&rule.net)
            )
        })
        .collect();
    format!(
        r#"resource "aws_ec2_managed_prefix_list" "{name}" {{
  name           = "{label}"
  address_family = "IPv4"
  max_entries    = {count}
{entries}
  tags = {{
    catalogue = "{description}"
  }}
}}
"#,
        name = identifier(opening),
        label = opening.name(),
        count = opening.addresses.len(),
        description = description(policy),
    )
}

/// A description of an entry holds 255 characters.
fn shortened(rows: &str) -> String {
    objects::fit(rows, 255)
}

/// The egress rules of a security group, which knows addresses only: to the networks, to any host at
/// the ports that need it, and to the resolvers.
fn egress_rules(policy: &Policy, text: &mut String, addresses: &mut Vec<String>) {
    let by_address = objects::openings(policy, |_| false);
    if policy.addresses.is_empty() {
        return;
    }
    push(text, SECURITY_GROUP);
    let mut rule = |text: &mut String, name: String, to: &str, protocol: &str, port: u16| {
        push(text, &egress(&name, to, protocol, port));
        addresses.push(format!("aws_vpc_security_group_egress_rule.{name}"));
    };
    let mut lists = Vec::new();
    for opening in &by_address {
        let name = identifier(opening);
        let to = if opening.to_any {
            "cidr_ipv4         = \"0.0.0.0/0\"".to_owned()
        } else {
            push(text, &prefix_list(policy, opening));
            lists.push(format!("aws_ec2_managed_prefix_list.{name}"));
            format!("prefix_list_id    = aws_ec2_managed_prefix_list.{name}.id")
        };
        for port in &opening.ports {
            rule(text, format!("{name}_{port}"), &to, "tcp", *port);
        }
    }
    for (number, resolver) in (1..).zip(&policy.resolvers) {
        let family = if resolver.is_ipv4() { "cidr_ipv4" } else { "cidr_ipv6" };
        let to = format!("{family}         = \"{}\"", objects::cidr(&Net::host(*resolver)));
        for protocol in ["udp", "tcp"] {
            rule(text, format!("timbre_dns_{number}_{protocol}"), &to, protocol, 53);
        }
    }
    // Destroyed in the reverse order: a list goes after the rules that use it.
    addresses.splice(1..1, lists);
}

fn egress(name: &str, to: &str, protocol: &str, port: u16) -> String {
    format!(
        r#"resource "aws_vpc_security_group_egress_rule" "{name}" {{
  count             = var.timbre_security_group_id == "" ? 0 : 1
  security_group_id = var.timbre_security_group_id
  description       = "timbre"
  {to}
  ip_protocol       = "{protocol}"
  from_port         = {port}
  to_port           = {port}
}}
"#
    )
}
