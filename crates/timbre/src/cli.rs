//! The command line, declared once: what can be asked, with examples. What each command does is in the module of
//! its noun.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
#[cfg(feature = "network")]
use std::path::Path;

#[cfg(feature = "machines")]
use clap::Command as Declaration;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use timbre_postage::Language;

#[cfg(feature = "network")]
use crate::network::NetworkArgs;
use crate::outcome::{Failure, Kind};
#[cfg(feature = "machines")]
use crate::{demo::DemoArgs, infrastructure::InfrastructureArgs, mark::MarkArgs, meter::MeterArgs};

/// An open postage-metering system: the meter that franks mail and the infrastructure behind it.
///
/// Without a command it runs the demonstration: an infrastructure and a meter of its own, real mail franked, and the
/// books balanced to the cent.
#[cfg(feature = "machines")]
#[derive(Parser)]
#[command(name = "timbre", version, after_help = EXAMPLES, max_term_width = 100)]
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
    read().unwrap_or_else(|error| {
        #[cfg(feature = "network")]
        if error.use_stderr() && is_about_network() {
            // Nothing more can be said if standard error is gone.
            let _ = error.print();
            std::process::exit(USAGE.into());
        }
        error.exit()
    })
}

fn read() -> Result<Cli, clap::Error> {
    let mut declaration = Cli::command();
    let mut matches = declaration.try_get_matches_from_mut(std::env::args_os())?;
    #[cfg(feature = "machines")]
    if let Some(noun) = matches.subcommand_name() {
        refuse_stray_options(&mut declaration, noun)?;
    }
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut declaration))
}

/// The demonstration's options mean nothing before another command. The global ones stand anywhere, which is why
/// clap's own rule (`args_conflicts_with_subcommands`) is not used: it refuses those too. What was typed is looked at,
/// since clap hands a command's global options, such as those of `meter`, to what stands before it.
#[cfg(feature = "machines")]
fn refuse_stray_options(declaration: &mut Declaration, noun: &str) -> Result<(), clap::Error> {
    let own = DemoArgs::augment_args(Declaration::new("demo"));
    let longs: Vec<&str> = own
        .get_arguments()
        .filter_map(|option| option.get_long_and_visible_aliases())
        .flatten()
        .collect();
    let typed = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let before = typed.take_while(|word| word != noun);
    let mut names = before.filter_map(|word| {
        let name = word.strip_prefix("--")?.split('=').next()?.to_owned();
        longs.contains(&name.as_str()).then_some(name)
    });
    match names.next() {
        None => Ok(()),
        Some(name) => Err(declaration.error(
            clap::error::ErrorKind::ArgumentConflict,
            format!("'--{name}' is the demonstration's and cannot be used before '{noun}'"),
        )),
    }
}

/// Whether the command that was typed is one of `network`, by its first word that is no option.
#[cfg(feature = "network")]
fn is_about_network() -> bool {
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        match word.to_string_lossy().as_ref() {
            "--language" => drop(words.next()),
            option if option.starts_with('-') => {}
            noun => return noun == "network",
        }
    }
    false
}

/// The status when an answer cannot be written: the environment failed.
fn unwritten() -> i32 {
    #[cfg(feature = "network")]
    if is_about_network() {
        return 3;
    }
    4
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
            self.answer(&(text() + "\n"));
        }
    }

    /// Prints an answer as JSON.
    pub(crate) fn print_json<T: Serialize>(&self, answer: &T) {
        let text = serde_json::to_string_pretty(answer)
            .expect("answers are plain data and always serialise");
        self.answer(&(text + "\n"));
    }

    /// Writes to standard output, as [`answer`] does.
    pub(crate) fn answer(&self, text: &str) {
        answer(text, self.language());
    }

    /// A line for the person at the terminal, on standard error, so that it never mixes with an answer.
    pub(crate) fn note(&self, french: &str, english: &str) {
        say(self.language().pick(french, english));
    }
}

/// Writes to standard output, which holds the answer alone. That a reader has seen enough (`| head`) is no failure; a
/// full disk is one, and it ends the program: what was asked for is not there.
pub(crate) fn answer(text: &str, language: Language) {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let place = language.pick("la sortie standard", "standard output");
            let failure = not_written(place, &error);
            say(&format!("timbre: {}", failure.message(language)));
            std::process::exit(unwritten());
        }
        _ => {}
    }
}

/// A line on standard error. Nothing more can be said if that is gone.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// A file that was named and cannot be read.
#[cfg(feature = "network")]
pub(crate) fn unreadable(file: &Path, error: &io::Error) -> Failure {
    let file = file.display();
    Failure::new(
        Kind::Refusal,
        "unreadable-file",
        format!("{file} ne peut être lu\u{a0}: {}", in_french(error)),
        format!("{file} cannot be read: {}", in_english(error)),
    )
}

/// An answer that its place does not take.
pub(crate) fn not_written(place: impl Display, error: &io::Error) -> Failure {
    Failure::new(
        Kind::Fault,
        "not-written",
        format!("{place}\u{a0}: impossible d’y écrire\u{a0}: {}", in_french(error)),
        format!("{place} cannot be written: {}", in_english(error)),
    )
}

/// Why the system refused, where it is one of the usual reasons; else in the system's own words.
pub(crate) fn in_french(error: &io::Error) -> String {
    let usual = match error.kind() {
        ErrorKind::NotFound => "aucun fichier ni dossier de ce nom",
        ErrorKind::PermissionDenied => "permission refusée",
        ErrorKind::IsADirectory => "c’est un dossier",
        ErrorKind::NotADirectory => "ce n’est pas un dossier",
        ErrorKind::AlreadyExists => "un fichier de ce nom existe déjà",
        ErrorKind::ReadOnlyFilesystem => "le système de fichiers est en lecture seule",
        ErrorKind::StorageFull => "il n’y a plus de place",
        ErrorKind::InvalidData => "ce n’est pas du texte en UTF-8",
        _ => return error.to_string(),
    };
    usual.to_owned()
}

/// The same in English, where the system speaks of streams to a person who named a file.
pub(crate) fn in_english(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        _ => error.to_string(),
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

/// The same rows for a spreadsheet (RFC 4180); the heading is the same in every language.
#[cfg(feature = "machines")]
pub(crate) fn csv<const N: usize>(
    heading: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    let written = std::iter::once(heading.map(str::to_owned))
        .chain(rows)
        .try_for_each(|row| writer.write_record(row));
    written.expect("invariant: every row has the same columns, and memory takes them all");
    let bytes = writer.into_inner().expect("invariant: memory takes them all");
    String::from_utf8(bytes).expect("invariant: it was written from text")
}
