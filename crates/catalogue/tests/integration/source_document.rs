//! The catalogue of the source document holds all that the document prints, and nothing else
//! (REQ NET-8).

use std::collections::BTreeSet;

use timbre_catalogue::{Catalogue, Endpoint, Group, Setting};

const PRINTED: &str = include_str!("../fixtures/connect-plus-sendpro-p.printed.txt");

fn fixture(kinds: &[&str]) -> BTreeSet<&'static str> {
    PRINTED
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(kind, _)| kinds.contains(kind))
        .map(|(_, text)| text)
        .collect()
}

fn transcribed<'a>(
    catalogue: &'a Catalogue,
    part: impl Fn(&'a Endpoint) -> &'a [String],
) -> BTreeSet<&'a str> {
    catalogue.endpoints().iter().flat_map(part).map(String::as_str).collect()
}

#[test]
fn every_url_and_pattern_of_the_document_is_printed_in_some_row() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let urls = transcribed(&catalogue, |row| &row.printed.urls);
    let domains = transcribed(&catalogue, |row| &row.printed.domains);
    let as_domains = domains.into_iter().filter(|domain| domain.contains("://"));
    let all: BTreeSet<_> = urls.into_iter().chain(as_domains).collect();
    assert_eq!(all, fixture(&["url", "pattern"]));
}

#[test]
fn every_stated_domain_of_the_document_is_printed_in_some_row() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    assert_eq!(transcribed(&catalogue, |row| &row.printed.domains), fixture(&["domain"]));
}

#[test]
fn every_address_of_the_document_is_printed_in_some_row_or_block() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let mut all = transcribed(&catalogue, |row| &row.printed.addresses);
    for block in catalogue.blocks() {
        all.extend([block.printed.0.as_str(), block.printed.1.as_str()]);
    }
    assert_eq!(all, fixture(&["address"]));
    assert_eq!(all.len(), 41, "the document has 41 distinct addresses");
}

#[test]
fn every_heading_of_the_document_has_its_rows() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let sections = catalogue.endpoints().iter().map(|row| row.section.as_str()).collect();
    assert_eq!(fixture(&["heading"]), sections);
}

#[test]
fn the_paths_of_the_document_survive() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let path = |id: &str| {
        let row = catalogue.get(&id.parse().unwrap()).unwrap();
        row.target().path.clone()
    };
    assert_eq!(path("distributor.sign-in"), "/dstproduct.asp");
    assert_eq!(path("downloads.orders"), "/MS1CCD/DlaCCDSvc.svc");
    assert_eq!(path("accounting.services"), "/ms1atweb/services/");
    assert_eq!(path("uploads.health"), "/api/v1/uploads");
    assert_eq!(path("remote-support.url-patterns"), "/din.aspx?s=...&client=DynGate...");
}

/// Where a row prints a URL, that URL is used, letter for letter but for the case of its host.
#[test]
fn what_is_printed_is_used() {
    for row in Catalogue::connect_plus_sendpro_p().endpoints() {
        let used: Vec<_> = row.uses.iter().map(ToString::to_string).collect();
        for url in row.printed.urls.iter().filter(|url| url.contains("://")) {
            let target = url.parse::<timbre_catalogue::Target>().unwrap().to_string();
            assert!(used.contains(&target), "{}: {url} is not among {used:?}", row.id);
        }
    }
}

#[test]
fn the_groups_are_those_of_the_document() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let count = |group| catalogue.endpoints().iter().filter(|row| row.group == group).count();
    assert_eq!(Group::ALL.map(count), [14, 7, 2, 3, 5]);
    let off = catalogue.endpoints().iter().filter(|row| row.default == Setting::Off);
    let off: Vec<_> = off.map(|row| row.id.as_str()).collect();
    assert_eq!(
        off,
        [
            "remote-support.open-port",
            "remote-support.url-patterns",
            "remote-support.hosts",
            "web.shipping",
            "web.tracking-online",
        ]
    );
}
