//! Fixed seeds, and that a seed is one story: told twice in a process, and in another process, it has the same trace.

use std::process::Command;

use timbre_simulation::{Log, Plan, run};

const PLAN: Plan = Plan { steps: 150, meters: 2 };

#[test]
fn a_seed_is_the_same_story_every_time() {
    let [first, second] = [1, 1].map(|seed| run(seed, PLAN, Log::Quiet).unwrap());
    assert_eq!(first.trace, second.trace);
    let other = run(2, PLAN, Log::Quiet).unwrap();
    assert_ne!(first.trace, other.trace);
    let output = Command::new(env!("CARGO_BIN_EXE_timbre-simulation"))
        .args(["1", "--trace", "--steps", "150", "--meters", "2"])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains(&first.trace), "{told}");
}

#[test]
fn a_fresh_seed_holds() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = u64::from(now.subsec_micros()) + 1_000_000 * (now.as_secs() % 1_000);
    let report = run(seed, Plan::default(), Log::Quiet).unwrap();
    let violation = report.violation.map(|violation| (violation.rule, violation.found));
    assert_eq!(violation, None, "replay it: cargo run -p timbre-simulation -- {seed}");
}

#[test]
fn fixed_seeds_hold() {
    for seed in 1..=3 {
        let report = run(seed, Plan::default(), Log::Quiet).unwrap();
        let violation = report.violation.map(|violation| (violation.rule, violation.found));
        assert_eq!(violation, None, "seed {seed}");
        assert!(report.counts["marks"] > 0, "seed {seed} franks nothing");
    }
}
