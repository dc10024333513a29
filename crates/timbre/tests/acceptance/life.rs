//! The whole life of a meter and of the one in its place, by the commands that the guide shows (docs/PSD.md).

use serde_json::Value;

use crate::site::Site;

fn balance(site: &Site, account: &str) -> i64 {
    let shown = site.staff(["ledger", "show", account, "--json"]).expect_code(0).json();
    shown["balance"]["mills"].as_i64().unwrap()
}

fn frank(site: &Site) {
    let mark = site.path("mark.png");
    let _ = std::fs::remove_file(&mark);
    let mark = mark.to_str().unwrap().to_owned();
    site.meter(["frank", "--weight", "20g", "--output", &mark]).expect_code(0);
}

/// Makes another meter beside the first one, and gives the file of its enrolment.
fn another(site: &Site, serial: &str) -> String {
    let address = site.serving.as_ref().unwrap().address.clone();
    let anchors = site.anchors();
    let create = ["create", "--serial", serial, "--connect", &address, "--anchors", &anchors];
    let enrolment = on_new(site, create).expect_code(0);
    let file = site.path("enrolment-2.json");
    std::fs::write(&file, enrolment.stdout).unwrap();
    file.to_str().unwrap().to_owned()
}

fn on_new<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(
    site: &Site,
    args: I,
) -> crate::site::Told {
    let mut command = crate::site::timbre();
    command.arg("meter").arg("--dir").arg(site.path("meter-2")).args(args);
    crate::site::tell(&mut command)
}

fn reconciliation(site: &Site, serial: &str) -> Value {
    site.staff(["reconcile", serial, "--json"]).expect_code(0).json()[0].clone()
}

#[test]
fn a_meter_is_made_used_withdrawn_refunded_and_replaced() {
    let site = Site::ready("100");
    let account = site.account.clone();
    let prepaid = format!("prepaid:{account}");
    frank(&site);
    let (left, before) = (site.available(), balance(&site, &prepaid));

    // In a script nobody can be asked, so it has to be said.
    let refused = site.meter(["withdraw"]).expect_code(3);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(site.available(), left, "nothing has changed");
    let early = site.staff(["meter", "refund", "TM0000042"]).expect_code(3);
    assert!(early.stderr.contains("withdraw it"), "{}", early.stderr);

    let done = site.meter(["withdraw", "--yes", "--json"]).expect_code(0).json();
    assert_eq!((done["amount"]["mills"].as_i64(), &done["recorded"]), (Some(left), &true.into()));
    assert_eq!(balance(&site, "meter:TM0000042"), 0);
    assert_eq!(balance(&site, &format!("refunds:{account}")), left);
    let reconciled = reconciliation(&site, "TM0000042");
    assert_eq!(reconciled["settled"], true, "{reconciled:#}");
    let refused = site.meter(["frank", "--weight", "20g"]).expect_code(3);
    assert!(refused.stderr.contains("withdrawn from service"), "{}", refused.stderr);
    site.meter(["refill", "50"]).expect_code(3);

    for before_that in [false, true] {
        let receipt = site.staff(["meter", "refund", "TM0000042", "--json"]).expect_code(0).json();
        assert_eq!(receipt["before"], before_that);
        assert_eq!(balance(&site, &prepaid), before + left, "released once, to the mill");
    }
    assert_eq!(reconciliation(&site, "TM0000042")["settled"], true);

    let file = another(&site, "TM0000043");
    let because = ["--because", "withdrawn", "--reason", "worn out"];
    let replace = ["meter", "replace", "TM0000042", "--by", &file];
    site.staff(replace.iter().chain(&because)).expect_code(0);
    on_new(&site, ["install"]).expect_code(0);
    let status = on_new(&site, ["status", "--json"]).expect_code(0).json();
    assert_eq!(status["configuration"]["replaces"], "TM0000042");
    assert_eq!(status["configuration"]["used"]["mills"], 100_000 - left);
    assert_eq!(status["funds"]["available"]["mills"], 0, "the registers begin at nothing");
    on_new(&site, ["refill", "20"]).expect_code(0);
    let told = on_new(&site, ["status"]).expect_code(0).stdout;
    assert!(told.contains("Replaces") && told.contains("TM0000042"), "{told}");
}

#[test]
fn an_opened_meter_is_examined_reported_replaced_and_its_funds_come_back_by_decision() {
    let site = Site::ready("100");
    frank(&site);
    site.meter(["upload"]).expect_code(0);
    let left = site.available();
    site.meter(["tamper"]).expect_code(3);
    site.meter(["tamper", "--yes"]).expect_code(0);
    let refused = site.meter(["frank", "--weight", "20g"]).expect_code(3);
    assert!(refused.stderr.contains("timbre meter examine"), "{}", refused.stderr);
    let status = site.meter(["status"]).expect_code(0).stdout;
    assert!(status.contains("tampered"), "{status}");
    let seen = site.meter(["examine", "--json"]).expect_code(0);
    assert_eq!(seen.json()["available"]["mills"], left);
    let examination = site.path("examination.json");
    std::fs::write(&examination, &seen.stdout).unwrap();
    let examination = examination.to_str().unwrap().to_owned();
    let report = ["meter", "tampered", "TM0000042", "--reason", "seal broken", "--examination"];
    site.staff(report.iter().copied().chain([examination.as_str()])).expect_code(0);
    let cases = site.staff(["cases", "--json"]).expect_code(0).json();
    assert_eq!(cases[0]["code"], "device-tampered");

    let file = another(&site, "TM0000043");
    let because = ["--because", "tampered", "--reason", "seal broken"];
    let replace = ["meter", "replace", "TM0000042", "--by", &file];
    site.staff(replace.iter().chain(&because)).expect_code(0);
    site.staff(["meter", "refund", "TM0000042"]).expect_code(3);
    let before = balance(&site, &format!("prepaid:{}", site.account));
    let decide = ["meter", "refund", "TM0000042", "--reason", "registers read at the workshop"];
    site.staff(decide).expect_code(0);
    site.staff(decide).expect_code(0);
    assert_eq!(balance(&site, &format!("prepaid:{}", site.account)), before + left);
    on_new(&site, ["install"]).expect_code(0);
    on_new(&site, ["refill", "20"]).expect_code(0);
}
