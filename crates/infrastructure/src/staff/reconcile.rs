//! Reconciliation (REQ FUNDS-6): whether a meter's registers, the ledger and its uploaded records tell the same story.
//! The rules compare; this file gathers what each says from one state of the store, and opens a case where they differ.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::finding::{Finding, Severity};
use timbre_funds::reconcile::{
    self, Audit, BookedAt, Entry, LedgerSide, MeterBooks, Movement, PaidPiece, Prices,
    Reconciliation, RefundedAt, Scan, Scanned, Seen, Standing,
};
use timbre_funds::{AccountId, MeterState, TransferKind};
use timbre_postage::{Amount, Language, MeterSerial, RateTable, Registers, Weight};
use timbre_protocol::Hash;
use timbre_protocol::transaction_upload::{RecordKind, TransactionRecord};

use super::{Staff, StaffError};
use crate::call::today;
use crate::comet::suspicion;
use crate::config::Policy;
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
    /// What is late or unusual and may have an innocent cause.
    pub warnings: Vec<Finding>,
    /// What is still to come in.
    pub pending: Vec<StillToCome>,
    /// What the three witnesses say, as the rules gave it.
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

/// What is still to come in, in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StillToCome {
    /// The kind, in kebab case.
    pub code: &'static str,
    /// In French.
    pub message_fr: String,
    /// In English.
    pub message_en: String,
}

/// Meters fetched at once: a fleet is gone through without holding it.
const METERS: u32 = 200;
/// Records fetched at once.
const RECORDS: u32 = 1_000;

impl Staff {
    /// Reconciles one meter. What is found opens a case and, by policy, suspends the meter.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn reconcile(&self, serial: MeterSerial) -> Result<MeterReconciliation, StaffError> {
        let prices = self.prices().await?;
        let reconciled = self.compared(serial, &prices).await?;
        self.report(&reconciled).await?;
        Ok(reconciled)
    }

    /// Compares what is known of one meter, and changes nothing.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn compare(&self, serial: MeterSerial) -> Result<MeterReconciliation, StaffError> {
        let prices = self.prices().await?;
        self.compared(serial, &prices).await
    }

    /// Reconciles every meter.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn reconcile_all(&self) -> Result<Vec<MeterReconciliation>, StaffError> {
        let mut all = Vec::new();
        self.reconcile_each(true, |reconciled| all.push(reconciled)).await?;
        Ok(all)
    }

    /// Goes through every meter, one after the other, and hands each outcome over; with `open_cases`, what is found opens
    /// cases. A meter that goes away meanwhile is passed over.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn reconcile_each(
        &self,
        open_cases: bool,
        mut each: impl FnMut(MeterReconciliation),
    ) -> Result<(), StaffError> {
        let prices = self.prices().await?;
        let mut last = None;
        loop {
            let page =
                meters::serials_after(&mut *self.store.reader().await?, last, METERS).await?;
            let Some(through) = page.last() else { return Ok(()) };
            last = Some(*through);
            for serial in page {
                let reconciled = match self.compared(serial, &prices).await {
                    Err(StaffError::UnknownMeter(_)) => continue,
                    other => other?,
                };
                if open_cases {
                    self.report(&reconciled).await?;
                }
                each(reconciled);
            }
        }
    }

    async fn compared(
        &self,
        serial: MeterSerial,
        prices: &Arc<Prices>,
    ) -> Result<MeterReconciliation, StaffError> {
        let (prices, policy, now) = (prices.clone(), self.policy.clone(), self.now());
        let gathered = self.store.snapshot(&Gather { serial, prices, policy, now }).await?;
        let (books, found) = gathered.ok_or(StaffError::UnknownMeter(serial))?;
        let mut reconciled = MeterReconciliation::from(reconcile::meter(&books));
        // That records are missing is told once, with their numbers.
        let gaps = found.iter().any(|finding| finding.code == "records-missing");
        reconciled.discrepancies.retain(|finding| !(gaps && finding.code == "records-missing"));
        let (grave, mild): (Vec<Finding>, Vec<Finding>) =
            found.into_iter().partition(|finding| finding.kind().severity >= Severity::Serious);
        reconciled.discrepancies.extend(grave);
        reconciled.warnings = mild;
        reconciled.settled &= reconciled.discrepancies.is_empty();
        Ok(reconciled)
    }

    /// Opens the cases.
    async fn report(&self, reconciled: &MeterReconciliation) -> Result<(), StaffError> {
        let findings = [&reconciled.discrepancies[..], &reconciled.warnings].concat();
        if !findings.is_empty() {
            let (serial, policy, now) = (reconciled.serial, self.policy.clone(), self.now());
            self.store.write(Report { serial, findings, policy, now }).await?;
        }
        Ok(())
    }

    /// The published rate tables, made ready; none where they contradict each other, which is told in the log.
    async fn prices(&self) -> Result<Arc<Prices>, StaffError> {
        let mut tables = Vec::new();
        for published in self.rates().await? {
            if let Some(text) = self.rate_text(&published.name).await? {
                tables.push(RateTable::parse(&text)?);
            }
        }
        let prices = Prices::new(tables).unwrap_or_else(|error| {
            tracing::error!(%error, "no piece can be priced: the published tables contradict each other");
            Prices::default()
        });
        Ok(Arc::new(prices))
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
        let discrepancies = outcome.discrepancies.iter().map(Finding::from);
        let pending = outcome.pending.iter().map(|found| StillToCome {
            code: found.code(),
            message_fr: found.message(Language::French),
            message_en: found.message(Language::English),
        });
        MeterReconciliation {
            serial: outcome.serial,
            settled: outcome.is_settled(),
            lines: outcome.lines.iter().map(line).collect(),
            discrepancies: discrepancies.collect(),
            warnings: Vec::new(),
            pending: pending.collect(),
            outcome,
        }
    }
}

