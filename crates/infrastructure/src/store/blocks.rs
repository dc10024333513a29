//! The operational blocks that were issued, version by version: what each said, from when, by whom and why, and when the
//! device first showed that it obeys it. A line is added for each and never taken away: marks are judged by the block of
//! their day.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_postage::{Currency, MeterSerial, PostalCode};
use timbre_protocol::installation::InspectionPolicy;

use super::meters::{self, Meter, MeterLimits};
use super::row::Columns;
use super::seals::{self, Subject};
use super::{StoreError, audit};

/// One version of a meter's operational block.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BlockVersion {
    /// The meter.
    pub meter: MeterSerial,
    /// Its version, from 1.
    pub version: u32,
    /// Where the meter's mail is posted, as its marks say.
    pub postal_code: PostalCode,
    /// What it may refill, hold and print.
    pub limits: MeterLimits,
    /// How often its device is inspected.
    #[serde(serialize_with = "super::meters::policy")]
    pub policy: InspectionPolicy,
    /// The day of the month on which an inspection falls due, where it is not counted in days.
    pub due_day: Option<i8>,
    /// When it was issued.
    pub issued: Timestamp,
    /// By whom.
    pub who: String,
    /// Why.
    pub reason: String,
    /// When the device first showed that it obeys it; none while it has not come.
    pub confirmed: Option<Timestamp>,
}

/// Who issues a block, why and when.
#[derive(Clone, Debug)]
pub(crate) struct Issue<'a> {
    pub(crate) who: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) now: Timestamp,
}

/// Issues a new version of the block of a meter, which must be locked: the terms as they now stand in `meter`, and
/// whatever keys the deployment now signs with. The meter fetches it at its next contact by itself.
pub(crate) async fn issue(
    tx: &mut AnyConnection,
    meter: &mut Meter,
    issue: &Issue<'_>,
) -> Result<u32, StoreError> {
    meter.block_version += 1;
    let limits = &meter.limits;
    let row = sqlx::query(
        "UPDATE meters SET block_version = $2, postal_code = $3, minimum_refill = $4, maximum_refill = $5,
            maximum_descending = $6, maximum_postage = $7, high_value_warning = $8, interval_days = $9,
            warn_days = $10, grace_days = $11, due_day = $12, next_inspection = $13
         WHERE serial = $1 RETURNING *",
    )
    .bind(i64::from(meter.serial.number()))
    .bind(i64::from(meter.block_version))
    .bind(meter.postal_code.as_str().to_owned())
    .bind(limits.minimum_refill.mills())
    .bind(limits.maximum_refill.mills())
    .bind(limits.maximum_descending.mills())
    .bind(limits.maximum_postage.mills())
    .bind(limits.high_value_warning.mills())
    .bind(i64::from(meter.policy.interval_days))
    .bind(i64::from(meter.policy.warn_days))
    .bind(i64::from(meter.policy.grace_days))
    .bind(meter.due_day.map(i64::from))
    .bind(meter.next_inspection.map(|date| date.to_string()))
    .fetch_one(&mut *tx)
    .await?;
    seals::note(&seals::METERS, &Subject::Meter(meter.serial), &row)?;
    note(tx, meter, issue).await?;
    let detail = format!("version {}: {}", meter.block_version, issue.reason);
    let subject = meter.serial.to_string();
    audit::append(tx, &subject, issue.now, issue.who, "block-issued", detail).await?;
    Ok(meter.block_version)
}

/// Adds the line of the version that `meter` has now.
pub(crate) async fn note(
    tx: &mut AnyConnection,
    meter: &Meter,
    issue: &Issue<'_>,
) -> Result<(), StoreError> {
    let limits = &meter.limits;
    let row = sqlx::query(
        "INSERT INTO blocks (meter, version, postal_code, minimum_refill, maximum_refill, maximum_descending,
            maximum_postage, high_value_warning, interval_days, warn_days, grace_days, due_day, issued, who, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         RETURNING *",
    )
    .bind(i64::from(meter.serial.number()))
    .bind(i64::from(meter.block_version))
    .bind(meter.postal_code.as_str().to_owned())
    .bind(limits.minimum_refill.mills())
    .bind(limits.maximum_refill.mills())
    .bind(limits.maximum_descending.mills())
    .bind(limits.maximum_postage.mills())
    .bind(limits.high_value_warning.mills())
    .bind(i64::from(meter.policy.interval_days))
    .bind(i64::from(meter.policy.warn_days))
    .bind(i64::from(meter.policy.grace_days))
    .bind(meter.due_day.map(i64::from))
    .bind(issue.now.as_microsecond())
    .bind(issue.who.to_owned())
    .bind(issue.reason.to_owned())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::BLOCKS, &Subject::Meter(meter.serial), &row)
}

/// Notes that the device of a meter, which must be locked, has shown the block that it obeys. Says whether that was news;
/// the caller then writes the meter back.
pub(crate) async fn confirm(
    tx: &mut AnyConnection,
    meter: &mut Meter,
    version: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // A version that was never issued confirms nothing.
    if version <= meter.block_confirmed || version > meter.block_version {
        return Ok(false);
    }
    meter.block_confirmed = version;
    let row = sqlx::query(
        "UPDATE blocks SET confirmed = $3 WHERE meter = $1 AND version = $2 RETURNING *",
    )
    .bind(i64::from(meter.serial.number()))
    .bind(i64::from(version))
    .bind(now.as_microsecond())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::BLOCKS, &Subject::Meter(meter.serial), &row)?;
    Ok(true)
}

/// Every version of a meter's block, oldest first.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Vec<BlockVersion>, StoreError> {
    let rows = sqlx::query("SELECT * FROM blocks WHERE meter = $1 ORDER BY version")
        .bind(i64::from(meter.number()))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| read(&Columns(row), currency)).collect()
}

fn read(row: &Columns, currency: Currency) -> Result<BlockVersion, StoreError> {
    Ok(BlockVersion {
        meter: row.serial("meter")?,
        version: row.number("version")?,
        postal_code: row.parsed("postal_code")?,
        limits: meters::read_limits(row, currency)?,
        policy: meters::read_policy(row)?,
        due_day: row.optional_number("due_day")?,
        issued: row.instant("issued")?,
        who: row.text("who")?,
        reason: row.text("reason")?,
        confirmed: row.optional_instant("confirmed")?,
    })
}
