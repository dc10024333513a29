//! Every rule by which the device says no: a stable code, and the reason in both languages.

mod suspension;
mod text;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_postage::{Amount, Currency, Language};
use timbre_protocol::inspection::SuspensionCause;

use crate::State;

/// A rule says no. Nothing has changed, and the person who asked can change what they ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The device is in a state in which this is not done. The code is the state's.
    State(State),
    /// The provider has the device frank nothing, and said why.
    Suspended(SuspensionCause),
    /// The clock shows a time before the last thing the device did. A refill or an inspection,
    /// which compare clocks, set this right.
    ClockMovedBack {
        /// What the clock shows.
        now: Timestamp,
        /// When the device last did something.
        last: Timestamp,
    },
    /// The date of a mark lies in the past (SOR/2010-220, s. 8: posted on the date shown).
    DateInPast {
        /// The date asked for.
        date: Date,
        /// The earliest that is allowed.
        earliest: Date,
    },
    /// The date of a mark lies too far ahead.
    DateTooFarAhead {
        /// The date asked for.
        date: Date,
        /// The latest that is allowed.
        latest: Date,
    },
    /// An amount in another currency than the registers'.
    WrongCurrency {
        /// The currency asked for.
        given: Currency,
        /// The registers'.
        kept: Currency,
    },
    /// An amount of nothing, where only a redate mark may be of nothing.
    ZeroAmount,
    /// An amount below nothing.
    NegativeAmount(Amount),
    /// A redate mark of some value (SOR/2010-220, s. 8(2): zero value).
    RedateWithValue(Amount),
    /// The amount is so high that the operator must confirm it.
    HighValue {
        /// The amount asked for.
        amount: Amount,
        /// From where on confirmation is needed.
        from: Amount,
    },
    /// The amount is more than one mark may be worth.
    OverMaximumPostage {
        /// The amount asked for.
        amount: Amount,
        /// The most that is allowed.
        maximum: Amount,
    },
    /// The descending register does not hold the amount.
    InsufficientFunds {
        /// The amount asked for.
        amount: Amount,
        /// What is left.
        available: Amount,
    },
    /// The inspection is overdue (REQ FUNDS-3).
    InspectionOverdue {
        /// When it was due.
        due: Date,
    },
    /// Too many paid pieces wait to be printed.
    TooManyUnprinted {
        /// How many.
        count: usize,
    },
    /// Something happened between pre-debit and perform; ask again.
    StalePreDebit,
    /// A refill of another amount is pending and must be settled first.
    RefillPending {
        /// Its number.
        sequence: u64,
        /// Its amount.
        amount: Amount,
    },
    /// There is no pending refill to which this could be the reply.
    NoRefillPending,
    /// Less than one refill must be.
    BelowMinimumRefill {
        /// The least.
        minimum: Amount,
    },
    /// More than one refill may be.
    AboveMaximumRefill {
        /// The most.
        maximum: Amount,
    },
    /// The descending register would exceed its maximum.
    OverCapacity {
        /// What it would hold.
        after: Amount,
        /// The most it may hold.
        maximum: Amount,
    },
    /// A refill reply for a refill before the last one applied.
    RefillReplayed {
        /// The reply's number.
        sequence: u64,
        /// The last one applied.
        last: u64,
    },
    /// A refill reply for another refill than the pending one.
    RefillOutOfOrder {
        /// The reply's number.
        sequence: u64,
        /// The pending one's.
        expected: u64,
    },
    /// There is no pending inspection to which this could be the reply.
    NoInspectionPending,
    /// An inspection reply for an inspection before the last one applied.
    InspectionReplayed {
        /// The reply's number.
        sequence: u64,
        /// The last one applied.
        last: u64,
    },
    /// An inspection reply for another inspection than the pending one.
    InspectionOutOfOrder {
        /// The reply's number.
        sequence: u64,
        /// The pending one's.
        expected: u64,
    },
    /// There is no pending withdrawal to which this could be the reply.
    NoWithdrawalPending,
    /// No operational block was asked for since the device was opened.
    NoInstallationPending,
    /// An operational block that is not newer than the one installed.
    BlockOutdated {
        /// Its version.
        version: u32,
        /// The version installed.
        installed: u32,
    },
    /// No paid and unprinted piece has this record.
    NotUnprinted {
        /// The record asked for.
        record: u64,
    },
    /// The piece was printed once more already.
    AlreadyReprinted {
        /// The record of the piece.
        record: u64,
    },
}

impl Refusal {
    /// The stable code: never translated, never changed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::State(State::Manufactured) => "not-initialised",
            Refusal::State(State::Initialised) => "not-installed",
            Refusal::State(State::Authorised) => "no-contact-yet",
            Refusal::State(State::Suspended) | Refusal::Suspended(_) => "suspended",
            Refusal::State(State::Tampered) => "tampered",
            Refusal::State(State::WithdrawPending) => "withdraw-pending",
            Refusal::State(State::Withdrawn) => "withdrawn",
            Refusal::State(_) => "wrong-state",
            Refusal::ClockMovedBack { .. } => "clock-moved-back",
            Refusal::DateInPast { .. } => "date-in-past",
            Refusal::DateTooFarAhead { .. } => "date-too-far-ahead",
            Refusal::WrongCurrency { .. } => "wrong-currency",
            Refusal::ZeroAmount => "zero-amount",
            Refusal::NegativeAmount(_) => "negative-amount",
            Refusal::RedateWithValue(_) => "redate-with-value",
            Refusal::HighValue { .. } => "high-value",
            Refusal::OverMaximumPostage { .. } => "over-maximum-postage",
            Refusal::InsufficientFunds { .. } => "insufficient-funds",
            Refusal::InspectionOverdue { .. } => "inspection-overdue",
            Refusal::TooManyUnprinted { .. } => "too-many-unprinted",
            Refusal::StalePreDebit => "stale-pre-debit",
            Refusal::RefillPending { .. } => "refill-pending",
            Refusal::NoRefillPending => "no-refill-pending",
            Refusal::BelowMinimumRefill { .. } => "below-minimum-refill",
            Refusal::AboveMaximumRefill { .. } => "above-maximum-refill",
            Refusal::OverCapacity { .. } => "over-capacity",
            Refusal::RefillReplayed { .. } => "refill-replayed",
            Refusal::RefillOutOfOrder { .. } => "refill-out-of-order",
            Refusal::NoInspectionPending => "no-inspection-pending",
            Refusal::InspectionReplayed { .. } => "inspection-replayed",
            Refusal::InspectionOutOfOrder { .. } => "inspection-out-of-order",
            Refusal::NoWithdrawalPending => "no-withdrawal-pending",
            Refusal::NoInstallationPending => "no-installation-pending",
            Refusal::BlockOutdated { .. } => "block-outdated",
            Refusal::NotUnprinted { .. } => "not-unprinted",
            Refusal::AlreadyReprinted { .. } => "already-reprinted",
        }
    }

    /// The reason, in the language of the reader.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match language {
            Language::French => text::french(self),
            Language::English => text::english(self),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for Refusal {}