/// Everything that is known of one meter, from one state of the store.
struct Gather {
    serial: MeterSerial,
    prices: Arc<Prices>,
    policy: Policy,
    now: Timestamp,
}

impl Work for Gather {
    type Output = Option<(MeterBooks, Vec<Finding>)>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(meter) = meters::find(tx, self.serial).await? else { return Ok(None) };
        let (serial, currency) = (meter.serial, meter.currency);
        let refills = refills::of(tx, serial, currency).await?;
        let inspections = inspections::of(tx, serial, currency).await?;
        let scanned = self.scan(tx, &meter, &inspections).await?;
        let (audit, applied) = last_word(&meter, &scanned, inspections.last());
        let sums =
            transfers::by_kind(tx, meter.account, AccountId::Meter(serial), currency).await?;
        let of_kind = |kind| {
            sums.iter()
                .find(|(of, _)| *of == kind)
                .map_or_else(|| Amount::zero(currency), |(_, sum)| *sum)
        };
        let refunded = of_kind(TransferKind::Refund);
        let used = AccountId::Post(serial);
        let refunded = Amount::from_mills(-refunded.mills(), currency);
        let in_flight = (refunded.mills() - scanned.records.refunds.mills()).max(0);
        let ledger = LedgerSide {
            issued: of_kind(TransferKind::Refill),
            refunded,
            refund_in_flight: Amount::from_mills(in_flight, currency),
            unconfirmed: unconfirmed(&meter, &refills, applied),
            used: Some(transfers::balance(tx, meter.account, used, currency).await?),
        };
        let refunds = transfers::refunds(tx, serial, currency).await?;
        let later = refills.iter().filter(|refill| refill.sequence > applied);
        let standing = Standing {
            now: self.now,
            today: today(self.now),
            in_service: matches!(meter.state, MeterState::Installed | MeterState::Suspended),
            next_inspection: meter.next_inspection,
            grace_days: meter.policy.grace_days,
            upload_days: self.policy.upload_days,
            refill_days: self.policy.refill_days,
            stored: meter.record_sequence,
            contacts: contacts(&refills, &inspections),
            unconfirmed: later.map(booked_at).collect(),
            refunds: refunds
                .into_iter()
                .map(|(id, amount, booked)| RefundedAt { id, amount, booked })
                .collect(),
            withdrawals: scanned.withdrawals,
            issued: ledger.issued,
            refunded: ledger.refunded,
            used: scanned.records.debits,
        };
        let mut found = scanned.findings;
        found.extend(reconcile::watch(&standing));
        let books = MeterBooks { serial, currency, ledger, audit, records: scanned.records };
        Ok(Some((books, found)))
    }
}

