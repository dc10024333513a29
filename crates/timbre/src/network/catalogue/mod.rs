//! `timbre network catalogue …`: the destinations themselves: which they are, where a document contradicts itself,
//! the same for other programs, and what a new version changes. It reads files and opens no connection.

mod changes;
mod export;
mod lint;
mod list;
mod show;
mod verify;

use clap::{Args, Subcommand, ValueEnum};
use timbre_catalogue::{Catalogue, Text};
use timbre_postage::Language;

use super::choice::{Choice, Scope};
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CatalogueArgs {
    #[command(subcommand)]
    command: CatalogueCommand,
}

const EXAMPLES: &str = "\
Examples:
  timbre network catalogue show
  timbre network catalogue show distributor.sign-in
  timbre network catalogue lint --catalogue connect-plus-sendpro-p --language fr
  timbre network catalogue export --format hosts > hosts.txt
  timbre network catalogue changes old.json new.json
  timbre network catalogue schema > catalogue.schema.json";

#[derive(Subcommand)]
enum CatalogueCommand {
    /// The catalogues that come with this program
    List,
    /// Every destination, by service
    Show(show::ShowArgs),
    /// Where the document contradicts itself, and what to do about it
    Lint(lint::LintArgs),
    /// The same for other programs: JSON, CSV, or a plain list to which a firewall subscribes
    Export(export::ExportArgs),
    /// What a new version asks of whoever built rules from the old one
    Changes(changes::ChangesArgs),
    /// Whether what was fetched from a deployment is its own, by the signature that came with it
    Verify(verify::VerifyArgs),
    /// The JSON Schema of what `export --format json` or `changes --json` prints
    Schema {
        /// Which of the two
        #[arg(value_enum, default_value = "catalogue")]
        form: Form,
    },
}

/// The JSON documents that are published.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Catalogue,
    Changes,
}

/// Carries out one catalogue command.
pub(crate) fn execute(args: CatalogueArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    match args.command {
        CatalogueCommand::List => {
            list::execute(output);
            Ok(Outcome::Done)
        }
        CatalogueCommand::Show(show) => show::execute(&show, output),
        CatalogueCommand::Lint(lint) => lint::execute(&lint, output),
        CatalogueCommand::Export(export) => export::execute(&export, output),
        CatalogueCommand::Changes(changes) => changes::execute(&changes, output),
        CatalogueCommand::Verify(verify) => verify::execute(&verify, output),
        CatalogueCommand::Schema { form } => {
            let schema = match form {
                Form::Catalogue => timbre_catalogue::export::JSON_SCHEMA,
                Form::Changes => timbre_catalogue::changes::JSON_SCHEMA,
            };
            output.answer(schema);
            Ok(Outcome::Done)
        }
    }
}

/// Which document a command is about.
#[derive(Args, Clone, Debug)]
struct Document {
    /// The destinations: a shipped catalogue (`timbre network catalogue list`) or a file (TOML or JSON)
    #[arg(long, value_name = "NAME|FILE", default_value = "connect-plus-sendpro-p")]
    catalogue: String,
    /// The domain of a timbre deployment, for the catalogue “timbre”
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
}

impl Document {
    /// The catalogue, with the rows of these groups.
    fn open(&self, scope: &Scope) -> Result<Catalogue, Failure> {
        let choice = Choice {
            catalogue: self.catalogue.clone(),
            scope: scope.clone(),
            domain: self.domain.clone(),
        };
        Ok(choice.catalogue()?.only(&scope.0))
    }
}

/// A text in the language of the terminal.
fn said(text: &Text, language: Language) -> &str {
    language.pick(&text.fr, &text.en)
}

/// One line on what a catalogue is.
fn headline(catalogue: &Catalogue, language: Language) -> String {
    let (id, version, from) = (catalogue.id(), catalogue.version(), catalogue.effective_from());
    language.pick(
        format!("{id}, version {version}, en vigueur dès le {from}"),
        format!("{id}, version {version}, effective from {from}"),
    )
}
