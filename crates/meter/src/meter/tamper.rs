//! The end of a device that was opened: it destroys its keys, and what is left is read without them.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use timbre_key_store::SealedKeys;
use timbre_postage::{Amount, MeterSerial, PieceCount};
use timbre_psd::{FileJournal, Psd, State};

use super::{Meter, acknowledged};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::error::{Fault, MeterError, Refusal};
use crate::keys::{self, Keys};
use crate::settings::Settings;

/// What can be read of a device without its keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Examined {
    /// The number of the machine.
    pub serial: MeterSerial,
    /// The state of the device today.
    pub state: &'static str,
    /// The descending register.
    pub available: Amount,
    /// The ascending register.
    pub used: Amount,
    /// Their sum, as the device keeps it apart from them.
    pub control_sum: Amount,
    /// Pieces franked in the device's life.
    pub pieces: PieceCount,
    /// Transaction records in all.
    pub records: u64,
    /// Those that the infrastructure has not confirmed.
    pub unacknowledged: u64,
    /// The day by which the next inspection was due.
    pub next_inspection: Option<Date>,
}

impl Meter {
    /// What the switch in the housing does: the device records for good that it was opened, and destroys its keys. Its
    /// registers stay readable: [`Meter::examine`].
    ///
    /// # Errors
    /// A device that is tampered or withdrawn already; faults of the disk.
    pub fn tamper(mut self) -> Result<(), MeterError> {
        let now = self.now();
        self.psd.tamper(now)?;
        destroy_keys(&self.directory, &self.settings)
    }

    /// Reads the device in `directory` without its keys: all that is left to do with one that was opened.
    ///
    /// # Errors
    /// [`Refusal::NoMeter`], [`Refusal::InUse`]; a damaged device; faults of the disk.
    pub fn examine(directory: &Path, clock: &Clock) -> Result<Examined, MeterError> {
        let file = Directory::settings(directory);
        if !directory.join("psd").try_exists().map_err(|e| Fault::io("read", directory, e))? {
            return Err(Refusal::NoMeter { directory: directory.to_owned() }.into());
        }
        // The day decides little here, so unreadable settings are no reason to hide registers.
        let zone = Settings::read(&file).map_or(TimeZone::UTC, |settings| settings.zone());
        let directory = Directory::hold(directory)?;
        examine(&directory, zone.to_datetime(clock()).date())
    }
}

fn examine(directory: &Directory, today: Date) -> Result<Examined, MeterError> {
    let seen = Psd::examine(FileJournal::open(&directory.journal())?, today)?;
    let acknowledged = acknowledged::read(&directory.acknowledged(), seen.record_sequence)?;
    Ok(Examined {
        serial: seen.serial,
        state: seen.state.as_str(),
        available: seen.registers.descending,
        used: seen.registers.ascending,
        control_sum: seen.control_sum,
        pieces: seen.registers.pieces,
        records: seen.record_sequence,
        unacknowledged: seen.record_sequence - acknowledged,
        next_inspection: seen.next_inspection,
    })
}

/// The refusal of a device that was opened, if it is one: its keys may be gone, or not yet after a crash.
pub(super) fn refuse_tampered(
    directory: &Directory,
    settings: &Settings,
) -> Result<(), MeterError> {
    // A journal that cannot be read tells its own story when the device is opened.
    let Ok(seen) = examine(directory, Date::MIN) else { return Ok(()) };
    if seen.state != State::Tampered.as_str() {
        return Ok(());
    }
    destroy_keys(directory, settings)?;
    Err(Refusal::Device(timbre_psd::Refusal::State(State::Tampered)).into())
}

fn destroy_keys(directory: &Directory, settings: &Settings) -> Result<(), MeterError> {
    let (place, generation) = (Keys::of(directory, settings), keys::generation(directory)?);
    // Also those that were renewed and are still there, and those that were to come.
    for generation in generation.saturating_sub(1).max(1)..=generation + 1 {
        place.destroy(directory, generation)?;
    }
    let seal = directory.seal();
    if seal.try_exists().map_err(|e| Fault::io("read", &seal, e))? {
        SealedKeys::destroy(&seal)?;
    }
    Ok(())
}
