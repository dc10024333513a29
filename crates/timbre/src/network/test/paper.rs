//! Where a report goes and in which form.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use timbre_network_test::Report;
use timbre_network_test::print::{self, Attachment, Comparison, Format, Language, Settings};

use crate::cli::{OutputArgs, not_written};
use crate::outcome::{Failure, Kind};

/// The form of a report, and its place.
pub(super) struct Paper {
    pub(super) format: Format,
    pub(super) file: Option<PathBuf>,
    pub(super) is_redacted: bool,
    pub(super) settings: Settings,
}

/// The reader’s language.
pub(super) fn language(output: &OutputArgs) -> Language {
    output.language().pick(Language::French, Language::English)
}

/// Whether colours may be written to standard output: to a terminal, unless `NO_COLOR` says no.
fn may_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

impl Paper {
    pub(super) fn new(
        format: Format,
        file: Option<PathBuf>,
        is_redacted: bool,
        attachments: Vec<Attachment>,
        output: &OutputArgs,
    ) -> Result<Paper, Failure> {
        if format == Format::Pdf && file.is_none() && std::io::stdout().is_terminal() {
            return Err(Failure::new(
                Kind::Refusal,
                "bad-argument",
                "un PDF ne s’écrit pas sur un terminal\u{a0}: ajoutez --output rapport.pdf",
                "a PDF is not written to a terminal: add --output report.pdf",
            ));
        }
        if let Some(file) = &file {
            check_place(file)?;
        }
        let settings = Settings {
            language: language(output),
            is_verbose: output.verbose,
            is_coloured: file.is_none() && may_colour(),
            attachments,
        };
        Ok(Paper { format, file, is_redacted, settings })
    }

    /// Whether events are written as they come: never when something in them must first be known to be private.
    pub(super) fn is_streamed(&self) -> bool {
        self.format == Format::Jsonl && self.file.is_none() && !self.is_redacted
    }

    /// The report as it may be told.
    pub(super) fn told(&self, report: &Report) -> Report {
        if self.is_redacted { print::redact(report) } else { report.clone() }
    }

    /// Prints a report; one whose events were streamed has been told.
    pub(super) fn print(&self, report: &Report) -> Result<(), Failure> {
        if self.is_streamed() {
            return Ok(());
        }
        let bytes = print::print(&self.told(report), self.format, &self.settings);
        let bytes = bytes.map_err(|error| unprintable(&error))?;
        self.write(&bytes)
    }

    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        match &self.file {
            Some(file) => replace(file, bytes),
            None => {
                let mut out = std::io::stdout().lock();
                let written = out.write_all(bytes).and_then(|()| out.flush());
                match written {
                    // Who reads has seen enough (`| head`).
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                    other => other.map_err(|error| {
                        let place = self.settings.language;
                        let place = place.pick("la sortie standard", "standard output");
                        not_written(place, &error)
                    }),
                }
            }
        }
    }

    /// What changed since the run before, as text.
    pub(super) fn changes(&self, comparison: &Comparison) -> Result<Vec<u8>, Failure> {
        print::print_comparison(comparison, Format::Text, &self.settings)
            .map_err(|error| unprintable(&error))
    }
}

pub(super) fn unprintable(error: &print::PrintError) -> Failure {
    match error {
        print::PrintError::NoSuchForm { .. } => Failure::refusal("bad-argument", error),
        print::PrintError::Refused { .. } => Failure::fault(super::super::IMPOSSIBLE, error),
    }
}

/// Refuses a place where no file can be written, before a long run is lost to it.
fn check_place(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let refused = match std::fs::metadata(folder) {
        Ok(found) if !found.is_dir() => Some(ErrorKind::NotADirectory.into()),
        Ok(_) if file.is_dir() => Some(ErrorKind::IsADirectory.into()),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    refused.map_or(Ok(()), |error| Err(not_written(file.display(), &error)))
}

/// Replaces a file as a whole: who reads it meanwhile sees the old report or the new one, never a part.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    std::fs::write(&new, bytes).and_then(|()| std::fs::rename(&new, file)).map_err(|error| {
        // Of no use to anybody; that it stays is no worse than what is reported.
        let _ = std::fs::remove_file(&new);
        not_written(file.display(), &error)
    })
}
