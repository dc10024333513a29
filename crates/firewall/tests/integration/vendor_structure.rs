//! What can be proved of vendors' files without the vendors' products: JSON, HCL and XML by parsers
//! that are not ours, shell scripts by shellcheck, Meraki's merge by jq, and the promises that the
//! documentation of each product asks for.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use timbre_catalogue::Text;
use timbre_firewall::{Dialect, Language, Mode, Net, Policy, RuleFile, write};

use crate::judges;
use crate::vendor_samples::{VENDORS, all_rules, every_kind, file, one};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn every_json_file_is_json() {
    for dialect in VENDORS {
        for (_, rules) in all_rules(dialect) {
            for file in rules.every_file().filter(|file| file.name.ends_with(".json")) {
                assert!(json(&file.text).is_object(), "{dialect} {}", file.name);
            }
        }
    }
}

/// A document's title goes into comments; whoever wrote it must not be able to leave them.
#[test]
fn a_hostile_title_never_leaves_its_comment() {
    let title =
        "x --> <evil/> \n$(touch /tmp/evil) `evil` \u{85}\\\" ' #> */ ${evil} %{evil}\r\nset evil";
    for dialect in VENDORS {
        let selection = judges::both_families(Mode::Both);
        let mut policy = Policy::of(&every_kind(), &selection);
        let calm = write(dialect, &policy, Language::English);
        policy.title = Text::new(title, title);
        let hostile = write(dialect, &policy, Language::English);
        let code = |file: &RuleFile| -> Vec<String> {
            let xml = file.name.ends_with(".xml");
            let is_code =
                |line: &&str| if xml { line.starts_with('<') } else { !line.starts_with('#') };
            file.text.lines().filter(is_code).map(str::to_owned).collect()
        };
        for (calm, hostile) in calm.every_file().zip(hostile.every_file()) {
            assert!(code(calm) == code(hostile), "{dialect} {}\n{}", calm.name, hostile.text);
            if hostile.name.ends_with(".xml") {
                let document = roxmltree::Document::parse(&hostile.text).unwrap();
                assert!(!document.descendants().any(|node| node.has_tag_name("evil")));
            }
        }
    }
}

#[test]
fn every_shell_script_is_sound() {
    for dialect in VENDORS {
        let (_, rules) = all_rules(dialect).swap_remove(2);
        let folder = tempfile::tempdir().unwrap();
        judges::save(&rules, folder.path());
        for file in rules.every_file().filter(|file| file.name.ends_with(".sh")) {
            let path = folder.path().join(&file.name);
            let path = path.to_str().unwrap();
            let output = judges::run("shellcheck", "shellcheck", &["--shell=sh", path]);
            judges::content(&output, &file.name);
        }
    }
}

#[test]
fn meraki_rules_hold_what_the_dashboard_takes() {
    for (policy, rules) in all_rules(Dialect::Meraki) {
        let list = json(&file(&rules, "timbre-meraki-rules.json").text);
        for rule in list["rules"].as_array().unwrap() {
            let to = rule["destCidr"].as_str().unwrap();
            assert!(!to.contains('*'), "no wildcard is documented: {to}");
            assert!(matches!(rule["protocol"].as_str(), Some("tcp" | "udp")));
            let comment = rule["comment"].as_str().unwrap();
            assert!(
                comment.starts_with(&format!("timbre {} {}", policy.catalogue, policy.version))
            );
        }
    }
}

/// Runs the merge of a recipe on what the Dashboard answers.
fn merge(filter: &str, ours: &Value, before: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours.json");
    std::fs::write(&path, ours.to_string()).unwrap();
    let mut child = Command::new("jq")
        .args(["--slurpfile", "ours", path.to_str().unwrap(), filter])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("jq: {error}. Install it: sudo apt-get install jq"));
    child.stdin.take().unwrap().write_all(before.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    judges::content(&output, "jq");
    json(&String::from_utf8(output.stdout).unwrap())
}

#[test]
fn merakis_merge_keeps_the_administrators_rules_and_its_rollback_gives_them_back() {
    let rules = one(Dialect::Meraki, Mode::Both);
    let filter = &file(&rules, "timbre-meraki-merge.jq").text;
    let ours = json(&file(&rules, "timbre-meraki-rules.json").text);
    let own = json!({"comment": "printers", "policy": "deny", "protocol": "any"});
    let unnamed = json!({"comment": "", "policy": "allow", "protocol": "udp"});
    let old = json!({"comment": "timbre every-kind 2025010101 funds.refill", "policy": "allow"});
    let default = json!({"comment": "Default rule", "policy": "allow", "syslogEnabled": true});
    let before = json!({"rules": [old, own, unnamed, default]});

    let after = merge(filter, &ours, &before);
    let mut expected = ours["rules"].as_array().unwrap().clone();
    expected.extend([own.clone(), unnamed.clone()]);
    assert_eq!(
        after["rules"],
        Value::Array(expected),
        "ours first, theirs behind, default left out"
    );
    assert_eq!(after["syslogDefaultRule"], true);
    assert_eq!(merge(filter, &ours, &after)["rules"], after["rules"], "twice changes nothing");

    let undone = merge(filter, &json!({"rules": []}), &after);
    assert_eq!(undone["rules"], json!([own, unnamed]));
}

