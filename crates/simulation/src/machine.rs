//! A meter in the simulation: the real postal security device over a simulated disk, the real plan of what to do when
//! ([`timbre_meter::plan`]), the real messages. The shell of `timbre-meter` (folders, sockets, settings) is left out: its
//! tasks are followed here step by step, over a wire that the world holds.
//!
//! It talks by `async` functions that wait for nothing but the answer to one call; the world polls them, so a crash is to
//! drop what was being polled.

mod attack;
mod tasks;
mod wire;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys, PublicKey};
use timbre_meter::{RefillSettings, Snapshot};
use timbre_postage::{Amount, Currency, MeterSerial, Registers};
use timbre_protocol::transaction_upload::TransactionRecord;
use timbre_psd::journal::Segments;
use timbre_psd::{
    Birth, MarkKind, Memo, MemoFields, OpenError, Postage, Psd, PsdError, State, TrustAnchors,
};

pub(crate) use attack::Alteration;
pub(crate) use wire::{Call, Trouble};

use crate::disk::{Image, SimDisk};
use crate::fact::{Fact, Movement};
use crate::random::Random;
use wire::{Session, Wire};

/// Small segments, so that a run sees many of them begin and end.
const SEGMENT_SLOTS: u64 = 48;

pub(crate) type Device = Psd<Segments<SimDisk>>;

/// What can be read of a machine's device.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) registers: Registers,
    pub(crate) control_sum: Amount,
    pub(crate) record_sequence: u64,
    pub(crate) last_refill: u64,
    pub(crate) pending_refill: Option<(u64, Amount)>,
    /// Whether a withdrawal is asked for, or done.
    pub(crate) is_withdrawing: bool,
}

/// How franking a piece went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Franked {
    Printed,
    /// Paid; something went wrong before it was on paper.
    Unprinted,
    /// The device said no, by this code.
    Refused(&'static str),
    Failed,
}

/// A machine.
pub(crate) struct Machine {
    pub(crate) serial: MeterSerial,
    pub(crate) keys: Arc<MemoryKeys>,
    disk: RefCell<SimDisk>,
    /// Whether a fault has ended the process: it is to be started again.
    pub(crate) has_failed: Cell<bool>,
    /// The time of its own clock; the world sets it before it lets the machine do anything.
    pub(crate) clock: Cell<Timestamp>,
    pub(crate) facts: RefCell<Vec<Fact>>,
    inner: RefCell<Inner>,
    wire: RefCell<Wire>,
}

struct Inner {
    device: Option<Device>,
    /// The pointer that says up to which record the infrastructure has confirmed.
    acknowledged: u64,
    session: Option<Session>,
    settings: RefillSettings,
    random: Random,
}

impl Machine {
    /// Makes a machine, its device included, on an empty disk.
    pub(crate) fn make(
        serial: MeterSerial,
        anchors: TrustAnchors,
        now: Timestamp,
        mut random: Random,
    ) -> anyhow::Result<Machine> {
        let keys = Arc::new(MemoryKeys::generate(&KeyRole::DEVICE_SIDE)?);
        let disk = SimDisk::default();
        let journal = Segments::on_new(disk.clone(), SEGMENT_SLOTS)?;
        let birth = Birth { serial, currency: Currency::Cad, anchors };
        let mut device = Psd::manufacture(birth, journal, keys.clone(), now)?;
        device.initialise(now)?;
        let settings = RefillSettings {
            automatic: random.chance(800),
            threshold: cad(random.between(5, 40) * 1000),
            amount: cad(random.between(2, 30) * 10_000),
        };
        Ok(Machine::over(serial, keys, disk, Some(device), settings, now, random))
    }

    fn over(
        serial: MeterSerial,
        keys: Arc<MemoryKeys>,
        disk: SimDisk,
        device: Option<Device>,
        settings: RefillSettings,
        now: Timestamp,
        random: Random,
    ) -> Machine {
        let inner = Inner { device, acknowledged: 0, session: None, settings, random };
        Machine {
            serial,
            keys,
            disk: RefCell::new(disk),
            has_failed: Cell::new(false),
            clock: Cell::new(now),
            facts: RefCell::default(),
            inner: RefCell::new(inner),
            wire: RefCell::default(),
        }
    }

