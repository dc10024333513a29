//! Cases: what did not add up about a meter, for a person to look into.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_postage::MeterSerial;

use super::StoreError;
use super::row::{Columns, stored};

/// Something about a meter that a person must look into.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Case {
    /// The meter.
    pub meter: MeterSerial,
    /// The number of the case among the meter's, from 1.
    pub number: u64,
    /// When it was opened.
    pub opened: Timestamp,
    /// What kind of thing, in kebab case: `registers-mismatch`.
    pub code: String,
    /// What was found and what was expected.
    pub detail: String,
    /// When a person closed it.
    pub closed: Option<Timestamp>,
}

/// Opens a case; the meter's row must be locked. An open case of the same kind and detail is not opened twice.
pub(crate) async fn open(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    at: Timestamp,
    code: &str,
    detail: &str,
) -> Result<(), StoreError> {
    let of_meter = of(&mut *tx, Some(meter)).await?;
    let same = |case: &Case| case.closed.is_none() && case.code == code && case.detail == detail;
    if of_meter.iter().any(same) {
        return Ok(());
    }
    let number = of_meter.last().map_or(1, |case| case.number + 1);
    sqlx::query(
        "INSERT INTO cases (meter, number, opened, code, detail) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(i64::from(meter.number()))
    .bind(stored(number)?)
    .bind(at.as_microsecond())
    .bind(code.to_owned())
    .bind(detail.to_owned())
    .execute(tx)
    .await?;
    Ok(())
}

/// The cases of one meter, or of all.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: Option<MeterSerial>,
) -> Result<Vec<Case>, StoreError> {
    let query = match meter {
        None => sqlx::query("SELECT * FROM cases ORDER BY meter, number"),
        Some(meter) => sqlx::query("SELECT * FROM cases WHERE meter = $1 ORDER BY number")
            .bind(i64::from(meter.number())),
    };
    let rows = query.fetch_all(connection).await?;
    let read = |row| {
        let row = Columns(row);
        Ok(Case {
            meter: row.serial("meter")?,
            number: row.number("number")?,
            opened: row.instant("opened")?,
            code: row.text("code")?,
            detail: row.text("detail")?,
            closed: row.optional_instant("closed")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Closes every open case of a meter.
pub(crate) async fn close_all(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE cases SET closed = $2 WHERE meter = $1 AND closed IS NULL")
        .bind(i64::from(meter.number()))
        .bind(at.as_microsecond())
        .execute(tx)
        .await?;
    Ok(())
}
