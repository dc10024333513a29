//! The marks that were accepted on mail: a meter counts its pieces, so a count that comes twice is a copy.
//!
//! A mark is kept by the date that it bears, a table for each, since every copy of it bears the same date: one table is asked,
//! however many days are remembered, and what is too old to be accepted is dropped a day at once. Two marks of one count
//! and two dates are no copies but two devices; [`runs`](super::mark_runs) tell in which other tables to look for them.
//!
//! Whoever writes the row first has the mark: the databases' own uniqueness decides, between any number of processes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_postage::{MeterSerial, PieceCount};

use super::mark_runs::{self, Extent};
use super::row::{Columns, chunks, placeholders, stored};
use super::{Store, StoreError, Work};

/// The sorter number of what is verified by hand: such scans have no numbers of their own that could come again.
pub(crate) const BY_HAND: i64 = 0;

const COLUMNS: usize = 8;

/// A mark, as far as it is remembered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Spent {
    /// The date in it.
    pub(crate) day: Date,
    pub(crate) serial: MeterSerial,
    pub(crate) pieces: PieceCount,
    /// Tells marks of one count apart: a part of the signature.
    pub(crate) fingerprint: i64,
    /// Its ascending register, in mills.
    pub(crate) ascending: i64,
    /// Other dates under which the same count may have been seen.
    pub(crate) elsewhere: Vec<Date>,
}

/// One passage of a piece before one machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Passage {
    pub(crate) sorter: i64,
    /// The machine's own number of the scan.
    pub(crate) scan: String,
    /// What the piece itself bears, if it has been given a number: the same before every machine.
    pub(crate) item: Option<String>,
    pub(crate) at: Timestamp,
}

/// The marks of one piece, spent together or not at all.
#[derive(Clone, Debug)]
pub(crate) struct SpentPiece {
    pub(crate) passage: Passage,
    /// Each once.
    pub(crate) marks: Vec<Spent>,
}

/// What is known of a mark that comes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// Not seen before.
    New,
    /// On this same piece: asked again, or further on its way.
    OnThisPiece,
    /// On another piece.
    Before(Passage),
    /// Another mark with the same count.
    Otherwise,
}

/// Notes the marks of pieces that are to be accepted, and says which were seen before. A piece with a mark that was is not
/// noted at all.
pub(crate) struct Spend {
    pub(crate) pieces: Vec<SpentPiece>,
    /// How long a piece with a number may be on its way, in microseconds.
    pub(crate) transit: i64,
}

type Key = (i64, i64, i64);

impl Spent {
    fn key(&self) -> Result<Key, StoreError> {
        Ok((number_of(self.day), i64::from(self.serial.number()), stored(self.pieces)?))
    }
}

impl Work for Spend {
    type Output = Vec<Vec<Seen>>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let owners = self.owners()?;
        let inserted = self.insert(tx, &owners).await?;
        let mut seen = Vec::with_capacity(self.pieces.len());
        let mut kept: Vec<&Spent> = Vec::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            let mut of_piece = Vec::with_capacity(piece.marks.len());
            for mark in &piece.marks {
                let key = mark.key()?;
                let mine = owners.get(&key) == Some(&at) && inserted.contains(&key);
                let look = self.look(tx, key, mark, &piece.passage, mine);
                of_piece.push(match look.await? {
                    // The piece that had it was not accepted for another mark's sake, a moment ago: doubtful enough.
                    None => Seen::Before(self.pieces[owners[&key]].passage.clone()),
                    Some(seen) => seen,
                });
            }
            let good = of_piece.iter().all(|seen| matches!(seen, Seen::New | Seen::OnThisPiece));
            let new = piece.marks.iter().zip(&of_piece).filter(|(_, seen)| **seen == Seen::New);
            for (mark, _) in new {
                if good {
                    kept.push(mark);
                } else if owners.get(&mark.key()?) == Some(&at) {
                    forget(tx, mark.key()?).await?;
                }
            }
            seen.push(of_piece);
        }
        mark_runs::extend(tx, &extents(&kept)?).await?;
        Ok(seen)
    }
}

