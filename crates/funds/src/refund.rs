//! Postage taken back from a withdrawn meter, and given back to its customer.
//!
//! Two steps, because between them the post verifies what was unused (39 CFR 501.16(e)): first it leaves the
//! meter, then it becomes the customer's prepaid money. Both are idempotent by their ids: refunds
//! reimbursed twice are a known loss.

use jiff::Timestamp;
use timbre_postage::{AccountNumber, Amount, MeterSerial};

use crate::{AccountId, LedgerError, RequestId, Transfer, TransferDraft, TransferKind};

mod rule;

pub use rule::{Evidence, RefundRefusal, WAITING_DAYS, may_release};

/// Postage to be given back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refund {
    /// What asked for it.
    pub id: RequestId,
    /// The customer.
    pub customer: AccountNumber,
    /// The meter that held it.
    pub meter: MeterSerial,
    /// How much.
    pub amount: Amount,
    /// When it is booked.
    pub time: Timestamp,
    /// What the statement shall say.
    pub memo: String,
}

/// Takes unused postage out of a meter that was withdrawn: its control sum falls by it.
///
/// # Errors
/// [`LedgerError::NothingMoves`] for a refund of nothing or less.
pub fn take_back(refund: Refund) -> Result<Transfer, LedgerError> {
    let (from, to) = (AccountId::Meter(refund.meter), AccountId::Refunds(refund.customer));
    book(refund, TransferKind::Refund, from, to)
}

/// Gives postage that was taken back to the customer, as prepaid money.
///
/// # Errors
/// [`LedgerError::NothingMoves`] for a refund of nothing or less.
pub fn release(refund: Refund) -> Result<Transfer, LedgerError> {
    let (from, to) = (AccountId::Refunds(refund.customer), AccountId::Prepaid(refund.customer));
    book(refund, TransferKind::RefundRelease, from, to)
}

fn book(
    refund: Refund,
    kind: TransferKind,
    from: AccountId,
    to: AccountId,
) -> Result<Transfer, LedgerError> {
    let Refund { id, customer, meter, amount, time, memo } = refund;
    let draft = TransferDraft {
        id,
        kind,
        postings: Vec::new(),
        customer,
        meter: Some(meter),
        time,
        memo,
        reverses: None,
    };
    Transfer::between(from, to, amount, draft)
}
