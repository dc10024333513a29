//! `timbre infrastructure sorter …`: the postal operator's machines that may ask whether mail is paid for.

use std::path::Path;

use clap::{Args, Subcommand};
use timbre_infrastructure::sorting::Sorter;
use timbre_infrastructure::staff::NewSorter;
use timbre_postage::Language;

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
pub(super) enum SorterCommand {
    /// Let a machine ask; prints its token, once
    Add(AddArgs),
    /// List the machines
    List,
    /// Let a machine ask no more, from the next second on
    Revoke(RevokeArgs),
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure sorter add \"facer 3\" --place \"Léo-Blanchette, Montréal\" --area H --area J4
  timbre infrastructure sorter add \"facer 3\" --place Gateway --json > facer-3.json")]
pub(super) struct AddArgs {
    /// Its name, given once for ever
    name: String,
    /// Where it stands: told with the first scan of a copy
    #[arg(long)]
    place: String,
    /// The beginning of the postal codes of mail that is posted there; may be given several times
    #[arg(long, value_name = "CODE")]
    area: Vec<String>,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure sorter revoke \"facer 3\"")]
pub(super) struct RevokeArgs {
    /// Its name
    name: String,
}

pub(super) fn execute(
    file: &Path,
    command: SorterCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let language = output.language();
    match command {
        SorterCommand::Add(AddArgs { name, place, area }) => {
            let new = NewSorter { name, place, area };
            let added = super::with_staff(file, async |staff| staff.add_sorter(new.clone()).await)?;
            output.note(
                "Gardez ce jeton : il ne sera plus affiché.",
                "Keep this token: it is not shown again.",
            );
            output.show(&added, || added.token.clone());
        }
        SorterCommand::List => {
            let sorters = super::with_staff(file, async |staff| staff.sorters().await)?;
            output.show(&sorters, || list(&sorters, language));
        }
        SorterCommand::Revoke(RevokeArgs { name }) => {
            let sorter = super::with_staff(file, async |staff| staff.revoke_sorter(&name).await)?;
            output.show(&sorter, || list(std::slice::from_ref(&sorter), language));
        }
    }
    Ok(Outcome::Done)
}

fn list(sorters: &[Sorter], language: Language) -> String {
    let heading = match language {
        Language::French => ["N°", "Nom", "Lieu", "Territoire", "Ajoutée", "Révoquée"],
        Language::English => ["No.", "Name", "Place", "Area", "Added", "Revoked"],
    };
    let row = |sorter: &Sorter| {
        [
            sorter.number.to_string(),
            sorter.name.clone(),
            sorter.place.clone(),
            sorter.area.join(" "),
            format!("{:.0}", sorter.added),
            sorter.revoked.map_or_else(String::new, |at| format!("{at:.0}")),
        ]
    };
    table(heading, sorters.iter().map(row))
}
