//! Seals: what every row of money was when it was written, so that a row that is altered, added or removed past this
//! program is found and named (REQ FUNDS-6, SEC-3).
//!
//! Whoever writes a row of a [`Book`] has the database give the row back (`RETURNING *`) and calls [`note`]; when the
//! [`Work`] has ended, what it noted becomes one seal for each subject it wrote about, in the same transaction.
//!
//! A seal is no secret: whoever can write the database and knows this file can write seals as well. What they cannot do is
//! change them under a head that was signed and taken elsewhere (`audit head`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{AnyConnection, AssertSqlSafe, Column, Row, TypeInfo, ValueRef};
use timbre_postage::{AccountNumber, MeterSerial};
use timbre_protocol::Hash;

use super::{StoreError, Work};

mod baseline;
mod books;
#[cfg(test)]
mod tests;

pub(crate) use baseline::Baseline;
pub(crate) use books::{
    AUDIT, BLOCKS, BOOKS, Book, By, CASE_EVENTS, CASES, CATALOGUES, CUSTOMERS, DEVICE_KEYS,
    INSPECTIONS, LOSSES, METERS, POSTINGS, RATE_TABLES, REFILLS, REFUNDED_MARKS, REPLACEMENTS,
    ROLE_KEYS, SPOILED_CLAIMS, TRANSFERS, WITHDRAWALS,
};

/// Whose rows are sealed together. The text of it is also the subject of the audit log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Subject {
    /// A meter.
    Meter(MeterSerial),
    /// A customer.
    Account(AccountNumber),
    /// Anything else by its name: `rates`, `catalogue timbre`.
    Name(String),
}

impl Subject {
    /// Reads back what is written.
    pub(crate) fn of(text: &str) -> Subject {
        let account = text.strip_prefix("account ").and_then(|number| number.parse().ok());
        // A name that merely looks like one of these is not what they would write.
        let meter = text.parse().map(Subject::Meter).ok();
        let read = meter.or_else(|| account.map(Subject::Account));
        let read = read.filter(|read| read.to_string() == text);
        read.unwrap_or_else(|| Subject::Name(text.to_owned()))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Meter(serial) => serial.fmt(f),
            Subject::Account(account) => write!(f, "account {account}"),
            Subject::Name(name) => f.write_str(name),
        }
    }
}

/// The rows that a work has written: subject, then table and row, with the row's digest.
type Noted = BTreeMap<String, BTreeMap<(&'static str, String), Hash>>;

tokio::task_local! {
    static NOTED: RefCell<Noted>;
}

/// Notes a row of the subject as the database now holds it. A row that is written again is sealed as it was last.
pub(crate) fn note(book: &Book, subject: &Subject, row: &AnyRow) -> Result<(), StoreError> {
    let (name, digest) = (name(book, row)?, digest(book, row)?);
    let noted = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        noted.entry(subject.to_string()).or_default().insert((book.table, name), digest);
    });
    noted.map_err(|_| StoreError::Fault(format!("{} is written outside of a work", book.table)))
}

/// Does the work and seals what it wrote.
pub(super) async fn sealed<W: Work>(
    work: &W,
    tx: &mut AnyConnection,
) -> Result<W::Output, StoreError> {
    let noting = async {
        let output = work.run(&mut *tx).await?;
        let noted = NOTED.with(RefCell::take);
        write(tx, noted).await?;
        Ok(output)
    };
    NOTED.scope(RefCell::default(), noting).await
}

