//! The transaction records that meters uploaded, to the field: what they are chained over is what is stored.

use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_postage::{Currency, MeterSerial, PieceCount, Registers};
use timbre_protocol::Hash;
use timbre_protocol::transaction_upload::{RecordKind, TransactionRecord};

use super::StoreError;
use super::row::{Columns, placeholders, stored};

const INSERT: &str = "INSERT INTO records (meter, sequence, made, kind, amount, ascending, descending, pieces,
    product, weight_mg, destination, service, cost_account, reference, mark_date, rate_table, chain) VALUES";
const COLUMNS: usize = 17;
/// Rows in one statement: enough to make the round trip small beside the rows, far from any limit on parameters.
const ROWS: usize = 100;

const KINDS: [(RecordKind, &str); 6] = [
    (RecordKind::Installation, "installation"),
    (RecordKind::Refill, "refill"),
    (RecordKind::Debit, "debit"),
    (RecordKind::Reprint, "reprint"),
    (RecordKind::Inspection, "inspection"),
    (RecordKind::Withdrawal, "withdrawal"),
];

pub(crate) async fn insert(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    records: &[TransactionRecord],
) -> Result<(), StoreError> {
    for rows in records.chunks(ROWS) {
        let sql = format!("{INSERT} {}", placeholders(rows.len(), COLUMNS));
        // Only the text for full chunks is worth keeping prepared.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(rows.len() == ROWS);
        for record in rows {
            query = query
                .bind(i64::from(meter.number()))
                .bind(stored(record.sequence)?)
                .bind(record.time.to_string())
                .bind(kind_text(record.kind))
                .bind(record.amount.mills())
                .bind(record.ascending.mills())
                .bind(record.descending.mills())
                .bind(stored(record.pieces)?)
                .bind(record.product.map(i64::from))
                .bind(record.weight_mg.map(i64::from))
                .bind(record.destination.map(|country| country.to_string()))
                .bind(record.service.clone())
                .bind(record.account.clone())
                .bind(record.reference.clone())
                .bind(record.mark_date.map(|date| date.to_string()))
                .bind(record.table.clone())
                .bind(record.chain.to_vec());
        }
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// The chain values of the stored records from `first` to `last`, in order.
pub(crate) async fn chains(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    first: u64,
    last: u64,
) -> Result<Vec<(u64, Hash)>, StoreError> {
    let rows = sqlx::query(
        "SELECT sequence, chain FROM records WHERE meter = $1 AND sequence BETWEEN $2 AND $3 ORDER BY sequence",
    )
    .bind(i64::from(meter.number()))
    .bind(stored(first)?)
    .bind(stored(last)?)
    .fetch_all(connection)
    .await?;
    let read = |row| {
        let row = Columns(row);
        Ok((row.number("sequence")?, row.hash("chain")?))
    };
    rows.into_iter().map(read).collect()
}

/// The registers after one stored record.
pub(crate) async fn registers_after(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    sequence: u64,
    currency: Currency,
) -> Result<Option<Registers>, StoreError> {
    let row = sqlx::query(
        "SELECT ascending, descending, pieces FROM records WHERE meter = $1 AND sequence = $2",
    )
    .bind(i64::from(meter.number()))
    .bind(stored(sequence)?)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Columns(row).registers(currency)).transpose()
}

/// Every stored record of a meter, in order.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
) -> Result<Vec<TransactionRecord>, StoreError> {
    let rows = sqlx::query("SELECT * FROM records WHERE meter = $1 ORDER BY sequence")
        .bind(i64::from(meter.number()))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| read(&Columns(row), currency)).collect()
}

/// The stored records after a number, in order, at most so many.
pub(crate) async fn page(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    currency: Currency,
    after: u64,
    most: u32,
) -> Result<Vec<TransactionRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM records WHERE meter = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
    )
    .bind(i64::from(meter.number()))
    .bind(stored(after)?)
    .bind(i64::from(most))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| read(&Columns(row), currency)).collect()
}

/// The record that paid for the meter's piece of this count.
pub(crate) async fn of_piece(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    pieces: PieceCount,
    currency: Currency,
) -> Result<Option<TransactionRecord>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM records WHERE meter = $1 AND pieces = $2 AND kind = 'debit' ORDER BY sequence LIMIT 1",
    )
    .bind(i64::from(meter.number()))
    .bind(stored(pieces)?)
    .fetch_optional(connection)
    .await?;
    row.map(|row| read(&Columns(row), currency)).transpose()
}

fn kind_text(kind: RecordKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, text)| text)
}

fn read(row: &Columns, currency: Currency) -> Result<TransactionRecord, StoreError> {
    let kind = row.text("kind")?;
    let (kind, _) = KINDS
        .iter()
        .find(|(_, text)| *text == kind)
        .ok_or_else(|| StoreError::unreadable("kind", kind))?;
    Ok(TransactionRecord {
        sequence: row.number("sequence")?,
        time: row.parsed("made")?,
        kind: *kind,
        amount: row.amount("amount", currency)?,
        ascending: row.amount("ascending", currency)?,
        descending: row.amount("descending", currency)?,
        pieces: row.number("pieces")?,
        product: row.optional_number("product")?,
        weight_mg: row.optional_number("weight_mg")?,
        destination: row.optional_parsed("destination")?,
        service: row.optional_text("service")?,
        account: row.optional_text("cost_account")?,
        reference: row.optional_text("reference")?,
        mark_date: row.optional_parsed("mark_date")?,
        table: row.optional_text("rate_table")?,
        chain: row.hash("chain")?,
    })
}
