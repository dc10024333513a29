//! Refill (REQ FUNDS-2): the rules decide, one transaction books, the signed reply is stored with it. The same request
//! again gets the same bytes again and books nothing.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_funds::refill::{RefillContext, RefillDecision, RefillRequest, decide};
use timbre_funds::sequence::{Sequence, classify};
use timbre_funds::{BlockLimits, MeterStanding};
use timbre_key_store::{KeyRole, KeyStore};
use timbre_protocol::refill::{Reply, Request};
use timbre_protocol::{Hash, Signed, UNSIGNED, write};

use super::suspicion::{self, Suspicion};
use crate::call::{self, Call, today};
use crate::config::Policy;
use crate::deployment::Deployment;
use crate::keys;
use crate::refusal::{Books, Identity, Refused};
use crate::store::customers::{self, Customer};
use crate::store::meters::{self, Meter};
use crate::store::refills::{self, BookedRefill};
use crate::store::{StoreError, Work, audit, blocks, transfers};

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    call::signer(deployment, request.serial, &request).await?;
    let digest = Sha256::digest(request.to_be_signed()).into();
    let keys = deployment.keys_for(KeyRole::Funds, request.serial).await?;
    let policy = deployment.policy.clone();
    let amount = request.amount;
    let book = Book { request, digest, keys, policy, now: call.now };
    match deployment.store.write(book).await?? {
        Booked::Now(reply) => {
            deployment.metrics.refilled(amount);
            Ok(reply)
        }
        Booked::Before(reply) => Ok(reply),
    }
}

enum Booked {
    Now(String),
    Before(String),
}

struct Book {
    request: Request,
    digest: Hash,
    keys: Arc<dyn KeyStore>,
    policy: Policy,
    now: Timestamp,
}

impl Work for Book {
    type Output = Result<Booked, Refused>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let request = &self.request;
        let Some(mut meter) = meters::lock(tx, request.serial).await? else {
            return Ok(Err(Identity::UnknownMeter(request.serial).into()));
        };
        let classified = classify(meter.last_refill, request.sequence);
        #[cfg(feature = "planted")]
        let classified = self.book_again(tx, &mut meter, classified).await?;
        if classified == Sequence::Replay {
            return self.again(tx, &meter).await;
        }
        let Some(mut customer) = customers::lock(tx, meter.account).await? else {
            return Err(StoreError::unreadable("meter", "its customer is gone"));
        };
        let context = RefillContext {
            now: self.now,
            today: today(self.now),
            meter: Some(standing(&meter, &customer, self.now)),
        };
        match decide(&context, &asked(request)) {
            Ok(decision) => self.book(tx, &mut meter, &mut customer, &decision).await.map(Ok),
            Err(refusal) => {
                if refusal.is_suspicious() {
                    let suspicion = Suspicion {
                        code: refusal.code(),
                        detail: &refusal.to_string(),
                        suspends: self.policy.suspends(refusal.code()),
                    };
                    suspicion::act(tx, &mut meter, &suspicion, self.now).await?;
                }
                Ok(Err(refusal.into()))
            }
        }
    }
}

impl Book {
    /// Forgets that the refill was booked, so that it is booked once more.
    #[cfg(feature = "planted")]
    async fn book_again(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
        classified: Sequence,
    ) -> Result<Sequence, StoreError> {
        use timbre_postage::planted::{Bug, has};
        if classified != Sequence::Replay || !has(Bug::RefillBookedAgain) {
            return Ok(classified);
        }
        meter.last_refill -= 1;
        let before = meter.control_sum.checked_sub(self.request.amount);
        meter.control_sum = before.map_err(|error| StoreError::Fault(error.to_string()))?;
        sqlx::query("DELETE FROM refills WHERE meter = $1 AND sequence = $2")
            .bind(i64::from(meter.serial.number()))
            .bind(i64::try_from(self.request.sequence).unwrap_or_default())
            .execute(tx)
            .await?;
        Ok(Sequence::New)
    }

    /// The last number once more: the same content gets the stored bytes, any other is an alarm.
    async fn again(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Result<Booked, Refused>, StoreError> {
        let sequence = self.request.sequence;
        let booked = refills::find(tx, meter.serial, sequence, meter.currency).await?;
        let booked = booked.ok_or_else(|| StoreError::unreadable("refill", "it is gone"))?;
        if booked.digest == self.digest {
            let reply = keys::signed_again::<Reply>(booked.reply, &*self.keys)?;
            return Ok(Ok(Booked::Before(reply)));
        }
        let subject = meter.serial.to_string();
        let detail = format!(
            "refill {sequence} of {} came again, for {}, with other content",
            booked.amount, self.request.amount
        );
        audit::append(tx, &subject, self.now, &subject, "sequence-reused", detail).await?;
        Ok(Err(Books::SequenceReused { sequence }.into()))
    }

    async fn book(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
        customer: &mut Customer,
        decision: &RefillDecision,
    ) -> Result<Booked, StoreError> {
        let request = &self.request;
        transfers::book(tx, customer, &decision.transfer, today(self.now)).await?;
        let next_inspection = meter.inspection_due_after(today(self.now));
        let reply = Reply {
            serial: meter.serial,
            sequence: request.sequence,
            amount: request.amount,
            control_sum_after: decision.control_sum_after,
            next_inspection,
            prepaid_left: decision.prepaid_left,
            credit_left: decision.credit_left,
            tax: decision.tax.total,
            nonce: request.nonce,
            signature: UNSIGNED,
        };
        let reply =
            reply.sign(&*self.keys).map_err(|error| StoreError::Fault(error.to_string()))?;
        let reply = write(&reply);
        let refill = BookedRefill {
            meter: meter.serial,
            sequence: request.sequence,
            digest: self.digest,
            amount: request.amount,
            tax: decision.tax.total,
            registers: request.registers,
            booked: self.now,
            reply: reply.clone(),
        };
        refills::insert(tx, refill).await?;
        blocks::confirm(tx, meter, request.block_version, self.now).await?;
        meter.last_refill = request.sequence;
        meter.control_sum = decision.control_sum_after;
        meter.registers = request.registers;
        meter.next_inspection = Some(next_inspection);
        meters::update(tx, meter).await?;
        Ok(Booked::Now(reply))
    }
}

fn asked(request: &Request) -> RefillRequest {
    RefillRequest {
        serial: request.serial,
        sequence: request.sequence,
        amount: request.amount,
        registers: request.registers,
        control_sum: request.control_sum,
        block_version: request.block_version,
    }
}

fn standing(meter: &Meter, customer: &Customer, now: Timestamp) -> MeterStanding {
    MeterStanding {
        serial: meter.serial,
        state: meter.state,
        customer: meter.account,
        postal_code: meter.postal_code.clone(),
        block: BlockLimits {
            version: meter.block_version,
            currency: meter.currency,
            minimum_refill: meter.limits.minimum_refill,
            maximum_refill: meter.limits.maximum_refill,
            maximum_descending: meter.limits.maximum_descending,
        },
        last_sequence: meter.last_refill,
        last_registers: meter.registers,
        control_sum: meter.control_sum,
        account: customer.standing(today(now)),
    }
}
