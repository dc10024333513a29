//! Customers: made, given credit, paid in for.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::{Deposit, RequestId, deposit};
use timbre_postage::{AccountNumber, Amount, Currency, Language, PostalCode};

use super::{Staff, StaffError};
use crate::call::today;
use crate::store::customers::{self, Customer};
use crate::store::{StoreError, Work, audit, transfers};

/// Who a new customer is.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// The name, of 1 to 200 characters.
    pub name: String,
    /// Where the customer is.
    pub postal_code: PostalCode,
    /// The language the customer reads.
    pub language: Language,
    /// The currency of the account.
    pub currency: Currency,
    /// The credit line; zero for none.
    pub credit_limit: Amount,
}

/// A deposit that is on the books.
#[derive(Clone, Debug, Serialize)]
pub struct DepositReceipt {
    /// The reference it was booked under.
    pub reference: RequestId,
    /// How much.
    pub amount: Amount,
    /// Whether it had been booked before, and this time nothing was.
    pub booked_before: bool,
    /// The customer after it.
    pub customer: Customer,
}

impl Staff {
    /// Makes a customer, whose account number is the next free one.
    ///
    /// # Errors
    /// [`StaffError::Invalid`], [`StaffError::WrongCurrency`], or a fault of the store.
    pub async fn create_customer(&self, new: NewCustomer) -> Result<Customer, StaffError> {
        if new.name.trim().is_empty() || new.name.chars().count() > 200 {
            return Err(StaffError::Invalid("a customer has a name of at most 200 characters"));
        }
        of_currency(new.credit_limit, new.currency)?;
        let create = Create { new, who: self.who.clone(), now: self.now() };
        Ok(self.store.write(create).await?)
    }

    /// Sets the credit line of a customer, and the most of it that may be drawn in one day.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], [`StaffError::Invalid`], [`StaffError::WrongCurrency`], or a fault of the store.
    pub async fn set_credit(
        &self,
        account: AccountNumber,
        limit: Amount,
        daily: Option<Amount>,
    ) -> Result<Customer, StaffError> {
        let who = self.who.clone();
        let set = SetCredit { account, limit, daily, who, now: self.now() };
        self.store.write(set).await?
    }

    /// Locks or unlocks a customer's account: a locked one pays for no refill and still takes deposits.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], or a fault of the store.
    pub async fn set_locked(
        &self,
        account: AccountNumber,
        locked: bool,
    ) -> Result<Customer, StaffError> {
        let lock = SetLocked { account, locked, who: self.who.clone(), now: self.now() };
        self.store.write(lock).await?
    }

    /// Books a payment that has arrived. The same reference with the same amount is booked once.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], [`StaffError::ReferenceReused`], [`StaffError::Funds`], or a fault of the store.
    pub async fn deposit(
        &self,
        account: AccountNumber,
        amount: Amount,
        reference: RequestId,
    ) -> Result<DepositReceipt, StaffError> {
        let who = self.who.clone();
        let book = BookDeposit { account, amount, reference, who, now: self.now() };
        self.store.write(book).await?
    }

    /// Every customer, by account number.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn customers(&self) -> Result<Vec<Customer>, StaffError> {
        Ok(customers::all(&mut *self.store.reader().await?).await?)
    }

    /// One customer.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], or a fault of the store.
    pub async fn customer(&self, account: AccountNumber) -> Result<Customer, StaffError> {
        let found = customers::find(&mut *self.store.reader().await?, account).await?;
        found.ok_or(StaffError::UnknownCustomer(account))
    }
}

fn subject(account: AccountNumber) -> String {
    format!("account {account}")
}

fn of_currency(amount: Amount, expected: Currency) -> Result<(), StaffError> {
    if amount.currency() != expected {
        return Err(StaffError::WrongCurrency { expected, given: amount.currency() });
    }
    if amount.is_negative() {
        return Err(StaffError::Invalid("a limit is not below zero"));
    }
    Ok(())
}

struct Create {
    new: NewCustomer,
    who: String,
    now: Timestamp,
}

