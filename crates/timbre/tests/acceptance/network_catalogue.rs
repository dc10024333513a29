//! What an administrator does with a catalogue, by the executable alone: export it, keep the file, compare, check.

use std::path::Path;
use std::process::Command;

use crate::site::{Site, Told, tell, timbre};

fn catalogue(arguments: &[&str]) -> Told {
    tell(timbre().args(["network", "catalogue"]).args(arguments).args(["--language", "en"]))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn an_export_kept_as_a_file_is_the_same_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    for (name, lint) in [
        ("connect-plus-sendpro-p", 1),
        ("connect-plus-sendpro-p-de", 1),
        ("sendpro-c", 1),
        ("timbre", 0),
    ] {
        let file = folder.path().join(format!("{name}.json"));
        let export = ["export", "--format", "json", "--catalogue", name, "--output", text(&file)];
        catalogue(&export).expect_code(0);
        let same = catalogue(&["changes", text(&file), name]).expect_code(0);
        assert!(same.stdout.contains("nothing changes"), "{}", same.stdout);
        let shown = catalogue(&["show", "--catalogue", text(&file)]).expect_code(0);
        assert_eq!(shown.stdout, catalogue(&["show", "--catalogue", name]).stdout);
        catalogue(&["lint", "--catalogue", text(&file)]).expect_code(lint);
    }
}

#[test]
fn a_new_address_is_told_with_its_day_and_late_notice_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.json"), folder.path().join("new.json"));
    let export = catalogue(&["export", "--format", "json", "--catalogue", "timbre"]);
    std::fs::write(&old, &export.stdout).unwrap();
    let moved =
        export.stdout.replace("comet.timbre", "comet2.timbre").replace("2026112402", "2027010101");
    std::fs::write(&new, moved.replacen("2026-11-24", "2027-02-01", 1)).unwrap();
    let told = catalogue(&["changes", text(&old), text(&new)]).expect_code(0);
    assert!(
        told.stdout.contains("to be open by 2027-02-01: comet2.timbre.localhost:443"),
        "{}",
        told.stdout
    );
    std::fs::write(&new, moved.replacen("2026-11-24", "2027-01-02", 1)).unwrap();
    let told = catalogue(&["changes", text(&old), text(&new), "--json"]).expect_code(1).json();
    assert_eq!(told["changes"][0]["notice_days"], 1);
}

#[test]
fn a_list_for_a_firewall_is_lines_that_a_firewall_reads() {
    let hosts = catalogue(&["export", "--format", "hosts", "--scope", "required"]).expect_code(0);
    for line in hosts.stdout.lines().filter(|line| !line.starts_with('#')) {
        assert!(
            line.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"*.-".contains(&b)),
            "{line}"
        );
    }
    assert!(hosts.stdout.contains("\ndistservp1.pb.com\n"), "{}", hosts.stdout);
    assert!(!hosts.stdout.contains("teamviewer"), "{}", hosts.stdout);
}

#[test]
fn a_wrong_file_is_refused_by_line_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.json");
    let export = catalogue(&["export", "--format", "json", "--catalogue", "timbre"]);
    let wrong = export.stdout.replacen("\"required\"", "\"needed\"", 1);
    std::fs::write(&file, &wrong).unwrap();
    let line = 1 + wrong.lines().position(|line| line.contains("needed")).unwrap();
    let told = catalogue(&["show", "--catalogue", text(&file)]).expect_code(64);
    let expected =
        format!("wrong.json:{line}: group: “needed” is not one of required, optional-on");
    assert!(told.stderr.contains(&expected), "{}", told.stderr);
    let told = catalogue(&["show", "--catalogue", "no-such"]).expect_code(64);
    assert!(told.stderr.contains("sendpro-c"), "names what there is: {}", told.stderr);
    let told = catalogue(&["show", "comet.nothing"]).expect_code(64);
    assert!(told.stderr.contains("comet.funds"), "names what there is: {}", told.stderr);
}

/// What a firewall would subscribe to, fetched with curl from a real infrastructure and held against its key.
#[test]
fn a_list_that_was_fetched_is_genuine_to_the_byte() {
    let site = Site::with_customer();
    let anchors = site.anchors();
    let (list, head) = (site.path("hosts.txt"), site.path("head.txt"));
    let serving = site.serving.as_ref().unwrap();
    let (address, port) = serving.address.rsplit_once(':').unwrap();
    let host = format!("catalogue.timbre.localhost:{port}");
    let ca: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&anchors).unwrap()).unwrap();
    let root = site.path("root.pem");
    std::fs::write(&root, ca["root_certificate"].as_str().unwrap()).unwrap();
    let fetched = Command::new("curl")
        .args(["--silent", "--fail", "--cacert", text(&root)])
        .args(["--resolve", &format!("{host}:{address}"), "-D", text(&head), "-o", text(&list)])
        .arg(format!("https://{host}/catalogue/v1/endpoints?format=hosts"))
        .status();
    assert!(fetched.expect("curl is there: cargo xtask setup installs it").success());
    let verify = ["verify", text(&list), "--headers", text(&head), "--anchors", &anchors];
    let told = catalogue(&verify).expect_code(0);
    assert!(told.stdout.contains("signed by the Distributor"), "{}", told.stdout);

    let mut changed = std::fs::read_to_string(&list).unwrap();
    changed.push_str("evil.example\n");
    std::fs::write(&list, changed).unwrap();
    let told = catalogue(&verify).expect_code(2);
    assert!(told.stdout.contains("NOT of this deployment"), "{}", told.stdout);

    let nothing = ["verify", text(&list), "--headers", text(&list), "--anchors", &anchors];
    let told = catalogue(&nothing).expect_code(64);
    assert!(told.stderr.contains("no field Timbre-Signature"), "{}", told.stderr);
}
