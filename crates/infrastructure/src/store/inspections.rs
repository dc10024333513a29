//! What devices showed at their inspections. The same number may be used again, for a meter that never got the reply:
//! each attempt is kept.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_postage::{Amount, Currency, MeterSerial, Registers};
use timbre_protocol::Hash;

use super::StoreError;
use super::row::{Columns, stored};
use super::seals::{self, Subject};

/// What a device showed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct InspectionRecord {
    /// The meter.
    pub meter: MeterSerial,
    /// The number of the inspection.
    pub sequence: u64,
    /// The attempt under that number, from 1.
    pub attempt: u64,
    /// SHA-256 of what the device signed.
    #[serde(skip)]
    pub digest: Hash,
    /// Its registers.
    pub registers: Registers,
    /// Its control sum, as it keeps it apart from them.
    pub control_sum: Amount,
    /// The number of the last refill it applied.
    pub last_refill: u64,
    /// The number of its last transaction record.
    pub record_sequence: u64,
    /// The chain value of that record.
    #[serde(serialize_with = "super::meters::hexadecimal")]
    pub record_chain: Hash,
    /// When.
    pub made: Timestamp,
    /// The reply, to the byte.
    #[serde(skip)]
    pub reply: String,
}

pub(crate) async fn insert(
    tx: &mut AnyConnection,
    inspection: InspectionRecord,
) -> Result<(), StoreError> {
    let subject = Subject::Meter(inspection.meter);
    let row = sqlx::query(
        "INSERT INTO inspections (meter, sequence, attempt, digest, ascending, descending, pieces, control_sum,
            last_refill, record_sequence, record_chain, made, reply)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         RETURNING *",
    )
    .bind(i64::from(inspection.meter.number()))
    .bind(stored(inspection.sequence)?)
    .bind(stored(inspection.attempt)?)
    .bind(inspection.digest.to_vec())
    .bind(inspection.registers.ascending.mills())
    .bind(inspection.registers.descending.mills())
    .bind(stored(inspection.registers.pieces)?)
    .bind(inspection.control_sum.mills())
    .bind(stored(inspection.last_refill)?)
    .bind(stored(inspection.record_sequence)?)
    .bind(inspection.record_chain.to_vec())
    .bind(inspection.made.as_microsecond())
    .bind(inspection.reply)
    .fetch_one(tx)
    .await?;
    seals::note(&seals::INSPECTIONS, &subject, &row)
}

/// The last inspection of a meter.
pub(crate) async fn last(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Option<InspectionRecord>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM inspections WHERE meter = $1 ORDER BY sequence DESC, attempt DESC LIMIT 1",
    )
    .bind(i64::from(meter.number()))
    .fetch_optional(connection)
    .await?;
    row.map(|row| read(&Columns(row), currency)).transpose()
}

/// Every inspection of a meter, oldest first.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Vec<InspectionRecord>, StoreError> {
    let rows = sqlx::query("SELECT * FROM inspections WHERE meter = $1 ORDER BY sequence, attempt")
        .bind(i64::from(meter.number()))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| read(&Columns(row), currency)).collect()
}

fn read(row: &Columns, currency: Currency) -> Result<InspectionRecord, StoreError> {
    Ok(InspectionRecord {
        meter: row.serial("meter")?,
        sequence: row.number("sequence")?,
        attempt: row.number("attempt")?,
        digest: row.hash("digest")?,
        registers: row.registers(currency)?,
        control_sum: row.amount("control_sum", currency)?,
        last_refill: row.number("last_refill")?,
        record_sequence: row.number("record_sequence")?,
        record_chain: row.hash("record_chain")?,
        made: row.instant("made")?,
        reply: row.text("reply")?,
    })
}
