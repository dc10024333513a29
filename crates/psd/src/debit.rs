//! Paying for one piece, in three steps: pre-debit computes and signs, perform makes it durable,
//! complete (in `printing`) says that it was printed (US 7,272,581).
//!
//! Only perform is time-critical, and only perform moves a register. The mark comes out of it, never
//! before: no mark leaves whose debit is not durable.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use timbre_indicium::{Mark, MarkData, MarkKind, RateTableTag};
use timbre_postage::{Amount, MeterSerial, Registers};
use timbre_protocol::installation::OperationalBlock;

use crate::entry::{CARRIED, Debited, Entry};
use crate::journal::Journal;
use crate::psd::day_of;
use crate::standing::locked_from;
use crate::{Breach, Memo, Psd, PsdError, Refusal, State};

/// By how much a clock may go back without question: the corrections of time servers.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);
/// How far ahead of today a mark may be dated.
const DAYS_AHEAD: i32 = 30;
/// How many paid pieces may wait to be printed.
pub(crate) const MAXIMUM_UNPRINTED: usize = 50_000;

/// What is to be paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Postage {
    /// What the mark is for; only a redate is of zero value.
    pub kind: MarkKind,
    /// The postage.
    pub amount: Amount,
    /// The date in the mark: the day on which the piece is posted.
    pub date: Date,
    /// The code of the rate row that gave the price.
    pub product: u16,
    /// Whether the operator has confirmed a high value.
    pub confirmed: bool,
    /// What else is to be remembered of the piece.
    pub memo: Memo,
}

/// A debit that is computed and signed and has not happened. It is good until anything else happens
/// to the device, and for the device that made it. The mark in it cannot be reached.
#[derive(Debug)]
pub struct PreDebit {
    serial: MeterSerial,
    sequence: u64,
    mark: Mark,
    entry: Debited,
}

impl PreDebit {
    /// The registers as they will be.
    #[must_use]
    pub fn registers(&self) -> Registers {
        self.entry.stamp.registers
    }

    /// The transaction record that it will be.
    #[must_use]
    pub fn record_sequence(&self) -> u64 {
        self.sequence
    }
}

/// A piece that is paid, durably: print its mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Performed {
    /// The transaction record of the piece, by which [`Psd::complete`] knows it.
    pub record_sequence: u64,
    /// The mark.
    pub mark: Mark,
    /// The registers after it.
    pub registers: Registers,
}

impl<J: Journal> Psd<J> {
    /// Computes and signs a debit. Nothing happens yet.
    ///
    /// # Errors
    /// The first that holds, in this order: [`Refusal::State`], [`Refusal::ClockMovedBack`],
    /// [`Refusal::DateInPast`], [`Refusal::DateTooFarAhead`], [`Refusal::WrongCurrency`],
    /// [`Refusal::NegativeAmount`], [`Refusal::ZeroAmount`] (or, of a redate,
    /// [`Refusal::RedateWithValue`]), [`Refusal::HighValue`], [`Refusal::OverMaximumPostage`],
    /// [`Refusal::InsufficientFunds`], [`Refusal::InspectionOverdue`], [`Refusal::TooManyUnprinted`];
    /// then faults of the key store.
    pub fn pre_debit(&self, postage: Postage, now: Timestamp) -> Result<PreDebit, PsdError> {
        self.may_frank()?;
        let block = self.installed()?;
        self.check_clock(now)?;
        check_date(postage.date, now)?;
        let registers = self.check_amount(&postage, block)?;
        self.check_inspection(now)?;
        let count = self.state.unprinted.len();
        if count >= MAXIMUM_UNPRINTED {
            return Err(Refusal::TooManyUnprinted { count }.into());
        }
        let mark = self.sign_mark(&postage, block, registers)?;
        let entry = Entry::Debited(Box::new(Debited {
            stamp: self.stamp(now, registers),
            kind: postage.kind,
            amount: postage.amount,
            date: postage.date,
            product: postage.product,
            memo: postage.memo,
            mark: *mark.payload(),
            completed: Vec::new(),
        }));
        let Entry::Debited(entry) = self.chained(entry) else {
            unreachable!("invariant: chaining keeps the kind of an entry")
        };
        let sequence = self.record_sequence() + 1;
        Ok(PreDebit { serial: self.serial(), sequence, mark, entry: *entry })
    }

