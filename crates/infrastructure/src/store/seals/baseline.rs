//! The first seals of a database from before there were any: its rows are sealed as they are found, once, when its schema is
//! brought up to date, and the audit log says so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{BOOKS, Noted, Subject, digest, name, rows, write};
use crate::store::row::Columns;
use crate::store::{StoreError, Work, audit};

/// Rows in one seal: a seal stays small enough to be read.
const ROWS: usize = 500;

/// Seals what is there.
pub(crate) struct Baseline(pub(crate) Timestamp);

impl Work for Baseline {
    /// How many rows were sealed.
    type Output = u64;

    async fn run(&self, tx: &mut AnyConnection) -> Result<u64, StoreError> {
        let before = sqlx::query(
            "SELECT subject FROM seals UNION ALL SELECT subject FROM audit WHERE subject = 'books' LIMIT 1",
        );
        if before.fetch_optional(&mut *tx).await?.is_some() {
            return Ok(0);
        }
        let mut sealed = 0;
        for subject in subjects(tx).await? {
            for book in BOOKS {
                for chunk in rows(tx, book, &subject).await?.chunks(ROWS) {
                    let mut noted = BTreeMap::new();
                    for row in chunk {
                        noted.insert((book.table, name(book, row)?), digest(book, row)?);
                    }
                    sealed += noted.len() as u64;
                    write(tx, Noted::from([(subject.to_string(), noted)])).await?;
                }
            }
        }
        if sealed > 0 {
            let detail = format!("{sealed} rows were sealed as they were found");
            audit::append(tx, "books", self.0, "timbre", "sealed", detail).await?;
        }
        Ok(sealed)
    }
}

/// Everybody about whom there is a row.
async fn subjects(tx: &mut AnyConnection) -> Result<Vec<Subject>, StoreError> {
    let rows = sqlx::query(
        "SELECT 'm' AS kind, serial AS number, '' AS name FROM meters
         UNION SELECT 'a', account, '' FROM customers
         UNION SELECT 'n', 0, subject FROM audit
         UNION SELECT 'n', 0, 'catalogue ' || catalogue FROM catalogues
         UNION SELECT 'n', 0, 'rates' FROM rate_tables
         UNION SELECT 'n', 0, 'keys' FROM role_keys",
    )
    .fetch_all(tx)
    .await?;
    let read = |row| {
        let row = Columns(row);
        Ok(match row.text("kind")?.as_str() {
            "m" => Subject::Meter(row.serial("number")?),
            "a" => Subject::Account(row.account("number")?),
            _ => Subject::of(&row.text("name")?),
        })
    };
    let mut subjects = rows.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    subjects.sort();
    subjects.dedup();
    Ok(subjects)
}
