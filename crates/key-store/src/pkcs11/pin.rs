//! The user's PIN, from a file that its owner alone may read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::{KeyStoreError, disk};

/// The PIN in a file, without the end of its line.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, KeyStoreError> {
    let metadata = fs::metadata(path).map_err(|source| disk::fault("read", path, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyStoreError::PinReadableByOthers { path: path.to_owned(), mode });
    }
    let bytes = Zeroizing::new(disk::read(path)?);
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.contains('\n') {
        return Err(KeyStoreError::NoPin(path.to_owned()));
    }
    Ok(Zeroizing::new(text.to_owned()))
}
