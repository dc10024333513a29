//! `timbre infrastructure rates …`: the rate tables that meters download.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use timbre_infrastructure::PublishedTable;
use timbre_postage::Language;

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
pub(super) enum RatesCommand {
    /// Check, sign and publish rate tables
    Publish(PublishArgs),
    /// List the published tables
    List,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure rates publish ca-metered-2026-01-12.toml
  timbre infrastructure rates publish --shipped canada")]
pub(super) struct PublishArgs {
    /// Rate tables
    #[arg(required_unless_present = "shipped")]
    files: Vec<PathBuf>,
    /// Publish the tables that come with timbre: canada or united-states
    #[arg(long, value_name = "MARKET", conflicts_with = "files")]
    shipped: Option<Market>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Market {
    Canada,
    UnitedStates,
}

impl Market {
    fn prefix(self) -> &'static str {
        match self {
            Market::Canada => "ca-",
            Market::UnitedStates => "us-",
        }
    }
}

pub(super) fn execute(
    file: &Path,
    command: RatesCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let tables = match command {
        RatesCommand::List => super::with_staff(file, async |staff| staff.rates().await)?,
        RatesCommand::Publish(args) => {
            let texts = texts(args)?;
            super::with_staff(file, async |staff| {
                let mut published = Vec::new();
                for text in &texts {
                    published.push(staff.publish_rates(text).await?);
                }
                Ok(published)
            })?
        }
    };
    output.show(&tables, || list(&tables, output.language()));
    Ok(Outcome::Done)
}

fn texts(args: PublishArgs) -> Result<Vec<String>, Failure> {
    if let Some(market) = args.shipped {
        return Ok(shipped(market.prefix()).map(str::to_owned).collect());
    }
    let read = |file: PathBuf| {
        std::fs::read_to_string(&file)
            .map_err(|error| Failure::fault("rate-table", format!("{}: {error}", file.display())))
    };
    args.files.into_iter().map(read).collect()
}

/// The tables that come with timbre whose names begin with `prefix`.
pub(crate) fn shipped(prefix: &str) -> impl Iterator<Item = &'static str> {
    timbre_postage::rates::shipped()
        .iter()
        .filter(move |(name, _)| name.starts_with(prefix))
        .map(|(_, text)| *text)
}

fn list(tables: &[PublishedTable], language: Language) -> String {
    let heading = match language {
        Language::French => ["Table", "Devise", "En vigueur du", "au", "Publiée"],
        Language::English => ["Table", "Currency", "In force from", "until", "Published"],
    };
    table(
        heading,
        tables.iter().map(|row| {
            [
                row.name.clone(),
                row.currency.to_string(),
                row.effective_from.to_string(),
                row.effective_until.map_or_else(String::new, |date| date.to_string()),
                row.published.to_string(),
            ]
        }),
    )
}
