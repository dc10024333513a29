//! Whether a meter's registers, the ledger and its uploaded records tell the same story, to the mill
//! (REQ FUNDS-6).
//!
//! Three witnesses: what the device says of itself (an inspection, or any message with its registers), what
//! the ledger has booked, and what the records it uploaded add up to. Where they contradict each
//! other there is a [`Discrepancy`]; where one has simply not spoken yet there is a [`Pending`].
//! Nothing is corrected here, and nothing is rounded away.

use std::cmp::Ordering;

use timbre_postage::{Amount, Currency, MeterSerial, Registers};

mod discrepancy;
mod prices;
mod report;
mod scan;
mod watch;

pub use discrepancy::{Discrepancy, Pending};
pub use prices::{Judged, PaidPiece, Prices, Rate};
pub use report::{Figure, Line, Quantity, Reconciliation};
pub use scan::{Entry, Movement, Scan, Scanned};
pub use watch::{BookedAt, RefundedAt, Seen, Standing, watch};

/// What the three witnesses say of one meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeterBooks {
    /// The meter.
    pub serial: MeterSerial,
    /// The currency of its registers.
    pub currency: Currency,
    /// The ledger.
    pub ledger: LedgerSide,
    /// The meter's last report of its registers, if it made any.
    pub audit: Option<Audit>,
    /// The records it uploaded.
    pub records: Records,
}

/// What the ledger says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LedgerSide {
    /// All refills booked.
    pub issued: Amount,
    /// All refunds booked.
    pub refunded: Amount,
    /// Of the refunds booked, those of which no record of the meter has come in: it will come, or the meter can be read no
    /// more and a person decided.
    pub refund_in_flight: Amount,
    /// Of the refills booked, those later than the last one the meter had applied when it last reported
    /// its registers; all of them if it never did.
    pub unconfirmed: Amount,
    /// Postage booked as used, where usage is booked.
    pub used: Option<Amount>,
}

/// The registers as the meter last reported them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Audit {
    /// The registers.
    pub registers: Registers,
    /// The control sum, as the meter keeps it apart from the registers.
    pub control_sum: Amount,
    /// The last record the meter had made then; 0 for none.
    pub record_sequence: u64,
}

/// What the uploaded records add up to. Records are numbered from 1 without a gap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Records {
    /// How many there are.
    pub count: u64,
    /// The number of the last one; 0 for none.
    pub last_sequence: u64,
    /// The first that does not follow from the one before it, if any.
    pub chain_broken_at: Option<u64>,
    /// How many are debits.
    pub debit_count: u64,
    /// The sum of the debits.
    pub debits: Amount,
    /// The sum of the refills.
    pub refills: Amount,
    /// The sum of the refunds.
    pub refunds: Amount,
    /// The registers in the last one; zero for none.
    pub last_registers: Registers,
}

/// Reconciles one meter.
#[must_use]
pub fn meter(books: &MeterBooks) -> Reconciliation {
    let mut discrepancies = Vec::new();
    let mut pending = Vec::new();
    records_alone(&books.records, &mut discrepancies);
    ledger_and_records(books, &mut discrepancies, &mut pending);
    match &books.audit {
        None => pending.push(Pending::NoAudit),
        Some(audit) => {
            registers_and_ledger(audit, &books.ledger, &mut discrepancies);
            registers_and_records(audit, &books.records, &mut discrepancies, &mut pending);
        }
    }
    Reconciliation { serial: books.serial, lines: lines(books), discrepancies, pending }
}

/// The records must be consistent in themselves.
fn records_alone(records: &Records, found: &mut Vec<Discrepancy>) {
    let last = records.last_registers;
    if let Some(sequence) = records.chain_broken_at {
        found.push(Discrepancy::RecordChainBroken { sequence });
    }
    if records.count != records.last_sequence {
        let expected = records.last_sequence;
        found.push(Discrepancy::RecordsMissing { expected, found: records.count });
    }
    if last.ascending != records.debits {
        let (debits, ascending) = (records.debits, last.ascending);
        found.push(Discrepancy::RecordedUseDiffers { debits, ascending });
    }
    let expected = less(less(records.refills, records.refunds), records.debits);
    if last.descending != expected {
        let descending = last.descending;
        found.push(Discrepancy::RecordedBalanceDiffers { expected, descending });
    }
    if last.pieces != records.debit_count {
        let (debits, pieces) = (records.debit_count, last.pieces);
        found.push(Discrepancy::RecordedPiecesDiffer { debits, pieces });
    }
}

