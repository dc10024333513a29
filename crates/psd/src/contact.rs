//! The number that the infrastructure gives each contact, written down so that a copy of the device or an earlier state of
//! it is found out at its next contact (REQ FUNDS-6).
//!
//! The device only counts. That an old number is evidence is decided by whoever remembers the newest.

use jiff::Timestamp;

use crate::entry::Entry;
use crate::journal::Journal;
use crate::{Applied, Breach, Psd, PsdError};

impl<J: Journal> Psd<J> {
    /// The number of the last contact, to be presented at the next; 0 before the first.
    pub fn contact(&self) -> u64 {
        self.state.contact
    }

    /// Writes down the number of a contact. The same number again changes nothing.
    ///
    /// # Errors
    /// [`Breach::ContactNotNext`] when the number is before the last; [`crate::Refusal::State`] of a device without keys;
    /// faults of the journal.
    pub fn note_contact(&mut self, contact: u64, now: Timestamp) -> Result<Applied, PsdError> {
        self.keys()?;
        let last = self.state.contact;
        if contact == last {
            return Ok(Applied::Before);
        }
        if contact < last {
            return Err(Breach::ContactNotNext { last, given: contact }.into());
        }
        let time = now.max(self.state.last_time);
        self.commit(Entry::Contacted { time, contact })?;
        Ok(Applied::Now)
    }
}
