//! A transfer: postings that sum to zero. There is no other way to change a balance.
//!
//! A transfer that exists is balanced: the constructor refuses any other. None is ever changed; a
//! mistake is corrected by booking its reversal.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial};

use crate::account::Owner;
use crate::{AccountId, LedgerError, RequestId};

/// Why a transfer happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferKind {
    /// Money from outside.
    Deposit,
    /// Postage issued into a meter.
    Refill,
    /// Postage that uploaded records report as used.
    Usage,
    /// Postage taken back from a meter.
    Refund,
    /// A refund given back to the customer.
    RefundRelease,
    /// Postage of a spoiled mark given back to the customer, less a fee.
    Spoiled,
    /// The correction of another transfer.
    Reversal,
}

impl TransferKind {
    const ALL: [TransferKind; 7] = [
        Self::Deposit,
        Self::Refill,
        Self::Usage,
        Self::Refund,
        Self::RefundRelease,
        Self::Spoiled,
        Self::Reversal,
    ];

    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Refill => "refill",
            Self::Usage => "usage",
            Self::Refund => "refund",
            Self::RefundRelease => "refund-release",
            Self::Spoiled => "spoiled",
            Self::Reversal => "reversal",
        }
    }
}

impl fmt::Display for TransferKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TransferKind {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let named = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or_else(|| LedgerError::UnknownKind(text.to_owned()))
    }
}

/// One side of a transfer: what one account gains, or with a minus sign loses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Posting {
    /// The account.
    pub account: AccountId,
    /// Its gain; never zero.
    pub amount: Amount,
}

impl Posting {
    /// A posting of `amount` to `account`.
    #[must_use]
    pub const fn new(account: AccountId, amount: Amount) -> Posting {
        Posting { account, amount }
    }
}

/// What a transfer is made of, before it is known to balance; also its form in a store or a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransferDraft {
    /// What asked for it.
    pub id: RequestId,
    /// Why.
    pub kind: TransferKind,
    /// Who gains and who loses.
    pub postings: Vec<Posting>,
    /// The customer whose money it is.
    pub customer: AccountNumber,
    /// The meter, where one is concerned.
    pub meter: Option<MeterSerial>,
    /// When it was booked.
    pub time: Timestamp,
    /// What a person reads in a statement.
    pub memo: String,
    /// The transfer it corrects, for a reversal.
    pub reverses: Option<RequestId>,
}

/// A balanced, immutable movement of money between accounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "TransferDraft", into = "TransferDraft")]
pub struct Transfer(TransferDraft);

impl Transfer {
    /// Makes a transfer of a draft that balances.
    ///
    /// # Errors
    /// Whatever cannot be in a ledger: see [`LedgerError`].
    pub fn new(draft: TransferDraft) -> Result<Transfer, LedgerError> {
        let id = || draft.id.clone();
        let [first, _, ..] = draft.postings[..] else {
            return Err(LedgerError::TooFewPostings(id()));
        };
        if (draft.kind == TransferKind::Reversal) != draft.reverses.is_some() {
            return Err(LedgerError::ReversalReference(id()));
        }
        let currency = first.amount.currency();
        let mut sum = 0_i128;
        for (index, Posting { account, amount }) in draft.postings.iter().enumerate() {
            if amount.currency() != currency {
                let second = amount.currency();
                return Err(LedgerError::MixedCurrencies { id: id(), first: currency, second });
            }
            if amount.is_zero() {
                return Err(LedgerError::EmptyPosting { id: id(), account: *account });
            }
            let own = match account.owner() {
                Owner::Customer(customer) => customer == draft.customer,
                Owner::Meter(serial) => Some(serial) == draft.meter,
            };
            if !own {
                return Err(LedgerError::ForeignAccount { id: id(), account: *account });
            }
            if draft.postings[..index].iter().any(|earlier| earlier.account == *account) {
                return Err(LedgerError::RepeatedAccount { id: id(), account: *account });
            }
            sum += i128::from(amount.mills());
        }
        if sum != 0 {
            return Err(LedgerError::Unbalanced { id: id(), sum });
        }
        Ok(Transfer(draft))
    }

    /// Makes a transfer of `amount`, more than nothing, from one account to another; the draft's postings
    /// are replaced.
    ///
    /// # Errors
    /// [`LedgerError::NothingMoves`], or whatever else cannot be in a ledger.
    pub(crate) fn between(
        from: AccountId,
        to: AccountId,
        amount: Amount,
        draft: TransferDraft,
    ) -> Result<Transfer, LedgerError> {
        if amount.mills() <= 0 {
            return Err(LedgerError::NothingMoves { id: draft.id, amount });
        }
        let leaves = Amount::from_mills(-amount.mills(), amount.currency());
        let postings = vec![Posting::new(from, leaves), Posting::new(to, amount)];
        Transfer::new(TransferDraft { postings, ..draft })
    }

    /// The transfer that undoes this one.
    ///
    /// # Errors
    /// [`LedgerError::ReversalOfReversal`] if this is itself a reversal.
    pub fn reversal(&self, time: Timestamp, memo: String) -> Result<Transfer, LedgerError> {
        if self.0.kind == TransferKind::Reversal {
            return Err(LedgerError::ReversalOfReversal(self.0.id.clone()));
        }
        let opposite = |posting: &Posting| {
            let mills = posting.amount.mills().saturating_neg();
            Posting::new(posting.account, Amount::from_mills(mills, posting.amount.currency()))
        };
        Transfer::new(TransferDraft {
            id: self.0.id.reversal(),
            kind: TransferKind::Reversal,
            postings: self.0.postings.iter().map(opposite).collect(),
            customer: self.0.customer,
            meter: self.0.meter,
            time,
            memo,
            reverses: Some(self.0.id.clone()),
        })
    }

    /// What asked for it.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.0.id
    }

    /// Why it happened.
    #[must_use]
    pub fn kind(&self) -> TransferKind {
        self.0.kind
    }

    /// Who gained and who lost: at least two, each account once, none of zero, summing to zero.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.0.postings
    }

    /// The customer whose money it is.
    #[must_use]
    pub fn customer(&self) -> AccountNumber {
        self.0.customer
    }

    /// The meter, where one is concerned.
    #[must_use]
    pub fn meter(&self) -> Option<MeterSerial> {
        self.0.meter
    }

    /// When it was booked.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.0.time
    }

    /// What a person reads in a statement.
    #[must_use]
    pub fn memo(&self) -> &str {
        &self.0.memo
    }

    /// The transfer it corrects, for a reversal.
    #[must_use]
    pub fn reverses(&self) -> Option<&RequestId> {
        self.0.reverses.as_ref()
    }

    /// The one currency of its postings.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.0.postings[0].amount.currency()
    }

    /// What `account` gained; zero if the transfer does not touch it.
    #[must_use]
    pub fn gain_of(&self, account: AccountId) -> Amount {
        let posting = self.0.postings.iter().find(|posting| posting.account == account);
        posting.map_or_else(|| Amount::zero(self.currency()), |posting| posting.amount)
    }
}

impl TryFrom<TransferDraft> for Transfer {
    type Error = LedgerError;

    fn try_from(draft: TransferDraft) -> Result<Self, LedgerError> {
        Transfer::new(draft)
    }
}

impl From<Transfer> for TransferDraft {
    fn from(transfer: Transfer) -> TransferDraft {
        transfer.0
    }
}
