//! Franking one piece: price, pay, print. The mark leaves after its debit is durable, and after it was
//! verified once more (REQ DL-5).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use timbre_indicium::{Artwork, Bitmap, Mark, MarkData, MarkKind, RateTableTag, Resolution};
use timbre_key_store::KeyId;
use timbre_postage::{Amount, Country, Currency, IndiciaNumber, MeterSerial, Quote, Registers};
use timbre_protocol::UNSIGNED;
use timbre_psd::{
    JobId, Memo, MemoFields, PaidPiece, Performed, Postage, Refusal as DeviceRefusal,
};

use super::Meter;
use crate::directory::{create_folder, write_whole};
use crate::error::{Breach, Fault, MeterError, PieceRefusal, Refusal};
use crate::jobs::{Done, DoneRows, Reason};
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

/// A piece that is paid and not known to be printed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Unprinted {
    /// Its transaction record: what [`Meter::print_again`] takes.
    pub record: u64,
    /// When it was paid.
    pub time: Timestamp,
    /// What it is worth.
    pub amount: Amount,
    /// Where it goes.
    pub destination: Option<Country>,
    /// The customer's own account.
    pub account: String,
    /// The customer's own reference.
    pub reference: String,
    /// It belongs to a run, which prints it when it goes on.
    pub of_run: bool,
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
            checked.map_err(|reason| PieceRefusal::Choice { field: name, reason })?;
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
    /// Refusals, in which nothing is paid. [`Fault::PaidNotPrinted`] if the mark could not be written:
    /// [`Meter::print_again`] takes it up.
    pub fn frank(
        &mut self,
        request: &PieceRequest,
        franking: &Franking,
        output: Option<&Path>,
    ) -> Result<Franked, MeterError> {
        if let Some(file) = output {
            refuse_existing(file)?;
        }
        let folder = output.map_or_else(|| self.output_folder(), folder_of);
        create_folder(&folder)?;
        let paid = self.pay(request, franking, None)?;
        let description = paid.quote.describe(self.settings.language).to_owned();
        let file = self.write_mark(paid.record, &paid.mark, output)?;
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

    /// The pieces that are paid and not known to be printed, oldest first.
    ///
    /// # Errors
    /// Faults of the device's journal.
    pub fn unprinted(&self) -> Result<Vec<Unprinted>, MeterError> {
        let pieces = self.psd.unprinted()?.into_iter().map(|piece| {
            let memo = piece.memo.fields();
            Unprinted {
                record: piece.record_sequence,
                time: piece.time,
                amount: piece.mark.data().amount,
                destination: memo.destination,
                account: memo.account.clone(),
                reference: memo.reference.clone(),
                of_run: memo.job.is_some(),
            }
        });
        Ok(pieces.collect())
    }

    /// Prints a piece that was paid and not printed, once more at most.
    ///
    /// # Errors
    /// Refusals of the device; [`Fault::PaidNotPrinted`].
    pub fn print_again(
        &mut self,
        record: u64,
        output: Option<&Path>,
    ) -> Result<Franked, MeterError> {
        if let Some(file) = output {
            refuse_existing(file)?;
        }
        create_folder(&output.map_or_else(|| self.output_folder(), folder_of))?;
        let pieces = self.psd.unprinted()?;
        let table = pieces.iter().find(|piece| piece.record_sequence == record);
        let table = table.map_or_else(String::new, |piece| piece.memo.fields().table.clone());
        let Performed { mark, registers, .. } = self.psd.reprint(record, self.now())?;
        let file = self.write_mark(record, &mark, output)?;
        let data = mark.data();
        Ok(Franked {
            file,
            amount: data.amount,
            product: data.product,
            description: String::new(),
            table,
            date: data.date,
            registers,
            record,
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
            reason: Reason::new("too-long", error.to_string(), error.to_string()),
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

    /// The picture of a mark, after the mark was verified again: nothing else is printed.
    pub(crate) fn picture(&mut self, record: u64, mark: &Mark) -> Result<Bitmap, MeterError> {
        mark.verify(&self.indicium_key).map_err(|_| Breach::Mark { record })?;
        Ok(self.artwork().render(mark))
    }

    /// Tells the device which pieces are printed, durably.
    pub(crate) fn complete(&mut self, records: &[u64]) -> Result<(), MeterError> {
        for record in records {
            self.psd.complete(*record)?;
        }
        Ok(())
    }

    /// Releases the mark of a paid piece of a run for its file. The file is known not to be there, so
    /// the mark is not printed twice, however often the run is interrupted.
    pub(crate) fn release_again(&mut self, record: u64) -> Result<(), MeterError> {
        match self.psd.reprint(record, self.now()) {
            Ok(_) => Ok(()),
            Err(timbre_psd::PsdError::Refused(DeviceRefusal::AlreadyReprinted { .. })) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The pieces of a run that the journal knows as paid after record `after`.
    pub(crate) fn pieces_of(&self, job: JobId, after: u64) -> Result<DoneRows, MeterError> {
        let unprinted: BTreeSet<u64> =
            self.psd.unprinted()?.iter().map(|piece| piece.record_sequence).collect();
        let mut done = DoneRows::new();
        for piece in self.psd.pieces_of_job(job, after)? {
            let PaidPiece { record_sequence: record, mark, memo, .. } = piece?;
            if let Some((_, row)) = memo.fields().job {
                let (table, printed) = (memo.fields().table.clone(), !unprinted.contains(&record));
                done.insert(row, Done { record, mark, table, printed });
            }
        }
        Ok(done)
    }

    pub(crate) fn artwork(&mut self) -> &Artwork {
        let resolution = match self.settings.print.dpi {
            600 => Resolution::Dpi600,
            _ => Resolution::Dpi300,
        };
        let language = self.settings.language;
        self.artwork.get_or_insert_with(|| Artwork::new(resolution, language))
    }

    /// How large this meter's marks are on paper, in millimetres, whatever they say.
    pub(crate) fn mark_size_mm(&mut self) -> (f64, f64) {
        let picture = self.artwork().render(&specimen());
        let (width, height) = picture.size_micrometres();
        (f64::from(width) / 1000.0, f64::from(height) / 1000.0)
    }

    fn write_mark(
        &mut self,
        record: u64,
        mark: &Mark,
        output: Option<&Path>,
    ) -> Result<PathBuf, MeterError> {
        let picture = self.picture(record, mark)?;
        let name = format!("{}-{:08}.png", mark.data().serial, mark.data().pieces);
        let file = output.map_or_else(|| self.output_folder().join(name), Path::to_owned);
        write_whole(&file, &picture.to_png_red())
            .map_err(|source| Fault::PaidNotPrinted { record, source: Box::new(source) })?;
        self.psd.complete(record)?;
        Ok(file)
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

/// A mark that is worth nothing and signed by nobody: only its size is of interest.
fn specimen() -> Mark {
    const FITS: &str = "invariant: a specimen fits a mark";
    let nothing = Amount::zero(Currency::Cad);
    let data = MarkData {
        kind: MarkKind::Redate,
        serial: MeterSerial::new(1).expect(FITS),
        indicia_number: IndiciaNumber::new(1).expect(FITS),
        pieces: 1,
        amount: nothing,
        date: jiff::civil::date(2000, 1, 1),
        ascending: nothing,
        descending: nothing,
        product: 0,
        postal_code: "A0A 0A0".parse().expect(FITS),
        weight_grams: 0,
        rate_table: RateTableTag::of(""),
        key_id: KeyId::from_bytes([0; 8]),
    };
    Mark::from_parts(data, UNSIGNED).expect(FITS)
}

fn refuse_existing(file: &Path) -> Result<(), MeterError> {
    match file.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(PieceRefusal::FileExists { file: file.to_owned() }.into()),
        Err(e) => Err(Fault::io("read", file, e).into()),
    }
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