impl Spend {
    /// Which piece of the batch is the first with each mark, in the one order in which everybody writes: two transactions
    /// that share marks wait for each other and never for ever.
    fn owners(&self) -> Result<BTreeMap<Key, usize>, StoreError> {
        let mut owners = BTreeMap::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            for mark in &piece.marks {
                owners.entry(mark.key()?).or_insert(at);
            }
        }
        Ok(owners)
    }

    /// Writes what is not there yet; returns what was written.
    async fn insert(
        &self,
        tx: &mut AnyConnection,
        owners: &BTreeMap<Key, usize>,
    ) -> Result<BTreeSet<Key>, StoreError> {
        let mut written = BTreeSet::new();
        let keys: Vec<(&Key, &usize)> = owners.iter().collect();
        for of_day in keys.chunk_by(|(one, _), (next, _)| one.0 == next.0) {
            let Some((first, _)) = of_day.first() else { continue };
            let table = table_of(first.0);
            for rows in chunks(of_day) {
                let values = placeholders(rows.len(), COLUMNS);
                let sql = format!(
                    "INSERT INTO {table} (meter, pieces, fingerprint, ascending, sorter, scan, item, at)
                     VALUES {values} ON CONFLICT (meter, pieces) DO NOTHING RETURNING meter, pieces"
                );
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for (key, at) in rows {
                    let piece = &self.pieces[**at];
                    let mark = piece.marks.iter().find(|mark| mark.key().is_ok_and(|k| k == **key));
                    let mark = mark.expect("invariant: the owner of a key has its mark");
                    query = query
                        .bind(key.1)
                        .bind(key.2)
                        .bind(mark.fingerprint)
                        .bind(mark.ascending)
                        .bind(piece.passage.sorter)
                        .bind(piece.passage.scan.clone())
                        .bind(piece.passage.item.clone())
                        .bind(piece.passage.at.as_microsecond());
                }
                for row in query.fetch_all(&mut *tx).await? {
                    let row = Columns(row);
                    written.insert((first.0, row.integer("meter")?, row.integer("pieces")?));
                }
            }
        }
        Ok(written)
    }

    async fn look(
        &self,
        tx: &mut AnyConnection,
        key: Key,
        mark: &Spent,
        passage: &Passage,
        mine: bool,
    ) -> Result<Option<Seen>, StoreError> {
        for day in &mark.elsewhere {
            if find(tx, (number_of(*day), key.1, key.2)).await?.is_some() {
                return Ok(Some(Seen::Otherwise));
            }
        }
        if mine {
            return Ok(Some(Seen::New));
        }
        Ok(find(tx, key).await?.map(|(fingerprint, first)| {
            if fingerprint != mark.fingerprint {
                Seen::Otherwise
            } else if self.is_same_piece(&first, passage) {
                Seen::OnThisPiece
            } else {
                Seen::Before(first)
            }
        }))
    }

    /// The same question once more, or the same piece before another machine.
    fn is_same_piece(&self, first: &Passage, now: &Passage) -> bool {
        let asked_again =
            first.sorter != BY_HAND && first.sorter == now.sorter && first.scan == now.scan;
        let on_its_way = first.item.is_some()
            && first.item == now.item
            && (now.at.as_microsecond() - first.at.as_microsecond()).abs() <= self.transit;
        // What is written already may be written again, when nobody knows whether it was.
        first == now || asked_again || on_its_way
    }
}

fn extents(kept: &[&Spent]) -> Result<Vec<Extent>, StoreError> {
    let mut extents: BTreeMap<(i64, i64), Extent> = BTreeMap::new();
    for mark in kept {
        let (day, meter, pieces) = mark.key()?;
        let point = (pieces, mark.ascending);
        let extent =
            extents.entry((meter, day)).or_insert(Extent { meter, day, first: point, last: point });
        extent.first = extent.first.min(point);
        extent.last = extent.last.max(point);
    }
    Ok(extents.into_values().collect())
}

