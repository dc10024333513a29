//! Reading pieces of mail from a CSV file, as spreadsheets of both languages write them.
//!
//! The order of columns is free, names are English or French, the delimiter is found, a byte order mark
//! and CRLF are fine. A bad cell makes one bad row, which says line, column and reason; what makes the
//! whole file unreadable is one error before anything is franked. It guesses no encoding: bytes that
//! are not UTF-8 are refused where they are.
//!
//! | column | names |
//! |---|---|
//! | weight (required) | `weight`, `poids`, with `_g`, `_kg`, `_oz` or `_lb` when cells carry no unit |
//! | destination (required) | `destination`, `country`, `pays`, `to` |
//! | class (required) | `class`, `service`, `classe`, `categorie` |
//! | size | `size`, `dimensions`, `taille`, `format` |
//! | account | `account`, `cost_account`, `compte`, `cost_centre`, `cost_center`, `centre_de_couts` |
//! | reference | `reference`, `ref` |
//! | registered | `registered`, `recommande` |
//!
//! Case, accents, spaces, hyphens and underscores make no difference. Other columns are kept and ignored.

use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use timbre_postage::{Country, Dimensions, Piece, Service, Weight};

use super::reject::{Reason, Where};
use super::source::{Printer, Row, Source};
use super::state::Identity;
use super::write_pictures::Pictures;
use crate::error::MeterError;
use crate::piece::{PieceRequest, TextField};

/// What a run's options say for the columns that a file leaves out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) service: Option<Service>,
    pub(crate) destination: Option<Country>,
    pub(crate) account: Option<String>,
}

impl Defaults {
    /// Spelled the same in every release: a run that was interrupted must be known again.
    fn spelled(&self) -> String {
        let service = self.service.as_ref().map_or("", Service::as_str);
        let destination = self.destination.as_ref().map_or("", Country::code);
        ["csv", service, destination, self.account.as_deref().unwrap_or_default()].join("\n")
    }
}

/// Why a file cannot be read as a list of pieces at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileError {
    /// The line, from 1, when the error has one.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: Reason,
}

impl FileError {
    fn new(
        line: Option<u64>,
        code: &'static str,
        fr: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        FileError { line, reason: Reason::new(code, fr, en) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Column {
    Weight,
    Destination,
    Class,
    Size,
    Account,
    Reference,
    Registered,
}

impl Column {
    const ALL: [Column; 7] = [
        Column::Weight,
        Column::Destination,
        Column::Class,
        Column::Size,
        Column::Account,
        Column::Reference,
        Column::Registered,
    ];

    fn names(self) -> &'static [&'static str] {
        match self {
            Column::Weight => &["weight", "poids"],
            Column::Destination => &["destination", "country", "pays", "to"],
            Column::Class => &["class", "service", "classe", "categorie"],
            Column::Size => &["size", "dimensions", "taille", "format"],
            Column::Account => &[
                "account",
                "cost_account",
                "compte",
                "cost_centre",
                "cost_center",
                "centre_de_couts",
            ],
            Column::Reference => &["reference", "ref"],
            Column::Registered => &["registered", "recommande"],
        }
    }

    /// The column that a header names, and the unit that the header gives to its cells.
    fn of_header(header: &str) -> Option<(Column, Option<&'static str>)> {
        let name = simplified(header);
        for unit in ["g", "kg", "oz", "lb"] {
            let stem = name.strip_suffix(unit).and_then(|n| n.strip_suffix('_'));
            if stem.is_some_and(|stem| Column::Weight.names().contains(&stem)) {
                return Some((Column::Weight, Some(unit)));
            }
        }
        let column = Column::ALL.into_iter().find(|c| c.names().contains(&name.as_str()))?;
        Some((column, None))
    }
}

/// A header without what people write differently: case, accents, spaces, punctuation.
fn simplified(header: &str) -> String {
    let mut name = String::new();
    for c in header.trim().chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'à' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            c if c.is_alphanumeric() => c,
            _ if name.ends_with('_') => continue,
            _ => '_',
        };
        name.push(plain);
    }
    name.trim_matches('_').to_owned()
}

/// A CSV file whose header was understood.
pub(crate) struct Table<'a> {
    file: PathBuf,
    identity: Identity,
    body: &'a [u8],
    delimiter: u8,
    header: ByteRecord,
    places: [Option<usize>; 7],
    weight_unit: Option<&'static str>,
    defaults: Defaults,
}

