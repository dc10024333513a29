//! What the provider changes about a meter reaches it without anybody at the machine: a new place, other limits, an order
//! to stop; and the operator reads why and what to do (SOR/2010-220, s. 9, 11 to 13).

use std::path::PathBuf;

use serde_json::Value;

use crate::site::{Site, tell, timbre};

fn franked(site: &Site) -> PathBuf {
    let told = site.meter(["frank", "--weight", "20g", "--json"]).expect_code(0).json();
    PathBuf::from(told["file"].as_str().unwrap())
}

fn postal_code(mark: &PathBuf) -> String {
    let shown = tell(timbre().args(["mark", "show", "--json"]).arg(mark)).expect_code(0).json();
    shown[0]["postal_code"].as_str().unwrap().to_owned()
}

fn meter(site: &Site) -> Value {
    site.staff(["meter", "show", "TM0000042", "--json"]).expect_code(0).json()
}

#[test]
fn a_relocated_meter_franks_with_its_new_postal_code_after_the_next_refill() {
    let site = Site::ready("100");
    assert_eq!(postal_code(&franked(&site)), "J8X 3X7");
    site.staff(["meter", "relocate", "TM0000042", "--postal-code", "K1A0B1"]).expect_code(0);
    let list = site.staff(["meter", "list"]).expect_code(0).stdout;
    assert!(list.contains("2 (device: 1)"), "a meter that has not come is seen: {list}");
    assert_eq!(postal_code(&franked(&site)), "J8X 3X7", "until it has come");
    site.meter(["refill", "50"]).expect_code(0);
    assert_eq!(postal_code(&franked(&site)), "K1A 0B1");
    let shown = meter(&site);
    assert_eq!(shown["meter"]["block_confirmed"], 2);
    let codes: Vec<&str> = shown["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["postal_code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["J8X 3X7", "K1A 0B1"]);
    let again =
        site.staff(["meter", "relocate", "TM0000042", "--postal-code", "K1A0B1"]).expect_code(3);
    assert!(again.stderr.contains("no new version"), "{}", again.stderr);
    site.expect_reconciled();
}

#[test]
fn other_limits_hold_at_the_meter_once_it_was_turned_on() {
    let site = Site::ready("100");
    let limits = ["meter", "limits", "TM0000042", "--reason", "contract of May"];
    site.staff(limits.iter().chain(&["--maximum-refill", "200"])).expect_code(0);
    let refused = site.staff(limits.iter().chain(&["--maximum-refill", "1"])).expect_code(3);
    assert!(refused.stderr.contains("minimum-refill"), "{}", refused.stderr);
    site.staff(limits).expect_code(2);
    let turned_on = site.meter(["power-on"]).expect_code(0).stdout;
    assert!(turned_on.starts_with("Operational block 2 installed"), "{turned_on}");
    let refused = site.meter(["refill", "300"]).expect_code(3);
    assert!(refused.stderr.contains("at most"), "{}", refused.stderr);
    let policy =
        ["meter", "policy", "TM0000042", "--inspection", "canada-neopost", "--reason", "x"];
    site.staff(policy).expect_code(0);
    site.meter(["inspect"]).expect_code(0);
    let status = site.meter(["status", "--json"]).expect_code(0).json();
    assert_eq!(status["block_version"], 3);
}

#[test]
fn a_stolen_meter_is_stopped_at_its_next_contact_and_works_again_when_found() {
    let site = Site::ready("100");
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date().to_string();
    let report = ["--since", &today, "--reason", "break-in"];
    site.staff(["meter", "report-stolen", "TM0000042"].iter().chain(&report)).expect_code(0);
    let refused = site.meter(["refill", "50"]).expect_code(3);
    assert!(refused.stderr.contains("reported stolen"), "{}", refused.stderr);
    assert!(refused.stderr.contains("call the provider at once"), "{}", refused.stderr);
    site.meter(["frank", "--weight", "20g"]).expect_code(3);
    let french = site.meter(["status", "--language", "fr"]).expect_code(0).stdout;
    assert!(french.contains("déclarée volée"), "{french}");

    let csv = site.staff(["meter", "lost", "--csv"]).expect_code(0).stdout;
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert!(rows[0].starts_with("meter,kind,since") && rows[1].starts_with("TM0000042,stolen,"));
    let cases = site.staff(["cases", "--json"]).expect_code(0).stdout;
    assert!(cases.contains("missing-meter-contact") && cases.contains("127.0.0.1"), "{cases}");

    let found = ["meter", "report-found", "TM0000042", "--reason", "police returned it"];
    site.staff(found).expect_code(0);
    site.meter(["refill", "50"]).expect_code(0);
    franked(&site);
    assert_eq!(
        site.staff(["meter", "lost", "--json"]).expect_code(0).json(),
        serde_json::json!([])
    );
}
