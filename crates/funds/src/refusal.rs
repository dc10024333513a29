//! Why the funds server says no, in the order in which it looks.
//!
//! Each refusal tells the person at the machine the figures and what to do.

use std::fmt;

use timbre_postage::{AccountNumber, Amount, Currency, Language, MeterSerial, Registers};

mod wording;

/// A refusal, in order of precedence: of several that apply, the first is given.
///
/// The sequence comes before the registers because what the control sum must be is known only for the
/// next refill, not for an old one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FundsRefusal {
    /// No such meter is enrolled.
    UnknownMeter {
        /// The meter.
        serial: MeterSerial,
    },
    /// The meter has no operational block yet.
    MeterNotInstalled {
        /// The meter.
        serial: MeterSerial,
    },
    /// The provider has suspended the meter.
    MeterSuspended {
        /// The meter.
        serial: MeterSerial,
    },
    /// The meter is withdrawn from service.
    MeterWithdrawn {
        /// The meter.
        serial: MeterSerial,
    },
    /// The provider has locked the customer's account.
    AccountLocked {
        /// The account.
        customer: AccountNumber,
    },
    /// An amount is in another currency than the meter's registers or the account.
    WrongCurrency {
        /// The currency of the meter or the account.
        expected: Currency,
        /// The currency of the amount.
        given: Currency,
    },
    /// The meter works by an operational block that is not the one in force.
    StaleBlock {
        /// The version in force.
        current: u32,
        /// The version the meter has.
        given: u32,
    },
    /// The refill is older than the last one booked, or is the last one with other contents.
    SequenceTooOld {
        /// The number of the next refill.
        next: u64,
        /// The number the meter gave.
        given: u64,
    },
    /// The refill is beyond the next one: refills are missing on this side.
    SequenceAhead {
        /// The number of the next refill.
        next: u64,
        /// The number the meter gave.
        given: u64,
    },
    /// The registers do not sum to all refills booked, less refunds.
    ControlSumMismatch {
        /// What the ledger says.
        expected: Amount,
        /// What the meter says.
        given: Amount,
    },
    /// A register is below zero.
    RegisterNegative {
        /// The registers of the meter.
        given: Registers,
    },
    /// The ascending register or the count of pieces is less than it was.
    RegisterWentBackwards {
        /// The registers as the meter last reported them.
        last: Registers,
        /// The registers it reports now.
        given: Registers,
    },
    /// The amount is not in whole cents.
    FractionOfACent {
        /// The amount.
        amount: Amount,
    },
    /// The amount is too small.
    BelowMinimum {
        /// The least that is taken.
        minimum: Amount,
        /// The amount.
        amount: Amount,
    },
    /// The amount is too large for one refill.
    AboveMaximum {
        /// The most that is given.
        maximum: Amount,
        /// The amount.
        amount: Amount,
    },
    /// The meter would hold more than it may.
    WouldExceedMaximumDescending {
        /// The most that the descending register may hold.
        maximum: Amount,
        /// What it holds.
        descending: Amount,
        /// The largest refill that would still fit; zero for none.
        room: Amount,
    },
    /// More would be drawn on credit in one day than the account may.
    DailyAdvanceLimitReached {
        /// The most in one day.
        limit: Amount,
        /// What was drawn today.
        advanced_today: Amount,
        /// What this refill would draw on credit.
        needed: Amount,
    },
    /// Prepaid money and credit together do not pay for the refill and its tax.
    InsufficientFunds {
        /// The refill and its tax.
        needed: Amount,
        /// The prepaid balance.
        prepaid: Amount,
        /// What is left of the credit line.
        credit_left: Amount,
        /// What is missing.
        missing: Amount,
    },
}

impl FundsRefusal {
    /// The stable code, for files, messages and programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownMeter { .. } => "unknown-meter",
            Self::MeterNotInstalled { .. } => "meter-not-installed",
            Self::MeterSuspended { .. } => "meter-suspended",
            Self::MeterWithdrawn { .. } => "meter-withdrawn",
            Self::AccountLocked { .. } => "account-locked",
            Self::WrongCurrency { .. } => "wrong-currency",
            Self::StaleBlock { .. } => "stale-block",
            Self::SequenceTooOld { .. } => "sequence-too-old",
            Self::SequenceAhead { .. } => "sequence-ahead",
            Self::ControlSumMismatch { .. } => "control-sum-mismatch",
            Self::RegisterNegative { .. } => "register-negative",
            Self::RegisterWentBackwards { .. } => "register-went-backwards",
            Self::FractionOfACent { .. } => "fraction-of-a-cent",
            Self::BelowMinimum { .. } => "below-minimum",
            Self::AboveMaximum { .. } => "above-maximum",
            Self::WouldExceedMaximumDescending { .. } => "would-exceed-maximum-descending",
            Self::DailyAdvanceLimitReached { .. } => "daily-advance-limit-reached",
            Self::InsufficientFunds { .. } => "insufficient-funds",
        }
    }

    /// Whether the device or its registers look wrong, so that the provider should open a case: nothing
    /// that an operator does or leaves undone leads to these. Registers that went backwards are not among them: a refill
    /// that was asked for, never arrived and is asked for again shows them as they were then. It is refused, so the device
    /// asks anew; a device that was put back to an earlier state is found out at sign-in and at its inspection.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        matches!(
            self,
            Self::SequenceAhead { .. }
                | Self::ControlSumMismatch { .. }
                | Self::RegisterNegative { .. }
        )
    }

    /// What the operator reads: the figures, and what to do.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        self.about_the_meter(language)
            .or_else(|| self.about_the_registers(language))
            .or_else(|| self.about_the_money(language))
            .unwrap_or_else(|| self.code().to_owned())
    }
}

impl fmt::Display for FundsRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for FundsRefusal {}
