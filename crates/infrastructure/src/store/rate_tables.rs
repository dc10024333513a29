//! The published rate tables. A name is given to one text only, for ever; a corrected table has another name.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_postage::Currency;
use timbre_protocol::Hash;
use timbre_protocol::rate_download::SignedTable;

use super::StoreError;
use super::row::Columns;
use super::seals::{self, Subject};

/// A rate table as it was published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PublishedTable {
    /// Its name, such as `ca-retail-2025-01-13`.
    pub name: String,
    /// The currency of its prices.
    pub currency: Currency,
    /// The first day on which it holds.
    pub effective_from: Date,
    /// The last day on which it holds, where it says so.
    pub effective_until: Option<Date>,
    /// SHA-256 of its text.
    #[serde(serialize_with = "super::meters::hexadecimal")]
    pub digest: Hash,
    /// When it was published.
    pub published: Timestamp,
}

/// SHA-256 of the text of a table.
pub(crate) fn digest(text: &str) -> Hash {
    Sha256::digest(text).into()
}

pub(crate) async fn insert(
    tx: &mut AnyConnection,
    table: &PublishedTable,
    signed: &SignedTable,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO rate_tables (name, currency, effective_from, effective_until, digest, signed, published)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING *",
    )
    .bind(table.name.clone())
    .bind(table.currency.code())
    .bind(table.effective_from.to_string())
    .bind(table.effective_until.map(|date| date.to_string()))
    .bind(table.digest.to_vec())
    .bind(timbre_protocol::write(signed))
    .bind(table.published.as_microsecond())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::RATE_TABLES, &Subject::Name("rates".to_owned()), &row)
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<PublishedTable>, StoreError> {
    let row = sqlx::query("SELECT * FROM rate_tables WHERE name = $1")
        .bind(name.to_owned())
        .fetch_optional(connection)
        .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

pub(crate) async fn all(connection: &mut AnyConnection) -> Result<Vec<PublishedTable>, StoreError> {
    let rows = sqlx::query("SELECT * FROM rate_tables ORDER BY currency, effective_from, name")
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| read(&Columns(row))).collect()
}

/// The table with its signature, as a meter gets it.
pub(crate) async fn signed(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<SignedTable>, StoreError> {
    let row = sqlx::query("SELECT signed FROM rate_tables WHERE name = $1")
        .bind(name.to_owned())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let text = Columns(row).text("signed")?;
    let table = timbre_protocol::read(text.as_bytes());
    table.map(Some).map_err(|error| StoreError::unreadable("rate table", error))
}

fn read(row: &Columns) -> Result<PublishedTable, StoreError> {
    Ok(PublishedTable {
        name: row.text("name")?,
        currency: row.parsed("currency")?,
        effective_from: row.parsed("effective_from")?,
        effective_until: row.optional_parsed("effective_until")?,
        digest: row.hash("digest")?,
        published: row.instant("published")?,
    })
}
