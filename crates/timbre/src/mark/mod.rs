//! `timbre mark …`: what a mark says, and whether it is genuine. Reads pictures (PNG, JPEG), PDF pages, and folders of them.

mod at;
mod files;
mod form;
mod show;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use timbre_indicium::pdf::{self, PageImage};
use timbre_indicium::scan;
use timbre_indicium::{Mark, RateTableTag};
use timbre_postage::Language;
use timbre_postage::rates::RateTable;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
pub(crate) struct MarkArgs {
    #[command(subcommand)]
    command: MarkCommand,
}

#[derive(Subcommand)]
enum MarkCommand {
    /// Decode marks and print their fields
    Show(show::ShowArgs),
    /// Say whether marks are genuine, and why not
    Verify(verify::VerifyArgs),
}

/// Carries out one mark command.
pub(crate) fn execute(args: MarkArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    match args.command {
        MarkCommand::Show(show) => show::execute(show, output),
        MarkCommand::Verify(verify) => verify::execute(verify, output),
    }
}

/// A mark and where it was found.
struct Found {
    file: PathBuf,
    /// From 1; none for a picture.
    page: Option<usize>,
    mark: Mark,
}

impl Found {
    fn place(&self) -> String {
        let file = self.file.display();
        self.page.map_or_else(|| file.to_string(), |page| format!("{file}:{page}"))
    }
}

/// Every mark of the files, in their order.
fn find(files: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(|error| {
            Failure::fault("unreadable-file", format!("{}: {error}", file.display()))
        })?;
        if bytes.starts_with(b"%PDF") {
            find_in_pdf(file, &bytes, &mut found)?;
        } else {
            let marks = scan::read_image(&bytes).map_err(|error| no_mark(file, &error))?;
            found.extend(marks.into_iter().map(|mark| Found {
                file: file.clone(),
                page: None,
                mark,
            }));
        }
    }
    Ok(found)
}

fn find_in_pdf(file: &Path, bytes: &[u8], found: &mut Vec<Found>) -> Result<(), Failure> {
    let images = pdf::images(bytes).map_err(|error| {
        let at = |language| format!("{}: {}", file.display(), error.message(language));
        Failure::new(Kind::Refusal, error.code(), at(Language::French), at(Language::English))
    })?;
    let before = found.len();
    // A page holds logos and photographs too; only a document without any mark is worth a word.
    let mut last_fault = None;
    for PageImage { page, pixels } in images {
        let marks = match pixels {
            Ok(pixels) => scan::read_gray(&pixels).map_err(|error| error.to_string()),
            Err(fault) => Err(fault.to_string()),
        };
        match marks {
            Ok(marks) => found.extend(marks.into_iter().map(|mark| Found {
                file: file.to_owned(),
                page: Some(page + 1),
                mark,
            })),
            Err(fault) => last_fault = Some(fault),
        }
    }
    if found.len() == before {
        let reason = last_fault.unwrap_or_else(|| scan::ScanError::NoSymbol.to_string());
        return Err(no_mark(file, &reason));
    }
    Ok(())
}

fn no_mark(file: &Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Kind::Refusal,
        "no-mark",
        format!("{} : aucune empreinte lue ({reason})", file.display()),
        format!("{}: no mark read ({reason})", file.display()),
    )
}

/// A mark's fields, for a program.
#[derive(Serialize)]
struct Fields {
    place: String,
    format: &'static str,
    kind: &'static str,
    meter: String,
    indicia_number: String,
    piece: u64,
    amount: String,
    currency: &'static str,
    date: String,
    ascending: String,
    descending: String,
    product: u16,
    description: Option<String>,
    rate_table: Option<String>,
    weight_grams: u16,
    postal_code: String,
    key: String,
    signature: String,
}

impl Fields {
    /// The fields of a mark; the rate table and what it calls the product are told if one of `tables` has its tag.
    fn of(place: &str, mark: &Mark, tables: &[RateTable], language: Language) -> Self {
        let data = mark.data();
        let table = tables.iter().find(|table| RateTableTag::of(table.id()) == data.rate_table);
        let quote = table.and_then(|table| table.price_of_product(data.product));
        Fields {
            place: place.to_owned(),
            format: "timbre-ca",
            kind: data.kind.as_str(),
            meter: data.serial.to_string(),
            indicia_number: data.indicia_number.to_string(),
            piece: data.pieces,
            amount: data.amount.decimal(),
            currency: data.amount.currency().code(),
            date: data.date.to_string(),
            ascending: data.ascending.decimal(),
            descending: data.descending.decimal(),
            product: data.product,
            description: quote.map(|quote| quote.describe(language).to_owned()),
            rate_table: table.map(|table| table.id().to_owned()),
            weight_grams: data.weight_grams,
            postal_code: data.postal_code.to_string(),
            key: data.key_id.to_string(),
            signature: mark.signature().to_string(),
        }
    }
}
