//! The first command of the README.

use std::path::Path;

use serde_json::Value;

use crate::site::{tell, timbre};

fn demonstrate(folder: &Path) -> Value {
    tell(timbre().arg("--json").arg("--dir").arg(folder)).expect_code(0).json()
}

#[test]
fn the_demonstration_franks_the_examples_and_balances_to_the_cent_and_a_second_run_continues() {
    let folder = tempfile::tempdir().unwrap();
    let first = demonstrate(folder.path());
    assert_eq!(first["reconciliation"]["settled"], true);
    let franked = first["pieces"]["franked"].as_u64().unwrap();
    assert!(franked >= 200, "{franked}");
    assert!(
        !first["pieces"]["rejected"].as_array().unwrap().is_empty(),
        "some example rows are bad"
    );
    let marks = std::fs::read_dir(first["pieces"]["marks"].as_str().unwrap()).unwrap().count();
    assert_eq!(marks as u64, franked);
    assert!(Path::new(first["letters"]["pdf"].as_str().unwrap()).is_file());

    let second = demonstrate(folder.path());
    assert_eq!(second["reconciliation"]["settled"], true);
    // The third sleeps with so little left that it refills first: that is told as well.
    let third = demonstrate(folder.path());
    assert_eq!(third["reconciliation"]["settled"], true);
    let pieces = |run: &Value| {
        let lines = run["reconciliation"]["lines"].as_array().unwrap();
        let line = lines.iter().find(|line| line["quantity_en"] == "pieces").unwrap();
        line["registers"].as_str().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(pieces(&second), 2 * pieces(&first), "the same meter goes on with its registers");
}

#[test]
fn the_story_is_told_in_french_and_in_english() {
    let folder = tempfile::tempdir().unwrap();
    let mut french = timbre();
    french.env("LANG", "fr_CA.UTF-8").arg("--dir").arg(folder.path());
    let told = tell(&mut french).expect_code(0);
    assert!(told.stdout.contains("au cent près"), "{}", told.stdout);
    let english = tell(timbre().arg("--dir").arg(folder.path())).expect_code(0);
    assert!(english.stdout.contains("to the cent"), "{}", english.stdout);
}
