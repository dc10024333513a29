//! Where a run stands, and what it leaves: its reports and its summary.

use std::path::{Path, PathBuf};

use timbre_indicium::{Bitmap, Mark};

use super::reject::Rejection;
use super::run::DoneRows;
use super::source::{Printed, Printer, Row};
use super::state::Job;
use super::summary::{Progress, RunSummary, Totals};
use super::write_csv::{FrankedFile, RejectedFile};
use crate::directory::write_whole;
use crate::error::{Fault, MeterError};
use crate::meter::RefillReceipt;
use crate::piece::PieceRequest;

/// Where a run stands.
pub(super) struct Course {
    pub(super) job: Job,
    pub(super) printer: Box<dyn Printer>,
    pub(super) done: DoneRows,
    pub(super) resumed: bool,
    pub(super) repeat_of: Option<String>,
    /// Records that are printed and not confirmed to the device.
    pub(super) printed: Vec<u64>,
    pub(super) totals: Totals,
    pub(super) printed_again: u32,
    pub(super) refills: Vec<RefillReceipt>,
    pub(super) rejected: Vec<Rejection>,
    pub(super) rejected_file: RejectedFile,
    pub(super) franked_file: FrankedFile,
    /// Once the printer has finished.
    pub(super) output: Option<Printed>,
}

impl Course {
    pub(super) fn print(&mut self, row: &Row, record: u64, picture: &Bitmap) -> Result<(), Fault> {
        self.printer.print(row, picture).map_err(|source| Fault::PaidNotPrinted {
            record,
            of_run: true,
            source: Box::new(source),
        })
    }

    pub(super) fn count(
        &mut self,
        row: &Row,
        request: &PieceRequest,
        mark: &Mark,
        table: &str,
    ) -> Result<(), MeterError> {
        let class = request.piece.service.as_str();
        self.totals
            .add(class, request.account.as_deref(), mark.data().amount)
            .map_err(|error| Fault::unreadable(&self.job.output, error))?;
        self.franked_file.add(row, request, mark, table, &self.printer.name(row));
        Ok(())
    }

    pub(super) fn reject(&mut self, row: &Row, rejection: Rejection, progress: &mut dyn Progress) {
        self.rejected_file.add(&row.cells, &rejection);
        progress.rejected(&rejection);
        self.rejected.push(rejection);
    }

    fn franked_csv(&self) -> PathBuf {
        self.job.output.join("franked.csv")
    }

    fn rejected_csv(&self) -> Option<PathBuf> {
        let stem = Path::new(&self.job.file).file_stem()?.to_string_lossy();
        let path = self.job.output.join(format!("{stem}.rejected.csv"));
        (!self.rejected.is_empty()).then_some(path)
    }

    pub(super) fn write_reports(&mut self) -> Result<(), Fault> {
        write_whole(&self.franked_csv(), &self.franked_file.bytes())?;
        if let Some(path) = self.rejected_csv() {
            write_whole(&path, &self.rejected_file.bytes())?;
        }
        Ok(())
    }

    pub(super) fn summary(self) -> RunSummary {
        RunSummary {
            run: self.job.id.to_string(),
            franked_csv: self.franked_csv(),
            rejected_csv: self.rejected_csv(),
            output: self.job.output,
            resumed: self.resumed,
            repeat_of: self.repeat_of,
            pieces: self.job.total,
            franked: self.totals.pieces,
            printed_again: self.printed_again,
            amount: self.totals.amount,
            by_class: self.totals.by_class,
            by_account: self.totals.by_account,
            rejected: self.rejected,
            refills: self.refills,
            marks: self.output.as_ref().and_then(Printed::marks),
            pdf: self.output.as_ref().and_then(Printed::pdf),
        }
    }
}
