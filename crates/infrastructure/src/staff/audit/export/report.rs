//! Two reports for reading: the trial balance and the journal, with amounts and dates as people write them.

use std::path::Path;

use futures_util::TryStreamExt as _;
use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_postage::Currency;

use super::file::CsvFile;
use super::selection::Selection;
use super::{ExportedFile, unwritten};
use crate::store::StoreError;
use crate::store::row::Columns;

/// Every account: what stood on it before the time that was asked for, what was gained and lost, what stands on it.
pub(super) async fn trial_balance(
    tx: &mut AnyConnection,
    folder: &Path,
    selection: &Selection,
) -> Result<ExportedFile, StoreError> {
    let start = selection.start();
    // Everything up to the end counts; what is before the start is the opening balance.
    let mut conditions = selection.between("t.booked");
    conditions.retain(|condition| condition.contains('<'));
    let sql = format!(
        "SELECT p.account, p.currency,
            CAST(SUM(CASE WHEN t.booked < {start} THEN p.amount ELSE 0 END) AS BIGINT) AS opening,
            CAST(SUM(CASE WHEN t.booked >= {start} AND p.amount > 0 THEN p.amount ELSE 0 END) AS BIGINT) AS gained,
            CAST(SUM(CASE WHEN t.booked >= {start} AND p.amount < 0 THEN p.amount ELSE 0 END) AS BIGINT) AS lost,
            CAST(SUM(p.amount) AS BIGINT) AS closing
         {}
         GROUP BY p.account, p.currency ORDER BY p.account, p.currency",
        from_postings(selection, conditions)
    );
    let heading = ["account", "currency", "opening", "gained", "lost", "closing"];
    let read = |row: &Columns| {
        let currency: Currency = row.parsed("currency")?;
        let money = |column| Ok::<_, StoreError>(row.amount(column, currency)?.decimal());
        Ok(vec![
            row.text("account")?,
            currency.code().to_owned(),
            money("opening")?,
            money("gained")?,
            money("lost")?,
            money("closing")?,
        ])
    };
    write(tx, folder, "reports/trial-balance.csv", &heading, sql, read).await
}

/// Every posting with its transfer, in the order of booking.
pub(super) async fn journal(
    tx: &mut AnyConnection,
    folder: &Path,
    selection: &Selection,
) -> Result<ExportedFile, StoreError> {
    let sql = format!(
        "SELECT t.booked, t.id, t.kind, t.customer, t.meter, t.memo, p.line, p.account, p.amount, p.currency
         {}
         ORDER BY t.booked, t.customer, t.id, p.line",
        from_postings(selection, selection.between("t.booked"))
    );
    let heading = [
        "booked", "customer", "transfer", "kind", "meter", "line", "account", "amount", "currency",
        "memo",
    ];
    let read = |row: &Columns| {
        let currency: Currency = row.parsed("currency")?;
        let meter = row.optional_integer("meter")?.map(|_| row.serial("meter")).transpose()?;
        Ok(vec![
            row.instant("booked")?.to_string(),
            row.account("customer")?.to_string(),
            row.text("id")?,
            row.text("kind")?,
            meter.map_or_else(String::new, |serial| serial.to_string()),
            row.integer("line")?.to_string(),
            row.text("account")?,
            row.amount("amount", currency)?.decimal(),
            currency.code().to_owned(),
            row.text("memo")?,
        ])
    };
    write(tx, folder, "reports/journal.csv", &heading, sql, read).await
}

fn from_postings(selection: &Selection, mut conditions: Vec<String>) -> String {
    conditions
        .extend(selection.filter.meter.map(|serial| format!("t.meter = {}", serial.number())));
    conditions.push("1 = 1".to_owned());
    format!(
        "FROM postings p JOIN transfers t ON t.customer = p.customer AND t.id = p.transfer WHERE {}",
        conditions.join(" AND ")
    )
}

async fn write(
    tx: &mut AnyConnection,
    folder: &Path,
    name: &str,
    heading: &[&str],
    sql: String,
    read: impl Fn(&Columns) -> Result<Vec<String>, StoreError>,
) -> Result<ExportedFile, StoreError> {
    let mut file = CsvFile::create(folder, name).map_err(|error| unwritten(name, &error))?;
    file.heading(heading)?;
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(tx);
    while let Some(row) = rows.try_next().await? {
        file.row(&read(&Columns(row))?)?;
    }
    drop(rows);
    file.finish().map_err(|error| unwritten(name, &error))
}
