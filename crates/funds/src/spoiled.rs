//! Marks that were printed and not used, given back by the post's published rules: what is refunded of them, what is set
//! aside and why, what the fee is, and how it is booked.
//!
//! The mark stays what it is: printed, so used, in the registers and in the records. What is given back is booked on an
//! account of its own beside the meter's `post` account, so that this one still is the ascending register.
//!
//! It judges by what it is told of each mark; it reads no mark, and knows no mark that was not presented.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial, PieceCount};

use crate::{AccountId, LedgerError, RequestId, Transfer, TransferDraft, TransferKind};

mod rules;
mod set_aside;

pub use rules::{FeeBand, RULES, Rules, Way};
pub use set_aside::SetAside;

/// A mark that a customer gives back as spoiled, as it reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Presented {
    /// Who gives it back.
    pub customer: AccountNumber,
    /// The meter that printed it.
    pub meter: MeterSerial,
    /// The meter's count of pieces: with the meter, the identity of the mark.
    pub pieces: PieceCount,
    /// What it is worth.
    pub value: Amount,
    /// The date of posting that it bears.
    pub dated: Date,
}

/// What the provider knows of such a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    /// Whose meter it is; none for a meter that is not known.
    pub owner: Option<AccountNumber>,
    /// Whether a key of the meter signed it as it reads.
    pub genuine: bool,
    /// What the meter's uploaded record of that piece says, if it is there.
    pub record: Option<Recorded>,
    /// When the mark was seen on mail, if it was.
    pub seen: Option<Timestamp>,
    /// When it was given back before, if it was.
    pub refunded: Option<Timestamp>,
    /// Whether the meter was reported lost or stolen on the date of the mark.
    pub missing: bool,
}

/// The record by which a meter paid for a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// What it paid.
    pub amount: Amount,
    /// The date in the mark, as far as the record tells.
    pub dated: Option<Date>,
}

/// What comes of marks that are given back together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settlement {
    /// What they are worth.
    pub value: Amount,
    /// What the post keeps of it.
    pub fee: Amount,
    /// The part of the fee that falls to each, in their order; they sum to the fee.
    pub shares: Vec<Amount>,
    /// How the post pays the provider.
    pub way: Way,
}

/// Marks that are worth so little together that nothing is given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{value} is too little: nothing is given back for {floor} or less")]
pub struct TooLittle {
    /// What they are worth.
    pub value: Amount,
    /// Up to here nothing is given back.
    pub floor: Amount,
}

/// Why a mark is not given back, if it is not: the first reason in the order of [`SetAside`].
#[must_use]
pub fn set_aside(
    rules: &Rules,
    presented: &Presented,
    known: &Known,
    today: Date,
) -> Option<SetAside> {
    let oldest = today.saturating_sub(i64::from(rules.within_days).days());
    let same = |record: &Recorded| {
        record.amount == presented.value
            && record.dated.is_none_or(|dated| dated == presented.dated)
    };
    match (known.owner, known.record) {
        (None, _) => Some(SetAside::UnknownMeter),
        _ if !known.genuine => Some(SetAside::NotGenuine),
        (Some(owner), _) if owner != presented.customer => Some(SetAside::OtherCustomer),
        _ if known.missing => Some(SetAside::MeterMissing),
        _ if presented.value.is_zero() => Some(SetAside::NoValue),
        _ if presented.value.currency() != rules.currency => Some(SetAside::OtherCurrency),
        _ if known.refunded.is_some() => known.refunded.map(SetAside::RefundedBefore),
        _ if known.seen.is_some() => known.seen.map(SetAside::SeenOnMail),
        (_, None) => Some(SetAside::NoRecord),
        (_, Some(record)) if !same(&record) => Some(SetAside::RecordDiffers),
        _ if presented.dated < oldest => Some(SetAside::TooOld { oldest }),
        _ => None,
    }
}

/// Reckons the fee over marks that are given back together, and shares it among them by their value.
///
/// The fee is rounded to the cent, half a cent up; a mark's share is what the fee of all marks up to it comes to, in whole
/// mills, less what fell to those before it, so that the shares sum to the fee and none exceeds its mark.
///
/// # Errors
/// [`TooLittle`].
pub fn settle(rules: &Rules, values: &[Amount]) -> Result<Settlement, TooLittle> {
    let total: i64 = values.iter().map(|value| value.mills()).sum();
    let money = |mills| Amount::from_mills(mills, rules.currency);
    if total <= rules.floor {
        return Err(TooLittle { value: money(total), floor: money(rules.floor) });
    }
    let fee = rules.fee(total);
    assert!((0..total).contains(&fee), "invariant: a fee is less than what it is of");
    let mut so_far = 0;
    let mut shared = 0;
    let mut shares = Vec::with_capacity(values.len());
    for value in values {
        so_far += value.mills();
        let due = i128::from(fee) * i128::from(so_far) / i128::from(total);
        let due = i64::try_from(due).expect("invariant: a part of the fee is no more than it");
        shares.push(money(due - shared));
        shared = due;
    }
    assert_eq!(shared, fee, "invariant: the shares sum to the fee");
    Ok(Settlement { value: money(total), fee: money(fee), shares, way: rules.way(total - fee) })
}

/// The transfer by which one mark is given back, less its share of the fee. Its id is the mark's: there is one, ever.
///
/// # Errors
/// [`LedgerError::NothingMoves`] if the share is the whole value.
pub fn give_back(
    presented: &Presented,
    share: Amount,
    time: Timestamp,
) -> Result<Transfer, LedgerError> {
    let Presented { customer, meter, pieces, value, .. } = *presented;
    let amount = Amount::from_mills(value.mills().saturating_sub(share.mills()), value.currency());
    let draft = TransferDraft {
        id: RequestId::spoiled(meter, pieces),
        kind: TransferKind::Spoiled,
        postings: Vec::new(),
        customer,
        meter: Some(meter),
        time,
        memo: format!("spoiled mark {pieces} of {meter}: {value} less a fee of {share}"),
        reverses: None,
    };
    Transfer::between(AccountId::Spoiled(meter), AccountId::Prepaid(customer), amount, draft)
}

/// The rules under which marks of this currency are given back, if there are any.
#[must_use]
pub fn rules_for(currency: Currency) -> Option<&'static Rules> {
    RULES.iter().find(|rules| rules.currency == currency)
}
