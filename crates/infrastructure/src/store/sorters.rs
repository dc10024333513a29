//! The sorting machines that may ask for verification. Only the hash of a machine's token is kept.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_protocol::Hash;

use super::StoreError;
use super::row::Columns;

/// A sorting machine, or whatever asks in its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sorter {
    /// Its number, from 1.
    pub number: i64,
    /// Its name, which no other has.
    pub name: String,
    /// Where it stands.
    pub place: String,
    /// The beginnings of the postal codes of what is posted there; none says nothing.
    pub area: Vec<String>,
    /// When it was added.
    pub added: Timestamp,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

/// Adds a machine under the next number; none when the name is taken.
pub(crate) async fn insert(
    tx: &mut AnyConnection,
    sorter: &Sorter,
    token: Hash,
) -> Result<Option<Sorter>, StoreError> {
    let row = sqlx::query(
        "INSERT INTO sorters (number, name, place, area, token, added)
         SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3, $4, $5 FROM sorters WHERE true
         ON CONFLICT (name) DO NOTHING RETURNING *",
    )
    .bind(sorter.name.clone())
    .bind(sorter.place.clone())
    .bind(sorter.area.join(","))
    .bind(token.to_vec())
    .bind(sorter.added.as_microsecond())
    .fetch_optional(tx)
    .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

/// Every machine, by number.
pub(crate) async fn all(connection: &mut AnyConnection) -> Result<Vec<Sorter>, StoreError> {
    let rows = sqlx::query("SELECT * FROM sorters ORDER BY number").fetch_all(connection).await?;
    rows.into_iter().map(|row| read(&Columns(row))).collect()
}

/// The machine whose token has this hash.
pub(crate) async fn of_token(
    connection: &mut AnyConnection,
    token: Hash,
) -> Result<Option<Sorter>, StoreError> {
    let row = sqlx::query("SELECT * FROM sorters WHERE token = $1")
        .bind(token.to_vec())
        .fetch_optional(connection)
        .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

/// Revokes a machine; none when there is no such machine. Once more changes nothing.
pub(crate) async fn revoke(
    tx: &mut AnyConnection,
    name: &str,
    now: Timestamp,
) -> Result<Option<Sorter>, StoreError> {
    let row = sqlx::query(
        "UPDATE sorters SET revoked = COALESCE(revoked, $2) WHERE name = $1 RETURNING *",
    )
    .bind(name.to_owned())
    .bind(now.as_microsecond())
    .fetch_optional(tx)
    .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

fn read(row: &Columns) -> Result<Sorter, StoreError> {
    let area = row.text("area")?;
    Ok(Sorter {
        number: row.integer("number")?,
        name: row.text("name")?,
        place: row.text("place")?,
        area: area.split(',').filter(|start| !start.is_empty()).map(str::to_owned).collect(),
        added: row.instant("added")?,
        revoked: row.optional_instant("revoked")?,
    })
}
