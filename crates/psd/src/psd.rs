//! The device itself: made once, opened from its journal ever after.
//!
//! What it can do stands in one file each: `installation`, `refill`, `inspection`, `debit`,
//! `printing`, `records`, `tamper`, `withdrawal`. This file holds what they share: opening, the readings, and the
//! one way in which anything ever changes.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_key_store::{KeyRole, KeyStore, PublicKey};
use timbre_postage::{Amount, Currency, MeterSerial, Registers};
use timbre_protocol::installation::OperationalBlock;
use timbre_protocol::{Hash, Nonce, refill};

use crate::device_state::DeviceState;
use crate::entry::{Entry, Stamp};
use crate::journal::{Journal, JournalError, Recovery};
use crate::replay::Replay;
use crate::{Fault, OpenError, PsdError, Refusal, State};

/// Whom a new device believes before an operational block tells it more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustAnchors {
    /// The key that signs operational blocks, refills and inspections.
    pub funds: PublicKey,
    /// The key that signs rate tables.
    pub rates: PublicKey,
}

/// What a device is born with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Birth {
    /// Its serial number.
    pub serial: MeterSerial,
    /// The currency of its registers.
    pub currency: Currency,
    /// Whom it believes.
    pub anchors: TrustAnchors,
}

/// Whether a reply changed anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applied {
    /// It took effect now.
    Now,
    /// It had taken effect before, and nothing changed.
    Before,
}

/// What can be read of a device without its keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Examination {
    /// The device.
    pub serial: MeterSerial,
    /// Its state, by the date asked about.
    pub state: State,
    /// Its registers.
    pub registers: Registers,
    /// Their control sum, as it is kept apart from them.
    pub control_sum: Amount,
    /// The number of its last transaction record.
    pub record_sequence: u64,
    /// When its next inspection is due.
    pub next_inspection: Option<Date>,
}

/// A postal security device over its journal.
pub struct Psd<J: Journal> {
    pub(crate) journal: J,
    pub(crate) keys: Option<Arc<dyn KeyStore>>,
    pub(crate) state: DeviceState,
    /// Pieces that were printed since the last durable slot: the next one carries them.
    pub(crate) unsaved: Vec<u64>,
    pub(crate) installation_nonce: Option<Nonce>,
    /// The store of the keys that were proposed in this process.
    pub(crate) proposed: Option<Arc<dyn KeyStore>>,
    recovery: Recovery,
}

impl<J: Journal> Psd<J> {
    /// Makes a new device on a new journal. It has no keys of its own yet: [`Psd::initialise`].
    ///
    /// # Errors
    /// [`OpenError::AlreadyManufactured`] when the journal has begun; [`OpenError::Journal`] when it
    /// cannot be written.
    pub fn manufacture(
        birth: Birth,
        mut journal: J,
        keys: Arc<dyn KeyStore>,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let state = DeviceState::new(birth.serial, birth.currency, birth.anchors, now);
        journal.begin(birth.serial, &state.checkpoint()).map_err(|error| match error {
            JournalError::NotEmpty { .. } => OpenError::AlreadyManufactured(error),
            error => OpenError::Journal(error),
        })?;
        Ok(Psd::over(journal, Some(keys), state, Recovery::default()))
    }

    /// Opens a device that exists. A slot that a power cut spoilt is blanked and reported by
    /// [`Psd::recovery`]; any other damage is refused, with the registers as they can be read.
    ///
    /// # Errors
    /// [`OpenError::Damaged`], [`OpenError::WrongKeys`], or a fault of the journal or the key store.
    pub fn open(mut journal: J, keys: Arc<dyn KeyStore>) -> Result<Self, OpenError> {
        let (state, recovery) = Replay::run(&mut journal)?;
        if let (Some(known), true) = (&state.keys, state.base != State::Tampered) {
            for (role, key) in
                [(KeyRole::Device, known.device), (KeyRole::Indicium, known.indicium)]
            {
                if keys.public_key(role)? != key {
                    return Err(OpenError::WrongKeys { role, serial: state.serial });
                }
            }
        }
        let keys = (state.base != State::Tampered).then_some(keys);
        Ok(Psd::over(journal, keys, state, recovery))
    }

    /// Reads a device without its keys: all that is left to do with a tampered one.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] or a fault of the journal.
    pub fn examine(mut journal: J, today: Date) -> Result<Examination, OpenError> {
        let (state, recovery) = Replay::run(&mut journal)?;
        let psd = Psd::over(journal, None, state, recovery);
        Ok(Examination {
            serial: psd.serial(),
            state: psd.state(today),
            registers: psd.registers(),
            control_sum: psd.control_sum(),
            record_sequence: psd.record_sequence(),
            next_inspection: psd.next_inspection(),
        })
    }

    fn over(
        journal: J,
        keys: Option<Arc<dyn KeyStore>>,
        state: DeviceState,
        recovery: Recovery,
    ) -> Self {
        Psd {
            journal,
            keys,
            state,
            unsaved: Vec::new(),
            installation_nonce: None,
            proposed: None,
            recovery,
        }
    }