    /// Another machine with a copy of this one's disk, keys and all.
    pub(crate) fn twin(&self) -> Machine {
        let mut inner = self.inner.borrow_mut();
        let random = inner.random.fork();
        let disk = SimDisk::of(self.disk().image());
        let (settings, acknowledged) = (inner.settings, inner.acknowledged);
        let twin = Machine::over(
            self.serial,
            self.keys.clone(),
            disk,
            None,
            settings,
            self.clock.get(),
            random,
        );
        twin.inner.borrow_mut().acknowledged = acknowledged;
        twin
    }

    /// What a thief copies: the disk, and the pointer beside it.
    pub(crate) fn backup(&self) -> (Image, u64) {
        (self.disk().image(), self.inner.borrow().acknowledged)
    }

    /// Puts a copy back in the place of what there is.
    pub(crate) fn restore(&self, (image, acknowledged): (Image, u64)) {
        self.stop();
        self.disk.replace(SimDisk::of(image));
        self.inner.borrow_mut().acknowledged = acknowledged;
    }

    pub(crate) fn disk(&self) -> SimDisk {
        self.disk.borrow().clone()
    }

    /// Stops the machine: nothing of it is left but its disk.
    pub(crate) fn stop(&self) {
        let mut inner = self.inner.borrow_mut();
        (inner.device, inner.session) = (None, None);
        self.wire.take();
    }

    /// Starts it again from its disk. A pointer that was lost is zero, which is always safe.
    pub(crate) fn start(&self, pointer_lost: bool) -> Result<(), OpenError> {
        let mut inner = self.inner.borrow_mut();
        (inner.device, inner.session) = (None, None);
        self.has_failed.set(false);
        let journal = Segments::on_existing(self.disk(), SEGMENT_SLOTS);
        let device = Psd::open(journal.map_err(OpenError::Journal)?, self.keys.clone())?;
        if pointer_lost || inner.acknowledged > device.record_sequence() {
            inner.acknowledged = 0;
        }
        inner.device = Some(device);
        Ok(())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.inner.borrow().device.is_some()
    }

    pub(crate) fn public_key(&self, role: KeyRole) -> PublicKey {
        self.keys.public_key(role).expect("invariant: it was made with this key")
    }

    /// Its readings; nothing while it is stopped.
    pub(crate) fn reading(&self) -> Option<Reading> {
        let inner = self.inner.borrow();
        let device = inner.device.as_ref()?;
        Some(Reading {
            registers: device.registers(),
            control_sum: device.control_sum(),
            record_sequence: device.record_sequence(),
            last_refill: device.last_refill_sequence(),
            pending_refill: device.pending_refill().map(|asked| (asked.sequence, asked.amount)),
            is_withdrawing: device.pending_withdrawal().is_some() || device.withdrawal().is_some(),
        })
    }

    /// The records of its journal after `record`, at most `limit`; nothing where it cannot be read.
    pub(crate) fn records_after(
        &self,
        record: u64,
        limit: usize,
    ) -> Option<Vec<TransactionRecord>> {
        self.inner.borrow().device.as_ref()?.records_after(record, limit).ok()
    }

    /// The chain value of a record of its journal.
    pub(crate) fn chain_at(&self, record: u64) -> Option<[u8; 32]> {
        self.inner.borrow().device.as_ref()?.chain_at(record).ok().flatten()
    }

    pub(crate) fn state(&self) -> Option<State> {
        Some(self.inner.borrow().device.as_ref()?.state(self.today()))
    }