impl Gather {
    /// One pass over the records, a page at a time.
    async fn scan(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
        inspections: &[InspectionRecord],
    ) -> Result<Scanned, StoreError> {
        let mut scan = Scan::new(&self.prices, Amount::zero(meter.currency), meter.record_sequence);
        let (mut chain, mut after): (Hash, u64) = ([0; 32], 0);
        loop {
            let page = records::page(tx, meter.serial, meter.currency, after, RECORDS).await?;
            let Some(last) = page.last() else { return Ok(scan.finish()) };
            after = last.sequence;
            for record in &page {
                // It follows if its own chain says so, and if the device showed the same when it was inspected.
                let denied = inspections.iter().any(|seen| {
                    seen.record_sequence == record.sequence && seen.record_chain != record.chain
                });
                let follows = record.chain == record.chain_after(&chain) && !denied;
                chain = record.chain;
                scan.take(&entry(record, follows));
            }
        }
    }
}

fn entry(record: &TransactionRecord, follows: bool) -> Entry {
    let movement = match record.kind {
        RecordKind::Debit => Movement::Debit,
        RecordKind::Refill => Movement::Refill,
        RecordKind::Withdrawal => Movement::Withdrawal,
        _ => Movement::None,
    };
    Entry {
        sequence: record.sequence,
        time: record.time,
        movement,
        amount: record.amount,
        registers: registers_of(record),
        follows,
        piece: (movement == Movement::Debit).then(|| paid(record)).flatten(),
    }
}

/// The piece, where it can be priced. A redate is worth nothing and has no weight.
fn paid(record: &TransactionRecord) -> Option<PaidPiece> {
    if record.amount.is_zero() && record.weight_mg.is_none() {
        return None;
    }
    Some(PaidPiece {
        amount: record.amount,
        date: record.mark_date?,
        product: record.product?,
        weight: record.weight_mg.map(Weight::from_milligrams),
        destination: record.destination,
        service: record.service.as_ref().and_then(|service| service.parse().ok()),
    })
}

/// What the device last said of its registers, and the number of the last refill it had applied by then: an inspection,
/// or the end of an upload that is later. Both were signed by the device.
fn last_word(
    meter: &Meter,
    scanned: &Scanned,
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
    let records = &scanned.records;
    if records.count == 0 {
        return (None, 0);
    }
    let registers = records.last_registers;
    // Registers that do not even add up can only have got here past the upload’s checks: nothing is what they sum to.
    let control_sum = registers.control_sum().unwrap_or_else(|_| Amount::zero(meter.currency));
    let record_sequence = scanned.last_taken;
    (Some(Audit { registers, control_sum, record_sequence }), scanned.refill_count)
}

fn unconfirmed(meter: &Meter, refills: &[BookedRefill], applied: u64) -> Amount {
    let later = refills.iter().filter(|refill| refill.sequence > applied);
    let mills = later.map(|refill| refill.amount.mills()).sum();
    Amount::from_mills(mills, meter.currency)
}

fn booked_at(refill: &BookedRefill) -> BookedAt {
    BookedAt { sequence: refill.sequence, amount: refill.amount, booked: refill.booked }
}

/// Every time the device showed its registers, oldest first.
fn contacts(refills: &[BookedRefill], inspections: &[InspectionRecord]) -> Vec<Seen> {
    let refilled = refills.iter().map(|refill| Seen {
        at: refill.booked,
        what: format!("refill {}", refill.sequence),
        registers: refill.registers,
        record: None,
    });
    let inspected = inspections.iter().map(|seen| Seen {
        at: seen.made,
        what: format!("inspection {}", seen.sequence),
        registers: seen.registers,
        record: Some(seen.record_sequence),
    });
    let mut contacts: Vec<Seen> = refilled.chain(inspected).collect();
    contacts.sort_by_key(|seen| seen.at);
    contacts
}

fn registers_of(record: &TransactionRecord) -> Registers {
    Registers { ascending: record.ascending, descending: record.descending, pieces: record.pieces }
}

/// The cases that a reconciliation opens.
struct Report {
    serial: MeterSerial,
    findings: Vec<Finding>,
    policy: Policy,
    now: Timestamp,
}

impl Work for Report {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else { return Ok(()) };
        for finding in &self.findings {
            let suspends = self.policy.suspends(finding.code);
            suspicion::found(tx, &mut meter, finding, suspends, self.now).await?;
        }
        Ok(())
    }
}