#[test]
fn zscaler_entries_follow_its_guidelines() {
    for (_, rules) in all_rules(Dialect::Zscaler) {
        let files = rules.every_file().filter(|file| file.name.ends_with(".json"));
        for category in files.map(|file| json(&file.text)).filter(|file| file["urls"].is_array()) {
            for url in texts(&category["urls"]) {
                assert_eq!(url, url.to_lowercase());
                assert!(url.len() <= 1024 && !url.contains(['*', '/', ':']), "{url}");
                assert!(url.parse::<Net>().is_err(), "addresses do not work there: {url}");
            }
        }
    }
}

#[test]
fn palo_altos_lists_are_of_one_type_each_and_no_url_lacks_its_slash() {
    for (_, rules) in all_rules(Dialect::PaloAlto) {
        for file in &rules.files {
            for line in file.text.lines() {
                match file.name.as_str() {
                    "timbre-palo-alto-edl-ip.txt" => {
                        line.split(' ').next().unwrap().parse::<Net>().unwrap();
                    }
                    "timbre-palo-alto-edl-domain.txt" => assert!(!line.contains(['/', ' '])),
                    "timbre-palo-alto-edl-url.txt" => assert!(line.ends_with('/'), "{line}"),
                    _ => {}
                }
            }
            let lists = file
                .text
                .lines()
                .filter(|l| l.contains("custom-url-category") && l.contains(" list "));
            for entry in lists.flat_map(|line| line.split(" list ").nth(1).unwrap().split(' ')) {
                assert!(["[", "]"].contains(&entry) || entry.ends_with('/'), "{entry}");
            }
        }
    }
}

#[test]
fn aws_rules_are_numbered_once_and_fit_their_group() {
    for (_, rules) in all_rules(Dialect::AwsNetworkFirewall) {
        let group = json(&file(&rules, "timbre-aws-rule-group.json").text);
        let text = group["RuleGroup"]["RulesSource"]["RulesString"].as_str().unwrap();
        let plain = &file(&rules, "timbre-aws-suricata.rules").text;
        let plain: Vec<_> = plain.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(text.lines().collect::<Vec<_>>(), plain);
        let sids: BTreeSet<_> =
            plain.iter().map(|line| line.split("sid:").nth(1).unwrap()).collect();
        assert_eq!(sids.len(), plain.len());
        assert!(group["Capacity"].as_u64().unwrap() >= plain.len() as u64);
        for line in plain {
            assert!(line.starts_with("pass ") && line.ends_with("rev:1;)"), "{line}");
            assert!(!(line.contains("http.host") && line.contains("nocase")), "{line}");
            assert_eq!(line.matches('"').count() % 2, 0, "{line}");
        }
    }
}

#[test]
fn a_wildcard_never_opens_the_name_itself_in_suricata_and_does_in_a_domain_list() {
    let rules = one(Dialect::AwsNetworkFirewall, Mode::Names);
    let text = &file(&rules, "timbre-aws-suricata.rules").text;
    assert!(text.contains("content:\".support.example\"; endswith;"));
    assert!(!text.contains("dotprefix"), "dotprefix would let “support.example” match too");
    let list = json(&file(&rules, "timbre-aws-domain-list.json").text);
    let list = &list["RuleGroup"]["RulesSource"]["RulesSourceList"];
    assert_eq!(list["GeneratedRulesType"], "ALLOWLIST");
    assert!(texts(&list["Targets"]).contains(&".support.example"));
    assert!(!texts(&list["Targets"]).contains(&"ftp.example.net"), "FTP names no host");
}

fn blocks<'a>(body: &'a hcl::Body, kind: &str) -> Vec<&'a hcl::Block> {
    body.blocks().filter(|block| block.identifier.as_str() == kind).collect()
}

fn inside<'a>(body: &'a hcl::Body, path: &[&str]) -> Option<&'a hcl::Body> {
    path.iter().try_fold(body, |body, kind| blocks(body, kind).first().map(|block| &block.body))
}

