//! `timbre infrastructure meter relocate|limits|policy|show`: what a meter may do, and how a new version of it gets to its
//! device.

use std::path::Path;

use clap::{ArgGroup, Args};
use serde::Serialize;
use timbre_infrastructure::staff::TermsChange;
use timbre_infrastructure::{BlockVersion, Contact, Loss, LossKind, Meter};
use timbre_postage::{Amount, Currency, Language, MeterSerial, PostalCode};
use timbre_protocol::inspection_profile::{INSPECTION_PROFILES, InspectionProfile};

use super::meters::block;
use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};
use crate::typed::amount;

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure meter relocate TM0000042 --postal-code 'K1A 0B1' --reason 'moved on 1 December'

A new version of the operational block is issued. The meter fetches it by itself at its next contact; until then its
marks bear the old postal code, and refills are refused and made again under the new block. Taxes follow the new place.")]
pub(super) struct RelocateArgs {
    /// The meter
    serial: MeterSerial,
    /// Where its mail is posted from now on (SOR/2010-220, s. 9)
    #[arg(long)]
    postal_code: PostalCode,
    /// Why, for the books
    #[arg(long, default_value = "the customer has moved")]
    reason: String,
}

const LIMITS: [&str; 5] = [
    "minimum_refill",
    "maximum_refill",
    "maximum_descending",
    "maximum_postage",
    "high_value_warning",
];

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure meter limits TM0000042 --maximum-refill 2000 --maximum-descending 5000 --reason 'contract of May'

