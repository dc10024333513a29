//! Transaction records and paid pieces, read back from the journal: the journal is the outbox.
//!
//! Records are never deleted here; what has been acknowledged is the meter's to remember.

use timbre_protocol::Hash;
use timbre_protocol::transaction_upload::TransactionRecord;

use crate::entry::{Debited, Entry};
use crate::journal::{Journal, Place, Slot};
use crate::{Fault, JobId, PaidPiece, Psd, PsdError};

impl<J: Journal> Psd<J> {
    /// Up to `limit` transaction records after record `sequence`, in order.
    ///
    /// # Errors
    /// Faults of the journal.
    pub fn records_after(
        &self,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<TransactionRecord>, PsdError> {
        self.entries_after(sequence)?
            .filter_map(|entry| match entry {
                Ok((record, entry)) => entry.record(record, self.currency()).map(Ok),
                Err(fault) => Some(Err(fault.into())),
            })
            .take(limit)
            .collect()
    }

    /// The chain value of record `sequence`: what an upload that begins with the next one builds on.
    /// Zeros for record 0, and `None` for a record that does not exist yet.
    ///
    /// # Errors
    /// Faults of the journal.
    pub fn chain_at(&self, sequence: u64) -> Result<Option<Hash>, PsdError> {
        match sequence {
            0 => Ok(Some([0; 32])),
            last if last == self.record_sequence() => Ok(Some(self.record_chain())),
            _ => Ok(self.records_after(sequence - 1, 1)?.first().map(|record| record.chain)),
        }
    }

    /// The pieces of a job that were paid after record `after`, in order: what a resumed job must not
    /// frank again. A job that remembers the last record before its start is found without reading
    /// the device's whole life.
    ///
    /// # Errors
    /// Faults of the journal, here and for each piece.
    pub fn pieces_of_job(
        &self,
        job: JobId,
        after: u64,
    ) -> Result<impl Iterator<Item = Result<PaidPiece, PsdError>> + '_, PsdError> {
        Ok(self.entries_after(after)?.filter_map(move |entry| match entry {
            Ok((record, Entry::Debited(piece))) => is_of(&piece, job)
                .then(|| PaidPiece::from_entry(record, *piece).map_err(PsdError::from)),
            Ok(_) => None,
            Err(fault) => Some(Err(fault.into())),
        }))
    }

    /// The paid piece of one record.
    pub(crate) fn paid_piece(&self, record: u64) -> Result<PaidPiece, PsdError> {
        match self.entries_after(record.saturating_sub(1))?.next() {
            Some(Ok((found, Entry::Debited(piece)))) if found == record => {
                Ok(PaidPiece::from_entry(record, *piece)?)
            }
            Some(Err(fault)) => Err(fault.into()),
            _ => Err(crate::Refusal::NotUnprinted { record }.into()),
        }
    }

    fn entries_after(&self, sequence: u64) -> Result<Entries<'_, J>, Fault> {
        let place = self.journal.find(sequence + 1)?;
        Ok(Entries { psd: self, place: Some(place), run: Vec::new().into_iter() })
    }
}

fn is_of(piece: &Debited, job: JobId) -> bool {
    piece.memo.fields().job.is_some_and(|(of, _)| of == job)
}

/// Entries from a place of the journal to its end, each with the newest record up to it.
struct Entries<'a, J: Journal> {
    psd: &'a Psd<J>,
    /// Where to read on; `None` once the end or a fault was met.
    place: Option<Place>,
    run: std::vec::IntoIter<Slot>,
}

impl<J: Journal> Iterator for Entries<'_, J> {
    type Item = Result<(u64, Entry), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(slot) = self.run.next() {
                let (header, state) = (slot.header(), &self.psd.state);
                let entry =
                    Entry::decode(header.kind, slot.payload(), state.serial, state.currency);
                return Some(match entry {
                    Ok(entry) => Ok((header.record, entry)),
                    Err(fault) => {
                        self.place = None;
                        self.run = Vec::new().into_iter();
                        Err(Fault::Unreadable { slot: header.sequence, fault })
                    }
                });
            }
            match self.psd.journal.read(self.place.take()?) {
                Ok(Some((slots, next))) => {
                    self.run = slots.into_iter();
                    self.place = Some(next);
                }
                Ok(None) => return None,
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}
