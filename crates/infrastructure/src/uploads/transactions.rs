//! Transaction upload (REQ REC-1, FUNDS-6): new records are kept if they follow from those that are stored; stored ones
//! that come again must be the same. What the debits among the new ones come to is booked as used.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_funds::finding::{Evidence, Finding};
use timbre_funds::usage::{self, Usage};
#[cfg(feature = "planted")]
use timbre_postage::planted::{self, Bug};
use timbre_postage::{Amount, Registers};
use timbre_protocol::transaction_upload::{RecordKind, Reply, Request, TransactionRecord};
use timbre_protocol::{Hash, write};

use super::progress::{self, Break};
use crate::call::{self, Call, today};
use crate::comet::suspicion;
use crate::config::Policy;
use crate::deployment::Deployment;
use crate::refusal::{Books, Identity, Refused};
use crate::store::meters::{self, Meter};
use crate::store::withdrawals::{self, BookedWithdrawal};
use crate::store::{StoreError, Work, audit, cases, customers, records, seals, transfers};

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    // A withdrawn meter owes the record of its withdrawal.
    call::closing_signer(deployment, request.serial, &request).await?;
    let acknowledged = deployment
        .store
        .write(Keep { request, policy: deployment.policy.clone(), now: call.now })
        .await??;
    Ok(write(&Reply { acknowledged }))
}

struct Keep {
    request: Request,
    policy: Policy,
    now: Timestamp,
}

impl Work for Keep {
    /// The number up to which every record is stored.
    type Output = Result<u64, Refused>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let request = &self.request;
        let Some(mut meter) = meters::lock(tx, request.serial).await? else {
            return Ok(Err(Identity::UnknownMeter(request.serial).into()));
        };
        if let Err(broken) = progress::whole(request) {
            return self.refuse(tx, &meter, broken).await;
        }
        let expected = meter.record_sequence + 1;
        #[cfg(feature = "planted")]
        let expected = match planted::has(Bug::GapAccepted) {
            true => expected.max(request.first),
            false => expected,
        };
        if request.first > expected {
            return Ok(Err(Books::RecordsMissing { expected, found: request.first }.into()));
        }
        if let Some(broken) = self.differs_from_stored(tx, &meter).await? {
            return self.refuse_other_history(tx, &mut meter, broken).await;
        }
        let known = usize::try_from(expected - request.first).unwrap_or(usize::MAX);
        let new = request.records.get(known..).unwrap_or_default();
        let Some(last) = new.last() else { return Ok(Ok(meter.record_sequence)) };
        let before = self.stored_registers(tx, &meter).await?;
        if let Err(broken) = progress::moves(before, new) {
            return self.refuse(tx, &meter, broken).await;
        }
        let withdrawn = withdrawals::find(tx, meter.serial, meter.currency).await?;
        if let Err(broken) = ends(withdrawn.as_ref(), new) {
            return self.refuse(tx, &meter, broken).await;
        }
        #[cfg(feature = "planted")]
        if planted::has(Bug::AcknowledgedUnstored) && last.sequence % 7 == 0 {
            return Ok(Ok(last.sequence));
        }
        records::insert(tx, meter.serial, new).await?;
        #[cfg(feature = "planted")]
        let new = match planted::has(Bug::UsageBookedTwice) {
            true => &request.records[..],
            false => new,
        };
        self.book_usage(tx, &meter, new, last.sequence).await?;
        meter.record_sequence = last.sequence;
        meter.record_chain = last.chain;
        if request.registers.pieces >= meter.registers.pieces {
            meter.registers = request.registers;
        }
        meters::update(tx, &meter).await?;
        Ok(Ok(last.sequence))
    }
}

