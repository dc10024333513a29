//! The chart of accounts: what each stands for, and its stable name in a store or a report.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use timbre_postage::{AccountNumber, IdentityError, MeterSerial};

use crate::tax::Tax;

/// An account of the ledger. Each belongs to one customer or to one meter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccountId {
    /// `prepaid:10000001`: the customer's own money. Never below zero by a refill.
    Prepaid(AccountNumber),
    /// `credit:10000001`: the customer's credit line. Zero, or below zero by what is owed.
    Credit(AccountNumber),
    /// `deposits:10000001`: money that came from outside for the customer, with a minus sign.
    Deposits(AccountNumber),
    /// `refunds:10000001`: postage taken back from a meter and not yet given back to the customer.
    Refunds(AccountNumber),
    /// `tax-gst:10000001`, `tax-hst:…`, `tax-qst:…`: tax charged to the customer, payable to the treasury.
    Tax(Tax, AccountNumber),
    /// `meter:TM0000042`: postage issued into the meter and not yet reported as used.
    Meter(MeterSerial),
    /// `spoiled:TM0000042`: what was given back for the meter's spoiled marks, with a minus sign: so much less is payable to
    /// the post than `post` says. The fee is the post's, and stays there.
    Spoiled(MeterSerial),
    /// `post:TM0000042`: postage the meter's records report as used, payable to the post.
    Post(MeterSerial),
}

/// The text names no account.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AccountIdError {
    /// What stands before the colon is not a kind of account.
    #[error(
        "“{0}” is not a ledger account: write it like prepaid:10000001, tax-gst:10000001 or meter:TM0000042"
    )]
    UnknownKind(String),
    /// What stands after the colon is nobody.
    #[error(transparent)]
    Owner(#[from] IdentityError),
}

impl AccountId {
    /// The kind, the part of the name before the colon.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prepaid(_) => "prepaid",
            Self::Credit(_) => "credit",
            Self::Deposits(_) => "deposits",
            Self::Refunds(_) => "refunds",
            Self::Tax(Tax::Gst, _) => "tax-gst",
            Self::Tax(Tax::Hst, _) => "tax-hst",
            Self::Tax(Tax::Qst, _) => "tax-qst",
            Self::Meter(_) => "meter",
            Self::Post(_) => "post",
            Self::Spoiled(_) => "spoiled",
        }
    }

    /// The customer or the meter whose account it is.
    #[must_use]
    pub fn owner(&self) -> Owner {
        match self {
            Self::Prepaid(customer)
            | Self::Credit(customer)
            | Self::Deposits(customer)
            | Self::Refunds(customer)
            | Self::Tax(_, customer) => Owner::Customer(*customer),
            Self::Meter(serial) | Self::Post(serial) | Self::Spoiled(serial) => {
                Owner::Meter(*serial)
            }
        }
    }
}

/// Whose an account is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A customer.
    Customer(AccountNumber),
    /// A meter.
    Meter(MeterSerial),
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner() {
            Owner::Customer(customer) => write!(f, "{}:{customer}", self.kind()),
            Owner::Meter(serial) => write!(f, "{}:{serial}", self.kind()),
        }
    }
}

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        let unknown = || AccountIdError::UnknownKind(text.to_owned());
        let (kind, owner) = text.split_once(':').ok_or_else(unknown)?;
        Ok(match kind {
            "prepaid" => Self::Prepaid(owner.parse()?),
            "credit" => Self::Credit(owner.parse()?),
            "deposits" => Self::Deposits(owner.parse()?),
            "refunds" => Self::Refunds(owner.parse()?),
            "tax-gst" => Self::Tax(Tax::Gst, owner.parse()?),
            "tax-hst" => Self::Tax(Tax::Hst, owner.parse()?),
            "tax-qst" => Self::Tax(Tax::Qst, owner.parse()?),
            "meter" => Self::Meter(owner.parse()?),
            "post" => Self::Post(owner.parse()?),
            "spoiled" => Self::Spoiled(owner.parse()?),
            _ => return Err(unknown()),
        })
    }
}

impl TryFrom<String> for AccountId {
    type Error = AccountIdError;

    fn try_from(text: String) -> Result<Self, AccountIdError> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> String {
        account.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_has_a_name_that_reads_back() {
        let customer = AccountNumber::new(10_000_001).unwrap();
        let serial = MeterSerial::new(42).unwrap();
        for (account, name) in [
            (AccountId::Prepaid(customer), "prepaid:10000001"),
            (AccountId::Credit(customer), "credit:10000001"),
            (AccountId::Deposits(customer), "deposits:10000001"),
            (AccountId::Refunds(customer), "refunds:10000001"),
            (AccountId::Tax(Tax::Gst, customer), "tax-gst:10000001"),
            (AccountId::Tax(Tax::Hst, customer), "tax-hst:10000001"),
            (AccountId::Tax(Tax::Qst, customer), "tax-qst:10000001"),
            (AccountId::Meter(serial), "meter:TM0000042"),
            (AccountId::Post(serial), "post:TM0000042"),
            (AccountId::Spoiled(serial), "spoiled:TM0000042"),
        ] {
            assert_eq!(account.to_string(), name);
            assert_eq!(name.parse(), Ok(account));
            assert_eq!(serde_json::to_string(&account).unwrap(), format!("\"{name}\""));
        }
    }

    #[test]
    fn what_names_no_account_is_refused() {
        for name in
            ["", "prepaid", "prepaid:", "prepaid:TM0000042", "meter:10000001", "tax:10000001"]
        {
            assert!(name.parse::<AccountId>().is_err(), "{name}");
        }
    }
}
