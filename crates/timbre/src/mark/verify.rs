//! `timbre mark verify`: genuine or not, and why, by what the infrastructure knows: the meter and its key, whether the mark
//! was seen before, its date, its value against the rate.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use timbre_funds::MeterState;
use timbre_indicium::verify::{
    self, DateWindow, Decision, Evidence, Finding, Interruption, KnownKey, KnownMeter, Reason,
    ScannedPiece, Sighting, Verdict,
};
use timbre_indicium::{Mark, MarkKind, RateTableTag};
use timbre_infrastructure::{Meter, Staff, StaffError};
use timbre_postage::rates::{RateBook, RateTable};
use timbre_postage::{Amount, Country, Dimensions, Language, Piece, Service, Weight};

use super::{Fields, Found};
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Kind, Outcome};
use crate::typed::default_infrastructure_config;

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre mark verify scan.png --config office/infrastructure.toml
  timbre mark verify scan.png --weight 42g --to US
  timbre mark verify stamped.pdf --look-only --json

A genuine mark is noted as seen, so that a copy of it is found; --look-only notes nothing.")]
pub(super) struct VerifyArgs {
    /// Pictures (PNG, JPEG) or PDF files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The configuration of the infrastructure [default: $XDG_CONFIG_HOME/timbre/infrastructure.toml]
    #[arg(long, value_name = "FILE", env = "TIMBRE_INFRASTRUCTURE_CONFIG")]
    config: Option<PathBuf>,
    /// The date on which the mail was scanned [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// The weight of the piece, if it was weighed; else the rate row that the mark names is believed
    #[arg(long)]
    weight: Option<Weight>,
    /// The country it goes to
    #[arg(long, default_value = "CA", value_name = "COUNTRY", requires = "weight")]
    to: Country,
    /// The postal service
    #[arg(long, default_value = "lettermail", requires = "weight")]
    service: Service,
    /// The size of the piece, if it was measured
    #[arg(long, requires = "weight")]
    size: Option<Dimensions>,
    /// It is registered mail
    #[arg(long, requires = "weight")]
    registered: bool,
    /// Do not note the marks as seen
    #[arg(long)]
    look_only: bool,
}

/// A verdict on one piece, for a program: a picture, or a page of a PDF.
#[derive(Serialize)]
struct Judged {
    place: String,
    decision: &'static str,
    genuine: bool,
    accepted: bool,
    /// What is missing of its postage.
    due: Option<String>,
    findings: Vec<JudgedFinding>,
    marks: Vec<Fields>,
}

#[derive(Serialize)]
struct JudgedFinding {
    code: &'static str,
    gravity: &'static str,
    fr: String,
    en: String,
}

pub(super) fn execute(args: VerifyArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let found = super::find(&args.files)?;
    let config = args.config.clone().unwrap_or_else(default_infrastructure_config);
    let scanned_on = args.date.unwrap_or_else(|| date_of(jiff::Timestamp::now()));
    let piece = args.weight.map(|weight| Piece {
        service: args.service,
        destination: args.to,
        weight,
        dimensions: args.size,
        registered: args.registered,
    });
    let judge = Judge { scanned_on, piece, note: !args.look_only, language: output.language() };
    let judged =
        crate::infrastructure::with_staff(&config, async |staff| judge.all(&staff, &found).await)??;
    output.show(&judged, || {
        let stories: Vec<String> =
            judged.iter().map(|judged| story(judged, output.language())).collect();
        stories.join("\n")
    });
    let accepted = judged.iter().all(|judged| judged.accepted);
    Ok(if accepted { Outcome::Done } else { Outcome::NotGenuine })
}

struct Judge {
    scanned_on: Date,
    piece: Option<Piece>,
    note: bool,
    language: Language,
}

impl Judge {
    async fn all(
        &self,
        staff: &Staff,
        found: &[Found],
    ) -> Result<Result<Vec<Judged>, Failure>, StaffError> {
        let mut tables = Vec::new();
        for published in staff.rates().await? {
            let text = staff.rate_text(&published.name).await?.unwrap_or_default();
            tables.extend(RateTable::parse(&text));
        }
        let mut judged = Vec::new();
        // What lies on one picture or page is one piece: a redate beside the mark that it redates.
        for piece in found.chunk_by(|one, next| one.place() == next.place()) {
            let price = match self.price(piece, &tables) {
                Ok(price) => price,
                Err(failure) => return Ok(Err(failure)),
            };
            let verdict = self.one(staff, piece, price).await?;
            judged.push(self.judged(piece, verdict, &tables));
        }
        Ok(Ok(judged))
    }

    fn judged(&self, piece: &[Found], verdict: Verdict, tables: &[RateTable]) -> Judged {
        let finding = |finding: Finding| JudgedFinding {
            code: finding.code,
            gravity: finding.gravity.as_str(),
            fr: finding.fr,
            en: finding.en,
        };
        Judged {
            place: piece.first().map(Found::place).unwrap_or_default(),
            decision: verdict.decision.as_str(),
            genuine: verdict.is_genuine(),
            accepted: verdict.is_accepted(),
            due: match verdict.decision {
                Decision::ShortPaid { due } => Some(due.decimal()),
                _ => None,
            },
            findings: verdict.findings.into_iter().map(finding).collect(),
            marks: piece
                .iter()
                .map(|one| Fields::of(&one.place(), &one.mark, tables, self.language))
                .collect(),
        }
    }

