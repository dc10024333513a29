//! Files that appear whole or not at all, and never replace one that exists.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;

use crate::KeyStoreError;

/// Writes `bytes` to a new file at `path`, readable by its owner alone; `Ok(false)` if something is
/// there already.
///
/// The bytes are durable under a temporary name before a hard link gives them their own: unlike a
/// rename, a link refuses to replace, so two processes that race cannot destroy each other's keys.
pub(crate) fn create_once(path: &Path, bytes: &[u8]) -> Result<bool, KeyStoreError> {
    let temporary = temporary_beside(path)?;
    let outcome = write_and_link(&temporary, path, bytes);
    let removed = fs::remove_file(&temporary);
    match outcome {
        Ok(()) => {
            removed.map_err(|source| fault("remove", &temporary, source))?;
            sync_folder_of(path)?;
            Ok(true)
        }
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(fault("create", path, source)),
    }
}

fn write_and_link(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::hard_link(temporary, path)
}

/// Overwrites the file with zeros, then removes it. On flash the old blocks may survive, which is
/// why keys are only ever stored sealed.
pub(crate) fn erase(path: &Path) -> Result<(), KeyStoreError> {
    let overwrite = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        file.write_all(&vec![0; length])?;
        file.sync_all()
    };
    overwrite().map_err(|source| fault("erase", path, source))?;
    fs::remove_file(path).map_err(|source| fault("remove", path, source))?;
    sync_folder_of(path)
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, KeyStoreError> {
    fs::read(path).map_err(|source| fault("read", path, source))
}

fn sync_folder_of(path: &Path) -> Result<(), KeyStoreError> {
    let folder = folder_of(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| fault("flush the folder", folder, source))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn temporary_beside(path: &Path) -> Result<PathBuf, KeyStoreError> {
    let mut tag = [0; 8];
    rand::fill(&mut tag).map_err(|_| KeyStoreError::Cryptography("draw a random number"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(folder_of(path).join(format!(".{name}.{:016x}.new", u64::from_be_bytes(tag))))
}

pub(crate) fn fault(action: &'static str, path: &Path, source: io::Error) -> KeyStoreError {
    KeyStoreError::File { action, path: path.to_owned(), source }
}