impl<'a> Table<'a> {
    /// Understands the header of `file`, which holds `bytes`.
    pub(crate) fn open(
        file: &Path,
        bytes: &'a [u8],
        defaults: Defaults,
    ) -> Result<Table<'a>, FileError> {
        let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        refuse_what_is_not_csv(body)?;
        let (delimiter, header) = best_header(body);
        if let Some(line) = unclosed_quote(body, delimiter) {
            return Err(FileError::new(
                Some(line),
                "quote-not-closed",
                "un guillemet s’ouvre sur cette ligne et ne se ferme jamais",
                "a quotation mark is opened on this line and never closed",
            ));
        }
        let mut table = Table {
            file: file.to_owned(),
            identity: Identity::of(bytes, &defaults.spelled()),
            body,
            delimiter,
            header,
            places: [None; 7],
            weight_unit: None,
            defaults,
        };
        table.find_columns()?;
        Ok(table)
    }

    fn find_columns(&mut self) -> Result<(), FileError> {
        for (place, cell) in self.header.iter().enumerate() {
            let Ok(text) = std::str::from_utf8(cell) else { return Err(not_utf8_header(place)) };
            let Some((column, unit)) = Column::of_header(text) else { continue };
            if let Some(before) = self.places[column as usize] {
                let (first, second) = (self.named(before), self.named(place));
                return Err(FileError::new(
                    Some(1),
                    "column-twice",
                    format!("les colonnes « {first} » et « {second} » disent la même chose"),
                    format!("the columns “{first}” and “{second}” say the same thing"),
                ));
            }
            self.places[column as usize] = Some(place);
            if column == Column::Weight {
                self.weight_unit = unit;
            }
        }
        self.refuse_missing_columns()
    }

    fn refuse_missing_columns(&self) -> Result<(), FileError> {
        let needed = [
            (Column::Weight, true),
            (Column::Destination, self.defaults.destination.is_none()),
            (Column::Class, self.defaults.service.is_none()),
        ];
        let missing: Vec<Column> = needed
            .into_iter()
            .filter(|(column, needed)| *needed && self.places[*column as usize].is_none())
            .map(|(column, _)| column)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let wanted = |separator: &str| {
            let names: Vec<String> = missing.iter().map(|c| c.names().join(separator)).collect();
            names.join("; ")
        };
        let found: Vec<_> = self.header.iter().map(String::from_utf8_lossy).collect();
        let found = found.join(", ");
        Err(FileError::new(
            Some(1),
            "column-missing",
            format!("il manque : {} ; colonnes trouvées : {found}", wanted(" ou ")),
            format!("missing: {}; columns found: {found}", wanted(" or ")),
        ))
    }

    fn named(&self, place: usize) -> String {
        self.header.get(place).map_or_else(
            || format!("{}", place + 1),
            |cell| String::from_utf8_lossy(cell).trim().to_owned(),
        )
    }

    fn request(&self, cells: &ByteRecord) -> Result<PieceRequest, (Where, Reason)> {
        if cells.len() > self.header.len() {
            let (has, expected) = (cells.len(), self.header.len());
            let reason = Reason::new(
                "too-many-cells",
                format!(
                    "cette ligne a {has} cellules et l’en-tête {expected} : une virgule sans guillemets ?"
                ),
                format!(
                    "this row has {has} cells and the header {expected}: a delimiter without quotes?"
                ),
            );
            return Err((Where::Row, reason));
        }
        let at = |column: Column| Cell::of(self, cells, column);
        let weight = at(Column::Weight)?.weight(self.weight_unit)?;
        let destination = at(Column::Destination)?.destination(self.defaults.destination)?;
        let service = at(Column::Class)?.service(self.defaults.service.as_ref())?;
        let dimensions = at(Column::Size)?.size()?;
        let registered = at(Column::Registered)?.yes_or_no()?;
        let account = at(Column::Account)?.text(TextField::Account)?;
        let reference = at(Column::Reference)?.text(TextField::Reference)?;
        Ok(PieceRequest {
            piece: Piece { service, destination, weight, dimensions, registered },
            account: account.or_else(|| self.defaults.account.clone()),
            reference,
        })
    }
}

impl Source for Table<'_> {
    fn file(&self) -> &Path {
        &self.file
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn header(&self) -> &ByteRecord {
        &self.header
    }

    fn delimiter(&self) -> u8 {
        self.delimiter
    }

    fn rows(&self) -> Box<dyn Iterator<Item = Row> + '_> {
        let reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .flexible(true)
            .has_headers(true)
            .from_reader(self.body);
        Box::new(Rows { table: self, reader, number: 0, counted: Counted::default() })
    }

    fn printer(&self, output: &Path) -> Result<Box<dyn Printer>, MeterError> {
        Ok(Box::new(Pictures::into_folder(output)?))
    }
}

