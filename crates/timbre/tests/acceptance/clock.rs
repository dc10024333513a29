//! A clock that is set back or far ahead, by the real `faketime`.

use std::process::Command;

use crate::site::{Site, Told, tell};

/// A meter command at another time.
fn at(site: &Site, offset: &str, args: &[&str]) -> Told {
    let mut command = Command::new("faketime");
    command.env_clear().env("LANG", "en_CA.UTF-8").env("PATH", "/usr/bin:/bin:/usr/local/bin");
    command
        .args(["-f", offset, env!("CARGO_BIN_EXE_timbre"), "meter", "--dir"])
        .arg(site.meter_dir())
        .args(args);
    assert!(
        Command::new("faketime").arg("--version").output().is_ok(),
        "faketime is missing: run `cargo xtask setup`, or install the package faketime"
    );
    tell(&mut command)
}

#[test]
fn a_clock_that_went_back_is_named_and_nothing_is_franked() {
    let site = Site::ready("100");
    site.meter(["frank", "--weight", "20g"]).expect_code(0);
    let told = at(&site, "-2d", &["frank", "--weight", "20g"]);
    assert_eq!(told.code(), 3, "{}{}", told.stdout, told.stderr);
    assert!(told.stderr.contains("clock"), "{}", told.stderr);
    assert_eq!(site.available(), 100_000 - 1_440);
}

#[test]
fn a_meter_that_was_not_inspected_for_too_long_stops_franking_until_it_is() {
    let site = Site::ready("100");
    let told = at(&site, "+40d", &["frank", "--weight", "20g"]);
    assert_eq!(told.code(), 3, "{}{}", told.stdout, told.stderr);
    assert!(told.stderr.to_lowercase().contains("inspect"), "{}", told.stderr);
    assert_eq!(site.available(), 100_000);
}

#[test]
fn a_meter_whose_clock_is_wrong_is_told_the_servers_time() {
    let site = Site::ready("100");
    let told = at(&site, "+3h", &["refill", "10"]);
    assert_ne!(told.code(), 0);
    assert!(told.stderr.contains("clock"), "{}", told.stderr);
}
