//! Reading back: finding a record without an index, and running through slots from there.
//!
//! Everything read is checked again; nothing is cached, because only uploads and restarts read.

use super::segments::Segments;
use super::slot::{SLOT_BYTES, Slot, SlotFault, SlotKind};
use super::{Disk, JournalError, Place};

/// Slots fetched at once: 32 KiB.
const RUN: u64 = 64;

impl<D: Disk> Segments<D> {
    pub(super) fn find_record(&self, record: u64) -> Result<Place, JournalError> {
        let newest = self.end()?.segment;
        // A segment's first slot carries the newest record before it.
        let starts_after = |segment: u32| -> Result<bool, JournalError> {
            Ok(self.slot(segment, 0)?.header().record >= record)
        };
        let (mut low, mut high) = (1, newest);
        while low < high {
            let middle = high - (high - low) / 2;
            match starts_after(middle)? {
                true => high = middle - 1,
                false => low = middle,
            }
        }
        let (segment, mut first, mut end) = (low, 0, self.limit(low)?);
        while first < end {
            let middle = first + (end - first) / 2;
            match self.slot(segment, middle)?.header().record >= record {
                true => end = middle,
                false => first = middle + 1,
            }
        }
        Ok(Place { segment, index: first })
    }

    pub(super) fn read_run(
        &self,
        mut place: Place,
    ) -> Result<Option<(Vec<Slot>, Place)>, JournalError> {
        let newest = self.end()?.segment;
        loop {
            let limit = self.limit(place.segment)?;
            if place.index >= limit {
                if place.segment >= newest {
                    return Ok(None);
                }
                place = Place { segment: place.segment + 1, index: 0 };
                continue;
            }
            let count = RUN.min(limit - place.index);
            let slots = self.sound_slots(place, count)?;
            place.index += count;
            if !slots.is_empty() {
                return Ok(Some((slots, place)));
            }
        }
    }

    /// `count` slots from `place`, each following the one before it, without checkpoints.
    fn sound_slots(&self, place: Place, count: u64) -> Result<Vec<Slot>, JournalError> {
        let from = place.index.saturating_sub(1);
        let raw = self.read_slots(place.segment, from, count + place.index - from)?;
        let mut slots = Vec::with_capacity(raw.len());
        let mut previous: Option<Slot> = None;
        for (index, bytes) in (from..).zip(&raw) {
            let slot = self.sound(place.segment, index, bytes)?;
            if previous.is_some_and(|previous| !slot.follows(&previous)) {
                return Err(self.damage(place.segment, index, SlotFault::Chain));
            }
            previous = Some(slot.clone());
            if index >= place.index && slot.header().kind != SlotKind::Checkpoint {
                slots.push(slot);
            }
        }
        Ok(slots)
    }

    /// The slots of a segment that tell something: all up to the end, or to the seal.
    fn limit(&self, segment: u32) -> Result<u64, JournalError> {
        let end = self.end()?;
        if segment == end.segment {
            return Ok(end.index);
        }
        let seal = self.slots_in(segment)?.saturating_sub(1);
        match self.slot(segment, seal)?.header().kind {
            SlotKind::Seal => Ok(seal),
            _ => Err(self.damage(segment, seal + 1, SlotFault::Truncated)),
        }
    }

    fn slot(&self, segment: u32, index: u64) -> Result<Slot, JournalError> {
        let raw = self.read_slots(segment, index, 1)?;
        let [bytes] = &raw[..] else {
            return Err(self.damage(segment, index, SlotFault::NotASlot));
        };
        self.sound(segment, index, bytes)
    }

    fn sound(
        &self,
        segment: u32,
        index: u64,
        bytes: &[u8; SLOT_BYTES],
    ) -> Result<Slot, JournalError> {
        match Slot::read(bytes) {
            Ok(Some(slot)) if slot.header().segment == segment => Ok(slot),
            Ok(Some(_)) => Err(self.damage(segment, index, SlotFault::Chain)),
            Ok(None) => Err(self.damage(segment, index, SlotFault::Hole)),
            Err(fault) => Err(self.damage(segment, index, fault)),
        }
    }
}
