//! The keys of the postal security device: in sealed files of the meter's directory, or in a token. Made once, opened, and
//! renewed by keys of a later generation; never copied from one place to the other.
//!
//! Which generation the device signs with stands in its journal. The file that names it is only where to look first.

use std::path::PathBuf;
use std::sync::Arc;

use timbre_key_store::{
    Custody, KeyRole, KeyStore, KeyStoreError, Seal, SealedKeys, Token, TokenKeys, TokenTrouble,
};
use timbre_postage::MeterSerial;

use crate::directory::{Directory, read_limited, write_whole};
use crate::error::{Fault, MeterError};
use crate::settings::Settings;

/// Where the keys of one meter are.
#[derive(Debug)]
pub(crate) enum Keys {
    Sealed,
    Token { token: Token, serial: MeterSerial },
}

impl Keys {
    /// Where the settings say.
    pub(crate) fn of(directory: &Directory, settings: &Settings) -> Keys {
        match settings.keys.clone().resolved(directory.root()) {
            Custody::Sealed => Keys::Sealed,
            Custody::Token { token, .. } => Keys::Token { token, serial: settings.serial },
        }
    }

    /// The keys of a generation.
    pub(crate) fn open(
        &self,
        directory: &Directory,
        generation: u32,
    ) -> Result<Arc<dyn KeyStore>, KeyStoreError> {
        match self {
            Keys::Sealed => {
                let seal = Seal::from_file(&directory.seal())?;
                Ok(Arc::new(SealedKeys::open(&directory.keys(generation), &seal)?))
            }
            Keys::Token { token, serial } => {
                Ok(Arc::new(TokenKeys::open(token, &labels(*serial, generation))?))
            }
        }
    }

    /// The keys of a generation, if there are any.
    pub(crate) fn find(
        &self,
        directory: &Directory,
        generation: u32,
    ) -> Result<Option<Arc<dyn KeyStore>>, KeyStoreError> {
        if matches!(self, Keys::Sealed) && !directory.keys(generation).exists() {
            return Ok(None);
        }
        match self.open(directory, generation) {
            Err(KeyStoreError::Token { trouble: TokenTrouble::NoKey(_), .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// The keys of a new generation: those that an interrupted making left behind, or new ones.
    pub(crate) fn make(
        &self,
        directory: &Directory,
        generation: u32,
    ) -> Result<Arc<dyn KeyStore>, KeyStoreError> {
        match self {
            Keys::Sealed => {
                let seal = Seal::from_file_or_create(&directory.seal())?;
                let path = directory.keys(generation);
                let keys = match path.exists() {
                    true => SealedKeys::open(&path, &seal)?,
                    false => SealedKeys::create(&path, &seal, &KeyRole::DEVICE_SIDE)?,
                };
                Ok(Arc::new(keys))
            }
            Keys::Token { token, serial } => {
                Ok(Arc::new(TokenKeys::open_or_create(token, &labels(*serial, generation))?))
            }
        }
    }

    /// Destroys the keys of a generation, if there are any.
    pub(crate) fn destroy(
        &self,
        directory: &Directory,
        generation: u32,
    ) -> Result<(), KeyStoreError> {
        match self {
            Keys::Sealed => {
                let path = directory.keys(generation);
                if path.exists() { SealedKeys::destroy(&path) } else { Ok(()) }
            }
            Keys::Token { token, serial } => {
                match TokenKeys::open(token, &labels(*serial, generation)) {
                    Err(KeyStoreError::Token { trouble: TokenTrouble::NoKey(_), .. }) => Ok(()),
                    found => found?.destroy(),
                }
            }
        }
    }
}

/// The generation that was last noted to be in use.
pub(crate) fn generation(directory: &Directory) -> Result<u32, MeterError> {
    let path = file(directory);
    let Some(bytes) = read_limited(&path, 16)? else { return Ok(1) };
    let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
    Ok(number.ok_or_else(|| Fault::unreadable(&path, "it does not hold a number"))?)
}

/// Notes the generation that is in use.
pub(crate) fn note_generation(directory: &Directory, generation: u32) -> Result<(), MeterError> {
    Ok(write_whole(&file(directory), format!("{generation}\n").as_bytes())?)
}

fn file(directory: &Directory) -> PathBuf {
    directory.root().join("keys.generation")
}

/// The names of a meter's keys in a token, which may hold those of many.
fn labels(serial: MeterSerial, generation: u32) -> [(KeyRole, String); 2] {
    KeyRole::DEVICE_SIDE.map(|role| (role, format!("{serial}-{role}-{generation}")))
}
