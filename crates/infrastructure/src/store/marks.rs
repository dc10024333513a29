//! The marks that were seen on mail: a meter counts its pieces, so a count that comes twice is a copy.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_postage::{MeterSerial, PieceCount};

use super::StoreError;
use super::row::{Columns, stored};

/// Notes that the mark was seen; when it was seen before, says when that was first.
pub(crate) async fn see(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    pieces: PieceCount,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let (serial, pieces) = (i64::from(meter.number()), stored(pieces)?);
    let inserted = sqlx::query(
        "INSERT INTO marks (meter, pieces, seen) VALUES ($1, $2, $3) ON CONFLICT (meter, pieces) DO NOTHING",
    )
    .bind(serial)
    .bind(pieces)
    .bind(now.as_microsecond())
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(None);
    }
    let row = sqlx::query("SELECT seen FROM marks WHERE meter = $1 AND pieces = $2")
        .bind(serial)
        .bind(pieces)
        .fetch_one(tx)
        .await?;
    Columns(row).instant("seen").map(Some)
}
