//! A disk that fills up in the middle of a run: a real, small file system. Needs root or user namespaces.

use std::path::Path;
use std::process::Command;

use crate::site::{Site, tell};

/// Mounts a file system of `size` at `folder`, gone when dropped.
struct Small<'a>(&'a Path);

impl Small<'_> {
    fn mount<'a>(folder: &'a Path, size: &str) -> Small<'a> {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder)
            .status()
            .is_ok_and(|status| status.success());
        assert!(mounted, "this test mounts a small file system: run it as root");
        Small(folder)
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_run_loses_no_piece_and_the_run_goes_on_when_there_is_room() {
    let site = Site::ready("500");
    let csv = site.letters_csv(120);
    let output = site.path("small");
    let small = Small::mount(&output, "300k");
    let run = || {
        let mut command = site.meter_command(["run"]);
        command.arg(&csv).arg("--output").arg(&output);
        tell(&mut command)
    };
    let stopped = run();
    assert_eq!(stopped.code(), 4, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stderr.contains("small"), "names the place: {}", stopped.stderr);
    let paid = 500_000 - site.available();
    assert!(paid > 0, "some pieces were franked before the disk was full");

    let remounted =
        Command::new("mount").args(["-o", "remount,size=8m"]).arg(&output).status().unwrap();
    assert!(remounted.success());
    let finished = run();
    assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    assert_eq!(std::fs::read_dir(output.join("marks")).unwrap().count(), 120);
    site.expect_reconciled();
    drop(small);
}

#[test]
fn a_piece_that_was_paid_and_not_printed_is_told_and_printed_once_more() {
    let site = Site::ready("100");
    let folder = site.path("full");
    let small = Small::mount(&folder, "4k");
    std::fs::write(folder.join("in-the-way"), [0; 4096]).unwrap();
    let mark = folder.join("mark.png");
    let told =
        site.meter(["frank", "--weight", "20g", "--output", mark.to_str().unwrap()]).expect_code(4);
    assert!(told.stderr.contains("mark.png"), "names the file: {}", told.stderr);
    assert!(told.stderr.contains("timbre meter print-again"), "says what to do: {}", told.stderr);
    assert_eq!(site.available(), 100_000 - 1_440, "the piece is paid");
    assert_eq!(site.meter(["status", "--json"]).expect_code(0).json()["unprinted"], 1);

    let printed = site.meter(["print-again", "--json"]).expect_code(0).json();
    assert_eq!(printed[0]["amount"]["mills"], 1_440);
    assert!(Path::new(printed[0]["file"].as_str().unwrap()).is_file());
    assert_eq!(site.available(), 100_000 - 1_440, "and not paid again");
    let again = site.meter(["print-again", "--json"]).expect_code(0).json();
    assert_eq!(again.as_array().unwrap().len(), 0, "once, and no more");
    site.expect_reconciled();
    drop(small);
}
