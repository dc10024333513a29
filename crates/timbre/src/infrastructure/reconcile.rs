//! `timbre infrastructure reconcile` and `cases`: whether three stories agree, and what is being looked into.

use std::path::Path;

use clap::Args;
use timbre_infrastructure::staff::MeterReconciliation;
use timbre_postage::{Language, MeterSerial};

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure reconcile
  timbre infrastructure reconcile TM0000042 --json")]
pub(super) struct ReconcileArgs {
    /// One meter; without it, all
    serial: Option<MeterSerial>,
}

#[derive(Args)]
pub(super) struct CasesArgs {
    /// One meter; without it, all
    serial: Option<MeterSerial>,
}

pub(super) fn execute(
    file: &Path,
    args: ReconcileArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let meters = super::with_staff(file, async |staff| match args.serial {
        Some(serial) => Ok(vec![staff.reconcile(serial).await?]),
        None => staff.reconcile_all().await,
    })?;
    output.show(&meters, || {
        let stories: Vec<String> =
            meters.iter().map(|meter| story_of_reconciliation(meter, output.language())).collect();
        stories.join("\n\n")
    });
    let sound = meters.iter().all(|meter| meter.discrepancies.is_empty());
    Ok(if sound { Outcome::Done } else { Outcome::NotGenuine })
}

pub(super) fn cases(file: &Path, args: CasesArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let cases = super::with_staff(file, async |staff| staff.cases(args.serial).await)?;
    output.show(&cases, || {
        let heading = match output.language() {
            Language::French => ["Compteur", "Dossier", "Ouvert", "Motif", "Détail"],
            Language::English => ["Meter", "Case", "Opened", "Code", "Detail"],
        };
        let rows = cases.iter().map(|case| {
            let opened = case.opened.to_string();
            [
                case.meter.to_string(),
                case.number.to_string(),
                opened,
                case.code.clone(),
                case.detail.clone(),
            ]
        });
        table(heading, rows)
    });
    Ok(Outcome::Done)
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