fn ledger_and_records(
    books: &MeterBooks,
    found: &mut Vec<Discrepancy>,
    pending: &mut Vec<Pending>,
) {
    let (ledger, records) = (&books.ledger, &books.records);
    if let Some(used) = ledger.used.filter(|used| *used != records.debits) {
        found.push(Discrepancy::LedgerUseDiffers { ledger: used, records: records.debits });
    }
    if !ledger.refund_in_flight.is_zero() {
        pending.push(Pending::RefundInFlight { amount: ledger.refund_in_flight });
    }
    if records.refunds.mills() > ledger.refunded.mills() {
        let (booked, recorded) = (ledger.refunded, records.refunds);
        found.push(Discrepancy::RefundsNotBooked { booked, recorded });
    }
    let (booked, recorded) = (ledger.issued, records.refills);
    let applied = less(ledger.issued, ledger.unconfirmed);
    // The records can be held against what the meter has applied only once they reach as far.
    let complete = books.audit.is_some_and(|audit| audit.record_sequence <= records.last_sequence);
    match recorded.mills().cmp(&booked.mills()) {
        Ordering::Greater => found.push(Discrepancy::RefillsNotBooked { booked, recorded }),
        Ordering::Less if complete && recorded.mills() < applied.mills() => {
            found.push(Discrepancy::RefillsNotRecorded { applied, recorded });
        }
        Ordering::Less => {
            pending.push(Pending::RefillsInFlight { amount: less(booked, recorded) });
        }
        Ordering::Equal => {}
    }
}

/// Ascending + descending is what was issued and has arrived, less refunds.
fn registers_and_ledger(audit: &Audit, ledger: &LedgerSide, found: &mut Vec<Discrepancy>) {
    let expected = less(less(ledger.issued, ledger.unconfirmed), told(ledger));
    let largest = Amount::from_mills(i64::MAX, expected.currency());
    let added = audit.registers.control_sum().unwrap_or(largest);
    if let Some(given) = [audit.control_sum, added].into_iter().find(|sum| *sum != expected) {
        found.push(Discrepancy::ControlSumDiffers { expected, given });
    }
}

/// At the same record the registers are the same; before and after it they only go forward.
fn registers_and_records(
    audit: &Audit,
    records: &Records,
    found: &mut Vec<Discrepancy>,
    pending: &mut Vec<Pending>,
) {
    let (reported, recorded) = (audit.registers, records.last_registers);
    let backwards = |earlier: Registers, later: Registers| {
        let fell = later.ascending.mills() < earlier.ascending.mills();
        (fell || later.pieces < earlier.pieces)
            .then_some(Discrepancy::RegistersWentBackwards { earlier, later })
    };
    match audit.record_sequence.cmp(&records.last_sequence) {
        Ordering::Equal if reported != recorded => {
            found.push(Discrepancy::RegistersDiffer { reported, recorded });
        }
        Ordering::Equal => {}
        Ordering::Greater => {
            let (after, through) = (records.last_sequence, audit.record_sequence);
            pending.push(Pending::RecordsOutstanding { after, through });
            found.extend(backwards(recorded, reported));
        }
        Ordering::Less => found.extend(backwards(reported, recorded)),
    }
}

/// The refunds of which the meter has told.
fn told(ledger: &LedgerSide) -> Amount {
    less(ledger.refunded, ledger.refund_in_flight)
}

fn lines(books: &MeterBooks) -> Vec<Line> {
    let MeterBooks { ledger, records, .. } = books;
    let audit = books.audit.map(|audit| audit.registers);
    let money = |amount| Some(Figure::Money(amount));
    let issued = less(ledger.issued, told(ledger));
    let recorded = less(records.refills, records.refunds);
    vec![
        Line {
            quantity: Quantity::Used,
            registers: audit.and_then(|registers| money(registers.ascending)),
            ledger: ledger.used.and_then(money),
            records: money(records.debits),
        },
        Line {
            quantity: Quantity::Left,
            registers: audit.and_then(|registers| money(registers.descending)),
            ledger: ledger.used.and_then(|used| money(less(issued, used))),
            records: money(less(recorded, records.debits)),
        },
        Line {
            quantity: Quantity::ControlSum,
            registers: books.audit.and_then(|audit| money(audit.control_sum)),
            ledger: money(issued),
            records: money(recorded),
        },
        Line {
            quantity: Quantity::Pieces,
            registers: audit.map(|registers| Figure::Count(registers.pieces)),
            ledger: None,
            records: Some(Figure::Count(records.debit_count)),
        },
    ]
}

/// `a − b`. A sum that does not fit is held at the end of the range: it will not equal anything true.
fn less(a: Amount, b: Amount) -> Amount {
    Amount::from_mills(a.mills().saturating_sub(b.mills()), a.currency())
}
