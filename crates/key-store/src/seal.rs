//! The secret under which key files are sealed.
//!
//! It stands for whatever the platform has to keep a secret apart from the disk's other contents: a
//! file of its own today. It refuses to be read from a file that others may read.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::{KeyStoreError, disk};

/// Thirty-two random bytes, wiped from memory when dropped and never printed.
pub struct Seal(Zeroizing<[u8; Seal::LENGTH]>);

impl Seal {
    /// The length in bytes.
    pub const LENGTH: usize = 32;

    /// Reads the seal at `path`, or makes a random one there (mode 0600) if there is none.
    ///
    /// # Errors
    /// [`KeyStoreError::SealReadableByOthers`] if group or others have any access to it,
    /// [`KeyStoreError::SealWrongLength`] if it is not 32 bytes, or a fault of the file system.
    pub fn from_file_or_create(path: &Path) -> Result<Self, KeyStoreError> {
        if !path.try_exists().map_err(|source| disk::fault("look for", path, source))? {
            let mut bytes = Zeroizing::new([0; Self::LENGTH]);
            rand::fill(bytes.as_mut())
                .map_err(|_| KeyStoreError::Cryptography("draw a random seal"))?;
            if disk::create_once(path, bytes.as_ref())? {
                return Ok(Seal(bytes));
            }
            // Another process made one at the same moment: that one is the seal.
        }
        Self::from_file(path)
    }

    /// Reads the seal at `path`, which must exist.
    ///
    /// # Errors
    /// As [`Seal::from_file_or_create`].
    pub fn from_file(path: &Path) -> Result<Self, KeyStoreError> {
        let metadata = fs::metadata(path).map_err(|source| disk::fault("read", path, source))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyStoreError::SealReadableByOthers { path: path.to_owned(), mode });
        }
        let bytes = Zeroizing::new(disk::read(path)?);
        let seal = <[u8; Self::LENGTH]>::try_from(bytes.as_slice()).map_err(|_| {
            KeyStoreError::SealWrongLength { path: path.to_owned(), found: bytes.len() }
        })?;
        Ok(Seal(Zeroizing::new(seal)))
    }

    pub(crate) fn secret(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}