    /// What [`timbre_meter::plan`] needs to know.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        let inner = self.inner.borrow();
        let device = inner.device.as_ref()?;
        Some(Snapshot {
            state: device.state(self.today()),
            refill_pending: device.pending_refill().is_some(),
            funds: device.registers().descending,
            refill: inner.settings,
            unacknowledged: device.record_sequence().saturating_sub(inner.acknowledged),
        })
    }

    fn today(&self) -> Date {
        Offset::UTC.to_datetime(self.clock.get()).date()
    }

    fn tell(&self, fact: Fact) {
        self.facts.borrow_mut().push(fact);
    }

    fn note(&self, text: impl Into<String>) {
        self.tell(Fact::Note(text.into()));
    }

    /// Does something with the device.
    fn device<T>(
        &self,
        act: impl FnOnce(&mut Device) -> Result<T, PsdError>,
    ) -> Result<T, Trouble> {
        let mut inner = self.inner.borrow_mut();
        let device = inner.device.as_mut().ok_or(Trouble::Stopped)?;
        let outcome = act(device).map_err(Trouble::from);
        if matches!(outcome, Err(Trouble::Fault(_))) {
            self.has_failed.set(true);
        }
        outcome
    }

    /// Does something that moves the registers, and tells what came of it. `act` says whether they moved.
    fn moves<T>(
        &self,
        movement: Movement,
        act: impl FnOnce(&mut Device) -> Result<(T, bool), PsdError>,
    ) -> Result<T, Trouble> {
        self.tell(Fact::Tries(movement));
        let outcome = self.device(act);
        self.tell(match &outcome {
            Ok((_, true)) => Fact::Did(movement),
            Ok((_, false)) | Err(Trouble::Device(_) | Trouble::Breach(_)) => {
                Fact::Declined(movement)
            }
            Err(_) => Fact::Doubts(movement),
        });
        outcome.map(|(output, _)| output)
    }

    /// Franks one piece: pays for it, prints it, notes that it is printed. `jam` is a printer that stops after the piece was paid.
    pub(crate) fn frank(&self, amount: Amount, jam: bool) -> Franked {
        let (now, today) = (self.clock.get(), self.today());
        let postage = Postage {
            kind: MarkKind::Postage,
            amount,
            date: today,
            product: 101,
            confirmed: false,
            memo: memo(),
        };
        let before = self.inner.borrow().device.as_ref().map(|device| {
            let grace = device.block().map_or(0, |block| i64::from(block.inspection.grace_days));
            let locks = device.next_inspection().map(|due| due.saturating_add(grace.days()));
            (device.last_time(), locks.is_some_and(|day| today >= day))
        });
        let paid = self.moves(Movement::Debit { amount }, |device| {
            let pre_debit = device.pre_debit(postage, now)?;
            Ok((device.perform(pre_debit)?, true))
        });
        let paid = match paid {
            Ok(paid) => paid,
            Err(Trouble::Device(code)) => return Franked::Refused(code),
            Err(_) => return Franked::Failed,
        };
        if let Some((last, locked)) = before {
            self.tell(Fact::Franked { clock: now, last, locked });
        }
        let (record, registers) = (paid.record_sequence, paid.registers);
        if jam || self.disk().is_gone() {
            return Franked::Unprinted;
        }
        self.tell(Fact::Printed { record, amount, registers, at: now });
        match self.device(|device| device.complete(record)) {
            Ok(()) => Franked::Printed,
            Err(_) => Franked::Failed,
        }
    }

    /// Prints once more what was paid and is not known to be printed.
    pub(crate) fn print_again(&self) {
        let now = self.clock.get();
        let waiting = self.device(|device| device.unprinted()).unwrap_or_default();
        let Some(piece) = waiting.first() else { return };
        let record = piece.record_sequence;
        match self.device(|device| device.reprint(record, now)) {
            Ok(paid) => {
                let data = paid.mark.data();
                let (ascending, descending, pieces) =
                    (data.ascending, data.descending, data.pieces);
                let registers = Registers { ascending, descending, pieces };
                self.tell(Fact::Printed { record, amount: data.amount, registers, at: now });
                let _ = self.device(|device| device.complete(record));
            }
            Err(Trouble::Device("already-reprinted")) => {
                let _ = self.device(|device| device.complete(record));
            }
            Err(trouble) => self.note(format!("does not print record {record} again: {trouble}")),
        }
    }
}

pub(crate) fn cad(mills: i64) -> Amount {
    Amount::from_mills(mills, Currency::Cad)
}

fn memo() -> Memo {
    let fields = MemoFields {
        destination: "CA".parse().ok(),
        service: "lettermail".to_owned(),
        table: "ca-2025-01-13".to_owned(),
        ..MemoFields::default()
    };
    Memo::new(fields).expect("invariant: the fields are short")
}
