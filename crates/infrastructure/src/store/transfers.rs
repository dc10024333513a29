//! The ledger: transfers and their postings, only ever inserted. What a customer's row says of the customer's money is
//! the sum of these and changes with them, in the same transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_funds::{AccountId, Posting, RequestId, Transfer, TransferDraft, TransferKind};
use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial};

use super::StoreError;
use super::customers::{self, Customer};
use super::row::{Columns, placeholders, stored};
use super::seals::{self, Subject};

/// One line of an account's statement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StatementLine {
    /// When it was booked.
    pub booked: Timestamp,
    /// The request behind the transfer.
    pub transfer: RequestId,
    /// Why.
    pub kind: TransferKind,
    /// What the account gained, or lost with a minus sign.
    pub amount: Amount,
    /// The balance after it.
    pub balance: Amount,
    /// What a person reads.
    pub memo: String,
}

/// Books a transfer of the customer, who must be locked, and moves the customer's standing with it.
pub(crate) async fn book(
    tx: &mut AnyConnection,
    customer: &mut Customer,
    transfer: &Transfer,
    today: Date,
) -> Result<(), StoreError> {
    let number = i64::from(customer.account.number());
    let subject = transfer.meter().map_or(Subject::Account(customer.account), Subject::Meter);
    let row = sqlx::query(
        "INSERT INTO transfers (customer, id, kind, meter, booked, memo, reverses)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *",
    )
    .bind(number)
    .bind(transfer.id().as_str().to_owned())
    .bind(transfer.kind().as_str())
    .bind(transfer.meter().map(|serial| i64::from(serial.number())))
    .bind(transfer.time().as_microsecond())
    .bind(transfer.memo().to_owned())
    .bind(transfer.reverses().map(|id| id.as_str().to_owned()))
    .fetch_one(&mut *tx)
    .await?;
    seals::note(&seals::TRANSFERS, &subject, &row)?;
    let rows = placeholders(transfer.postings().len(), 6);
    let sql = format!(
        "INSERT INTO postings (customer, transfer, line, account, amount, currency) VALUES {rows}
         RETURNING *"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (line, posting) in (1_u64..).zip(transfer.postings()) {
        query = query
            .bind(number)
            .bind(transfer.id().as_str().to_owned())
            .bind(stored(line)?)
            .bind(posting.account.to_string())
            .bind(posting.amount.mills())
            .bind(posting.amount.currency().code());
    }
    for row in query.fetch_all(&mut *tx).await? {
        seals::note(&seals::POSTINGS, &subject, &row)?;
    }
    if move_standing(customer, transfer, today)? {
        customers::update(tx, customer).await?;
    }
    Ok(())
}

/// Adds what the transfer does to the customer's own accounts; false when it does nothing to them.
fn move_standing(
    customer: &mut Customer,
    transfer: &Transfer,
    today: Date,
) -> Result<bool, StoreError> {
    let overflow = |error| StoreError::unreadable("balance", error);
    let prepaid = transfer.gain_of(AccountId::Prepaid(customer.account));
    let credit = transfer.gain_of(AccountId::Credit(customer.account));
    customer.prepaid = customer.prepaid.checked_add(prepaid).map_err(overflow)?;
    customer.credit_used = customer.credit_used.checked_sub(credit).map_err(overflow)?;
    if transfer.kind() == TransferKind::Refill && credit.is_negative() {
        let before = customer.standing(today).advanced_today;
        customer.advanced = before.checked_sub(credit).map_err(overflow)?;
        customer.advanced_on = Some(today);
    }
    Ok(!prepaid.is_zero() || !credit.is_zero())
}

/// The transfer that this request was booked as.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    customer: AccountNumber,
    id: &RequestId,
) -> Result<Option<Transfer>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.id, t.customer, t.kind, t.meter, t.booked, t.memo, t.reverses, p.account, p.amount, p.currency
         FROM transfers t JOIN postings p ON p.customer = t.customer AND p.transfer = t.id
         WHERE t.customer = $1 AND t.id = $2 ORDER BY p.line",
    )
    .bind(i64::from(customer.number()))
    .bind(id.as_str().to_owned())
    .fetch_all(connection)
    .await?;
    Ok(read(rows)?.pop())
}

/// Every transfer of a customer, in the order of booking.
pub(crate) async fn of_customer(
    connection: &mut AnyConnection,
    customer: AccountNumber,
) -> Result<Vec<Transfer>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.id, t.customer, t.kind, t.meter, t.booked, t.memo, t.reverses, p.account, p.amount, p.currency
         FROM transfers t JOIN postings p ON p.customer = t.customer AND p.transfer = t.id
         WHERE t.customer = $1 ORDER BY t.booked, t.id, p.line",
    )
    .bind(i64::from(customer.number()))
    .fetch_all(connection)
    .await?;
    read(rows)
}