fn attribute(body: &hcl::Body, name: &str) -> String {
    let found = body.attributes().find(|attribute| attribute.key.as_str() == name);
    match &found.unwrap_or_else(|| panic!("no {name}")).expr {
        hcl::Expression::String(text) => text.clone(),
        hcl::Expression::TemplateExpr(template) => match template.as_ref() {
            hcl::expr::TemplateExpr::Heredoc(heredoc) => heredoc.template.clone(),
            hcl::expr::TemplateExpr::QuotedString(text) => text.clone(),
        },
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn terraform_is_hcl_and_says_what_aws_is_told() {
    for ((_, terraform), (_, aws)) in
        all_rules(Dialect::Terraform).into_iter().zip(all_rules(Dialect::AwsNetworkFirewall))
    {
        let body = hcl::parse(&file(&terraform, "timbre.tf").text).unwrap();
        let resources = blocks(&body, "resource");
        let named = |name: &str| {
            resources.iter().find(|block| block.labels[1].as_str() == name).map(|block| &block.body)
        };
        let group = named("timbre").unwrap();
        let source = inside(group, &["rule_group", "rules_source"]).unwrap();
        let rules = attribute(source, "rules_string");
        let suricata = &file(&aws, "timbre-aws-suricata.rules").text;
        let suricata = suricata.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(rules.lines().map(str::trim).collect::<Vec<_>>(), suricata.collect::<Vec<_>>());
        let order = inside(group, &["rule_group", "stateful_rule_options"]).unwrap();
        assert_eq!(attribute(order, "rule_order"), "STRICT_ORDER");
        let listed = aws.files.iter().any(|file| file.name == "timbre-aws-domain-list.json");
        assert_eq!(named("timbre_domains").is_some(), listed);
        if let Some(list) = named("timbre_domains") {
            let list = inside(list, &["rule_group", "rules_source", "rules_source_list"]).unwrap();
            assert_eq!(attribute(list, "generated_rules_type"), "ALLOWLIST");
        }
    }
}

#[test]
fn terraforms_rollback_destroys_every_resource_and_nothing_else() {
    for (_, rules) in all_rules(Dialect::Terraform) {
        let body = hcl::parse(&file(&rules, "timbre.tf").text).unwrap();
        let made = blocks(&body, "resource").into_iter();
        let made = made.map(|b| format!("{}.{}", b.labels[0].as_str(), b.labels[1].as_str()));
        let made: BTreeSet<_> = made.collect();
        let gone = rules.rollback.text.split("-target=").skip(1);
        let gone = gone.map(|rest| rest.split_whitespace().next().unwrap().to_owned());
        assert_eq!(gone.collect::<BTreeSet<_>>(), made);
    }
}

#[test]
fn sophos_requests_are_xml_whose_rules_name_only_what_they_define() {
    for (_, rules) in all_rules(Dialect::Sophos) {
        let text = &file(&rules, "timbre-sophos.xml").text;
        let document = roxmltree::Document::parse(text).unwrap();
        let set = document.descendants().find(|node| node.has_tag_name("Set")).unwrap();
        let name = |node: roxmltree::Node<'_, '_>| {
            let name = node.children().find(|child| child.has_tag_name("Name")).unwrap();
            name.text().unwrap().to_owned()
        };
        let defined: BTreeSet<_> = set.children().filter(|n| n.is_element()).map(name).collect();
        assert!(defined.iter().all(|name| name.len() <= 60 && !name.contains(',')));
        for node in
            set.descendants().filter(|n| n.has_tag_name("Network") || n.has_tag_name("Service"))
        {
            let used = node.text().unwrap();
            assert!(used == "DNS" || defined.contains(used), "{used}");
        }
        for file in rules.every_file() {
            roxmltree::Document::parse(&file.text).unwrap();
        }
    }
}

#[test]
fn a_powershell_keyword_is_made_once_and_every_rule_has_one_or_addresses() {
    for (policy, rules) in all_rules(Dialect::WindowsDefender) {
        let text = &file(&rules, "timbre-windows-defender.ps1").text;
        let made: Vec<_> = text.lines().filter(|line| line.starts_with("Add-Keyword")).collect();
        assert_eq!(made.len(), policy.names.len());
        let ids: BTreeSet<_> = made.iter().map(|line| line.split('\'').nth(1).unwrap()).collect();
        assert_eq!(ids.len(), made.len());
        for rule in text.lines().filter(|line| line.starts_with("New-NetFirewallRule")) {
            assert!(rule.contains("-Group 'timbre' -Direction Outbound -Action Allow"), "{rule}");
            let by_keyword = ids.iter().any(|id| rule.contains(id));
            assert!(by_keyword != rule.contains("-RemoteAddress "), "{rule}");
        }
        assert!(ids.iter().all(|id| rules.rollback.text.contains(id)));
    }
}
