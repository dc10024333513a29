//! `timbre infrastructure meter report-lost|report-stolen|report-found|lost`: meters that are not where they belong.

use std::path::Path;

use clap::Args;
use jiff::civil::Date;
use timbre_infrastructure::{Loss, LossKind, Meter};
use timbre_postage::{Language, MeterSerial};

use super::terms::minute;
use crate::cli::{OutputArgs, csv, table};
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure meter report-stolen TM0000042 --since 2026-11-20 --reason 'break-in, police file 26-1234'

The meter gets no more funds, its device is ordered to stop at its next contact, a contact opens a case with its
address, and marks dated on that day or later are not genuine (meter-stolen).")]
pub(super) struct ReportArgs {
    /// The meter
    serial: MeterSerial,
    /// The first day on which it may have been in other hands
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Date,
    /// What was said, for the books
    #[arg(long)]
    reason: String,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure meter lost
  timbre infrastructure meter lost --all --csv > lost.csv")]
pub(super) struct LostArgs {
    /// Those that were found as well
    #[arg(long)]
    all: bool,
    /// For a spreadsheet (RFC 4180)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(super) fn report(file: &Path, kind: LossKind, args: ReportArgs) -> Result<Meter, Failure> {
    let ReportArgs { serial, since, reason } = args;
    super::with_staff(file, async |staff| staff.report_missing(serial, kind, since, &reason).await)
}

pub(super) fn list(file: &Path, args: &LostArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let mut losses = super::with_staff(file, async |staff| staff.losses(None).await)?;
    losses.retain(|loss| args.all || loss.found.is_none());
    if args.csv {
        let heading = [
            "meter",
            "kind",
            "since",
            "reported",
            "who",
            "reason",
            "found",
            "found_who",
            "found_reason",
        ];
        output.answer(&csv(heading, losses.iter().map(spreadsheet_row)));
        return Ok(Outcome::Done);
    }
    let language = output.language();
    output.show(&losses, || {
        if losses.is_empty() {
            return language
                .pick(
                    "Aucune machine n’est déclarée perdue ou volée.",
                    "No meter is reported lost or stolen.",
                )
                .to_owned();
        }
        let heading = match language {
            Language::French => {
                ["Machine", "Quoi", "Depuis", "Déclarée", "Par", "Retrouvée", "Motif"]
            }
            Language::English => ["Meter", "What", "Since", "Reported", "By", "Found", "Reason"],
        };
        table(heading, losses.iter().map(|loss| row(loss, language)))
    });
    Ok(Outcome::Done)
}

fn row(loss: &Loss, language: Language) -> [String; 7] {
    let kind = match loss.kind {
        LossKind::Lost => language.pick("perdue", "lost"),
        LossKind::Stolen => language.pick("volée", "stolen"),
    };
    [
        loss.meter.to_string(),
        kind.to_owned(),
        loss.since.to_string(),
        minute(loss.reported),
        loss.who.clone(),
        loss.found.map_or_else(|| "–".to_owned(), minute),
        loss.reason.clone(),
    ]
}

fn spreadsheet_row(loss: &Loss) -> [String; 9] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        loss.meter.to_string(),
        loss.kind.as_str().to_owned(),
        loss.since.to_string(),
        loss.reported.to_string(),
        loss.who.clone(),
        loss.reason.clone(),
        loss.found.map_or_else(String::new, |found| found.to_string()),
        text(&loss.found_who),
        text(&loss.found_reason),
    ]
}
