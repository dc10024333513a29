//! What an administrator meets at the edges of `timbre network`: options in any place, a full disk, a reader that goes
//! away, files of other programs. A status is never a verdict by accident, and nothing panics.

use std::fs::File;
use std::process::Stdio;

use crate::site::{Told, tell, timbre};

fn network(arguments: &[&str]) -> Told {
    tell(timbre().arg("network").args(arguments).args(["--language", "en"]))
}

#[test]
fn the_language_may_stand_before_the_command_and_wrong_usage_is_64_all_the_same() {
    let told = tell(timbre().args(["--language", "fr", "network", "rules", "dialects"]));
    assert!(told.expect_code(0).stdout.contains("pare-feu"));
    // 2 would say that the network is not ready.
    tell(timbre().args(["--language", "fr", "network", "rules", "--nonsense"])).expect_code(64);
}

#[test]
fn an_option_of_the_demonstration_is_refused_before_another_command() {
    let told = tell(timbre().args(["--dir", "x", "mark", "show", "x.png"])).expect_code(2);
    assert!(told.stderr.contains("'--dir' is the demonstration's"), "{}", told.stderr);
    tell(timbre().args(["--dir", "x", "network", "catalogue", "list"])).expect_code(2);
}

#[test]
fn an_answer_that_does_not_fit_on_the_disk_is_a_failure_that_says_so() {
    for arguments in
        [&["rules", "--dialect", "pac"][..], &["catalogue", "show"], &["catalogue", "schema"]]
    {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let child = timbre()
            .arg("network")
            .args(arguments)
            .args(["--language", "fr"])
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(stderr.contains("il n’y a plus de place"), "{stderr}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut command = timbre();
    command.args(["network", "rules", "--dialect", "nftables", "--scope", "required"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn several_files_on_one_screen_are_named_in_their_own_comments_and_a_warning_says_so() {
    let told = network(&["rules", "--dialect", "cisco-asa", "--source", "10.1.2.3"]);
    assert!(told.stdout.starts_with("! ===== timbre-asa.txt ====="), "{}", told.stdout);
    assert!(told.stderr.contains("2 files are shown"), "{}", told.stderr);
    let alone = network(&["rules", "--dialect", "pac"]);
    assert!(alone.stdout.starts_with("// timbre: PAC"), "loadable as it is: {}", alone.stdout);
}

#[test]
fn a_configuration_in_another_encoding_is_read_and_what_is_no_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asa.txt");
    let mut asa = b"access-list inside_in remark acc\xe8s\n".to_vec();
    asa.extend(b"access-list inside_in extended permit ip any any\n");
    std::fs::write(&file, &asa).unwrap();
    let path = file.to_str().unwrap();
    network(&["rules", "verify", path, "--source", "10.1.2.3"]).expect_code(0);
    std::fs::write(&file, b"\x7fELF\0\0").unwrap();
    let told = network(&["rules", "verify", path, "--kind", "cisco-asa"]).expect_code(64);
    assert!(told.stderr.contains("not text"), "{}", told.stderr);
}

#[test]
fn rules_are_attached_to_a_page_or_refused_and_never_left_out_in_silence() {
    let told = network(&["test", "--format", "json", "--with-rules", "pac"]).expect_code(64);
    assert!(told.stderr.contains("add --format html or pdf"), "{}", told.stderr);
}

#[test]
fn a_report_that_has_no_place_is_refused_before_the_test_begins() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("missing").join("report.html");
    let told = network(&["test", "--format", "html", "--output", nowhere.to_str().unwrap()]);
    let told = told.expect_code(3);
    assert!(told.stderr.contains("cannot be written"), "{}", told.stderr);
}
