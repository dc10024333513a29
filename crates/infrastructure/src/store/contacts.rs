//! The last contact of each meter: by the number that it presented and the one that it was given, a copy or an earlier
//! state of it is found out at the next.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::contact::Remembered;
use timbre_key_store::{KeyId, KeyRole};
use timbre_postage::MeterSerial;

use super::StoreError;
use super::row::{Columns, stored};

/// When and from where a meter last signed in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Contact {
    /// The meter.
    pub meter: MeterSerial,
    /// When.
    pub at: Timestamp,
    /// The address it came from: its own, or that of whoever translates it.
    pub address: String,
}

/// A meter's last contact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LastContact {
    pub(crate) remembered: Remembered,
    /// The key that the device then took for the funds server's.
    pub(crate) funds_key: KeyId,
    /// The key that the device then took for that of the rates.
    pub(crate) rates_key: KeyId,
    /// Where it came from.
    pub(crate) address: String,
    /// When, by our clock.
    pub(crate) at: Timestamp,
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    meter: MeterSerial,
) -> Result<Option<LastContact>, StoreError> {
    let row = sqlx::query("SELECT * FROM contacts WHERE meter = $1")
        .bind(i64::from(meter.number()))
        .fetch_optional(connection)
        .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

/// Remembers a contact in place of the one before.
pub(crate) async fn remember(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    contact: &LastContact,
) -> Result<(), StoreError> {
    let Remembered { confirmed, issued, newest, history: (record, chain) } = contact.remembered;
    sqlx::query(
        "INSERT INTO contacts (meter, confirmed, issued, newest, record_sequence, record_chain, funds_key, rates_key,
            address, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (meter) DO UPDATE SET confirmed = $2, issued = $3, newest = $4, record_sequence = $5,
            record_chain = $6, funds_key = $7, rates_key = $8, address = $9, at = $10",
    )
    .bind(i64::from(meter.number()))
    .bind(stored(confirmed)?)
    .bind(stored(issued)?)
    .bind(newest.as_microsecond())
    .bind(stored(record)?)
    .bind(chain.to_vec())
    .bind(contact.funds_key.to_string())
    .bind(contact.rates_key.to_string())
    .bind(contact.address.clone())
    .bind(contact.at.as_microsecond())
    .execute(tx)
    .await?;
    Ok(())
}

/// The last contact of every meter that counts them.
pub(crate) async fn all(connection: &mut AnyConnection) -> Result<Vec<Contact>, StoreError> {
    let rows = sqlx::query("SELECT meter, at, address FROM contacts ORDER BY meter")
        .fetch_all(connection)
        .await?;
    let read = |row| {
        let row = Columns(row);
        let meter = row.serial("meter")?;
        Ok(Contact { meter, at: row.instant("at")?, address: row.text("address")? })
    };
    rows.into_iter().map(read).collect()
}

/// Forgets what is remembered, so that the next contact is taken as the first.
pub(crate) async fn forget(tx: &mut AnyConnection, meter: MeterSerial) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM contacts WHERE meter = $1")
        .bind(i64::from(meter.number()))
        .execute(tx)
        .await?;
    Ok(())
}

fn read(row: &Columns) -> Result<LastContact, StoreError> {
    Ok(LastContact {
        remembered: Remembered {
            confirmed: row.number("confirmed")?,
            issued: row.number("issued")?,
            newest: row.instant("newest")?,
            history: (row.number("record_sequence")?, row.hash("record_chain")?),
        },
        funds_key: row.parsed("funds_key")?,
        rates_key: row.parsed("rates_key")?,
        address: row.text("address")?,
        at: row.instant("at")?,
    })
}

/// How many meters believed this key of the role when they last signed in.
pub(crate) async fn believing(
    connection: &mut AnyConnection,
    role: KeyRole,
    id: KeyId,
) -> Result<u64, StoreError> {
    let query = match role {
        KeyRole::Rates => "SELECT COUNT(*) AS meters FROM contacts WHERE rates_key = $1",
        _ => "SELECT COUNT(*) AS meters FROM contacts WHERE funds_key = $1",
    };
    let row = sqlx::query(query).bind(id.to_string()).fetch_one(connection).await?;
    Columns(row).number("meters")
}
