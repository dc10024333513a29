//! `timbre infrastructure cases …`: what was found and a person must look into, from its opening to its resolution.

use std::path::Path;

use clap::{Args, Subcommand};
use timbre_infrastructure::staff::{CaseDeed, CaseFilter, CaseStory, KINDS, Kind, Severity};
use timbre_infrastructure::{Case, CaseState, Resolution};
use timbre_postage::{Language, MeterSerial};

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  timbre infrastructure cases                                    what is open
  timbre infrastructure cases list --severity serious --csv > cases.csv
  timbre infrastructure cases show TM0000042 1
  timbre infrastructure cases assign TM0000042 1 --to Alice
  timbre infrastructure cases note TM0000042 1 --wait 'asked the customer for the meter'
  timbre infrastructure cases resolve TM0000042 1 --as explained 'restored by us from a backup'
  timbre infrastructure cases kinds                              every kind of finding, and which suspend"
)]
pub(super) struct CasesArgs {
    #[command(subcommand)]
    command: Option<CasesCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Subcommand)]
enum CasesCommand {
    /// List cases, those that are open unless asked otherwise
    List(ListArgs),
    /// Show a case: its evidence, what to do, everything that happened to it
    Show(Which),
    /// Give a case to somebody
    Assign {
        #[command(flatten)]
        case: Which,
        /// Whom
        #[arg(long)]
        to: String,
    },
    /// Add a note
    Note {
        #[command(flatten)]
        case: Which,
        /// What was found out or done
        text: String,
        /// An answer or a device is waited for
        #[arg(long)]
        wait: bool,
    },
    /// End a case
    Resolve {
        #[command(flatten)]
        case: Which,
        /// How it ended: corrected, explained, false-alarm, fraud or written-off
        #[arg(long = "as", value_name = "RESOLUTION")]
        resolution: Resolution,
        /// … and in words
        text: String,
    },
    /// Take a case up again
    Reopen {
        #[command(flatten)]
        case: Which,
        /// Why
        text: String,
    },
    /// List every kind of finding: how grave, whether it suspends, what the provider does
    Kinds,
}

#[derive(Args)]
struct Which {
    /// The meter
    serial: MeterSerial,
    /// The number of the case
    number: u64,
}

#[derive(Args)]
struct ListArgs {
    /// One meter; without it, all
    serial: Option<MeterSerial>,
    /// In this state: open, assigned, waiting or resolved
    #[arg(long)]
    state: Option<CaseState>,
    /// Those that are resolved as well
    #[arg(long)]
    all: bool,
    /// Of this kind, such as device-cloned
    #[arg(long, value_name = "KIND")]
    code: Option<String>,
    /// Of this gravity or more: notice, warning, serious or critical
    #[arg(long)]
    severity: Option<Severity>,
    /// Of this person
    #[arg(long)]
    owner: Option<String>,
    /// As CSV, every column and the evidence
    #[arg(long)]
    csv: bool,
}

pub(super) fn execute(
    file: &Path,
    args: CasesArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    match args.command.unwrap_or(CasesCommand::List(args.list)) {
        CasesCommand::List(list) => list_cases(file, list, output),
        CasesCommand::Show(Which { serial, number }) => {
            let story = super::with_staff(file, async |staff| staff.case(serial, number).await)?;
            output.show(&story, || told(&story, output.language()));
            Ok(Outcome::Done)
        }
        CasesCommand::Assign { case, to } => {
            act(file, case, CaseDeed::Assign { owner: to }, output)
        }
        CasesCommand::Note { case, text, wait } => {
            act(file, case, CaseDeed::Note { text, waits: wait }, output)
        }
        CasesCommand::Resolve { case, resolution, text } => {
            act(file, case, CaseDeed::Resolve { resolution, text }, output)
        }
        CasesCommand::Reopen { case, text } => act(file, case, CaseDeed::Reopen { text }, output),
        CasesCommand::Kinds => {
            output.show(&KINDS, || kinds(output.language()));
            Ok(Outcome::Done)
        }
    }
}

fn act(
    file: &Path,
    Which { serial, number }: Which,
    deed: CaseDeed,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let case = super::with_staff(file, async |staff| staff.on_case(serial, number, deed).await)?;
    output.show(&case, || rows([&case].into_iter(), output.language()));
    Ok(Outcome::Done)
}

fn list_cases(file: &Path, args: ListArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let ListArgs { serial, state, all, code, severity, owner, csv } = args;
    let filter = CaseFilter { meter: serial, state, all, code, severity, owner };
    let cases = super::with_staff(file, async |staff| staff.find_cases(&filter).await)?;
    if csv {
        output.answer(&as_csv(&cases)?);
        return Ok(Outcome::Done);
    }
    output.show(&cases, || rows(cases.iter(), output.language()));
    Ok(Outcome::Done)
}