/// One cell as text, knowing how its column is called in the file.
struct Cell<'a> {
    text: &'a str,
    column: String,
}

impl<'a> Cell<'a> {
    fn of(
        table: &Table<'_>,
        cells: &'a ByteRecord,
        column: Column,
    ) -> Result<Self, (Where, Reason)> {
        let Some(place) = table.places[column as usize] else {
            return Ok(Cell { text: "", column: column.names()[0].to_owned() });
        };
        let bytes = cells.get(place).unwrap_or_default();
        let column = table.named(place);
        match std::str::from_utf8(bytes) {
            // What our own reports put in front of a formula is not part of the value.
            Ok(text) => Ok(Cell { text: super::write_csv::plain(text.trim()), column }),
            Err(error) => {
                let byte = bytes[error.valid_up_to()];
                let reason = Reason::new(
                    "not-utf-8",
                    format!(
                        "l’octet {byte:#04X} n’est pas de l’UTF-8 : enregistrez le fichier en UTF-8"
                    ),
                    format!("byte {byte:#04X} is not UTF-8: save the file as UTF-8"),
                );
                Err((Where::Column(column), reason))
            }
        }
    }

    fn wrong(self, code: &'static str, fr: String, en: String) -> (Where, Reason) {
        (Where::Column(self.column), Reason::new(code, fr, en))
    }

    fn empty(self) -> (Where, Reason) {
        self.wrong("cell-empty", "la cellule est vide".to_owned(), "the cell is empty".to_owned())
    }

    fn weight(self, unit: Option<&str>) -> Result<Weight, (Where, Reason)> {
        if self.text.is_empty() {
            return Err(self.empty());
        }
        let bare = !self.text.contains(|c: char| c.is_ascii_alphabetic());
        let text = match unit {
            Some(unit) if bare => format!("{}{unit}", self.text),
            _ => self.text.to_owned(),
        };
        text.parse::<Weight>().map_err(|error| {
            let fr = format!(
                "« {} » n’est pas un poids entre 0 et 100 kg : écrivez 42g, 1,5oz ou 0,2kg",
                self.text
            );
            self.wrong("not-a-weight", fr, error.to_string())
        })
    }

    fn destination(self, default: Option<Country>) -> Result<Country, (Where, Reason)> {
        match (self.text, default) {
            ("", Some(country)) => Ok(country),
            ("", None) => Err(self.empty()),
            (text, _) => text.parse::<Country>().map_err(|en| {
                let fr = format!(
                    "« {text} » n’est pas un pays : écrivez son code ISO de deux lettres, comme CA, US ou FR"
                );
                self.wrong("not-a-country", fr, en)
            }),
        }
    }

    fn service(self, default: Option<&Service>) -> Result<Service, (Where, Reason)> {
        match (self.text, default) {
            ("", Some(service)) => Ok(service.clone()),
            ("", None) => Err(self.empty()),
            (text, _) => text.parse::<Service>().map_err(|error| {
                let fr = format!("« {text} » n’est pas une classe : écrivez-la comme lettermail");
                self.wrong("not-a-class", fr, error.to_string())
            }),
        }
    }

    fn size(self) -> Result<Option<Dimensions>, (Where, Reason)> {
        if self.text.is_empty() {
            return Ok(None);
        }
        self.text.parse::<Dimensions>().map(Some).map_err(|error| {
            let fr = format!(
                "« {} » n’est pas une taille : écrivez longueur x largeur x épaisseur en millimètres, comme 245x156x5",
                self.text
            );
            self.wrong("not-a-size", fr, error.to_string())
        })
    }

    fn yes_or_no(self) -> Result<bool, (Where, Reason)> {
        match self.text.to_lowercase().as_str() {
            "yes" | "y" | "oui" | "o" | "true" | "vrai" | "1" | "x" => Ok(true),
            "" | "no" | "n" | "non" | "false" | "faux" | "0" => Ok(false),
            text => {
                let fr = format!("« {text} » n’est ni oui ni non");
                let en = format!("“{text}” is neither yes nor no");
                Err(self.wrong("not-yes-or-no", fr, en))
            }
        }
    }

