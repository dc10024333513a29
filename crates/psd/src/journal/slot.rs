//! One slot of the journal: 512 bytes, framed, checksummed and linked to the slot before it.
//!
//! It knows the frame and not what a payload means, and it never repairs: bytes are a blank slot,
//! a sound slot, or a named fault.

use sha2::{Digest, Sha256};
use timbre_postage::MeterSerial;

/// The size of a slot: one sector, the unit that a disk writes whole or not at all.
pub const SLOT_BYTES: usize = 512;
/// The most payload that one slot holds.
pub const PAYLOAD_BYTES: usize = 444;

const MAGIC: [u8; 4] = *b"TPSD";
/// The format that this module writes; it reads no other.
const VERSION: u8 = 1;

const LINKED: usize = 32; // the header that the link covers ends where the link begins
const PAYLOAD: usize = 64;
const CHECKSUM: usize = 508;

/// What a slot tells. The numbers are the format's and never change meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SlotKind {
    /// A part of the whole state, at the head of a segment.
    Checkpoint = 1,
    /// The segment is full and the next one exists.
    Seal = 2,
    /// The device made its keys.
    Initialised = 16,
    /// An operational block was installed.
    Installed = 17,
    /// A refill was asked for and is pending.
    RefillRequested = 32,
    /// A refill was applied.
    RefillApplied = 33,
    /// A pending refill was refused for good.
    RefillCancelled = 34,
    /// An inspection was asked for and is pending.
    InspectionRequested = 48,
    /// An inspection was applied.
    InspectionApplied = 49,
    /// A pending inspection was refused for good.
    InspectionCancelled = 50,
    /// A piece was paid.
    Debited = 64,
    /// Pieces came out of the printer.
    Completed = 65,
    /// A piece that was paid and not printed is printed once more.
    Reprinted = 66,
    /// The device destroyed its keys.
    Tampered = 80,
    /// The infrastructure numbered a contact.
    Contacted = 96,
    /// New keys are to take the place of the device's.
    KeysProposed = 97,
    /// A withdrawal was asked for and is pending.
    WithdrawalRequested = 112,
    /// What was left was given back.
    Withdrawn = 113,
    /// A pending withdrawal was refused for good.
    WithdrawalCancelled = 114,
}

impl SlotKind {
    /// The kind that a slot's byte 5 says, if it is one.
    #[must_use]
    pub fn from_code(code: u8) -> Option<SlotKind> {
        use SlotKind::{
            Checkpoint, Completed, Contacted, Debited, Initialised, InspectionApplied,
            InspectionCancelled, InspectionRequested, Installed, KeysProposed, RefillApplied,
            RefillCancelled, RefillRequested, Reprinted, Seal, Tampered, WithdrawalCancelled,
            WithdrawalRequested, Withdrawn,
        };
        const ALL: [SlotKind; 19] = [
            Checkpoint,
            Seal,
            Initialised,
            Installed,
            RefillRequested,
            RefillApplied,
            RefillCancelled,
            InspectionRequested,
            InspectionApplied,
            InspectionCancelled,
            Debited,
            Completed,
            Reprinted,
            Tampered,
            Contacted,
            KeysProposed,
            WithdrawalRequested,
            Withdrawn,
            WithdrawalCancelled,
        ];
        ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// The hash that links a slot to all slots before it.
pub type Link = [u8; 32];

/// Where a slot stands and whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the payload is.
    pub kind: SlotKind,
    /// The device whose journal this is.
    pub serial: MeterSerial,
    /// The segment that the slot was written for, from 1.
    pub segment: u32,
    /// The number of the slot in the device's life, from 1, without gaps.
    pub sequence: u64,
    /// The sequence of the newest transaction record up to and with this slot; 0 before the first.
    pub record: u64,
}

/// A sound slot.
#[derive(Clone)]
pub struct Slot {
    header: Header,
    length: usize,
    bytes: [u8; SLOT_BYTES],
}

/// Why bytes are not a sound slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SlotFault {
    /// The bytes do not begin as a slot does.
    #[error("it is not a slot")]
    NotASlot,
    /// The checksum does not match.
    #[error("its checksum does not match")]
    Checksum,
    /// A format that a later release wrote.
    #[error("its format is version {0}, and this release reads version {VERSION}")]
    Version(u8),
    /// The checksum matches and a field has no meaning.
    #[error("a field of its header means nothing")]
    Header,
    /// It does not follow the slot before it.
    #[error("it does not follow the slot before it")]
    Chain,
    /// It is blank, and later slots are not.
    #[error("it is blank and later ones are not")]
    Hole,
    /// The file ends before the slot.
    #[error("the file ends before it")]
    Truncated,
    /// Its checksum and chain are sound and its contents cannot be read.
    #[error("its contents cannot be read")]
    Contents,
}

