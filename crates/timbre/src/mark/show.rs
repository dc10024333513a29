//! `timbre mark show`: the fields of a mark, believed or not: nothing is verified here.

use std::path::PathBuf;

use clap::Args;
use timbre_postage::Language;
use timbre_postage::rates::RateTable;

use super::Fields;
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre mark show marks/000001.png
  timbre mark show letters.pdf --json")]
pub(super) struct ShowArgs {
    /// Pictures (PNG, JPEG) or PDF files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn execute(args: ShowArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let found = super::find(&args.files)?;
    let language = output.language();
    let tables = shipped_tables();
    let fields: Vec<Fields> =
        found.iter().map(|found| Fields::of(found, &tables, language)).collect();
    output.show(&fields, || {
        let stories: Vec<String> = fields.iter().map(|fields| story(fields, language)).collect();
        stories.join("\n\n")
    });
    Ok(Outcome::Done)
}

/// The tables whose products can be named without asking anybody.
fn shipped_tables() -> Vec<RateTable> {
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
