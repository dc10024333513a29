//! The machine itself: made once, opened from its directory ever after.
//!
//! What it can do stands in one file each, named by the verb. This file holds what they share: the
//! directory and its lock, the postal security device, the keys, the rates, the way to the infrastructure.

mod acknowledged;
mod configuration;
mod create;
mod frank;
mod inspect;
mod install;
mod print;
mod refill;
mod refresh;
mod renew_keys;
mod run_file;
mod sign_in;
mod status;
mod tamper;
mod tasks;
mod upload;
mod withdraw;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use timbre_indicium::Artwork;
use timbre_key_store::{KeyRole, KeyStore, PublicKey};
use timbre_postage::{MeterSerial, Registers};
use timbre_protocol::{Nonce, replacement};
use timbre_psd::{FileJournal, OpenError, Psd, State};

pub use configuration::Configuration;
pub use create::Enrolment;
pub use frank::Franked;
pub use inspect::Inspected;
pub use install::Installed;
pub use print::Unprinted;
pub use refill::RefillReceipt;
pub use refresh::Refreshed;
pub use renew_keys::KeysRenewed;
pub use sign_in::SignedIn;
pub use status::{FundsReport, RateStatus, Status, UnfinishedRun};
pub use tamper::Examined;
pub use tasks::{Outcome, TaskReport};
pub use upload::Uploaded;
pub use withdraw::Withdrawn;

use crate::clock::Clock;
use crate::directory::Directory;
use crate::egress::Link;
use crate::error::{Fault, MeterError, Refusal};
use crate::keys::{self, Keys};
use crate::rates::{Rates, Trusted};
use crate::settings::Settings;
use sign_in::Session;

/// A meter, held by this process until dropped.
pub struct Meter {
    directory: Directory,
    settings: Settings,
    clock: Clock,
    zone: TimeZone,
    keys: Arc<dyn KeyStore>,
    indicium_key: PublicKey,
    psd: Psd<FileJournal>,
    rates: Rates,
    /// The last record that the infrastructure has confirmed.
    acknowledged: u64,
    /// What is known of the meter whose place this one took.
    configuration: Option<replacement::Reply>,
    /// Made when first needed: most commands frank nothing.
    artwork: Option<Artwork>,
    /// Made when first needed: most commands go nowhere.
    link: Option<Link>,
    session: Option<Session>,
}

impl Meter {
    /// Opens the meter in `directory`.
    ///
    /// # Errors
    /// [`Refusal::InUse`] names the process that has it; a device that was opened; faults of the settings, the keys and the device;
    /// a damaged device tells its registers. Rates that cannot be used are no error here: see
    /// [`Meter::status`].
    pub fn open(directory: &Path, clock: Clock) -> Result<Meter, MeterError> {
        let file = Directory::settings(directory);
        if !file.try_exists().map_err(|e| Fault::io("read", &file, e))? {
            return Err(Refusal::NoMeter { directory: directory.to_owned() }.into());
        }
        let settings = Settings::read(&file)?;
        let directory = Directory::hold(directory)?;
        let (keys, psd) = open_device(&directory, &settings)?;
        if psd.state(Date::MIN) == State::Tampered {
            // It was opened, and the power went before its keys did.
            drop(psd);
            tamper::refuse_tampered(&directory, &settings)?;
            return Err(Refusal::Device(timbre_psd::Refusal::State(State::Tampered)).into());
        }
        Meter::assemble(directory, settings, clock, keys, psd)
    }

    fn assemble(
        directory: Directory,
        settings: Settings,
        clock: Clock,
        keys: Arc<dyn KeyStore>,
        psd: Psd<FileJournal>,
    ) -> Result<Meter, MeterError> {
        if settings.serial != psd.serial() {
            let (settings, device) = (settings.serial, psd.serial());
            return Err(Refusal::OtherSerial { settings, device }.into());
        }
        if let Some(torn) = &psd.recovery().torn_tail {
            tracing::warn!(%torn, "an entry that a power cut spoilt was removed; it had not counted");
        }
        let rates = Rates::load(&directory.rates(), &trusted_for_rates(&psd), psd.currency())?;
        for problem in &rates.problems {
            tracing::warn!(file = %problem.file.display(), "a rate table cannot be used: {}", problem.reason.en);
        }
        let acknowledged = acknowledged::read(&directory.acknowledged(), psd.record_sequence())?;
        let configuration = configuration::kept(&directory, psd.serial(), psd.funds_key())?;
        let indicium_key = keys.public_key(KeyRole::Indicium)?;
        Ok(Meter {
            directory,
            zone: settings.zone(),
            settings,
            clock,
            keys,
            indicium_key,
            psd,
            rates,
            acknowledged,
            configuration,
            artwork: None,
            link: None,
            session: None,
        })
    }

    /// What the customer set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The number of the machine.
    #[must_use]
    pub fn serial(&self) -> MeterSerial {
        self.psd.serial()
    }

    /// The registers.
    #[must_use]
    pub fn registers(&self) -> Registers {
        self.psd.registers()
    }

    /// The number of the last transaction record; 0 before the first.
    #[must_use]
    pub fn record_sequence(&self) -> u64 {
        self.psd.record_sequence()
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Where output goes that nobody named a folder for.
    pub(crate) fn output_folder(&self) -> PathBuf {
        self.directory.resolve(&self.settings.print.output)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The date where the meter stands.
    pub(crate) fn today(&self) -> Date {
        self.zone.to_datetime(self.now()).date()
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").field("serial", &self.serial()).finish_non_exhaustive()
    }
}

/// The device with the keys that its journal knows: those that were last noted, or the next, when the power went between the
/// change and the note.
fn open_device(
    directory: &Directory,
    settings: &Settings,
) -> Result<(Arc<dyn KeyStore>, Psd<FileJournal>), MeterError> {
    let (place, generation) = (Keys::of(directory, settings), keys::generation(directory)?);
    let noted = place.open(directory, generation);
    let noted = noted.map_err(MeterError::from).or_else(|error| {
        tamper::refuse_tampered(directory, settings)?;
        Err(error)
    })?;
    match Psd::open(FileJournal::open(&directory.journal())?, Arc::clone(&noted)) {
        Err(OpenError::WrongKeys { role, serial }) => {
            let next = place.find(directory, generation + 1)?;
            let next = next.ok_or(OpenError::WrongKeys { role, serial })?;
            let psd = Psd::open(FileJournal::open(&directory.journal())?, Arc::clone(&next))?;
            keys::note_generation(directory, generation + 1)?;
            Ok((next, psd))
        }
        opened => Ok((noted, opened?)),
    }
}

/// Whose signature makes a rate table for this device.
fn trusted_for_rates(psd: &Psd<FileJournal>) -> Trusted {
    Trusted { present: *psd.rates_key(), former: psd.former_rates_key().copied() }
}

/// A number that was never used before.
fn nonce() -> Result<Nonce, MeterError> {
    let mut nonce = [0; 16];
    SystemRandom::new().fill(&mut nonce).map_err(|_| Fault::NoRandomness)?;
    Ok(nonce)
}
