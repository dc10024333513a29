//! The meter's rate tables: kept as they were downloaded, verified each time they are loaded (REQ DL-5).
//!
//! A table whose signature does not hold is never used, and says so; the others still are. Nothing here
//! decides a price.

use std::fs;
use std::path::{Path, PathBuf};

use timbre_key_store::PublicKey;
use timbre_postage::{Currency, RateBook, RateTable};
use timbre_protocol::rate_download::{Reply, SignedTable};
use timbre_protocol::startup_refresh::TableVersion;
use timbre_protocol::{read, write};

use crate::directory::{create_folder, read_limited, settle_folder, write_whole};
use crate::error::{Breach, Fault, Kind, MeterError};
use crate::jobs::Reason;

/// As much as one message of the protocol may hold.
const TABLE_LIMIT: u64 = 1024 * 1024;

/// Whose signature makes a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trusted {
    pub(crate) present: PublicKey,
    /// The key before, until another takes its place.
    pub(crate) former: Option<PublicKey>,
}

/// The tables that were verified, and what was wrong with the others.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// What prices are taken from.
    pub(crate) book: RateBook,
    /// Exactly which texts are held.
    pub(crate) held: Vec<TableVersion>,
    /// Tables that cannot be used, and why.
    pub(crate) problems: Vec<Problem>,
}

/// A table on this meter that cannot be used.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) file: PathBuf,
    pub(crate) genuine: bool,
    pub(crate) reason: Reason,
}

impl Problem {
    fn new(file: &Path, error: &MeterError) -> Problem {
        let genuine = error.kind() != Kind::Breach;
        Problem { file: file.to_owned(), genuine, reason: error.told() }
    }

    /// Why a price that this table might have given is not to be had.
    pub(crate) fn error(&self) -> MeterError {
        let (file, reason) = (self.file.clone(), Box::new(self.reason.clone()));
        if self.genuine {
            Fault::Rates { file, reason }.into()
        } else {
            Breach::Rates { file, reason }.into()
        }
    }
}

impl Rates {
    /// Loads every table in `folder` that the present key signed, or the one before it, and that is in `currency`. A table
    /// of the key before is used until it comes anew, and counts as one that is lacking.
    pub(crate) fn load(
        folder: &Path,
        keys: &Trusted,
        currency: Currency,
    ) -> Result<Rates, MeterError> {
        let mut rates = Rates::default();
        let mut tables = Vec::new();
        for file in files(folder)? {
            let loaded = load_one(&file, &keys.present).map(|loaded| (loaded, true));
            let loaded = match (loaded, &keys.former) {
                (Err(error), Some(former)) => {
                    load_one(&file, former).map(|loaded| (loaded, false)).map_err(|_| error)
                }
                (loaded, _) => loaded,
            };
            match loaded {
                Ok(((signed, table), present)) => {
                    let version =
                        TableVersion { name: signed.name.clone(), digest: signed.digest() };
                    rates.held.extend(present.then_some(version));
                    // A provider of two markets may send both: each meter uses its own.
                    if table.currency() == currency {
                        tables.push(table);
                    }
                }
                Err(error) => rates.problems.push(Problem::new(&file, &error)),
            }
        }
        match RateBook::new(tables) {
            Ok(book) => rates.book = book,
            // The meter still opens: it can fetch better tables, and reports why it cannot price.
            Err(error) => {
                let error = Fault::unreadable(folder, error).into();
                rates.problems.push(Problem::new(folder, &error));
            }
        }
        Ok(rates)
    }

    /// The names in `wanted` whose text is not held.
    pub(crate) fn lacking(&self, wanted: &[TableVersion]) -> Vec<String> {
        let lacking = wanted.iter().filter(|version| !self.held.contains(version));
        lacking.map(|version| version.name.clone()).collect()
    }
}

/// Keeps `downloaded` in `folder` after verifying every one of them, and removes the tables that are not
/// in `wanted` any more. Nothing is changed unless all are genuine.
pub(crate) fn keep(
    folder: &Path,
    downloaded: Vec<SignedTable>,
    wanted: &[TableVersion],
    key: &PublicKey,
) -> Result<(), MeterError> {
    for table in &downloaded {
        check(table, key)?;
        let announced = TableVersion { name: table.name.clone(), digest: table.digest() };
        if !wanted.contains(&announced) {
            return Err(Breach::UnannouncedTable { name: table.name.clone() }.into());
        }
    }
    create_folder(folder)?;
    for table in downloaded {
        let path = folder.join(format!("{}.xml", table.name));
        write_whole(&path, write(&Reply { tables: vec![table] }).as_bytes())?;
    }
    for file in files(folder)? {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        if !wanted.iter().any(|version| Some(&version.name) == name.as_ref()) {
            fs::remove_file(&file).map_err(|e| Fault::io("remove", &file, e))?;
        }
    }
    settle_folder(folder)?;
    Ok(())
}

fn check(table: &SignedTable, key: &PublicKey) -> Result<RateTable, MeterError> {
    if !is_file_name(&table.name) {
        return Err(Breach::TableName { name: table.name.clone() }.into());
    }
    let text = table.verified_text(key).map_err(Breach::Table)?;
    RateTable::parse(text).map_err(|error| Fault::unreadable(Path::new(&table.name), error).into())
}

fn load_one(file: &Path, key: &PublicKey) -> Result<(SignedTable, RateTable), MeterError> {
    let bytes = read_limited(file, TABLE_LIMIT)?.unwrap_or_default();
    let reply: Reply = read(&bytes).map_err(|error| Fault::unreadable(file, error))?;
    let [signed] = <[SignedTable; 1]>::try_from(reply.tables).map_err(|tables| {
        Fault::unreadable(file, format!("it holds {} tables instead of one", tables.len()))
    })?;
    // A genuine table under another's name could stand in for it.
    if file.file_stem().is_none_or(|stem| stem.to_str() != Some(&signed.name)) {
        return Err(Breach::TableName { name: signed.name }.into());
    }
    let table = check(&signed, key)?;
    Ok((signed, table))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, MeterError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Fault::io("read", folder, e).into()),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| Fault::io("read", folder, e))?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Names come from the network and become files: letters, digits, hyphens and inner dots only.
fn is_file_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}
