//! The command line, declared once: what can be asked, with examples. What each command does is in the module of
//! its noun.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use timbre_postage::{Amount, Currency, Language};

use crate::demo::DemoArgs;
use crate::infrastructure::InfrastructureArgs;
use crate::mark::MarkArgs;
use crate::meter::MeterArgs;
use crate::outcome::Failure;

/// An open postage-metering system: the meter that franks mail and the infrastructure behind it.
///
/// Without a command it runs the demonstration: an infrastructure and a meter of its own, real mail franked, and the
/// books balanced to the cent.
#[derive(Parser)]
#[command(name = "timbre", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) demo: DemoArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

const EXAMPLES: &str = "\
Examples:
  timbre                                         run the demonstration in ./timbre-demo
  timbre demo --keep-running                     … and leave both machines up until Ctrl-C
  timbre infrastructure serve --config infrastructure.toml
  timbre meter frank --weight 42g --to US
  timbre meter run outgoing-mail.csv --dry-run
  timbre mark show marks/000001.png

Exit status: 0 done · 1 done, but some pieces were set aside · 2 wrong usage · 3 refused by a rule
             4 something around it failed (network, disk, database) · 5 something is not genuine";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the whole path of a piece of mail, with real parts, in one folder
    Demo(DemoArgs),
    /// The machine that franks mail
    Meter(MeterArgs),
    /// The services behind the meters, and what their staff do
    Infrastructure(InfrastructureArgs),
    /// Read postage marks and check that they are genuine
    Mark(MarkArgs),
}

/// How answers are shown.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of messages; the default follows LC_ALL, LC_MESSAGES or LANG
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    language: Option<LanguageArg>,
    /// Say more of what goes on, on standard error (RUST_LOG does the same, finer)
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LanguageArg {
    Fr,
    En,
}

impl OutputArgs {
    /// The language asked for, else that of the locale.
    pub(crate) fn language(&self) -> Language {
        match self.language {
            Some(LanguageArg::Fr) => Language::French,
            Some(LanguageArg::En) => Language::English,
            None => ["LC_ALL", "LC_MESSAGES", "LANG"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
                .map_or(Language::English, |locale| Language::from_locale(&locale)),
        }
    }
}

impl OutputArgs {
    /// Shows an answer: as JSON if that was asked for, else as `text` says it.
    pub(crate) fn show<T: Serialize>(&self, answer: &T, text: impl FnOnce() -> String) {
        if self.json {
            self.print_json(answer);
        } else {
            anstream::println!("{}", text());
        }
    }

    /// Prints an answer as JSON.
    pub(crate) fn print_json<T: Serialize>(&self, answer: &T) {
        let text = serde_json::to_string_pretty(answer)
            .expect("answers are plain data and always serialise");
        anstream::println!("{text}");
    }

    /// A line for the person at the terminal, on standard error, so that it never mixes with an answer.
    pub(crate) fn note(&self, french: &str, english: &str) {
        anstream::eprintln!("{}", self.language().pick(french, english));
    }
}

/// An amount that was typed, in the currency of the account or meter that it is for.
pub(crate) fn amount(text: &str, currency: Currency) -> Result<Amount, Failure> {
    Amount::parse(text, currency).map_err(|error| Failure::refusal("bad-argument", error))
}

/// A table for a person: right for reading, and still one row a line for `grep`.
pub(crate) fn table<const N: usize>(
    heading: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(heading);
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}

/// Where a meter keeps what it must not lose when none is named: `$XDG_DATA_HOME/timbre/meter`.
pub(crate) fn default_meter_dir() -> PathBuf {
    xdg("XDG_DATA_HOME", ".local/share").join("timbre/meter")
}

/// Where the infrastructure's configuration is when none is named: `$XDG_CONFIG_HOME/timbre/infrastructure.toml`.
pub(crate) fn default_infrastructure_config() -> PathBuf {
    xdg("XDG_CONFIG_HOME", ".config").join("timbre/infrastructure.toml")
}

fn xdg(variable: &str, under_home: &str) -> PathBuf {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map_or_else(
        || {
            let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
            home.join(under_home)
        },
        PathBuf::from,
    )
}
