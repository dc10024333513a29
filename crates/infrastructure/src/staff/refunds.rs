//! Refunds: what a withdrawn or replaced meter held becomes its customer's prepaid money again, once. When it may is a rule
//! of the funds; a person's decision needs a reason, which stands in the audit log and in the ledger.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::RequestId;
use timbre_funds::refund::{Evidence, Refund, may_release, release, take_back};
use timbre_postage::{AccountNumber, Amount, MeterSerial};

use super::{Staff, StaffError};
use crate::call::today;
use crate::store::customers::Customer;
use crate::store::meters::{self, Meter};
use crate::store::{
    StoreError, Work, audit, cases, customers, replacements, transfers, withdrawals,
};

/// What was given back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefundReceipt {
    /// The meter that held it.
    pub meter: MeterSerial,
    /// The customer who has it now.
    pub customer: AccountNumber,
    /// How much.
    pub amount: Amount,
    /// Whether it had been given back before, and nothing was booked now.
    pub before: bool,
    /// The customer's prepaid money now.
    pub prepaid: Amount,
}

/// A person's decision to give back what the rule would not, or less of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Why.
    pub reason: String,
    /// How much, where less than all is given back: what the device is believed to have franked after its last word stays
    /// on its account.
    pub amount: Option<Amount>,
}

impl Staff {
    /// Gives the customer back what a withdrawn or replaced meter held. Asked twice, it is booked once.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], [`StaffError::Refund`] when the rule says no and nobody has decided otherwise,
    /// [`StaffError::TooMuch`], [`StaffError::WrongCurrency`], [`StaffError::Invalid`], or a fault of the store.
    pub async fn refund(
        &self,
        serial: MeterSerial,
        decision: Option<Decision>,
    ) -> Result<RefundReceipt, StaffError> {
        if decision.as_ref().is_some_and(|decision| decision.reason.trim().is_empty()) {
            return Err(StaffError::Invalid("a decision needs a reason"));
        }
        let (who, now) = (self.who.clone(), self.now());
        self.store.write(GiveBack { serial, decision, who, now }).await?
    }
}

struct GiveBack {
    serial: MeterSerial,
    decision: Option<Decision>,
    who: String,
    now: Timestamp,
}

impl Work for GiveBack {
    type Output = Result<RefundReceipt, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.serial)));
        };
        let Some(mut customer) = customers::lock(tx, meter.account).await? else {
            return Err(StoreError::unreadable("meter", "its customer is gone"));
        };
        let id = RequestId::refund(meter.serial);
        if let Some(booked) = transfers::find(tx, customer.account, &id).await? {
            let prepaid = timbre_funds::AccountId::Prepaid(customer.account);
            return Ok(Ok(self.receipt(&customer, booked.gain_of(prepaid), true)));
        }
        let withdrawn = withdrawals::find(tx, meter.serial, meter.currency).await?;
        let replaced = replacements::of(tx, meter.serial, meter.currency).await?;
        let (evidence, held) = match (&withdrawn, &replaced) {
            (Some(booked), _) => {
                let recorded = meter.record_sequence > booked.record_sequence;
                (Evidence::Withdrawn { recorded }, booked.amount)
            }
            (None, Some(old)) => {
                let since = today(old.replaced);
                (Evidence::BooksAlone { since }, old.registers.descending)
            }
            (None, None) => (Evidence::InService, Amount::zero(meter.currency)),
        };
        let open = cases::of(tx, Some(meter.serial)).await?;
        let open = open.iter().filter(|case| case.closed.is_none()).count();
        let decided = self.decision.is_some();
        if let Err(refusal) = may_release(evidence, open, decided, today(self.now)) {
            return Ok(Err(StaffError::Refund(refusal)));
        }
        let amount = match self.amount(held, withdrawn.is_some()) {
            Ok(amount) => amount,
            Err(refused) => return Ok(Err(refused)),
        };
        if !amount.is_zero() {
            if withdrawn.is_none() {
                self.take_back(tx, &mut meter, &mut customer, amount).await?;
            }
            let memo = format!("refund of meter {}: {amount}{}", meter.serial, self.why());
            self.book(tx, &mut customer, release(self.transfer(id, &meter, amount, memo))).await?;
        }
        let detail = format!("{amount} of {held} held{}", self.why());
        let subject = meter.serial.to_string();
        audit::append(tx, &subject, self.now, &self.who, "refunded", detail).await?;
        Ok(Ok(self.receipt(&customer, amount, false)))
    }
}

impl GiveBack {
    /// How much is given back of what is held. What a device has signed for is given back whole.
    fn amount(&self, held: Amount, signed_for: bool) -> Result<Amount, StaffError> {
        let Some(asked) = self.decision.as_ref().and_then(|decision| decision.amount) else {
            return Ok(held);
        };
        if asked.currency() != held.currency() {
            let (expected, given) = (held.currency(), asked.currency());
            return Err(StaffError::WrongCurrency { expected, given });
        }
        if asked.is_negative() || asked.mills() > held.mills() || (signed_for && asked != held) {
            return Err(StaffError::TooMuch { asked, held });
        }
        Ok(asked)
    }

    /// Takes out of the books of a device that can be read no more what nobody else will.
    async fn take_back(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
        customer: &mut Customer,
        amount: Amount,
    ) -> Result<(), StoreError> {
        let id = RequestId::withdrawal(meter.serial);
        let memo =
            format!("meter {} cannot be read, {amount} taken back{}", meter.serial, self.why());
        self.book(tx, customer, take_back(self.transfer(id, meter, amount, memo))).await?;
        meter.control_sum = meter
            .control_sum
            .checked_sub(amount)
            .map_err(|error| StoreError::unreadable("control_sum", error))?;
        meters::update(tx, meter).await
    }

    fn transfer(&self, id: RequestId, meter: &Meter, amount: Amount, memo: String) -> Refund {
        let (customer, meter) = (meter.account, meter.serial);
        Refund { id, customer, meter, amount, time: self.now, memo }
    }

    async fn book(
        &self,
        tx: &mut AnyConnection,
        customer: &mut Customer,
        transfer: Result<timbre_funds::Transfer, timbre_funds::LedgerError>,
    ) -> Result<(), StoreError> {
        let transfer = transfer.map_err(|error| StoreError::Fault(error.to_string()))?;
        transfers::book(tx, customer, &transfer, today(self.now)).await
    }

    fn why(&self) -> String {
        let reason = self.decision.as_ref().map(|decision| decision.reason.as_str());
        reason.map_or_else(String::new, |reason| format!(", decided by {}: {reason}", self.who))
    }

    fn receipt(&self, customer: &Customer, amount: Amount, before: bool) -> RefundReceipt {
        let (meter, prepaid) = (self.serial, customer.prepaid);
        RefundReceipt { meter, customer: customer.account, amount, before, prepaid }
    }
}
