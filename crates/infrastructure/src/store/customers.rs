//! The customers and where their money stands. A customer's row is the lock under which that money moves: it is touched
//! by that customer's transfers alone.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::AccountStanding;
use timbre_postage::{AccountNumber, Amount, Currency, Language, PostalCode};

use super::StoreError;
use super::row::Columns;
use super::seals::{self, Subject};

/// A customer of the provider.
#[derive(Clone, Debug, Serialize)]
pub struct Customer {
    /// The postage account.
    pub account: AccountNumber,
    /// The name.
    pub name: String,
    /// Where the customer is.
    pub postal_code: PostalCode,
    /// The language the customer reads.
    pub language: Language,
    /// The currency of the account.
    pub currency: Currency,
    /// Whether the provider has locked the account.
    pub locked: bool,
    /// The customer's own money.
    pub prepaid: Amount,
    /// The credit line; zero for none.
    pub credit_limit: Amount,
    /// What is used of it.
    pub credit_used: Amount,
    /// The most that may be drawn on credit in one day, where there is such a limit.
    pub daily_advance_limit: Option<Amount>,
    /// What was drawn on credit on the day of `advanced_on`.
    pub advanced: Amount,
    /// The last day on which credit was drawn.
    pub advanced_on: Option<Date>,
    /// When the account was made.
    pub created: Timestamp,
}

impl Customer {
    /// The standing on `today`, for the rules.
    pub(crate) fn standing(&self, today: Date) -> AccountStanding {
        let drawn_today = self.advanced_on == Some(today);
        AccountStanding {
            locked: self.locked,
            prepaid: self.prepaid,
            credit_limit: self.credit_limit,
            credit_used: self.credit_used,
            advanced_today: if drawn_today { self.advanced } else { Amount::zero(self.currency) },
            daily_advance_limit: self.daily_advance_limit,
        }
    }
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    account: AccountNumber,
) -> Result<Option<Customer>, StoreError> {
    let row = sqlx::query("SELECT * FROM customers WHERE account = $1")
        .bind(i64::from(account.number()))
        .fetch_optional(connection)
        .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

/// The customer, held against every other transaction until this one ends. A meter is always locked before its
/// customer.
pub(crate) async fn lock(
    tx: &mut AnyConnection,
    account: AccountNumber,
) -> Result<Option<Customer>, StoreError> {
    let row = sqlx::query("UPDATE customers SET account = account WHERE account = $1 RETURNING *")
        .bind(i64::from(account.number()))
        .fetch_optional(tx)
        .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

pub(crate) async fn all(connection: &mut AnyConnection) -> Result<Vec<Customer>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM customers ORDER BY account").fetch_all(connection).await?;
    rows.into_iter().map(|row| read(&Columns(row))).collect()
}

/// The first account number that nobody has; the lowest ever given is 10000001.
pub(crate) async fn next_account(tx: &mut AnyConnection) -> Result<AccountNumber, StoreError> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(MAX(account), 10000000) + 1 AS BIGINT) AS account FROM customers",
    )
    .fetch_one(tx)
    .await?;
    Columns(row).account("account")
}

pub(crate) async fn insert(tx: &mut AnyConnection, customer: &Customer) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO customers (account, name, postal_code, language, currency, locked, prepaid, credit_limit,
            credit_used, daily_advance_limit, advanced, advanced_on, created)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         RETURNING *",
    )
    .bind(i64::from(customer.account.number()))
    .bind(customer.name.clone())
    .bind(customer.postal_code.as_str().to_owned())
    .bind(customer.language.pick("fr", "en"))
    .bind(customer.currency.code())
    .bind(i64::from(customer.locked))
    .bind(customer.prepaid.mills())
    .bind(customer.credit_limit.mills())
    .bind(customer.credit_used.mills())
    .bind(customer.daily_advance_limit.map(Amount::mills))
    .bind(customer.advanced.mills())
    .bind(customer.advanced_on.map(|date| date.to_string()))
    .bind(customer.created.as_microsecond())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::CUSTOMERS, &Subject::Account(customer.account), &row)
}

/// Writes back the standing; who the customer is stays as it is.
pub(crate) async fn update(tx: &mut AnyConnection, customer: &Customer) -> Result<(), StoreError> {
    let row = sqlx::query(
        "UPDATE customers SET locked = $2, prepaid = $3, credit_limit = $4, credit_used = $5,
            daily_advance_limit = $6, advanced = $7, advanced_on = $8
         WHERE account = $1 RETURNING *",
    )
    .bind(i64::from(customer.account.number()))
    .bind(i64::from(customer.locked))
    .bind(customer.prepaid.mills())
    .bind(customer.credit_limit.mills())
    .bind(customer.credit_used.mills())
    .bind(customer.daily_advance_limit.map(Amount::mills))
    .bind(customer.advanced.mills())
    .bind(customer.advanced_on.map(|date| date.to_string()))
    .fetch_one(tx)
    .await?;
    seals::note(&seals::CUSTOMERS, &Subject::Account(customer.account), &row)
}

fn read(row: &Columns) -> Result<Customer, StoreError> {
    let currency: Currency = row.parsed("currency")?;
    let mills = |mills| Amount::from_mills(mills, currency);
    let language = match row.text("language")?.as_str() {
        "fr" => Language::French,
        "en" => Language::English,
        other => return Err(StoreError::unreadable("language", other)),
    };
    Ok(Customer {
        account: row.account("account")?,
        name: row.text("name")?,
        postal_code: row.parsed("postal_code")?,
        language,
        currency,
        locked: row.integer("locked")? != 0,
        prepaid: row.amount("prepaid", currency)?,
        credit_limit: row.amount("credit_limit", currency)?,
        credit_used: row.amount("credit_used", currency)?,
        daily_advance_limit: row.optional_integer("daily_advance_limit")?.map(mills),
        advanced: row.amount("advanced", currency)?,
        advanced_on: row.optional_parsed("advanced_on")?,
        created: row.instant("created")?,
    })
}
