//! Every row of every shipped document, in every dialect, mode and language: each way to reach it
//! is in a file with its host and port, or the row is named among what the dialect cannot say; and
//! a row that was not chosen is in no file (REQ NET-8).

use std::collections::BTreeSet;

use timbre_catalogue::{Catalogue, Endpoint, EndpointId, Group, Host, Scheme, Target};
use timbre_firewall::{Dialect, Language, Mode, Policy, Rules, Selection, write};

use crate::judges;

fn shipped() -> Vec<Catalogue> {
    Catalogue::shipped().into_iter().map(|(_, catalogue)| catalogue).collect()
}

/// What the files say to a firewall: no comment, no escape, no capital.
fn said(rules: &Rules) -> String {
    let comment = |line: &str| ["#", "!", "//", "<!--"].iter().any(|mark| line.starts_with(mark));
    let mut inside_comment = false;
    let mut said = String::new();
    for line in rules.files.iter().flat_map(|file| file.text.lines()) {
        let line = line.trim_start();
        inside_comment |= line.starts_with("<!--");
        if !inside_comment && !comment(line) {
            said.push_str(&line.replace('\\', "").to_lowercase());
            said.push('\n');
        }
        inside_comment &= !line.contains("-->");
    }
    said
}

/// Whether a number stands alone in a text: `443` is not in `1443`.
fn has_number(text: &str, number: u16) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits == number.to_string())
}

/// Whether a host stands alone in a text: `pb.com` is not in `www.pb.com`.
fn has_host(text: &str, host: &str) -> bool {
    text.match_indices(host).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + host.len()..].chars().next();
        let name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let goes_on = |c: char| name(c) || c == '.';
        !before.is_some_and(|c| name(c) && c != '-') && !after.is_some_and(goes_on)
    })
}

fn is_dns(target: &Target) -> bool {
    target.scheme == Scheme::Dns
}

fn is_said(policy: &Policy, said: &str, endpoint: &Endpoint, target: &Target) -> bool {
    let by_name = match &target.host {
        Host::Name(name) | Host::Under(name) => policy.mode.by_name() && has_host(said, name),
        Host::Any => true,
    };
    let mut addresses = policy.addresses.iter();
    let by_address = addresses.any(|rule| {
        rule.endpoints.contains(&endpoint.id) && said.contains(&rule.net.address().to_string())
    });
    (by_name || by_address) && has_number(said, target.port)
}

/// DNS by its port, or by a product's own word for it, or named among what the dialect leaves out.
fn resolves(rules: &Rules, said: &str) -> bool {
    has_number(said, 53)
        || ["\"dns\"", "junos-dns", "domain-udp", ">dns<"].iter().any(|word| said.contains(word))
        || rules.cannot.iter().any(|limit| limit.text.en.contains("DNS"))
}

fn is_named(rules: &Rules, id: &EndpointId) -> bool {
    rules.cannot.iter().any(|limit| limit.endpoints.contains(id))
}

#[test]
fn every_way_to_every_row_is_in_a_file_or_its_row_is_named() {
    for catalogue in shipped() {
        for mode in Mode::ALL {
            let policy = Policy::of(&catalogue, &judges::everything(mode));
            for dialect in Dialect::ALL {
                for language in [Language::French, Language::English] {
                    let rules = write(*dialect, &policy, language);
                    let said = said(&rules);
                    for endpoint in catalogue.endpoints() {
                        for target in &endpoint.uses {
                            assert!(
                                is_named(&rules, &endpoint.id)
                                    || (is_dns(target) && resolves(&rules, &said))
                                    || is_said(&policy, &said, endpoint, target),
                                "{}, {dialect}, {mode}: {} to {target} is lost",
                                catalogue.id(),
                                endpoint.id.as_str(),
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_host_that_no_chosen_row_needs_is_in_no_file() {
    for catalogue in shipped() {
        let of_group = |required: bool| -> BTreeSet<&str> {
            let rows = catalogue.endpoints().iter();
            let rows = rows.filter(|row| (row.group == Group::Required) == required);
            rows.flat_map(|row| &row.uses).filter_map(|target| target.host.name()).collect()
        };
        let (chosen, others) = (of_group(true), of_group(false));
        let policy = Policy::of(&catalogue, &Selection::required());
        for dialect in Dialect::ALL {
            let said = said(&write(*dialect, &policy, Language::English));
            for host in others.difference(&chosen) {
                assert!(!has_host(&said, host), "{}, {dialect}: {host}", catalogue.id());
            }
        }
    }
}

#[test]
fn a_source_in_ipv6_alone_never_becomes_everybody() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let mut selection = judges::everything(Mode::Both);
    selection.sources = vec!["2001:db8:1::10".parse().unwrap()];
    selection.resolvers = vec!["2001:db8:1::53".parse().unwrap()];
    let policy = Policy::of(&catalogue, &selection);
    for dialect in Dialect::ALL {
        let rules = write(*dialect, &policy, Language::English);
        let said = said(&rules);
        let sources = ["2001:db8:1::10", "object-group timbre-meter"];
        let bound = sources.iter().any(|source| said.contains(source));
        let without_source = matches!(
            dialect,
            Dialect::Zscaler | Dialect::WindowsDefender | Dialect::Pac | Dialect::Pfsense
        );
        let row = catalogue.endpoints().iter().find(|row| row.id.as_str() == "comet.funds");
        let closed = is_named(&rules, &row.unwrap().id);
        assert!(bound || without_source || closed, "{dialect} opens to everybody");
    }
}