    /// What the piece should have cost: by its weight, or else by the rate row that its mark of postage names.
    fn price(&self, found: &[Found], tables: &[RateTable]) -> Result<Option<Amount>, Failure> {
        let franked = found.iter().find(|one| one.mark.data().kind == MarkKind::Postage);
        let Some(data) = franked.map(|one| one.mark.data()) else { return Ok(None) };
        let Some(piece) = &self.piece else {
            let table = tables.iter().find(|table| RateTableTag::of(table.id()) == data.rate_table);
            return Ok(table
                .and_then(|table| table.price_of_product(data.product))
                .map(|quote| quote.amount));
        };
        let currency = data.amount.currency();
        let market = tables.iter().filter(|table| table.currency() == currency).cloned().collect();
        let book = RateBook::new(market).map_err(|error| Failure::fault("rate-tables", error))?;
        let quote = book.price(piece, data.date).map_err(|refusal| {
            let [fr, en] =
                [Language::French, Language::English].map(|language| refusal.message(language));
            Failure::new(Kind::Refusal, refusal.code(), fr, en)
        })?;
        Ok(Some(quote.amount))
    }

    async fn one(
        &self,
        staff: &Staff,
        found: &[Found],
        price: Option<Amount>,
    ) -> Result<Verdict, StaffError> {
        let marks: Vec<Mark> = found.iter().map(|one| one.mark.clone()).collect();
        let mut meters = Vec::with_capacity(marks.len());
        for mark in &marks {
            meters.push(match staff.known_meter(mark.data().serial).await? {
                Some(meter) => Some(known_meter(staff, meter).await?),
                None => None,
            });
        }
        let piece =
            ScannedPiece { marks: &marks, scanned_on: self.scanned_on, price, posted_in: &[] };
        let evidence: Vec<Evidence<'_>> = meters
            .iter()
            .map(|meter| Evidence { meter: meter.as_ref(), ..Evidence::default() })
            .collect();
        let verdict = verify::judge(&piece, &evidence, DateWindow::default());
        // Only a genuine mark is noted: else a forgery that comes first would make the real piece look like the copy.
        if !verdict.is_genuine() || !self.note {
            return Ok(verdict);
        }
        let mut sightings = Vec::with_capacity(marks.len());
        for mark in &marks {
            let seen = staff.record_scan(mark.data().serial, mark.data().pieces).await?.seen_before;
            let place = found.first().map(Found::place).unwrap_or_default();
            sightings.push(seen.map(|at| Sighting { at, place, machine: "timbre".to_owned() }));
        }
        let again = evidence.iter().zip(&sightings);
        let evidence: Vec<Evidence<'_>> =
            again.map(|(one, seen)| Evidence { seen_before: seen.as_ref(), ..*one }).collect();
        Ok(verify::judge(&piece, &evidence, DateWindow::default()))
    }
}

async fn known_meter(staff: &Staff, meter: Meter) -> Result<KnownMeter, StaffError> {
    let enrolled = date_of(meter.enrolled);
    let since = match meter.state {
        MeterState::Installed => None,
        MeterState::Enrolled => Some(enrolled),
        MeterState::Suspended | MeterState::Withdrawn => {
            // What it printed before it was stopped stays good.
            let log = staff.audit_log(Some(&meter.serial.to_string())).await?;
            let stop = log.iter().rev().find(|line| line.what == "suspended");
            Some(stop.map_or(enrolled, |line| date_of(line.at)))
        }
    };
    let stopped = since.map(|since| Interruption { since, until: None, reason: Reason::Stopped });
    let key = meter.indicium_key;
    let keys = key.map(|key| KnownKey { key, valid_from: enrolled, valid_until: None });
    Ok(KnownMeter {
        serial: meter.serial,
        indicia_number: meter.indicia_number,
        postal_codes: vec![meter.postal_code],
        keys: keys.into_iter().collect(),
        interruptions: stopped.into_iter().collect(),
        control_sums: Vec::new(),
    })
}

fn date_of(instant: jiff::Timestamp) -> Date {
    instant.to_zoned_datetime(TimeZone::system()).date()
}

fn story(judged: &Judged, language: Language) -> String {
    let word = match judged.decision {
        "accept" => language.pick("authentique", "genuine"),
        "accept-with-note" => language.pick("authentique, à noter", "genuine, with a note"),
        "short-paid" => language.pick("authentique, mais à reprendre", "genuine, but not in order"),
        "duplicate" => language.pick("COPIE", "DUPLICATE"),
        "unreadable" => language.pick("illisible", "unreadable"),
        _ => language.pick("NON AUTHENTIQUE", "NOT GENUINE"),
    };
    let mark = |mark: &Fields| {
        let Fields { meter, piece, amount, currency, date, .. } = mark;
        format!("{meter} #{piece}, {amount} {currency}, {date}")
    };
    let marks = judged.marks.iter().map(mark).collect::<Vec<_>>().join("; ");
    let mut lines = vec![format!("{}: {word}  ({marks})", judged.place)];
    for finding in &judged.findings {
        lines.push(format!("  {}: {}", finding.code, language.pick(&finding.fr, &finding.en)));
    }
    lines.join("\n")
}