impl Work for Create {
    type Output = Customer;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Customer, StoreError> {
        let new = &self.new;
        let nothing = Amount::zero(new.currency);
        let customer = Customer {
            account: customers::next_account(tx).await?,
            name: new.name.trim().to_owned(),
            postal_code: new.postal_code.clone(),
            language: new.language,
            currency: new.currency,
            locked: false,
            prepaid: nothing,
            credit_limit: new.credit_limit,
            credit_used: nothing,
            daily_advance_limit: None,
            advanced: nothing,
            advanced_on: None,
            created: self.now,
        };
        customers::insert(tx, &customer).await?;
        let detail =
            format!("{}, {}, credit {}", customer.name, customer.postal_code, new.credit_limit);
        audit::append(tx, &subject(customer.account), self.now, &self.who, "created", detail)
            .await?;
        Ok(customer)
    }
}

struct SetCredit {
    account: AccountNumber,
    limit: Amount,
    daily: Option<Amount>,
    who: String,
    now: Timestamp,
}

impl Work for SetCredit {
    type Output = Result<Customer, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut customer) = customers::lock(tx, self.account).await? else {
            return Ok(Err(StaffError::UnknownCustomer(self.account)));
        };
        for amount in std::iter::once(self.limit).chain(self.daily) {
            if let Err(refused) = of_currency(amount, customer.currency) {
                return Ok(Err(refused));
            }
        }
        customer.credit_limit = self.limit;
        customer.daily_advance_limit = self.daily;
        customers::update(tx, &customer).await?;
        let daily = self.daily.map_or_else(String::new, |daily| format!(", {daily} a day"));
        let detail = format!("credit {}{daily}", self.limit);
        audit::append(tx, &subject(self.account), self.now, &self.who, "credit-set", detail)
            .await?;
        Ok(Ok(customer))
    }
}

struct SetLocked {
    account: AccountNumber,
    locked: bool,
    who: String,
    now: Timestamp,
}

impl Work for SetLocked {
    type Output = Result<Customer, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut customer) = customers::lock(tx, self.account).await? else {
            return Ok(Err(StaffError::UnknownCustomer(self.account)));
        };
        customer.locked = self.locked;
        customers::update(tx, &customer).await?;
        let what = if self.locked { "locked" } else { "unlocked" };
        let subject = subject(self.account);
        audit::append(tx, &subject, self.now, &self.who, what, String::new()).await?;
        Ok(Ok(customer))
    }
}

struct BookDeposit {
    account: AccountNumber,
    amount: Amount,
    reference: RequestId,
    who: String,
    now: Timestamp,
}

impl Work for BookDeposit {
    type Output = Result<DepositReceipt, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let (account, amount) = (self.account, self.amount);
        let Some(mut customer) = customers::lock(tx, account).await? else {
            return Ok(Err(StaffError::UnknownCustomer(account)));
        };
        let id = self.reference.clone();
        #[cfg(feature = "planted")]
        let id =
            match timbre_postage::planted::has(timbre_postage::planted::Bug::DepositBookedTwice) {
                true => format!("{id}-{}", self.now.as_millisecond()).parse().unwrap_or(id),
                false => id,
            };
        let transfer = deposit(Deposit {
            id: id.clone(),
            customer: account,
            currency: customer.currency,
            amount,
            time: self.now,
            memo: format!("deposit {}", self.reference),
        });
        let transfer = match transfer {
            Ok(transfer) => transfer,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let before = transfers::find(tx, account, &id).await?;
        if let Some(before) = &before {
            if before.kind() != transfer.kind() || before.postings() != transfer.postings() {
                return Ok(Err(StaffError::ReferenceReused(self.reference.to_string())));
            }
        } else {
            transfers::book(tx, &mut customer, &transfer, today(self.now)).await?;
            let detail = format!("{amount}, reference {}", self.reference);
            audit::append(tx, &subject(account), self.now, &self.who, "deposit", detail).await?;
        }
        let reference = self.reference.clone();
        Ok(Ok(DepositReceipt { reference, amount, booked_before: before.is_some(), customer }))
    }
}
