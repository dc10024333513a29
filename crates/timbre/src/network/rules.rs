//! `timbre network rules`: a catalogue in a firewall's own words; what changed between two of them; what an existing
//! configuration would block.

mod diff;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use timbre_catalogue::Text;
use timbre_firewall::{Dialect, Mode, Net, Policy, RuleFile, Rules, Selection};
use timbre_postage::Language;

use super::choice::Choice;
use crate::cli::{OutputArgs, not_written};
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    question: Option<Question>,
    #[command(flatten)]
    write: WriteArgs,
}

const EXAMPLES: &str = "\
Examples:
  timbre network rules --dialect fortigate --source 10.1.2.3 --bypass
  timbre network rules --dialect nftables --source 10.1.2.3 --resolver 10.1.0.53 --output rules/
  timbre network rules --dialect cisco-asa --mode blocks --scope required
  timbre network rules dialects
  timbre network rules diff old.json new.json
  timbre network rules verify /etc/squid/squid.conf --kind squid";

#[derive(Subcommand)]
enum Question {
    /// Every dialect that can be written
    Dialects,
    /// What to open and what to close between two versions of a catalogue; status 1 when there is something
    Diff(diff::DiffArgs),
    /// What an existing configuration does to every destination, and by which line; status 2 when one is blocked
    Verify(verify::VerifyArgs),
}

#[derive(Args)]
struct WriteArgs {
    /// The firewall’s language; `timbre network rules dialects` lists them
    #[arg(long)]
    dialect: Option<Dialect>,
    #[command(flatten)]
    chosen: SelectionArgs,
    /// Write the files into this folder instead of printing them
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// What a firewall lets out, as it is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct SelectionArgs {
    #[command(flatten)]
    pub(super) choice: Choice,
    /// The meter’s address or network; once for each meter [default: everybody behind the firewall]
    #[arg(long, value_name = "ADDRESS")]
    source: Vec<Net>,
    /// The resolver that the meter asks; once for each [default: any]
    #[arg(long, value_name = "ADDRESS")]
    resolver: Vec<core::net::IpAddr>,
    /// By host name, by the published address blocks, or by both
    #[arg(long, value_name = "names|blocks|both", default_value = "names")]
    mode: Mode,
    /// Also write the exemption from TLS inspection, where the product inspects
    #[arg(long)]
    bypass: bool,
}

impl SelectionArgs {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            groups: self.choice.scope.0.clone(),
            sources: self.source.clone(),
            mode: self.mode,
            bypass: self.bypass,
            resolvers: self.resolver.clone(),
        }
    }
}

/// Writes rules, or answers a question about them.
pub(crate) fn execute(args: RulesArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    match args.question {
        None => write(&args.write, output),
        Some(Question::Dialects) => {
            dialects(output);
            Ok(Outcome::Done)
        }
        Some(Question::Diff(diff)) => diff::execute(&diff, output),
        Some(Question::Verify(verify)) => verify::execute(&verify, output),
    }
}

fn dialects(output: &OutputArgs) {
    #[derive(Serialize)]
    struct Row {
        dialect: &'static str,
        title: &'static str,
    }
    let rows: Vec<_> = Dialect::ALL
        .iter()
        .map(|dialect| Row { dialect: dialect.as_str(), title: dialect.title() })
        .collect();
    output.show(&rows, || {
        let rows = rows.iter().map(|row| [row.dialect.to_owned(), row.title.to_owned()]);
        crate::cli::table(["--dialect", output.language().pick("pare-feu", "firewall")], rows)
    });
}

fn write(args: &WriteArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let dialect = args.dialect.ok_or_else(|| {
        Failure::new(
            Kind::Refusal,
            "no-dialect",
            "pour quel pare-feu\u{a0}? Ajoutez --dialect\u{a0}; «\u{a0}timbre network rules dialects\u{a0}» en donne la liste",
            "for which firewall? Add --dialect; “timbre network rules dialects” lists them",
        )
    })?;
    let catalogue = args.chosen.choice.catalogue()?;
    let policy = Policy::of(&catalogue, &args.chosen.selection()).told_in(dialect);
    let rules = timbre_firewall::write(dialect, &policy, comments(output.language()));
    if let Some(folder) = &args.output {
        save(folder, &rules)?;
    }
    let told = Told::of(&policy, &rules);
    if output.json {
        output.print_json(&told);
    } else if args.output.is_none() {
        print(&rules, output);
    }
    if !output.json {
        told.say(output, args.output.as_deref());
    }
    let complete = rules.cannot.iter().all(|limit| limit.endpoints.is_empty());
    Ok(if complete { Outcome::Done } else { Outcome::Verdict(1) })
}

