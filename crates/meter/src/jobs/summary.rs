//! What a run tells: before, while and after it happens.

use std::path::PathBuf;

use serde::Serialize;
use timbre_postage::{Amount, AmountError};

use super::reject::Rejection;
use crate::error::MeterError;
use crate::meter::RefillReceipt;

/// How many pieces, worth how much, under one name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Subtotal {
    /// The class or the account; empty for pieces without an account.
    pub name: String,
    /// How many.
    pub pieces: u32,
    /// What they cost together.
    pub amount: Amount,
}

/// Pieces and amounts, altogether and by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Totals {
    pub(crate) pieces: u32,
    pub(crate) amount: Amount,
    pub(crate) by_class: Vec<Subtotal>,
    pub(crate) by_account: Vec<Subtotal>,
}

impl Totals {
    pub(crate) fn new(zero: Amount) -> Totals {
        Totals { pieces: 0, amount: zero, by_class: Vec::new(), by_account: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        class: &str,
        account: Option<&str>,
        amount: Amount,
    ) -> Result<(), AmountError> {
        self.amount = self.amount.checked_add(amount)?;
        self.pieces += 1;
        add_to(&mut self.by_class, class, amount)?;
        add_to(&mut self.by_account, account.unwrap_or_default(), amount)
    }
}

/// Kept sorted by name: reports read the same every time.
fn add_to(totals: &mut Vec<Subtotal>, name: &str, amount: Amount) -> Result<(), AmountError> {
    match totals.binary_search_by(|subtotal| subtotal.name.as_str().cmp(name)) {
        Ok(place) => {
            let subtotal = &mut totals[place];
            subtotal.amount = subtotal.amount.checked_add(amount)?;
            subtotal.pieces += 1;
        }
        Err(place) => {
            totals.insert(place, Subtotal { name: name.to_owned(), pieces: 1, amount });
        }
    }
    Ok(())
}

/// What a run will do and cost, before anything is franked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Estimate {
    /// Pieces that will be franked.
    pub pieces: u32,
    /// What they cost.
    pub amount: Amount,
    /// The funds in the meter now.
    pub available: Amount,
    /// How much the funds fall short of the whole, if they do.
    pub missing: Option<Amount>,
    /// By service.
    pub by_class: Vec<Subtotal>,
    /// By the customer's accounts.
    pub by_account: Vec<Subtotal>,
    /// Pieces that will be set aside.
    pub rejected: Vec<Rejection>,
    /// The unfinished run that would go on; its franked pieces are not counted here.
    pub resumes: Option<String>,
    /// The finished run of the same file with the same options: these pieces were franked before.
    pub repeat_of: Option<String>,
}

/// What a run did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RunSummary {
    /// The run's name, in every piece's record.
    pub run: String,
    /// Its folder.
    pub output: PathBuf,
    /// It went on with an interrupted run.
    pub resumed: bool,
    /// The finished run of the same file with the same options, if there was one.
    pub repeat_of: Option<String>,
    /// Pieces in the file.
    pub pieces: u32,
    /// Pieces franked by this run, before and after any interruption.
    pub franked: u32,
    /// Pieces that were paid before an interruption and printed only now.
    pub printed_again: u32,
    /// What all franked pieces cost.
    pub amount: Amount,
    /// By service.
    pub by_class: Vec<Subtotal>,
    /// By the customer's accounts.
    pub by_account: Vec<Subtotal>,
    /// Pieces that were set aside.
    pub rejected: Vec<Rejection>,
    /// Automatic refills on the way.
    pub refills: Vec<RefillReceipt>,
    /// One line per mark.
    pub franked_csv: PathBuf,
    /// The rows that were set aside, if any were.
    pub rejected_csv: Option<PathBuf>,
    /// The folder of the marks, from a CSV file.
    pub marks: Option<PathBuf>,
    /// The stamped copy, from a PDF.
    pub pdf: Option<PathBuf>,
}

/// A run that did not come to its end. Nothing is lost: the same command goes on where it stopped.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Stopped {
    /// What stopped it.
    #[source]
    pub why: MeterError,
    /// What it had done by then, if it had begun.
    pub so_far: Option<Box<RunSummary>>,
}

impl From<MeterError> for Stopped {
    fn from(why: MeterError) -> Stopped {
        Stopped { why, so_far: None }
    }
}

/// Whoever watches a run; every method may be left out.
pub trait Progress {
    /// What the run will do, before it does.
    fn estimated(&mut self, _estimate: &Estimate) {}
    /// `done` of `total` pieces have been seen to.
    fn piece(&mut self, _done: u32, _total: u32) {}
    /// A piece was set aside.
    fn rejected(&mut self, _rejection: &Rejection) {}
    /// Funds ran out and were refilled.
    fn refilled(&mut self, _receipt: &RefillReceipt) {}
    /// Asked before each piece; `false` stops the run there.
    fn keep_going(&self) -> bool {
        true
    }
}

/// Nobody watches.
impl Progress for () {}
