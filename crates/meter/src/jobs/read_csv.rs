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

mod cell;
mod column;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use timbre_postage::{Country, Piece, PriceRefusal, Service};

use self::cell::Cell;
use self::column::Column;
use self::text::{LineCounter, best_header, refuse_what_is_not_csv, unclosed_quote};
use super::reject::{FileError, Reason, Where, Wrong};
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

    fn request(&self, cells: &ByteRecord) -> Result<PieceRequest, Wrong> {
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

    fn place_of(&self, refusal: &PriceRefusal) -> Where {
        let place = Column::blamed_by(refusal).and_then(|column| self.places[column as usize]);
        place.map_or(Where::Row, |place| Where::Column(self.named(place)))
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
        Box::new(Rows { table: self, reader, number: 0, lines: LineCounter::default() })
    }

    fn printer(&self, output: &Path) -> Result<Box<dyn Printer>, MeterError> {
        Ok(Box::new(Pictures::into_folder(output)?))
    }
}

/// Iterates over the rows of a [`Table`].
struct Rows<'t> {
    table: &'t Table<'t>,
    reader: csv::Reader<&'t [u8]>,
    number: u32,
    lines: LineCounter,
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut cells = ByteRecord::new();
        loop {
            // Reading from memory with `flexible` has no error left.
            if !self.reader.read_byte_record(&mut cells).unwrap_or(false) {
                return None;
            }
            let start = cells.position().map_or(0, csv::Position::byte);
            let line = self.lines.line_of_row(self.table.body, start);
            if cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            self.number += 1;
            let request = self.table.request(&cells);
            return Some(Row { number: self.number, line, cells, request });
        }
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
