//! The fleet: who each meter is, what it may do, and where its books stand.
//!
//! One row per meter is the lock under which everything about that meter happens: [`lock`] is the first statement of
//! every transaction that changes it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_funds::MeterState;
use timbre_key_store::PublicKey;
use timbre_postage::{
    AccountNumber, Amount, Currency, IndiciaNumber, MeterSerial, PostalCode, Registers,
};
use timbre_protocol::Hash;
use timbre_protocol::inspection::SuspensionCause;
use timbre_protocol::inspection_profile::DueDate;
use timbre_protocol::installation::InspectionPolicy;

use super::StoreError;
use super::row::{Columns, chunks, placeholders, stored};
use super::seals::{self, Subject};

/// A meter as the provider knows it.
#[derive(Clone, Debug, Serialize)]
pub struct Meter {
    /// Its serial number.
    pub serial: MeterSerial,
    /// Whose it is.
    pub account: AccountNumber,
    /// Printed in its marks.
    pub indicia_number: IndiciaNumber,
    /// The key that signs its requests.
    pub device_key: PublicKey,
    /// The key that signs its marks; none until its device is installed, unless it was given at enrolment.
    pub indicium_key: Option<PublicKey>,
    /// Where its mail is posted.
    pub postal_code: PostalCode,
    /// The currency of its registers.
    pub currency: Currency,
    /// What it may refill, hold and print.
    pub limits: MeterLimits,
    /// How often its device is inspected.
    #[serde(serialize_with = "policy")]
    pub policy: InspectionPolicy,
    /// The day of the month on which an inspection falls due, where it is not counted in days.
    pub due_day: Option<i8>,
    /// Where it is in its life.
    #[serde(serialize_with = "state")]
    pub state: MeterState,
    /// Why it is in that state, where somebody said so.
    pub state_reason: Option<String>,
    /// Why it is suspended, as its operator is told.
    #[serde(serialize_with = "cause")]
    pub state_cause: Option<SuspensionCause>,
    /// Whether the last order that its device was given was to stop.
    pub told_to_stop: bool,
    /// The version of its operational block.
    pub block_version: u32,
    /// The version that its device has shown; 0 before it did. Where it is behind, the meter has not come yet.
    pub block_confirmed: u32,
    /// The number of the last refill booked.
    pub last_refill: u64,
    /// Everything ever refilled, less what was returned: what its control sum must be.
    pub control_sum: Amount,
    /// The number of the last inspection.
    pub last_inspection: u64,
    /// The day by which the next inspection is due; none before installation.
    pub next_inspection: Option<Date>,
    /// The registers it last showed.
    pub registers: Registers,
    /// The number of the last transaction record that is stored.
    pub record_sequence: u64,
    /// The chain value of that record.
    #[serde(serialize_with = "hexadecimal")]
    pub record_chain: Hash,
    /// When it was enrolled.
    pub enrolled: Timestamp,
}

impl Meter {
    /// The day by which the next inspection is due after one on `last`.
    #[must_use]
    pub fn inspection_due_after(&self, last: Date) -> Date {
        self.due_day
            .map_or(DueDate::AfterDays(self.policy.interval_days), DueDate::DayOfMonth)
            .after(last)
    }

    /// Whether the device waits for another order than the last it was given: to stop, or to go on.
    #[must_use]
    pub fn order_waits(&self) -> bool {
        match self.state {
            MeterState::Enrolled | MeterState::Withdrawn => false,
            MeterState::Installed => self.told_to_stop,
            MeterState::Suspended => !self.told_to_stop,
        }
    }
}

/// What a meter may refill, hold and print; all in the currency of its registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct MeterLimits {
    /// The least that can be refilled at once.
    pub minimum_refill: Amount,
    /// The most that can be refilled at once.
    pub maximum_refill: Amount,
    /// What the descending register may never exceed.
    pub maximum_descending: Amount,
    /// The most that one mark may be worth.
    pub maximum_postage: Amount,
    /// From this value on, the operator is asked whether a mark is meant.
    pub high_value_warning: Amount,
}

impl MeterLimits {
    /// What a meter of a mail room usually gets: refills of 10 to 10,000, 20,000 held at most, marks of up to 999.99 and a
    /// question from 100 on.
    #[must_use]
    pub const fn usual(currency: Currency) -> Self {
        const fn units(units: i64, currency: Currency) -> Amount {
            Amount::from_mills(units * 1000, currency)
        }
        MeterLimits {
            minimum_refill: units(10, currency),
            maximum_refill: units(10_000, currency),
            maximum_descending: units(20_000, currency),
            maximum_postage: Amount::from_mills(999_990, currency),
            high_value_warning: units(100, currency),
        }
    }
}

/// Reads back what [`MeterState::as_str`] wrote.
pub(super) fn state_of(text: &str) -> Result<MeterState, StoreError> {
    [MeterState::Enrolled, MeterState::Installed, MeterState::Suspended, MeterState::Withdrawn]
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| StoreError::unreadable("state", text))
}

