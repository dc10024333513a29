//! Keys in a sealed file: the store of a device without a hardware module.
//!
//! The file is written once and never changed; losing it loses the device's identity, so it is
//! never replaced in place either.

use std::path::Path;

use crate::{
    KeyRole, KeyStore, KeyStoreError, MemoryKeys, PublicKey, Seal, Signature, disk, sealed_format,
};

/// A key store whose private keys rest encrypted in a file and work in memory.
#[derive(Debug)]
pub struct SealedKeys {
    keys: MemoryKeys,
}

impl SealedKeys {
    /// Makes a fresh key for each of `roles` and seals them into a new file at `path`, which is
    /// durable when this returns.
    ///
    /// # Errors
    /// [`KeyStoreError::AlreadyExists`] if there is a file at `path`; a fault of the file system or
    /// the cryptographic library.
    pub fn create(path: &Path, seal: &Seal, roles: &[KeyRole]) -> Result<Self, KeyStoreError> {
        let keys = MemoryKeys::generate(roles)?;
        let file = sealed_format::write(&keys.export()?, seal)?;
        if disk::create_once(path, &file)? {
            Ok(SealedKeys { keys })
        } else {
            Err(KeyStoreError::AlreadyExists(path.to_owned()))
        }
    }

    /// Opens the sealed file at `path`.
    ///
    /// # Errors
    /// A [`KeyStoreError`] of its own for each way in which the file is not what was sealed: not a
    /// key file, another version, cut short, damaged, sealed otherwise, altered.
    pub fn open(path: &Path, seal: &Seal) -> Result<Self, KeyStoreError> {
        let pairs = sealed_format::read(&disk::read(path)?, seal, path)?;
        let keys =
            MemoryKeys::import(&pairs).map_err(|_| KeyStoreError::Altered(path.to_owned()))?;
        Ok(SealedKeys { keys })
    }

    /// Overwrites and removes the file at `path`: the end of a device that was tampered with or
    /// withdrawn. Where the disk keeps old blocks, destroying the seal too is what makes it final.
    ///
    /// # Errors
    /// A fault of the file system.
    pub fn destroy(path: &Path) -> Result<(), KeyStoreError> {
        disk::erase(path)
    }
}

impl KeyStore for SealedKeys {
    fn sign(&self, role: KeyRole, message: &[u8]) -> Result<Signature, KeyStoreError> {
        self.keys.sign(role, message)
    }

    fn public_key(&self, role: KeyRole) -> Result<PublicKey, KeyStoreError> {
        self.keys.public_key(role)
    }
}
