//! Cisco's configurations, read by ciscoconfparse2: every object and group that an access list
//! names is defined, every definition holds something, and every one of them is used.

use std::path::Path;

use tempfile::tempdir;
use timbre_firewall::Dialect;

use crate::judges::{catalogues, content, rules, run, save, selections};

const JUDGE: &str = r#"
import re, sys
from ciscoconfparse2 import CiscoConfParse

def judge(path, syntax):
    config = CiscoConfParse(path, syntax=syntax, factory=syntax == "asa")
    defined = {}
    for line in config.find_objects(r"^(object network|object-group (network|fqdn)) "):
        name = line.text.split()[2]
        assert name not in defined, f"{name} is defined twice"
        assert line.children, f"{name} is empty"
        for child in line.children:
            assert child.text.startswith(" "), child.text
        defined[name] = line
    used = set()
    entries = config.find_objects(r"^access-list \S+ (line \d+ )?extended ") or [
        child for acl in config.find_objects(r"^ip access-list extended ") for child in acl.children]
    permits = 0
    for entry in entries:
        permits += " permit " in entry.text
        for name in re.findall(r" (?:object|object-group|fqdn-group) (\S+)", entry.text):
            assert name in defined, f"{entry.text}: {name} is not defined"
            used.add(name)
    assert permits >= 2, "nothing is permitted"
    assert used == set(defined), f"not used: {set(defined) - used}"
    for line in config.find_objects(r"^ (fqdn|pattern) "):
        name = line.text.split()[1]
        assert re.fullmatch(r"[A-Za-z0-9].*[A-Za-z0-9]" if line.text.startswith(" fqdn") else r"(\.\*\\\.)?[a-z0-9-]+(\\\.[a-z0-9-]+)+", name), line.text

for path, syntax in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        judge(path, syntax)
    except Exception as error:
        sys.exit(f"{path}: {error}")
"#;

/// All at once: the parser takes long to start.
fn judge(files: &[(String, &str)]) {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/judges/venv/bin/python");
    assert!(Path::new(python).exists(), "{python}: not there. cargo xtask setup installs it");
    let pairs = files.iter().flat_map(|(path, syntax)| [path.as_str(), syntax]);
    let arguments: Vec<&str> = ["-W", "ignore", "-c", JUDGE].into_iter().chain(pairs).collect();
    content(&run(python, "python3-venv", &arguments), "ciscoconfparse2");
}

/// Takes `line N`, which inserts and which the parser does not know, out of the entries; the
/// numbers must follow each other.
fn unnumbered(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut number = 0;
    let text: String = text
        .lines()
        .map(|line| match line.split_once(" line ") {
            Some((list, rest)) if list.starts_with("access-list") => {
                number += 1;
                let (written, rest) = rest.split_once(' ').unwrap();
                assert_eq!(written, number.to_string(), "no line is left out: {line}");
                format!("{list} {rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(number > 0);
    std::fs::write(file, text).unwrap();
}

#[test]
fn every_object_that_an_access_list_names_is_defined_and_used() {
    let folder = tempdir().unwrap();
    let mut files = Vec::new();
    for catalogue in catalogues() {
        for selection in selections() {
            let folder = folder.path().join(files.len().to_string());
            std::fs::create_dir(&folder).unwrap();
            save(&rules(Dialect::CiscoAsa, &catalogue, &selection), &folder);
            save(&rules(Dialect::CiscoIosXe, &catalogue, &selection), &folder);
            unnumbered(&folder.join("timbre-asa-add.txt"));
            for (name, syntax) in [
                ("timbre-asa.txt", "asa"),
                ("timbre-asa-add.txt", "asa"),
                ("timbre-ios-xe.txt", "ios"),
            ] {
                files.push((folder.join(name).display().to_string(), syntax));
            }
        }
    }
    judge(&files);
}
