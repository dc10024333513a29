//! What customers set on their machines, as the machines tell it at power-on: kept for a machine that takes another's place.
//! Nothing here decides anything about money.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_postage::{Currency, MeterSerial};
use timbre_protocol::replacement::MachineSettings;

use super::StoreError;
use super::row::Columns;

pub(crate) async fn find(
    connection: &mut AnyConnection,
    meter: MeterSerial,
) -> Result<Option<MachineSettings>, StoreError> {
    let row = sqlx::query("SELECT * FROM machine_settings WHERE meter = $1")
        .bind(i64::from(meter.number()))
        .fetch_optional(connection)
        .await?
        .map(Columns);
    let read = |row: Columns| {
        let currency: Currency = row.parsed("currency")?;
        Ok(MachineSettings {
            automatic_refill: row.integer("automatic_refill")? != 0,
            refill_threshold: row.amount("refill_threshold", currency)?,
            refill_amount: row.amount("refill_amount", currency)?,
            language: row.text("language")?,
        })
    };
    row.map(read).transpose()
}

/// Keeps what a machine told; the last word counts.
pub(crate) async fn keep(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    settings: &MachineSettings,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO machine_settings (meter, automatic_refill, refill_threshold, refill_amount, currency, language, told)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (meter) DO UPDATE SET automatic_refill = excluded.automatic_refill,
            refill_threshold = excluded.refill_threshold, refill_amount = excluded.refill_amount,
            currency = excluded.currency, language = excluded.language, told = excluded.told",
    )
    .bind(i64::from(meter.number()))
    .bind(i64::from(settings.automatic_refill))
    .bind(settings.refill_threshold.mills())
    .bind(settings.refill_amount.mills())
    .bind(settings.refill_amount.currency().code())
    .bind(settings.language.clone())
    .bind(now.as_microsecond())
    .execute(tx)
    .await?;
    Ok(())
}
