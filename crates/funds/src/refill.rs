//! The decision on a refill: may this meter be given this much postage, and who pays what.
//!
//! Prepaid money pays first, then the credit line. Tax is charged on the account with the refill and
//! never enters the register. A refill that was booked already is not decided again: the caller
//! finds it by [`sequence::classify`] and gives the stored reply once more.

use jiff::Timestamp;
use jiff::civil::Date;
#[cfg(feature = "planted")]
use timbre_postage::planted::Bug;
use timbre_postage::{Amount, MeterSerial, Registers};

use crate::sequence::{self, Sequence};
use crate::tax::{self, TaxCharge};
use crate::{
    AccountId, AccountStanding, BlockLimits, FundsRefusal, MeterStanding, MeterState, Posting,
    RequestId, Transfer, TransferDraft, TransferKind,
};

/// What a meter asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefillRequest {
    /// The meter.
    pub serial: MeterSerial,
    /// The number of the refill it wants: the last it applied and one.
    pub sequence: u64,
    /// How much postage.
    pub amount: Amount,
    /// Its registers before the refill.
    pub registers: Registers,
    /// Its control sum before the refill, as it keeps it apart from the registers.
    pub control_sum: Amount,
    /// The version of the operational block it works by.
    pub block_version: u32,
}

/// What is known when the request is decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefillContext {
    /// The instant at which the transfer is booked.
    pub now: Timestamp,
    /// The day, where the provider keeps its books: for tax and the limit of the day.
    pub today: Date,
    /// The standing of the meter; `None` if no such meter is enrolled.
    pub meter: Option<MeterStanding>,
}

/// A refill that is granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefillDecision {
    /// What is to be booked, whole or not at all.
    pub transfer: Transfer,
    /// What prepaid money pays.
    pub prepaid_part: Amount,
    /// What is drawn on credit.
    pub credit_part: Amount,
    /// The tax, by kind.
    pub tax: TaxCharge,
    /// The control sum of the meter once it has applied the refill.
    pub control_sum_after: Amount,
    /// The prepaid balance after the refill.
    pub prepaid_left: Amount,
    /// What is left of the credit line after the refill.
    pub credit_left: Amount,
}

/// Decides a refill.
///
/// # Errors
/// The first refusal that applies, in the order of [`FundsRefusal`].
pub fn decide(
    context: &RefillContext,
    request: &RefillRequest,
) -> Result<RefillDecision, FundsRefusal> {
    let serial = request.serial;
    let meter = context.meter.as_ref().ok_or(FundsRefusal::UnknownMeter { serial })?;
    assert_eq!(meter.serial, serial, "the standing is that of the meter that asks");
    standing(meter)?;
    currency(meter, request)?;
    if request.block_version != meter.block.version {
        let (current, given) = (meter.block.version, request.block_version);
        return Err(FundsRefusal::StaleBlock { current, given });
    }
    sequence_is_next(meter, request)?;
    registers(meter, request)?;
    amount(&meter.block, request)?;
    let tax = tax::on_refill(request.amount, &meter.postal_code, context.today);
    let payment = pay(&meter.account, sum(request.amount, tax.total))?;
    Ok(grant(context.now, meter, request, tax, payment))
}

/// Whether the meter and the account may be refilled at all.
fn standing(meter: &MeterStanding) -> Result<(), FundsRefusal> {
    let serial = meter.serial;
    match meter.state {
        MeterState::Enrolled => Err(FundsRefusal::MeterNotInstalled { serial }),
        #[cfg(feature = "planted")]
        MeterState::Suspended if timbre_postage::planted::has(Bug::SuspendedIsRefilled) => Ok(()),
        MeterState::Suspended => Err(FundsRefusal::MeterSuspended { serial }),
        MeterState::Withdrawn => Err(FundsRefusal::MeterWithdrawn { serial }),
        MeterState::Installed if meter.account.locked => {
            Err(FundsRefusal::AccountLocked { customer: meter.customer })
        }
        MeterState::Installed => Ok(()),
    }
}

/// Everything is in the currency of the registers; past this check amounts compare by their mills.
fn currency(meter: &MeterStanding, request: &RefillRequest) -> Result<(), FundsRefusal> {
    let (block, account) = (&meter.block, &meter.account);
    let expected = block.currency;
    let of_the_provider = [
        block.minimum_refill,
        block.maximum_refill,
        block.maximum_descending,
        meter.control_sum,
        meter.last_registers.ascending,
        account.prepaid,
        account.credit_limit,
        account.credit_used,
        account.advanced_today,
        account.daily_advance_limit.unwrap_or(account.credit_limit),
    ];
    let of_the_meter = [
        request.amount,
        request.control_sum,
        request.registers.ascending,
        request.registers.descending,
    ];
    let mut all = of_the_meter.into_iter().chain(of_the_provider).map(Amount::currency);
    match all.find(|given| *given != expected) {
        Some(given) => Err(FundsRefusal::WrongCurrency { expected, given }),
        None => Ok(()),
    }
}

fn sequence_is_next(meter: &MeterStanding, request: &RefillRequest) -> Result<(), FundsRefusal> {
    let (next, given) = (meter.last_sequence.saturating_add(1), request.sequence);
    match sequence::classify(meter.last_sequence, request.sequence) {
        Sequence::New => Ok(()),
        Sequence::Replay | Sequence::TooOld => Err(FundsRefusal::SequenceTooOld { next, given }),
        Sequence::Ahead => Err(FundsRefusal::SequenceAhead { next, given }),
    }
}

