//! What a run will do and cost, before it does: every piece read, priced and held against the limits.

use timbre_postage::Amount;

use super::RunOptions;
use super::reject::{Reason, Rejection, Where};
use super::run::DoneRows;
use super::source::{Row, Source};
use super::state::{self, Known};
use super::summary::{Estimate, Totals};
use crate::error::{Fault, MeterError, Refusal};
use crate::meter::Meter;

impl Meter {
    /// What a run of `source` would do and cost.
    pub(crate) fn estimate(
        &self,
        source: &dyn Source,
        options: &RunOptions,
    ) -> Result<Estimate, MeterError> {
        let known = state::known(&self.directory().jobs(), &source.identity())?;
        let done = self.done_rows(known.unfinished.as_ref())?;
        self.estimate_of(source, options, &known, &done)
    }

    pub(super) fn estimate_of(
        &self,
        source: &dyn Source,
        options: &RunOptions,
        known: &Known,
        done: &DoneRows,
    ) -> Result<Estimate, MeterError> {
        let available = self.registers().descending;
        let mut totals = Totals::new(Amount::zero(available.currency()));
        let mut rejected = Vec::new();
        for row in source.rows().filter(|row| !done.contains_key(&row.number)) {
            let request = match &row.request {
                Ok(request) => request,
                Err((place, reason)) => {
                    rejected.push(rejection(&row, place, reason.clone()));
                    continue;
                }
            };
            match self.price(request, &options.franking) {
                Ok(quote) => {
                    let class = request.piece.service.as_str();
                    totals
                        .add(class, request.account.as_deref(), quote.amount)
                        .map_err(|error| Fault::unreadable(source.file(), error))?;
                }
                Err(error) if is_of_the_piece(&error) => {
                    rejected.push(refused(source, &row, &error));
                }
                Err(error) => return Err(error),
            }
        }
        let missing = totals.amount.checked_sub(available).ok().filter(|m| m.mills() > 0);
        Ok(Estimate {
            pieces: totals.pieces,
            amount: totals.amount,
            available,
            missing,
            by_class: totals.by_class,
            by_account: totals.by_account,
            rejected,
            resumes: known.unfinished.as_ref().map(|job| job.id.to_string()),
            repeat_of: known.finished.as_ref().map(|job| job.id.to_string()),
        })
    }
}

pub(super) fn rejection(row: &Row, place: &Where, reason: Reason) -> Rejection {
    let column = match place {
        Where::Column(name) => Some(name.clone()),
        Where::Row => None,
    };
    Rejection { piece: row.number, line: row.line, column, reason }
}

/// The rejection of a row that reads well and cannot be franked.
pub(super) fn refused(source: &dyn Source, row: &Row, error: &MeterError) -> Rejection {
    let place = match error {
        MeterError::Refusal(Refusal::Price(refusal)) => source.place_of(refusal),
        _ => Where::Row,
    };
    rejection(row, &place, error.told())
}

/// Whether only this piece cannot be franked, and the next one may.
pub(super) fn is_of_the_piece(error: &MeterError) -> bool {
    use timbre_postage::PriceRefusal::{Expired, NoTable, NotYetInForce};
    use timbre_psd::Refusal::{
        HighValue, NegativeAmount, OverMaximumPostage, RedateWithValue, ZeroAmount,
    };
    match error {
        MeterError::Refusal(Refusal::Piece(_)) => true,
        MeterError::Refusal(Refusal::Price(refusal)) => {
            !matches!(refusal, NoTable | NotYetInForce { .. } | Expired { .. })
        }
        MeterError::Refusal(Refusal::Device(refusal)) => matches!(
            refusal,
            HighValue { .. }
                | NegativeAmount(_)
                | OverMaximumPostage { .. }
                | RedateWithValue(_)
                | ZeroAmount
        ),
        _ => false,
    }
}
