//! The refills that were booked, each with the reply it got: a request that comes again is answered with those bytes.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_postage::{Amount, Currency, MeterSerial, Registers};
use timbre_protocol::Hash;

use super::StoreError;
use super::row::{Columns, stored};
use super::seals::{self, Subject};

/// A refill as it was booked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BookedRefill {
    /// The meter.
    pub meter: MeterSerial,
    /// The number of the refill.
    pub sequence: u64,
    /// SHA-256 of what the device signed.
    #[serde(skip)]
    pub digest: Hash,
    /// What the descending register rises by.
    pub amount: Amount,
    /// The tax charged to the account.
    pub tax: Amount,
    /// The registers before it, as the device showed them.
    pub registers: Registers,
    /// When it was booked.
    pub booked: Timestamp,
    /// The reply, to the byte.
    #[serde(skip)]
    pub reply: String,
}

pub(crate) async fn insert(tx: &mut AnyConnection, refill: BookedRefill) -> Result<(), StoreError> {
    let subject = Subject::Meter(refill.meter);
    let row = sqlx::query(
        "INSERT INTO refills (meter, sequence, digest, amount, tax, ascending, descending, pieces, booked, reply)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         RETURNING *",
    )
    .bind(i64::from(refill.meter.number()))
    .bind(stored(refill.sequence)?)
    .bind(refill.digest.to_vec())
    .bind(refill.amount.mills())
    .bind(refill.tax.mills())
    .bind(refill.registers.ascending.mills())
    .bind(refill.registers.descending.mills())
    .bind(stored(refill.registers.pieces)?)
    .bind(refill.booked.as_microsecond())
    .bind(refill.reply)
    .fetch_one(tx)
    .await?;
    seals::note(&seals::REFILLS, &subject, &row)
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    sequence: u64,
    currency: Currency,
) -> Result<Option<BookedRefill>, StoreError> {
    let row = sqlx::query("SELECT * FROM refills WHERE meter = $1 AND sequence = $2")
        .bind(i64::from(meter.number()))
        .bind(stored(sequence)?)
        .fetch_optional(connection)
        .await?;
    row.map(|row| read(&Columns(row), currency)).transpose()
}

/// Every refill of a meter, in order.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Vec<BookedRefill>, StoreError> {
    let rows = sqlx::query("SELECT * FROM refills WHERE meter = $1 ORDER BY sequence")
        .bind(i64::from(meter.number()))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| read(&Columns(row), currency)).collect()
}

fn read(row: &Columns, currency: Currency) -> Result<BookedRefill, StoreError> {
    Ok(BookedRefill {
        meter: row.serial("meter")?,
        sequence: row.number("sequence")?,
        digest: row.hash("digest")?,
        amount: row.amount("amount", currency)?,
        tax: row.amount("tax", currency)?,
        registers: row.registers(currency)?,
        booked: row.instant("booked")?,
        reply: row.text("reply")?,
    })
}