impl Keep {
    /// A record whose chain value is not the stored one, or a start that does not hang on to what is stored. The chain
    /// covers every field, so it alone need be compared.
    async fn differs_from_stored(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<Break>, StoreError> {
        let request = &self.request;
        if request.first == meter.record_sequence + 1 {
            let hangs = request.chain_before == meter.record_chain;
            let reason = "it does not follow from the record that is stored before it".to_owned();
            return Ok((!hangs).then_some(Break { sequence: request.first, reason }));
        }
        let last = request.last.min(meter.record_sequence);
        let stored = records::chains(tx, meter.serial, request.first, last).await?;
        let differs =
            stored.iter().zip(&request.records).find(|((_, chain), record)| *chain != record.chain);
        Ok(differs.map(|((sequence, _), _)| Break {
            sequence: *sequence,
            reason: "another record is stored under its number".to_owned(),
        }))
    }

    async fn stored_registers(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Registers, StoreError> {
        let nothing = Amount::zero(meter.currency);
        let stored =
            records::registers_after(tx, meter.serial, meter.record_sequence, meter.currency)
                .await?;
        Ok(stored.unwrap_or(Registers { ascending: nothing, descending: nothing, pieces: 0 }))
    }

    async fn book_usage(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
        new: &[TransactionRecord],
        last: u64,
    ) -> Result<(), StoreError> {
        let used = progress::debits(new, Amount::zero(meter.currency))
            .ok_or_else(|| StoreError::Fault("the debits do not add up".to_owned()))?;
        if used.is_zero() {
            return Ok(());
        }
        let usage = Usage {
            meter: meter.serial,
            customer: meter.account,
            first: meter.record_sequence + 1,
            last,
            amount: used,
            time: self.now,
        };
        let transfer = usage::book(&usage).map_err(|error| StoreError::Fault(error.to_string()))?;
        // Only the meter's own accounts are touched, so the customer need not be locked.
        let customer = customers::find(tx, meter.account).await?;
        let mut customer =
            customer.ok_or_else(|| StoreError::unreadable("meter", "its customer is gone"))?;
        transfers::book(tx, &mut customer, &transfer, today(self.now)).await
    }

    /// The device signed two histories under the same numbers: it is two devices, or one that was put back.
    async fn refuse_other_history(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
        broken: Break,
    ) -> Result<Result<u64, Refused>, StoreError> {
        let Break { sequence, reason } = broken;
        let uploaded = self.request.records.iter().find(|record| record.sequence == sequence);
        let stored = records::chains(tx, meter.serial, sequence, sequence).await?;
        let detail = format!("record {sequence}: {reason}");
        let shown = |chain: Option<&Hash>| chain.map_or_else(|| "none".to_owned(), seals::hex);
        let evidence = Evidence::differs(
            shown(stored.first().map(|(_, chain)| chain)),
            shown(uploaded.map(|record| &record.chain)),
        )
        .at_record(sequence)
        .fact("chain before", seals::hex(&self.request.chain_before));
        let finding = Finding {
            code: "device-cloned",
            about: format!("record {sequence}"),
            message_fr: detail.clone(),
            message_en: detail.clone(),
            evidence,
        };
        let suspends = self.policy.suspends(finding.code);
        suspicion::found(tx, meter, &finding, suspends, self.now).await?;
        let subject = meter.serial.to_string();
        audit::append(tx, &subject, self.now, &subject, "upload-refused", detail).await?;
        Ok(Err(Books::ChainBroken { sequence }.into()))
    }

    /// Nothing is stored; a person is told. A meter whose records are refused is not suspended: what it prints is paid.
    async fn refuse(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
        broken: Break,
    ) -> Result<Result<u64, Refused>, StoreError> {
        let Break { sequence, reason } = broken;
        let detail = format!("record {sequence}: {reason}");
        cases::open(tx, meter.serial, self.now, "chain-broken", &detail).await?;
        let subject = meter.serial.to_string();
        audit::append(tx, &subject, self.now, &subject, "upload-refused", detail).await?;
        Ok(Err(Books::ChainBroken { sequence }.into()))
    }
}

/// A withdrawal is recorded where and as it was booked, and nothing after it: else a device was set back to a time when it
/// still held what it gave back, or never gave it back at all.
fn ends(booked: Option<&BookedWithdrawal>, new: &[TransactionRecord]) -> Result<(), Break> {
    let wrong = |record: &&TransactionRecord| match booked {
        None => record.kind == RecordKind::Withdrawal,
        Some(booked) if record.sequence <= booked.record_sequence => {
            record.kind == RecordKind::Withdrawal
        }
        Some(booked) => {
            record.sequence != booked.record_sequence + 1
                || record.kind != RecordKind::Withdrawal
                || record.amount != booked.amount
        }
    };
    new.iter().find(wrong).map_or(Ok(()), |record| {
        let reason = match booked {
            None => "it is a withdrawal, and none is booked",
            Some(_) => "it is not the booked withdrawal, which is the last record",
        };
        Err(Break { sequence: record.sequence, reason: reason.to_owned() })
    })
}
