//! `timbre meter withdraw`, `examine` and `tamper`: the ends of a device’s life.

use std::io::{BufRead as _, IsTerminal as _, stdin};
use std::path::Path;

use clap::Args;
use timbre_meter::{Examined, Meter, system_clock};
use timbre_postage::Language;

use crate::cli::{OutputArgs, say};
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
#[command(after_help = "\
What is left in the descending register goes back to the customer’s account, the records are uploaded, and the meter
franks nothing more, for good. A withdrawal whose answer was lost is finished by the same command.

Examples:
  timbre meter withdraw
  timbre meter withdraw --yes --json")]
pub(super) struct WithdrawArgs {
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
#[command(after_help = "\
This is what the switch in the housing does when it is opened: the keys are destroyed and nothing is franked any more,
for good. The registers stay readable.

Example:
  timbre meter tamper
  timbre meter examine")]
pub(super) struct TamperArgs {
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
}

pub(super) fn execute(
    dir: &Path,
    args: WithdrawArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let language = output.language();
    let mut meter = super::open(dir)?;
    let status = meter.status().map_err(|error| super::failure(&error))?;
    let left = status.funds.available.format(language);
    if status.unprinted > 0 {
        let count = status.unprinted;
        output.note(
            &format!("{count} plis payés ne sont pas imprimés et ne pourront plus l’être\u{a0}: timbre meter print-again."),
            &format!("{count} paid pieces are not printed and cannot be printed afterwards: timbre meter print-again."),
        );
    }
    // What was begun is finished without another question.
    if status.pending_withdrawal.is_none() && status.given_back.is_none() {
        confirm(
            args.yes,
            output,
            &format!(
                "Retirer {} du service pour de bon et rendre {left}\u{a0}? [o/N] ",
                status.serial
            ),
            &format!(
                "Withdraw {} from service for good and give back {left}? [y/N] ",
                status.serial
            ),
        )?;
    }
    let done = super::block_on(meter.withdraw())?.map_err(|error| super::failure(&error))?;
    output.show(&done, || {
        let (amount, used) = (done.amount.format(language), done.used.format(language));
        let mut text = language.pick(
            format!("Machine retirée du service\u{a0}: {amount} rendus, {used} utilisés, {} pièces.", done.pieces),
            format!("Meter withdrawn from service: {amount} given back, {used} used, {} pieces.", done.pieces),
        );
        text.push_str(&match done.recorded {
            true => language.pick(
                "\nLe fournisseur verse ce montant au compte du client.".to_owned(),
                "\nThe provider releases the amount to the customer’s account.".to_owned(),
            ),
            false => language.pick(
                "\nL’enregistrement du retrait n’est pas encore téléversé\u{a0}: timbre meter upload.".to_owned(),
                "\nThe record of the withdrawal is not uploaded yet: timbre meter upload.".to_owned(),
            ),
        });
        text
    });
    Ok(Outcome::Done)
}

/// Reads a device without its keys.
pub(super) fn examine(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let seen = Meter::examine(dir, &system_clock()).map_err(|error| super::failure(&error))?;
    output.show(&seen, || story(&seen, output.language()));
    Ok(Outcome::Done)
}

pub(super) fn tamper(
    dir: &Path,
    args: TamperArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let meter = super::open(dir)?;
    let serial = meter.serial();
    confirm(
        args.yes,
        output,
        &format!("Détruire les clés de {serial} pour de bon\u{a0}? [o/N] "),
        &format!("Destroy the keys of {serial} for good? [y/N] "),
    )?;
    meter.tamper().map_err(|error| super::failure(&error))?;
    examine(dir, output)
}

fn story(seen: &Examined, language: Language) -> String {
    let row =
        |fr: &str, en: &str, value: String| format!("{:<28}{value:>16}", language.pick(fr, en));
    let mut lines = vec![
        row("Compteur", "Meter", seen.serial.to_string()),
        row("État", "State", seen.state.to_owned()),
        row("Disponible (soustracteur)", "Available (descending)", seen.available.format(language)),
        row("Utilisé (totalisateur)", "Used (ascending)", seen.used.format(language)),
        row("Total de contrôle", "Control sum", seen.control_sum.format(language)),
        row("Nombre de pièces", "Total pieces", seen.pieces.to_string()),
        row("Relevés à téléverser", "Records to upload", seen.unacknowledged.to_string()),
    ];
    if seen.state == "tampered" {
        lines.push(
            language
                .pick(
                    "Le dispositif a été ouvert : ses clés sont détruites. Le fournisseur le remplace et rend les fonds.",
                    "The device was opened: its keys are destroyed. The provider replaces it and gives the funds back.",
                )
                .to_owned(),
        );
    }
    lines.join("\n")
}

/// Asks at a terminal; elsewhere `--yes` has to say that it is meant.
fn confirm(yes: bool, output: &OutputArgs, french: &str, english: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let refused = || {
        Failure::new(
            Kind::Refusal,
            "not-confirmed",
            "cela ne peut être défait\u{a0}: confirmez avec --yes ; rien n’a changé",
            "this cannot be undone: confirm with --yes; nothing has changed",
        )
    };
    if !stdin().is_terminal() {
        return Err(refused());
    }
    say(output.language().pick(french, english));
    let mut answer = String::new();
    let read = stdin().lock().read_line(&mut answer);
    let meant = ["o", "oui", "y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    match (read, meant) {
        (Ok(_), true) => Ok(()),
        _ => Err(refused()),
    }
}
