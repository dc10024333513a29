//! What the tests share: the shipped catalogues as policies, and running a judge on a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use timbre_catalogue::{Catalogue, Group};
use timbre_firewall::{Dialect, Language, Mode, Policy, Rules, Selection, write};

/// Every row of the source document, for one meter and one resolver, in addresses for documents.
pub(crate) fn everything(mode: Mode) -> Selection {
    Selection {
        groups: BTreeSet::from(Group::ALL),
        sources: vec!["198.51.100.10".parse().unwrap()],
        mode,
        bypass: true,
        resolvers: vec!["198.51.100.53".parse().unwrap()],
    }
}

/// As [`everything`], with IPv6 too.
pub(crate) fn both_families(mode: Mode) -> Selection {
    let mut selection = everything(mode);
    selection.sources.push("2001:db8:1::/64".parse().unwrap());
    selection.resolvers.push("2001:db8:1::53".parse().unwrap());
    selection
}

/// For everybody behind the firewall, and any resolver.
pub(crate) fn everybody(mode: Mode) -> Selection {
    Selection { sources: Vec::new(), resolvers: Vec::new(), ..everything(mode) }
}

/// Every selection that a judge must accept.
pub(crate) fn selections() -> Vec<Selection> {
    Mode::ALL
        .into_iter()
        .flat_map(|mode| [everything(mode), both_families(mode), everybody(mode)])
        .collect()
}

/// Both shipped catalogues that differ most: theirs, with blocks and wildcards, and ours.
pub(crate) fn catalogues() -> [Catalogue; 2] {
    [Catalogue::connect_plus_sendpro_p(), Catalogue::timbre()]
}

/// The rules of one dialect.
pub(crate) fn rules(dialect: Dialect, catalogue: &Catalogue, selection: &Selection) -> Rules {
    write(dialect, &Policy::of(catalogue, selection), Language::French)
}

/// Writes every file of some rules into a folder.
pub(crate) fn save(rules: &Rules, folder: &Path) {
    for file in rules.every_file() {
        std::fs::write(folder.join(&file.name), &file.text).unwrap();
    }
}

/// Runs a judge; without it the test fails and says what to install.
pub(crate) fn run(program: &str, package: &str, arguments: &[&str]) -> Output {
    let result = Command::new(found(program)).args(arguments).output();
    result.unwrap_or_else(|error| {
        panic!("{program}: {error}. Install it: sudo apt-get install {package}")
    })
}

/// Fails with everything the judge said, unless it was content.
pub(crate) fn content(output: &Output, about: &str) {
    assert!(
        output.status.success(),
        "{about}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Debian keeps these programs outside the `PATH` of users.
fn found(program: &str) -> PathBuf {
    let sbin = Path::new("/usr/sbin").join(program);
    if sbin.exists() { sbin } else { PathBuf::from(program) }
}

/// Runs a shell script as root in a network namespace of its own, which ends with it.
pub(crate) fn in_a_namespace(script: &str) -> Output {
    let output = run("unshare", "util-linux", &["--net", "sh", "-euxc", script]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("unshare failed"),
        "this test needs root to make a network namespace: {said}"
    );
    output
}
