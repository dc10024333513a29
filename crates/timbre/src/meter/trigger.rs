//! What makes the meter go to the network, asked by hand: install, power on, inspect, upload, sleep, power off.

use std::path::Path;

use timbre_meter::{TaskReport, Trigger, UploadReason};

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

pub(super) fn install(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    run(dir, Trigger::Installed, output)
}

pub(super) fn power_on(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    run(dir, Trigger::PowerOn, output)
}

pub(super) fn sleep(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    run(dir, Trigger::Sleep, output)
}

pub(super) fn power_off(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    run(dir, Trigger::PowerOff, output)
}

pub(super) fn inspect(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let mut meter = super::open(dir)?;
    let inspected = super::block_on(meter.inspect())?.map_err(|error| super::failure(&error))?;
    output.show(&inspected, || {
        let next = inspected.next_inspection;
        let language = output.language();
        language.pick(
            format!("Inspection faite. Prochaine : {next}."),
            format!("Inspected. Next: {next}."),
        )
    });
    Ok(Outcome::Done)
}

pub(super) fn upload(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let mut meter = super::open(dir)?;
    let uploaded = super::block_on(meter.upload(UploadReason::OnDemand))?
        .map_err(|error| super::failure(&error))?;
    output.show(&uploaded, || {
        let count = uploaded.records;
        let language = output.language();
        language.pick(
            format!("{count} relevés téléversés."),
            format!("{count} transaction records uploaded."),
        )
    });
    Ok(Outcome::Done)
}

/// Carries out a trigger's tasks and tells how each went; the first failure is the command's.
fn run(dir: &Path, trigger: Trigger, output: &OutputArgs) -> Result<Outcome, Failure> {
    let mut meter = super::open(dir)?;
    let reports = super::block_on(meter.trigger(trigger))?;
    output.show(&reports, || {
        let language = output.language();
        if reports.is_empty() {
            return language.pick("Rien à faire.", "Nothing to do.").to_owned();
        }
        let lines: Vec<String> = reports.iter().map(|report| report.describe(language)).collect();
        lines.join("\n")
    });
    reports
        .into_iter()
        .find_map(|TaskReport { result, .. }| result.err())
        .map_or(Ok(Outcome::Done), |error| Err(super::failure(&error)))
}
