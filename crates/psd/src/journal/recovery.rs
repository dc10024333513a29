//! Opening a journal: what a power cut may have spoilt is put right, what it cannot have is refused.

use super::segments::{End, PART_HEAD, Segments, segments_of};
use super::slot::{SLOT_BYTES, Slot, SlotFault, SlotKind};
use super::{Damage, Disk, JournalError, Recovery, Replayed, Visitor};

const BLANK: [u8; SLOT_BYTES] = [0; SLOT_BYTES];

/// What lies in a segment that can be continued.
struct Found {
    /// The first slot that tells nothing, and why if it is not blank.
    index: u64,
    fault: Option<SlotFault>,
    /// The slots that the segment should have, and those that the file has.
    slots: u64,
    present: u64,
    last: Slot,
}

/// Why a segment cannot be continued.
enum Halt {
    /// A slot is not sound; what lies beyond may still be read as evidence.
    At(u64, SlotFault),
    Other(JournalError),
}

impl<D: Disk> Segments<D> {
    pub(super) fn recover(&mut self, visit: &mut Visitor<'_>) -> Result<Recovery, JournalError> {
        let newest = self.newest()?;
        let before = match newest {
            1 => None,
            _ => Some(self.sealed(newest - 1)?),
        };
        let mut any_state = false;
        let found = self.scan(newest, before, &mut |replayed| {
            any_state |= matches!(replayed, Replayed::Checkpoint(_));
            visit(replayed)
        });
        let found = match found {
            Ok(found) => found,
            Err(Halt::Other(error)) => return Err(error),
            Err(Halt::At(index, fault)) => {
                if !any_state && newest > 1 {
                    // The damage is in the head: the state before it is still of use to a person.
                    let _ = self.scan(newest - 1, None, visit);
                }
                self.show_strays(newest, index + 1, visit);
                return Err(self.damage(newest, index, fault));
            }
        };
        self.make_durable(newest, &found)?;
        let torn_tail = found.fault.map(|fault| Damage {
            file: self.disk.name(newest),
            slot: found.index,
            fault,
        });
        let Found { index, slots, last, .. } = found;
        self.end = Some(End { segment: newest, index, slots, last });
        Ok(Recovery { torn_tail })
    }

    /// What was read may be in the system's cache only: after a process died before its flush, or
    /// after a flush failed, which leaves pages that no later flush writes. Writing the last slot
    /// again makes its page dirty, so that the flush here means what it says.
    fn make_durable(&mut self, segment: u32, found: &Found) -> Result<(), JournalError> {
        self.write(segment, found.index - 1, found.last.bytes())?;
        if found.fault.is_some() {
            self.write(segment, found.index, &BLANK)?;
        }
        for missing in found.present..found.slots {
            self.write(segment, missing, &BLANK)?;
        }
        self.flush(segment)?;
        let file = self.disk.name(segment);
        self.disk.flush_names().map_err(|source| JournalError::Unflushed { file, source })
    }

    fn newest(&self) -> Result<u32, JournalError> {
        let numbers = segments_of(&self.disk)?;
        let missing = (1..).zip(&numbers).find(|(expected, found)| expected != *found);
        match (missing, numbers.last()) {
            (Some((missing, _)), _) => {
                Err(JournalError::MissingSegment { file: self.disk.name(missing) })
            }
            (None, Some(newest)) => Ok(*newest),
            (None, None) => Err(JournalError::MissingSegment { file: self.disk.name(1) }),
        }
    }

    /// The seal of a full segment, written now if the process died or the power went before it was.
    fn sealed(&mut self, segment: u32) -> Result<Slot, JournalError> {
        let slots = self.slots_in(segment)?;
        let at = slots.saturating_sub(2);
        let end = self.read_slots(segment, at, slots - at)?;
        let [last, seal] = &end[..] else {
            return Err(self.damage(segment, slots, SlotFault::Truncated));
        };
        let last = match Slot::read(last) {
            Ok(Some(last)) => last,
            Ok(None) => return Err(self.damage(segment, at, SlotFault::Hole)),
            Err(fault) => return Err(self.damage(segment, at, fault)),
        };
        let due = Self::seal(&last);
        match Slot::read(seal) {
            Ok(Some(seal)) if seal.bytes() == due.bytes() => {}
            Ok(Some(_)) => return Err(self.damage(segment, at + 1, SlotFault::Chain)),
            Ok(None) | Err(_) => {
                self.write(segment, at + 1, due.bytes())?;
                self.flush(segment)?;
            }
        }
        Ok(due)
    }

    fn show_strays(&self, segment: u32, from: u64, visit: &mut Visitor<'_>) {
        let count = self.slots_in(segment).unwrap_or(0).saturating_sub(from);
        for bytes in self.read_slots(segment, from, count).unwrap_or_default() {
            if let Ok(Some(stray)) = Slot::read(&bytes) {
                // What a stray tells is only evidence; one that makes no sense is passed over.
                let _ = visit(Replayed::Stray(&stray));
            }
        }
    }

