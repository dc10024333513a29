//! What a new version asks of whoever built rules from the old one.

use std::collections::BTreeSet;

use timbre_catalogue::changes::{self, Change, Disposition, Impact};
use timbre_catalogue::{Catalogue, Setting, export};

const EARLIER: &str = include_str!("../fixtures/connect-plus-sendpro-p-de.earlier.toml");

const OLD: &str = r#"
id = "trial"
version = 2026110101
effective_from = "2026-11-01"
title.fr = "Essai"
title.en = "Trial"

[[endpoint]]
id = "comet.refill"
section = "Comet"
purpose.fr = "Recharge"
purpose.en = "Refill"
group = "required"
default = "on"
printed.addresses = ["192.0.2.1"]
uses = ["https://comet.example.org/a"]

[[endpoint]]
id = "web.help"
section = "Help"
purpose.fr = "Aide"
purpose.en = "Help"
group = "optional-off"
default = "off"
uses = ["https://help.example.org/"]
"#;

/// The old file, with some of its text replaced, as the version after it.
fn with(replacements: &[(&str, &str)]) -> Vec<Change> {
    let old = Catalogue::read("old.toml", OLD).expect("the old file is sound");
    let mut text = OLD.replace("2026110101", "2026112401").replace("2026-11-01", "2026-12-24");
    for (from, to) in replacements {
        assert!(text.contains(from), "the case changes nothing: {from}");
        text = text.replacen(from, to, 1);
    }
    changes::between(&old, &Catalogue::read("new.toml", &text).expect("the new file is sound"))
}

#[test]
fn the_same_rows_change_nothing() {
    assert_eq!(with(&[]), []);
    for (_, catalogue) in Catalogue::shipped() {
        assert_eq!(changes::between(&catalogue, &catalogue), []);
    }
}

/// The two known revisions of the German document differ by one address.
#[test]
fn the_german_document_grew_by_one_address() {
    let earlier = Catalogue::read("earlier.toml", EARLIER).unwrap();
    let later = Catalogue::open_shipped("connect-plus-sendpro-p-de").unwrap();
    let changes = changes::between(&earlier, &later);
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(change.id, "2026112401-0001");
    assert_eq!(change.endpoint, None);
    assert_eq!(change.impact, Impact::AddedAddress);
    assert_eq!(change.add.addresses, ["104.91.38.137/32"]);
    assert!(change.remove.is_empty());
    assert!(change.is_short_notice(), "it counted on the day it was published");
    insta::assert_snapshot!(changes::json(&earlier, &later));
}

#[test]
fn each_kind_of_change_is_told_apart() {
    use Impact::{
        AddedAddress, AddedHost, AddedHostAndAddress, ChangedUrl, Other, RemovedHostOrAddress,
        Retiring, TurnedOff, TurnedOn,
    };
    let (ip, url) = ("\"192.0.2.1\"", "\"https://comet.example.org/a\"");
    let cases: [(&[(&str, &str)], Impact); 12] = [
        (&[(ip, "\"192.0.2.1\", \"192.0.2.2\"")], AddedAddress),
        (&[(url, "\"https://comet.example.org/a\", \"https://c2.example.org/\"")], AddedHost),
        (&[(ip, "\"192.0.2.9\""), (url, "\"https://c2.example.org/\"")], AddedHostAndAddress),
        (&[(url, "\"https://comet.example.org:8443/a\"")], AddedHost),
        (&[(url, "\"https://comet.example.org/b\"")], ChangedUrl),
        (&[(ip, "")], RemovedHostOrAddress),
        (&[("\"on\"", "\"on\"\nretire_after = \"2027-01-31\"")], Retiring),
        (&[("optional-off", "optional-on"), ("\"off\"", "\"on\"")], TurnedOn),
        (&[("\"required\"", "\"optional-off\""), ("\"on\"", "\"off\"")], TurnedOff),
        (&[("\"Refill\"", "\"Refills\"")], Other),
        (&[("\"required\"", "\"optional-on\"")], Other),
        (&[("https://help.example.org/", "https://help2.example.org/")], RemovedHostOrAddress),
    ];
    for (replacements, impact) in cases {
        let changes = with(replacements);
        let [change] = &changes[..] else { panic!("{replacements:?}: {changes:?}") };
        assert_eq!(change.impact, impact, "{replacements:?}");
        assert_eq!(change.disposition, Disposition::Change);
        let summary = change.summary();
        assert!(!summary.fr.is_empty() && summary.fr != summary.en);
    }
}

#[test]
fn a_row_that_comes_and_one_that_goes_are_told_with_what_to_open_and_to_close() {
    let changes = with(&[("web.help", "web.manual"), ("//help", "//manual")]);
    let told: Vec<_> = changes
        .iter()
        .map(|change| {
            (change.endpoint.as_ref().unwrap().as_str(), change.disposition, change.impact)
        })
        .collect();
    assert_eq!(
        told,
        [
            // Off by default: nothing leaves by it until somebody asks.
            ("web.manual", Disposition::Add, Impact::Other),
            ("web.help", Disposition::Remove, Impact::RemovedHostOrAddress),
        ]
    );
    assert_eq!(changes[0].add.hosts, ["manual.example.org:443"]);
    assert_eq!(changes[1].remove.urls, ["https://help.example.org/"]);
    let changes = with(&[
        ("web.help", "web.manual"),
        ("//help", "//manual"),
        ("optional-off", "required"),
        ("\"off\"", "\"on\""),
    ]);
    assert_eq!(changes[0].impact, Impact::AddedHost);
}