What is not named stays. The meter fetches the new operational block by itself at its next contact.")]
#[command(group = ArgGroup::new("limit").required(true).multiple(true).args(LIMITS))]
pub(super) struct LimitsArgs {
    /// The meter
    serial: MeterSerial,
    /// The least that can be refilled at once
    #[arg(long, value_name = "AMOUNT")]
    minimum_refill: Option<String>,
    /// The most that can be refilled at once
    #[arg(long, value_name = "AMOUNT")]
    maximum_refill: Option<String>,
    /// What the descending register may never exceed
    #[arg(long, value_name = "AMOUNT")]
    maximum_descending: Option<String>,
    /// The most that one mark may be worth
    #[arg(long, value_name = "AMOUNT")]
    maximum_postage: Option<String>,
    /// From this value on, the operator is asked whether a mark is meant
    #[arg(long, value_name = "AMOUNT")]
    high_value_warning: Option<String>,
    /// Why, for the books
    #[arg(long)]
    reason: String,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure meter policy TM0000042 --inspection canada-generic --reason 'small office'

Profiles: canada-connect-plus (warned on day 21, locked on day 28), canada-generic (90, 120), canada-neopost (40, 40),
united-states (90, 120), germany (the eighth of each month). A stricter one holds at once, a looser one from the next
inspection on.")]
pub(super) struct PolicyArgs {
    /// The meter
    serial: MeterSerial,
    /// The inspection policy of a market and machine
    #[arg(long, value_name = "PROFILE", value_parser = profile)]
    inspection: InspectionProfile,
    /// Why, for the books
    #[arg(long)]
    reason: String,
}

fn profile(name: &str) -> Result<InspectionProfile, String> {
    InspectionProfile::named(name).copied().ok_or_else(|| {
        let names: Vec<&str> = INSPECTION_PROFILES.iter().map(|profile| profile.name).collect();
        format!("it is one of: {}", names.join(", "))
    })
}

pub(super) fn relocate(file: &Path, args: RelocateArgs) -> Result<Meter, Failure> {
    let change = TermsChange { postal_code: Some(args.postal_code), ..TermsChange::default() };
    change_terms(file, args.serial, change, &args.reason)
}

pub(super) fn limits(file: &Path, args: LimitsArgs) -> Result<Meter, Failure> {
    let limit = |text: Option<String>| -> Result<Option<Amount>, Failure> {
        text.map(|text| amount(&text, Currency::Cad)).transpose()
    };
    let change = TermsChange {
        minimum_refill: limit(args.minimum_refill)?,
        maximum_refill: limit(args.maximum_refill)?,
        maximum_descending: limit(args.maximum_descending)?,
        maximum_postage: limit(args.maximum_postage)?,
        high_value_warning: limit(args.high_value_warning)?,
        ..TermsChange::default()
    };
    change_terms(file, args.serial, change, &args.reason)
}

pub(super) fn policy(file: &Path, args: PolicyArgs) -> Result<Meter, Failure> {
    let change = TermsChange { inspection: Some(args.inspection), ..TermsChange::default() };
    change_terms(file, args.serial, change, &args.reason)
}

fn change_terms(
    file: &Path,
    serial: MeterSerial,
    change: TermsChange,
    reason: &str,
) -> Result<Meter, Failure> {
    super::with_staff(file, async |staff| staff.change_terms(serial, change, reason).await)
}

/// A meter with what became of it.
#[derive(Serialize)]
struct Shown {
    meter: Meter,
    last_contact: Option<Contact>,
    blocks: Vec<BlockVersion>,
    losses: Vec<Loss>,
}

pub(super) fn show(
    file: &Path,
    serial: MeterSerial,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let shown = super::with_staff(file, async |staff| {
        let blocks = staff.blocks(serial).await?;
        let last_contact =
            staff.contacts().await?.into_iter().find(|contact| contact.meter == serial);
        let losses = staff.losses(Some(serial)).await?;
        let meters = staff.meters().await?;
        let meter = meters.into_iter().find(|meter| meter.serial == serial);
        let meter = meter.expect("invariant: a meter with blocks is enrolled");
        Ok(Shown { meter, last_contact, blocks, losses })
    })?;
    output.show(&shown, || story(&shown, output.language()));
    Ok(Outcome::Done)
}

fn story(shown: &Shown, language: Language) -> String {
    let row = |fr: &str, en: &str, value: String| format!("{:<22}{value}", language.pick(fr, en));
    let none = || "–".to_owned();
    let meter = &shown.meter;
    let state = match (&meter.state_cause, &meter.state_reason) {
        (None, None) => meter.state.as_str().to_owned(),
        (cause, reason) => format!(
            "{} ({}: {})",
            meter.state.as_str(),
            cause.map_or("provider", |cause| cause.as_str()),
            reason.as_deref().unwrap_or_default()
        ),
    };
    let contact = shown.last_contact.as_ref();
    let mut lines = vec![
        row("Machine", "Meter", meter.serial.to_string()),
        row("Compte", "Account", meter.account.to_string()),
        row("État", "State", state),
        row("Bloc opérationnel", "Operational block", block(meter, language)),
        row("Code postal", "Postal code", meter.postal_code.to_string()),
        row(
            "Prochaine inspection",
            "Next inspection",
            meter.next_inspection.map_or_else(none, |date| date.to_string()),
        ),
        row(
            "Dernier contact",
            "Last contact",
            contact.map_or_else(none, |contact| format!("{}, {}", contact.at, contact.address)),
        ),
    ];
    for loss in &shown.losses {
        let found = loss.found.map_or_else(none, |found| found.to_string());
        lines.push(row(
            "Déclarée",
            "Reported",
            match language {
                Language::French => format!(
                    "{} depuis le {}\u{a0}; retrouvée\u{a0}: {found}",
                    match loss.kind {
                        LossKind::Lost => "perdue",
                        LossKind::Stolen => "volée",
                    },
                    loss.since
                ),
                Language::English => {
                    format!("{} since {}; found: {found}", loss.kind.as_str(), loss.since)
                }
            },
        ));
    }
    let heading = match language {
        Language::French => ["Bloc", "Émis", "Par", "Code postal", "Confirmé", "Motif"],
        Language::English => ["Block", "Issued", "By", "Postal code", "Confirmed", "Reason"],
    };
    let rows = shown.blocks.iter().map(|block| {
        [
            block.version.to_string(),
            minute(block.issued),
            block.who.clone(),
            block.postal_code.to_string(),
            block.confirmed.map_or_else(none, minute),
            block.reason.clone(),
        ]
    });
    lines.push(table(heading, rows));
    lines.join("\n")
}

/// An instant for a person, in universal time as the books are kept.
pub(super) fn minute(instant: jiff::Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M").to_string()
}
