//! A journal over numbered segments of a disk: append, roll and recover.
//!
//! It keeps the invariant that everything else rests on: at most one slot is not yet flushed.

use timbre_postage::MeterSerial;

use super::slot::{Header, Link, PAYLOAD_BYTES, SLOT_BYTES, Slot, SlotFault, SlotKind};
use super::{Damage, Disk, Journal, JournalError, Place, Recovery, Visitor};

/// Slots in a segment of a real device: 2 MiB, about two weeks of a busy mail room.
pub const SEGMENT_SLOTS: u64 = 4096;

const SLOT: u64 = SLOT_BYTES as u64;
/// What a part of a checkpoint says before its bytes: see the table in the parent module.
pub(super) const PART_HEAD: usize = 8;

/// A journal over a [`Disk`].
pub struct Segments<D: Disk> {
    pub(super) disk: D,
    segment_slots: u64,
    /// Known after [`Journal::begin`] or [`Journal::replay`].
    pub(super) end: Option<End>,
    closed: bool,
}

/// Where the next slot goes.
pub(super) struct End {
    pub(super) segment: u32,
    /// The slot to be written next.
    pub(super) index: u64,
    /// The slots of the segment, with the seal's.
    pub(super) slots: u64,
    pub(super) last: Slot,
}

impl<D: Disk> Segments<D> {
    /// A journal yet to begin, on a disk that must be empty, with segments of `segment_slots` slots.
    ///
    /// # Errors
    /// [`JournalError::NotEmpty`] when it is not empty.
    pub fn on_new(disk: D, segment_slots: u64) -> Result<Self, JournalError> {
        match segments_of(&disk)?.is_empty() {
            true => Ok(Segments { disk, segment_slots, end: None, closed: false }),
            false => Err(JournalError::NotEmpty { directory: directory_of(&disk) }),
        }
    }

    /// A journal that lies on `disk`, to be replayed.
    ///
    /// # Errors
    /// [`JournalError::Absent`] when the disk is empty.
    pub fn on_existing(disk: D, segment_slots: u64) -> Result<Self, JournalError> {
        match segments_of(&disk)?.is_empty() {
            true => Err(JournalError::Absent { directory: directory_of(&disk) }),
            false => Ok(Segments { disk, segment_slots, end: None, closed: false }),
        }
    }

    pub(super) fn damage(&self, segment: u32, slot: u64, fault: SlotFault) -> JournalError {
        let file = self.disk.name(segment);
        match fault {
            SlotFault::Version(version) => JournalError::Newer { file, version },
            fault => JournalError::Damaged(Damage { file, slot, fault }),
        }
    }

    pub(super) fn slots_in(&self, segment: u32) -> Result<u64, JournalError> {
        let length = self
            .disk
            .length(segment)
            .map_err(|source| JournalError::io("examine", &self.disk.name(segment), source))?;
        Ok(length / SLOT)
    }

    pub(super) fn read_slots(
        &self,
        segment: u32,
        index: u64,
        count: u64,
    ) -> Result<Vec<[u8; SLOT_BYTES]>, JournalError> {
        let length = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(SLOT_BYTES);
        let mut bytes = vec![0; length];
        self.disk
            .read_at(segment, index * SLOT, &mut bytes)
            .map_err(|source| JournalError::io("read", &self.disk.name(segment), source))?;
        Ok(bytes.as_chunks::<SLOT_BYTES>().0.to_vec())
    }

    pub(super) fn end(&self) -> Result<&End, JournalError> {
        self.end.as_ref().ok_or(JournalError::Closed)
    }

    /// The end, if anything may be written there. Reading goes on in a closed journal.
    fn writable(&self) -> Result<&End, JournalError> {
        if self.closed { Err(JournalError::Closed) } else { self.end() }
    }

    fn next_slot(
        &self,
        kind: SlotKind,
        record: u64,
        payload: &[u8],
    ) -> Result<(u32, u64, Slot), JournalError> {
        let end = self.writable()?;
        assert!(end.index + 1 < end.slots, "invariant: a full segment is rolled before an append");
        let header = Header {
            kind,
            serial: end.last.header().serial,
            segment: end.segment,
            sequence: end.last.header().sequence + 1,
            record,
        };
        Ok((end.segment, end.index, Slot::new(header, payload, &end.last.link())))
    }

    pub(super) fn write(
        &mut self,
        segment: u32,
        index: u64,
        slot: &[u8; SLOT_BYTES],
    ) -> Result<(), JournalError> {
        self.disk
            .write_at(segment, index * SLOT, slot)
            .map_err(|source| JournalError::write(self.disk.name(segment), source))
    }

    pub(super) fn flush(&mut self, segment: u32) -> Result<(), JournalError> {
        self.disk.flush(segment).map_err(|source| {
            self.closed = true;
            JournalError::Unflushed { file: self.disk.name(segment), source }
        })
    }

