//! The command line, declared once: what can be asked, with examples. What each command does is in the module of
//! its noun.

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use timbre_postage::Language;

#[cfg(feature = "network")]
use crate::network::NetworkArgs;
#[cfg(feature = "machines")]
use crate::{demo::DemoArgs, infrastructure::InfrastructureArgs, mark::MarkArgs, meter::MeterArgs};

/// An open postage-metering system: the meter that franks mail and the infrastructure behind it.
///
/// Without a command it runs the demonstration: an infrastructure and a meter of its own, real mail franked, and the
/// books balanced to the cent.
#[cfg(feature = "machines")]
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

/// The network of a postage meter: test it, get the firewall's rules, read its list of destinations.
#[cfg(not(feature = "machines"))]
#[derive(Parser)]
#[command(name = "timbre", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[cfg(feature = "machines")]
const EXAMPLES: &str = "\
Examples:
  timbre                                         run the demonstration in ./timbre-demo
  timbre demo --keep-running                     … and leave both machines up until Ctrl-C
  timbre infrastructure serve --config infrastructure.toml
  timbre meter frank --weight 42g --to US
  timbre meter run outgoing-mail.csv --dry-run
  timbre mark show marks/000001.png
  timbre network test --catalogue connect-plus-sendpro-p
  timbre network rules --dialect fortigate --source 10.1.2.3

Exit status: 0 done · 1 done, but some pieces were set aside · 2 wrong usage · 3 refused by a rule
             4 something around it failed (network, disk, database) · 5 something is not genuine
             (timbre network has its own: see timbre network --help)";

/// The status of a command line that makes no sense, under `network` (BSD’s EX_USAGE): 2 is a verdict there.
#[cfg(feature = "network")]
pub(crate) const USAGE: u8 = 64;

/// Reads the command line, or says what is wrong with it and ends.
pub(crate) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        #[cfg(feature = "network")]
        if error.use_stderr() && is_about_network() {
            // Nothing more can be said if standard error is gone.
            let _ = error.print();
            std::process::exit(USAGE.into());
        }
        error.exit()
    })
}

#[cfg(feature = "network")]
fn is_about_network() -> bool {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    words.next().as_deref() == Some("network")
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the whole path of a piece of mail, with real parts, in one folder
    #[cfg(feature = "machines")]
    Demo(DemoArgs),
    /// The machine that franks mail
    #[cfg(feature = "machines")]
    Meter(MeterArgs),
    /// The services behind the meters, and what their staff do
    #[cfg(feature = "machines")]
    Infrastructure(InfrastructureArgs),
    /// Read postage marks and check that they are genuine
    #[cfg(feature = "machines")]
    Mark(MarkArgs),
    /// Test the network, print firewall rules, list every destination
    #[cfg(feature = "network")]
    Network(NetworkArgs),
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
