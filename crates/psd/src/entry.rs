//! What happens to a device, as the journal tells it: one entry per slot.
//!
//! An entry holds everything needed to repeat its effect, so the state after opening is made by the
//! same function as the state in use. The bytes are in `entry/wire.rs`
//! and `entry/messages.rs`.

pub(crate) mod messages;
mod wire;

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_indicium::{Mark, MarkKind};
use timbre_key_store::PublicKey;
use timbre_postage::{Amount, Currency, Registers};
use timbre_protocol::transaction_upload::{RecordKind, TransactionRecord};
use timbre_protocol::{Hash, inspection, installation, refill, withdrawal};

use crate::Memo;
use crate::journal::SlotKind;

/// The completions that one debit can carry; a fifth gets a slot of its own.
pub(crate) const CARRIED: usize = 4;
/// The completions that one slot can carry.
pub(crate) const COMPLETIONS: usize = 32;

/// The part that all transaction records share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    pub(crate) time: Timestamp,
    /// After the transaction.
    pub(crate) registers: Registers,
    /// The chain value of the record.
    pub(crate) chain: Hash,
}

/// A piece that was paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Debited {
    pub(crate) stamp: Stamp,
    pub(crate) kind: MarkKind,
    pub(crate) amount: Amount,
    pub(crate) date: Date,
    pub(crate) product: u16,
    pub(crate) memo: Memo,
    /// The payload of the mark, opaque here: a profile may change, the journal stays readable.
    pub(crate) mark: [u8; Mark::PAYLOAD_LENGTH],
    /// Pieces that were printed since the last durable slot.
    pub(crate) completed: Vec<u64>,
}

/// A paid piece that is printed once more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reprinted {
    pub(crate) stamp: Stamp,
    /// The record of the piece.
    pub(crate) of: u64,
    pub(crate) date: Date,
    pub(crate) product: u16,
    pub(crate) memo: Memo,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    Initialised { time: Timestamp, device: PublicKey, indicium: PublicKey },
    Installed { stamp: Stamp, reply: Box<installation::Reply> },
    RefillRequested(refill::Request),
    RefillApplied { stamp: Stamp, reply: refill::Reply },
    RefillCancelled { time: Timestamp, sequence: u64 },
    InspectionRequested(inspection::Request),
    InspectionApplied { stamp: Stamp, reply: inspection::Reply },
    InspectionCancelled { time: Timestamp, sequence: u64 },
    Debited(Box<Debited>),
    Completed(Vec<u64>),
    Reprinted(Box<Reprinted>),
    Tampered { time: Timestamp },
    Contacted { time: Timestamp, contact: u64 },
    KeysProposed { time: Timestamp, device: PublicKey, indicium: PublicKey },
    WithdrawalRequested(withdrawal::Request),
    Withdrawn { stamp: Stamp, reply: withdrawal::Reply },
    WithdrawalCancelled { time: Timestamp, sequence: u64 },
}

impl Entry {
    pub(crate) fn kind(&self) -> SlotKind {
        match self {
            Entry::Initialised { .. } => SlotKind::Initialised,
            Entry::Installed { .. } => SlotKind::Installed,
            Entry::RefillRequested(_) => SlotKind::RefillRequested,
            Entry::RefillApplied { .. } => SlotKind::RefillApplied,
            Entry::RefillCancelled { .. } => SlotKind::RefillCancelled,
            Entry::InspectionRequested(_) => SlotKind::InspectionRequested,
            Entry::InspectionApplied { .. } => SlotKind::InspectionApplied,
            Entry::InspectionCancelled { .. } => SlotKind::InspectionCancelled,
            Entry::Debited(_) => SlotKind::Debited,
            Entry::Completed(_) => SlotKind::Completed,
            Entry::Reprinted(_) => SlotKind::Reprinted,
            Entry::Tampered { .. } => SlotKind::Tampered,
            Entry::Contacted { .. } => SlotKind::Contacted,
            Entry::KeysProposed { .. } => SlotKind::KeysProposed,
            Entry::WithdrawalRequested(_) => SlotKind::WithdrawalRequested,
            Entry::Withdrawn { .. } => SlotKind::Withdrawn,
            Entry::WithdrawalCancelled { .. } => SlotKind::WithdrawalCancelled,
        }
    }

