//! Reconciliation (REQ FUNDS-6): whether a meter's registers, the ledger and its uploaded records tell the same story.
//! The rules compare; this file gathers what each says from one state of the store, and opens a case where they differ.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::finding;
use timbre_funds::reconcile::{self, Audit, LedgerSide, MeterBooks, Reconciliation, Records};
use timbre_funds::{AccountId, TransferKind};
use timbre_postage::{Amount, Language, MeterSerial, Registers};
use timbre_protocol::Hash;
use timbre_protocol::transaction_upload::{RecordKind, TransactionRecord};

use super::{Staff, StaffError};
use crate::comet::suspicion;
use crate::store::inspections::InspectionRecord;
use crate::store::meters::{self, Meter};
use crate::store::refills::BookedRefill;
use crate::store::{StoreError, Work, inspections, records, refills, transfers};

/// The outcome for one meter.
#[derive(Clone, Debug, Serialize)]
pub struct MeterReconciliation {
    /// The meter.
    pub serial: MeterSerial,
    /// Whether all agree to the mill, with nothing still to come in.
    pub settled: bool,
    /// What each witness says of each quantity.
    pub lines: Vec<ReconciledLine>,
    /// What nothing explains.
    pub discrepancies: Vec<Finding>,
    /// What is still to come in.
    pub pending: Vec<Finding>,
    /// The same, as the rules gave it.
    #[serde(skip)]
    pub outcome: Reconciliation,
}

/// What the witnesses say of one quantity, as plain figures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReconciledLine {
    /// The quantity, in French.
    pub quantity_fr: &'static str,
    /// The quantity, in English.
    pub quantity_en: &'static str,
    /// What the device says.
    pub registers: Option<String>,
    /// What the ledger says.
    pub ledger: Option<String>,
    /// What the records say.
    pub records: Option<String>,
    /// Whether all who say something say the same.
    pub agrees: bool,
}

/// Something found, in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// The kind, in kebab case.
    pub code: &'static str,
    /// In French.
    pub message_fr: String,
    /// In English.
    pub message_en: String,
}

impl Staff {
    /// Reconciles one meter. A discrepancy opens a case and, by policy, suspends the meter.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn reconcile(&self, serial: MeterSerial) -> Result<MeterReconciliation, StaffError> {
        let books = self.store.snapshot(&Gather { serial }).await?;
        let books = books.ok_or(StaffError::UnknownMeter(serial))?;
        let reconciled = MeterReconciliation::from(reconcile::meter(&books));
        if !reconciled.discrepancies.is_empty() {
            let findings = reconciled.outcome.discrepancies.iter().map(Into::into).collect();
            let (suspends, now) = (self.suspends, self.now());
            self.store.write(Report { serial, findings, suspends, now }).await?;
        }
        Ok(reconciled)
    }

    /// Reconciles every meter.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn reconcile_all(&self) -> Result<Vec<MeterReconciliation>, StaffError> {
        let mut reconciled = Vec::new();
        for meter in self.meters().await? {
            reconciled.push(self.reconcile(meter.serial).await?);
        }
        Ok(reconciled)
    }
}

impl From<Reconciliation> for MeterReconciliation {
    fn from(outcome: Reconciliation) -> Self {
        let figure = |figure: Option<reconcile::Figure>| {
            figure.map(|figure| match figure {
                reconcile::Figure::Money(amount) => amount.decimal(),
                reconcile::Figure::Count(count) => count.to_string(),
            })
        };
        let line = |line: &reconcile::Line| ReconciledLine {
            quantity_fr: line.quantity.name(Language::French),
            quantity_en: line.quantity.name(Language::English),
            registers: figure(line.registers),
            ledger: figure(line.ledger),
            records: figure(line.records),
            agrees: line.agrees(),
        };
        let discrepancies = outcome.discrepancies.iter().map(|found| Finding {
            code: found.code(),
            message_fr: found.message(Language::French),
            message_en: found.message(Language::English),
        });
        let pending = outcome.pending.iter().map(|found| Finding {
            code: found.code(),
            message_fr: found.message(Language::French),
            message_en: found.message(Language::English),
        });
        MeterReconciliation {
            serial: outcome.serial,
            settled: outcome.is_settled(),
            lines: outcome.lines.iter().map(line).collect(),
            discrepancies: discrepancies.collect(),
            pending: pending.collect(),
            outcome,
        }
    }
}

/// Everything that is known of one meter, from one state of the store.
struct Gather {
    serial: MeterSerial,
}

