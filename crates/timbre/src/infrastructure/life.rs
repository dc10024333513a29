//! `timbre infrastructure meter replace`, `refund` and `tampered`: what the staff do when a device leaves service.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use timbre_infrastructure::Cause;
use timbre_infrastructure::staff::{Decision, Successor};
use timbre_meter::Enrolment;
use timbre_postage::{Amount, Currency, MeterSerial, PieceCount, Registers};

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};
use crate::typed::amount;

#[derive(Args)]
#[command(after_help = "\
The new meter takes over the customer, the postal code and the limits of the old one; its registers begin at nothing. At its
first contact it asks by itself for the configuration data. What the old one held comes back by `meter refund`.

Examples:
  timbre infrastructure meter replace TM0000042 --by enrolment.json --because broken --reason 'fell off the desk'
  timbre infrastructure meter replace TM0000042 --by enrolment.json --because withdrawn --reason 'worn out'")]
pub(super) struct ReplaceArgs {
    /// The old meter
    serial: MeterSerial,
    /// What `timbre meter create` printed for the new one; - reads standard input
    #[arg(long, value_name = "ENROLMENT")]
    by: PathBuf,
    /// broken, lost, stolen, tampered or withdrawn
    #[arg(long, value_name = "CAUSE")]
    because: Cause,
    /// What happened, for the books
    #[arg(long)]
    reason: String,
}

#[derive(Args)]
#[command(after_help = "\
A meter that withdrew itself: at once, when its last record is in. One that can be read no more: 90 days after it was
replaced. Never while a case of the meter is open, and never twice. With --reason a person decides otherwise.

Examples:
  timbre infrastructure meter refund TM0000042
  timbre infrastructure meter refund TM0000042 --reason 'registers read at the workshop' --amount 90.00")]
pub(super) struct RefundArgs {
    /// The meter that held the postage
    serial: MeterSerial,
    /// Decide it now, for this reason, whatever the rule says
    #[arg(long)]
    reason: Option<String>,
    /// Give back less than all, where the device can be read no more
    #[arg(long, requires = "reason")]
    amount: Option<String>,
}

#[derive(Args)]
#[command(after_help = "\
A device that was opened has destroyed its keys and cannot tell anybody itself. The meter is suspended and a case opened;
have it replaced next.

Examples:
  timbre meter examine --json > examination.json                     at the machine
  timbre infrastructure meter tampered TM0000042 --reason 'seal broken' --examination examination.json")]
pub(super) struct TamperedArgs {
    /// The meter
    serial: MeterSerial,
    /// What was found
    #[arg(long)]
    reason: String,
    /// What `timbre meter examine --json` read from it: evidence for whoever decides, and no more
    #[arg(long, value_name = "FILE")]
    examination: Option<PathBuf>,
}

pub(super) fn replace(
    file: &Path,
    args: ReplaceArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let Enrolment { serial, device_key, indicium_key } = super::meters::read_enrolment(&args.by)?;
    let by = Successor { serial, device_key, indicium_key: Some(indicium_key) };
    let replaced = super::with_staff(file, async |staff| {
        staff.replace(args.serial, by, args.because, &args.reason).await
    })?;
    output.show(&replaced, || {
        let language = output.language();
        let (old, new) = (replaced.meter, replaced.successor);
        let [used, left] = [replaced.registers.ascending, replaced.registers.descending]
            .map(|amount| amount.format(language));
        language.pick(
            format!("{new} remplace {old}. D’après les livres, {old} avait utilisé {used} et détenait {left}."),
            format!("{new} replaces {old}. By the books, {old} had used {used} and held {left}."),
        )
    });
    Ok(Outcome::Done)
}

pub(super) fn refund(
    file: &Path,
    args: RefundArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let less = args.amount.map(|text| amount(&text, Currency::Cad)).transpose()?;
    let decision = args.reason.map(|reason| Decision { reason, amount: less });
    let receipt = super::with_staff(file, async |staff| staff.refund(args.serial, decision).await)?;
    output.show(&receipt, || {
        let language = output.language();
        let [given, prepaid] = [receipt.amount, receipt.prepaid].map(|a| a.format(language));
        let customer = receipt.customer;
        match receipt.before {
            false => language.pick(
                format!(
                    "{given} versés au compte {customer}, qui a maintenant {prepaid} d’avance."
                ),
                format!("{given} released to account {customer}, which now has {prepaid} prepaid."),
            ),
            true => language.pick(
                format!(
                    "{given} avaient déjà été versés au compte {customer} ; rien n’est inscrit."
                ),
                format!(
                    "{given} had been released to account {customer} before; nothing is booked."
                ),
            ),
        }
    });
    Ok(Outcome::Done)
}

/// What is read of an examination; the rest of it is of no use here.
#[derive(Deserialize)]
struct Examination {
    serial: MeterSerial,
    available: Amount,
    used: Amount,
    pieces: PieceCount,
}

pub(super) fn tampered(
    file: &Path,
    args: TamperedArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let shown = args.examination.map(|path| read_examination(&path, args.serial)).transpose()?;
    let meter = super::with_staff(file, async |staff| {
        staff.report_tampered(args.serial, &args.reason, shown).await
    })?;
    output.show(&[&meter], || super::meters::list(std::slice::from_ref(&meter), output.language()));
    Ok(Outcome::Done)
}

fn read_examination(path: &Path, serial: MeterSerial) -> Result<Registers, Failure> {
    let refusal = |error: &dyn std::fmt::Display| {
        Failure::refusal("bad-examination", format!("{}: {error}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| refusal(&error))?;
    let read: Examination = serde_json::from_str(&text).map_err(|error| refusal(&error))?;
    if read.serial != serial {
        return Err(refusal(&format!("it is of meter {}, not of {serial}", read.serial)));
    }
    Ok(Registers { ascending: read.used, descending: read.available, pieces: read.pieces })
}
