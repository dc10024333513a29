//! `timbre infrastructure catalogue …`: the lists of destinations that the deployment publishes, version after version.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use timbre_infrastructure::PublishedCatalogue;
use timbre_postage::Language;

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
pub(super) enum CatalogueCommand {
    /// Check and publish a new version of a catalogue; what it changes is told to whoever subscribes
    #[command(after_help = "\
Example:
  timbre infrastructure catalogue publish timbre-2027.toml

Announce a destination 30 days before it is used: give its row an effective_from.")]
    Publish {
        /// The catalogue, in TOML or JSON
        catalogue: PathBuf,
    },
    /// List every published version of every catalogue
    List,
}

pub(super) fn execute(
    file: &Path,
    command: CatalogueCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let catalogues = match command {
        CatalogueCommand::List => super::with_staff(file, async |staff| staff.catalogues().await)?,
        CatalogueCommand::Publish { catalogue } => {
            let name = catalogue.display().to_string();
            let text = std::fs::read_to_string(&catalogue)
                .map_err(|error| Failure::fault("catalogue", format!("{name}: {error}")))?;
            let publish = async |staff: timbre_infrastructure::Staff| {
                Ok(vec![staff.publish_catalogue(&name, &text).await?])
            };
            super::with_staff(file, publish)?
        }
    };
    output.show(&catalogues, || list(&catalogues, output.language()));
    Ok(Outcome::Done)
}

fn list(catalogues: &[PublishedCatalogue], language: Language) -> String {
    let heading = match language {
        Language::French => {
            ["Catalogue", "Version", "En vigueur du", "Destinations", "Publié", "Par"]
        }
        Language::English => {
            ["Catalogue", "Version", "In force from", "Destinations", "Published", "By"]
        }
    };
    table(
        heading,
        catalogues.iter().map(|row| {
            [
                row.catalogue.clone(),
                row.version.to_string(),
                row.effective_from.to_string(),
                row.endpoints.to_string(),
                row.published.to_string(),
                row.who.clone(),
            ]
        }),
    )
}
