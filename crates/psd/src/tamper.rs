//! The end of a device that was opened: its keys go, its registers stay readable.

use jiff::Timestamp;

use crate::entry::Entry;
use crate::journal::Journal;
use crate::{Psd, PsdError, Refusal, State};

impl<J: Journal> Psd<J> {
    /// Records for good that the device was opened, and lets go of its keys. The caller destroys the
    /// key store (`SealedKeys::destroy`) as soon as this returns; from then on [`Psd::examine`]
    /// reads what there is to read.
    ///
    /// # Errors
    /// [`Refusal::State`] when it is tampered or withdrawn already; faults of the journal.
    pub fn tamper(&mut self, now: Timestamp) -> Result<(), PsdError> {
        if matches!(self.state.base, State::Tampered | State::Withdrawn) {
            return Err(Refusal::State(self.state.base).into());
        }
        self.settle()?;
        self.commit(Entry::Tampered { time: now })?;
        self.keys = None;
        Ok(())
    }
}
