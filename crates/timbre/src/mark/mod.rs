//! `timbre mark …`: what a mark says, and whether it is genuine. Reads pictures (PNG, JPEG), PDF pages, and
//! folders of them.

mod at;
pub(crate) mod files;
mod form;
mod show;
mod verify;

use clap::{Args, Subcommand};
use serde::Serialize;
use timbre_indicium::{Mark, RateTableTag};
use timbre_postage::Language;
use timbre_postage::rates::RateTable;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

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
    Verify(Box<verify::VerifyArgs>),
}

/// Carries out one mark command.
pub(crate) fn execute(args: MarkArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    match args.command {
        MarkCommand::Show(show) => show::execute(show, output),
        MarkCommand::Verify(verify) => verify::execute(*verify, output),
    }
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
    /// The fields of a mark; the rate table and what it calls the product are told if one of `tables` has its
    /// tag.
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