    /// Makes a segment that begins with the checkpoint, and stands at its end.
    fn head(
        &mut self,
        segment: u32,
        first: Header,
        previous: &Link,
        checkpoint: &[u8],
    ) -> Result<(), JournalError> {
        let parts: Vec<&[u8]> = checkpoint.chunks(PAYLOAD_BYTES - PART_HEAD).collect();
        let count = u16::try_from(parts.len()).expect("invariant: a checkpoint is under 28 MB");
        // A state that outgrew the usual segment still leaves room to work in.
        let slots = self.segment_slots.max(u64::from(count) * 2 + 2);
        let stated = u32::try_from(slots).expect("invariant: a segment is under 2 TB");
        let mut head = Vec::with_capacity(parts.len() * SLOT_BYTES);
        let (mut header, mut link, mut last) = (first, *previous, None);
        for (number, part) in (0u16..).zip(parts) {
            let mut payload = Vec::with_capacity(PAYLOAD_BYTES);
            payload.extend(number.to_le_bytes());
            payload.extend(count.to_le_bytes());
            payload.extend(stated.to_le_bytes());
            payload.extend(part);
            let slot = Slot::new(header, &payload, &link);
            head.extend(slot.bytes());
            (link, header.sequence) = (slot.link(), header.sequence + 1);
            last = Some(slot);
        }
        let last = last.expect("invariant: a checkpoint is not empty");
        self.disk
            .create(segment, &head, slots * SLOT)
            .map_err(|source| JournalError::write(self.disk.name(segment), source))?;
        self.end = Some(End { segment, index: u64::from(count), slots, last });
        Ok(())
    }

    /// The seal that belongs after `last`, the last slot of `segment` that tells something.
    pub(super) fn seal(last: &Slot) -> Slot {
        let header =
            Header { kind: SlotKind::Seal, sequence: last.header().sequence + 1, ..*last.header() };
        Slot::new(header, &[], &last.link())
    }
}

impl<D: Disk> Journal for Segments<D> {
    fn begin(&mut self, serial: MeterSerial, checkpoint: &[u8]) -> Result<(), JournalError> {
        if self.end.is_some() || !segments_of(&self.disk)?.is_empty() {
            return Err(JournalError::NotEmpty { directory: directory_of(&self.disk) });
        }
        let first =
            Header { kind: SlotKind::Checkpoint, serial, segment: 1, sequence: 1, record: 0 };
        self.head(1, first, &[0; 32], checkpoint)
    }

    fn replay(&mut self, visit: &mut Visitor<'_>) -> Result<Recovery, JournalError> {
        (self.end, self.closed) = (None, false);
        self.recover(visit)
    }

    fn is_full(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.index + 1 >= end.slots)
    }

    fn roll(&mut self, record: u64, checkpoint: &[u8]) -> Result<(), JournalError> {
        let end = self.writable()?;
        let (full, seal_index, seal) = (end.segment, end.slots - 1, Self::seal(&end.last));
        let first = Header {
            kind: SlotKind::Checkpoint,
            segment: full + 1,
            sequence: seal.header().sequence + 1,
            record,
            ..*seal.header()
        };
        self.head(full + 1, first, &seal.link(), checkpoint)?;
        self.write(full, seal_index, seal.bytes())?;
        self.flush(full)
    }

    fn append(&mut self, kind: SlotKind, record: u64, payload: &[u8]) -> Result<(), JournalError> {
        let (segment, index, slot) = self.next_slot(kind, record, payload)?;
        self.write(segment, index, slot.bytes())?;
        #[cfg(feature = "planted")]
        let flushes = !timbre_postage::planted::has(timbre_postage::planted::Bug::FlushSkipped);
        #[cfg(not(feature = "planted"))]
        let flushes = true;
        if flushes {
            self.flush(segment)?;
        }
        let end = self.end.as_mut().expect("invariant: there is an end to append to");
        end.index += 1;
        end.last = slot;
        Ok(())
    }

    fn note(&mut self, kind: SlotKind, record: u64, payload: &[u8]) -> Result<(), JournalError> {
        let (segment, index, slot) = self.next_slot(kind, record, payload)?;
        self.write(segment, index, slot.bytes())
    }

    fn find(&self, record: u64) -> Result<Place, JournalError> {
        self.find_record(record)
    }

    fn read(&self, place: Place) -> Result<Option<(Vec<Slot>, Place)>, JournalError> {
        self.read_run(place)
    }
}

pub(super) fn segments_of(disk: &impl Disk) -> Result<Vec<u32>, JournalError> {
    disk.segments().map_err(|source| JournalError::io("list", &directory_of(disk), source))
}

fn directory_of(disk: &impl Disk) -> std::path::PathBuf {
    disk.name(1).parent().map(Into::into).unwrap_or_default()
}
