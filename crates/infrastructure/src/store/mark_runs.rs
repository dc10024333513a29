//! For each meter and date of marks, the lowest and highest count of pieces that was accepted: how the registers of a
//! meter moved, in two points a day.

use jiff::civil::Date;
use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_postage::{MeterSerial, PieceCount};

use super::StoreError;
use super::marks::date_of;
use super::row::{Columns, chunks, placeholders};

/// A count of pieces and the ascending register after it, in mills.
pub(crate) type Point = (i64, i64);

/// How far a meter's marks of one date reach, as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Extent {
    pub(super) meter: i64,
    pub(super) day: i64,
    pub(super) first: Point,
    pub(super) last: Point,
}

/// How far a meter's marks of one date reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) day: Date,
    /// Count of pieces and ascending register, in mills.
    pub(crate) first: (PieceCount, i64),
    pub(crate) last: (PieceCount, i64),
}

const EXTEND: &str = "ON CONFLICT (meter, day) DO UPDATE SET
    first_ascending = CASE WHEN excluded.first_pieces < mark_runs.first_pieces
        THEN excluded.first_ascending ELSE mark_runs.first_ascending END,
    first_pieces = CASE WHEN excluded.first_pieces < mark_runs.first_pieces
        THEN excluded.first_pieces ELSE mark_runs.first_pieces END,
    last_ascending = CASE WHEN excluded.last_pieces > mark_runs.last_pieces
        THEN excluded.last_ascending ELSE mark_runs.last_ascending END,
    last_pieces = CASE WHEN excluded.last_pieces > mark_runs.last_pieces
        THEN excluded.last_pieces ELSE mark_runs.last_pieces END";
const COLUMNS: usize = 6;
/// How many rows of old days are dropped at a time: the tables of marks are dropped whole, these rows one by one.
const DROPPED: i64 = 5_000;

/// Makes the runs reach as far as these, each of which is of another meter or date.
pub(super) async fn extend(tx: &mut AnyConnection, extents: &[Extent]) -> Result<(), StoreError> {
    for rows in chunks(extents) {
        let values = placeholders(rows.len(), COLUMNS);
        let sql = format!(
            "INSERT INTO mark_runs (meter, day, first_pieces, first_ascending, last_pieces, last_ascending)
             VALUES {values} {EXTEND}"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for Extent { meter, day, first, last } in rows {
            query = query.bind(*meter).bind(*day).bind(first.0).bind(first.1);
            query = query.bind(last.0).bind(last.1);
        }
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// The runs of these meters, in no order.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meters: &[MeterSerial],
) -> Result<Vec<(MeterSerial, Run)>, StoreError> {
    let mut runs = Vec::new();
    for some in chunks(meters) {
        let sql = format!("SELECT * FROM mark_runs WHERE meter IN {}", placeholders(1, some.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for meter in some {
            query = query.bind(i64::from(meter.number()));
        }
        for row in query.fetch_all(&mut *connection).await? {
            let row = Columns(row);
            let run = Run {
                day: date_of(row.integer("day")?)?,
                first: (row.number("first_pieces")?, row.integer("first_ascending")?),
                last: (row.number("last_pieces")?, row.integer("last_ascending")?),
            };
            runs.push((row.serial("meter")?, run));
        }
    }
    Ok(runs)
}

/// Drops some of what is dated before this day.
pub(super) async fn drop_before(tx: &mut AnyConnection, day: i64) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM mark_runs WHERE (meter, day) IN
            (SELECT meter, day FROM mark_runs WHERE day < $1 ORDER BY day LIMIT $2)",
    )
    .bind(day)
    .bind(DROPPED)
    .execute(tx)
    .await?;
    Ok(())
}
