//! `timbre mark show` and `timbre mark verify` on marks that a meter made.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::site::{Site, Told, tell, timbre};

fn franked(site: &Site, args: &[&str]) -> PathBuf {
    let file = site.path("mark.png");
    site.meter(["frank", "--output", file.to_str().unwrap()].iter().chain(args)).expect_code(0);
    file
}

fn verify(site: &Site, file: &Path, args: &[&str]) -> Told {
    let config = site.path("infrastructure.toml");
    tell(
        timbre()
            .args(["mark", "verify", "--json"])
            .args(args)
            .arg("--config")
            .arg(config)
            .arg(file),
    )
}

fn codes(verdict: &Value) -> Vec<&str> {
    verdict[0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

#[test]
fn a_mark_shows_what_was_paid_for() {
    let site = Site::ready("100");
    let mark = franked(&site, &["--weight", "42g", "--to", "US"]);
    let shown = tell(timbre().args(["mark", "show", "--json"]).arg(&mark)).expect_code(0).json();
    assert_eq!(shown[0]["meter"], "TM0000042");
    assert_eq!(shown[0]["amount"], "2.61");
    assert_eq!(shown[0]["postal_code"], "J8X 3X7");
    assert_eq!(shown[0]["ascending"], "2.61");
    assert_eq!(shown[0]["descending"], "97.39");
    assert_eq!(shown[0]["weight_grams"], 42);
}

#[test]
fn a_genuine_mark_is_genuine_once_and_its_copy_is_a_duplicate() {
    let site = Site::ready("100");
    let mark = franked(&site, &["--weight", "20g"]);
    let verdict = verify(&site, &mark, &[]).expect_code(0).json();
    assert_eq!((&verdict[0]["genuine"], &verdict[0]["accepted"]), (&true.into(), &true.into()));
    let again = verify(&site, &mark, &[]).expect_code(5).json();
    assert_eq!(codes(&again), ["duplicate"]);
}

#[test]
fn a_mark_of_too_little_postage_is_genuine_but_short() {
    let site = Site::ready("100");
    let mark = franked(&site, &["--weight", "20g"]);
    let verdict = verify(&site, &mark, &["--weight", "45g", "--look-only"]).expect_code(5).json();
    assert_eq!(verdict[0]["genuine"], true);
    assert_eq!(codes(&verdict), ["postage-short"]);
}

#[test]
fn a_mark_of_another_infrastructures_meter_is_not_genuine() {
    let (site, other) = (Site::ready("100"), Site::ready("100"));
    // Both sites have a meter of the same serial number; only the keys tell them apart.
    let mark = franked(&other, &["--weight", "20g"]);
    let verdict = verify(&site, &mark, &[]).expect_code(5).json();
    assert_eq!(verdict[0]["genuine"], false);
    assert_eq!(codes(&verdict), ["unknown-key"]);
}

#[test]
fn a_suspended_meter_vouches_for_what_it_printed_before_and_for_nothing_later() {
    let site = Site::ready("100");
    let today = franked(&site, &["--weight", "20g"]);
    let kept = site.path("today.png");
    std::fs::rename(today, &kept).unwrap();
    let shown = tell(timbre().args(["mark", "show", "--json"]).arg(&kept)).expect_code(0).json();
    let tomorrow: jiff::civil::Date = shown[0]["date"].as_str().unwrap().parse().unwrap();
    let tomorrow = tomorrow.tomorrow().unwrap().to_string();
    let later = franked(&site, &["--weight", "20g", "--date", &tomorrow]);
    site.staff(["meter", "suspend", "TM0000042", "--reason", "reported stolen"]).expect_code(0);
    verify(&site, &kept, &[]).expect_code(0);
    let verdict = verify(&site, &later, &["--date", &tomorrow]).expect_code(5).json();
    assert_eq!(codes(&verdict), ["meter-stopped"]);
}

#[test]
fn a_mark_scanned_long_after_its_date_is_not_in_order() {
    let site = Site::ready("100");
    let mark = franked(&site, &["--weight", "20g"]);
    let verdict =
        verify(&site, &mark, &["--date", "2031-01-01", "--look-only"]).expect_code(5).json();
    assert!(codes(&verdict).iter().any(|code| code.contains("old")), "{verdict:#}");
}

#[test]
fn a_picture_without_a_mark_is_refused_by_name() {
    let site = Site::with_customer();
    let file = site.path("not-a-mark.png");
    std::fs::write(&file, b"not a picture").unwrap();
    let told = tell(timbre().args(["mark", "show"]).arg(&file)).expect_code(3);
    assert!(told.stderr.contains("not-a-mark.png"), "{}", told.stderr);
}

#[test]
fn the_letters_of_a_pdf_come_back_stamped_and_their_marks_read_from_the_pages() {
    let site = Site::ready("100");
    let letters = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/letters.pdf");
    let out = site.path("out");
    let run = site
        .meter([
            "run",
            letters,
            "--service",
            "lettermail",
            "--pages-per-letter",
            "2",
            "--json",
            "--output",
            out.to_str().unwrap(),
        ])
        .expect_code(0)
        .json();
    let pdf = PathBuf::from(run["pdf"].as_str().unwrap());
    let shown = tell(timbre().args(["mark", "show", "--json"]).arg(&pdf)).expect_code(0).json();
    assert_eq!(shown.as_array().unwrap().len() as u64, run["franked"].as_u64().unwrap());
    let verdict = verify(&site, &pdf, &[]).expect_code(0).json();
    assert!(verdict.as_array().unwrap().iter().all(|mark| mark["accepted"] == true));
    site.expect_reconciled();
}

/// A folder of scans: one good, one that is no picture, one blank, and one within a folder.
fn folder_of_scans(site: &Site) -> PathBuf {
    let folder = site.path("scans");
    std::fs::create_dir_all(folder.join("later")).unwrap();
    let mark = franked(site, &["--weight", "20g"]);
    std::fs::rename(mark, folder.join("1-good.png")).unwrap();
    std::fs::write(folder.join("2-text.png"), "Dear customer").unwrap();
    std::fs::write(folder.join("notes.txt"), "not a scan").unwrap();
    let second = franked(site, &["--weight", "20g"]);
    std::fs::rename(second, folder.join("later/3-good.PNG")).unwrap();
    folder
}

#[test]
fn a_folder_is_shown_scan_by_scan_and_says_what_did_not_read() {
    let site = Site::ready("100");
    let folder = folder_of_scans(&site);
    let show = |args: &[&str]| tell(timbre().args(["mark", "show"]).arg(&folder).args(args));

    let shown = show(&["--json"]).expect_code(1).json();
    assert_eq!(shown.as_array().unwrap().len(), 2, "the inner folder is not entered: {shown}");
    assert_eq!(shown[0]["meter"], "TM0000042");
    assert_eq!(shown[1]["error"]["code"], "not-a-picture");

    let all = show(&["--recursive", "--format", "jsonl"]).expect_code(1);
    let lines: Vec<Value> =
        all.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["piece"], 2, "files come in the order of their names");

    let csv = show(&["--recursive", "--format", "csv"]).expect_code(1).stdout;
    let rows: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert!(rows[0].starts_with("file,status,format,meter,piece"), "{csv}");
    assert!(rows[1].contains("1-good.png,read,timbre-ca,TM0000042,1,postage,1.44 CAD"), "{csv}");
    assert!(rows[2].contains("2-text.png,not-a-picture"), "{csv}");

    let text = show(&["--recursive", "--language", "fr"]).expect_code(1);
    assert!(text.stdout.contains("TM0000042 #2"), "{}", text.stdout);
    assert!(text.stderr.contains("3 images ou pages\u{a0}: 2 empreintes"), "{}", text.stderr);
}

#[test]
fn a_scan_that_does_not_read_says_why_and_what_to_do() {
    let site = Site::ready("100");
    let empty = site.path("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let told = tell(timbre().args(["mark", "show"]).arg(&empty)).expect_code(3);
    assert!(told.stderr.contains("--recursive"), "{}", told.stderr);
    let missing = site.path("missing.png");
    tell(timbre().args(["mark", "show"]).arg(&missing)).expect_code(4);
    std::fs::write(&missing, "no picture").unwrap();
    let told = tell(timbre().args(["mark", "show"]).arg(&missing)).expect_code(3);
    assert!(told.stderr.contains("PNG or JPEG"), "{}", told.stderr);
}

#[test]
fn a_folder_is_verified_scan_by_scan_and_what_does_not_read_is_set_aside() {
    let site = Site::ready("100");
    let folder = folder_of_scans(&site);
    let verdict = verify(&site, &folder, &["--recursive"]).expect_code(1);
    let all = verdict.json();
    let decisions: Vec<&str> =
        all.as_array().unwrap().iter().map(|one| one["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["accept", "unreadable", "accept"]);
    assert_eq!(all[1]["findings"][0]["code"], "not-a-picture");
    assert!(verdict.stderr.contains("2 accepted, 0 refused, 1 without"), "{}", verdict.stderr);
    let again = verify(&site, &folder, &["--recursive"]).expect_code(5).json();
    assert_eq!(again[0]["decision"], "duplicate");
}
