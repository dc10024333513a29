//! `timbre infrastructure audit …`: whether the books are as they were written, and what an auditor takes away.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use timbre_infrastructure::staff::{ExportFilter, Progress, Verification, Watcher};
use timbre_postage::{Language, MeterSerial};

use crate::cli::{OutputArgs, not_written, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
#[command(after_help = "\
Examples:
  timbre infrastructure audit verify
  timbre infrastructure audit head --output head-2026-11.txt      keep it where the database is not
  timbre infrastructure audit verify --against head-2026-11.txt
  timbre infrastructure audit export books-2026 --from 2026-01-01 --to 2026-12-31
  timbre infrastructure audit log TM0000042")]
pub(super) enum AuditCommand {
    /// Check every row against its seal, every chain and every sum
    Verify(VerifyArgs),
    /// Take the signed head of the books, to hold them against later
    Head(HeadArgs),
    /// Copy the books to a folder that can be checked without this program
    Export(ExportArgs),
    /// Print the audit log: who did what, when
    Log(LogArgs),
}

#[derive(Args)]
pub(super) struct VerifyArgs {
    /// A head that was taken earlier: the books must continue it
    #[arg(long, value_name = "HEAD")]
    against: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct HeadArgs {
    /// Where to write it; without it, to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct ExportArgs {
    /// A folder that is new or empty
    folder: PathBuf,
    /// From this day on (universal time)
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Up to and with this day
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Of one meter
    #[arg(long, value_name = "SERIAL")]
    meter: Option<MeterSerial>,
}

#[derive(Args)]
pub(super) struct LogArgs {
    /// About one subject: TM0000042, "account 10000001", rates, keys, books
    subject: Option<String>,
}

pub(super) fn execute(
    file: &Path,
    command: AuditCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    match command {
        AuditCommand::Verify(args) => verify(file, args, output),
        AuditCommand::Head(args) => head(file, args, output),
        AuditCommand::Export(args) => export(file, args, output),
        AuditCommand::Log(args) => log(file, args, output),
    }
}

fn verify(file: &Path, args: VerifyArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let head = args.against.map(|head| {
        fs::read_to_string(&head).map_err(|error| {
            Failure::refusal("unreadable-file", format!("{}: {error}", head.display()))
        })
    });
    let (head, bar) = (head.transpose()?, bar(output.language().pick("sceaux", "seals")));
    let verified = super::with_staff(file, async |staff| {
        let head = match &head {
            Some(text) => Some(staff.read_head(text).await?),
            None => None,
        };
        staff.verify_books(head, watcher(&bar)).await
    })?;
    bar.finish_and_clear();
    output.show(&verified, || story(&verified, output.language()));
    Ok(if verified.intact { Outcome::Done } else { Outcome::NotGenuine })
}

fn story(verified: &Verification, language: Language) -> String {
    let rows: u64 = verified.rows.values().sum();
    let checked = match language {
        Language::French => format!(
            "{} lignes de {} tables vérifiées contre {} sceaux de {} sujets.",
            rows,
            verified.rows.len(),
            verified.seals,
            verified.subjects
        ),
        Language::English => format!(
            "{} rows of {} tables checked against {} seals of {} subjects.",
            rows,
            verified.rows.len(),
            verified.seals,
            verified.subjects
        ),
    };
    if verified.intact {
        let sound = language.pick("Les livres sont intacts.", "The books are intact.");
        return format!("{checked}\n{sound}");
    }
    let heading = match language {
        Language::French => ["Constat", "Table", "Ligne", "Sujet", "Détail"],
        Language::English => ["What", "Table", "Row", "Subject", "Detail"],
    };
    let rows = verified.damages.iter().map(|damage| {
        [
            damage.kind.title(language).to_owned(),
            damage.table.clone(),
            damage.row.clone(),
            damage.subject.clone(),
            damage.detail.clone(),
        ]
    });
    let found = verified.damages.len() as u64 + verified.more_damages;
    let unsound = match language {
        Language::French => format!("Les livres ne sont PAS intacts\u{a0}: {found} constats."),
        Language::English => format!("The books are NOT intact: {found} findings."),
    };
    format!("{checked}\n{}\n{unsound}", table(heading, rows))
}

fn head(file: &Path, args: HeadArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let head = super::with_staff(file, async |staff| staff.audit_head().await)?;
    match args.output {
        None => output.answer(head.text()),
        Some(to) => {
            let fault = |error: io::Error| not_written(to.display(), &error);
            let mut new = File::create_new(&to).map_err(fault)?;
            new.write_all(head.text().as_bytes()).and_then(|()| new.sync_all()).map_err(fault)?;
            let (root, subjects) = (&head.root, head.subjects());
            output.note(
                &format!("Empreinte de {subjects} sujets dans {}, racine {root}.", to.display()),
                &format!("Head of {subjects} subjects in {}, root {root}.", to.display()),
            );
        }
    }
    Ok(Outcome::Done)
}

fn export(file: &Path, args: ExportArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let ExportArgs { folder, from, to, meter } = args;
    let (filter, bar) =
        (ExportFilter { from, to, meter }, bar(output.language().pick("lignes", "rows")));
    let manifest = super::with_staff(file, async |staff| {
        staff.export_books(&folder, filter, watcher(&bar)).await
    })?;
    bar.finish_and_clear();
    output.show(&manifest, || {
        let language = output.language();
        let heading = match language {
            Language::French => ["Fichier", "Lignes", "Octets", "SHA-256"],
            Language::English => ["File", "Rows", "Bytes", "SHA-256"],
        };
        let rows = manifest.files.iter().map(|file| {
            [
                file.file.clone(),
                file.rows.map_or_else(String::new, |rows| rows.to_string()),
                file.bytes.to_string(),
                file.sha256.clone(),
            ]
        });
        let how = match language {
            Language::French => {
                format!("Pour vérifier\u{a0}: cd {} && python3 verify.py", folder.display())
            }
            Language::English => {
                format!("To check it: cd {} && python3 verify.py", folder.display())
            }
        };
        format!("{}\n{how}", table(heading, rows))
    });
    Ok(Outcome::Done)
}

fn log(file: &Path, args: LogArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let lines =
        super::with_staff(file, async |staff| staff.audit_log(args.subject.as_deref()).await)?;
    output.show(&lines, || {
        let heading = match output.language() {
            Language::French => ["Sujet", "N°", "Quand", "Qui", "Quoi", "Détail"],
            Language::English => ["Subject", "No.", "When", "Who", "What", "Detail"],
        };
        let rows = lines.iter().map(|line| {
            [
                line.subject.clone(),
                line.sequence.to_string(),
                line.at.to_string(),
                line.who.clone(),
                line.what.clone(),
                line.detail.clone(),
            ]
        });
        table(heading, rows)
    });
    Ok(Outcome::Done)
}

/// A bar on a terminal, and nothing elsewhere.
fn bar(unit: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(&format!("{{wide_bar}} {{pos}}/{{len}} {unit}"));
    ProgressBar::new(0).with_style(style.expect("invariant: the template is right"))
}

fn watcher(bar: &ProgressBar) -> Option<Watcher> {
    let bar = bar.clone();
    Some(Arc::new(move |Progress { done, of }| {
        bar.set_length(of);
        bar.set_position(done);
    }))
}