    /// The stamp, if this is a transaction.
    pub(crate) fn stamp(&self) -> Option<&Stamp> {
        match self {
            Entry::Installed { stamp, .. }
            | Entry::RefillApplied { stamp, .. }
            | Entry::InspectionApplied { stamp, .. }
            | Entry::Withdrawn { stamp, .. } => Some(stamp),
            Entry::Debited(debited) => Some(&debited.stamp),
            Entry::Reprinted(reprinted) => Some(&reprinted.stamp),
            _ => None,
        }
    }

    fn stamp_mut(&mut self) -> Option<&mut Stamp> {
        match self {
            Entry::Installed { stamp, .. }
            | Entry::RefillApplied { stamp, .. }
            | Entry::InspectionApplied { stamp, .. }
            | Entry::Withdrawn { stamp, .. } => Some(stamp),
            Entry::Debited(debited) => Some(&mut debited.stamp),
            Entry::Reprinted(reprinted) => Some(&mut reprinted.stamp),
            _ => None,
        }
    }

    /// When it happened, if it tells.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        match self {
            Entry::Initialised { time, .. }
            | Entry::RefillCancelled { time, .. }
            | Entry::InspectionCancelled { time, .. }
            | Entry::WithdrawalCancelled { time, .. }
            | Entry::Tampered { time }
            | Entry::Contacted { time, .. }
            | Entry::KeysProposed { time, .. } => Some(*time),
            Entry::WithdrawalRequested(request) => Some(request.time),
            Entry::RefillRequested(request) => Some(request.time),
            Entry::InspectionRequested(request) => Some(request.time),
            Entry::Completed(_) => None,
            stamped => stamped.stamp().map(|stamp| stamp.time),
        }
    }

    /// The entry with its place in the chain of transaction records, after the record whose chain
    /// value is `previous`.
    pub(crate) fn chained(mut self, sequence: u64, previous: &Hash, currency: Currency) -> Entry {
        let chain = self.record(sequence, currency).map(|record| record.chain_after(previous));
        if let (Some(stamp), Some(chain)) = (self.stamp_mut(), chain) {
            stamp.chain = chain;
        }
        self
    }

    /// The transaction record, if this is a transaction.
    pub(crate) fn record(&self, sequence: u64, currency: Currency) -> Option<TransactionRecord> {
        let stamp = self.stamp()?;
        let bare = TransactionRecord {
            sequence,
            time: stamp.time,
            kind: RecordKind::Installation,
            amount: Amount::zero(currency),
            ascending: stamp.registers.ascending,
            descending: stamp.registers.descending,
            pieces: stamp.registers.pieces,
            product: None,
            weight_mg: None,
            destination: None,
            service: None,
            account: None,
            reference: None,
            mark_date: None,
            table: None,
            chain: stamp.chain,
        };
        let about = |memo: &Memo, kind, amount, product, date| {
            let text = |text: &String| (!text.is_empty()).then(|| text.clone());
            let fields = memo.fields();
            TransactionRecord {
                kind,
                amount,
                product: Some(product),
                weight_mg: memo.weight_mg(),
                destination: fields.destination,
                service: text(&fields.service),
                account: text(&fields.account),
                reference: text(&fields.reference),
                mark_date: Some(date),
                table: text(&fields.table),
                ..bare.clone()
            }
        };
        Some(match self {
            Entry::RefillApplied { reply, .. } => {
                TransactionRecord { kind: RecordKind::Refill, amount: reply.amount, ..bare }
            }
            Entry::InspectionApplied { .. } => {
                TransactionRecord { kind: RecordKind::Inspection, ..bare }
            }
            Entry::Withdrawn { reply, .. } => {
                TransactionRecord { kind: RecordKind::Withdrawal, amount: reply.amount, ..bare }
            }
            Entry::Debited(piece) => {
                about(&piece.memo, RecordKind::Debit, piece.amount, piece.product, piece.date)
            }
            Entry::Reprinted(piece) => {
                let nothing = Amount::zero(currency);
                about(&piece.memo, RecordKind::Reprint, nothing, piece.product, piece.date)
            }
            _ => bare,
        })
    }
}
