//! One run, from its first check to its report; Ctrl-C ends it early, with what was found until then.

use std::time::Instant;

use jiff::Timestamp;
use timbre_network_test::{Event, Plan, Report};

use super::interrupt::Interrupt;
use super::live::Live;
use super::paper::Paper;
use crate::cli::say;

/// The report, and whether the run was interrupted.
pub(super) async fn one(plan: &Plan, paper: &Paper, interrupt: &mut Interrupt) -> (Report, bool) {
    let live = Live::new(paper);
    let (started, clock) = (Timestamp::now(), Instant::now());
    let whole = {
        let told = |event: Event| live.event(&event);
        let run = std::pin::pin!(timbre_network_test::run(plan, &told));
        tokio::select! {
            report = run => Some(report),
            () = interrupt.wished() => None,
        }
    };
    if let Some(report) = whole {
        return (report, false);
    }
    let took_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = timbre_network_test::partial(plan, started, took_ms, live.checks());
    live.event(&Event::Finished { report: Box::new(report.clone()) });
    let language = paper.settings.language;
    let note = language
        .pick("Interrompu\u{a0}: ce rapport est partiel.", "Interrupted: this report is partial.");
    say(note);
    (report, true)
}
