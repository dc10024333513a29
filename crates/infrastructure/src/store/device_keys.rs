//! The keys that each device signed with, and those that it proposed: a renewal is noted, and takes effect when the device
//! first signs with it. Kept for ever: what an old key signed stays verifiable for its time.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_key_store::PublicKey;
use timbre_postage::MeterSerial;
use timbre_protocol::Hash;

use super::StoreError;
use super::meters::Meter;
use super::row::Columns;
use super::seals::{self, Subject};

/// The keys of one generation of a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeviceKeys {
    pub(crate) generation: u32,
    pub(crate) device: PublicKey,
    pub(crate) indicium: PublicKey,
    /// When they were proposed; those of enrolment, when the meter was enrolled.
    pub(crate) renewed: Timestamp,
}

/// Every generation, oldest first; none of a device that never renewed its keys.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: MeterSerial,
) -> Result<Vec<DeviceKeys>, StoreError> {
    let rows = sqlx::query("SELECT * FROM device_keys WHERE meter = $1 ORDER BY generation")
        .bind(i64::from(meter.number()))
        .fetch_all(connection)
        .await?;
    let read = |row| {
        let row = Columns(row);
        Ok(DeviceKeys {
            generation: row.number("generation")?,
            device: row.key("device")?,
            indicium: row.key("indicium")?,
            renewed: row.instant("renewed")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// The keys that a device proposed and has not signed with yet.
pub(crate) async fn proposed(
    connection: &mut AnyConnection,
    meter: &Meter,
) -> Result<Option<DeviceKeys>, StoreError> {
    let last = of(connection, meter.serial).await?.pop();
    Ok(last.filter(|last| last.device != meter.device_key))
}

/// Notes the keys that a device, which must be locked, proposes: in the place of those that it proposed before and never
/// signed with. Says whether that is news.
pub(crate) async fn propose(
    tx: &mut AnyConnection,
    meter: &Meter,
    (device, indicium): (PublicKey, PublicKey),
    request: &Hash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = of(tx, meter.serial).await?;
    let in_use = known.iter().find(|keys| keys.device == meter.device_key);
    let generation = match (in_use, meter.indicium_key) {
        (Some(keys), _) => keys.generation,
        (None, Some(indicium)) => {
            let (device, renewed) = (meter.device_key, meter.enrolled);
            let first = DeviceKeys { generation: 1, device, indicium, renewed };
            write(tx, meter.serial, &first, &Hash::default()).await?;
            1
        }
        (None, None) => return Err(StoreError::Fault("a device without keys".to_owned())),
    };
    let before = known.iter().find(|keys| keys.generation == generation + 1);
    if before.is_some_and(|keys| keys.device == device && keys.indicium == indicium) {
        return Ok(false);
    }
    let new = DeviceKeys { generation: generation + 1, device, indicium, renewed: now };
    write(tx, meter.serial, &new, request).await?;
    Ok(true)
}

async fn write(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    keys: &DeviceKeys,
    request: &Hash,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO device_keys (meter, generation, device, indicium, renewed, digest)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (meter, generation) DO UPDATE SET device = $3, indicium = $4, renewed = $5, digest = $6
         RETURNING *",
    )
    .bind(i64::from(meter.number()))
    .bind(i64::from(keys.generation))
    .bind(keys.device.sec1().to_vec())
    .bind(keys.indicium.sec1().to_vec())
    .bind(keys.renewed.as_microsecond())
    .bind(request.to_vec())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::DEVICE_KEYS, &Subject::Meter(meter), &row)
}

/// The device of a meter, which must be locked, signs with these keys from now on.
pub(crate) async fn take_up(
    tx: &mut AnyConnection,
    meter: &mut Meter,
    keys: &DeviceKeys,
) -> Result<(), StoreError> {
    meter.device_key = keys.device;
    meter.indicium_key = Some(keys.indicium);
    let row = sqlx::query(
        "UPDATE meters SET device_key = $2, indicium_key = $3 WHERE serial = $1 RETURNING *",
    )
    .bind(i64::from(meter.serial.number()))
    .bind(keys.device.sec1().to_vec())
    .bind(keys.indicium.sec1().to_vec())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::METERS, &Subject::Meter(meter.serial), &row)
}
