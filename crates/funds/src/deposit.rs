//! Money that a customer puts on the prepaid account.

use jiff::Timestamp;
use timbre_postage::{AccountNumber, Amount, Currency};

use crate::{AccountId, FundsRefusal, RequestId, Transfer, TransferDraft, TransferKind};

/// A payment that has arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deposit {
    /// The payment's own reference: the same payment is booked once.
    pub id: RequestId,
    /// Whose account.
    pub customer: AccountNumber,
    /// The currency of that account.
    pub currency: Currency,
    /// How much.
    pub amount: Amount,
    /// When it is booked.
    pub time: Timestamp,
    /// What the statement shall say.
    pub memo: String,
}

/// Books a deposit. A locked account takes deposits: that is how it is settled.
///
/// # Errors
/// [`FundsRefusal::WrongCurrency`], [`FundsRefusal::FractionOfACent`], or
/// [`FundsRefusal::BelowMinimum`] for less than a cent.
pub fn deposit(deposit: Deposit) -> Result<Transfer, FundsRefusal> {
    let Deposit { id, customer, currency, amount, time, memo } = deposit;
    if amount.currency() != currency {
        let given = amount.currency();
        return Err(FundsRefusal::WrongCurrency { expected: currency, given });
    }
    if amount.mills() % 10 != 0 {
        return Err(FundsRefusal::FractionOfACent { amount });
    }
    let minimum = Amount::from_mills(10, currency);
    if amount.mills() < minimum.mills() {
        return Err(FundsRefusal::BelowMinimum { minimum, amount });
    }
    let (from, to) = (AccountId::Deposits(customer), AccountId::Prepaid(customer));
    let draft = TransferDraft {
        id,
        kind: TransferKind::Deposit,
        postings: Vec::new(),
        customer,
        meter: None,
        time,
        memo,
        reverses: None,
    };
    let transfer = Transfer::between(from, to, amount, draft);
    Ok(transfer.expect("invariant: a deposit balances"))
}
