//! The journal of the device: every change of state, durable before it counts.
//!
//! # On disk
//! Segments, numbered from 1, each a whole number of 512-byte slots and full of zeros when it is
//! made. One debit is one slot: one overwrite and one flush. All integers are little-endian.
//!
//! | bytes | field |
//! |---|---|
//! | 0–3 | `TPSD` |
//! | 4 | version of the format, 1 |
//! | 5 | kind, see [`SlotKind`] |
//! | 6–7 | length of the payload, at most 444 |
//! | 8–11 | number of the meter's serial |
//! | 12–15 | number of the segment |
//! | 16–23 | sequence of the slot in the device's life, from 1, without gaps |
//! | 24–31 | sequence of the newest transaction record up to and with this slot |
//! | 32–63 | link: SHA-256 of the previous slot's link (zeros before the first), bytes 0–31 and the payload |
//! | 64–507 | payload, then zeros |
//! | 508–511 | CRC-32C of bytes 0–507 |
//!
//! A segment begins with the whole state ([`SlotKind::Checkpoint`], as many slots as it takes; a
//! payload is the part's number and the count of parts, one u16 each, the slots of the segment, a
//! u32, then the part) and ends with a [`SlotKind::Seal`], written once the next segment exists. So
//! opening reads the newest segment and two slots of the one before, however long the device has lived.
//!
//! # What survives
//! At any time at most one slot is not yet flushed: the one after the last. A power cut can
//! therefore spoil that one only: a faulty slot followed by nothing but zeros is a torn tail, which
//! [`Journal::replay`] blanks and reports. A faulty or blank slot with anything after it is damage,
//! which is never repaired; so is a file that was cut off among its slots, since nobody can say how
//! many it has lost (one that was cut off among its blanks has lost none, and is made long again). The assumption is that a disk, losing power, leaves the sectors that it
//! does not change as they are. A whole directory put back from a copy is not noticed here: only the
//! infrastructure, which knows the last refill and the last record, can tell.

mod directory;
mod disk;
mod error;
mod memory;
mod reading;
mod recovery;
mod segments;
mod slot;

use std::path::Path;

use timbre_postage::MeterSerial;

pub use directory::Directory;
pub use disk::Disk;
pub use error::{Damage, JournalError};
pub use memory::MemoryDisk;
pub use segments::{SEGMENT_SLOTS, Segments};
pub use slot::{Header, Link, PAYLOAD_BYTES, SLOT_BYTES, Slot, SlotFault, SlotKind};

/// The journal of a real device: files of one directory.
pub type FileJournal = Segments<Directory>;
/// A journal that ends with the process, for simulations, benchmarks and tests.
pub type MemoryJournal = Segments<MemoryDisk>;

impl FileJournal {
    /// A new journal in `directory`, which is made if there is none.
    ///
    /// # Errors
    /// [`JournalError::InUse`] when another process has it; [`JournalError::NotEmpty`] when it holds
    /// a journal already.
    pub fn create(directory: &Path) -> Result<FileJournal, JournalError> {
        Segments::on_new(Directory::create(directory)?, SEGMENT_SLOTS)
    }

    /// The journal that lies in `directory`.
    ///
    /// # Errors
    /// [`JournalError::InUse`] when another process has it; [`JournalError::Absent`] when there is none.
    pub fn open(directory: &Path) -> Result<FileJournal, JournalError> {
        Segments::on_existing(Directory::open(directory)?, SEGMENT_SLOTS)
    }
}

impl MemoryJournal {
    /// A new journal in memory.
    ///
    /// # Panics
    /// Never: memory that was just made holds no journal.
    #[must_use]
    pub fn in_memory() -> MemoryJournal {
        Segments::on_new(MemoryDisk::default(), SEGMENT_SLOTS)
            .expect("invariant: new memory holds no journal")
    }
}

/// What replay hands over, oldest first.
pub enum Replayed<'a> {
    /// The whole state at the head of the segment; forget what came before.
    Checkpoint(&'a [u8]),
    /// What happened next.
    Slot(&'a Slot),
    /// A sound slot beyond damage: evidence of where the registers stood, no part of the state.
    Stray(&'a Slot),
}

/// The receiver of a replay. It answers `Err` when a sound slot's contents make no sense to it,
/// which the journal then reports as damage of that slot.
pub type Visitor<'a> = dyn FnMut(Replayed<'_>) -> Result<(), SlotFault> + 'a;

/// What replay had to put right.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    /// The slot that a power cut had spoilt and that was blanked. What it would have told never
    /// counted: its flush had not returned, so nothing was printed or sent.
    pub torn_tail: Option<Damage>,
}

/// A place in the journal from which to read on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub(crate) segment: u32,
    pub(crate) index: u64,
}

/// The device's memory. The device tells it what happened; it never tells the device what that means.
pub trait Journal: Send {
    /// Starts the journal of a device: the first segment, with its first state.
    ///
    /// # Errors
    /// [`JournalError::NotEmpty`] when there is one already; faults of the disk.
    fn begin(&mut self, serial: MeterSerial, checkpoint: &[u8]) -> Result<(), JournalError>;

    /// Reads the newest segment from its head, hands everything to `visit`, makes all of it durable,
    /// blanks a torn tail, and stands ready to append.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::MissingSegment`], [`JournalError::Foreign`],
    /// [`JournalError::Newer`], or a fault of the disk. `visit` has then seen everything sound before the damage.
    fn replay(&mut self, visit: &mut Visitor<'_>) -> Result<Recovery, JournalError>;

    /// Whether the next append needs a new segment, that is [`Journal::roll`] first.
    fn is_full(&self) -> bool;

    /// Makes the next segment, headed by the whole state as of now, durably.
    ///
    /// # Errors
    /// [`JournalError::NoRoom`] when the disk is full; nothing has changed then, and later may do.
    fn roll(&mut self, record: u64, checkpoint: &[u8]) -> Result<(), JournalError>;

    /// Writes a slot and flushes it. `record` is the newest transaction record with this slot.
    ///
    /// # Errors
    /// [`JournalError::NoRoom`] or [`JournalError::Io`]: nothing counts as written and a later append
    /// may succeed. [`JournalError::Unflushed`], then [`JournalError::Closed`] for ever: a failed
    /// flush is never tried again, because a second one would report success for data that is gone.
    fn append(&mut self, kind: SlotKind, record: u64, payload: &[u8]) -> Result<(), JournalError>;

    /// Writes a slot where the next append will overwrite it, without a flush: kept if the process
    /// dies, perhaps lost with the power. For what the next append tells again.
    ///
    /// # Errors
    /// As [`Journal::append`]'s.
    fn note(&mut self, kind: SlotKind, record: u64, payload: &[u8]) -> Result<(), JournalError>;

    /// The place of the first slot that tells of record `record` or a later one.
    ///
    /// # Errors
    /// Damage and faults of the disk.
    fn find(&self, record: u64) -> Result<Place, JournalError>;

    /// Some slots from `place` on, and where to read on; `None` at the end. Checkpoints and seals
    /// are passed over, notes are not seen.
    ///
    /// # Errors
    /// Damage and faults of the disk.
    fn read(&self, place: Place) -> Result<Option<(Vec<Slot>, Place)>, JournalError>;
}
