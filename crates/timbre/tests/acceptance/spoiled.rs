//! A mark is printed, spoiled, scanned and given back: once, less the fee, and never when it went through the mail.

use std::path::PathBuf;

use serde_json::Value;

use crate::site::{Site, tell, timbre};

/// Franks so many pieces of 2.61 and puts their marks in a folder.
fn spoil(site: &Site, folder: &str, pieces: u32) -> PathBuf {
    let folder = site.path(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for _ in 0..pieces {
        let told = site.meter(["frank", "--weight", "80g", "--json"]).expect_code(0).json();
        let file = PathBuf::from(told["file"].as_str().unwrap());
        std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    folder
}

fn prepaid(site: &Site) -> i64 {
    let customers = site.staff(["customer", "list", "--json"]).expect_code(0).json();
    customers[0]["prepaid"]["mills"].as_i64().unwrap()
}

fn codes(report: &Value) -> Vec<&str> {
    let aside = report["set_aside"].as_array().unwrap().iter();
    aside.map(|mark| mark["code"].as_str().unwrap()).collect()
}

#[test]
fn spoiled_marks_are_given_back_once_and_a_mark_that_was_mailed_is_not() {
    let site = Site::ready("100");
    let account = site.account.clone();
    let folder = spoil(&site, "spoiled", 3);
    let submit = |more: &[&str]| {
        let mut args = vec!["spoiled", "submit", folder.to_str().unwrap(), "--account", &account];
        args.extend(more);
        site.staff(args)
    };
    let early = submit(&["--json"]).expect_code(1).json();
    assert_eq!(codes(&early), ["no-record"; 3], "the meter has not told of them yet");
    site.meter(["sleep"]).expect_code(0);

    let before = prepaid(&site);
    let tried = submit(&["--dry-run"]).expect_code(0).stdout;
    assert!(tried.contains("3 marks: $7.83 less a fee of $2.00 is $5.83"), "{tried}");
    assert!(tried.contains("Nothing is booked"), "{tried}");
    assert_eq!(prepaid(&site), before);

    let csv = submit(&["--csv"]).expect_code(0).stdout;
    assert_eq!(csv.matches(",refunded,").count(), 3, "{csv}");
    assert_eq!(prepaid(&site), before + 5_830);
    let spoiled = site.staff(["ledger", "show", "spoiled:TM0000042", "--json"]).expect_code(0);
    assert_eq!(spoiled.json()["balance"]["mills"], -5_830);
    let post = site.staff(["ledger", "show", "post:TM0000042", "--json"]).expect_code(0);
    assert_eq!(post.json()["balance"]["mills"], 7_830, "what was used stays used");

    let again = submit(&["--json"]).expect_code(1).json();
    assert_eq!(codes(&again), ["refunded-before"; 3]);
    assert_eq!(prepaid(&site), before + 5_830);

    let mailed = spoil(&site, "mailed", 2);
    site.meter(["sleep"]).expect_code(0);
    let mark = std::fs::read_dir(&mailed).unwrap().next().unwrap().unwrap().path();
    let config = site.path("infrastructure.toml");
    tell(timbre().args(["mark", "verify"]).arg(&mark).arg("--config").arg(config)).expect_code(0);
    let refused = site
        .staff(["spoiled", "submit", mailed.to_str().unwrap(), "--account", &account, "--json"])
        .expect_code(1)
        .json();
    let mut found = codes(&refused);
    found.sort_unstable();
    assert_eq!(found, ["seen-on-mail", "too-little"]);

    let list = site.staff(["spoiled", "list", "--csv"]).expect_code(0).stdout;
    assert!(list.lines().nth(1).unwrap().contains(",1,"), "{list}");
    let shown = site.staff(["spoiled", "show", &account, "1", "--json"]).expect_code(0).json();
    assert_eq!(shown["marks"].as_array().unwrap().len(), 3);
    site.expect_reconciled();
}

#[test]
fn what_cannot_be_read_is_named_and_stops_nothing_and_a_bad_list_changes_nothing() {
    let site = Site::ready("100");
    let account = site.account.clone();
    let folder = spoil(&site, "spoiled", 2);
    site.meter(["sleep"]).expect_code(0);
    std::fs::write(folder.join("torn.png"), b"not a picture").unwrap();
    let told = site
        .staff(["spoiled", "submit", folder.to_str().unwrap(), "--account", &account, "--json"])
        .expect_code(1)
        .json();
    assert_eq!(told["refunded"].as_array().unwrap().len(), 2);
    assert!(told["unread"][0]["place"].as_str().unwrap().ends_with("torn.png"), "{told:#}");

    let list = site.path("counter.txt");
    std::fs::write(&list, "5412\n").unwrap();
    let payloads = ["spoiled", "submit", "--payloads", list.to_str().unwrap()];
    let told = site.staff(payloads.iter().chain(&["--account", &account])).expect_code(3);
    assert!(told.stderr.contains("counter.txt:1"), "{}", told.stderr);
    site.staff(["spoiled", "submit", "--account", &account]).expect_code(2);
    let unknown =
        site.staff(["spoiled", "submit", folder.to_str().unwrap(), "--account", "99999999"]);
    unknown.expect_code(3);
}
