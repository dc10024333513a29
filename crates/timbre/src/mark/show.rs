//! `timbre mark show`: the fields of marks, and of symbols of other operators, believed or not: nothing is
//! verified here.

use clap::Args;
use serde::Serialize;
use timbre_indicium::format::{Certainty, Published};
use timbre_indicium::scan::Reading;
use timbre_postage::Language;
use timbre_postage::rates::RateTable;

use super::Fields;
use super::files::{FileArgs, Scan, Unread};
use super::form::{Form, FormArgs, csv_line, json_line};
use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre mark show marks/000001.png
  timbre mark show letters.pdf --json
  timbre mark show scans --recursive --format csv > scans.csv

Symbols of Deutsche Post, Royal Mail, USPS (IBI) and UPU S10 are shown too, as far as their layout is
public; whether they are genuine cannot be told here.

Exit status: 0 all read · 1 some scans could not be read · 3 none could · 4 a file cannot be opened")]
pub(super) struct ShowArgs {
    #[command(flatten)]
    scans: FileArgs,
    #[command(flatten)]
    form: FormArgs,
}

pub(super) fn execute(args: ShowArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let language = output.language();
    let form = args.form.of(output);
    let tables = shipped_tables();
    let mut report = Report::default();
    if form == Form::Csv {
        output.answer(&csv_line(HEADING));
    }
    args.scans.read(language, |scan| {
        report.count(&scan);
        for entry in entries(scan, &tables, language) {
            match form {
                Form::Csv => output.answer(&csv_line(entry.row(language))),
                Form::Jsonl => output.answer(&json_line(&entry)),
                Form::Json | Form::Text => report.entries.push(entry),
            }
        }
        true
    })?;
    if let (1, Some((place, unread))) = (report.scans, &report.first_unread) {
        return Err(unread.failure(place));
    }
    match form {
        Form::Json => output.print_json(&report.entries),
        Form::Text => output.answer(&(report.text(language) + "\n")),
        Form::Csv | Form::Jsonl => {}
    }
    if report.scans > 1 {
        let [fr, en] = report.summary();
        output.note(&fr, &en);
    }
    Ok(match (report.unread, report.scans) {
        (0, _) => Outcome::Done,
        (unread, scans) if unread < scans => Outcome::SomeSetAside,
        _ => Outcome::Verdict(3),
    })
}

/// What was found on all scans.
#[derive(Default)]
struct Report {
    entries: Vec<Entry>,
    scans: usize,
    marks: usize,
    published: usize,
    unread: usize,
    first_unread: Option<(String, Unread)>,
}

impl Report {
    fn count(&mut self, scan: &Scan) {
        self.scans += 1;
        match &scan.result {
            Ok(readings) => {
                let marks = readings.iter().filter(|reading| matches!(reading, Reading::Mark(_)));
                let marks = marks.count();
                self.marks += marks;
                self.published += readings.len() - marks;
            }
            Err(unread) => {
                self.unread += 1;
                self.first_unread.get_or_insert_with(|| (scan.place.clone(), unread.clone()));
            }
        }
    }

    /// Every field of what one scan shows; a line each if there are more scans.
    fn text(&self, language: Language) -> String {
        if self.scans <= 1 {
            let stories: Vec<String> =
                self.entries.iter().map(|entry| entry.story(language)).collect();
            return stories.join("\n\n");
        }
        let heading = language.pick(
            ["Fichier", "Format", "Empreinte", "Valeur", "Date"],
            ["File", "Format", "Mark", "Value", "Date"],
        );
        table(heading, self.entries.iter().map(|entry| entry.line(language)))
    }

    fn summary(&self) -> [String; 2] {
        let Report { scans, marks, published, unread, .. } = self;
        [
            format!(
                "{scans} images ou pages\u{a0}: {marks} empreintes, {published} codes d’autres exploitants, {unread} illisibles."
            ),
            format!(
                "{scans} pictures or pages: {marks} marks, {published} symbols of other operators, {unread} unreadable."
            ),
        ]
    }
}

/// One thing that was found, or the reason why nothing was.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    Mark(Box<Fields>),
    Published(Foreign),
    Unread { place: String, error: Reason },
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
    fr: String,
    en: String,
}

/// A symbol of another operator.
#[derive(Serialize)]
struct Foreign {
    place: String,
    format: &'static str,
    /// Always: the keys are its operator's.
    genuine: &'static str,
    fields: Vec<ForeignField>,
    payload: String,
    #[serde(skip)]
    name: &'static str,
}

#[derive(Serialize)]
struct ForeignField {
    code: &'static str,
    value: String,
    /// Whether a published description says what the field means.
    is_documented: bool,
    #[serde(skip)]
    name: &'static str,
}

impl Foreign {
    fn of(place: &str, published: &Published, language: Language) -> Foreign {
        let fields = published.fields().iter().map(|field| ForeignField {
            code: field.code,
            value: field.value.clone(),
            is_documented: field.certainty == Certainty::Published,
            name: language.pick(field.fr, field.en),
        });
        Foreign {
            place: place.to_owned(),
            format: published.format().as_str(),
            genuine: "cannot-be-judged",
            fields: fields.collect(),
            payload: published.payload().iter().map(|byte| format!("{byte:02x}")).collect(),
            name: published.format().name(language),
        }
    }

    fn value(&self, codes: &[&str]) -> String {
        let field = self.fields.iter().find(|field| codes.contains(&field.code));
        field.map(|field| field.value.clone()).unwrap_or_default()
    }
}

