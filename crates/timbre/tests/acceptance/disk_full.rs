//! A disk that is full or read-only, while each command runs: a real, small file system. Needs root or user namespaces.

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

    /// Mounts a file system in the place of `folder`, with what lies there.
    fn instead_of<'a>(folder: &'a Path, size: &str) -> Small<'a> {
        let aside = folder.with_extension("aside");
        std::fs::rename(folder, &aside).unwrap();
        let small = Small::mount(folder, size);
        let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(folder).status();
        assert!(copied.unwrap().success());
        small
    }

    fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        let mounted = Command::new("mount").args(["-o", &options]).arg(self.0).status().unwrap();
        assert!(mounted.success());
    }

    /// Fills it to the last byte; what fills it is removed when dropped.
    fn fill(&self) -> Ballast {
        let path = self.0.join("ballast");
        let mut file = std::fs::File::create(&path).unwrap();
        while std::io::Write::write(&mut file, &[1; 4096]).is_ok_and(|written| written > 0) {}
        Ballast(path)
    }
}

struct Ballast(std::path::PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
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

    small.remount("size=8m");
    let finished = run();
    assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    assert_eq!(std::fs::read_dir(output.join("marks")).unwrap().count(), 120);
    site.expect_reconciled();
    drop(small);
}

#[test]
fn a_piece_whose_mark_would_find_no_room_is_not_paid() {
    let site = Site::ready("100");
    let folder = site.path("full");
    let small = Small::mount(&folder, "4k");
    std::fs::write(folder.join("in-the-way"), [0; 4096]).unwrap();
    let mark = folder.join("mark.png");
    let told =
        site.meter(["frank", "--weight", "20g", "--output", mark.to_str().unwrap()]).expect_code(4);
    assert!(told.stderr.contains("mark.png"), "names the file: {}", told.stderr);
    assert!(told.stderr.contains("make room"), "says what to do: {}", told.stderr);
    assert_eq!(registers(&site), (100_000, 0));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left behind");
    drop(small);
}

/// The disk fails between the debit and the mark.
#[test]
fn a_piece_that_was_paid_and_not_printed_is_told_and_printed_once_more() {
    let site = Site::ready("100");
    let frank = site.meter_command(["frank", "--weight", "20g"]);
    let mut failing = Command::new("strace");
    failing.args(["-f", "-o", "/dev/null", "-e", "inject=rename:error=EIO:when=1", "--"]);
    failing.arg(frank.get_program()).args(frank.get_args()).env("LANG", "en_CA.UTF-8");
    let told = tell(&mut failing).expect_code(4);
    assert!(told.stderr.contains("-00000001.png"), "names the file: {}", told.stderr);
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
}

/// What a meter is asked for in a day, each with what it takes.
fn commands(csv: &Path) -> Vec<Vec<&str>> {
    let csv = csv.to_str().unwrap();
    vec![
        vec!["power-on"],
        vec!["refill", "20"],
        vec!["inspect"],
        vec!["frank", "--weight", "20g"],
        vec!["run", csv],
        vec!["print-again"],
        vec!["upload"],
        vec!["sleep"],
        vec!["status"],
        vec!["funds"],
        vec!["power-off"],
    ]
}

fn registers(site: &Site) -> (i64, i64) {
    let funds = site.meter(["funds", "--json"]).expect_code(0).json();
    let mills = |name: &str| funds[name]["mills"].as_i64().unwrap();
    assert_eq!(mills("available") + mills("used"), mills("control_sum"));
    (mills("available"), mills("used"))
}

#[test]
fn on_a_full_disk_each_command_does_all_or_says_what_to_do_and_later_goes_on() {
    let site = Site::ready("100");
    let csv = site.letters_csv(5);
    let folder = site.meter_dir();
    let small = Small::instead_of(&folder, "16m");
    for command in commands(&csv) {
        let ballast = small.fill();
        let told = site.meter(&command);
        assert!([0, 4].contains(&told.code()), "{command:?}: {}{}", told.stdout, told.stderr);
        if told.code() == 4 {
            let advised = ["make room", "nothing is lost", "print-again"];
            assert!(advised.iter().any(|advice| told.stderr.contains(advice)), "{}", told.stderr);
        }
        eprintln!("{command:?} on a full disk: {}", told.code());
        drop(ballast);
        registers(&site);
        let again = site.meter(&command);
        assert_eq!(again.code(), 0, "{command:?} once there is room: {}", again.stderr);
    }
    site.meter(["print-again"]).expect_code(0);
    assert_eq!(site.meter(["status", "--json"]).expect_code(0).json()["unprinted"], 0);
    site.expect_reconciled();
    drop(small);
}

#[test]
fn on_a_read_only_disk_each_command_changes_nothing_and_says_what_to_do() {
    let site = Site::ready("100");
    let csv = site.letters_csv(5);
    let folder = site.meter_dir();
    let small = Small::instead_of(&folder, "16m");
    let before = registers(&site);
    small.remount("ro");
    for command in commands(&csv) {
        let told = site.meter(&command);
        assert_eq!(told.code(), 4, "{command:?}: {}{}", told.stdout, told.stderr);
        assert!(told.stderr.contains("make the disk writable"), "{command:?}: {}", told.stderr);
    }
    small.remount("rw");
    assert_eq!(registers(&site), before);
    for command in commands(&csv) {
        site.meter(&command).expect_code(0);
    }
    site.expect_reconciled();
    drop(small);
}
