//! `timbre mark verify`: genuine or not, and why, by what the infrastructure knows: the meter and its key, whether the mark
//! was seen before, its date, its value against the rate.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use timbre_indicium::scan::Reading;
use timbre_indicium::{Mark, MarkError};
use timbre_infrastructure::sorting::wire::{AnswerLine, FindingLine};
use timbre_infrastructure::sorting::{ScannedItem, SortingRules};
use timbre_infrastructure::{Staff, StaffError};
use timbre_postage::rates::RateTable;
use timbre_postage::{Country, Dimensions, Language, Piece as Measured, Service, Weight};

use super::Fields;
use super::at::AtArgs;
use super::files::{FileArgs, Scan, Unread};
use super::form::{Form, FormArgs, csv_line, json_line};
use super::show::shipped_tables;
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};
use crate::typed::default_infrastructure_config;

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre mark verify scan.png --config office/infrastructure.toml
  timbre mark verify scan.png --weight 42g --to US
  timbre mark verify stamped.pdf --look-only --json
  timbre mark verify scans --recursive --format csv > verdicts.csv
  timbre mark verify scan.png --at https://sorting.example.org:8444 --ca ca.pem --token-file facer-3.token

What is accepted is noted, so that a copy of it is found; --look-only notes nothing.

Exit status: 0 all accepted · 1 accepted, but some scans could not be read or judged · 3 none could
             4 something around it failed · 5 a piece is not accepted")]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    scans: FileArgs,
    #[command(flatten)]
    form: FormArgs,
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
    let language = output.language();
    let mut scans = Vec::new();
    args.scans.read(language, |scan| {
        scans.push(Piece::of(scan));
        true
    })?;
    if let [Piece { place, other: Some(reason), .. }] = &scans[..] {
        return Err(reason.failure(place));
    }
    let judged = args.judge(&scans, language)?;
    match args.form.of(output) {
        Form::Json => output.print_json(&judged),
        Form::Jsonl => judged.iter().for_each(|one| output.answer(&json_line(one))),
        Form::Csv => {
            output.answer(&csv_line(HEADING));
            judged.iter().for_each(|one| output.answer(&csv_line(one.row(language))));
        }
        Form::Text => {
            let stories: Vec<String> = judged.iter().map(|one| story(one, language)).collect();
            output.answer(&(stories.join("\n") + "\n"));
        }
    }
    let accepted = judged.iter().filter(|one| one.accepted).count();
    let set_aside = scans.iter().filter(|scan| scan.other.is_some()).count();
    let refused = judged.len() - accepted - set_aside;
    if judged.len() > 1 {
        let scans = judged.len();
        output.note(
            &format!("{scans} images ou pages\u{a0}: {accepted} acceptées, {refused} refusées, {set_aside} sans empreinte lisible."),
            &format!("{scans} pictures or pages: {accepted} accepted, {refused} refused, {set_aside} without a readable mark."),
        );
    }
    Ok(match (refused, set_aside) {
        (0, 0) => Outcome::Done,
        (0, aside) if aside == judged.len() => Outcome::Verdict(3),
        (0, _) => Outcome::SomeSetAside,
        _ => Outcome::NotGenuine,
    })
}

/// What lies on one picture or page is one piece: a redate beside the mark that it redates.
struct Piece {
    place: String,
    marks: Vec<Mark>,
    not_marks: Vec<MarkError>,
    /// Why there is nothing to judge.
    other: Option<Unread>,
}

impl Piece {
    fn of(scan: Scan) -> Piece {
        let (mut marks, mut foreign) = (Vec::new(), Vec::new());
        let mut other = None;
        match scan.result {
            Ok(readings) => {
                for reading in readings {
                    match reading {
                        Reading::Mark(mark) => marks.push(*mark),
                        Reading::Published(published) => foreign.push(published),
                    }
                }
                if marks.is_empty() {
                    other = foreign.first().map(Unread::of_another_operator);
                }
            }
            Err(unread) => other = Some(unread),
        }
        let not_marks = foreign.iter().filter_map(|one| Mark::parse(one.payload()).err()).collect();
        Piece { place: scan.place, marks, not_marks, other }
    }
}

