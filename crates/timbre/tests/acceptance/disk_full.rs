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
