//! Inspection (REQ FUNDS-3, FUNDS-6): the device shows its registers, they are held against the books and kept, and it is
//! told when to come again. Where they do not agree the answer is an order to stop, signed: a device obeys nothing else.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_funds::{FundsRefusal, MeterState};
use timbre_key_store::{KeyRole, KeyStore};
use timbre_postage::{Amount, Registers};
use timbre_protocol::inspection::{Instruction, Reply, Request};
use timbre_protocol::{Hash, Signed, UNSIGNED, write};

use super::suspicion::{self, Suspicion};
use crate::call::{self, Call, today};
use crate::config::Policy;
use crate::deployment::Deployment;
use crate::keys;
use crate::refusal::{Books, Identity, Refused};
use crate::store::inspections::{self, InspectionRecord};
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work, records, refills};

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
        if let Some((code, detail)) = self.contradiction(tx, &meter).await? {
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
    /// What the device shows that the books do not bear out, as a code and a sentence.
    async fn contradiction(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<(&'static str, String)>, StoreError> {
        let shown = &self.request.registers;
        let Some(expected) = self.expected_control_sum(tx, meter).await? else {
            let detail = format!(
                "the device has applied refill {}, the last booked is {}",
                self.request.last_refill_sequence, meter.last_refill
            );
            return Ok(Some(("refills-differ", detail)));
        };
        let added = shown.control_sum().ok();
        if added != Some(expected) || self.request.control_sum != expected {
            let detail = format!(
                "the control sum is {} and the registers sum to {}, where {expected} was issued",
                self.request.control_sum,
                added.map_or_else(|| "nothing".to_owned(), |sum| sum.to_string())
            );
            return Ok(Some(("control-sum-mismatch", detail)));
        }
        if went_backwards(&meter.registers, shown) {
            let detail = format!(
                "ascending {} after {}, descending {}, pieces {} after {}",
                shown.ascending,
                meter.registers.ascending,
                shown.descending,
                shown.pieces,
                meter.registers.pieces
            );
            return Ok(Some(("register-went-backwards", detail)));
        }
        self.other_history(tx, meter).await
    }

    /// What the control sum must be, by the last refill that the device has applied: the last one booked, or the one
    /// before it when the reply to the last is still on its way.
    async fn expected_control_sum(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<Amount>, StoreError> {
        let applied = self.request.last_refill_sequence;
        if applied == meter.last_refill {
            return Ok(Some(meter.control_sum));
        }
        if applied.checked_add(1) != Some(meter.last_refill) {
            return Ok(None);
        }
        let pending = refills::find(tx, meter.serial, meter.last_refill, meter.currency).await?;
        Ok(pending.and_then(|refill| meter.control_sum.checked_sub(refill.amount).ok()))
    }

    /// Whether the device tells another history than the records it uploaded.
    async fn other_history(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<(&'static str, String)>, StoreError> {
        let (sequence, chain) = (self.request.record_sequence, self.request.record_chain);
        if sequence < meter.record_sequence {
            let detail = format!(
                "the device shows record {sequence} as its last, and record {} is stored",
                meter.record_sequence
            );
            return Ok(Some(("state-rolled-back", detail)));
        }
        if sequence > meter.record_sequence {
            return Ok(None);
        }
        let stored = match sequence {
            0 => Hash::default(),
            _ => {
                let chains = records::chains(tx, meter.serial, sequence, sequence).await?;
                chains.first().map_or_else(Hash::default, |(_, chain)| *chain)
            }
        };
        let detail = || format!("record {sequence} of the device is not the one it uploaded");
        Ok((stored != chain).then(|| ("device-cloned", detail())))
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

fn went_backwards(before: &Registers, now: &Registers) -> bool {
    now.ascending.mills() < before.ascending.mills()
        || now.pieces < before.pieces
        || now.descending.is_negative()
}
