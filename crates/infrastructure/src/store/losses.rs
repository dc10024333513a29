//! Meters that were reported lost or stolen (SOR/2010-220, s. 13), and found again. A report is never deleted: marks of
//! the days in between are judged by it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_postage::MeterSerial;
use timbre_protocol::inspection::SuspensionCause;

use super::StoreError;
use super::meters::state_of;
use super::row::{Columns, stored};
use super::seals::{self, Subject};
use crate::call::today;

/// How a meter went missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// Nobody knows where it is.
    Lost,
    /// Somebody took it.
    Stolen,
}

impl LossKind {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.cause().as_str()
    }

    /// Why the meter is suspended over it, as its operator is told.
    #[must_use]
    pub const fn cause(self) -> SuspensionCause {
        match self {
            LossKind::Lost => SuspensionCause::Lost,
            LossKind::Stolen => SuspensionCause::Stolen,
        }
    }
}

/// A report that a meter was lost or stolen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Loss {
    /// The meter.
    pub meter: MeterSerial,
    /// The number of the report among the meter's, from 1.
    pub number: u64,
    /// Lost or stolen.
    pub kind: LossKind,
    /// From which day on: marks dated that day or later are not believed, until it was found.
    pub since: Date,
    /// When it was reported.
    pub reported: Timestamp,
    /// By whom it was taken down.
    pub who: String,
    /// What was said.
    pub reason: String,
    /// The state of the meter before.
    #[serde(skip)]
    pub(crate) state_before: MeterState,
    /// When it was reported found.
    pub found: Option<Timestamp>,
    /// By whom that was taken down.
    pub found_who: Option<String>,
    /// What was said then.
    pub found_reason: Option<String>,
}

impl Loss {
    /// Whether a mark of that day is of the time in which the meter was missing.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        day >= self.since && self.found.is_none_or(|found| day < today(found))
    }
}

pub(crate) async fn insert(tx: &mut AnyConnection, loss: &Loss) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO losses (meter, number, kind, since, reported, who, reason, state_before)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *",
    )
    .bind(i64::from(loss.meter.number()))
    .bind(stored(loss.number)?)
    .bind(loss.kind.as_str())
    .bind(loss.since.to_string())
    .bind(loss.reported.as_microsecond())
    .bind(loss.who.clone())
    .bind(loss.reason.clone())
    .bind(loss.state_before.as_str())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::LOSSES, &Subject::Meter(loss.meter), &row)
}

/// Closes the open report of a meter.
pub(crate) async fn close(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    now: Timestamp,
    who: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "UPDATE losses SET found = $2, found_who = $3, found_reason = $4 WHERE meter = $1 AND found IS NULL
         RETURNING *",
    )
    .bind(i64::from(meter.number()))
    .bind(now.as_microsecond())
    .bind(who.to_owned())
    .bind(reason.to_owned())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::LOSSES, &Subject::Meter(meter), &row)
}

/// The reports of one meter, or of all, oldest first.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: Option<MeterSerial>,
) -> Result<Vec<Loss>, StoreError> {
    let query = match meter {
        None => sqlx::query("SELECT * FROM losses ORDER BY meter, number"),
        Some(meter) => sqlx::query("SELECT * FROM losses WHERE meter = $1 ORDER BY number")
            .bind(i64::from(meter.number())),
    };
    let rows = query.fetch_all(connection).await?;
    rows.into_iter().map(|row| read(&Columns(row))).collect()
}

/// The report that is open for a meter, if there is one.
pub(crate) async fn open_of(
    connection: &mut AnyConnection,
    meter: MeterSerial,
) -> Result<Option<Loss>, StoreError> {
    Ok(of(connection, Some(meter)).await?.into_iter().find(|loss| loss.found.is_none()))
}

fn read(row: &Columns) -> Result<Loss, StoreError> {
    let kind = row.text("kind")?;
    let kind = [LossKind::Lost, LossKind::Stolen]
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(|| StoreError::unreadable("kind", kind))?;
    Ok(Loss {
        meter: row.serial("meter")?,
        number: row.number("number")?,
        kind,
        since: row.parsed("since")?,
        reported: row.instant("reported")?,
        who: row.text("who")?,
        reason: row.text("reason")?,
        state_before: state_of(&row.text("state_before")?)?,
        found: row.optional_instant("found")?,
        found_who: row.optional_text("found_who")?,
        found_reason: row.optional_text("found_reason")?,
    })
}
