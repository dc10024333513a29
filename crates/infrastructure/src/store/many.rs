//! What the sorting centre reads of many meters in one statement: as much as a verdict on their marks needs, and no more.

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_key_store::PublicKey;
use timbre_postage::{MeterSerial, PieceCount, PostalCode};

use super::StoreError;
use super::row::{Columns, chunks, placeholders};

/// The registers before a refill, and the refill, in mills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RefillPoint {
    pub(crate) pieces: PieceCount,
    pub(crate) ascending: i64,
    pub(crate) descending: i64,
    pub(crate) amount: i64,
}

/// A line of the audit log that says since when a meter may or may not print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StateChange {
    pub(crate) what: String,
    pub(crate) at: Timestamp,
}

/// A time in which a meter was lost or stolen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Missing {
    pub(crate) since: Date,
    pub(crate) found: Option<Timestamp>,
}

/// Every postal code that these meters ever had in their marks.
pub(crate) async fn postal_codes(
    connection: &mut AnyConnection,
    meters: &[MeterSerial],
) -> Result<Vec<(MeterSerial, PostalCode)>, StoreError> {
    let sql = "SELECT DISTINCT meter, postal_code FROM blocks WHERE meter IN";
    of_meters(connection, sql, meters, |row| row.parsed("postal_code")).await
}

/// The indicium keys of those of these meters that renewed theirs, each with when it was proposed.
pub(crate) async fn indicium_keys(
    connection: &mut AnyConnection,
    meters: &[MeterSerial],
) -> Result<Vec<(MeterSerial, (Timestamp, PublicKey))>, StoreError> {
    let sql = "SELECT meter, indicium, renewed FROM device_keys WHERE meter IN";
    let read = |row: &Columns| Ok((row.instant("renewed")?, row.key("indicium")?));
    of_meters(connection, sql, meters, read).await
}

/// Every time in which one of these meters was lost or stolen.
pub(crate) async fn missing(
    connection: &mut AnyConnection,
    meters: &[MeterSerial],
) -> Result<Vec<(MeterSerial, Missing)>, StoreError> {
    let sql = "SELECT meter, since, found FROM losses WHERE meter IN";
    let read = |row: &Columns| {
        Ok(Missing { since: row.parsed("since")?, found: row.optional_instant("found")? })
    };
    of_meters(connection, sql, meters, read).await
}

/// The marks of these meters whose postage was paid back as spoiled, and when.
pub(crate) async fn refunded(
    connection: &mut AnyConnection,
    meters: &[MeterSerial],
) -> Result<Vec<(MeterSerial, (PieceCount, Timestamp))>, StoreError> {
    let sql = "SELECT meter, pieces, booked FROM refunded_marks WHERE meter IN";
    let read = |row: &Columns| Ok((row.number("pieces")?, row.instant("booked")?));
    of_meters(connection, sql, meters, read).await
}

/// What a statement that ends in a list of meters says of these.
async fn of_meters<T>(
    connection: &mut AnyConnection,
    sql: &str,
    meters: &[MeterSerial],
    read: impl Fn(&Columns) -> Result<T, StoreError>,
) -> Result<Vec<(MeterSerial, T)>, StoreError> {
    let mut all = Vec::new();
    for some in chunks(meters) {
        let sql = format!("{sql} {}", placeholders(1, some.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for meter in some {
            query = query.bind(i64::from(meter.number()));
        }
        for row in query.fetch_all(&mut *connection).await? {
            let row = Columns(row);
            all.push((row.serial("meter")?, read(&row)?));
        }
    }
    Ok(all)
}

/// Every refill of these meters.
pub(crate) async fn refills(
    connection: &mut AnyConnection,
    meters: &[MeterSerial],
) -> Result<Vec<(MeterSerial, RefillPoint)>, StoreError> {
    let sql = "SELECT meter, pieces, ascending, descending, amount FROM refills WHERE meter IN";
    let read = |row: &Columns| {
        Ok(RefillPoint {
            pieces: row.number("pieces")?,
            ascending: row.integer("ascending")?,
            descending: row.integer("descending")?,
            amount: row.integer("amount")?,
        })
    };
    of_meters(connection, sql, meters, read).await
}

/// Every change of state of these meters, oldest first within each.
pub(crate) async fn state_changes(
    connection: &mut AnyConnection,
    meters: &[MeterSerial],
) -> Result<Vec<(MeterSerial, StateChange)>, StoreError> {
    let mut changes = Vec::new();
    for some in chunks(meters) {
        let sql = format!(
            "SELECT subject, what, at FROM audit WHERE subject IN {}
             AND what IN ('suspended', 'device-tampered', 'resumed', 'withdrawn', 'replaced') ORDER BY subject, sequence",
            placeholders(1, some.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for meter in some {
            query = query.bind(meter.to_string());
        }
        for row in query.fetch_all(&mut *connection).await? {
            let row = Columns(row);
            let change = StateChange { what: row.text("what")?, at: row.instant("at")? };
            changes.push((row.parsed("subject")?, change));
        }
    }
    Ok(changes)
}

/// What the audit log has lines about since an instant.
pub(crate) async fn changed_since(
    connection: &mut AnyConnection,
    since: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("SELECT DISTINCT subject FROM audit WHERE at >= $1")
        .bind(since.as_microsecond())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| Columns(row).text("subject")).collect()
}
