//! `timbre meter create`: a new meter, from nothing to what the provider needs to enrol it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use timbre_infrastructure::Anchors;
use timbre_meter::{Meter, Settings, TrustAnchors, system_clock};
use timbre_postage::{Language, MeterSerial};

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};
use crate::typed::amount;

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure anchors > anchors.json                       at the provider's
  timbre meter create --serial TM0000042 --anchors anchors.json --connect 127.0.0.1:8443 > enrolment.json
  timbre infrastructure meter enrol --customer 10000001 --postal-code 'J8X 3X7' enrolment.json")]
pub(super) struct CreateArgs {
    /// The serial number of the machine: TM and seven digits
    #[arg(long)]
    serial: MeterSerial,
    /// What the meter will believe: the output of `timbre infrastructure anchors`
    #[arg(long, value_name = "FILE")]
    anchors: PathBuf,
    /// Where to connect, whatever the service; without it, names are looked up in DNS
    #[arg(long, value_name = "ADDRESS:PORT")]
    connect: Option<SocketAddr>,
    /// Print marks at 300 or 600 dots per inch
    #[arg(long, default_value_t = 600)]
    dpi: u16,
    /// Refill by itself with this amount when funds are low: at sleep, at wake, or when they run out
    #[arg(long, value_name = "AMOUNT")]
    automatic_refill: Option<String>,
    #[command(flatten)]
    keys: crate::custody::CustodyArgs,
}

pub(super) fn execute(
    dir: &Path,
    args: CreateArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let anchors = read_anchors(&args.anchors)?;
    let mut settings = new_settings(args.serial, &anchors, args.connect, output.language());
    settings.print.dpi = args.dpi;
    settings.keys = args.keys.custody()?;
    if let Some(automatic) = args.automatic_refill {
        settings.refill.automatic = true;
        settings.refill.amount = amount(&automatic, settings.currency)?;
    }
    let meter = create(dir, &settings, &anchors)?;
    let enrolment = meter.enrolment().map_err(|error| super::failure(&error))?;
    // For a file or a pipe, so it is JSON whether or not it was asked for.
    output.print_json(&enrolment);
    output.note(
        &format!("Le compteur {} est dans {}.", args.serial, dir.display()),
        &format!("Meter {} is in {}.", args.serial, dir.display()),
    );
    Ok(Outcome::Done)
}

fn read_anchors(file: &Path) -> Result<Anchors, Failure> {
    let refusal = |error: &dyn std::fmt::Display| {
        Failure::refusal("bad-anchors", format!("{}: {error}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| refusal(&error))?;
    serde_json::from_str(&text).map_err(|error| refusal(&error))
}

/// The root certificate of a meter, in its own directory.
const ROOT_CERTIFICATE: &str = "ca.pem";

/// The settings of a new meter of the deployment that `anchors` stand for; it refills only by hand.
pub(crate) fn new_settings(
    serial: MeterSerial,
    anchors: &Anchors,
    connect: Option<SocketAddr>,
    language: Language,
) -> Settings {
    let mut settings = Settings::new(serial, ROOT_CERTIFICATE);
    settings.language = language;
    settings.infrastructure.connect = connect;
    settings.infrastructure.domain.clone_from(&anchors.domain);
    settings.refill.automatic = false;
    settings
}

/// Makes the meter in `dir`, with the root certificate beside it.
pub(crate) fn create(dir: &Path, settings: &Settings, anchors: &Anchors) -> Result<Meter, Failure> {
    let (funds, rates) = (anchors.funds_key, anchors.rates_key);
    Meter::keep_root(dir, settings, &anchors.root_certificate)
        .map_err(|error| super::failure(&error))?;
    Meter::create(dir, settings, TrustAnchors { funds, rates }, system_clock())
        .map_err(|error| super::failure(&error))
}
