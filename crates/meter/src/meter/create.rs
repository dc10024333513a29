//! A new meter: its directory, the keys of its postal security device, the device itself.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use timbre_key_store::{KeyRole, KeyStore, PublicKey};
use timbre_postage::MeterSerial;
use timbre_psd::{Birth, FileJournal, JournalError, Psd, State, TrustAnchors};

use super::Meter;
use crate::clock::Clock;
use crate::directory::{Directory, create_private_folder, write_whole};
use crate::error::{Fault, MeterError, Refusal};
use crate::keys::Keys;
use crate::settings::Settings;

/// What the provider needs to enrol a new meter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Enrolment {
    /// The number of the machine.
    pub serial: MeterSerial,
    /// The key that signs its requests, in base64.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub device_key: PublicKey,
    /// The key that signs its marks, in base64.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub indicium_key: PublicKey,
}

impl Meter {
    /// Makes a meter in `directory`, which is created. `anchors` are the provider's keys, which a new
    /// device believes before anything was installed on it.
    ///
    /// Interrupted half-way, it can be given again: `meter.toml` is written last.
    ///
    /// # Errors
    /// [`Refusal::MeterExists`]; faults of the disk and the keys.
    pub fn create(
        directory: &Path,
        settings: &Settings,
        anchors: TrustAnchors,
        clock: Clock,
    ) -> Result<Meter, MeterError> {
        create_private_folder(directory)?;
        refuse_existing(directory)?;
        let file = Directory::settings(directory);
        let directory = Directory::hold(directory)?;
        let keys = Keys::of(&directory, settings).make(&directory, 1)?;
        let birth = Birth { serial: settings.serial, currency: settings.currency, anchors };
        let mut psd = make_device(&directory, birth, &keys, &clock)?;
        if psd.state(jiff::civil::Date::MIN) == State::Manufactured {
            psd.initialise(clock())?;
        }
        write_whole(&file, settings.to_toml().as_bytes())?;
        Meter::assemble(directory, settings.clone(), clock, keys, psd)
    }

    /// Keeps the root certificate that a meter yet to be made in `directory` will trust, where `settings`
    /// say, durably: a meter that was made can reach its infrastructure.
    ///
    /// # Errors
    /// [`Refusal::MeterExists`]; faults of the disk.
    pub fn keep_root(
        directory: &Path,
        settings: &Settings,
        certificate: &str,
    ) -> Result<(), MeterError> {
        create_private_folder(directory)?;
        refuse_existing(directory)?;
        write_whole(&directory.join(&settings.infrastructure.ca), certificate.as_bytes())?;
        Ok(())
    }

    /// What the provider needs to enrol this meter.
    ///
    /// # Errors
    /// Faults of the key store.
    pub fn enrolment(&self) -> Result<Enrolment, MeterError> {
        Ok(Enrolment {
            serial: self.serial(),
            device_key: self.keys.public_key(KeyRole::Device)?,
            indicium_key: self.indicium_key,
        })
    }
}

fn refuse_existing(directory: &Path) -> Result<(), MeterError> {
    let file = Directory::settings(directory);
    match file.try_exists().map_err(|e| Fault::io("read", &file, e))? {
        true => Err(Refusal::MeterExists { directory: directory.to_owned() }.into()),
        false => Ok(()),
    }
}

fn make_device(
    directory: &Directory,
    birth: Birth,
    keys: &Arc<dyn KeyStore>,
    clock: &Clock,
) -> Result<Psd<FileJournal>, MeterError> {
    match FileJournal::create(&directory.journal()) {
        Ok(journal) => Ok(Psd::manufacture(birth, journal, Arc::clone(keys), clock())?),
        Err(JournalError::NotEmpty { .. }) => {
            Ok(Psd::open(FileJournal::open(&directory.journal())?, Arc::clone(keys))?)
        }
        Err(error) => Err(error.into()),
    }
}

fn as_text<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
