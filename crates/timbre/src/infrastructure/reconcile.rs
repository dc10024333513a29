//! `timbre infrastructure reconcile`: whether three stories agree.

use std::path::Path;

use clap::Args;
use timbre_infrastructure::staff::MeterReconciliation;
use timbre_postage::{Language, MeterSerial};

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure reconcile                          every meter; changes nothing
  timbre infrastructure reconcile TM0000042 --json
  timbre infrastructure reconcile --all --open-cases       what `serve` does every hour")]
pub(super) struct ReconcileArgs {
    /// One meter; without it, every meter
    serial: Option<MeterSerial>,
    /// Show every meter in full, however many there are
    #[arg(long, conflicts_with = "serial")]
    all: bool,
    /// Open a case for what is found, and suspend where the policy says so
    #[arg(long)]
    open_cases: bool,
}

pub(super) fn execute(
    file: &Path,
    args: ReconcileArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let (language, mut printed, mut told) =
        (output.language(), Printed::default(), Told::default());
    super::with_staff(file, async |staff| match args.serial {
        Some(serial) => {
            let meter = match args.open_cases {
                true => staff.reconcile(serial).await?,
                false => staff.compare(serial).await?,
            };
            told.count(&meter);
            printed.meter(&meter, output);
            Ok(())
        }
        None => {
            let each = |meter: MeterReconciliation| {
                told.count(&meter);
                if args.all || told.meters <= SHOWN || told.last_is_unsound {
                    printed.meter(&meter, output);
                }
            };
            staff.reconcile_each(args.open_cases, each).await
        }
    })?;
    printed.end(output);
    if args.serial.is_none() && !output.json {
        output.answer(&format!("\n{}\n", told.in_words(language)));
    }
    Ok(if told.unsound == 0 { Outcome::Done } else { Outcome::NotGenuine })
}

/// Sound meters that are shown in full unless all are asked for; after them, only what is not sound.
const SHOWN: u64 = 20;

/// How many meters there were, and how they were.
#[derive(Default)]
struct Told {
    meters: u64,
    unsound: u64,
    warned: u64,
    last_is_unsound: bool,
}

impl Told {
    fn count(&mut self, meter: &MeterReconciliation) {
        let (unsound, warned) = (!meter.discrepancies.is_empty(), !meter.warnings.is_empty());
        self.meters += 1;
        self.unsound += u64::from(unsound);
        self.warned += u64::from(warned);
        self.last_is_unsound = unsound || warned;
    }

    fn in_words(&self, language: Language) -> String {
        let Told { meters, unsound, warned, .. } = self;
        match language {
            Language::French => {
                format!(
                    "{meters} machines\u{a0}: {unsound} ne concordent pas, {warned} avec avertissement."
                )
            }
            Language::English => {
                format!("{meters} meters: {unsound} do not agree, {warned} with a warning.")
            }
        }
    }
}

/// Prints meter after meter, so that a fleet is never held: as text, or as the elements of one JSON list.
#[derive(Default)]
struct Printed(u64);

impl Printed {
    fn meter(&mut self, meter: &MeterReconciliation, output: &OutputArgs) {
        let first = self.0 == 0;
        self.0 += 1;
        if output.json {
            let text = serde_json::to_string_pretty(meter).expect("plain data always serialises");
            output.answer(&format!("{}{text}", if first { "[\n" } else { ",\n" }));
        } else {
            let story = story_of_reconciliation(meter, output.language());
            output.answer(&format!("{}{story}\n", if first { "" } else { "\n" }));
        }
    }

    fn end(&self, output: &OutputArgs) {
        if output.json {
            output.answer(if self.0 == 0 { "[]\n" } else { "\n]\n" });
        }
    }
}

/// Registers, ledger and records side by side, and what does not fit.
pub(crate) fn story_of_reconciliation(meter: &MeterReconciliation, language: Language) -> String {
    let heading = match language {
        Language::French => ["", "Registres", "Grand livre", "Relevés", ""],
        Language::English => ["", "Registers", "Ledger", "Records", ""],
    };
    let rows = meter.lines.iter().map(|line| {
        let cell = |value: &Option<String>| value.clone().unwrap_or_default();
        let sign = if line.agrees { "=" } else { "≠" };
        [
            language.pick(line.quantity_fr, line.quantity_en).to_owned(),
            cell(&line.registers),
            cell(&line.ledger),
            cell(&line.records),
            sign.to_owned(),
        ]
    });
    let mut text = format!("{}\n{}", meter.serial, table(heading, rows));
    for finding in meter.discrepancies.iter().chain(&meter.warnings) {
        text.push_str(&format!("\n{}: {}", finding.code, finding.message(language)));
    }
    for pending in &meter.pending {
        let message = language.pick(&pending.message_fr, &pending.message_en);
        text.push_str(&format!("\n{}: {message}", pending.code));
    }
    text
}