/// The language of comments inside the files.
pub(super) fn comments(language: Language) -> timbre_firewall::Language {
    language.pick(timbre_firewall::Language::French, timbre_firewall::Language::English)
}

/// The files to load, each under its name when there are several. The rollback is only written to a folder or to
/// JSON: nobody should paste it by mistake.
fn print(rules: &Rules, output: &OutputArgs) {
    let files: Vec<_> = rules.files.iter().chain(&rules.bypass).collect();
    if let [file] = files[..] {
        output.answer(&file.text);
        return;
    }
    let mut all = String::new();
    for file in &files {
        all += &heading(file);
        all += &file.text;
    }
    output.answer(&all);
    let count = files.len();
    output.note(
        &format!(
            "attention\u{a0}: {count} fichiers sont affichés, chacun sous son nom\u{a0}: chargez-les un à un (--output DOSSIER les sépare)"
        ),
        &format!(
            "warning: {count} files are shown, each under its name: load them one by one (--output DIR separates them)"
        ),
    );
}

/// The name of a file on a line that its own product takes for a comment, where it has comments.
fn heading(file: &RuleFile) -> String {
    let (begin, end) = match file.text.trim_start() {
        text if text.starts_with('!') => ("!", ""),
        text if text.starts_with("//") => ("//", ""),
        text if text.starts_with('<') => ("<!--", " -->"),
        _ => ("#", ""),
    };
    format!("{begin} ===== {} ====={end}\n", file.name)
}

fn save(folder: &Path, rules: &Rules) -> Result<(), Failure> {
    let fault = |path: &Path, error| not_written(path.display(), &error);
    std::fs::create_dir_all(folder).map_err(|error| fault(folder, error))?;
    for file in rules.every_file() {
        let path = folder.join(&file.name);
        std::fs::write(&path, &file.text).map_err(|error| fault(&path, error))?;
    }
    Ok(())
}

/// What was written, for a program; what to know, for a person.
#[derive(Serialize)]
struct Told<'a> {
    catalogue: &'a str,
    version: &'a str,
    files: Vec<File<'a>>,
    bypass: Option<File<'a>>,
    rollback: File<'a>,
    notes: Vec<Said<'a>>,
    warnings: Vec<Said<'a>>,
    cannot: Vec<Said<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Said<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    endpoints: Vec<&'a str>,
    fr: &'a str,
    en: &'a str,
}

impl<'a> Said<'a> {
    fn of(endpoints: Vec<&'a str>, text: &'a Text) -> Self {
        Said { endpoints, fr: &text.fr, en: &text.en }
    }
}

impl<'a> Told<'a> {
    fn of(policy: &'a Policy, rules: &'a Rules) -> Self {
        let file = |file: &'a RuleFile| File { name: &file.name, text: &file.text };
        let ids = |warning: &'a timbre_firewall::Warning| {
            warning.endpoint.iter().map(timbre_catalogue::EndpointId::as_str).collect()
        };
        Told {
            catalogue: &policy.catalogue,
            version: &policy.version,
            files: rules.files.iter().map(file).collect(),
            bypass: rules.bypass.as_ref().map(file),
            rollback: file(&rules.rollback),
            notes: rules.notes.iter().map(|note| Said::of(Vec::new(), note)).collect(),
            warnings: policy.warnings.iter().map(|w| Said::of(ids(w), &w.text)).collect(),
            cannot: rules
                .cannot
                .iter()
                .map(|limit| {
                    let ids = limit.endpoints.iter().map(timbre_catalogue::EndpointId::as_str);
                    Said::of(ids.collect(), &limit.text)
                })
                .collect(),
        }
    }

    /// On standard error, so that standard output can be loaded as it is.
    fn say(&self, output: &OutputArgs, folder: Option<&Path>) {
        if let Some(folder) = folder {
            let names = self.files.iter().chain(&self.bypass).chain([&self.rollback]);
            for file in names {
                let path = folder.join(file.name);
                output.note(
                    &format!("écrit\u{a0}: {}", path.display()),
                    &format!("written: {}", path.display()),
                );
            }
        }
        for warning in &self.warnings {
            output.note(
                &format!("attention\u{a0}: {}{}", place(warning, "\u{a0}: "), warning.fr),
                &format!("warning: {}{}", place(warning, ": "), warning.en),
            );
        }
        for limit in &self.cannot {
            output.note(
                &format!("reste fermé\u{a0}: {}{}", place(limit, "\u{a0}: "), limit.fr),
                &format!("stays closed: {}{}", place(limit, ": "), limit.en),
            );
        }
    }
}

fn place(said: &Said<'_>, colon: &str) -> String {
    if said.endpoints.is_empty() { String::new() } else { said.endpoints.join(", ") + colon }
}
