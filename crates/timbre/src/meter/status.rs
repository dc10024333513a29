//! `timbre meter status`: everything an operator or an administrator may want to know at a glance.

use std::path::Path;

use timbre_meter::Status;
use timbre_postage::Language;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

pub(super) fn execute(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let meter = match super::open(dir) {
        Err(failure) if failure.code == "tampered" => return super::withdraw::examine(dir, output),
        meter => meter?,
    };
    let status = meter.status().map_err(|error| super::failure(&error))?;
    output.show(&status, || story(&status, output.language()));
    Ok(Outcome::Done)
}

fn story(status: &Status, language: Language) -> String {
    let row = |fr: &str, en: &str, value: String| format!("{:<26}{value}", language.pick(fr, en));
    let text = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let in_force = status.rates.iter().find(|rate| rate.in_force).map(|rate| rate.table.clone());
    let mut lines = vec![
        row("Compteur", "Meter", status.serial.to_string()),
        row("État", "State", status.state.to_owned()),
        row(
            "Bloc opérationnel",
            "Operational block",
            text(status.block_version.map(|v| v.to_string())),
        ),
        row("Compte", "Account", text(status.account.map(|account| account.to_string()))),
        row(
            "Numéro d'empreinte",
            "Indicia number",
            text(status.indicia_number.map(|n| n.to_string())),
        ),
        row(
            "Code postal",
            "Postal code",
            text(status.postal_code.as_ref().map(ToString::to_string)),
        ),
        row("Disponible", "Available", status.funds.available.format(language)),
        row("Pièces", "Pieces", status.funds.pieces.to_string()),
        row(
            "Prochaine inspection",
            "Next inspection",
            text(status.next_inspection.map(|d| d.to_string())),
        ),
        row("Tarifs en vigueur", "Rates in force", text(in_force)),
        row("Relevés à téléverser", "Records to upload", status.unacknowledged.to_string()),
    ];
    if let Some(reason) = &status.suspension {
        lines.push(reason.text(language).to_owned());
    }
    if status.unprinted > 0 {
        lines.push(row("Payées, non imprimées", "Paid, not printed", status.unprinted.to_string()));
    }
    if let Some(amount) = status.pending_refill {
        lines.push(row("Recharge sans réponse", "Refill without answer", amount.format(language)));
    }
    if let Some(amount) = status.pending_withdrawal {
        lines.push(row("Retrait sans réponse", "Withdrawal not done", amount.format(language)));
    }
    if let Some(amount) = status.given_back {
        lines.push(row("Rendu au retrait", "Given back", amount.format(language)));
    }
    if let Some(old) = &status.configuration {
        let [available, used] = [old.available, old.used].map(|amount| amount.format(language));
        lines.push(row("Remplace", "Replaces", format!("{} ({})", old.replaces, old.since)));
        let registers = language.pick(
            format!("{used} utilisés, {available} au fournisseur, {} pièces", old.pieces),
            format!("{used} used, {available} with the provider, {} pieces", old.pieces),
        );
        lines.push(row("Registres d'avant", "Registers before", registers));
    }
    for run in &status.unfinished_runs {
        lines.push(row("Course interrompue", "Interrupted run", run.file.clone()));
    }
    for (file, reason) in &status.rate_problems {
        lines.push(format!("{}: {}", file.display(), reason.text(language)));
    }
    lines.join("\n")
}
