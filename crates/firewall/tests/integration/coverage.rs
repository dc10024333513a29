//! Every row of every shipped catalogue is in every dialect's files or named among what that
//! dialect cannot say (REQ NET-8).

use timbre_catalogue::{Endpoint, Host, Scheme};
use timbre_firewall::{Dialect, Language, Mode, Policy, Rules, write};

use crate::judges::{both_families, catalogues, everything};

/// The texts of the files that open something, without their comments; escapes and capitals are
/// undone.
fn opened(rules: &Rules) -> String {
    let is_code = |line: &&str| {
        let line = line.trim_start();
        !["#", "!", "//", ";"].iter().any(|mark| line.starts_with(mark))
    };
    let lines = rules.files.iter().flat_map(|file| file.text.lines());
    let code = lines.filter(is_code).collect::<Vec<_>>().join("\n");
    code.replace('\\', "").to_lowercase()
}

fn is_named(rules: &Rules, endpoint: &Endpoint) -> bool {
    rules.cannot.iter().any(|limit| limit.endpoints.contains(&endpoint.id))
}

fn is_opened(policy: &Policy, texts: &str, endpoint: &Endpoint) -> bool {
    let by_name = policy.mode.by_name()
        && endpoint.uses.iter().all(|target| match &target.host {
            Host::Name(name) | Host::Under(name) => texts.contains(name.as_str()),
            Host::Any => texts.contains(&target.port.to_string()),
        });
    let by_block = policy.mode.by_block()
        && policy.addresses.iter().any(|rule| {
            rule.endpoints.contains(&endpoint.id) && texts.contains(&rule.net.address().to_string())
        });
    let to_any = endpoint
        .uses
        .iter()
        .all(|target| target.host == Host::Any && texts.contains(&target.port.to_string()));
    by_name || by_block || to_any
}

#[test]
fn every_row_is_opened_or_named_in_every_dialect_and_mode() {
    for catalogue in catalogues() {
        for mode in Mode::ALL {
            for selection in [everything(mode), both_families(mode)] {
                let policy = Policy::of(&catalogue, &selection);
                for dialect in Dialect::ALL {
                    let rules = write(*dialect, &policy, Language::English);
                    let texts = opened(&rules);
                    for endpoint in catalogue.endpoints() {
                        // DNS belongs to the resolver, and a dialect without it says so.
                        let dns = endpoint.target().scheme == Scheme::Dns;
                        let covered = is_named(&rules, endpoint)
                            || is_opened(&policy, &texts, endpoint)
                            || (dns
                                && rules.cannot.iter().any(|limit| limit.text.en.contains("DNS")));
                        assert!(covered, "{dialect}, {mode}: {} is lost", endpoint.id.as_str());
                    }
                }
            }
        }
    }
}

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
