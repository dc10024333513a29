//! Which device stands in for which, and the registers that the books carry over. A device is replaced once and stands in
//! for at most one.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_postage::{Currency, MeterSerial, Registers};

use super::StoreError;
use super::row::{Columns, stored};
use super::seals::{self, Subject};

/// Why a device is replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It does not work any more.
    Broken,
    /// Nobody knows where it is.
    Lost,
    /// Somebody took it.
    Stolen,
    /// It was opened, and has destroyed its keys.
    Tampered,
    /// It gave back what it held.
    Withdrawn,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 5] =
        [Cause::Broken, Cause::Lost, Cause::Stolen, Cause::Tampered, Cause::Withdrawn];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Broken => "broken",
            Cause::Lost => "lost",
            Cause::Stolen => "stolen",
            Cause::Tampered => "tampered",
            Cause::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Cause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Cause::ALL.into_iter().find(|cause| cause.as_str() == text);
        named.ok_or_else(|| {
            format!("“{text}” is none of: broken, lost, stolen, tampered, withdrawn")
        })
    }
}

/// One device in the place of another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Replaced {
    /// The old one.
    pub meter: MeterSerial,
    /// The new one.
    pub successor: MeterSerial,
    /// Why.
    pub cause: Cause,
    /// What the staff said of it.
    pub reason: String,
    /// The registers of the old one, as the books held them then: what it is known to have franked, and what of the
    /// postage issued to it is left.
    pub registers: Registers,
    /// When it was registered.
    pub replaced: Timestamp,
}

pub(crate) async fn insert(tx: &mut AnyConnection, of: &Replaced) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO replacements (meter, successor, cause, reason, ascending, descending, pieces, replaced)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         RETURNING *",
    )
    .bind(i64::from(of.meter.number()))
    .bind(i64::from(of.successor.number()))
    .bind(of.cause.as_str())
    .bind(of.reason.clone())
    .bind(of.registers.ascending.mills())
    .bind(of.registers.descending.mills())
    .bind(stored(of.registers.pieces)?)
    .bind(of.replaced.as_microsecond())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::REPLACEMENTS, &Subject::Meter(of.meter), &row)
}

/// What became of a meter, if it was replaced.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Option<Replaced>, StoreError> {
    one(connection, "SELECT * FROM replacements WHERE meter = $1", meter, currency).await
}

/// Which meter this one stands in for, if any.
pub(crate) async fn by(
    connection: &mut AnyConnection,
    successor: MeterSerial,
    currency: Currency,
) -> Result<Option<Replaced>, StoreError> {
    one(connection, "SELECT * FROM replacements WHERE successor = $1", successor, currency).await
}

async fn one(
    connection: &mut AnyConnection,
    sql: &'static str,
    serial: MeterSerial,
    currency: Currency,
) -> Result<Option<Replaced>, StoreError> {
    let row = sqlx::query(sql)
        .bind(i64::from(serial.number()))
        .fetch_optional(connection)
        .await?
        .map(Columns);
    let read = |row: Columns| {
        Ok(Replaced {
            meter: row.serial("meter")?,
            successor: row.serial("successor")?,
            cause: row.parsed("cause")?,
            reason: row.text("reason")?,
            registers: row.registers(currency)?,
            replaced: row.instant("replaced")?,
        })
    };
    row.map(read).transpose()
}