/// One seal for each subject. The number follows the last: whoever writes about a subject holds its row.
async fn write(tx: &mut AnyConnection, noted: Noted) -> Result<(), StoreError> {
    if noted.is_empty() {
        return Ok(());
    }
    let arm = |index: usize| {
        let [subject, entries, digest] = [1, 2, 3].map(|parameter| index * 3 + parameter);
        format!(
            "SELECT ${subject}, COALESCE(MAX(sequence), 0) + 1, ${entries}, ${digest}
             FROM seals WHERE subject = ${subject}"
        )
    };
    let arms: Vec<String> = (0..noted.len()).map(arm).collect();
    let sql = format!(
        "INSERT INTO seals (subject, sequence, entries, digest) {}",
        arms.join(" UNION ALL ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (subject, rows) in noted {
        let entries: String = rows.iter().map(|((table, name), d)| line(table, name, d)).collect();
        let digest = seal_digest(&subject, &entries);
        query = query.bind(subject).bind(entries).bind(digest.to_vec());
    }
    query.execute(tx).await?;
    Ok(())
}

/// One row in a seal: the digest, the table, the row.
fn line(table: &str, name: &str, digest: &Hash) -> String {
    format!("{} {table} {name}\n", hex(digest))
}

/// Reads back the lines of a seal.
pub(crate) fn lines(entries: &str) -> impl Iterator<Item = Option<(&'static Book, &str, Hash)>> {
    entries.lines().map(|line| {
        let mut parts = line.splitn(3, ' ');
        let digest = unhex(parts.next()?)?;
        Some((Book::named(parts.next()?)?, parts.next()?, digest))
    })
}

/// What a seal says of itself.
pub(crate) fn seal_digest(subject: &str, entries: &str) -> Hash {
    let mut hash = Sha256::new_with_prefix(b"timbre seal 1");
    for text in [subject, entries] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

/// What a row is called: its key, `42/3`.
pub(crate) fn name(book: &Book, row: &AnyRow) -> Result<String, StoreError> {
    let part = |column: &&str| -> Result<String, StoreError> {
        match kind(row, column)? {
            AnyTypeInfoKind::Text => {
                row.try_get(*column).map_err(|error| StoreError::unreadable(column, error))
            }
            _ => {
                let number = row.try_get::<i64, _>(*column);
                number
                    .map(|number| number.to_string())
                    .map_err(|error| StoreError::unreadable(column, error))
            }
        }
    };
    let parts: Result<Vec<String>, StoreError> = book.key.iter().map(part).collect();
    Ok(parts?.join("/"))
}

/// SHA-256 over every column that holds something, by name, so that a column that is added later and left empty changes
/// nothing.
pub(crate) fn digest(book: &Book, row: &AnyRow) -> Result<Hash, StoreError> {
    let mut names: Vec<&str> = row.columns().iter().map(Column::name).collect();
    names.sort_unstable();
    let mut hash = Sha256::new_with_prefix(b"timbre row 1");
    let mut feed = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    feed(b'T', book.table.as_bytes());
    for name in names {
        let kind = kind(row, name)?;
        if kind == AnyTypeInfoKind::Null {
            continue;
        }
        feed(b'N', name.as_bytes());
        let unreadable = |error: sqlx::Error| StoreError::unreadable(name, error);
        match kind {
            AnyTypeInfoKind::Text => {
                feed(b't', row.try_get::<&str, _>(name).map_err(unreadable)?.as_bytes());
            }
            AnyTypeInfoKind::Blob => {
                feed(b'b', row.try_get::<&[u8], _>(name).map_err(unreadable)?);
            }
            AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
                feed(b'i', &row.try_get::<i64, _>(name).map_err(unreadable)?.to_be_bytes());
            }
            other => return Err(StoreError::unreadable(name, format!("it is of type {other:?}"))),
        }
    }
    Ok(hash.finalize().into())
}

fn kind(row: &AnyRow, column: &str) -> Result<AnyTypeInfoKind, StoreError> {
    let value = row.try_get_raw(column).map_err(|error| StoreError::unreadable(column, error))?;
    if value.is_null() {
        return Ok(AnyTypeInfoKind::Null);
    }
    let info = value.type_info();
    debug_assert!(!info.is_null());
    Ok(info.kind())
}

pub(crate) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// The rows of a book that belong to a subject, in order.
pub(crate) async fn rows(
    connection: &mut AnyConnection,
    book: &Book,
    subject: &Subject,
) -> Result<Vec<AnyRow>, StoreError> {
    let text = subject.to_string();
    let named = book.of_name(&text);
    let query = match (subject, named) {
        // The audit log is about any subject.
        (_, Some((sql, name))) => {
            let query = sqlx::query(AssertSqlSafe(sql));
            match name {
                Some(name) => query.bind(name.to_owned()),
                None => query,
            }
        }
        (Subject::Meter(serial), None) => match book.of_meter() {
            Some(sql) => sqlx::query(AssertSqlSafe(sql)).bind(i64::from(serial.number())),
            None => return Ok(Vec::new()),
        },
        (Subject::Account(account), None) => match book.of_account() {
            Some(sql) => sqlx::query(AssertSqlSafe(sql)).bind(i64::from(account.number())),
            None => return Ok(Vec::new()),
        },
        (Subject::Name(_), None) => return Ok(Vec::new()),
    };
    Ok(query.fetch_all(connection).await?)
}