impl Work for Gather {
    type Output = Option<MeterBooks>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Option<MeterBooks>, StoreError> {
        let Some(meter) = meters::find(tx, self.serial).await? else { return Ok(None) };
        let (serial, currency) = (meter.serial, meter.currency);
        let records = records::of(tx, serial, currency).await?;
        let refills = refills::of(tx, serial, currency).await?;
        let inspections = inspections::of(tx, serial, currency).await?;
        let (audit, applied) = last_word(&meter, &records, inspections.last());
        let sums =
            transfers::by_kind(tx, meter.account, AccountId::Meter(serial), currency).await?;
        let of_kind = |kind| {
            sums.iter()
                .find(|(of, _)| *of == kind)
                .map_or_else(|| Amount::zero(currency), |(_, sum)| *sum)
        };
        let refunded = of_kind(TransferKind::Refund);
        let used = AccountId::Post(serial);
        let ledger = LedgerSide {
            issued: of_kind(TransferKind::Refill),
            refunded: Amount::from_mills(-refunded.mills(), currency),
            unconfirmed: unconfirmed(&meter, &refills, applied),
            used: Some(transfers::balance(tx, meter.account, used, currency).await?),
        };
        let records = summed(&meter, &records, &inspections);
        Ok(Some(MeterBooks { serial, currency, ledger, audit, records }))
    }
}

/// What the device last said of its registers, and the number of the last refill it had applied by then: an inspection,
/// or the end of an upload that is later. Both were signed by the device.
fn last_word(
    meter: &Meter,
    records: &[TransactionRecord],
    inspection: Option<&InspectionRecord>,
) -> (Option<Audit>, u64) {
    let inspected = inspection.filter(|seen| seen.record_sequence >= meter.record_sequence);
    if let Some(seen) = inspected {
        let audit = Audit {
            registers: seen.registers,
            control_sum: seen.control_sum,
            record_sequence: seen.record_sequence,
        };
        return (Some(audit), seen.last_refill);
    }
    let Some(last) = records.last() else { return (None, 0) };
    let registers = registers_of(last);
    // Registers that do not even add up can only have got here past the upload's checks: nothing is what they sum to.
    let control_sum = registers.control_sum().unwrap_or_else(|_| Amount::zero(meter.currency));
    let refills = records.iter().filter(|record| record.kind == RecordKind::Refill).count();
    (Some(Audit { registers, control_sum, record_sequence: last.sequence }), refills as u64)
}

fn unconfirmed(meter: &Meter, refills: &[BookedRefill], applied: u64) -> Amount {
    let later = refills.iter().filter(|refill| refill.sequence > applied);
    let mills = later.map(|refill| refill.amount.mills()).sum();
    Amount::from_mills(mills, meter.currency)
}

fn summed(
    meter: &Meter,
    records: &[TransactionRecord],
    inspections: &[InspectionRecord],
) -> Records {
    let nothing = Amount::zero(meter.currency);
    let sum = |kind| {
        let mills = records.iter().filter(|record| record.kind == kind).map(|r| r.amount.mills());
        Amount::from_mills(mills.sum(), meter.currency)
    };
    let debits = records.iter().filter(|record| record.kind == RecordKind::Debit);
    Records {
        count: records.len() as u64,
        last_sequence: meter.record_sequence,
        chain_broken_at: broken_at(records, inspections),
        debit_count: debits.count() as u64,
        debits: sum(RecordKind::Debit),
        refills: sum(RecordKind::Refill),
        refunds: sum(RecordKind::Withdrawal),
        last_registers: records
            .last()
            .map_or(Registers { ascending: nothing, descending: nothing, pieces: 0 }, registers_of),
    }
}

/// The first record that does not follow from the one before it, or is not the one that the device showed when it was
/// inspected.
fn broken_at(records: &[TransactionRecord], inspections: &[InspectionRecord]) -> Option<u64> {
    let mut chain: Hash = [0; 32];
    let altered = records.iter().find(|record| {
        let follows = record.chain == record.chain_after(&chain);
        chain = record.chain;
        !follows
    });
    let denied = inspections.iter().find(|seen| {
        let shown = records.iter().find(|record| record.sequence == seen.record_sequence);
        shown.is_some_and(|record| record.chain != seen.record_chain)
    });
    let altered = altered.map(|record| record.sequence);
    let denied = denied.map(|seen| seen.record_sequence);
    altered.into_iter().chain(denied).min()
}

fn registers_of(record: &TransactionRecord) -> Registers {
    Registers { ascending: record.ascending, descending: record.descending, pieces: record.pieces }
}

/// The cases that a reconciliation opens.
struct Report {
    serial: MeterSerial,
    findings: Vec<finding::Finding>,
    suspends: bool,
    now: Timestamp,
}

impl Work for Report {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else { return Ok(()) };
        for finding in &self.findings {
            let suspends = self.suspends && finding.kind().suspends;
            suspicion::found(tx, &mut meter, finding, suspends, self.now).await?;
        }
        Ok(())
    }
}
