//! Bad input gets an error that names the place, changes nothing and loses nothing.

use crate::site::{Site, tell, timbre};

fn csv(site: &Site, text: &str) -> String {
    let file = site.path("mail.csv");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

const MIXED: &str = "weight,destination,service\n20g,CA,lettermail\n512g,CA,lettermail\n20g,XX1,lettermail\n45g,CA,lettermail\n";

#[test]
fn a_bad_row_is_set_aside_with_file_line_column_and_reason_and_the_rest_goes_on() {
    let site = Site::ready("100");
    let file = csv(&site, MIXED);
    let out = site.path("out");
    let told = site.meter(["run", &file, "--output", out.to_str().unwrap()]).expect_code(1);
    assert!(told.stderr.contains("mail.csv:3: weight"), "{}", told.stderr);
    assert!(told.stderr.contains("the most is 500"), "names the limit: {}", told.stderr);
    assert!(told.stderr.contains("mail.csv:4: destination"), "{}", told.stderr);
    let rejected = std::fs::read_to_string(out.join("mail.rejected.csv")).unwrap();
    assert!(rejected.contains("512g"), "{rejected}");
    assert_eq!(site.available(), 100_000 - 1_440 - 1_750, "the two good rows were franked");
    site.expect_reconciled();
}

#[test]
fn strict_franks_nothing_when_a_row_is_bad() {
    let site = Site::ready("100");
    let file = csv(&site, MIXED);
    site.meter(["run", &file, "--strict"]).expect_code(3);
    assert_eq!(site.available(), 100_000);
}

#[test]
fn a_dry_run_prices_and_changes_nothing() {
    let site = Site::ready("100");
    let file = csv(&site, MIXED);
    let estimate = site.meter(["run", &file, "--dry-run", "--json"]).expect_code(1).json();
    assert_eq!(estimate["pieces"], 2);
    assert_eq!(estimate["amount"]["mills"], 3_190);
    assert_eq!(site.available(), 100_000);
}

#[test]
fn a_file_without_the_needed_columns_is_refused_whole() {
    let site = Site::ready("100");
    let file = csv(&site, "poids,pays\n20g,CA\n");
    let told = site.meter(["run", &file]).expect_code(3);
    assert!(told.stderr.contains("mail.csv"), "{}", told.stderr);
    assert_eq!(site.available(), 100_000);
}

#[test]
fn a_broken_pdf_is_refused_and_nothing_is_franked() {
    let site = Site::ready("100");
    let file = site.path("letters.pdf");
    std::fs::write(&file, b"%PDF-1.7\nnot really").unwrap();
    let told = site.meter(["run", file.to_str().unwrap(), "--service", "lettermail"]);
    assert_ne!(told.code(), 0);
    assert!(told.stderr.contains("letters.pdf"), "{}", told.stderr);
    assert_eq!(site.available(), 100_000);
}

#[test]
fn a_refill_over_the_limits_or_over_the_funds_says_so_and_moves_nothing() {
    let site = Site::ready("0");
    let over = site.meter(["refill", "1000000"]).expect_code(3);
    assert!(!over.stderr.is_empty());
    assert_eq!(site.available(), 0);
    let site = Site::with_enrolled_meter();
    site.meter(["install"]).expect_code(0);
    for amount in ["5000", "3500"] {
        let _ = site.meter(["refill", amount]);
    }
    let short = site.meter(["refill", "4000"]);
    assert_eq!(short.code(), 3, "{}", short.stderr);
}

#[test]
fn a_piece_that_costs_more_than_is_left_is_refused_with_what_to_do() {
    let site = Site::ready("10");
    let told = site.meter(["frank", "--weight", "300g", "--to", "FR"]).expect_code(3);
    assert!(told.stderr.contains("29.96"), "names the price: {}", told.stderr);
    assert_eq!(site.available(), 10_000);
}

#[test]
fn wrong_usage_exits_with_2_and_shows_how() {
    let told = tell(timbre().args(["meter", "frank"]));
    assert_eq!(told.code(), 2);
    assert!(told.stderr.contains("--weight"), "{}", told.stderr);
}

#[test]
fn a_configuration_with_a_mistake_names_file_line_and_field() {
    let site = Site::with_customer();
    let config = site.path("infrastructure.toml");
    std::fs::write(&config, "data_dir = \"infrastructure\"\nlisten = \"nowhere\"\n").unwrap();
    let told = site.staff(["meter", "list"]).expect_code(4);
    assert!(told.stderr.contains("infrastructure.toml:2"), "{}", told.stderr);
    assert!(told.stderr.contains("listen"), "{}", told.stderr);
}

#[test]
fn an_error_is_told_to_a_program_in_json_with_a_stable_code_in_both_languages() {
    let site = Site::ready("10");
    let told = site.meter(["frank", "--weight", "512g", "--json"]).expect_code(3);
    let error = &told.json()["error"];
    assert_eq!(error["kind"], "refusal");
    assert!(error["fr"].as_str().unwrap().contains("500"), "{error}");
    assert!(error["en"].as_str().unwrap().contains("500"), "{error}");
}