/// The registers must sum to what was ever issued, and must only have gone forward.
fn registers(meter: &MeterStanding, request: &RefillRequest) -> Result<(), FundsRefusal> {
    let (expected, given) = (meter.control_sum, request.registers);
    // Registers whose sum does not even fit are as wrong as can be.
    let largest = Amount::from_mills(i64::MAX, expected.currency());
    let added = given.control_sum().unwrap_or(largest);
    #[cfg(feature = "planted")]
    let expected = match timbre_postage::planted::has(Bug::ControlSumUnchecked) {
        true => added,
        false => expected,
    };
    for sum in [request.control_sum, added] {
        if sum != expected {
            return Err(FundsRefusal::ControlSumMismatch { expected, given: sum });
        }
    }
    if given.ascending.is_negative() || given.descending.is_negative() {
        return Err(FundsRefusal::RegisterNegative { given });
    }
    let last = meter.last_registers;
    #[cfg(feature = "planted")]
    let last = match timbre_postage::planted::has(Bug::RegressionUnchecked) {
        true => given,
        false => last,
    };
    if given.ascending.mills() < last.ascending.mills() || given.pieces < last.pieces {
        return Err(FundsRefusal::RegisterWentBackwards { last, given });
    }
    Ok(())
}

/// The amount against the limits of the operational block.
fn amount(block: &BlockLimits, request: &RefillRequest) -> Result<(), FundsRefusal> {
    let (amount, descending) = (request.amount, request.registers.descending);
    if amount.mills() % 10 != 0 {
        return Err(FundsRefusal::FractionOfACent { amount });
    }
    let minimum = block.minimum_refill;
    if amount.mills() < minimum.mills().max(10) {
        return Err(FundsRefusal::BelowMinimum { minimum, amount });
    }
    let maximum = block.maximum_refill;
    if amount.mills() > maximum.mills() {
        return Err(FundsRefusal::AboveMaximum { maximum, amount });
    }
    let maximum = block.maximum_descending;
    let room = maximum.mills().saturating_sub(descending.mills()).max(0);
    if amount.mills() > room {
        let room = Amount::from_mills(room, block.currency);
        return Err(FundsRefusal::WouldExceedMaximumDescending { maximum, descending, room });
    }
    Ok(())
}

/// Who pays what, and what is left.
struct Payment {
    prepaid_part: Amount,
    credit_part: Amount,
    prepaid_left: Amount,
    credit_left: Amount,
}

/// Prepaid money first, then credit.
fn pay(account: &AccountStanding, needed: Amount) -> Result<Payment, FundsRefusal> {
    let of = |mills: i64| Amount::from_mills(mills, needed.currency());
    let prepaid = account.prepaid.mills();
    let credit_left =
        (account.credit_limit.mills().max(0)).saturating_sub(account.credit_used.mills()).max(0);
    let prepaid_part = prepaid.clamp(0, needed.mills());
    let credit_part = needed.mills() - prepaid_part;
    if let Some(limit) = account.daily_advance_limit
        && credit_part > 0
        && account.advanced_today.mills().saturating_add(credit_part) > limit.mills()
    {
        let (advanced_today, needed) = (account.advanced_today, of(credit_part));
        return Err(FundsRefusal::DailyAdvanceLimitReached { limit, advanced_today, needed });
    }
    // A prepaid balance below zero, after a deposit was reversed, is owed before anything is advanced.
    let available = credit_left.saturating_add(prepaid);
    if needed.mills() > available {
        return Err(FundsRefusal::InsufficientFunds {
            needed,
            prepaid: account.prepaid,
            credit_left: of(credit_left),
            missing: of(needed.mills().saturating_sub(available)),
        });
    }
    Ok(Payment {
        prepaid_part: of(prepaid_part),
        credit_part: of(credit_part),
        prepaid_left: of(prepaid - prepaid_part),
        credit_left: of(credit_left - credit_part),
    })
}

fn grant(
    now: Timestamp,
    meter: &MeterStanding,
    request: &RefillRequest,
    tax: TaxCharge,
    payment: Payment,
) -> RefillDecision {
    let (customer, serial) = (meter.customer, meter.serial);
    let less = |amount: Amount| Amount::from_mills(-amount.mills(), amount.currency());
    let postings = [
        (AccountId::Prepaid(customer), less(payment.prepaid_part)),
        (AccountId::Credit(customer), less(payment.credit_part)),
        (AccountId::Meter(serial), request.amount),
    ]
    .into_iter()
    .chain(tax.lines.iter().map(|line| (AccountId::Tax(line.tax, customer), line.amount)))
    .filter(|(_, amount)| !amount.is_zero())
    .map(|(account, amount)| Posting::new(account, amount))
    .collect();
    let id = RequestId::refill(serial, request.sequence);
    #[cfg(feature = "planted")]
    let id = match timbre_postage::planted::has(Bug::RefillBookedAgain) {
        true => RequestId::refill(serial, now.as_millisecond().unsigned_abs()),
        false => id,
    };
    let transfer = Transfer::new(TransferDraft {
        id,
        kind: TransferKind::Refill,
        postings,
        customer,
        meter: Some(serial),
        time: now,
        memo: format!("refill {} of meter {serial}: {}", request.sequence, request.amount),
        reverses: None,
    })
    .expect("invariant: what is paid is what is issued and its tax");
    let control_sum_after = sum(meter.control_sum, request.amount);
    let descending_after = sum(request.registers.descending, request.amount);
    assert_eq!(
        sum(request.registers.ascending, descending_after),
        control_sum_after,
        "the registers will sum to the control sum once the refill is applied"
    );
    let Payment { prepaid_part, credit_part, prepaid_left, credit_left } = payment;
    RefillDecision {
        transfer,
        prepaid_part,
        credit_part,
        tax,
        control_sum_after,
        prepaid_left,
        credit_left,
    }
}

fn sum(a: Amount, b: Amount) -> Amount {
    a.checked_add(b).expect("invariant: within the limits of the block and of one currency")
}