impl VerifyArgs {
    /// The verdicts, by the service or by the infrastructure's own books, in the order of the scans.
    fn judge(&self, scans: &[Piece], language: Language) -> Result<Vec<Judged>, Failure> {
        let pieces: Vec<&Piece> = scans.iter().filter(|scan| scan.other.is_none()).collect();
        let (measured, service) = (self.measured(), self.at.service()?);
        let run = jiff::Timestamp::now().as_microsecond();
        let item = |(number, piece): (usize, &&Piece)| ScannedItem {
            scan: match &service {
                // A service takes the same number for the same scan: each run has numbers of its own.
                Some(_) => format!("{run:x}-{number}"),
                None => piece.place.clone(),
            },
            item: None,
            scanned_on: Some(self.date.unwrap_or_else(today)),
            marks: piece.marks.clone(),
            not_marks: piece.not_marks.clone(),
            measured: measured.clone(),
        };
        let items: Vec<ScannedItem> = pieces.iter().enumerate().map(item).collect();
        let (answers, tables) = match &service {
            Some(service) => (service.ask(&items)?, shipped_tables()),
            None => {
                let config = self.config.clone().unwrap_or_else(default_infrastructure_config);
                let (answers, tables) =
                    crate::infrastructure::with_staff(&config, async |staff| {
                        let rules = SortingRules::default();
                        let answers = staff.verify(&items, rules, self.look_only).await?;
                        Ok((answers, published_tables(&staff).await?))
                    })?;
                let names = items.iter().map(|item| item.scan.clone());
                let lines = names.zip(answers).map(|(scan, answer)| AnswerLine::of(scan, answer));
                (lines.collect(), tables)
            }
        };
        let mut answers = answers.into_iter();
        let one = |piece: &Piece| match &piece.other {
            Some(reason) => Judged::not(&piece.place, reason),
            None => Judged::of(
                piece,
                answers.next().expect("invariant: an answer for every item"),
                &tables,
                language,
            ),
        };
        Ok(scans.iter().map(one).collect())
    }

    /// What the piece weighs and where it goes, if it was weighed.
    fn measured(&self) -> Option<Measured> {
        Some(Measured {
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

/// The columns of the CSV.
const HEADING: [&str; 10] =
    ["file", "decision", "accepted", "due", "meter", "piece", "value", "date", "codes", "detail"];

impl Judged {
    fn of(piece: &Piece, answer: AnswerLine, tables: &[RateTable], language: Language) -> Judged {
        let decision = answer.decision.unwrap_or_default();
        Judged {
            place: piece.place.clone(),
            genuine: ["accept", "accept-with-note", "short-paid"].contains(&&*decision),
            accepted: ["accept", "accept-with-note"].contains(&&*decision),
            decision,
            due: answer.due,
            findings: answer.findings,
            marks: piece
                .marks
                .iter()
                .map(|mark| Fields::of(&piece.place, mark, tables, language))
                .collect(),
        }
    }

    /// A scan on which there is nothing to judge.
    fn not(place: &str, reason: &Unread) -> Judged {
        let finding = FindingLine {
            code: reason.code.to_owned(),
            gravity: "unreadable".to_owned(),
            fr: reason.fr.clone(),
            en: reason.en.clone(),
        };
        Judged {
            place: place.to_owned(),
            decision: "unreadable".to_owned(),
            genuine: false,
            accepted: false,
            due: None,
            findings: vec![finding],
            marks: Vec::new(),
        }
    }

    fn row(&self, language: Language) -> [String; 10] {
        let of_marks = |field: &dyn Fn(&Fields) -> String| {
            self.marks.iter().map(field).collect::<Vec<_>>().join(" ")
        };
        let codes: Vec<&str> = self.findings.iter().map(|one| one.code.as_str()).collect();
        let texts = self.findings.iter().map(|one| language.pick(one.fr.as_str(), &one.en));
        [
            self.place.clone(),
            self.decision.clone(),
            self.accepted.to_string(),
            self.due.clone().unwrap_or_default(),
            of_marks(&|mark| mark.meter.clone()),
            of_marks(&|mark| mark.piece.to_string()),
            of_marks(&|mark| format!("{} {}", mark.amount, mark.currency)),
            of_marks(&|mark| mark.date.clone()),
            codes.join(" "),
            texts.collect::<Vec<_>>().join(" "),
        ]
    }
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
    let marks = if marks.is_empty() { marks } else { format!("  ({marks})") };
    let mut lines = vec![format!("{}: {word}{marks}", judged.place)];
    for finding in &judged.findings {
        lines.push(format!("  {}: {}", finding.code, language.pick(&finding.fr, &finding.en)));
    }
    lines.join("\n")
}