async fn find(
    tx: &mut AnyConnection,
    (day, meter, pieces): Key,
) -> Result<Option<(i64, Passage)>, StoreError> {
    let table = table_of(day);
    let sql = format!(
        "SELECT fingerprint, sorter, scan, item, at FROM {table} WHERE meter = $1 AND pieces = $2"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(meter).bind(pieces).fetch_optional(tx).await?;
    let Some(row) = row.map(Columns) else { return Ok(None) };
    let passage = Passage {
        sorter: row.integer("sorter")?,
        scan: row.text("scan")?,
        item: row.optional_text("item")?,
        at: row.instant("at")?,
    };
    Ok(Some((row.integer("fingerprint")?, passage)))
}

async fn forget(tx: &mut AnyConnection, (day, meter, pieces): Key) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM {} WHERE meter = $1 AND pieces = $2", table_of(day));
    sqlx::query(AssertSqlSafe(sql)).bind(meter).bind(pieces).execute(tx).await?;
    Ok(())
}

/// Where and when a mark was accepted, if it was.
pub(crate) async fn first_sight(
    connection: &mut AnyConnection,
    day: Date,
    serial: MeterSerial,
    pieces: PieceCount,
) -> Result<Option<Passage>, StoreError> {
    if !days(connection).await?.contains(&day) {
        return Ok(None);
    }
    let key = (number_of(day), i64::from(serial.number()), stored(pieces)?);
    Ok(find(connection, key).await?.map(|(_, passage)| passage))
}

/// The dates of which marks are remembered.
pub(crate) async fn days(connection: &mut AnyConnection) -> Result<Vec<Date>, StoreError> {
    let rows = sqlx::query("SELECT day FROM mark_days ORDER BY day").fetch_all(connection).await?;
    rows.into_iter().map(|row| date_of(Columns(row).integer("day")?)).collect()
}

/// Makes the tables of these dates where they are missing.
pub(crate) struct OpenDays {
    days: Vec<Date>,
    /// What makes the key the table itself, on the database that must be told.
    clustered: &'static str,
}

impl OpenDays {
    pub(crate) fn new(store: &Store, days: Vec<Date>) -> Self {
        let clustered = if store.engine() == "sqlite" { "WITHOUT ROWID" } else { "" };
        OpenDays { days, clustered }
    }
}

impl Work for OpenDays {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        for day in &self.days {
            let number = number_of(*day);
            // Whoever lists the day makes its table; another process waits here until that is done.
            let listed =
                sqlx::query("INSERT INTO mark_days (day) VALUES ($1) ON CONFLICT DO NOTHING")
                    .bind(number)
                    .execute(&mut *tx)
                    .await?;
            if listed.rows_affected() == 0 {
                continue;
            }
            let sql = format!(
                "CREATE TABLE {} (
                    meter BIGINT NOT NULL, pieces BIGINT NOT NULL, fingerprint BIGINT NOT NULL,
                    ascending BIGINT NOT NULL, sorter BIGINT NOT NULL, scan TEXT NOT NULL, item TEXT,
                    at BIGINT NOT NULL, PRIMARY KEY (meter, pieces)) {}",
                table_of(number),
                self.clustered
            );
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
        }
        Ok(())
    }
}

/// Drops what is dated before this day; says how many days that were.
pub(crate) struct DropDaysBefore(pub(crate) Date);

impl Work for DropDaysBefore {
    type Output = usize;

    async fn run(&self, tx: &mut AnyConnection) -> Result<usize, StoreError> {
        let first = number_of(self.0);
        let rows = sqlx::query("DELETE FROM mark_days WHERE day < $1 RETURNING day")
            .bind(first)
            .fetch_all(&mut *tx)
            .await?;
        for row in &rows {
            let day: i64 = sqlx::Row::try_get(row, "day")?;
            let sql = format!("DROP TABLE {}", table_of(day));
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
        }
        mark_runs::drop_before(tx, first).await?;
        Ok(rows.len())
    }
}

/// 2026-11-24 as 20261124, which sorts as the dates do.
pub(super) fn number_of(day: Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

pub(super) fn date_of(number: i64) -> Result<Date, StoreError> {
    let part = |value: i64| i8::try_from(value % 100).unwrap_or_default();
    let year = i16::try_from(number / 10_000).unwrap_or_default();
    Date::new(year, part(number / 100), part(number))
        .map_err(|error| StoreError::unreadable("day", error))
}

fn table_of(day: i64) -> String {
    format!("marks_{day}")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_its_digits() {
        let day = date(2026, 1, 9);
        assert_eq!(number_of(day), 20_260_109);
        assert_eq!(date_of(20_260_109).unwrap(), day);
        assert!(date_of(20_261_340).is_err());
    }
}