fn entries(scan: Scan, tables: &[RateTable], language: Language) -> Vec<Entry> {
    let place = scan.place;
    match scan.result {
        Ok(readings) => readings
            .iter()
            .map(|reading| match reading {
                Reading::Mark(mark) => {
                    Entry::Mark(Box::new(Fields::of(&place, mark, tables, language)))
                }
                Reading::Published(published) => {
                    Entry::Published(Foreign::of(&place, published, language))
                }
            })
            .collect(),
        Err(Unread { code, fr, en, .. }) => {
            vec![Entry::Unread { place, error: Reason { code, fr, en } }]
        }
    }
}

/// The columns of the CSV.
const HEADING: [&str; 11] = [
    "file",
    "status",
    "format",
    "meter",
    "piece",
    "kind",
    "value",
    "date",
    "postal_code",
    "product",
    "detail",
];

impl Entry {
    fn row(&self, language: Language) -> [String; 11] {
        match self {
            Entry::Mark(fields) => [
                fields.place.clone(),
                "read".to_owned(),
                "timbre-ca".to_owned(),
                fields.meter.clone(),
                fields.piece.to_string(),
                fields.kind.to_owned(),
                format!("{} {}", fields.amount, fields.currency),
                fields.date.clone(),
                fields.postal_code.clone(),
                fields.product.to_string(),
                String::new(),
            ],
            Entry::Published(foreign) => [
                foreign.place.clone(),
                "cannot-be-judged".to_owned(),
                foreign.format.to_owned(),
                foreign.value(&["machine", "customer", "psd", "supply-chain"]),
                foreign.value(&["item", "pieces", "serial"]),
                String::new(),
                foreign.value(&["value", "postage"]),
                foreign.value(&["date"]),
                String::new(),
                foreign.value(&["product"]),
                foreign.payload.clone(),
            ],
            Entry::Unread { place, error } => {
                let mut row: [String; 11] = std::array::from_fn(|_| String::new());
                row[0].clone_from(place);
                error.code.clone_into(&mut row[1]);
                language.pick(&error.fr, &error.en).clone_into(&mut row[10]);
                row
            }
        }
    }

    fn line(&self, language: Language) -> [String; 5] {
        match self {
            Entry::Mark(fields) => [
                fields.place.clone(),
                "timbre".to_owned(),
                format!("{} #{}", fields.meter, fields.piece),
                format!("{} {}", fields.amount, fields.currency),
                fields.date.clone(),
            ],
            Entry::Published(foreign) => {
                let [_, _, _, account, item, _, value, date, ..] = self.row(language);
                let mark = format!("{account} #{item}");
                [foreign.place.clone(), foreign.name.to_owned(), mark, value, date]
            }
            Entry::Unread { place, error } => {
                let reason = language.pick(&error.fr, &error.en).clone();
                [place.clone(), "—".to_owned(), reason, String::new(), String::new()]
            }
        }
    }

    fn story(&self, language: Language) -> String {
        match self {
            Entry::Mark(fields) => story(fields, language),
            Entry::Published(foreign) => foreign_story(foreign, language),
            Entry::Unread { place, error } => {
                format!("{place}: {}", language.pick(&error.fr, &error.en))
            }
        }
    }
}

/// The tables whose products can be named without asking anybody.
pub(super) fn shipped_tables() -> Vec<RateTable> {
    timbre_postage::rates::shipped()
        .iter()
        .map(|(name, text)| {
            RateTable::parse(text)
                .unwrap_or_else(|error| panic!("invariant: {name} reads: {error}"))
        })
        .collect()
}

fn story(fields: &Fields, language: Language) -> String {
    let rows = [
        ("Compteur", "Meter", fields.meter.clone()),
        ("Numéro d'empreinte", "Indicia number", fields.indicia_number.clone()),
        ("Pièce", "Piece", fields.piece.to_string()),
        ("Montant", "Amount", format!("{} {}", fields.amount, fields.currency)),
        ("Date", "Date", fields.date.clone()),
        ("Genre", "Kind", fields.kind.to_owned()),
        ("Produit", "Product", product(fields)),
        ("Poids", "Weight", format!("{} g", fields.weight_grams)),
        ("Code postal", "Postal code", fields.postal_code.clone()),
        ("Totalisateur", "Ascending", format!("{} {}", fields.ascending, fields.currency)),
        ("Soustracteur", "Descending", format!("{} {}", fields.descending, fields.currency)),
        ("Clé", "Key", fields.key.clone()),
    ];
    let mut lines = vec![fields.place.clone()];
    lines.extend(rows.map(|(fr, en, value)| format!("  {:<20}{value}", language.pick(fr, en))));
    lines.join("\n")
}

fn product(fields: &Fields) -> String {
    match (&fields.description, &fields.rate_table) {
        (Some(description), Some(table)) => format!("{}  {description}  ({table})", fields.product),
        _ => fields.product.to_string(),
    }
}

fn foreign_story(foreign: &Foreign, language: Language) -> String {
    let mut lines = vec![foreign.place.clone(), format!("  {}", foreign.name)];
    lines.extend(foreign.fields.iter().map(|field| {
        let doubt = if field.is_documented {
            ""
        } else {
            language.pick("  (sens non vérifié)", "  (meaning not verified)")
        };
        format!("  {:<30}{}{doubt}", field.name, field.value)
    }));
    let note = language.pick(
        "Authentique ou non, seul son exploitant peut le dire\u{a0}: ses clés ne sont pas ici.",
        "Genuine or not, only its operator can tell: its keys are not here.",
    );
    lines.push(format!("  {note}"));
    lines.join("\n")
}
