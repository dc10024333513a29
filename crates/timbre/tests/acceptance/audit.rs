//! The audit as an auditor does it (REQ FUNDS-6, SEC-3): a row is altered with the database’s own tool and is named, a case
//! is resolved, the books are taken away and checked without this program.

use std::process::Command;

use crate::site::Site;

/// A meter that has franked a piece and uploaded its record.
fn franked() -> Site {
    let site = Site::ready("100");
    let mark = site.path("mark.png");
    site.meter(["frank", "--weight", "42g", "--to", "US", "--output", mark.to_str().unwrap()])
        .expect_code(0);
    site.expect_reconciled();
    site
}

/// What a person with the database’s file and `sqlite3` does.
fn sqlite3(site: &Site, sql: &str) {
    let done = Command::new("sqlite3")
        .arg(site.path("infrastructure/infrastructure.db"))
        .args(["-cmd", ".timeout 5000", sql])
        .output()
        .expect("apt-get install sqlite3");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_row_that_is_altered_with_the_databases_own_tool_is_named() {
    let site = franked();
    let sound = site.staff(["audit", "verify"]).expect_code(0);
    assert!(sound.stdout.contains("The books are intact."), "{}", sound.stdout);
    let head = site.path("head.txt");
    site.staff(["audit", "head", "--output", head.to_str().unwrap()]).expect_code(0);
    sqlite3(&site, "UPDATE refills SET tax = tax + 1");
    let found = site.staff(["audit", "verify", "--json"]).expect_code(5).json();
    let damage = &found["damages"][0];
    assert_eq!(damage["kind"], "row-altered", "{found:#}");
    assert_eq!((&damage["table"], &damage["row"]), (&"refills".into(), &"42/1".into()));
    let french = site.staff(["audit", "verify", "--language", "fr"]).expect_code(5);
    assert!(french.stdout.contains("la ligne a été modifiée"), "{}", french.stdout);
    sqlite3(&site, "UPDATE refills SET tax = tax - 1");
    site.staff(["audit", "verify", "--against", head.to_str().unwrap()]).expect_code(0);
    // Every trace of the last contact of the meter is taken out, seals and all; the head is elsewhere.
    sqlite3(&site, "DELETE FROM seals WHERE subject = 'TM0000042' AND sequence > 3");
    let found = site.staff(["audit", "verify", "--against", head.to_str().unwrap()]).expect_code(5);
    assert!(found.stdout.contains("the books do not continue the head"), "{}", found.stdout);
}

#[test]
fn a_case_goes_from_its_finding_to_its_resolution() {
    let site = franked();
    sqlite3(&site, "UPDATE records SET descending = descending + 1000 WHERE kind = 'debit'");
    site.staff(["reconcile"]).expect_code(5);
    let none = site.staff(["cases", "--json"]).expect_code(0).json();
    assert_eq!(none, serde_json::json!([]), "to look is not to accuse");
    let found = site.staff(["reconcile", "--all", "--open-cases", "--json"]).expect_code(5).json();
    assert_eq!(found[0]["settled"], false, "{found:#}");
    let cases =
        site.staff(["cases", "list", "--severity", "critical", "--json"]).expect_code(0).json();
    let jump =
        cases.as_array().unwrap().iter().find(|case| case["code"] == "register-jump").unwrap();
    let number = jump["number"].to_string();
    assert!(
        jump["evidence"]["expected"].as_str().unwrap().starts_with("ascending 2.61"),
        "{jump:#}"
    );
    site.staff(["cases", "assign", "TM0000042", &number, "--to", "Alice"]).expect_code(0);
    site.staff(["cases", "note", "TM0000042", &number, "--wait", "asked for the journal"])
        .expect_code(0);
    let resolve =
        ["cases", "resolve", "TM0000042", &number, "--as", "corrected", "put back from the backup"];
    site.staff(resolve).expect_code(0);
    site.staff(resolve).expect_code(3);
    let story = site.staff(["cases", "show", "TM0000042", &number]).expect_code(0);
    for told in ["Alice", "asked for the journal", "corrected", "Withdraw the meter"] {
        assert!(story.stdout.contains(told), "{told}: {}", story.stdout);
    }
    let csv = site.staff(["cases", "list", "--all", "--csv"]).expect_code(0);
    assert!(csv.stdout.starts_with("meter,case,opened,code,severity,state,"), "{}", csv.stdout);
    let log = site.staff(["audit", "log", "TM0000042"]).expect_code(0);
    assert!(log.stdout.contains("case-resolved"), "{}", log.stdout);
    let meters = site.staff(["meter", "list", "--json"]).expect_code(0).json();
    assert_eq!(meters[0]["state"], "suspended");
}

#[test]
fn the_books_are_taken_away_and_checked_without_this_program() {
    let site = franked();
    let folder = site.path("books");
    let path = folder.to_str().unwrap();
    let manifest = site.staff(["audit", "export", path, "--json"]).expect_code(0).json();
    assert_eq!(manifest["format"], "timbre-audit-export/1");
    let refused = site.staff(["audit", "export", path]).expect_code(3);
    assert!(refused.stderr.contains("give a new folder"), "{}", refused.stderr);
    let checked = Command::new("python3").arg("verify.py").current_dir(&folder).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "OK\n");
    let openssl = Command::new("openssl")
        .args([
            "dgst",
            "-sha256",
            "-verify",
            "audit-key.pem",
            "-signature",
            "manifest.json.sig",
            "manifest.json",
        ])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(openssl.status.success(), "{}", String::from_utf8_lossy(&openssl.stderr));
    // A judge that is not ours adds up: SQLite’s own shell on the CSV alone.
    let judged = Command::new("sqlite3")
        .args([":memory:", "-cmd", ".mode csv", "-cmd", ".import tables/postings.csv p"])
        .arg("SELECT SUM(amount), SUM(CASE WHEN account LIKE 'post:%' THEN amount END) FROM p")
        .current_dir(&folder)
        .output()
        .expect("apt-get install sqlite3");
    assert_eq!(String::from_utf8_lossy(&judged.stdout).trim(), "0,2610");
}
