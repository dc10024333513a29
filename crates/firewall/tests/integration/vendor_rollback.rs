//! What was loaded is taken away, all of it and nothing else; and no object has a name longer than
//! its product takes.

use std::collections::BTreeSet;

use timbre_firewall::{Dialect, Rules};

use crate::vendor_samples::all_rules;

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn loaded(rules: &Rules) -> impl Iterator<Item = &str> {
    rules.files.iter().chain(&rules.bypass).flat_map(|file| code(&file.text))
}

/// `config x`, then each `edit y` or `delete y` directly under it, by the nesting of `config`.
fn fortigate(lines: impl Iterator<Item = String>, verb: &str) -> BTreeSet<String> {
    let mut configs: Vec<String> = Vec::new();
    let mut found = BTreeSet::new();
    for line in lines {
        let line = line.trim();
        if let Some(config) = line.strip_prefix("config ") {
            configs.push(config.to_owned());
        } else if line == "end" {
            configs.pop();
        } else if let Some(name) = line.strip_prefix(verb) {
            found.insert(format!("{} {name}", configs.join(" / ")));
        }
    }
    found
}

#[test]
fn fortigate_deletes_what_it_edits_and_never_the_customers_profile() {
    for (_, rules) in all_rules(Dialect::Fortigate) {
        let mut made = fortigate(loaded(&rules).map(str::to_owned), "edit ");
        let profile = made.take("firewall ssl-ssh-profile \"PROFILE-HERE\"");
        assert_eq!(profile.is_some(), rules.bypass.is_some());
        let gone = fortigate(code(&rules.rollback.text).map(str::to_owned), "delete ");
        assert_eq!(gone, made);
        for object in &made {
            if let Some(name) = object.split('"').nth(1) {
                assert!(name.len() <= 79, "{object}");
            }
        }
        let names = loaded(&rules).filter_map(|line| line.trim().strip_prefix("set name "));
        assert!(names.into_iter().all(|name| name.trim_matches('"').len() <= 35));
    }
}

/// Every `set` line lies under one `delete`, and every `delete` takes away some `set`.
fn set_and_delete(dialect: Dialect) {
    for (_, rules) in all_rules(dialect) {
        let set: Vec<_> = loaded(&rules).filter_map(|line| line.strip_prefix("set ")).collect();
        let gone = code(&rules.rollback.text);
        let gone: Vec<_> = gone.map(|line| line.strip_prefix("delete ").unwrap()).collect();
        let under = |set: &str, gone: &str| {
            set.strip_prefix(gone).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        for line in &set {
            assert!(gone.iter().any(|path| under(line, path)), "{dialect}: {line} stays");
        }
        for path in &gone {
            assert!(set.iter().any(|line| under(line, path)), "{dialect}: {path} was not loaded");
        }
        assert!(gone.len() > 3, "{dialect}");
        let objects = set.iter().flat_map(|line| line.split(' '));
        let ours = objects.filter(|word| word.starts_with("timbre-"));
        assert!(ours.into_iter().all(|name| name.len() <= 63), "{dialect}");
    }
}

#[test]
fn palo_alto_deletes_what_it_sets() {
    set_and_delete(Dialect::PaloAlto);
}

#[test]
fn juniper_deletes_what_it_sets() {
    set_and_delete(Dialect::JuniperSrx);
}

/// The kind and name of each `run add` or `run delete`.
fn check_point<'a>(lines: impl Iterator<Item = &'a str>, verb: &str) -> Vec<String> {
    let commands = lines.filter_map(|line| line.strip_prefix(verb));
    let object = |command: &str| {
        let kind = command.split(' ').next().unwrap();
        let name = command.split(" name \"").nth(1).unwrap().split('"').next().unwrap();
        format!("{kind} {name}")
    };
    commands.map(object).collect()
}

#[test]
fn check_point_deletes_what_it_adds_rules_before_the_objects_they_use() {
    for (_, rules) in all_rules(Dialect::CheckPoint) {
        let made = check_point(loaded(&rules), "run add ");
        let gone = check_point(code(&rules.rollback.text), "run delete ");
        let unique: BTreeSet<_> = made.iter().collect();
        assert_eq!(unique.len(), made.len(), "an object is added once");
        assert_eq!(gone.iter().collect::<BTreeSet<_>>(), unique);
        let last_rule = gone.iter().rposition(|object| object.starts_with("access-rule"));
        let first_object = gone.iter().position(|object| object.starts_with("host"));
        assert!(first_object.is_none_or(|object| last_rule.unwrap() < object));
    }
}

#[test]
fn sophos_removes_what_it_sets() {
    let names = |text: &str, action: &str| -> BTreeSet<(String, String)> {
        let document = roxmltree::Document::parse(text).unwrap();
        let root = document.descendants().find(|node| node.has_tag_name(action)).unwrap();
        let objects = root.children().filter(roxmltree::Node::is_element);
        objects
            .map(|object| {
                let name = object.first_element_child().unwrap();
                (object.tag_name().name().to_owned(), name.text().unwrap().to_owned())
            })
            .collect()
    };
    for (_, rules) in all_rules(Dialect::Sophos) {
        let files = rules.files.iter().chain(&rules.bypass);
        let made: BTreeSet<_> = files.flat_map(|file| names(&file.text, "Set")).collect();
        assert_eq!(names(&rules.rollback.text, "Remove"), made);
    }
}
