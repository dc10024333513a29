//! Withdrawal (REQ FUNDS-1): what a device says it holds is held against the books to the mill; then it is taken back, once,
//! and the signed reply stored with it. The same request again gets the same bytes again. What the books do not bear out
//! is a case for a person, and no refund.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_funds::refund::{Refund, take_back};
use timbre_funds::{FundsRefusal, MeterState, RequestId};
use timbre_key_store::{KeyRole, KeyStore};
use timbre_postage::{Amount, Registers};
use timbre_protocol::withdrawal::{Reply, Request};
use timbre_protocol::{Hash, Signed, UNSIGNED, write};

use super::contradiction::Shown;
use super::suspicion::{self, Suspicion};
use crate::call::{self, Call, today};
use crate::config::Policy;
use crate::deployment::Deployment;
use crate::keys;
use crate::refusal::{Books, Identity, Refused};
use crate::store::meters::{self, Meter};
use crate::store::withdrawals::{self, BookedWithdrawal};
use crate::store::{StoreError, Work, audit, customers, transfers};

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    call::closing_signer(deployment, request.serial, &request).await?;
    let digest = Sha256::digest(request.to_be_signed()).into();
    let keys = deployment.keys_for(KeyRole::Funds, request.serial).await?;
    let policy = deployment.policy.clone();
    deployment.store.write(Withdraw { request, digest, keys, policy, now: call.now }).await?
}

struct Withdraw {
    request: Request,
    digest: Hash,
    keys: Arc<dyn KeyStore>,
    policy: Policy,
    now: Timestamp,
}

impl Work for Withdraw {
    type Output = Result<String, Refused>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let request = &self.request;
        let Some(mut meter) = meters::lock(tx, request.serial).await? else {
            return Ok(Err(Identity::UnknownMeter(request.serial).into()));
        };
        if let Some(booked) = withdrawals::find(tx, meter.serial, meter.currency).await? {
            return self.again(tx, booked).await;
        }
        match meter.state {
            MeterState::Enrolled => {
                return Ok(Err(FundsRefusal::MeterNotInstalled { serial: meter.serial }.into()));
            }
            MeterState::Withdrawn => return Ok(Err(Identity::MeterWithdrawn.into())),
            // A suspended one may give back what it holds: the money stays with the provider until it is released.
            _ => {}
        }
        let (expected, found) = (meter.record_sequence + 1, request.record_sequence);
        if found >= expected {
            return Ok(Err(Books::RecordsMissing { expected, found }.into()));
        }
        if let Some((code, detail)) = self.shown().contradiction_at_the_end(tx, &meter).await? {
            let suspicion =
                Suspicion { code, detail: &detail, suspends: self.policy.suspends(code) };
            suspicion::act(tx, &mut meter, &suspicion, self.now).await?;
            return Ok(Err(Books::WithdrawalContradicted.into()));
        }
        self.book(tx, &mut meter).await.map(Ok)
    }
}

impl Withdraw {
    fn shown(&self) -> Shown {
        let request = &self.request;
        Shown {
            registers: request.registers,
            control_sum: request.control_sum,
            last_refill: request.last_refill_sequence,
            record_sequence: request.record_sequence,
            record_chain: request.record_chain,
        }
    }

    /// The booked content gets the stored bytes; any other is an alarm.
    async fn again(
        &self,
        tx: &mut AnyConnection,
        booked: BookedWithdrawal,
    ) -> Result<Result<String, Refused>, StoreError> {
        if booked.digest == self.digest {
            return Ok(Ok(keys::signed_again::<Reply>(booked.reply, &*self.keys)?));
        }
        let subject = booked.meter.to_string();
        let detail = format!(
            "{} was taken back on {}, and the device asks again, showing {} left",
            booked.amount,
            today(booked.booked),
            self.request.registers.descending
        );
        audit::append(tx, &subject, self.now, &subject, "withdrawal-reused", detail).await?;
        Ok(Err(Books::AlreadyWithdrawn.into()))
    }

    #[cfg(feature = "planted")]
    async fn take_back_again(
        &self,
        tx: &mut AnyConnection,
        customer: &mut customers::Customer,
        amount: Amount,
    ) -> Result<(), StoreError> {
        use timbre_postage::planted::{Bug, has};
        if !has(Bug::RefundTwice) {
            return Ok(());
        }
        let id = format!("{}-again", RequestId::withdrawal(self.request.serial)).parse();
        let id = id.map_err(|_| StoreError::Fault("the reference cannot be".to_owned()))?;
        let (meter, memo) = (self.request.serial, "again".to_owned());
        let (customer_id, time) = (customer.account, self.now);
        let refund = Refund { id, customer: customer_id, meter, amount, time, memo };
        let transfer = take_back(refund).map_err(|error| StoreError::Fault(error.to_string()))?;
        transfers::book(tx, customer, &transfer, today(self.now)).await
    }

    async fn book(&self, tx: &mut AnyConnection, meter: &mut Meter) -> Result<String, StoreError> {
        let request = &self.request;
        let Registers { ascending, descending: amount, pieces } = request.registers;
        let Some(mut customer) = customers::lock(tx, meter.account).await? else {
            return Err(StoreError::unreadable("meter", "its customer is gone"));
        };
        if !amount.is_zero() {
            let refund = Refund {
                id: RequestId::withdrawal(meter.serial),
                customer: meter.account,
                meter: meter.serial,
                amount,
                time: self.now,
                memo: format!("meter {} withdrawn, {amount} taken back", meter.serial),
            };
            let transfer =
                take_back(refund).map_err(|error| StoreError::Fault(error.to_string()))?;
            transfers::book(tx, &mut customer, &transfer, today(self.now)).await?;
            #[cfg(feature = "planted")]
            self.take_back_again(tx, &mut customer, amount).await?;
        }
        let reply = Reply {
            serial: meter.serial,
            sequence: request.sequence,
            amount,
            control_sum_after: ascending,
            nonce: request.nonce,
            signature: UNSIGNED,
        };
        let reply =
            reply.sign(&*self.keys).map_err(|error| StoreError::Fault(error.to_string()))?;
        let reply = write(&reply);
        let booked = BookedWithdrawal {
            meter: meter.serial,
            sequence: request.sequence,
            digest: self.digest,
            amount,
            ascending,
            pieces,
            record_sequence: request.record_sequence,
            booked: self.now,
            reply: reply.clone(),
        };
        withdrawals::insert(tx, &booked).await?;
        meter.state = MeterState::Withdrawn;
        meter.state_reason = None;
        meter.control_sum = ascending;
        meter.registers =
            Registers { descending: Amount::zero(meter.currency), ..request.registers };
        meters::update(tx, meter).await?;
        let subject = meter.serial.to_string();
        let detail = format!("{amount} taken back, {ascending} used");
        audit::append(tx, &subject, self.now, &subject, "withdrawn", detail).await?;
        Ok(reply)
    }
}
