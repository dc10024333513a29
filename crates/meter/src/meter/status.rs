//! What the meter has to say of itself, without going anywhere.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;
use timbre_postage::{
    AccountNumber, Amount, IndiciaNumber, MeterSerial, Payment, PieceCount, PostalCode, RateTable,
};

use super::{Configuration, Meter, RefillReceipt};
use crate::error::{MeterError, Refusal};
use crate::jobs::{self, Reason};

/// Everything an operator or an administrator may want to know at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Status {
    /// The number of the machine.
    pub serial: MeterSerial,
    /// The state of the postal security device today: `operational`, `inspection-due` …
    pub state: &'static str,
    /// While the provider has the meter frank nothing: why, where they said so, and what to do.
    pub suspension: Option<Reason>,
    /// The version of the operational block, once installed.
    pub block_version: Option<u32>,
    /// The registers.
    pub funds: FundsReport,
    /// The customer's postage account, once installed.
    pub account: Option<AccountNumber>,
    /// The number in every mark, once installed.
    pub indicia_number: Option<IndiciaNumber>,
    /// Where this meter's mail is posted, once installed.
    pub postal_code: Option<PostalCode>,
    /// The day by which the next inspection is due.
    pub next_inspection: Option<Date>,
    /// The rate tables, in the order in which they start.
    pub rates: Vec<RateStatus>,
    /// Rate tables on this meter that cannot be used, by file.
    pub rate_problems: Vec<(PathBuf, Reason)>,
    /// Transaction records in all.
    pub records: u64,
    /// Those that the infrastructure has not confirmed.
    pub unacknowledged: u64,
    /// Pieces that are paid and not known to be printed.
    pub unprinted: usize,
    /// A refill that was asked for and not answered.
    pub pending_refill: Option<Amount>,
    /// What a withdrawal that was begun and not answered would give back.
    pub pending_withdrawal: Option<Amount>,
    /// What this meter gave back when it was withdrawn.
    pub given_back: Option<Amount>,
    /// The meter whose place this one took, with its registers.
    pub configuration: Option<Configuration>,
    /// Runs that were interrupted; the command that started one goes on with it.
    pub unfinished_runs: Vec<UnfinishedRun>,
}

/// The registers, as the funds report of a machine in the field shows them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FundsReport {
    /// The descending register.
    pub available: Amount,
    /// The ascending register.
    pub used: Amount,
    /// Their sum, as the device keeps it apart from them.
    pub control_sum: Amount,
    /// Pieces franked in the device's life.
    pub pieces: PieceCount,
    /// The last refill.
    pub last_refill: Option<RefillReceipt>,
}

/// One rate table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RateStatus {
    /// Its id.
    pub table: String,
    /// Its first day.
    pub from: Date,
    /// Its last day, if it has one.
    pub until: Option<Date>,
    /// Prices for meters; otherwise those of the counter.
    pub metered: bool,
    /// Prices are taken from it today.
    pub in_force: bool,
}

/// A run that was interrupted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnfinishedRun {
    /// Its name.
    pub run: String,
    /// The file.
    pub file: String,
    /// Its folder.
    pub output: PathBuf,
}

impl Meter {
    /// What there is to know of the meter.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn status(&self) -> Result<Status, MeterError> {
        let block = self.psd.block();
        let jobs = jobs::all_jobs(&self.directory.jobs())?;
        let problems = self.rates.problems.iter();
        Ok(Status {
            serial: self.serial(),
            state: self.state().as_str(),
            suspension: self.psd.suspension().map(|refusal| Refusal::Device(refusal).told()),
            block_version: block.map(|block| block.version),
            funds: self.funds(),
            account: block.map(|block| block.account),
            indicia_number: block.map(|block| block.indicia_number),
            postal_code: block.map(|block| block.postal_code.clone()),
            next_inspection: self.psd.next_inspection(),
            rates: self.rate_status(),
            rate_problems: problems.map(|p| (p.file.clone(), p.reason.clone())).collect(),
            records: self.record_sequence(),
            unacknowledged: self.record_sequence() - self.acknowledged,
            unprinted: self.psd.unprinted_count(),
            pending_refill: self.psd.pending_refill().map(|pending| pending.amount),
            pending_withdrawal: self
                .psd
                .pending_withdrawal()
                .map(|pending| pending.registers.descending),
            given_back: self.given_back(),
            configuration: self.configuration.as_ref().map(Configuration::of),
            unfinished_runs: jobs
                .into_iter()
                .filter(|job| job.finished.is_none())
                .map(|job| UnfinishedRun {
                    run: job.id.to_string(),
                    file: job.file,
                    output: job.output,
                })
                .collect(),
        })
    }

    /// The registers.
    #[must_use]
    pub fn funds(&self) -> FundsReport {
        let registers = self.registers();
        let last_refill = self.psd.last_refill().map(|reply| RefillReceipt {
            sequence: reply.sequence,
            amount: reply.amount,
            tax: reply.tax,
            available: registers.descending,
            prepaid_left: reply.prepaid_left,
            credit_left: reply.credit_left,
            next_inspection: reply.next_inspection,
        });
        FundsReport {
            available: registers.descending,
            used: registers.ascending,
            control_sum: self.psd.control_sum(),
            pieces: registers.pieces,
            last_refill,
        }
    }

    fn rate_status(&self) -> Vec<RateStatus> {
        let book = &self.rates.book;
        let in_force = book.in_force(self.today()).map(RateTable::id).ok();
        let status = |table: &RateTable| RateStatus {
            table: table.id().to_owned(),
            from: table.effective_from(),
            until: table.effective_until(),
            metered: table.payment() == Payment::Metered,
            in_force: in_force == Some(table.id()),
        };
        book.tables().iter().map(status).collect()
    }
}
