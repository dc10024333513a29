//! Inspection (REQ FUNDS-3, FUNDS-6): the device shows its registers, they are held against the books and kept, and it is
//! told when to come again. Where they do not agree the answer is an order to stop, signed: a device obeys nothing else.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_funds::{FundsRefusal, MeterState};
use timbre_key_store::{KeyRole, KeyStore};
use timbre_protocol::inspection::{Instruction, Reply, Request};
use timbre_protocol::{Hash, Signed, UNSIGNED, write};

use super::contradiction::Shown;
use super::suspicion::{self, Suspicion};
use crate::call::{self, Call, today};
use crate::config::Policy;
use crate::deployment::Deployment;
use crate::keys;
use crate::refusal::{Books, Identity, Refused};
use crate::store::inspections::{self, InspectionRecord};
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work};

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    call::signer(deployment, request.serial, &request).await?;
    let digest = Sha256::digest(request.to_be_signed()).into();
    let keys = deployment.keys_for(KeyRole::Funds, request.serial).await?;
    let policy = deployment.policy.clone();
    deployment.store.write(Inspect { request, digest, keys, policy, now: call.now }).await?
}

struct Inspect {
    request: Request,
    digest: Hash,
    keys: Arc<dyn KeyStore>,
    policy: Policy,
    now: Timestamp,
}

impl Work for Inspect {
    type Output = Result<String, Refused>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let request = &self.request;
        let Some(mut meter) = meters::lock(tx, request.serial).await? else {
            return Ok(Err(Identity::UnknownMeter(request.serial).into()));
        };
        if meter.state == MeterState::Enrolled {
            return Ok(Err(FundsRefusal::MeterNotInstalled { serial: meter.serial }.into()));
        }
        let last = inspections::last(tx, meter.serial, meter.currency).await?;
        if let Some(last) = last.as_ref().filter(|last| last.digest == self.digest) {
            return keys::signed_again::<Reply>(last.reply.clone(), &*self.keys).map(Ok);
        }
        // No money moves: a meter that lost the reply may ask anew under the same number.
        let (before, found) = (meter.last_inspection, request.sequence);
        if found == 0 || (found != before && found != before + 1) {
            return Ok(Err(Books::SequenceMismatch { expected: before + 1, found }.into()));
        }
        if let Some((code, detail)) = self.shown().contradiction(tx, &meter).await? {
            let suspicion =
                Suspicion { code, detail: &detail, suspends: self.policy.suspends(code) };
            suspicion::act(tx, &mut meter, &suspicion, self.now).await?;
            return self.answer(tx, &mut meter, last, Instruction::Suspend).await.map(Ok);
        }
        meter.registers = request.registers;
        let instruction = match meter.state {
            MeterState::Installed => Instruction::Continue,
            _ => Instruction::Suspend,
        };
        self.answer(tx, &mut meter, last, instruction).await.map(Ok)
    }
}

impl Inspect {
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

    async fn answer(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
        last: Option<InspectionRecord>,
        instruction: Instruction,
    ) -> Result<String, StoreError> {
        let request = &self.request;
        let next_inspection = meter.inspection_due_after(today(self.now));
        let reply = Reply {
            serial: meter.serial,
            sequence: request.sequence,
            next_inspection,
            nonce: request.nonce,
            instruction,
            cause: meter.state_cause.filter(|_| instruction == Instruction::Suspend),
            signature: UNSIGNED,
        };
        let reply =
            reply.sign(&*self.keys).map_err(|error| StoreError::Fault(error.to_string()))?;
        let reply = write(&reply);
        let same = last.filter(|last| last.sequence == request.sequence);
        let inspection = InspectionRecord {
            meter: meter.serial,
            sequence: request.sequence,
            attempt: same.map_or(1, |last| last.attempt + 1),
            digest: self.digest,
            registers: request.registers,
            control_sum: request.control_sum,
            last_refill: request.last_refill_sequence,
            record_sequence: request.record_sequence,
            record_chain: request.record_chain,
            made: self.now,
            reply: reply.clone(),
        };
        inspections::insert(tx, inspection).await?;
        meter.told_to_stop = instruction == Instruction::Suspend;
        meter.last_inspection = request.sequence;
        meter.next_inspection = Some(next_inspection);
        meters::update(tx, meter).await?;
        Ok(reply)
    }
}
