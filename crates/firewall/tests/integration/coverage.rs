//! What a policy opens of a catalogue, and what it says of the rest (REQ NET-7, NET-8).

use timbre_firewall::{Dialect, Language, Mode, Policy, write};

use crate::judges::{both_families, catalogues, everything};

#[test]
fn every_file_says_which_catalogue_and_version_it_comes_from() {
    let catalogue = &catalogues()[0];
    let policy = Policy::of(catalogue, &both_families(Mode::Both));
    for dialect in Dialect::ALL {
        for language in [Language::French, Language::English] {
            let rules = write(*dialect, &policy, language);
            let named = rules.files.iter().any(|file| {
                file.text.contains(&policy.catalogue) && file.text.contains(&policy.version)
            });
            assert!(named, "{dialect}");
            assert!(!rules.notes.is_empty(), "{dialect} says how names behave");
            assert!(!rules.rollback.text.trim().is_empty(), "{dialect} can be undone");
        }
    }
}

#[test]
fn addresses_outside_the_published_blocks_are_opened_with_a_warning() {
    let catalogue = &catalogues()[0];
    let policy = Policy::of(catalogue, &everything(Mode::Blocks));
    let warned = |id: &str, address: &str| {
        policy.warnings.iter().any(|warning| {
            warning.endpoint.as_ref().is_some_and(|endpoint| endpoint.as_str() == id)
                && warning.text.en.contains(address)
        })
    };
    assert!(warned("help.online", "152.144.192.210"));
    assert!(warned("help.online", "152.144.192.211"));
    assert!(warned("web.tracking", "72.47.250.186"));
    assert!(!warned("distributor.sign-in", ""));
    let loose = policy.addresses.iter().filter(|rule| !rule.published).count();
    assert!(
        loose > 3
            && policy
                .addresses
                .iter()
                .filter(|rule| !rule.published)
                .all(|rule| rule.net.is_host())
    );
}

#[test]
fn what_blocks_cannot_open_is_named() {
    let [theirs, ours] = catalogues();
    let policy = Policy::of(&theirs, &everything(Mode::Blocks));
    let closed = |id: &str| policy.uncovered.iter().any(|row| row.endpoint.as_str() == id);
    assert!(closed("remote-support.hosts"));
    assert!(!closed("distributor.sign-in"));
    let policy = Policy::of(&ours, &everything(Mode::Blocks));
    assert!(policy.addresses.is_empty());
    assert_eq!(
        policy.uncovered.iter().filter(|row| row.endpoint.as_str() == "comet.refill").count(),
        1
    );
}

#[test]
fn a_pattern_to_any_server_never_opens_the_web() {
    for mode in Mode::ALL {
        let policy = Policy::of(&catalogues()[0], &everything(mode));
        assert_eq!(policy.any.iter().map(|rule| rule.port).collect::<Vec<_>>(), [5938]);
        assert!(
            policy
                .uncovered
                .iter()
                .any(|row| row.endpoint.as_str() == "remote-support.url-patterns")
        );
    }
}

#[test]
fn only_blocks_that_a_chosen_row_lies_in_are_opened() {
    let catalogue = &catalogues()[0];
    let mut selection = everything(Mode::Blocks);
    selection.groups = [timbre_catalogue::Group::Required].into();
    let policy = Policy::of(catalogue, &selection);
    let blocks: Vec<String> = policy
        .addresses
        .iter()
        .filter(|rule| rule.published)
        .map(|rule| rule.net.to_string())
        .collect();
    assert_eq!(blocks, ["152.144.128.0/24", "199.231.32.0/20"]);
}

#[test]
fn a_resolver_or_a_source_of_ipv6_alone_never_opens_ipv4_to_everybody() {
    let mut selection = everything(Mode::Names);
    selection.resolvers = vec!["2001:db8::53".parse().unwrap()];
    for dialect in Dialect::ALL {
        let policy = Policy::of(&catalogues()[0], &selection);
        let rules = write(*dialect, &policy, Language::English);
        let code = rules.files.iter().flat_map(|file| file.text.lines());
        for line in code.map(str::to_lowercase) {
            let dns = line.contains("any eq 53") || line.contains("to any port { 53 }");
            assert!(!dns, "{dialect}: {line}");
        }
    }
    selection.sources = vec!["2001:db8::10".parse().unwrap()];
    let policy = Policy::of(&catalogues()[0], &selection);
    let ios = write(Dialect::CiscoIosXe, &policy, Language::English);
    let permits = |line: &str| line.starts_with(" permit");
    assert!(!ios.files[0].text.lines().any(permits), "{}", ios.files[0].text);
    assert!(ios.cannot.iter().any(|limit| limit.endpoints.len() > 10));
}
