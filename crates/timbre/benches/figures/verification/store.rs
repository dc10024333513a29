//! A store as it is after ninety days: a thousand meters in service, and marks of thousands of others, a hundred a day each.

use anyhow::Result;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use sqlx::{AnyPool, AssertSqlSafe};
use timbre_infrastructure::staff::{NewCustomer, NewMeter};
use timbre_infrastructure::{Config, MeterLimits, Staff};
use timbre_key_store::{KeyRole, KeyStore as _};
use timbre_postage::{Currency, Language};
use timbre_protocol::installation::InspectionPolicy;

use super::{Franker, METERS};
use crate::device::dollars;

pub(super) const POSTAL_CODE: &str = "T2P 1J9";
/// What each meter was refilled with.
pub(super) const FUNDS: i64 = 1_000_000;
const DAYS: usize = 90;
const A_DAY: usize = 100;

/// Enrols the meters and puts them in service as if each had been installed and refilled.
pub(super) async fn enrol(staff: &Staff, config: &Config, frankers: &[Franker]) -> Result<()> {
    let customer = NewCustomer {
        name: "Figures".to_owned(),
        postal_code: POSTAL_CODE.parse()?,
        language: Language::English,
        currency: Currency::Cad,
        credit_limit: dollars(0),
    };
    let account = staff.create_customer(customer).await?.account;
    for franker in frankers {
        let new = NewMeter {
            customer: account,
            serial: franker.serial,
            device_key: franker.keys.public_key(KeyRole::Device)?,
            indicium_key: Some(franker.keys.public_key(KeyRole::Indicium)?),
            postal_code: POSTAL_CODE.parse()?,
            limits: MeterLimits::usual(Currency::Cad),
            policy: InspectionPolicy { interval_days: 28, warn_days: 7, grace_days: 7 },
        };
        staff.enrol_meter(new).await?;
    }
    let pool = AnyPool::connect(&config.database.to_string()).await?;
    let funds = dollars(FUNDS).mills();
    let sql = format!("UPDATE meters SET state = 'installed', control_sum = {funds}");
    sqlx::query(AssertSqlSafe(sql)).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

/// Fills the tables of the last ninety days with `count` marks of other meters.
pub(super) async fn fill(config: &Config, count: usize) -> Result<()> {
    let pool = AnyPool::connect(&config.database.to_string()).await?;
    let postgres = config.database.to_string().starts_with("postgres");
    let meters = (count / DAYS / A_DAY).max(1);
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    for back in 0..DAYS {
        let day = today.checked_sub(i32::try_from(back)?.days())?.strftime("%Y%m%d").to_string();
        let clustered = if postgres { "" } else { "WITHOUT ROWID" };
        let first = (DAYS - back) * A_DAY;
        let numbers = |name: &str, from: usize, count: usize| {
            let last = from + count - 1;
            if postgres {
                format!("{name} AS (SELECT generate_series({from}, {last}) AS n)")
            } else {
                format!(
                    "{name} AS (SELECT {from} AS n UNION ALL SELECT n + 1 FROM {name} WHERE n < {last})"
                )
            }
        };
        let with = format!(
            "WITH RECURSIVE {}, {}",
            numbers("m", usize::try_from(METERS)? + 1, meters),
            numbers("p", first, A_DAY)
        );
        for sql in [
            format!("INSERT INTO mark_days (day) VALUES ({day})"),
            format!(
                "CREATE TABLE marks_{day} (
                    meter BIGINT NOT NULL, pieces BIGINT NOT NULL, fingerprint BIGINT NOT NULL,
                    ascending BIGINT NOT NULL, sorter BIGINT NOT NULL, scan TEXT NOT NULL, item TEXT,
                    at BIGINT NOT NULL, PRIMARY KEY (meter, pieces)) {clustered}"
            ),
            format!(
                "INSERT INTO marks_{day} {with}
                 SELECT m.n, p.n, m.n * 7919 + p.n, p.n * 1000, 1, 'f1-1234567', NULL, 1800000000000000
                 FROM m CROSS JOIN p"
            ),
            format!(
                "INSERT INTO mark_runs {with}
                 SELECT m.n, {day}, {first}, {first} * 1000, {first} + 99, ({first} + 99) * 1000
                 FROM m CROSS JOIN p WHERE p.n = {first}"
            ),
        ] {
            sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(&pool).await?;
        }
    }
    pool.close().await;
    Ok(())
}