    /// Takes note of the device's own keys, which the key store made: from now on the journal and
    /// the keys belong together.
    ///
    /// # Errors
    /// [`Refusal::State`] when it has keys; faults of the key store and the journal.
    pub fn initialise(&mut self, now: Timestamp) -> Result<(), PsdError> {
        self.require(&[State::Manufactured])?;
        let keys = self.keys()?;
        let device = keys.public_key(KeyRole::Device)?;
        let indicium = keys.public_key(KeyRole::Indicium)?;
        self.commit(Entry::Initialised { time: now, device, indicium })?;
        Ok(())
    }

    /// Gives the journal back, for instance to open the device again.
    pub fn into_journal(self) -> J {
        self.journal
    }

    /// What opening had to put right.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The serial number.
    pub fn serial(&self) -> MeterSerial {
        self.state.serial
    }

    /// The currency of the registers.
    pub fn currency(&self) -> Currency {
        self.state.currency
    }

    /// The state on the day `today`.
    pub fn state(&self, today: Date) -> State {
        match (&self.state.installation, self.state.next_inspection) {
            (Some(installed), Some(due)) => {
                self.state.base.on(today, due, &installed.block.inspection)
            }
            _ => self.state.base,
        }
    }

    /// The registers.
    pub fn registers(&self) -> Registers {
        self.state.registers
    }

    /// The control sum, kept apart from the registers.
    pub fn control_sum(&self) -> Amount {
        self.state.control_sum
    }

    /// The operational block, once there is one.
    pub fn block(&self) -> Option<&OperationalBlock> {
        self.state.installation.as_ref().map(|reply| &reply.block)
    }

    /// The key that signs rate tables, from the operational block or, before it, from birth.
    pub fn rates_key(&self) -> &PublicKey {
        self.state.rates_key()
    }

    /// The key that signed rate tables before: tables that were taken then may be used until they come anew.
    pub fn former_rates_key(&self) -> Option<&PublicKey> {
        self.state.former_rates.as_ref()
    }

    /// The key that signs what the funds server says.
    pub fn funds_key(&self) -> &PublicKey {
        self.block().map_or(&self.state.anchors.funds, |block| &block.funds_key)
    }

    /// The number of the last refill applied; 0 before the first.
    pub fn last_refill_sequence(&self) -> u64 {
        self.state.refill_sequence()
    }

    /// The last refill applied.
    pub fn last_refill(&self) -> Option<&refill::Reply> {
        self.state.last_refill.as_ref()
    }

    /// The number of the last transaction record; 0 before the first.
    pub fn record_sequence(&self) -> u64 {
        self.state.record_sequence
    }

    /// The chain value of the last transaction record; zeros before the first.
    pub fn record_chain(&self) -> Hash {
        self.state.chain
    }

    /// The day by which the next inspection is due.
    pub fn next_inspection(&self) -> Option<Date> {
        self.state.next_inspection
    }

    /// When the device last did something.
    pub fn last_time(&self) -> Timestamp {
        self.state.last_time
    }

    pub(crate) fn keys(&self) -> Result<Arc<dyn KeyStore>, Refusal> {
        self.keys.clone().ok_or(Refusal::State(State::Tampered))
    }

    /// The kept state, if it is one of `allowed`.
    pub(crate) fn require(&self, allowed: &[State]) -> Result<(), Refusal> {
        match allowed.contains(&self.state.base) {
            true => Ok(()),
            false => Err(self.suspension().unwrap_or(Refusal::State(self.state.base))),
        }
    }

    /// The operational block, or the refusal of a device that has none.
    pub(crate) fn installed(&self) -> Result<&OperationalBlock, Refusal> {
        self.block().ok_or(Refusal::State(State::Initialised))
    }

    /// A stamp for the next transaction, at a time that is never before the last one's; the chain
    /// value comes with [`Psd::chained`].
    pub(crate) fn stamp(&self, time: Timestamp, registers: Registers) -> Stamp {
        Stamp { time: time.max(self.state.last_time), registers, chain: [0; 32] }
    }

    pub(crate) fn chained(&self, entry: Entry) -> Entry {
        entry.chained(self.state.record_sequence + 1, &self.state.chain, self.state.currency)
    }

    /// The only way in which the device changes: the entry is durable, then the state follows it.
    /// When this fails nothing has changed.
    pub(crate) fn commit(&mut self, entry: Entry) -> Result<(), Fault> {
        let record = self.state.record_sequence + u64::from(entry.stamp().is_some());
        let sound = self.state.check(record, &entry);
        assert!(sound.is_ok(), "invariant: {sound:?}");
        self.make_room()?;
        self.journal.append(entry.kind(), record, &entry.encode())?;
        self.state.apply(record, &entry);
        if matches!(entry, Entry::Debited(_) | Entry::Completed(_)) {
            self.unsaved.clear();
        }
        Ok(())
    }

    /// Begins a new segment when the current one is full. Its head knows what was printed.
    pub(crate) fn make_room(&mut self) -> Result<(), Fault> {
        if self.journal.is_full() {
            self.journal.roll(self.state.record_sequence, &self.state.checkpoint())?;
        }
        Ok(())
    }
}

/// The day that a timestamp falls on, in UTC: the device knows no time zone.
pub(crate) fn day_of(time: Timestamp) -> Date {
    jiff::tz::Offset::UTC.to_datetime(time).date()
}
