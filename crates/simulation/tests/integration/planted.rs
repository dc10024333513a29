//! The simulation finds bugs: each of those that a test build can plant is caught within a bounded number of seeds.

use std::sync::Mutex;

use timbre_postage::planted::{Bug, plant};
use timbre_simulation::{Log, Plan, Violation, run};

/// Within so many seeds every planted bug is caught.
const BOUND: u64 = 60;
/// These need a rare meeting of events: they are for longer runs.
const RARE: &[Bug] = &[
    Bug::ClockBackAccepted,
    Bug::ControlSumUnchecked,
    Bug::StaleInspection,
    Bug::RegressionUnchecked,
    Bug::UsageBookedTwice,
    Bug::DepositBookedTwice,
];
const PLAN: Plan = Plan { steps: 400, meters: 3 };

#[test]
fn every_planted_bug_is_caught_within_sixty_seeds() {
    // What a planted bug makes panic is caught; it need not be told.
    std::panic::set_hook(Box::new(|_| {}));
    let left = Mutex::new(Bug::ALL.iter().filter(|bug| !RARE.contains(bug)));
    let caught = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(bug) = left.lock().unwrap().next() {
                    let found = hunt(*bug);
                    caught.lock().unwrap().push((*bug, found));
                }
            });
        }
    });
    let _ = std::panic::take_hook();
    let caught = caught.into_inner().unwrap();
    for (bug, found) in &caught {
        match found {
            Some((seed, violation)) => {
                println!("| {} | {} | {} | {seed} |", bug.name(), bug.breaks(), violation.rule)
            }
            None => println!("| {} | {} | NOT CAUGHT | |", bug.name(), bug.breaks()),
        }
    }
    let missed: Vec<&str> =
        caught.iter().filter(|(_, found)| found.is_none()).map(|(bug, _)| bug.name()).collect();
    assert!(missed.is_empty(), "not caught within {BOUND} seeds: {missed:?}");
}

/// The first seed that shows the bug, and what it shows.
fn hunt(bug: Bug) -> Option<(u64, Violation)> {
    plant(Some(bug));
    let found = (1..=BOUND).find_map(|seed| {
        let report = run(seed, PLAN, Log::Quiet).expect("a world can be made");
        report.violation.map(|violation| (seed, violation))
    });
    plant(None);
    found
}