    fn scan(
        &self,
        segment: u32,
        before: Option<Slot>,
        visit: &mut Visitor<'_>,
    ) -> Result<Found, Halt> {
        let present = self.slots_in(segment).map_err(Halt::Other)?;
        let raw = self.read_slots(segment, 0, present).map_err(Halt::Other)?;
        let mut scan = Scan { segment, last: before, head: Head::default() };
        let (mut index, mut fault) = (0, None);
        for bytes in &raw {
            match Slot::read(bytes) {
                Ok(None) => break,
                Err(found) => {
                    fault = Some(found);
                    break;
                }
                Ok(Some(slot)) if scan.is_seal(&slot, index) => {
                    let file = self.disk.name(segment + 1);
                    return Err(Halt::Other(JournalError::MissingSegment { file }));
                }
                Ok(Some(slot)) => match scan.admit(slot, visit) {
                    Ok(()) => index += 1,
                    Err(Unfit::Fault(fault)) => return Err(Halt::At(index, fault)),
                    Err(Unfit::Foreign { expected, found }) => {
                        let file = self.disk.name(segment);
                        return Err(Halt::Other(JournalError::Foreign { file, expected, found }));
                    }
                },
            }
        }
        let blank_after = (0..).zip(&raw).all(|(at, bytes)| at <= index || *bytes == BLANK);
        scan.end(index, fault, present, blank_after)
    }
}

/// What has been read of a segment.
struct Scan {
    segment: u32,
    last: Option<Slot>,
    head: Head,
}

enum Unfit {
    Foreign { expected: timbre_postage::MeterSerial, found: timbre_postage::MeterSerial },
    Fault(SlotFault),
}

impl Scan {
    fn is_seal(&self, slot: &Slot, index: u64) -> bool {
        slot.header().kind == SlotKind::Seal
            && self.head.complete()
            && index + 1 == self.head.slots
            && self.last.as_ref().is_some_and(|last| slot.follows(last))
    }

    fn admit(&mut self, slot: Slot, visit: &mut Visitor<'_>) -> Result<(), Unfit> {
        let header = *slot.header();
        let in_place = match &self.last {
            Some(last) if last.header().serial != header.serial => {
                let (expected, found) = (last.header().serial, header.serial);
                return Err(Unfit::Foreign { expected, found });
            }
            Some(last) => slot.follows(last),
            // Salvage of an older segment begins without its predecessor.
            None => self.segment > 1 || slot.is_first(),
        };
        if header.segment != self.segment || !in_place {
            return Err(Unfit::Fault(SlotFault::Chain));
        }
        match (header.kind, self.head.complete()) {
            (SlotKind::Checkpoint, false) => {
                self.head.add(slot.payload()).map_err(Unfit::Fault)?;
                if self.head.complete() {
                    visit(Replayed::Checkpoint(&self.head.bytes)).map_err(Unfit::Fault)?;
                }
            }
            (SlotKind::Checkpoint | SlotKind::Seal, _) | (_, false) => {
                return Err(Unfit::Fault(SlotFault::Header));
            }
            (_, true) => visit(Replayed::Slot(&slot)).map_err(Unfit::Fault)?,
        }
        self.last = Some(slot);
        Ok(())
    }

    /// Whether the segment can be continued at `index`, where the first slot lies that tells nothing.
    fn end(
        self,
        index: u64,
        fault: Option<SlotFault>,
        present: u64,
        blank_after: bool,
    ) -> Result<Found, Halt> {
        let slots = self.head.slots;
        #[cfg(feature = "planted")]
        if let Some(fault) = fault
            && timbre_postage::planted::has(timbre_postage::planted::Bug::TornTailRefused)
        {
            return Err(Halt::At(index, fault));
        }
        match self.last {
            _ if index >= present && (!self.head.complete() || index < slots) => {
                Err(Halt::At(index, SlotFault::Truncated))
            }
            // The seal is written when the next segment exists, so no power cut spoils this one's.
            Some(last)
                if self.head.complete()
                    && blank_after
                    && (fault.is_none() || index + 1 < slots) =>
            {
                Ok(Found { index, fault, slots, present, last })
            }
            _ => Err(Halt::At(index, fault.unwrap_or(SlotFault::Hole))),
        }
    }
}

/// The head of a segment, being put together from its slots.
#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    seen: u16,
    count: u16,
    /// The slots of the segment.
    slots: u64,
}

impl Head {
    fn complete(&self) -> bool {
        self.seen > 0 && self.seen == self.count
    }

    fn add(&mut self, payload: &[u8]) -> Result<(), SlotFault> {
        let (head, part) = payload.split_first_chunk::<PART_HEAD>().ok_or(SlotFault::Contents)?;
        let [n0, n1, c0, c1, s0, s1, s2, s3] = *head;
        let (number, count) = (u16::from_le_bytes([n0, n1]), u16::from_le_bytes([c0, c1]));
        let slots = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
        if self.seen == 0 {
            (self.count, self.slots) = (count, slots);
        }
        if (number, count, slots) != (self.seen, self.count, self.slots) || number >= count {
            return Err(SlotFault::Contents);
        }
        self.bytes.extend_from_slice(part);
        self.seen += 1;
        Ok(())
    }
}
