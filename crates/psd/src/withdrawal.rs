//! Withdrawal: the device gives back what its descending register holds, and is done (REQ FUNDS-1).
//!
//! The request is durable before it leaves, and from then on nothing is franked or refilled: what the server books is
//! exactly what the device held. As with a refill it is sent again unchanged until it is answered, and the server answers
//! the same bytes with the same bytes. A refusal for good leaves the device suspended: the books and the registers may
//! disagree, so only an inspection lets it frank again.

use jiff::Timestamp;
use timbre_postage::{Amount, Registers};
use timbre_protocol::withdrawal::{Reply, Request};
use timbre_protocol::{Nonce, Signed, UNSIGNED};

use crate::entry::Entry;
use crate::journal::Journal;
use crate::{Applied, Breach, Psd, PsdError, Refusal, State};

const WHAT: &str = "withdrawal reply";
/// Also when locked or suspended: the request shows all that an inspection would, and asks for nothing that either forbids.
const MAY_ASK: &[State] = &[State::Authorised, State::Operational, State::Suspended];

impl<J: Journal> Psd<J> {
    /// Asks to be withdrawn. While that is pending, this is the pending request, byte for byte; `now` and `nonce` are
    /// then not used.
    ///
    /// # Errors
    /// [`Refusal::State`], [`Refusal::RefillPending`]; faults of the key store and the journal.
    pub fn withdrawal_request(
        &mut self,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request, PsdError> {
        if let Some(pending) = self.pending_withdrawal() {
            return Ok(pending.clone());
        }
        self.require(MAY_ASK)?;
        if let Some(refill) = self.pending_refill() {
            let (sequence, amount) = (refill.sequence, refill.amount);
            return Err(Refusal::RefillPending { sequence, amount }.into());
        }
        // What was printed is told first: the request must be the last thing that happened.
        self.settle()?;
        let request = Request {
            serial: self.serial(),
            sequence: self.state.withdrawals + 1,
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
        self.commit(Entry::WithdrawalRequested(request.clone()))?;
        Ok(request)
    }

    /// The withdrawal that was asked for and not settled, as it was sent.
    pub fn pending_withdrawal(&self) -> Option<&Request> {
        self.state.pending_withdrawal.as_ref()
    }

    /// The withdrawal that was applied: the last thing a device does.
    pub fn withdrawal(&self) -> Option<&Reply> {
        self.state.withdrawal.as_ref()
    }

    /// Applies the server's reply: the descending register falls to nothing, the control sum to the ascending register,
    /// for good. A reply that was applied before changes nothing.
    ///
    /// # Errors
    /// In this order: [`Refusal::State`], [`Breach::BadSignature`], [`Breach::WrongSerial`],
    /// [`Refusal::NoWithdrawalPending`] (none at all, or one of another number), [`Breach::WrongNonce`],
    /// [`Refusal::WrongCurrency`], [`Breach::WrongAmount`], [`Breach::WrongControlSum`]; then faults of the journal.
    pub fn apply_withdrawal(&mut self, reply: &Reply, now: Timestamp) -> Result<Applied, PsdError> {
        if self.withdrawal() == Some(reply) {
            return Ok(Applied::Before);
        }
        self.require(&[State::WithdrawPending])?;
        reply.verify(self.funds_key()).map_err(|_| Breach::BadSignature(WHAT))?;
        if reply.serial != self.serial() {
            let (expected, found) = (self.serial(), reply.serial);
            return Err(Breach::WrongSerial { message: WHAT, expected, found }.into());
        }
        let pending = self.pending_withdrawal().filter(|asked| asked.sequence == reply.sequence);
        let pending = pending.ok_or(Refusal::NoWithdrawalPending)?;
        if reply.nonce != pending.nonce {
            return Err(Breach::WrongNonce(WHAT).into());
        }
        for amount in [reply.amount, reply.control_sum_after] {
            self.same_currency(amount)?;
        }
        let before = self.registers();
        if reply.amount != before.descending {
            let (requested, granted) = (before.descending, reply.amount);
            return Err(Breach::WrongAmount { requested, granted }.into());
        }
        if reply.control_sum_after != before.ascending {
            let (expected, found) = (reply.control_sum_after, before.ascending);
            return Err(Breach::WrongControlSum { expected, found }.into());
        }
        let registers = Registers { descending: Amount::zero(self.currency()), ..before };
        let mut stamp = self.stamp(now, registers);
        // The server compares clocks, so this is the time even if the last operation seems later.
        stamp.time = now;
        self.commit(self.chained(Entry::Withdrawn { stamp, reply: reply.clone() }))?;
        Ok(Applied::Now)
    }

    /// Gives up the pending withdrawal `sequence`, which the server has refused for good. Call it for a refusal of the
    /// withdrawal itself only, never for silence or a fault: a server that has booked it answers it with the booked reply
    /// and never refuses it. The device is suspended until it is inspected.
    ///
    /// # Errors
    /// [`Refusal::NoWithdrawalPending`] when none of that number is pending; faults of the journal.
    pub fn cancel_withdrawal(&mut self, sequence: u64, now: Timestamp) -> Result<(), PsdError> {
        match self.pending_withdrawal() {
            Some(pending) if pending.sequence == sequence => {
                self.commit(Entry::WithdrawalCancelled { time: now, sequence })?;
                Ok(())
            }
            _ => Err(Refusal::NoWithdrawalPending.into()),
        }
    }
}
