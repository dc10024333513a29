//! The keys of the postal security device: in a sealed file of the meter's directory, or in a token. Opened, and made once;
//! never copied from one to the other.

use std::sync::Arc;

use timbre_key_store::{Custody, KeyRole, KeyStore, Seal, SealedKeys, TokenKeys};
use timbre_postage::MeterSerial;

use crate::directory::Directory;
use crate::error::{Fault, MeterError};
use crate::settings::Settings;

/// The keys that the meter has.
pub(crate) fn open(
    directory: &Directory,
    settings: &Settings,
) -> Result<Arc<dyn KeyStore>, MeterError> {
    match settings.keys.clone().resolved(directory.root()) {
        Custody::Token { token, .. } => {
            Ok(Arc::new(TokenKeys::open(&token, &labels(settings.serial))?))
        }
        Custody::Sealed => {
            let seal = Seal::from_file(&directory.seal())?;
            Ok(Arc::new(SealedKeys::open(&directory.keys(), &seal)?))
        }
    }
}

/// The keys of a new meter: those that an interrupted making left behind, or new ones.
pub(crate) fn make(
    directory: &Directory,
    settings: &Settings,
) -> Result<Arc<dyn KeyStore>, MeterError> {
    if let Custody::Token { token, .. } = settings.keys.clone().resolved(directory.root()) {
        return Ok(Arc::new(TokenKeys::open_or_create(&token, &labels(settings.serial))?));
    }
    let seal = Seal::from_file_or_create(&directory.seal())?;
    let path = directory.keys();
    let there = path.try_exists().map_err(|e| Fault::io("read", &path, e))?;
    let keys = if there {
        SealedKeys::open(&path, &seal)?
    } else {
        SealedKeys::create(&path, &seal, &KeyRole::DEVICE_SIDE)?
    };
    Ok(Arc::new(keys))
}

/// The names of a meter's keys in a token, which may hold those of many.
fn labels(serial: MeterSerial) -> [(KeyRole, String); 2] {
    KeyRole::DEVICE_SIDE.map(|role| (role, format!("{serial}-{role}-1")))
}
