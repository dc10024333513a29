//! Opening a journal: what a power cut may have spoilt is put right, what it cannot have is refused.

use super::segments::{End, Segments, segments_of};
use super::slot::{SLOT_BYTES, Slot, SlotFault, SlotKind};
use super::{Damage, Disk, JournalError, Recovery, Replayed, Visitor};

const BLANK: [u8; SLOT_BYTES] = [0; SLOT_BYTES];

/// What lies in the newest segment.
struct Found {
    /// The first slot that tells nothing, and why if it is not blank.
    index: u64,
    fault: Option<SlotFault>,
    slots: u64,
    last: Slot,
}

impl<D: Disk> Segments<D> {
    pub(super) fn recover(&mut self, visit: &mut Visitor<'_>) -> Result<Recovery, JournalError> {
        let newest = self.newest()?;
        let before = match newest {
            1 => None,
            _ => Some(self.sealed(newest - 1)?),
        };
        let mut any_state = false;
        let found = self.scan(newest, before.as_ref(), &mut |replayed| {
            any_state |= matches!(replayed, Replayed::Checkpoint(_));
            visit(replayed)
        });
        if let (Err(JournalError::Damaged(_)), false, 2..) = (&found, any_state, newest) {
            // The damage is in the head: the state before it is still of use to a person.
            let _ = self.scan(newest - 1, None, visit);
        }
        let found = found?;

        // Slots read here may be in the system's cache only: after a process died before its flush,
        // or after a flush failed, which leaves pages that no later flush writes. Writing the last
        // slot again makes its page dirty, so that this flush means what it says.
        self.write(newest, found.index - 1, found.last.bytes())?;
        let torn_tail = found.fault.map(|fault| Damage {
            file: self.disk.name(newest),
            slot: found.index,
            fault,
        });
        if torn_tail.is_some() {
            self.write(newest, found.index, &BLANK)?;
        }
        self.flush(newest)?;
        self.disk
            .flush_names()
            .map_err(|source| JournalError::Unflushed { file: self.disk.name(newest), source })?;
        self.end =
            Some(End { segment: newest, index: found.index, slots: found.slots, last: found.last });
        Ok(Recovery { torn_tail })
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
            return Err(self.damage(segment, at, SlotFault::NotASlot));
        };
        let last = match Slot::read(last) {
            Ok(Some(last)) => last,
            Ok(None) => return Err(self.damage(segment, at, SlotFault::Hole)),
            Err(fault) => return Err(self.damage(segment, at, fault)),
        };
        let due = Self::seal(&last);
        if seal != due.bytes() {
            if let Ok(Some(_)) = Slot::read(seal) {
                return Err(self.damage(segment, at + 1, SlotFault::Chain));
            }
            self.write(segment, at + 1, due.bytes())?;
            self.flush(segment)?;
        }
        Ok(due)
    }

    fn scan(
        &self,
        segment: u32,
        before: Option<&Slot>,
        visit: &mut Visitor<'_>,
    ) -> Result<Found, JournalError> {
        let slots = self.slots_in(segment)?;
        let raw = self.read_slots(segment, 0, slots)?;
        let mut state = Scan { last: before.cloned(), parts: Parts::default() };
        let (mut index, mut fault) = (0, None);
        for bytes in &raw {
            match Slot::read(bytes) {
                Ok(None) => break,
                Err(found) => {
                    fault = Some(found);
                    break;
                }
                Ok(Some(slot)) => {
                    if slot.header().kind == SlotKind::Seal && index + 1 == slots {
                        return Err(JournalError::MissingSegment {
                            file: self.disk.name(segment + 1),
                        });
                    }
                    if let Err(refused) = self.admit(segment, &slot, &mut state, visit) {
                        return Err(match refused {
                            Unfit::Foreign(error) => error,
                            Unfit::Fault(fault) => self.damage(segment, index, fault),
                        });
                    }
                }
            }
            index += 1;
        }
        let rest = usize::try_from(index).map_or(&[][..], |at| raw.get(at + 1..).unwrap_or(&[]));
        let torn_or_end = rest.iter().all(|bytes| *bytes == BLANK)
            && state.parts.complete()
            && (fault.is_none() || index + 1 < slots);
        match state.last {
            Some(last) if torn_or_end && index > 0 => Ok(Found { index, fault, slots, last }),
            _ => {
                for stray in rest.iter().filter_map(|bytes| Slot::read(bytes).ok().flatten()) {
                    // What a stray tells is only evidence; one that tells nothing is passed over.
                    let _ = visit(Replayed::Stray(&stray));
                }
                Err(self.damage(segment, index, fault.unwrap_or(SlotFault::Hole)))
            }
        }
    }

    fn admit(
        &self,
        segment: u32,
        slot: &Slot,
        state: &mut Scan,
        visit: &mut Visitor<'_>,
    ) -> Result<(), Unfit> {
        let header = slot.header();
        if let Some(last) = &state.last
            && last.header().serial != header.serial
        {
            let (expected, found) = (last.header().serial, header.serial);
            let file = self.disk.name(segment);
            return Err(Unfit::Foreign(JournalError::Foreign { file, expected, found }));
        }
        let in_place = match &state.last {
            Some(last) => slot.follows(last),
            // Salvage of an older segment begins without its predecessor.
            None => segment > 1 || slot.is_first(),
        };
        if header.segment != segment || !in_place {
            return Err(Unfit::Fault(SlotFault::Chain));
        }
        match (header.kind, state.parts.complete()) {
            (SlotKind::Seal, _) | (SlotKind::Checkpoint, true) => {
                return Err(Unfit::Fault(SlotFault::Header));
            }
            (SlotKind::Checkpoint, false) => {
                if let Some(checkpoint) = state.parts.add(slot.payload()).map_err(Unfit::Fault)? {
                    visit(Replayed::Checkpoint(checkpoint)).map_err(Unfit::Fault)?;
                }
            }
            (_, false) => return Err(Unfit::Fault(SlotFault::Header)),
            (_, true) => visit(Replayed::Slot(slot)).map_err(Unfit::Fault)?,
        }
        state.last = Some(slot.clone());
        Ok(())
    }
}

struct Scan {
    last: Option<Slot>,
    parts: Parts,
}

enum Unfit {
    Foreign(JournalError),
    Fault(SlotFault),
}

/// A checkpoint being put together from its slots.
#[derive(Default)]
struct Parts {
    bytes: Vec<u8>,
    seen: u16,
    count: Option<u16>,
}

impl Parts {
    fn complete(&self) -> bool {
        self.count == Some(self.seen)
    }

    fn add(&mut self, payload: &[u8]) -> Result<Option<&[u8]>, SlotFault> {
        let Some(([number_low, number_high, count_low, count_high], part)) =
            payload.split_first_chunk::<4>()
        else {
            return Err(SlotFault::Contents);
        };
        let number = u16::from_le_bytes([*number_low, *number_high]);
        let count = u16::from_le_bytes([*count_low, *count_high]);
        if number != self.seen || count == 0 || *self.count.get_or_insert(count) != count {
            return Err(SlotFault::Contents);
        }
        self.bytes.extend_from_slice(part);
        self.seen += 1;
        Ok(self.complete().then_some(&self.bytes[..]))
    }
}
