//! Printing what was paid: at once, or once more for a piece that was not printed. A mark is verified
//! again before it becomes a picture (REQ DL-5).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use timbre_indicium::{Artwork, Bitmap, Mark, MarkData, MarkKind, RateTableTag, Resolution};
use timbre_key_store::KeyId;
use timbre_postage::{Amount, Country, Currency, IndiciaNumber, MeterSerial};
use timbre_protocol::UNSIGNED;
use timbre_psd::{JobId, PaidPiece, Performed, PsdError, Refusal as DeviceRefusal};

use super::Meter;
use super::frank::Franked;
use crate::directory::{Room, create_folder};
use crate::error::{Breach, Fault, MeterError, PieceRefusal};
use crate::jobs::{Done, DoneRows};

/// As many bytes as the picture of a mark takes at most, and more.
const MARK_ROOM: usize = 64 * 1024;

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

impl Meter {
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
        let pieces = self.psd.unprinted()?;
        let piece = pieces.iter().find(|piece| piece.record_sequence == record);
        let piece = piece.ok_or(PsdError::Refused(DeviceRefusal::NotUnprinted { record }))?;
        let table = piece.memo.fields().table.clone();
        // Released once: a mark that finds no room on the disk would be lost to whoever paid for it.
        let room = self.make_room_for(piece.mark.data().pieces, output)?;
        let Performed { mark, registers, .. } = self.psd.reprint(record, self.now())?;
        let file = self.write_mark(record, &mark, room)?;
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

    /// The picture of a mark, after the mark was verified again: nothing else is printed.
    pub(crate) fn picture(&mut self, record: u64, mark: &Mark) -> Result<Bitmap, MeterError> {
        mark.verify(&self.indicium_key).map_err(|_| Breach::Mark { record })?;
        Ok(self.artwork().render(mark))
    }

    /// Tells the device which pieces are durably printed, and takes each off the list.
    pub(crate) fn complete(&mut self, printed: &mut Vec<u64>) -> Result<(), MeterError> {
        while let Some(record) = printed.last() {
            self.psd.complete(*record)?;
            printed.pop();
        }
        Ok(())
    }

    /// Releases the mark of a paid piece of a run for its file. The file is known not to be there, so
    /// the mark is not printed twice, however often the run is interrupted.
    pub(crate) fn release_again(&mut self, record: u64) -> Result<(), MeterError> {
        match self.psd.reprint(record, self.now()) {
            Ok(_) => Ok(()),
            Err(PsdError::Refused(DeviceRefusal::AlreadyReprinted { .. })) => Ok(()),
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

    /// Sees to it, before anything is paid, that the mark of piece number `pieces` can go to `output` or to the
    /// settings' folder: there is room, and no file is written over.
    pub(super) fn make_room_for(
        &self,
        pieces: u64,
        output: Option<&Path>,
    ) -> Result<Room, MeterError> {
        if let Some(file) = output {
            refuse_existing(file)?;
        }
        create_folder(&output.map_or_else(|| self.output_folder(), folder_of))?;
        let name = format!("{}-{pieces:08}.png", self.serial());
        let file = output.map_or_else(|| self.output_folder().join(name), Path::to_owned);
        Ok(Room::reserve(&file, MARK_ROOM)?)
    }

    pub(super) fn write_mark(
        &mut self,
        record: u64,
        mark: &Mark,
        room: Room,
    ) -> Result<PathBuf, MeterError> {
        let picture = self.picture(record, mark)?;
        let file = room.fill(&picture.to_png_red()).map_err(|source| Fault::PaidNotPrinted {
            record,
            of_run: false,
            source: Box::new(source),
        })?;
        self.psd.complete(record)?;
        Ok(file)
    }
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
