//! `timbre mark verify`: genuine or not, and why, by what the infrastructure knows: the meter and its key, whether the mark
//! was seen before, its date, its value against the rate.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use timbre_funds::MeterState;
use timbre_indicium::RateTableTag;
use timbre_indicium::verify::{
    self, DateWindow, Evidence, KnownKey, KnownMeter, Sighting, Standing, Verdict,
};
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

/// A verdict on one mark, for a program.
#[derive(Serialize)]
struct Judged {
    genuine: bool,
    accepted: bool,
    findings: Vec<JudgedFinding>,
    mark: Fields,
}

#[derive(Serialize)]
struct JudgedFinding {
    code: &'static str,
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
        for found in found {
            let price = match self.price(found, &tables) {
                Ok(price) => price,
                Err(failure) => return Ok(Err(failure)),
            };
            let verdict = self.one(staff, found, price).await?;
            judged.push(Judged {
                genuine: verdict.genuine,
                accepted: verdict.is_accepted(),
                findings: verdict
                    .findings
                    .into_iter()
                    .map(|finding| JudgedFinding {
                        code: finding.code,
                        fr: finding.fr,
                        en: finding.en,
                    })
                    .collect(),
                mark: Fields::of(found, &tables, self.language),
            });
        }
        Ok(Ok(judged))
    }

    /// What the piece should have cost: by its weight, or else by the rate row that the mark names.
    fn price(&self, found: &Found, tables: &[RateTable]) -> Result<Option<Amount>, Failure> {
        let data = found.mark.data();
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
        found: &Found,
        price: Option<Amount>,
    ) -> Result<Verdict, StaffError> {
        let data = found.mark.data();
        let known = match staff.known_meter(data.serial).await? {
            Some(meter) => Some(known_meter(staff, meter).await?),
            None => None,
        };
        let mut evidence = Evidence {
            meter: known.as_ref(),
            scanned_on: self.scanned_on,
            window: DateWindow::default(),
            price,
            seen_before: None,
        };
        let verdict = verify::check(&found.mark, &evidence);
        // Only a genuine mark is noted: else a forgery that comes first would make the real piece look like the copy.
        if !verdict.genuine || !self.note {
            return Ok(verdict);
        }
        let seen = staff.record_scan(data.serial, data.pieces).await?.seen_before;
        let Some(first) = seen else { return Ok(verdict) };
        let date = date_of(first);
        let sighting = Sighting { date, place: found.place() };
        evidence.seen_before = Some(&sighting);
        Ok(verify::check(&found.mark, &evidence))
    }
}

async fn known_meter(staff: &Staff, meter: Meter) -> Result<KnownMeter, StaffError> {
    let enrolled = date_of(meter.enrolled);
    let standing = match meter.state {
        MeterState::Installed => Standing::InService,
        MeterState::Enrolled => Standing::StoppedSince(enrolled),
        MeterState::Suspended | MeterState::Withdrawn => {
            // What it printed before it was stopped stays good.
            let log = staff.audit_log(Some(&meter.serial.to_string())).await?;
            let stop = log.iter().rev().find(|line| line.what == "suspended");
            Standing::StoppedSince(stop.map_or(enrolled, |line| date_of(line.at)))
        }
    };
    let key = meter.indicium_key;
    let keys = key.map(|key| KnownKey { key, valid_from: enrolled, valid_until: None });
    Ok(KnownMeter {
        serial: meter.serial,
        indicia_number: meter.indicia_number,
        postal_code: meter.postal_code,
        keys: keys.into_iter().collect(),
        standing,
    })
}

fn date_of(instant: jiff::Timestamp) -> Date {
    instant.to_zoned_datetime(TimeZone::system()).date()
}

fn story(judged: &Judged, language: Language) -> String {
    let Fields { place, meter, piece, amount, currency, date, .. } = &judged.mark;
    let word = match (judged.genuine, judged.accepted) {
        (true, true) => language.pick("authentique", "genuine"),
        (true, false) => {
            language.pick("authentique, mais à reprendre", "genuine, but not in order")
        }
        (false, _) => language.pick("NON AUTHENTIQUE", "NOT GENUINE"),
    };
    let mut lines =
        vec![format!("{place}: {word}  ({meter} #{piece}, {amount} {currency}, {date})")];
    for finding in &judged.findings {
        lines.push(format!("  {}: {}", finding.code, language.pick(&finding.fr, &finding.en)));
    }
    lines.join("\n")
}
