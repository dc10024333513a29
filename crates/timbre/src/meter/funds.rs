//! `timbre meter funds` and `timbre meter refill`: the registers as the operator reads them, and how they are raised.

use std::path::Path;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};
use crate::typed::amount;
use clap::Args;

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre meter refill 500")]
pub(super) struct RefillArgs {
    /// How much to add, in the meter's currency
    amount: String,
}

pub(super) fn report(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let meter = super::open(dir)?;
    let funds = meter.funds();
    output.show(&funds, || {
        let language = output.language();
        let row =
            |fr: &str, en: &str, value: String| format!("{:<28}{value:>16}", language.pick(fr, en));
        let mut lines = vec![
            row(
                "Disponible (soustracteur)",
                "Available (descending)",
                funds.available.format(language),
            ),
            row("Utilisé (totalisateur)", "Used (ascending)", funds.used.format(language)),
            row("Total de contrôle", "Control sum", funds.control_sum.format(language)),
            row("Nombre de pièces", "Total pieces", funds.pieces.to_string()),
        ];
        if let Some(refill) = &funds.last_refill {
            lines.push(row(
                &format!("Dernière recharge (nº {})", refill.sequence),
                &format!("Last refill (no. {})", refill.sequence),
                refill.amount.format(language),
            ));
        }
        lines.join("\n")
    });
    Ok(Outcome::Done)
}

pub(super) fn refill(
    dir: &Path,
    args: RefillArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let mut meter = super::open(dir)?;
    let amount = amount(&args.amount, meter.settings().currency)?;
    let receipt = super::block_on(meter.refill(amount))?.map_err(|error| super::failure(&error))?;
    output.show(&receipt, || {
        let language = output.language();
        let [added, now] = [receipt.amount, receipt.available].map(|a| a.format(language));
        language.pick(
            format!("{added} ajoutés; {now} disponibles."),
            format!("{added} added; {now} available."),
        )
    });
    Ok(Outcome::Done)
}
