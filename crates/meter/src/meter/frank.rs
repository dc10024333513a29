//! Franking one piece: price, pay, print. The mark leaves after its debit is durable, and what is refused
//! is refused before anything is paid.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;
use timbre_indicium::{Mark, MarkKind};
use timbre_postage::{Amount, Quote, Registers};
use timbre_psd::{JobId, Memo, MemoFields, Performed, Postage, Refusal as DeviceRefusal};

use super::Meter;
use crate::error::{MeterError, PieceRefusal, Refusal};
use crate::jobs::Reason;
use crate::piece::{Franking, PieceRequest, TextField};

/// A piece that was franked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Franked {
    /// Where the mark is.
    pub file: PathBuf,
    /// What it is worth.
    pub amount: Amount,
    /// The code of the rate row.
    pub product: u16,
    /// The rate row in words, in the meter's language; empty for a piece that is printed again.
    pub description: String,
    /// The rate table.
    pub table: String,
    /// The date in the mark.
    pub date: Date,
    /// The registers after it.
    pub registers: Registers,
    /// The transaction record.
    pub record: u64,
}

/// A piece that is paid, before it is printed.
pub(crate) struct Paid {
    pub(crate) record: u64,
    pub(crate) mark: Mark,
    pub(crate) table: String,
    quote: Quote,
    registers: Registers,
}

impl Meter {
    /// What a piece costs; nothing is paid.
    ///
    /// # Errors
    /// Refusals of the rate table in force, of the operator's own texts, and of the limits of the device
    /// that concern one piece.
    pub fn price(&self, request: &PieceRequest, franking: &Franking) -> Result<Quote, MeterError> {
        for (name, field, text) in [
            ("account", TextField::Account, &request.account),
            ("reference", TextField::Reference, &request.reference),
        ] {
            let checked = field.check(text.as_deref().unwrap_or_default());
            checked
                .map_err(|reason| PieceRefusal::Choice { field: name, reason: Box::new(reason) })?;
        }
        let quote = match self.rates.book.price(&request.piece, self.mark_date(franking)?) {
            Ok(quote) => quote,
            // A table that could not be used may be the one that is lacking now.
            Err(refusal) => {
                let lacks_a_table = matches!(
                    refusal.code(),
                    "no-rate-table" | "rates-expired" | "rates-not-yet-in-force"
                );
                return Err(match self.rates.problems.first() {
                    Some(problem) if lacks_a_table => problem.error(),
                    _ => refusal.into(),
                });
            }
        };
        self.within_limits(quote.amount, franking)?;
        Ok(quote)
    }

    /// Franks one piece: pays, then writes the mark as a PNG to `output`, a file that does not exist yet;
    /// `None` names one in the settings' output folder.
    ///
    /// # Errors
    /// Refusals, in which nothing is paid. [`Fault::PaidNotPrinted`](crate::Fault::PaidNotPrinted) if the mark could not be written:
    /// [`Meter::print_again`] takes it up.
    pub fn frank(
        &mut self,
        request: &PieceRequest,
        franking: &Franking,
        output: Option<&Path>,
    ) -> Result<Franked, MeterError> {
        let room = self.make_room_for(self.registers().pieces + 1, output)?;
        let paid = self.pay(request, franking, None)?;
        let description = paid.quote.describe(self.settings.language).to_owned();
        let file = self.write_mark(paid.record, &paid.mark, room)?;
        Ok(Franked {
            file,
            amount: paid.quote.amount,
            product: paid.quote.product,
            description,
            table: paid.table,
            date: paid.mark.data().date,
            registers: paid.registers,
            record: paid.record,
        })
    }

    /// Prices and pays: when this returns the debit is durable.
    pub(crate) fn pay(
        &mut self,
        request: &PieceRequest,
        franking: &Franking,
        job: Option<(JobId, u32)>,
    ) -> Result<Paid, MeterError> {
        let quote = self.price(request, franking)?;
        let piece = &request.piece;
        let memo = Memo::new(MemoFields {
            job,
            destination: Some(piece.destination),
            weight: Some(piece.weight),
            service: piece.service.to_string(),
            account: request.account.clone().unwrap_or_default(),
            reference: request.reference.clone().unwrap_or_default(),
            table: quote.table.clone(),
        })
        .map_err(|error| PieceRefusal::Choice {
            field: error.field,
            reason: Box::new(Reason::new("too-long", error.to_string(), error.to_string())),
        })?;
        let postage = Postage {
            kind: MarkKind::Postage,
            amount: quote.amount,
            date: self.mark_date(franking)?,
            product: quote.product,
            confirmed: franking.high_value,
            memo,
        };
        let pre_debit = self.psd.pre_debit(postage, self.now())?;
        let Performed { record_sequence, mark, registers } = self.psd.perform(pre_debit)?;
        let table = quote.table.clone();
        Ok(Paid { record: record_sequence, mark, table, quote, registers })
    }

    fn mark_date(&self, franking: &Franking) -> Result<Date, MeterError> {
        let today = self.today();
        match franking.date {
            Some(date) if date < today => Err(PieceRefusal::DateBack.into()),
            Some(date) => Ok(date),
            None => Ok(today),
        }
    }

    /// The device's limits on one piece, asked before anything is paid so that a whole file can be judged.
    fn within_limits(&self, amount: Amount, franking: &Franking) -> Result<(), MeterError> {
        let Some(block) = self.psd.block() else { return Ok(()) };
        let (from, maximum) = (block.high_value_warning, block.maximum_postage);
        if amount.mills() >= from.mills() && !franking.high_value {
            return Err(Refusal::Device(DeviceRefusal::HighValue { amount, from }).into());
        }
        if amount.mills() > maximum.mills() {
            return Err(
                Refusal::Device(DeviceRefusal::OverMaximumPostage { amount, maximum }).into()
            );
        }
        Ok(())
    }
}