fn cause_of(text: &str) -> Result<SuspensionCause, StoreError> {
    SuspensionCause::named(text).ok_or_else(|| StoreError::unreadable("state_cause", text))
}

fn state<S: serde::Serializer>(state: &MeterState, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(state.as_str())
}

pub(super) fn policy<S: serde::Serializer>(
    policy: &InspectionPolicy,
    out: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct;
    let mut fields = out.serialize_struct("InspectionPolicy", 3)?;
    fields.serialize_field("interval_days", &policy.interval_days)?;
    fields.serialize_field("warn_days", &policy.warn_days)?;
    fields.serialize_field("grace_days", &policy.grace_days)?;
    fields.end()
}

fn cause<S: serde::Serializer>(cause: &Option<SuspensionCause>, out: S) -> Result<S::Ok, S::Error> {
    match cause {
        Some(cause) => out.serialize_some(cause.as_str()),
        None => out.serialize_none(),
    }
}

pub(super) fn hexadecimal<S: serde::Serializer>(hash: &Hash, out: S) -> Result<S::Ok, S::Error> {
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    out.serialize_str(&digits)
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    serial: MeterSerial,
) -> Result<Option<Meter>, StoreError> {
    let row = sqlx::query("SELECT * FROM meters WHERE serial = $1")
        .bind(i64::from(serial.number()))
        .fetch_optional(connection)
        .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

/// Those of these meters that are enrolled, in no order.
pub(crate) async fn some(
    connection: &mut AnyConnection,
    serials: &[MeterSerial],
) -> Result<Vec<Meter>, StoreError> {
    let mut meters = Vec::with_capacity(serials.len());
    for some in chunks(serials) {
        let sql = format!("SELECT * FROM meters WHERE serial IN {}", placeholders(1, some.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for serial in some {
            query = query.bind(i64::from(serial.number()));
        }
        for row in query.fetch_all(&mut *connection).await? {
            meters.push(read(&Columns(row))?);
        }
    }
    Ok(meters)
}

/// The meter, held against every other transaction until this one ends.
pub(crate) async fn lock(
    tx: &mut AnyConnection,
    serial: MeterSerial,
) -> Result<Option<Meter>, StoreError> {
    // Setting a column to itself takes the row's lock on both databases; SQLite knows no FOR UPDATE.
    let row = sqlx::query("UPDATE meters SET serial = serial WHERE serial = $1 RETURNING *")
        .bind(i64::from(serial.number()))
        .fetch_optional(tx)
        .await?;
    row.map(|row| read(&Columns(row))).transpose()
}

pub(crate) async fn all(connection: &mut AnyConnection) -> Result<Vec<Meter>, StoreError> {
    let rows = sqlx::query("SELECT * FROM meters ORDER BY serial").fetch_all(connection).await?;
    rows.into_iter().map(|row| read(&Columns(row))).collect()
}

/// The serial numbers after one, in order, at most so many: a fleet is gone through without holding it.
pub(crate) async fn serials_after(
    connection: &mut AnyConnection,
    after: Option<MeterSerial>,
    most: u32,
) -> Result<Vec<MeterSerial>, StoreError> {
    let rows = sqlx::query("SELECT serial FROM meters WHERE serial > $1 ORDER BY serial LIMIT $2")
        .bind(after.map_or(-1, |serial| i64::from(serial.number())))
        .bind(i64::from(most))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| Columns(row).serial("serial")).collect()
}

pub(crate) async fn insert(tx: &mut AnyConnection, meter: &Meter) -> Result<(), StoreError> {
    let limits = &meter.limits;
    let row = sqlx::query(
        "INSERT INTO meters (serial, account, indicia_number, device_key, indicium_key, postal_code, currency,
            minimum_refill, maximum_refill, maximum_descending, maximum_postage, high_value_warning,
            interval_days, warn_days, grace_days, state, state_reason, block_version, last_refill, control_sum,
            last_inspection, next_inspection, ascending, descending, pieces, record_sequence, record_chain, enrolled,
            due_day, block_confirmed, told_to_stop, state_cause)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)
         RETURNING *",
    )
    .bind(i64::from(meter.serial.number()))
    .bind(i64::from(meter.account.number()))
    .bind(i64::from(meter.indicia_number.number()))
    .bind(meter.device_key.sec1().to_vec())
    .bind(meter.indicium_key.map(|key| key.sec1().to_vec()))
    .bind(meter.postal_code.as_str().to_owned())
    .bind(meter.currency.code())
    .bind(limits.minimum_refill.mills())
    .bind(limits.maximum_refill.mills())
    .bind(limits.maximum_descending.mills())
    .bind(limits.maximum_postage.mills())
    .bind(limits.high_value_warning.mills())
    .bind(i64::from(meter.policy.interval_days))
    .bind(i64::from(meter.policy.warn_days))
    .bind(i64::from(meter.policy.grace_days))
    .bind(meter.state.as_str())
    .bind(meter.state_reason.clone())
    .bind(i64::from(meter.block_version))
    .bind(stored(meter.last_refill)?)
    .bind(meter.control_sum.mills())
    .bind(stored(meter.last_inspection)?)
    .bind(meter.next_inspection.map(|date| date.to_string()))
    .bind(meter.registers.ascending.mills())
    .bind(meter.registers.descending.mills())
    .bind(stored(meter.registers.pieces)?)
    .bind(stored(meter.record_sequence)?)
    .bind(meter.record_chain.to_vec())
    .bind(meter.enrolled.as_microsecond())
    .bind(meter.due_day.map(i64::from))
    .bind(nonzero(meter.block_confirmed.into()))
    .bind(nonzero(meter.told_to_stop.into()))
    .bind(meter.state_cause.map(SuspensionCause::as_str))
    .fetch_one(tx)
    .await?;
    seals::note(&seals::METERS, &Subject::Meter(meter.serial), &row)
}

