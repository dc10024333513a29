//! Franking a whole file: the rows of a CSV file, or the letters of a PDF.

use std::path::Path;

use timbre_postage::{Country, Currency};

use super::Meter;
use crate::directory::read_limited;
use crate::error::{Fault, MeterError, RunRefusal};
use crate::jobs::{
    Common, Defaults, Estimate, LetterFile, LetterOptions, Progress, Reason, RunOptions,
    RunSummary, Stopped, Table,
};

/// The longest CSV file: more than a hundred thousand rows. It is held in memory while it runs.
const CSV_LIMIT: u64 = 8 * 1024 * 1024;
/// The longest PDF.
const PDF_LIMIT: u64 = 512 * 1024 * 1024;

impl Meter {
    /// What a run of a CSV file would do and cost; nothing is franked.
    ///
    /// # Errors
    /// [`RunRefusal::File`] if it cannot be read as a list of pieces; no rate table in force.
    pub fn estimate_csv(&self, file: &Path, options: &RunOptions) -> Result<Estimate, MeterError> {
        let bytes = contents(file, CSV_LIMIT)?;
        self.estimate(&table(file, &bytes, options)?, options)
    }

    /// Franks the rows of a CSV file. Rows that cannot be franked are set aside, and the rest goes on.
    /// Interrupted in any way, the same call goes on where it stopped and franks no piece twice.
    ///
    /// # Errors
    /// [`Stopped`] says why and what was done by then.
    pub async fn run_csv(
        &mut self,
        file: &Path,
        options: &RunOptions,
        progress: &mut dyn Progress,
    ) -> Result<RunSummary, Stopped> {
        let bytes = contents(file, CSV_LIMIT)?;
        let table = table(file, &bytes, options)?;
        self.run(&table, options, progress).await
    }

    /// What a run of a PDF of letters would do and cost; nothing is franked.
    ///
    /// # Errors
    /// [`RunRefusal::File`] if it is not a PDF that takes marks; no rate table in force.
    pub fn estimate_pdf(
        &mut self,
        file: &Path,
        letters: &LetterOptions,
        options: &RunOptions,
    ) -> Result<Estimate, MeterError> {
        let bytes = contents(file, PDF_LIMIT)?;
        let common = self.common(options);
        self.estimate(&LetterFile::open(file, &bytes, letters, &common)?, options)
    }

    /// Franks the letters of a PDF: a copy comes out with a mark on each letter's first page. Letters
    /// whose first page takes no mark are set aside. Interrupted in any way, the same call goes on.
    ///
    /// # Errors
    /// [`Stopped`] says why and what was done by then.
    pub async fn run_pdf(
        &mut self,
        file: &Path,
        letters: &LetterOptions,
        options: &RunOptions,
        progress: &mut dyn Progress,
    ) -> Result<RunSummary, Stopped> {
        let bytes = contents(file, PDF_LIMIT)?;
        let common = self.common(options);
        let source = LetterFile::open(file, &bytes, letters, &common)?;
        self.run(&source, options, progress).await
    }

    fn common<'a>(&mut self, options: &'a RunOptions) -> Common<'a> {
        let home = match self.settings().currency {
            Currency::Cad => Country::CANADA,
            Currency::Usd => Country::UNITED_STATES,
        };
        Common {
            service: options.service.as_ref(),
            destination: options.destination.unwrap_or(home),
            account: options.account.as_deref(),
            mark_mm: self.mark_size_mm(),
        }
    }
}

fn contents(file: &Path, limit: u64) -> Result<Vec<u8>, MeterError> {
    let length = std::fs::metadata(file).map_err(|e| Fault::io("read", file, e))?.len();
    if length > limit {
        let mebibytes = limit / (1024 * 1024);
        let reason = Reason::new(
            "file-too-large",
            format!("le fichier dépasse {mebibytes} Mio : divisez-le"),
            format!("the file is larger than {mebibytes} MiB: split it"),
        );
        return Err(RunRefusal::file(file, None, reason).into());
    }
    let missing = || Fault::io("read", file, std::io::ErrorKind::NotFound.into());
    Ok(read_limited(file, limit)?.ok_or_else(missing)?)
}

fn table<'a>(file: &Path, bytes: &'a [u8], options: &RunOptions) -> Result<Table<'a>, MeterError> {
    let defaults = Defaults {
        service: options.service.clone(),
        destination: options.destination,
        account: options.account.clone(),
    };
    Table::open(file, bytes, defaults)
        .map_err(|error| RunRefusal::File { file: file.to_owned(), error: Box::new(error) }.into())
}
