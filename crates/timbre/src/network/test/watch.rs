//! A test that is run again and again: the whole report once, then only what changed.

use std::time::Duration;

use timbre_network_test::print::{Comparison, Format};
use timbre_network_test::{Plan, Report};

use super::interrupt::Interrupt;
use super::paper::Paper;
use super::run;
use crate::outcome::Failure;

/// Runs until Ctrl-C; the last report.
pub(super) async fn until_interrupted(
    plan: &Plan,
    paper: &Paper,
    pause: Duration,
    interrupt: &mut Interrupt,
) -> Result<Report, Failure> {
    let (mut report, mut is_interrupted) = run::one(plan, paper, interrupt).await;
    paper.print(&report)?;
    while !is_interrupted {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = interrupt.wished() => return Ok(report),
        }
        let before = report;
        (report, is_interrupted) = run::one(plan, paper, interrupt).await;
        if is_interrupted {
            // Half a run would seem to have lost what it did not come to.
            return Ok(before);
        }
        tell(paper, &before, &report)?;
    }
    Ok(report)
}

/// To a person, what changed; to a program or a file, the new report.
fn tell(paper: &Paper, before: &Report, now: &Report) -> Result<(), Failure> {
    if paper.format != Format::Text || paper.file.is_some() {
        return paper.print(now);
    }
    let comparison = Comparison::between(&paper.told(before), &paper.told(now))
        .map_err(|error| Failure::refusal("not-comparable", error))?;
    let language = paper.settings.language;
    let at = now.started.strftime("%Y-%m-%d %H:%M:%S UTC");
    if comparison.is_empty() {
        let verdict = now.verdict.title();
        let verdict = language.of(&verdict);
        let line = language.pick(
            format!("{at}\u{a0}: rien n’a changé ({verdict})\n"),
            format!("{at}: nothing changed ({verdict})\n"),
        );
        return paper.write(line.as_bytes());
    }
    let mut bytes = format!("\n{at}\n").into_bytes();
    bytes.extend(paper.changes(&comparison)?);
    paper.write(&bytes)
}
