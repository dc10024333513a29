//! Transaction upload: the meter hands over the records of what its device did, chained so that none can be left out,
//! added or altered unnoticed (REQ REC-1, FUNDS-6).
//!
//! Who and when: a meter going to sleep or powering off, when accounting is switched on, when the operator uploads
//! postal information, or on demand; see [`Reason`].
//! Source: « Les enregistrements de transactions […] sont automatiquement téléchargés lorsque : le système passe en mode
//! veille; pendant la mise hors tension du système; l'activation des services de comptabilité Web; le téléchargement
//! d'informations postales. »
//! The meter keeps every record until it is acknowledged, and may send one again: that books nothing twice.
//! Refused: `unknown-meter`, `bad-signature`, `meter-withdrawn`, `records-missing` (a gap before `first`),
//! `chain-broken`.

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyRole, Signature};
use timbre_postage::{Amount, Country, MeterSerial, PieceCount, Registers};

use crate::Hash;
use crate::canonical::Canonical;
use crate::content::record;
use crate::exchange::Exchange;
use crate::message::{Limits, message};
use crate::signed::signed;

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct TransactionUpload;

impl Exchange for TransactionUpload {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "transaction-upload";
    const ENDPOINT: EndpointId = endpoint::TRANSACTION_UPLOAD;
}

/// “This is what I did since.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// The sequence number of the first record.
    pub first: u64,
    /// The sequence number of the last record; below `first` when there is none.
    pub last: u64,
    /// The chain value of the record before the first; all zero before record 1.
    pub chain_before: Hash,
    /// The records, without gaps, in order.
    pub records: Vec<TransactionRecord>,
    /// The registers after the last record.
    pub registers: Registers,
    /// What made the meter upload.
    pub reason: Reason,
    /// The meter's clock.
    pub time: Timestamp,
    /// By the meter's device key.
    pub signature: Signature,
}

message!(Request as "transaction-upload-request" within Limits::UPLOAD {
    serial, first, last, chain_before, records, registers, reason, time, signature,
});
signed!(Request by KeyRole::Device);

/// “Kept for ever up to here.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The sequence number up to which every record is stored durably; 0 for none.
    pub acknowledged: u64,
}

message!(Reply as "transaction-upload-reply" { acknowledged });

/// What made the meter upload, in the specification's words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// The machine goes to sleep.
    Sleep,
    /// The machine is switched off.
    PowerOff,
    /// Web accounting services were activated.
    Accounting,
    /// The operator uploads postal information.
    PostalInformation,
    /// A person or the provider asked.
    OnDemand,
}

/// What a transaction was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RecordKind {
    /// The device took an operational block.
    Installation,
    /// The descending register rose.
    Refill,
    /// A piece was paid for.
    Debit,
    /// A piece paid for and not printed was printed after all; no register moved.
    Reprint,
    /// The provider inspected the device; no register moved.
    Inspection,
    /// The descending register was emptied back to the account.
    Withdrawal,
}

/// One thing the device did, with the registers after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionRecord {
    /// 1 for the device's first record, and one more for each after it.
    pub sequence: u64,
    /// The meter's clock.
    pub time: Timestamp,
    /// What happened.
    pub kind: RecordKind,
    /// By how much the descending register moved, never negative.
    pub amount: Amount,
    /// The ascending register after it.
    pub ascending: Amount,
    /// The descending register after it.
    pub descending: Amount,
    /// The device's count of pieces after it.
    pub pieces: PieceCount,
    /// The product code of the rate, as in the mark.
    pub product: Option<u16>,
    /// The piece's weight in milligrams.
    pub weight_mg: Option<u32>,
    /// Where the piece goes.
    pub destination: Option<Country>,
    /// The service, such as `lettermail`.
    pub service: Option<String>,
    /// The cost account that pays in the customer's own books.
    pub account: Option<String>,
    /// The operator's own reference.
    pub reference: Option<String>,
    /// The date in the mark.
    pub mark_date: Option<Date>,
    /// The name of the rate table that set the price.
    pub table: Option<String>,
    /// [`TransactionRecord::chain_after`] of the record before it.
    pub chain: Hash,
}

record!(TransactionRecord as "record" {
    sequence, time, kind, amount, ascending, descending, pieces, product, weight_mg, destination, service, account,
    reference, mark_date, table, chain,
});

impl TransactionRecord {
    /// The chain value of this record when `previous` is that of the record before it (all zero before the first):
    /// SHA-256 of `previous` and then the text of every field but `chain`.
    #[must_use]
    pub fn chain_after(&self, previous: &Hash) -> Hash {
        let text = Canonical::bytes_of(self, "chain");
        Sha256::new().chain_update(previous).chain_update(text).finalize().into()
    }
}