impl Slot {
    /// Frames `payload` after the slot whose link is `previous`.
    ///
    /// # Panics
    /// If the payload is longer than [`PAYLOAD_BYTES`]: callers bound every field before they get here.
    #[must_use]
    pub fn new(header: Header, payload: &[u8], previous: &Link) -> Slot {
        assert!(payload.len() <= PAYLOAD_BYTES, "invariant: a payload fits its slot");
        let mut bytes = [0; SLOT_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[5] = header.kind as u8;
        let length = u16::try_from(payload.len()).expect("invariant: a payload fits its slot");
        bytes[6..8].copy_from_slice(&length.to_le_bytes());
        bytes[8..12].copy_from_slice(&header.serial.number().to_le_bytes());
        bytes[12..16].copy_from_slice(&header.segment.to_le_bytes());
        bytes[16..24].copy_from_slice(&header.sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&header.record.to_le_bytes());
        bytes[PAYLOAD..PAYLOAD + payload.len()].copy_from_slice(payload);
        let link = link_of(previous, &bytes[..LINKED], payload);
        bytes[LINKED..PAYLOAD].copy_from_slice(&link);
        let checksum = crc32c::crc32c(&bytes[..CHECKSUM]);
        bytes[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
        Slot { header, length: payload.len(), bytes }
    }

    /// Reads a slot; `None` is a blank one.
    ///
    /// # Errors
    /// The [`SlotFault`] that makes the bytes unfit. The place in the chain is checked by
    /// [`Slot::follows`].
    pub fn read(bytes: &[u8; SLOT_BYTES]) -> Result<Option<Slot>, SlotFault> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if bytes[0..4] != MAGIC {
            return Err(SlotFault::NotASlot);
        }
        let stored = u32::from_le_bytes(fixed(bytes, CHECKSUM));
        if crc32c::crc32c(&bytes[..CHECKSUM]) != stored {
            return Err(SlotFault::Checksum);
        }
        if bytes[4] != VERSION {
            return Err(SlotFault::Version(bytes[4]));
        }
        let length = usize::from(u16::from_le_bytes(fixed(bytes, 6)));
        let kind = SlotKind::from_code(bytes[5]).ok_or(SlotFault::Header)?;
        let serial =
            MeterSerial::new(u32::from_le_bytes(fixed(bytes, 8))).map_err(|_| SlotFault::Header)?;
        if length > PAYLOAD_BYTES {
            return Err(SlotFault::Header);
        }
        let header = Header {
            kind,
            serial,
            segment: u32::from_le_bytes(fixed(bytes, 12)),
            sequence: u64::from_le_bytes(fixed(bytes, 16)),
            record: u64::from_le_bytes(fixed(bytes, 24)),
        };
        Ok(Some(Slot { header, length, bytes: *bytes }))
    }

    /// The slot's place and kind.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the slot tells.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[PAYLOAD..PAYLOAD + self.length]
    }

    /// The hash over this slot and, through its predecessor's, over all before.
    #[must_use]
    pub fn link(&self) -> Link {
        fixed(&self.bytes, LINKED)
    }

    /// The bytes as they lie on the disk.
    #[must_use]
    pub fn bytes(&self) -> &[u8; SLOT_BYTES] {
        &self.bytes
    }

    /// Whether this is the first slot of a device's life.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.header.sequence == 1
            && self.link() == link_of(&[0; 32], &self.bytes[..LINKED], self.payload())
    }

    /// Whether this slot is the one written next after `previous`.
    #[must_use]
    pub fn follows(&self, previous: &Slot) -> bool {
        self.header.sequence == previous.header.sequence + 1
            && self.header.record >= previous.header.record
            && self.link() == link_of(&previous.link(), &self.bytes[..LINKED], self.payload())
    }
}

fn link_of(previous: &Link, header: &[u8], payload: &[u8]) -> Link {
    Sha256::new()
        .chain_update(previous)
        .chain_update(header)
        .chain_update(payload)
        .finalize()
        .into()
}

fn fixed<const N: usize>(bytes: &[u8; SLOT_BYTES], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(sequence: u64, payload: &[u8], previous: &Link) -> Slot {
        let serial = MeterSerial::new(42).unwrap();
        let header = Header { kind: SlotKind::Debited, serial, segment: 1, sequence, record: 7 };
        Slot::new(header, payload, previous)
    }

    #[test]
    fn a_slot_reads_back_as_it_was_written() {
        let written = slot(3, b"a debit", &[9; 32]);
        let read = Slot::read(written.bytes()).unwrap().unwrap();
        assert_eq!(read.header(), written.header());
        assert_eq!(read.payload(), b"a debit");
        assert_eq!(read.link(), written.link());
    }

    #[test]
    fn a_blank_sector_is_no_slot_and_no_fault() {
        assert!(Slot::read(&[0; SLOT_BYTES]).unwrap().is_none());
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let sound = *slot(3, b"a debit", &[9; 32]).bytes();
        for at in 0..SLOT_BYTES {
            for bit in 0..8 {
                let mut bytes = sound;
                bytes[at] ^= 1 << bit;
                assert!(Slot::read(&bytes).is_err(), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_slot_follows_its_predecessor_and_nothing_else() {
        let first = slot(1, b"one", &[0; 32]);
        let second = slot(2, b"two", &first.link());
        assert!(second.follows(&first));
        assert!(!slot(3, b"two", &first.link()).follows(&first), "a gap in the sequence");
        assert!(!slot(2, b"two", &[0; 32]).follows(&first), "another past");
    }

    #[test]
    fn a_later_format_is_told_apart_from_damage() {
        let mut bytes = *slot(1, b"", &[0; 32]).bytes();
        bytes[4] = 2;
        let checksum = crc32c::crc32c(&bytes[..CHECKSUM]);
        bytes[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(Slot::read(&bytes).err(), Some(SlotFault::Version(2)));
    }
}
