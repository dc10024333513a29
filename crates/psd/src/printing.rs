//! What became of paid pieces: printed, or still to be printed, once more at most.
//!
//! A completion moves no money, so it needs no flush of its own: it is noted where the next slot will
//! overwrite it and told again in that slot. A process that dies loses none; a power cut may lose the
//! last few, whose pieces are then listed as unprinted although they may lie in the tray. That errs on
//! the safe side: the operator looks, and a piece printed twice by mistake is one mark twice, which
//! verification finds, never postage paid twice.

use jiff::Timestamp;
use timbre_indicium::Mark;

use crate::entry::{COMPLETIONS, Debited, Entry, Reprinted};
use crate::journal::{Journal, SlotKind};
use crate::{Fault, Memo, Performed, Psd, PsdError, Refusal};

/// A piece that was paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaidPiece {
    /// Its transaction record.
    pub record_sequence: u64,
    /// When it was paid.
    pub time: Timestamp,
    /// Its mark.
    pub mark: Mark,
    /// What else is remembered of it.
    pub memo: Memo,
}

impl PaidPiece {
    pub(crate) fn from_entry(record: u64, piece: Debited) -> Result<PaidPiece, Fault> {
        let mark = Mark::parse(&piece.mark).map_err(|source| Fault::OldMark { record, source })?;
        Ok(PaidPiece { record_sequence: record, time: piece.stamp.time, mark, memo: piece.memo })
    }
}

impl<J: Journal> Psd<J> {
    /// Says that the mark of a paid piece was printed.
    ///
    /// # Errors
    /// [`Refusal::NotUnprinted`] when no such piece waits; faults of the journal.
    pub fn complete(&mut self, record: u64) -> Result<(), PsdError> {
        if !self.state.unprinted.contains_key(&record) {
            return Err(Refusal::NotUnprinted { record }.into());
        }
        let mut printed = self.unsaved.clone();
        printed.push(record);
        let entry = Entry::Completed(printed);
        if self.unsaved.len() + 1 >= COMPLETIONS {
            self.commit(entry)?;
            return Ok(());
        }
        self.make_room()?;
        self.journal
            .note(SlotKind::Completed, self.state.record_sequence, &entry.encode())
            .map_err(Fault::from)?;
        self.state.printed(&[record]);
        self.unsaved.push(record);
        Ok(())
    }

    /// Makes durable what was printed. Worth calling when the machine rests: at sleep, at power-off.
    ///
    /// # Errors
    /// Faults of the journal.
    pub fn settle(&mut self) -> Result<(), PsdError> {
        if !self.unsaved.is_empty() {
            self.commit(Entry::Completed(self.unsaved.clone()))?;
        }
        Ok(())
    }

    /// How many pieces are paid and not known to be printed.
    pub fn unprinted_count(&self) -> usize {
        self.state.unprinted.len()
    }

    /// The pieces that are paid and not known to be printed, oldest first.
    ///
    /// # Errors
    /// Faults of the journal, where the pieces are read from.
    pub fn unprinted(&self) -> Result<Vec<PaidPiece>, PsdError> {
        self.state.unprinted.keys().map(|record| self.paid_piece(*record)).collect()
    }

    /// Releases the mark of a paid and unprinted piece once more. Nothing is paid; the record of it
    /// is durable before the mark is released. The piece stays unprinted until [`Psd::complete`].
    ///
    /// # Errors
    /// [`Refusal::State`], [`Refusal::ClockMovedBack`], [`Refusal::InspectionOverdue`],
    /// [`Refusal::NotUnprinted`], [`Refusal::AlreadyReprinted`]; faults of the journal.
    pub fn reprint(&mut self, record: u64, now: Timestamp) -> Result<Performed, PsdError> {
        self.may_frank()?;
        self.check_clock(now)?;
        self.check_inspection(now)?;
        match self.state.unprinted.get(&record) {
            None => return Err(Refusal::NotUnprinted { record }.into()),
            Some(true) => return Err(Refusal::AlreadyReprinted { record }.into()),
            Some(false) => {}
        }
        let piece = self.paid_piece(record)?;
        let registers = self.registers();
        self.settle()?;
        let entry = Entry::Reprinted(Box::new(Reprinted {
            stamp: self.stamp(now, registers),
            of: record,
            date: piece.mark.data().date,
            product: piece.mark.data().product,
            memo: piece.memo,
        }));
        self.commit(self.chained(entry))?;
        Ok(Performed { record_sequence: record, mark: piece.mark, registers })
    }
}