/// Whoever follows the records to the letter must cut nothing off.
#[test]
fn what_another_row_or_block_needs_is_not_closed_and_what_is_open_is_not_opened_again() {
    let row = &OLD[OLD.find("[[endpoint]]").unwrap()..OLD.rfind("[[endpoint]]").unwrap()];
    let twin = row.replace("comet.refill", "comet.audit").replace("/a\"", "/audit\"");
    let text = format!("{OLD}\n{twin}").replace("2026110101", "2026112401");
    let (one, two) = (OLD.to_owned(), text);
    let read = |text: &str| Catalogue::read("text.toml", text).unwrap();
    let added = changes::between(&read(&one), &read(&two));
    assert_eq!(added[0].impact, Impact::ChangedUrl, "host and address are open already");
    assert!(added[0].add.hosts.is_empty() && added[0].add.addresses.is_empty());
    assert_eq!(added[0].add.urls, ["https://comet.example.org/audit"]);
    let removed = changes::between(&read(&two), &read(&one));
    assert_eq!(removed[0].disposition, Disposition::Remove);
    assert!(removed[0].remove.hosts.is_empty() && removed[0].remove.addresses.is_empty());

    let blocks = "effective_from = \"2026-11-01\"\nblocks = [[\"192.0.2.0\", \"192.0.2.255\"]]";
    let with_block = one.replace("effective_from = \"2026-11-01\"", blocks);
    let moved = with_block.replace("\"192.0.2.1\"", "\"192.0.2.7\"");
    let inside = changes::between(&read(&with_block), &read(&moved));
    assert_eq!(inside[0].impact, Impact::Other, "the block covers the old and the new address");
    let bare = changes::between(&read(&with_block), &read(&one));
    assert_eq!(bare[0].endpoint, None);
    assert_eq!(bare[0].remove.addresses, ["192.0.2.0/24"]);
    assert_eq!(bare[0].add.addresses, ["192.0.2.1"], "only the block had opened it");
}

/// A property of every pair of shipped documents: applying the records to what was open before
/// opens at least all that the new document needs.
#[test]
fn following_the_records_opens_all_that_the_new_version_needs() {
    let places = |catalogue: &Catalogue| -> BTreeSet<String> {
        let on = catalogue.endpoints().iter().filter(|row| row.default == Setting::On);
        on.flat_map(|row| &row.uses).map(|t| format!("{}:{}", t.host, t.port)).collect()
    };
    for (old_name, old) in Catalogue::shipped() {
        for (new_name, new) in Catalogue::shipped() {
            let mut open = places(&old);
            for change in changes::between(&old, &new) {
                open.retain(|place| !change.remove.hosts.contains(place));
                open.extend(change.add.hosts);
            }
            let missing: Vec<_> = places(&new).difference(&open).cloned().collect();
            assert_eq!(missing, Vec::<String>::new(), "{old_name} to {new_name}");
        }
    }
}

/// New destinations are announced thirty days before their first use.
#[test]
fn an_addition_is_short_notice_below_thirty_days() {
    let url = "\"https://comet.example.org/a\"";
    let more = "\"https://comet.example.org/a\", \"https://c2.example.org/\"";
    let on_time = &with(&[(url, more)])[0];
    assert_eq!((on_time.notice_days, on_time.is_short_notice()), (30, false));
    let late = &with(&[(url, more), ("2026-12-24", "2026-12-23")])[0];
    assert_eq!((late.notice_days, late.is_short_notice()), (29, true));
    // A row may come into use later than its catalogue.
    let own_day = &with(&[(url, more), ("\"on\"", "\"on\"\neffective_from = \"2027-02-01\"")])[0];
    assert_eq!(own_day.effective, jiff::civil::date(2027, 2, 1));
    assert_eq!(own_day.notice_days, 69);
    // What may be closed hurries nobody.
    let removal = &with(&[("\"192.0.2.1\"", ""), ("2026-12-24", "2026-11-24")])[0];
    assert_eq!((removal.notice_days, removal.is_short_notice()), (0, false));
}

#[test]
fn a_version_that_went_through_json_changes_nothing() {
    for (name, catalogue) in Catalogue::shipped() {
        let again = Catalogue::read_json(name, &export::json(&catalogue)).unwrap();
        assert_eq!(changes::between(&catalogue, &again), []);
    }
}

/// Every sentence, as a person reads it.
#[test]
fn the_sentences_are_stable() {
    let url = "\"https://comet.example.org/a\"";
    let cases: [&[(&str, &str)]; 9] = [
        &[("web.help", "web.manual")],
        &[("web.help", "web.manual"), ("//help", "//manual")],
        &[
            ("web.help", "web.manual"),
            ("//help", "//manual"),
            ("optional-off", "required"),
            ("\"off\"", "\"on\""),
        ],
        &[(url, "\"https://comet.example.org/a\", \"https://c2.example.org/\"")],
        &[(url, "\"https://c2.example.org/\"")],
        &[("\"192.0.2.1\"", "")],
        &[("\"on\"", "\"on\"\nretire_after = \"2027-01-31\"")],
        &[("optional-off", "optional-on"), ("\"off\"", "\"on\"")],
        &[("\"Refill\"", "\"Refills\"")],
    ];
    let mut text = String::new();
    for change in cases.into_iter().flat_map(with) {
        let summary = change.summary();
        text += &format!("fr {}\nen {}\n", summary.fr, summary.en);
    }
    insta::assert_snapshot!(text);
}
