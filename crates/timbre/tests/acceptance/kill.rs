//! Power may go at any moment. Here the meter is killed hundreds of times at random moments of a run, and at its end no cent
//! is lost, no piece is franked twice and none is missing.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use crate::site::{Site, tell, timbre};

const ROWS: u32 = 1_500;
const KILLS: u32 = 300;

/// A small generator of our own, so that a failing seed can be run again.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros(self.0 % 60_000)
    }
}

#[test]
fn a_run_killed_hundreds_of_times_at_random_moments_franks_every_piece_once() {
    let site = Site::ready("5000");
    let csv = site.letters_csv(ROWS);
    let output = site.path("out");
    let run = || {
        let mut command = site.meter_command(["run"]);
        command.arg(&csv).arg("--output").arg(&output);
        command
    };
    let seed =
        std::env::var("TIMBRE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x7153_b2e1);
    eprintln!("TIMBRE_SEED={seed}");
    let mut moments = Moments(seed);
    let mut killed = 0;
    for _ in 0..KILLS {
        let mut child = run().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(moments.next());
        child.kill().unwrap();
        if child.wait().unwrap().code().is_some() {
            break; // it was done before the blow
        }
        killed += 1;
    }
    assert!(killed >= KILLS / 3, "the run was over after {killed} kills: give it more rows");
    let finished = tell(run().arg("--json"));
    if killed == KILLS {
        assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    }

    let marks: Vec<_> = std::fs::read_dir(output.join("marks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(marks.len() as u32, ROWS, "one mark a piece, none twice");
    let shown = tell(timbre().args(["mark", "show", "--json"]).args(&marks)).expect_code(0).json();
    let counters: BTreeSet<u64> =
        shown.as_array().unwrap().iter().map(|mark| mark["piece"].as_u64().unwrap()).collect();
    assert_eq!(counters, (1..=u64::from(ROWS)).collect(), "every piece has a mark of its own");
    site.expect_reconciled();
    let records = site.staff(["meter", "list", "--json"]).expect_code(0).json();
    assert_eq!(records[0]["registers"]["pieces"], ROWS);
}