/// The balance of one account, summed over all its postings.
pub(crate) async fn balance(
    connection: &mut AnyConnection,
    customer: AccountNumber,
    account: AccountId,
    currency: Currency,
) -> Result<Amount, StoreError> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS balance FROM postings
         WHERE customer = $1 AND account = $2",
    )
    .bind(i64::from(customer.number()))
    .bind(account.to_string())
    .fetch_one(connection)
    .await?;
    Columns(row).amount("balance", currency)
}

/// What an account gained by each kind of transfer.
pub(crate) async fn by_kind(
    connection: &mut AnyConnection,
    customer: AccountNumber,
    account: AccountId,
    currency: Currency,
) -> Result<Vec<(TransferKind, Amount)>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.kind, CAST(SUM(p.amount) AS BIGINT) AS gained
         FROM postings p JOIN transfers t ON t.customer = p.customer AND t.id = p.transfer
         WHERE p.customer = $1 AND p.account = $2 GROUP BY t.kind",
    )
    .bind(i64::from(customer.number()))
    .bind(account.to_string())
    .fetch_all(connection)
    .await?;
    let read = |row| {
        let row = Columns(row);
        Ok((row.parsed("kind")?, row.amount("gained", currency)?))
    };
    rows.into_iter().map(read).collect()
}

/// The refunds of a meter that no reversal undid, oldest first: the request behind each, what left the meter, when.
pub(crate) async fn refunds(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Vec<(RequestId, Amount, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.id, t.booked, p.amount
         FROM transfers t JOIN postings p ON p.customer = t.customer AND p.transfer = t.id
         WHERE t.meter = $1 AND t.kind = 'refund' AND p.account = $2
            AND NOT EXISTS (SELECT 1 FROM transfers r WHERE r.customer = t.customer AND r.reverses = t.id)
         ORDER BY t.booked, t.id",
    )
    .bind(i64::from(meter.number()))
    .bind(AccountId::Meter(meter).to_string())
    .fetch_all(connection)
    .await?;
    let read = |row| {
        let row = Columns(row);
        let left = Amount::from_mills(row.integer("amount")?.saturating_neg(), currency);
        Ok((row.parsed("id")?, left, row.instant("booked")?))
    };
    rows.into_iter().map(read).collect()
}

/// The statement of one account, oldest line first.
pub(crate) async fn statement(
    connection: &mut AnyConnection,
    customer: AccountNumber,
    account: AccountId,
) -> Result<Vec<StatementLine>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.id, t.kind, t.booked, t.memo, p.amount, p.currency
         FROM postings p JOIN transfers t ON t.customer = p.customer AND t.id = p.transfer
         WHERE p.customer = $1 AND p.account = $2 ORDER BY t.booked, t.id",
    )
    .bind(i64::from(customer.number()))
    .bind(account.to_string())
    .fetch_all(connection)
    .await?;
    let mut balances: BTreeMap<Currency, Amount> = BTreeMap::new();
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows.into_iter().map(Columns) {
        let amount = row.amount("amount", row.parsed("currency")?)?;
        let balance =
            balances.entry(amount.currency()).or_insert_with(|| Amount::zero(amount.currency()));
        *balance = balance
            .checked_add(amount)
            .map_err(|error| StoreError::unreadable("balance", error))?;
        lines.push(StatementLine {
            booked: row.instant("booked")?,
            transfer: row.parsed("id")?,
            kind: row.parsed("kind")?,
            amount,
            balance: *balance,
            memo: row.text("memo")?,
        });
    }
    Ok(lines)
}

/// Rows of transfers joined with their postings; those of one transfer stand together.
fn read(rows: Vec<AnyRow>) -> Result<Vec<Transfer>, StoreError> {
    let mut drafts: Vec<TransferDraft> = Vec::new();
    for row in rows.into_iter().map(Columns) {
        let id: RequestId = row.parsed("id")?;
        if drafts.last().is_none_or(|last| last.id != id) {
            drafts.push(TransferDraft {
                id,
                kind: row.parsed("kind")?,
                postings: Vec::new(),
                customer: row.account("customer")?,
                meter: row.optional_integer("meter")?.map(|_| row.serial("meter")).transpose()?,
                time: row.instant("booked")?,
                memo: row.text("memo")?,
                reverses: row.optional_parsed("reverses")?,
            });
        }
        let amount = row.amount("amount", row.parsed("currency")?)?;
        if let Some(draft) = drafts.last_mut() {
            draft.postings.push(Posting::new(row.parsed("account")?, amount));
        }
    }
    let read =
        |draft| Transfer::new(draft).map_err(|error| StoreError::unreadable("transfer", error));
    drafts.into_iter().map(read).collect()
}
