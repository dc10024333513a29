//! Postage that uploaded records report as used: from then on it is payable to the post.
//!
//! Booked once per accepted upload, not once per piece, and only on the two accounts of the meter.

use jiff::Timestamp;
use timbre_postage::{AccountNumber, Amount, MeterSerial};

use crate::{AccountId, LedgerError, RequestId, Transfer, TransferDraft, TransferKind};

/// The records of one upload that were not known before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Usage {
    /// The meter.
    pub meter: MeterSerial,
    /// Its customer.
    pub customer: AccountNumber,
    /// The number of the first record.
    pub first: u64,
    /// The number of the last record.
    pub last: u64,
    /// What the debits among them come to.
    pub amount: Amount,
    /// When it is booked.
    pub time: Timestamp,
}

/// Books the usage. Records without a debit among them need no transfer.
///
/// # Errors
/// [`LedgerError::NothingMoves`] if the debits come to nothing.
pub fn book(usage: &Usage) -> Result<Transfer, LedgerError> {
    let Usage { meter, customer, first, last, amount, time } = *usage;
    let draft = TransferDraft {
        id: RequestId::usage(meter, first, last),
        kind: TransferKind::Usage,
        postings: Vec::new(),
        customer,
        meter: Some(meter),
        time,
        memo: format!("postage used by meter {meter}: {amount}, records {first} to {last}"),
        reverses: None,
    };
    Transfer::between(AccountId::Meter(meter), AccountId::Post(meter), amount, draft)
}
