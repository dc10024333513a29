//! A key of the infrastructure takes another's place while a meter works, through the real programs.

use crate::site::{Site, Told};

fn keys(site: &Site, role: &str) -> Vec<serde_json::Value> {
    let keys = site.staff(["keys", "list", "--json"]).expect_code(0).json();
    let keys = keys.as_array().unwrap().iter();
    keys.filter(|key| key["role"] == role).cloned().collect()
}

fn rotate(site: &Site, role: &str) -> Told {
    site.staff(["keys", "rotate", role, "--at-once"]).expect_code(0)
}

#[test]
fn every_key_is_rotated_and_the_meter_goes_on_without_anybody_touching_it() {
    let site = Site::ready("100");
    for role in ["distributor", "funds", "rates"] {
        rotate(&site, role);
    }
    // The serving process takes up new keys by itself; the meter, which asks now and then, follows.
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let follows = || {
        site.meter(["power-on"]).expect_code(0);
        let new = |role| keys(&site, role)[1]["believed_by"] == 1;
        new("funds") && new("rates")
    };
    while !follows() {
        assert!(std::time::Instant::now() < limit, "the meter never believed the new keys");
    }
    let mark = site.path("mark.png");
    site.meter(["frank", "--weight", "42g", "--to", "US", "--output", mark.to_str().unwrap()])
        .expect_code(0);
    site.meter(["refill", "50"]).expect_code(0);
    site.expect_reconciled();
    // The old keys can go now.
    for role in ["distributor", "funds", "rates"] {
        let old = keys(&site, role)[0]["id"].as_str().unwrap().to_owned();
        site.staff(["keys", "revoke", role, &old, "--reason", "replaced"]).expect_code(0);
        let states: Vec<_> = keys(&site, role).iter().map(|key| key["state"].clone()).collect();
        assert_eq!(states, ["revoked", "active"]);
    }
    site.meter(["power-on"]).expect_code(0);
    site.meter(["refill", "50"]).expect_code(0);
    site.expect_reconciled();
    site.staff(["keys", "check"]).expect_code(0);
}

#[test]
fn the_last_key_of_a_role_is_not_revoked() {
    let site = Site::with_customer();
    let only = keys(&site, "funds")[0]["id"].as_str().unwrap().to_owned();
    let refused = site.staff(["keys", "revoke", "funds", &only, "--reason", "in doubt"]);
    assert!(refused.expect_code(3).stderr.contains("rotate it first"));
}

#[test]
fn a_meter_renews_its_own_keys_and_what_it_printed_before_stays_good() {
    let site = Site::ready("100");
    let frank = |name: &str| {
        let mark = site.path(name).to_str().unwrap().to_owned();
        site.meter(["frank", "--weight", "42g", "--to", "US", "--output", &mark]).expect_code(0);
        mark
    };
    let before = frank("before.png");
    let renewed = site.meter(["renew-keys", "--json"]).expect_code(0).json();
    assert_eq!(renewed["generation"], 2);
    assert!(!site.meter_dir().join("keys.sealed").exists(), "the old keys are destroyed");
    assert!(site.meter_dir().join("keys-2.sealed").exists());
    let after = frank("after.png");
    for mark in [&before, &after] {
        let config = site.path("infrastructure.toml");
        let mut verify = crate::site::timbre();
        verify.args(["mark", "verify", mark, "--config"]).arg(config);
        crate::site::tell(&mut verify).expect_code(0);
    }
    site.meter(["refill", "50"]).expect_code(0);
    site.expect_reconciled();
    let again = site.meter(["renew-keys", "--json"]).expect_code(0).json();
    assert_eq!(again["generation"], 3);
}

#[test]
fn a_renewal_that_was_cut_before_it_was_noted_is_found_in_the_journal() {
    let site = Site::ready("100");
    let old = site.path("old.sealed");
    std::fs::copy(site.meter_dir().join("keys.sealed"), &old).unwrap();
    site.meter(["renew-keys"]).expect_code(0);
    // As if the power had gone right after the device changed over.
    std::fs::remove_file(site.meter_dir().join("keys.generation")).unwrap();
    std::fs::copy(&old, site.meter_dir().join("keys.sealed")).unwrap();
    site.meter(["refill", "50"]).expect_code(0);
    assert!(!site.meter_dir().join("keys.sealed").exists(), "the old keys are gone after all");
    site.expect_reconciled();
}
