//! One file of an export: written row by row, hashed on the way, flushed to the disk at its end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use futures_util::TryStreamExt as _;
use sha2::{Digest, Sha256};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{AnyConnection, AssertSqlSafe, Column, Row, ValueRef};

use super::{ExportedFile, unwritten};
use crate::store::StoreError;

/// What each column of a table holds.
pub(super) type Columns = BTreeMap<String, &'static str>;

/// Stands for a value that is not there, as PostgreSQL’s own COPY writes it.
const NOTHING: &str = "\\N";

/// A table on its way to the disk.
pub(super) struct CsvFile {
    name: String,
    out: csv::Writer<Hashing>,
    rows: u64,
    columns: Columns,
}

/// A file that is hashed while it is written.
struct Hashing {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl CsvFile {
    pub(super) fn create(folder: &Path, name: &str) -> io::Result<CsvFile> {
        let file = BufWriter::new(File::create_new(folder.join(name))?);
        let hashing = Hashing { file, hash: Sha256::new(), bytes: 0 };
        let out = csv::Writer::from_writer(hashing);
        Ok(CsvFile { name: name.to_owned(), out, rows: 0, columns: Columns::new() })
    }

    pub(super) fn heading(&mut self, names: &[&str]) -> Result<(), StoreError> {
        self.out.write_record(names).map_err(|error| unwritten(&self.name, &error))
    }

    pub(super) fn row(&mut self, values: &[String]) -> Result<(), StoreError> {
        self.rows += 1;
        self.out.write_record(values).map_err(|error| unwritten(&self.name, &error))
    }

    /// Every row of a query as it is in the database, one at a time.
    pub(super) async fn copy(
        &mut self,
        tx: &mut AnyConnection,
        sql: String,
    ) -> Result<(), StoreError> {
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(tx);
        while let Some(row) = rows.try_next().await? {
            if self.rows == 0 {
                let names: Vec<&str> = row.columns().iter().map(Column::name).collect();
                self.heading(&names)?;
            }
            let values: Result<Vec<String>, StoreError> =
                row.columns().iter().map(|column| self.value(&row, column.name())).collect();
            self.row(&values?)?;
        }
        Ok(())
    }

    fn value(&mut self, row: &AnyRow, name: &str) -> Result<String, StoreError> {
        let unreadable = |error: sqlx::Error| StoreError::unreadable(name, error);
        let value = row.try_get_raw(name).map_err(unreadable)?;
        if value.is_null() {
            return Ok(NOTHING.to_owned());
        }
        let kind = value.type_info().kind();
        let (holds, text) = match kind {
            AnyTypeInfoKind::Text => ("text", row.try_get::<String, _>(name).map_err(unreadable)?),
            AnyTypeInfoKind::Blob => {
                let bytes = row.try_get::<&[u8], _>(name).map_err(unreadable)?;
                ("bytes", bytes.iter().map(|byte| format!("{byte:02x}")).collect())
            }
            AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
                ("integer", row.try_get::<i64, _>(name).map_err(unreadable)?.to_string())
            }
            other => return Err(StoreError::unreadable(name, format!("of type {other:?}"))),
        };
        self.columns.entry(name.to_owned()).or_insert(holds);
        Ok(text)
    }

    /// Flushes it to the disk.
    pub(super) fn finish(self) -> io::Result<ExportedFile> {
        let hashing = self.out.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        let Hashing { file, hash, bytes } = hashing;
        file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        Ok(ExportedFile {
            file: self.name,
            rows: Some(self.rows),
            bytes,
            sha256: hexadecimal(&hash.finalize()),
            key: &[],
            columns: self.columns,
        })
    }
}

/// Writes a text.
pub(super) fn plain(folder: &Path, name: &str, text: &str) -> io::Result<ExportedFile> {
    let mut file = File::create_new(folder.join(name))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(ExportedFile {
        file: name.to_owned(),
        rows: None,
        bytes: text.len() as u64,
        sha256: hexadecimal(&Sha256::digest(text)),
        key: &[],
        columns: Columns::new(),
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
