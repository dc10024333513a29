//! `timbre mark verify`: genuine or not, and why, by what the infrastructure knows: the meter and its key, whether the mark
//! was seen before, its date, its value against the rate.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use timbre_infrastructure::sorting::wire::{AnswerLine, FindingLine};
use timbre_infrastructure::sorting::{ScannedItem, SortingRules};
use timbre_infrastructure::{Staff, StaffError};
use timbre_postage::rates::RateTable;
use timbre_postage::{Country, Dimensions, Language, Piece, Service, Weight};

use super::at::AtArgs;
use super::show::shipped_tables;
use super::{Fields, Found};
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};
use crate::typed::default_infrastructure_config;

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre mark verify scan.png --config office/infrastructure.toml
  timbre mark verify scan.png --weight 42g --to US
  timbre mark verify stamped.pdf --look-only --json
  timbre mark verify scan.png --at https://sorting.example.org:8444 --ca ca.pem --token-file facer-3.token

What is accepted is noted, so that a copy of it is found; --look-only notes nothing.")]
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
    /// Note nothing
    #[arg(long)]
    look_only: bool,
    #[command(flatten)]
    at: AtArgs,
}

/// A verdict on one piece, for a program: a picture, or a page of a PDF.
#[derive(Serialize)]
struct Judged {
    place: String,
    decision: String,
    genuine: bool,
    accepted: bool,
    /// What is missing of its postage.
    due: Option<String>,
    findings: Vec<FindingLine>,
    marks: Vec<Fields>,
}

pub(super) fn execute(args: VerifyArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let found = super::find(&args.files)?;
    // What lies on one picture or page is one piece: a redate beside the mark that it redates.
    let pieces: Vec<&[Found]> = found.chunk_by(|one, next| one.place() == next.place()).collect();
    let measured = args.measured();
    let service = args.at.service()?;
    let run = jiff::Timestamp::now().as_microsecond();
    let item = |(number, piece): (usize, &&[Found])| ScannedItem {
        scan: match &service {
            // A service takes the same number for the same scan: each run has numbers of its own.
            Some(_) => format!("{run:x}-{number}"),
            None => piece.first().map(Found::place).unwrap_or_default(),
        },
        item: None,
        scanned_on: Some(args.date.unwrap_or_else(today)),
        marks: piece.iter().map(|one| one.mark.clone()).collect(),
        not_marks: Vec::new(),
        measured: measured.clone(),
    };
    let items: Vec<ScannedItem> = pieces.iter().enumerate().map(item).collect();
    let judged = match &service {
        Some(service) => {
            judged(&pieces, service.ask(&items)?, &shipped_tables(), output.language())
        }
        None => {
            let config = args.config.clone().unwrap_or_else(default_infrastructure_config);
            let (answers, tables) = crate::infrastructure::with_staff(&config, async |staff| {
                let answers = staff.verify(&items, SortingRules::default(), args.look_only).await?;
                Ok((answers, published_tables(&staff).await?))
            })?;
            let scans = items.iter().map(|item| item.scan.clone());
            let answers = scans.zip(answers).map(|(scan, answer)| AnswerLine::of(scan, answer));
            judged(&pieces, answers.collect(), &tables, output.language())
        }
    };
    output.show(&judged, || {
        let stories: Vec<String> =
            judged.iter().map(|judged| story(judged, output.language())).collect();
        stories.join("\n")
    });
    let accepted = judged.iter().all(|judged| judged.accepted);
    Ok(if accepted { Outcome::Done } else { Outcome::NotGenuine })
}

impl VerifyArgs {
    /// What the piece weighs and where it goes, if it was weighed.
    fn measured(&self) -> Option<Piece> {
        Some(Piece {
            weight: self.weight?,
            service: self.service.clone(),
            destination: self.to,
            dimensions: self.size,
            registered: self.registered,
        })
    }
}

fn today() -> Date {
    jiff::Timestamp::now().to_zoned_datetime(TimeZone::system()).date()
}

/// The verdicts on these pieces, each with where it was found.
fn judged(
    pieces: &[&[Found]],
    answers: Vec<AnswerLine>,
    tables: &[RateTable],
    language: Language,
) -> Vec<Judged> {
    let one = |(piece, answer): (&&[Found], AnswerLine)| {
        let decision = answer.decision.unwrap_or_default();
        Judged {
            place: piece.first().map(Found::place).unwrap_or_default(),
            genuine: ["accept", "accept-with-note", "short-paid"].contains(&&*decision),
            accepted: ["accept", "accept-with-note"].contains(&&*decision),
            decision,
            due: answer.due,
            findings: answer.findings,
            marks: piece
                .iter()
                .map(|one| Fields::of(&one.place(), &one.mark, tables, language))
                .collect(),
        }
    };
    pieces.iter().zip(answers).map(one).collect()
}

async fn published_tables(staff: &Staff) -> Result<Vec<RateTable>, StaffError> {
    let mut tables = Vec::new();
    for published in staff.rates().await? {
        let text = staff.rate_text(&published.name).await?.unwrap_or_default();
        tables.extend(RateTable::parse(&text));
    }
    Ok(tables)
}

fn story(judged: &Judged, language: Language) -> String {
    let word = match &*judged.decision {
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