/// Writes back what changes in a meter's life; its identity, keys of enrolment and owner stay as they are.
pub(crate) async fn update(tx: &mut AnyConnection, meter: &Meter) -> Result<(), StoreError> {
    let row = sqlx::query(
        "UPDATE meters SET indicium_key = $2, state = $3, state_reason = $4, block_version = $5, last_refill = $6,
            control_sum = $7, last_inspection = $8, next_inspection = $9, ascending = $10, descending = $11,
            pieces = $12, record_sequence = $13, record_chain = $14, block_confirmed = $15, told_to_stop = $16,
            state_cause = $17
         WHERE serial = $1 RETURNING *",
    )
    .bind(i64::from(meter.serial.number()))
    .bind(meter.indicium_key.map(|key| key.sec1().to_vec()))
    .bind(meter.state.as_str())
    .bind(meter.state_reason.clone())
    .bind(i64::from(meter.block_version))
    .bind(stored(meter.last_refill)?)
    .bind(meter.control_sum.mills())
    .bind(stored(meter.last_inspection)?)
    .bind(meter.next_inspection.map(|date| date.to_string()))
    .bind(meter.registers.ascending.mills())
    .bind(meter.registers.descending.mills())
    .bind(stored(meter.registers.pieces)?)
    .bind(stored(meter.record_sequence)?)
    .bind(meter.record_chain.to_vec())
    .bind(nonzero(meter.block_confirmed.into()))
    .bind(nonzero(meter.told_to_stop.into()))
    .bind(meter.state_cause.map(SuspensionCause::as_str))
    .fetch_one(tx)
    .await?;
    seals::note(&seals::METERS, &Subject::Meter(meter.serial), &row)
}

/// A column that came later is empty where there is nothing to say, so that the seals of rows of before still hold.
fn nonzero(number: i64) -> Option<i64> {
    (number != 0).then_some(number)
}

/// The limits, which a meter and each version of its block keep in columns of the same names.
pub(super) fn read_limits(row: &Columns, currency: Currency) -> Result<MeterLimits, StoreError> {
    Ok(MeterLimits {
        minimum_refill: row.amount("minimum_refill", currency)?,
        maximum_refill: row.amount("maximum_refill", currency)?,
        maximum_descending: row.amount("maximum_descending", currency)?,
        maximum_postage: row.amount("maximum_postage", currency)?,
        high_value_warning: row.amount("high_value_warning", currency)?,
    })
}

/// The inspection policy, likewise.
pub(super) fn read_policy(row: &Columns) -> Result<InspectionPolicy, StoreError> {
    Ok(InspectionPolicy {
        interval_days: row.number("interval_days")?,
        warn_days: row.number("warn_days")?,
        grace_days: row.number("grace_days")?,
    })
}

fn read(row: &Columns) -> Result<Meter, StoreError> {
    let currency: Currency = row.parsed("currency")?;
    let indicia = IndiciaNumber::new(row.number("indicia_number")?);
    Ok(Meter {
        serial: row.serial("serial")?,
        account: row.account("account")?,
        indicia_number: indicia.map_err(|error| StoreError::unreadable("indicia_number", error))?,
        device_key: row.key("device_key")?,
        indicium_key: row.optional_key("indicium_key")?,
        postal_code: row.parsed("postal_code")?,
        currency,
        limits: read_limits(row, currency)?,
        policy: read_policy(row)?,
        due_day: row.optional_number("due_day")?,
        state: state_of(&row.text("state")?)?,
        state_reason: row.optional_text("state_reason")?,
        state_cause: row.optional_text("state_cause")?.map(|name| cause_of(&name)).transpose()?,
        told_to_stop: row.optional_integer("told_to_stop")?.is_some(),
        block_version: row.number("block_version")?,
        block_confirmed: row.optional_number("block_confirmed")?.unwrap_or_default(),
        last_refill: row.number("last_refill")?,
        control_sum: row.amount("control_sum", currency)?,
        last_inspection: row.number("last_inspection")?,
        next_inspection: row.optional_parsed("next_inspection")?,
        registers: row.registers(currency)?,
        record_sequence: row.number("record_sequence")?,
        record_chain: row.hash("record_chain")?,
        enrolled: row.instant("enrolled")?,
    })
}
