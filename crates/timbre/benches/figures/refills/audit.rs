//! The audit of the books that the refills have filled: every row against its seal, beside reading the same rows through
//! the same library and looking at none of them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use timbre_infrastructure::{DatabaseUrl, Running};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Quantity};

const ROUNDS: usize = 5;

/// Rows verified per second, on the database that `running` serves.
pub(super) fn audit(
    name: &str,
    runtime: &Runtime,
    running: &Running,
    database: &DatabaseUrl,
    url: Option<&str>,
) -> Result<Figure> {
    let staff = running.staff("figures");
    let plain = database.to_string();
    let mut connection = runtime.block_on(AnyConnection::connect(url.unwrap_or(&plain)))?;
    let (mut rows, mut verified, mut read) = (0, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let found = runtime.block_on(staff.verify_books(None, None))?;
        verified = verified.min(start.elapsed());
        ensure!(found.intact, "the books are not intact: {:?}", found.damages);
        rows = found.rows.values().sum::<u64>() + found.seals;
        let start = Instant::now();
        for table in found.rows.keys().map(String::as_str).chain(["seals"]) {
            let all = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}")));
            runtime.block_on(all.fetch_all(&mut connection))?;
        }
        read = read.min(start.elapsed());
    }
    let rate = |time: Duration| Quantity::PerSecond(rows as f64 / time.as_secs_f64());
    let what = format!("rows verified by the audit on {name}, of {rows}");
    Ok(Figure::new(what, rate(verified)).beside("SELECT * of the same rows", rate(read)))
}
