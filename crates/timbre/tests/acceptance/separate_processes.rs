//! The two machines as separate processes, as the README shows them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::site::{Serving, Site};

#[test]
fn a_meter_is_installed_refilled_franks_and_reconciles_with_an_infrastructure_of_its_own_process() {
    let site = Site::ready("100");
    let mark = site.path("mark.png");
    site.meter(["frank", "--weight", "42g", "--to", "US", "--output", mark.to_str().unwrap()])
        .expect_code(0);
    assert_eq!(
        site.available(),
        100_000 - 2_610,
        "a 42 g letter to the United States costs 2.61 (2025-01-13)"
    );
    let reconciled = site.expect_reconciled();
    assert_eq!(reconciled[0]["serial"], "TM0000042");
    let meters = site.staff(["meter", "list", "--json"]).expect_code(0).json();
    assert_eq!(meters[0]["registers"]["pieces"], 1);
}

#[test]
fn a_refill_is_drawn_from_the_account_with_its_tax_and_stands_in_the_ledger() {
    let site = Site::ready("100");
    // Quebec: GST 5 % and QST 9.975 % on 100.00.
    let statement = site
        .staff(["ledger", "show", &format!("prepaid:{}", site.account), "--json"])
        .expect_code(0)
        .json();
    assert_eq!(statement["balance"]["mills"], 9_000_000 - 100_000 - 5_000 - 9_980);
    let meter = site.staff(["ledger", "show", "meter:TM0000042", "--json"]).expect_code(0).json();
    assert_eq!(meter["balance"]["mills"], 100_000);
}

#[test]
fn the_infrastructure_says_that_it_is_well_and_what_it_did() {
    let site = Site::ready("100");
    let serving = site.serving.as_ref().unwrap();
    let health = get(serving, "/health");
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    let metrics = get(serving, "/metrics");
    assert!(metrics.contains("comet.refill"), "{metrics}");
}

#[test]
fn sigterm_drains_and_a_restart_on_the_same_folder_continues() {
    let mut site = Site::ready("100");
    let serving = site.serving.take().unwrap();
    let address = serving.address.clone();
    assert!(serving.stop().success());
    let refused = site.meter(["refill", "50"]).expect_code(4);
    assert!(refused.stderr.contains(".timbre.localhost"), "names the host: {}", refused.stderr);
    assert!(refused.stderr.contains(&address), "and the address: {}", refused.stderr);
    site.serving = Some(Serving::start(&site.path("infrastructure.toml"), &address));
    site.meter(["refill", "50"]).expect_code(0);
    assert_eq!(site.available(), 150_000);
    site.expect_reconciled();
}

#[test]
fn a_meter_that_is_not_enrolled_is_refused_by_name() {
    let site = Site::with_customer();
    let serving = site.serving.as_ref().unwrap();
    let anchors = site.anchors();
    let create =
        ["create", "--serial", "TM0000007", "--connect", &serving.address, "--anchors", &anchors];
    site.meter(create).expect_code(0);
    let refused = site.meter(["install"]).expect_code(3);
    assert!(refused.stderr.contains("TM0000007"), "{}", refused.stderr);
}

fn get(serving: &Serving, path: &str) -> String {
    let mut stream = TcpStream::connect(&serving.admin).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", serving.admin)
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
