//! Inspection: the device shows its registers and is told when to come again (REQ FUNDS-3, FUNDS-6).
//!
//! As with a refill, the request is durable before it leaves and is sent again unchanged until it is
//! answered. The reply may order the device to stop, and a later one to go on.

use jiff::Timestamp;
use timbre_protocol::inspection::{Reply, Request};
use timbre_protocol::{Nonce, Signed, UNSIGNED};

use crate::entry::Entry;
use crate::journal::Journal;
use crate::{Applied, Breach, Psd, PsdError, Refusal, State};

const WHAT: &str = "inspection reply";
const MAY_BE_INSPECTED: &[State] = &[State::Authorised, State::Operational, State::Suspended];

impl<J: Journal> Psd<J> {
    /// Asks to be inspected. While an inspection is pending that shows the device as it is, this is the
    /// pending request, byte for byte; `now` and `nonce` are then not used. One that shows it as it was
    /// is asked for anew, under the same number: to whoever has seen more since, it would look like a
    /// device that was put back to an earlier state.
    ///
    /// # Errors
    /// [`Refusal::State`]; faults of the key store and the journal.
    pub fn inspection_request(
        &mut self,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request, PsdError> {
        self.require(MAY_BE_INSPECTED)?;
        if let Some(pending) = self.pending_inspection().filter(|it| self.is_current(it)) {
            return Ok(pending.clone());
        }
        let request = Request {
            serial: self.serial(),
            sequence: self.last_inspection_sequence() + 1,
            registers: self.registers(),
            control_sum: self.control_sum(),
            last_refill_sequence: self.last_refill_sequence(),
            record_sequence: self.record_sequence(),
            record_chain: self.record_chain(),
            time: now,
            nonce,
            signature: UNSIGNED,
        };
        let request = request.sign(&*self.keys()?)?;
        self.settle()?;
        self.commit(Entry::InspectionRequested(request.clone()))?;
        Ok(request)
    }

    /// The inspection that was asked for and not settled, as it was sent.
    pub fn pending_inspection(&self) -> Option<&Request> {
        self.state.pending_inspection.as_ref()
    }

    /// What the device answers to most of what it is asked while the provider has it frank nothing: why, where they said
    /// so, and what to do; none while it is not suspended.
    pub fn suspension(&self) -> Option<Refusal> {
        let cause = self.state.last_inspection.as_ref().and_then(|reply| reply.cause);
        (self.state.base == State::Suspended)
            .then(|| cause.map_or(Refusal::State(State::Suspended), Refusal::Suspended))
    }

    /// The number of the last inspection applied; 0 before the first.
    pub fn last_inspection_sequence(&self) -> u64 {
        self.state.inspection_sequence()
    }

    /// Applies the server's reply. A reply that was applied before changes nothing.
    ///
    /// # Errors
    /// In this order: [`Breach::BadSignature`], [`Breach::WrongSerial`],
    /// [`Refusal::InspectionReplayed`], [`Refusal::InspectionOutOfOrder`],
    /// [`Refusal::NoInspectionPending`], [`Breach::WrongNonce`]; then faults of the journal.
    pub fn apply_inspection(&mut self, reply: &Reply, now: Timestamp) -> Result<Applied, PsdError> {
        self.require(MAY_BE_INSPECTED)?;
        reply.verify(self.funds_key()).map_err(|_| Breach::BadSignature(WHAT))?;
        if reply.serial != self.serial() {
            let (expected, found) = (self.serial(), reply.serial);
            return Err(Breach::WrongSerial { message: WHAT, expected, found }.into());
        }
        if self.state.last_inspection.as_ref() == Some(reply) {
            return Ok(Applied::Before);
        }
        if reply.nonce != self.expected_inspection(reply.sequence)?.nonce {
            return Err(Breach::WrongNonce(WHAT).into());
        }
        self.settle()?;
        let mut stamp = self.stamp(now, self.registers());
        // The server compares clocks, so this is the time even if the last operation seems later.
        stamp.time = now;
        self.commit(self.chained(Entry::InspectionApplied { stamp, reply: reply.clone() }))?;
        Ok(Applied::Now)
    }

    /// Forgets the pending inspection `sequence`, which the server has refused for good. The rule of
    /// [`Psd::cancel_refill`] holds here too.
    ///
    /// # Errors
    /// [`Refusal::NoInspectionPending`] when no inspection of that number is pending; faults of the journal.
    pub fn cancel_inspection(&mut self, sequence: u64, now: Timestamp) -> Result<(), PsdError> {
        match self.pending_inspection() {
            Some(pending) if pending.sequence == sequence => {
                self.settle()?;
                self.commit(Entry::InspectionCancelled { time: now, sequence })?;
                Ok(())
            }
            _ => Err(Refusal::NoInspectionPending.into()),
        }
    }

    /// Whether a question shows the device as it is: every movement is a record.
    fn is_current(&self, asked: &Request) -> bool {
        #[cfg(feature = "planted")]
        if timbre_postage::planted::has(timbre_postage::planted::Bug::StaleInspection) {
            return true;
        }
        asked.record_sequence == self.record_sequence()
    }

    fn expected_inspection(&self, sequence: u64) -> Result<&Request, Refusal> {
        let last = self.last_inspection_sequence();
        if sequence <= last {
            return Err(Refusal::InspectionReplayed { sequence, last });
        }
        if sequence != last + 1 {
            return Err(Refusal::InspectionOutOfOrder { sequence, expected: last + 1 });
        }
        self.pending_inspection().ok_or(Refusal::NoInspectionPending)
    }
}
