//! The nonces of recent sign-ins. One is kept as long as its time could still be taken; after that the clock refuses it.

use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use timbre_postage::MeterSerial;
use timbre_protocol::Nonce;

use super::StoreError;

/// Notes the nonce; false when the meter used it before.
pub(crate) async fn note(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    nonce: &Nonce,
    now: Timestamp,
    remembered: SignedDuration,
) -> Result<bool, StoreError> {
    let serial = i64::from(meter.number());
    let forgotten = now - remembered;
    sqlx::query("DELETE FROM sign_ins WHERE meter = $1 AND seen < $2")
        .bind(serial)
        .bind(forgotten.as_microsecond())
        .execute(&mut *tx)
        .await?;
    let inserted = sqlx::query(
        "INSERT INTO sign_ins (meter, nonce, seen) VALUES ($1, $2, $3) ON CONFLICT (meter, nonce) DO NOTHING",
    )
    .bind(serial)
    .bind(nonce.to_vec())
    .bind(now.as_microsecond())
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
