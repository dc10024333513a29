//! Refill: the only thing that raises the descending register (REQ FUNDS-1; SOR/2010-220, s. 3).
//!
//! The request is durable before it leaves, so after a crash or a lost reply the device asks for the
//! same with the same bytes, and the server answers with the same reply, booking nothing twice. The
//! reply counts once: its number is exactly the pending one.

use jiff::Timestamp;
use timbre_postage::Amount;
use timbre_protocol::refill::{Reply, Request};
use timbre_protocol::{Nonce, Signed, UNSIGNED};

use crate::entry::Entry;
use crate::journal::Journal;
use crate::{Applied, Breach, Psd, PsdError, Refusal, State};

const WHAT: &str = "refill reply";

impl<J: Journal> Psd<J> {
    /// Asks for `amount`. While a refill of that amount is pending, this is the pending request,
    /// byte for byte; `now` and `nonce` are then not used.
    ///
    /// # Errors
    /// In this order: [`Refusal::State`], [`Refusal::RefillPending`], [`Refusal::WrongCurrency`],
    /// [`Refusal::ZeroAmount`], [`Refusal::NegativeAmount`], [`Refusal::BelowMinimumRefill`],
    /// [`Refusal::AboveMaximumRefill`], [`Refusal::OverCapacity`]; then faults.
    pub fn refill_request(
        &mut self,
        amount: Amount,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request, PsdError> {
        self.require(&[State::Authorised, State::Operational])?;
        if let Some(pending) = self.pending_refill() {
            return match pending.amount == amount {
                true => Ok(pending.clone()),
                false => Err(Refusal::RefillPending {
                    sequence: pending.sequence,
                    amount: pending.amount,
                }
                .into()),
            };
        }
        self.check_refill_amount(amount)?;
        let request = Request {
            serial: self.serial(),
            sequence: self.last_refill_sequence() + 1,
            amount,
            registers: self.registers(),
            control_sum: self.control_sum(),
            block_version: self.installed()?.version,
            time: now,
            nonce,
            signature: UNSIGNED,
        };
        let request = request.sign(&*self.keys()?)?;
        self.settle()?;
        self.commit(Entry::RefillRequested(request.clone()))?;
        Ok(request)
    }

    /// The refill that was asked for and not settled, as it was sent.
    pub fn pending_refill(&self) -> Option<&Request> {
        self.state.pending_refill.as_ref()
    }

    /// Applies the server's reply. A reply that was applied before changes nothing.
    ///
    /// # Errors
    /// In this order: [`Breach::BadSignature`], [`Breach::WrongSerial`], [`Refusal::RefillReplayed`],
    /// [`Refusal::RefillOutOfOrder`], [`Refusal::NoRefillPending`], [`Breach::WrongNonce`],
    /// [`Refusal::WrongCurrency`], [`Breach::WrongAmount`], [`Breach::WrongControlSum`],
    /// [`Refusal::OverCapacity`]; then faults of the journal. The request stays pending.
    pub fn apply_refill(&mut self, reply: &Reply, now: Timestamp) -> Result<Applied, PsdError> {
        self.require(&[State::Authorised, State::Operational, State::Suspended])?;
        let genuine = reply.verify(self.funds_key());
        #[cfg(feature = "planted")]
        let genuine = genuine.or_else(|bad| {
            use timbre_postage::planted::{Bug, has};
            if has(Bug::ReplyUnverified) { Ok(()) } else { Err(bad) }
        });
        genuine.map_err(|_| Breach::BadSignature(WHAT))?;
        if reply.serial != self.serial() {
            let (expected, found) = (self.serial(), reply.serial);
            return Err(Breach::WrongSerial { message: WHAT, expected, found }.into());
        }
        if self.last_refill() == Some(reply) {
            return Ok(Applied::Before);
        }
        let pending = self.expected_refill(reply.sequence)?;
        if reply.nonce != pending.nonce {
            return Err(Breach::WrongNonce(WHAT).into());
        }
        let amounts = [
            reply.amount,
            reply.control_sum_after,
            reply.prepaid_left,
            reply.credit_left,
            reply.tax,
        ];
        for amount in amounts {
            self.same_currency(amount)?;
        }
        if reply.amount != pending.amount {
            let (requested, granted) = (pending.amount, reply.amount);
            return Err(Breach::WrongAmount { requested, granted }.into());
        }
        let mut registers = self.registers();
        registers.descending = self.raised(reply.amount)?;
        let found = self.control_sum().checked_add(reply.amount);
        let expected = reply.control_sum_after;
        if found != Ok(expected) || registers.control_sum() != Ok(expected) {
            let found = found.unwrap_or_else(|_| self.control_sum());
            return Err(Breach::WrongControlSum { expected, found }.into());
        }
        self.settle()?;
        let mut stamp = self.stamp(now, registers);
        // The server compares clocks, so this is the time even if the last operation seems later.
        stamp.time = now;
        self.commit(self.chained(Entry::RefillApplied { stamp, reply: reply.clone() }))?;
        Ok(Applied::Now)
    }

    /// Forgets the pending refill `sequence`, which the server has refused for good, so that another
    /// can be asked for. Call it for a refusal only, never for silence or a fault: it is safe because
    /// a server that has booked a refill answers its number with the booked reply and never refuses it.
    ///
    /// # Errors
    /// [`Refusal::NoRefillPending`] when no refill of that number is pending; faults of the journal.
    pub fn cancel_refill(&mut self, sequence: u64, now: Timestamp) -> Result<(), PsdError> {
        match self.pending_refill() {
            Some(pending) if pending.sequence == sequence => {
                self.settle()?;
                self.commit(Entry::RefillCancelled { time: now, sequence })?;
                Ok(())
            }
            _ => Err(Refusal::NoRefillPending.into()),
        }
    }

    fn check_refill_amount(&self, amount: Amount) -> Result<(), Refusal> {
        let block = self.installed()?;
        let (minimum, maximum) = (block.minimum_refill, block.maximum_refill);
        self.same_currency(amount)?;
        if amount.is_zero() {
            return Err(Refusal::ZeroAmount);
        }
        if amount.is_negative() {
            return Err(Refusal::NegativeAmount(amount));
        }
        if amount.mills() < minimum.mills() {
            return Err(Refusal::BelowMinimumRefill { minimum });
        }
        if amount.mills() > maximum.mills() {
            return Err(Refusal::AboveMaximumRefill { maximum });
        }
        self.raised(amount).map(|_| ())
    }

    /// The descending register raised by `amount`, if it may hold that much.
    fn raised(&self, amount: Amount) -> Result<Amount, Refusal> {
        let maximum = self.installed()?.maximum_descending;
        match self.registers().descending.checked_add(amount) {
            Ok(after) if after.mills() <= maximum.mills() => Ok(after),
            Ok(after) => Err(Refusal::OverCapacity { after, maximum }),
            Err(_) => Err(Refusal::OverCapacity { after: amount, maximum }),
        }
    }

    fn expected_refill(&self, sequence: u64) -> Result<&Request, Refusal> {
        let last = self.last_refill_sequence();
        if sequence <= last {
            return Err(Refusal::RefillReplayed { sequence, last });
        }
        if sequence != last + 1 {
            return Err(Refusal::RefillOutOfOrder { sequence, expected: last + 1 });
        }
        self.pending_refill().ok_or(Refusal::NoRefillPending)
    }

    pub(crate) fn same_currency(&self, amount: Amount) -> Result<(), Refusal> {
        let (given, kept) = (amount.currency(), self.currency());
        if given == kept { Ok(()) } else { Err(Refusal::WrongCurrency { given, kept }) }
    }
}