    fn text(self, field: TextField) -> Result<Option<String>, (Where, Reason)> {
        match field.check(self.text) {
            Ok(()) => Ok((!self.text.is_empty()).then(|| self.text.to_owned())),
            Err(reason) => Err((Where::Column(self.column), reason)),
        }
    }
}

/// Iterates over the rows of a [`Table`].
struct Rows<'t> {
    table: &'t Table<'t>,
    reader: csv::Reader<&'t [u8]>,
    number: u32,
    counted: Counted,
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut cells = ByteRecord::new();
        loop {
            let start = self.reader.position().byte();
            // Reading from memory with `flexible` has no error left.
            if !self.reader.read_byte_record(&mut cells).unwrap_or(false) {
                return None;
            }
            let line = self.counted.line_of_row(self.table.body, start);
            if cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            self.number += 1;
            let request = self.table.request(&cells);
            return Some(Row { number: self.number, line, cells, request });
        }
    }
}

/// Counts lines forward once, however many rows ask.
#[derive(Default)]
struct Counted {
    bytes: usize,
    lines: u64,
}

impl Counted {
    /// The line of the first byte at or after `start` that is not an empty line's.
    fn line_of_row(&mut self, text: &[u8], start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
        let blank = text[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let upto = start + blank;
        for at in self.bytes..upto {
            let lone_return = text[at] == b'\r' && text.get(at + 1) != Some(&b'\n');
            self.lines += u64::from(text[at] == b'\n' || lone_return);
        }
        self.bytes = self.bytes.max(upto);
        self.lines + 1
    }
}

fn refuse_what_is_not_csv(body: &[u8]) -> Result<(), FileError> {
    let whole = |code, fr: &str, en: &str| Err(FileError::new(None, code, fr, en));
    match body {
        [b'P', b'K', 3, 4, ..] => whole(
            "spreadsheet",
            "c’est un classeur (.xlsx, .ods) : enregistrez-le en CSV UTF-8",
            "this is a spreadsheet (.xlsx, .ods): save it as CSV UTF-8",
        ),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => whole(
            "utf-16",
            "le fichier est en UTF-16 : enregistrez-le en CSV UTF-8",
            "the file is UTF-16: save it as CSV UTF-8",
        ),
        _ if body.trim_ascii().is_empty() => {
            whole("file-empty", "le fichier est vide", "the file is empty")
        }
        _ if body.contains(&0) => whole(
            "binary",
            "ce n’est pas un fichier texte (il contient des octets nuls)",
            "this is not a text file (it contains zero bytes)",
        ),
        _ => Ok(()),
    }
}

fn not_utf8_header(place: usize) -> FileError {
    FileError::new(
        Some(1),
        "not-utf-8",
        format!(
            "le nom de la colonne {} n’est pas de l’UTF-8 : enregistrez le fichier en UTF-8",
            place + 1
        ),
        format!("the name of column {} is not UTF-8: save the file as UTF-8", place + 1),
    )
}

/// The delimiter under which the header names the most columns.
fn best_header(body: &[u8]) -> (u8, ByteRecord) {
    let header_with = |delimiter: u8| {
        let mut header = ByteRecord::new();
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(body);
        // Reading from memory with `flexible` has no error left.
        let _read = reader.read_byte_record(&mut header);
        let known = header
            .iter()
            .filter(|cell| {
                std::str::from_utf8(cell).is_ok_and(|text| Column::of_header(text).is_some())
            })
            .count();
        (known, delimiter, header)
    };
    let candidates = [b',', b';', b'\t', b'|'].map(header_with);
    // On a tie the widest header wins: it shows best what was found.
    let best = candidates.into_iter().max_by_key(|(known, _, header)| (*known, header.len()));
    let (_, delimiter, header) = best.expect("invariant: there are four candidates");
    (delimiter, header)
}

/// The line of a quotation mark that is opened and never closed, by the same rules as the reader's.
///
/// Such a mark would swallow every row after it without a word.
fn unclosed_quote(body: &[u8], delimiter: u8) -> Option<u64> {
    let (mut line, mut opened) = (1, None);
    let mut cell_start = true;
    let mut bytes = body.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\n' {
            line += 1;
        }
        match (opened, byte) {
            (None, b'"') if cell_start => opened = Some(line),
            (Some(_), b'"') => {
                if bytes.next_if(|b| **b == b'"').is_none() {
                    opened = None;
                }
            }
            _ => {}
        }
        let ends_cell = byte == delimiter || matches!(byte, b'\n' | b'\r');
        cell_start = opened.is_none() && ends_cell;
    }
    opened
}
