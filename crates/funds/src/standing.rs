//! What the store knows of a meter and its customer's account when a refill is to be decided.

use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial, PostalCode, Registers};

/// Where a meter is in its life, as the provider sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MeterState {
    /// Enrolled by the provider; it has no operational block yet.
    Enrolled,
    /// Installed: it has its operational block.
    Installed,
    /// Suspended by the provider.
    Suspended,
    /// Withdrawn from service.
    Withdrawn,
}

impl MeterState {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Installed => "installed",
            Self::Suspended => "suspended",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The limits of the operational block in force for a meter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockLimits {
    /// The block's version, from 1.
    pub version: u32,
    /// The currency of the meter's registers.
    pub currency: Currency,
    /// The least that one refill may be.
    pub minimum_refill: Amount,
    /// The most that one refill may be.
    pub maximum_refill: Amount,
    /// The most that the descending register may hold.
    pub maximum_descending: Amount,
}

/// A customer's money.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountStanding {
    /// Whether the provider has locked the account, as after a returned payment (39 CFR 501.16(d)).
    pub locked: bool,
    /// The balance of `prepaid`. Below zero only after a deposit was reversed.
    pub prepaid: Amount,
    /// The credit line; zero for none.
    pub credit_limit: Amount,
    /// What is used of it: the balance of `credit`, without its minus sign.
    pub credit_used: Amount,
    /// What was drawn on credit since the start of the day.
    pub advanced_today: Amount,
    /// The most that may be drawn on credit in one day; `None` for no limit of its own.
    pub daily_advance_limit: Option<Amount>,
}

/// A meter that the provider knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeterStanding {
    /// The meter.
    pub serial: MeterSerial,
    /// Where it is in its life.
    pub state: MeterState,
    /// The customer who pays.
    pub customer: AccountNumber,
    /// Where its mail is posted, which decides the tax.
    pub postal_code: PostalCode,
    /// The limits it was given.
    pub block: BlockLimits,
    /// The last refill that was booked; 0 for none.
    pub last_sequence: u64,
    /// The registers as the meter last reported them; zero before it ever did.
    pub last_registers: Registers,
    /// What ascending + descending must be: all refills booked, less refunds.
    pub control_sum: Amount,
    /// The customer's money.
    pub account: AccountStanding,
}
