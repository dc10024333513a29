//! Questions about whole tables: how many rows, which belong to nobody, which transfers do not balance.

use std::collections::BTreeSet;

use sqlx::AnyConnection;

use super::verify::statement;
use crate::store::StoreError;
use crate::store::row::Columns;
use crate::store::seals::{self, Book, By, Subject};

/// Rows that are named; there may be more.
const NAMED: usize = 20;

pub(super) async fn count(tx: &mut AnyConnection, table: &str) -> Result<u64, StoreError> {
    let row = sqlx::query(statement(format!("SELECT COUNT(*) AS rows FROM {table}")));
    Columns(row.fetch_one(tx).await?).number("rows")
}

/// The rows whose subject is not among those that have seals, by name.
pub(super) async fn strays(
    tx: &mut AnyConnection,
    book: &Book,
    seen: &BTreeSet<String>,
) -> Result<Vec<String>, StoreError> {
    let table = book.table;
    let column = match book.by {
        By::Meter(column) | By::Account(column) | By::Name(column, _) => column,
        By::MeterOrCustomer => "meter",
        By::Transfer => return orphans(tx, book).await,
        By::Whole(name) if seen.contains(name) => return Ok(Vec::new()),
        By::Whole(_) => {
            let all = sqlx::query(statement(format!("SELECT * FROM {table} LIMIT {NAMED}")));
            let rows = all.fetch_all(tx).await?;
            return rows.iter().map(|row| seals::name(book, row)).collect();
        }
    };
    let of = |row: &Columns| -> Result<String, StoreError> {
        Ok(match book.by {
            By::Account(_) => Subject::Account(row.account("stray")?).to_string(),
            By::Name(_, prefix) => format!("{prefix}{}", row.text("stray")?),
            _ => Subject::Meter(row.serial("stray")?).to_string(),
        })
    };
    let sql = format!("SELECT DISTINCT {column} AS stray FROM {table} WHERE {column} IS NOT NULL");
    let mut names = Vec::new();
    for row in sqlx::query(statement(sql)).fetch_all(&mut *tx).await?.into_iter().map(Columns) {
        // Who cannot be read is nobody.
        let known = of(&row).is_ok_and(|subject| seen.contains(&subject));
        if known || names.len() >= NAMED {
            continue;
        }
        let of_nobody = format!("SELECT * FROM {table} WHERE {column} = $1 LIMIT {NAMED}");
        let query = sqlx::query(statement(of_nobody));
        let query = match row.integer("stray") {
            Ok(number) => query.bind(number),
            Err(_) => query.bind(row.text("stray")?),
        };
        for row in query.fetch_all(&mut *tx).await? {
            names.push(seals::name(book, &row)?);
        }
    }
    Ok(names)
}

/// Postings of no transfer.
async fn orphans(tx: &mut AnyConnection, book: &Book) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT p.* FROM postings p LEFT JOIN transfers t ON t.customer = p.customer AND t.id = p.transfer
         WHERE t.id IS NULL LIMIT 20",
    )
    .fetch_all(tx)
    .await?;
    rows.iter().map(|row| seals::name(book, row)).collect()
}

/// The transfers that do not sum to zero in one currency, or that have no postings.
pub(super) async fn unbalanced(
    tx: &mut AnyConnection,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT customer, transfer, CAST(SUM(amount) AS BIGINT) AS amount FROM postings
         GROUP BY customer, transfer HAVING SUM(amount) <> 0 OR MIN(currency) <> MAX(currency)
         ORDER BY customer, transfer LIMIT 100",
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut found = Vec::new();
    for row in rows.into_iter().map(Columns) {
        let name = format!("{}/{}", row.integer("customer")?, row.text("transfer")?);
        found.push((name, format!("its postings sum to {} mills", row.integer("amount")?)));
    }
    let rows = sqlx::query(
        "SELECT t.customer, t.id FROM transfers t
         LEFT JOIN postings p ON p.customer = t.customer AND p.transfer = t.id
         WHERE p.line IS NULL LIMIT 100",
    )
    .fetch_all(tx)
    .await?;
    for row in rows.into_iter().map(Columns) {
        let name = format!("{}/{}", row.integer("customer")?, row.text("id")?);
        found.push((name, "it has no postings".to_owned()));
    }
    Ok(found)
}
