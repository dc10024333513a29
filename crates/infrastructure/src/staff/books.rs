//! The ledger as a person reads it: the accounts of a customer, the statement of one account.

use serde::Serialize;
use timbre_funds::{AccountId, TrialBalance};
use timbre_postage::{AccountNumber, Amount};

use super::{Staff, StaffError};
use crate::store::transfers::{self, StatementLine};

/// One account of the ledger and what stands on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct AccountBalance {
    /// The account, such as `prepaid:10000001` or `meter:TM0000042`.
    pub account: AccountId,
    /// Its balance.
    pub balance: Amount,
}

/// Everything that was ever booked on one account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Statement {
    /// The account.
    pub account: AccountId,
    /// The customer whose books it is in.
    pub customer: AccountNumber,
    /// Its lines, oldest first.
    pub lines: Vec<StatementLine>,
    /// Its balance.
    pub balance: Amount,
}

impl Staff {
    /// The accounts of a customer and of the customer's meters, with their balances, which sum to zero.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], [`StaffError::Ledger`], or a fault of the store.
    pub async fn accounts(
        &self,
        customer: AccountNumber,
    ) -> Result<Vec<AccountBalance>, StaffError> {
        self.customer(customer).await?;
        let transfers = transfers::of_customer(&mut *self.store.reader().await?, customer).await?;
        let trial = TrialBalance::of(&transfers)?;
        Ok(trial.accounts().map(|(account, balance)| AccountBalance { account, balance }).collect())
    }

    /// The statement of one account.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn statement(&self, account: AccountId) -> Result<Statement, StaffError> {
        let number = match account {
            AccountId::Prepaid(customer)
            | AccountId::Credit(customer)
            | AccountId::Deposits(customer)
            | AccountId::Refunds(customer)
            | AccountId::Tax(_, customer) => customer,
            AccountId::Meter(serial) | AccountId::Post(serial) | AccountId::Spoiled(serial) => {
                self.meter(serial).await?.account
            }
        };
        let customer = self.customer(number).await?;
        let lines = transfers::statement(&mut *self.store.reader().await?, number, account).await?;
        let balance =
            lines.last().map_or_else(|| Amount::zero(customer.currency), |line| line.balance);
        Ok(Statement { account, customer: number, lines, balance })
    }
}
