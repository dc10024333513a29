//! The withdrawals that were booked, at most one for each meter, with the reply it got: a request that comes again is
//! answered with those bytes.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_postage::{Amount, Currency, MeterSerial, PieceCount};
use timbre_protocol::Hash;

use super::StoreError;
use super::row::{Columns, stored};
use super::seals::{self, Subject};

/// A withdrawal as it was booked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BookedWithdrawal {
    /// The meter.
    pub meter: MeterSerial,
    /// The number of the device's attempt.
    pub sequence: u64,
    /// SHA-256 of what the device signed.
    #[serde(skip)]
    pub digest: Hash,
    /// What was taken back.
    pub amount: Amount,
    /// The ascending register, which does not change any more.
    pub ascending: Amount,
    /// How many pieces the device franked in its life.
    pub pieces: PieceCount,
    /// The last transaction record before it; the withdrawal's own is the next.
    pub record_sequence: u64,
    /// When it was booked.
    pub booked: Timestamp,
    /// The reply, to the byte.
    #[serde(skip)]
    pub reply: String,
}

pub(crate) async fn insert(
    tx: &mut AnyConnection,
    withdrawal: &BookedWithdrawal,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO withdrawals (meter, sequence, digest, amount, ascending, pieces, record_sequence, booked, reply)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         RETURNING *",
    )
    .bind(i64::from(withdrawal.meter.number()))
    .bind(stored(withdrawal.sequence)?)
    .bind(withdrawal.digest.to_vec())
    .bind(withdrawal.amount.mills())
    .bind(withdrawal.ascending.mills())
    .bind(stored(withdrawal.pieces)?)
    .bind(stored(withdrawal.record_sequence)?)
    .bind(withdrawal.booked.as_microsecond())
    .bind(withdrawal.reply.clone())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::WITHDRAWALS, &Subject::Meter(withdrawal.meter), &row)
}

/// The withdrawal of a meter, if it was withdrawn.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Option<BookedWithdrawal>, StoreError> {
    let row = sqlx::query("SELECT * FROM withdrawals WHERE meter = $1")
        .bind(i64::from(meter.number()))
        .fetch_optional(connection)
        .await?
        .map(Columns);
    let read = |row: Columns| {
        Ok(BookedWithdrawal {
            meter: row.serial("meter")?,
            sequence: row.number("sequence")?,
            digest: row.hash("digest")?,
            amount: row.amount("amount", currency)?,
            ascending: row.amount("ascending", currency)?,
            pieces: row.number("pieces")?,
            record_sequence: row.number("record_sequence")?,
            booked: row.instant("booked")?,
            reply: row.text("reply")?,
        })
    };
    row.map(read).transpose()
}
