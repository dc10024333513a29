//! `timbre infrastructure meter …`: the fleet, as the staff see it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use timbre_infrastructure::staff::NewMeter;
use timbre_infrastructure::{Meter, MeterLimits};
use timbre_meter::Enrolment;
use timbre_postage::{AccountNumber, Currency, Language, MeterSerial, PostalCode};
use timbre_protocol::installation::InspectionPolicy;

use super::life;
use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
pub(super) enum MeterCommand {
    /// Enrol a meter for a customer, so that it can be installed
    Enrol(EnrolArgs),
    /// List meters: state, registers, last records
    List,
    /// Stop a meter: it is told at its next contact
    Suspend(ReasonArgs),
    /// Lift a suspension
    Resume(ReasonArgs),
    /// Believe the meter at its next contact, whatever it remembers of the last; after its case was looked into
    Readmit(ReasonArgs),
    /// Note that a device was found opened: its keys are gone, so it cannot tell itself
    Tampered(life::TamperedArgs),
    /// Put a new meter in the place of one that is broken, lost, stolen, opened or withdrawn
    Replace(life::ReplaceArgs),
    /// Give the customer back what a withdrawn or replaced meter held
    Refund(life::RefundArgs),
}

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure meter enrol --customer 10000001 --postal-code 'J8X 3X7' enrolment.json")]
pub(super) struct EnrolArgs {
    /// What `timbre meter create` printed; - reads standard input
    enrolment: PathBuf,
    /// The customer's postage account
    #[arg(long)]
    customer: AccountNumber,
    /// Where the meter's mail is posted
    #[arg(long)]
    postal_code: PostalCode,
}

#[derive(Args)]
pub(super) struct ReasonArgs {
    /// The meter
    serial: MeterSerial,
    /// Why, for the books
    #[arg(long)]
    reason: String,
}

/// How often a meter in Canada must be inspected: a warning at 21 days, no printing after 28.
pub(crate) const INSPECTION: InspectionPolicy =
    InspectionPolicy { interval_days: 28, warn_days: 7, grace_days: 0 };

pub(super) fn execute(
    file: &Path,
    command: MeterCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let meters = match command {
        MeterCommand::Enrol(args) => {
            let Enrolment { serial, device_key, indicium_key } = read_enrolment(&args.enrolment)?;
            let new = NewMeter {
                customer: args.customer,
                serial,
                device_key,
                indicium_key: Some(indicium_key),
                postal_code: args.postal_code,
                limits: MeterLimits::usual(Currency::Cad),
                policy: INSPECTION,
            };
            vec![super::with_staff(file, async |staff| staff.enrol_meter(new).await)?]
        }
        MeterCommand::Tampered(args) => return life::tampered(file, args, output),
        MeterCommand::Replace(args) => return life::replace(file, args, output),
        MeterCommand::Refund(args) => return life::refund(file, args, output),
        MeterCommand::List => super::with_staff(file, async |staff| staff.meters().await)?,
        MeterCommand::Suspend(ReasonArgs { serial, reason }) => {
            vec![super::with_staff(file, async |staff| staff.suspend(serial, &reason).await)?]
        }
        MeterCommand::Resume(ReasonArgs { serial, reason }) => {
            vec![super::with_staff(file, async |staff| staff.resume(serial, &reason).await)?]
        }
        MeterCommand::Readmit(ReasonArgs { serial, reason }) => {
            vec![super::with_staff(file, async |staff| staff.readmit(serial, &reason).await)?]
        }
    };
    output.show(&meters, || list(&meters, output.language()));
    Ok(Outcome::Done)
}

pub(super) fn read_enrolment(file: &Path) -> Result<Enrolment, Failure> {
    let refusal = |error: &dyn std::fmt::Display| {
        Failure::refusal("bad-enrolment", format!("{}: {error}", file.display()))
    };
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(|error| refusal(&error))?;
    } else {
        text = std::fs::read_to_string(file).map_err(|error| refusal(&error))?;
    }
    serde_json::from_str(&text).map_err(|error| refusal(&error))
}

pub(super) fn list(meters: &[Meter], language: Language) -> String {
    let heading = match language {
        Language::French => {
            ["Compteur", "Compte", "État", "Totalisateur", "Soustracteur", "Pièces", "Inspection"]
        }
        Language::English => {
            ["Meter", "Account", "State", "Ascending", "Descending", "Pieces", "Inspection"]
        }
    };
    table(
        heading,
        meters.iter().map(|meter| {
            [
                meter.serial.to_string(),
                meter.account.to_string(),
                meter.state.as_str().to_owned(),
                meter.registers.ascending.format(language),
                meter.registers.descending.format(language),
                meter.registers.pieces.to_string(),
                meter.next_inspection.map_or_else(String::new, |date| date.to_string()),
            ]
        }),
    )
}
