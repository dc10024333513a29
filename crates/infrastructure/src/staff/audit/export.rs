//! `audit export`: a copy of the books that an auditor checks without this program, from one state of the database. Tables
//! as they are, two reports for reading, the signed head, a manifest with the SHA-256 of every file, signed, and a script
//! and a text that say how to check it all.
//!
//! A folder that holds something is refused: an export is never mixed with another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_key_store::{KeyRole, KeyStore as _, PublicKey};
use timbre_postage::MeterSerial;

use super::{Progress, Watcher, tables};
use crate::staff::{Staff, StaffError};
use crate::store::seals::{BOOKS, Book};
use crate::store::{StoreError, Work};

mod file;
mod openssl;
mod report;
mod selection;

use file::{Columns, CsvFile};
use selection::Selection;

const README: &str = include_str!("export/README.md");
const SCRIPT: &str = include_str!("export/verify.py");

/// Tables that an auditor of the money has no use for.
const LEFT_OUT: [&str; 1] = ["catalogues"];

/// What is exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ExportFilter {
    /// From this day on, in universal time.
    pub from: Option<Date>,
    /// Up to and with this day.
    pub to: Option<Date>,
    /// Of this meter alone.
    pub meter: Option<MeterSerial>,
}

/// What an export holds: the content of `manifest.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Manifest {
    /// The format of the folder.
    pub format: &'static str,
    /// When it was taken.
    pub taken: Timestamp,
    /// The database that it was taken from.
    pub engine: &'static str,
    /// What was asked for.
    pub filter: ExportFilter,
    /// The root of the head in `head.txt`.
    pub head: String,
    /// The files.
    pub files: Vec<ExportedFile>,
}

/// One file of an export.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExportedFile {
    /// Its name in the folder.
    pub file: String,
    /// How many rows, without the heading; none for what is no table.
    pub rows: Option<u64>,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: String,
    /// Its key, which names a row in a seal; none for what is not sealed row by row.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub key: &'static [&'static str],
    /// What its columns hold, where they do: `integer`, `text`, `bytes` in hexadecimal.
    #[serde(skip_serializing_if = "Columns::is_empty")]
    pub columns: Columns,
}

impl Staff {
    /// Exports the books to a new or empty folder.
    ///
    /// # Errors
    /// [`StaffError::Export`] for the folder, or a fault of the store or the keys.
    pub async fn export_books(
        &self,
        folder: &Path,
        filter: ExportFilter,
        watcher: Option<Watcher>,
    ) -> Result<Manifest, StaffError> {
        let fault = |error: io::Error| StaffError::Export(format!("{}: {error}", folder.display()));
        if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
            let reason = "there is something in it: give a new folder";
            return Err(StaffError::Export(format!("{}: {reason}", folder.display())));
        }
        for part in ["tables", "reports"] {
            fs::create_dir_all(folder.join(part)).map_err(fault)?;
        }
        let head = self.audit_head().await?;
        let selection = Selection::of(filter)?;
        let copy = Copy { folder: folder.to_owned(), selection, watcher };
        let mut files = self.store.snapshot(&copy).await?;
        for (name, text) in
            [("head.txt", head.text()), ("README.md", README), ("verify.py", SCRIPT)]
        {
            files.push(file::plain(folder, name, text).map_err(fault)?);
        }
        let manifest = Manifest {
            format: "timbre-audit-export/1",
            taken: self.now(),
            engine: self.store.engine(),
            filter,
            head: head.root.clone(),
            files,
        };
        self.sign(folder, &manifest).map_err(|error| match error {
            SignError::Io(error) => fault(error),
            SignError::Keys(error) => error.into(),
        })?;
        Ok(manifest)
    }

    /// The manifest, its signature and the key, in the forms that openssl reads.
    fn sign(&self, folder: &Path, manifest: &Manifest) -> Result<(), SignError> {
        let text = serde_json::to_string_pretty(manifest)
            .expect("invariant: a manifest is plain data and always serialises");
        let key: PublicKey = self.keys.public_key(KeyRole::Funds)?;
        let signature = self.keys.sign(KeyRole::Funds, text.as_bytes())?;
        file::plain(folder, "manifest.json", &text)?;
        fs::write(folder.join("manifest.json.sig"), openssl::signature_der(&signature))?;
        file::plain(folder, "audit-key.pem", &openssl::public_key_pem(&key))?;
        Ok(())
    }
}

enum SignError {
    Io(io::Error),
    Keys(timbre_key_store::KeyStoreError),
}

impl From<io::Error> for SignError {
    fn from(error: io::Error) -> Self {
        SignError::Io(error)
    }
}

impl From<timbre_key_store::KeyStoreError> for SignError {
    fn from(error: timbre_key_store::KeyStoreError) -> Self {
        SignError::Keys(error)
    }
}

/// Writes tables and reports from one state of the database.
struct Copy {
    folder: PathBuf,
    selection: Selection,
    watcher: Option<Watcher>,
}

impl Work for Copy {
    type Output = Vec<ExportedFile>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let exported: Vec<&str> = BOOKS
            .iter()
            .map(|book| book.table)
            .filter(|table| !LEFT_OUT.contains(table))
            .chain(["records", "seals"])
            .collect();
        let mut of = 0;
        for table in &exported {
            of += tables::count(tx, table).await?;
        }
        let (mut done, mut files) = (0, Vec::new());
        for table in exported {
            let name = format!("tables/{table}.csv");
            let mut csv = CsvFile::create(&self.folder, &name).map_err(|e| unwritten(&name, &e))?;
            let sql = self.selection.table(table);
            csv.copy(tx, sql).await?;
            let mut file = csv.finish().map_err(|error| unwritten(&name, &error))?;
            file.key = Book::named(table).map_or(&[], |book| book.key);
            done += file.rows.unwrap_or_default();
            files.push(file);
            if let Some(watcher) = &self.watcher {
                watcher(Progress { done, of });
            }
        }
        files.push(report::trial_balance(tx, &self.folder, &self.selection).await?);
        files.push(report::journal(tx, &self.folder, &self.selection).await?);
        Ok(files)
    }
}

fn unwritten(name: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Fault(format!("{name} cannot be written: {error}"))
}

/// The first instant of a day, in microseconds.
fn start_of(day: Date) -> Result<i64, StaffError> {
    let instant = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    let instant = instant.map_err(|error| StaffError::Export(error.to_string()))?;
    Ok(instant.as_microsecond())
}