fn rows<'c>(cases: impl Iterator<Item = &'c Case>, language: Language) -> String {
    let heading = match language {
        Language::French => {
            ["Compteur", "Dossier", "Ouvert", "Gravité", "État", "Responsable", "Motif", "Détail"]
        }
        Language::English => {
            ["Meter", "Case", "Opened", "Severity", "State", "Owner", "Kind", "Detail"]
        }
    };
    let row = |case: &Case| {
        [
            case.meter.to_string(),
            case.number.to_string(),
            format!("{:.16}", case.opened.to_string().replace('T', " ")),
            case.severity.name(language).to_owned(),
            case.state.name(language).to_owned(),
            case.owner.clone().unwrap_or_default(),
            case.code.clone(),
            case.detail.clone(),
        ]
    };
    table(heading, cases.map(row))
}

fn as_csv(cases: &[Case]) -> Result<String, Failure> {
    let fault = |error: &dyn std::fmt::Display| Failure::fault("csv", error);
    let mut out = csv::Writer::from_writer(Vec::new());
    let heading = [
        "meter",
        "case",
        "opened",
        "code",
        "severity",
        "state",
        "owner",
        "detail",
        "evidence",
        "closed",
        "resolution",
        "resolution_text",
        "follows",
    ];
    out.write_record(heading).map_err(|error| fault(&error))?;
    for case in cases {
        let evidence = serde_json::to_string(&case.evidence).map_err(|error| fault(&error))?;
        let row = [
            case.meter.to_string(),
            case.number.to_string(),
            case.opened.to_string(),
            case.code.clone(),
            case.severity.as_str().to_owned(),
            case.state.as_str().to_owned(),
            case.owner.clone().unwrap_or_default(),
            case.detail.clone(),
            evidence,
            case.closed.map_or_else(String::new, |closed| closed.to_string()),
            case.resolution.map_or("", Resolution::as_str).to_owned(),
            case.resolution_text.clone().unwrap_or_default(),
            case.follows.map_or_else(String::new, |follows| follows.to_string()),
        ];
        out.write_record(row).map_err(|error| fault(&error))?;
    }
    let bytes = out.into_inner().map_err(|error| fault(&error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| fault(&error))
}

/// One case, as a person looks into it.
fn told(CaseStory { case, events }: &CaseStory, language: Language) -> String {
    let kind = Kind::of(&case.code);
    let mut lines = vec![format!(
        "{} — {} {}: {} ({}, {})",
        case.meter,
        language.pick("dossier", "case"),
        case.number,
        kind.map_or(case.code.as_str(), |kind| kind.title(language)),
        case.severity.name(language),
        case.state.name(language),
    )];
    let mut say = |french: &str, english: &str, text: Option<&str>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            lines.push(format!("  {:<14}{text}", language.pick(french, english)));
        }
    };
    let evidence = &case.evidence;
    let records: Vec<String> = evidence.records.iter().map(u64::to_string).collect();
    let since = evidence.since.map(|since| since.to_string());
    let follows = case.follows.map(|number| number.to_string());
    say("constat", "found", Some(&case.detail));
    say("attendu", "expected", evidence.expected.as_deref());
    say("trouvé", "found", evidence.found.as_deref());
    say("relevés", "records", Some(&records.join(", ")));
    say("depuis", "since", since.as_deref());
    for (name, value) in &evidence.facts {
        say(name, name, Some(value));
    }
    say("responsable", "owner", case.owner.as_deref());
    say("à faire", "what to do", kind.map(|kind| kind.action(language)));
    say("issue", "resolution", case.resolution.map(Resolution::as_str));
    say("", "", case.resolution_text.as_deref());
    say("fait suite à", "follows", follows.as_deref());
    let heading = match language {
        Language::French => ["Quand", "Qui", "Quoi", "Détail"],
        Language::English => ["When", "Who", "What", "Detail"],
    };
    let events = events.iter().map(|event| {
        [event.at.to_string(), event.who.clone(), event.what.clone(), event.detail.clone()]
    });
    lines.push(table(heading, events));
    lines.join("\n")
}

fn kinds(language: Language) -> String {
    let heading = match language {
        Language::French => ["Code", "Gravité", "Suspend", "Constat", "À faire"],
        Language::English => ["Code", "Severity", "Suspends", "What it is", "What to do"],
    };
    let row = |kind: &Kind| {
        let suspends = if kind.suspends { language.pick("oui", "yes") } else { "" };
        [
            kind.code.to_owned(),
            kind.severity.name(language).to_owned(),
            suspends.to_owned(),
            kind.title(language).to_owned(),
            kind.action(language).to_owned(),
        ]
    };
    table(heading, KINDS.iter().map(row))
}
