//! Power may go at any moment. Here the meter is killed hundreds of times at random moments of a run, and at its end no cent
//! is lost, no piece is franked twice and none is missing.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::site::{Site, tell};

const KILLS: u32 = 300;
const ROWS: u32 = 3_000;

/// A small generator of our own, so that a failing seed can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn a_run_killed_hundreds_of_times_at_random_moments_franks_every_piece_once() {
    let site = Site::ready("5000");
    let csv = site.letters_csv(ROWS);
    let output = site.path("out");
    let marks = output.join("marks");
    let run = || {
        let mut command = site.meter_command(["run"]);
        command.arg(&csv).arg("--output").arg(&output);
        command
    };
    let seed =
        std::env::var("TIMBRE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x7153_b2e1);
    eprintln!("TIMBRE_SEED={seed}");
    let mut random = Random(seed);
    let (mut killed, mut while_franking) = (0, 0);
    while killed < KILLS {
        let mut meter = run().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if killed % 4 == 0 {
            // Anywhere: while it starts, looks for where it was, reads the file.
            std::thread::sleep(Duration::from_millis(random.below(80)));
        } else if wait_for_a_mark(&mut meter, &marks) {
            while_franking += 1;
            std::thread::sleep(Duration::from_micros(random.below(6_000)));
        }
        meter.kill().unwrap();
        if let Some(code) = meter.wait().unwrap().code() {
            assert_eq!(code, 0, "the run ended by itself, and not well");
            break;
        }
        killed += 1;
    }
    // A fast machine may be done before the last blow; it must have taken most of them.
    assert!(killed > KILLS / 2, "the run was over after {killed} kills: give it more rows");
    assert!(
        while_franking > killed / 2,
        "only {while_franking} of {killed} blows fell while it franked"
    );

    if killed == KILLS {
        let finished = tell(&mut run());
        assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    }
    check(&site, &marks);
}

/// Every piece once: a mark of its own, paid for, and in agreement with the infrastructure.
fn check(site: &Site, marks: &Path) {
    let pictures: HashSet<Vec<u8>> = std::fs::read_dir(marks)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(
        pictures.len() as u32,
        ROWS,
        "every piece has a mark of its own: the count of pieces is in it"
    );
    assert_eq!(count(marks), ROWS, "and no piece has two");
    site.expect_reconciled();
    let meters = site.staff(["meter", "list", "--json"]).expect_code(0).json();
    assert_eq!(meters[0]["registers"]["pieces"], ROWS, "nothing was paid for twice");
}

fn count(marks: &Path) -> u32 {
    std::fs::read_dir(marks).map_or(0, |entries| entries.count() as u32)
}

/// Waits until one more mark is out than before; false if the run ends first.
fn wait_for_a_mark(meter: &mut Child, marks: &Path) -> bool {
    let before = count(marks);
    let limit = Instant::now() + Duration::from_secs(30);
    while count(marks) <= before {
        if meter.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < limit, "no mark came out in 30 s");
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
