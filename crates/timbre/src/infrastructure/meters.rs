//! `timbre infrastructure meter …`: the fleet, as the staff see it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use timbre_infrastructure::staff::NewMeter;
use timbre_infrastructure::{LossKind, Meter, MeterLimits};
use timbre_meter::Enrolment;
use timbre_postage::{AccountNumber, Currency, Language, MeterSerial, PostalCode};
use timbre_protocol::inspection::SuspensionCause;
use timbre_protocol::installation::InspectionPolicy;

use super::{life, losses, terms};
use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
pub(super) enum MeterCommand {
    /// Enrol a meter for a customer, so that it can be installed
    Enrol(EnrolArgs),
    /// List meters: state, registers, block issued and block that the device confirmed
    List,
    /// Show one meter: terms, every version of its operational block, last contact, losses
    Show {
        /// The meter
        serial: MeterSerial,
    },
    /// Have a meter's mail posted elsewhere: its marks bear the new postal code once it has come
    Relocate(terms::RelocateArgs),
    /// Change what a meter may refill, hold and print
    Limits(terms::LimitsArgs),
    /// Change how often a meter's device is inspected
    Policy(terms::PolicyArgs),
    /// Stop a meter: it gets no funds from now on, and its device is told at its next contact
    Suspend(SuspendArgs),
    /// Lift a suspension: the device is told at its next contact
    Resume(ReasonArgs),
    /// Take down that a meter was lost: it is suspended, and marks of that day and later are not believed
    ReportLost(losses::ReportArgs),
    /// Take down that a meter was stolen: it is suspended, and marks of that day and later are not believed
    ReportStolen(losses::ReportArgs),
    /// Take down that a lost or stolen meter was found: what the report suspended works again
    ReportFound(ReasonArgs),
    /// List meters that are lost or stolen
    Lost(losses::LostArgs),
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
#[command(after_help = "\
Examples:
  timbre infrastructure meter suspend TM0000042 --cause account --reason 'invoice 4711 unpaid'
  timbre infrastructure meter suspend TM0000042 --cause malfunction --reason 'seal broken, see photo'

The operator reads the cause at the meter, with what to do; the reason stays in the books.")]
pub(super) struct SuspendArgs {
    #[command(flatten)]
    reason: ReasonArgs,
    /// What the operator is told: account (in arrears), registers (do not agree), malfunction (or tampering),
    /// customer (their own request); without it, to call the provider
    #[arg(long, value_name = "CAUSE", value_parser = cause)]
    cause: Option<SuspensionCause>,
}

/// A cause that is not told by a report of loss.
fn cause(text: &str) -> Result<SuspensionCause, String> {
    let told_by_a_report = [SuspensionCause::Lost, SuspensionCause::Stolen];
    SuspensionCause::named(text).filter(|cause| !told_by_a_report.contains(cause)).ok_or_else(|| {
        "it is one of: account, registers, malfunction, customer; a loss is taken down by meter report-lost or report-stolen"
            .to_owned()
    })
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
        MeterCommand::Show { serial } => return terms::show(file, serial, output),
        MeterCommand::Relocate(args) => vec![terms::relocate(file, args)?],
        MeterCommand::Limits(args) => vec![terms::limits(file, args)?],
        MeterCommand::Policy(args) => vec![terms::policy(file, args)?],
        MeterCommand::Suspend(SuspendArgs { reason: ReasonArgs { serial, reason }, cause }) => {
            vec![super::with_staff(file, async |staff| match cause {
                Some(cause) => staff.suspend_because(serial, cause, &reason).await,
                None => staff.suspend(serial, &reason).await,
            })?]
        }
        MeterCommand::Resume(ReasonArgs { serial, reason }) => {
            vec![super::with_staff(file, async |staff| staff.resume(serial, &reason).await)?]
        }
        MeterCommand::ReportLost(args) => vec![losses::report(file, LossKind::Lost, args)?],
        MeterCommand::ReportStolen(args) => vec![losses::report(file, LossKind::Stolen, args)?],
        MeterCommand::ReportFound(ReasonArgs { serial, reason }) => {
            vec![super::with_staff(file, async |staff| staff.report_found(serial, &reason).await)?]
        }
        MeterCommand::Lost(args) => return losses::list(file, &args, output),
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
        Language::French => [
            "Compteur",
            "Compte",
            "État",
            "Bloc",
            "Totalisateur",
            "Soustracteur",
            "Pièces",
            "Inspection",
        ],
        Language::English => [
            "Meter",
            "Account",
            "State",
            "Block",
            "Ascending",
            "Descending",
            "Pieces",
            "Inspection",
        ],
    };
    table(
        heading,
        meters.iter().map(|meter| {
            [
                meter.serial.to_string(),
                meter.account.to_string(),
                meter.state.as_str().to_owned(),
                block(meter, language),
                meter.registers.ascending.format(language),
                meter.registers.descending.format(language),
                meter.registers.pieces.to_string(),
                meter.next_inspection.map_or_else(String::new, |date| date.to_string()),
            ]
        }),
    )
}

/// The version of the block that was issued and, while it is another, the one that the device has confirmed.
pub(super) fn block(meter: &Meter, language: Language) -> String {
    let (issued, confirmed) = (meter.block_version, meter.block_confirmed);
    match confirmed {
        _ if confirmed == issued => issued.to_string(),
        0 => language.pick(format!("{issued} (non confirmé)"), format!("{issued} (not confirmed)")),
        _ => language.pick(
            format!("{issued} (machine\u{a0}: {confirmed})"),
            format!("{issued} (device: {confirmed})"),
        ),
    }
}