    /// Makes the debit happen: one durable slot, then the registers. When this returns, the piece is
    /// paid and its mark may be printed; when it fails, it is not paid and there is no mark.
    ///
    /// # Errors
    /// [`Breach::ForeignPreDebit`], [`Refusal::State`], [`Refusal::StalePreDebit`]; faults of the
    /// journal.
    pub fn perform(&mut self, pre_debit: PreDebit) -> Result<Performed, PsdError> {
        let PreDebit { serial, sequence, mark, mut entry } = pre_debit;
        if serial != self.serial() {
            return Err(Breach::ForeignPreDebit.into());
        }
        self.may_frank()?;
        if sequence != self.record_sequence() + 1 || entry.stamp.time < self.state.last_time {
            return Err(Refusal::StalePreDebit.into());
        }
        if self.unsaved.len() > CARRIED {
            self.settle()?;
        }
        let registers = entry.stamp.registers;
        entry.completed.clone_from(&self.unsaved);
        let committed = self.commit(Entry::Debited(Box::new(entry)));
        #[cfg(feature = "planted")]
        let committed = committed.or_else(|fault| {
            use timbre_postage::planted::{Bug, has};
            if has(Bug::MarkWithoutDebit) { Ok(()) } else { Err(fault) }
        });
        committed?;
        Ok(Performed { record_sequence: sequence, mark, registers })
    }

    pub(crate) fn may_frank(&self) -> Result<(), Refusal> {
        self.require(&[State::Operational])
    }

    pub(crate) fn check_clock(&self, now: Timestamp) -> Result<(), Refusal> {
        #[cfg(feature = "planted")]
        if timbre_postage::planted::has(timbre_postage::planted::Bug::ClockBackAccepted) {
            return Ok(());
        }
        let last = self.last_time();
        match last.duration_since(now) > CLOCK_SKEW {
            true => Err(Refusal::ClockMovedBack { now, last }),
            false => Ok(()),
        }
    }

    pub(crate) fn check_inspection(&self, now: Timestamp) -> Result<(), Refusal> {
        #[cfg(feature = "planted")]
        if timbre_postage::planted::has(timbre_postage::planted::Bug::InspectionNeverLocks) {
            return Ok(());
        }
        let policy = &self.installed()?.inspection;
        match self.next_inspection() {
            Some(due) if day_of(now) >= locked_from(policy, due) => {
                Err(Refusal::InspectionOverdue { due })
            }
            _ => Ok(()),
        }
    }

    /// The registers after the debit, if the amount is in order.
    fn check_amount(
        &self,
        postage: &Postage,
        block: &OperationalBlock,
    ) -> Result<Registers, Refusal> {
        let (amount, before) = (postage.amount, self.registers());
        self.same_currency(amount)?;
        if amount.is_negative() {
            return Err(Refusal::NegativeAmount(amount));
        }
        match postage.kind {
            MarkKind::Redate if !amount.is_zero() => return Err(Refusal::RedateWithValue(amount)),
            MarkKind::Postage | MarkKind::Correction if amount.is_zero() => {
                return Err(Refusal::ZeroAmount);
            }
            _ => {}
        }
        let (from, maximum) = (block.high_value_warning, block.maximum_postage);
        if amount.mills() >= from.mills() && !postage.confirmed {
            return Err(Refusal::HighValue { amount, from });
        }
        if amount.mills() > maximum.mills() {
            return Err(Refusal::OverMaximumPostage { amount, maximum });
        }
        let insufficient = Refusal::InsufficientFunds { amount, available: before.descending };
        match (before.ascending.checked_add(amount), before.descending.checked_sub(amount)) {
            (Ok(ascending), Ok(descending)) if !descending.is_negative() => {
                Ok(Registers { ascending, descending, pieces: before.pieces + 1 })
            }
            _ => Err(insufficient),
        }
    }

    fn sign_mark(
        &self,
        postage: &Postage,
        block: &OperationalBlock,
        registers: Registers,
    ) -> Result<Mark, PsdError> {
        let memo = &postage.memo;
        let grams = memo.weight_mg().unwrap_or(0).div_ceil(1000);
        let data = MarkData {
            kind: postage.kind,
            serial: self.serial(),
            indicia_number: block.indicia_number,
            pieces: registers.pieces,
            amount: postage.amount,
            date: postage.date,
            ascending: registers.ascending,
            descending: registers.descending,
            product: postage.product,
            postal_code: block.postal_code.clone(),
            weight_grams: u16::try_from(grams).unwrap_or(u16::MAX),
            rate_table: RateTableTag::of(&memo.fields().table),
            key_id: block.indicium_certificate,
        };
        Ok(Mark::sign(data, &*self.keys()?)?)
    }
}

/// A mark is dated today or up to 30 days ahead. The day before the UTC one is still today in the
/// west, where the evening is tomorrow in UTC.
fn check_date(date: Date, now: Timestamp) -> Result<(), Refusal> {
    let today = day_of(now);
    let (earliest, latest) =
        (today.saturating_sub(1.day()), today.saturating_add(DAYS_AHEAD.days()));
    if date < earliest {
        Err(Refusal::DateInPast { date, earliest })
    } else if date > latest {
        Err(Refusal::DateTooFarAhead { date, latest })
    } else {
        Ok(())
    }
}
