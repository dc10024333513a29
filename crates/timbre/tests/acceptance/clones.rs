//! A meter's folder is copied, and both go on (REQ FUNDS-6): whoever presents an old contact is found out, at the latest at
//! the third sign-in, and nothing that was booked is lost. A backup of the infrastructure's own database alarms nobody.

use std::fs;
use std::path::Path;

use crate::site::{Serving, Site, Told};

/// Copies a folder as a backup would.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), &target).unwrap()),
        }
    }
}

/// A command of the copy in `name`.
fn of(site: &Site, name: &str, args: &[&str]) -> Told {
    let mut command = crate::site::timbre();
    command.args(["meter", "--dir"]).arg(site.path(name)).args(args);
    crate::site::tell(&mut command)
}

fn frank(site: &Site, name: &str, mark: &str) {
    let file = site.path(mark);
    let output = file.to_str().unwrap();
    of(site, name, &["frank", "--weight", "20g", "--to", "CA", "--output", output]).expect_code(0);
}

fn codes(site: &Site) -> Vec<String> {
    let cases = site.staff(["cases", "--json"]).expect_code(0).json();
    let cases = cases.as_array().unwrap();
    cases.iter().map(|case| case["code"].as_str().unwrap().to_owned()).collect()
}

fn state(site: &Site) -> String {
    let meters = site.staff(["meter", "list", "--json"]).expect_code(0).json();
    meters[0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_copy_that_is_used_after_the_original_is_found_out_and_the_meter_suspended() {
    let site = Site::ready("100");
    copy(&site.meter_dir(), &site.path("copy"));
    frank(&site, "meter", "a.png");
    site.meter(["sleep"]).expect_code(0);
    let refused = of(&site, "copy", &["refill", "50"]).expect_code(3);
    let told = ["earlier state", "call your provider"];
    assert!(told.iter().all(|told| refused.stderr.contains(told)), "{}", refused.stderr);
    assert_eq!(codes(&site), ["state-rolled-back"]);
    assert_eq!(state(&site), "suspended");
    let cases = site.staff(["cases", "--json"]).expect_code(0).stdout;
    assert!(cases.contains("127.0.0.1") && cases.contains("was expected since"), "{cases}");
    // The original is asked no such thing: it hears that it is suspended.
    let meter = site.meter(["sleep"]);
    assert!(!meter.stderr.contains("earlier state"), "{}", meter.stderr);
}

#[test]
fn an_original_that_is_used_after_its_copy_is_found_out_all_the_same() {
    let site = Site::ready("100");
    copy(&site.meter_dir(), &site.path("copy"));
    frank(&site, "copy", "a.png");
    of(&site, "copy", &["sleep"]).expect_code(0);
    frank(&site, "meter", "b.png");
    // As many records as the copy uploaded, and others.
    site.meter(["refill", "50"]).expect_code(3);
    assert_eq!(codes(&site), ["device-cloned"]);
}

#[test]
fn of_two_that_take_turns_without_franking_one_is_found_out_at_the_third_contact() {
    let site = Site::ready("100");
    copy(&site.meter_dir(), &site.path("copy"));
    site.meter(["power-on"]).expect_code(0);
    of(&site, "copy", &["power-on"]).expect_code(0);
    let refused = site.meter(["power-on"]).expect_code(3);
    assert!(refused.stderr.contains("Another machine uses"), "{}", refused.stderr);
    assert_eq!(codes(&site), ["device-cloned"]);
    // A person finds out which of the two is the customer's.
    site.staff(["meter", "readmit", "TM0000042", "--reason", "the copy was destroyed"])
        .expect_code(0);
    site.staff(["meter", "resume", "TM0000042", "--reason", "looked into"]).expect_code(0);
    site.meter(["power-on"]).expect_code(0);
    site.expect_reconciled();
}

#[test]
fn a_database_that_was_put_back_believes_its_meters_and_opens_a_case() {
    let mut site = Site::ready("100");
    let config = site.path("infrastructure.toml");
    let stopped = |site: &mut Site| {
        let serving = site.serving.take().unwrap();
        let address = serving.address.clone();
        assert!(serving.stop().success());
        address
    };
    let address = stopped(&mut site);
    copy(&site.path("infrastructure"), &site.path("backup"));
    site.serving = Some(Serving::start(&config, &address));
    for _ in 0..3 {
        site.meter(["power-on"]).expect_code(0);
    }
    let address = stopped(&mut site);
    fs::remove_dir_all(site.path("infrastructure")).unwrap();
    copy(&site.path("backup"), &site.path("infrastructure"));
    site.serving = Some(Serving::start(&config, &address));
    site.meter(["power-on"]).expect_code(0);
    site.meter(["refill", "50"]).expect_code(0);
    assert_eq!(codes(&site), ["contact-ahead"]);
    assert_eq!(state(&site), "installed");
}
