//! From the journal back to a device's state, or to what can be salvaged of it.

use timbre_postage::Registers;

use crate::device_state::DeviceState;
use crate::entry::Entry;
use crate::journal::{Journal, JournalError, Recovery, Replayed, Slot, SlotFault};
use crate::{OpenError, Salvage};

/// The state so far.
#[derive(Default)]
pub(crate) struct Replay {
    state: Option<DeviceState>,
    beyond: Option<(u64, Registers)>,
}

impl Replay {
    /// The state that `journal` tells of, and what had to be put right.
    pub(crate) fn run(journal: &mut impl Journal) -> Result<(DeviceState, Recovery), OpenError> {
        let mut replay = Replay::default();
        let replayed = journal.replay(&mut |step| replay.step(step));
        match (replayed, replay) {
            (Ok(recovery), Replay { state: Some(state), .. }) => Ok((state, recovery)),
            (Ok(_), Replay { state: None, .. }) => Err(OpenError::Journal(JournalError::Closed)),
            (Err(JournalError::Damaged(damage)), replay) => {
                Err(OpenError::Damaged { damage, salvage: replay.salvage().map(Box::new) })
            }
            (Err(error), _) => Err(OpenError::Journal(error)),
        }
    }

    fn step(&mut self, step: Replayed<'_>) -> Result<(), SlotFault> {
        match step {
            Replayed::Checkpoint(bytes) => self.state = Some(DeviceState::from_checkpoint(bytes)?),
            Replayed::Slot(slot) => {
                let state = self.state.as_mut().ok_or(SlotFault::Contents)?;
                let entry = decode(state, slot)?;
                let record = slot.header().record;
                state.check(record, &entry).map_err(|_| SlotFault::Contents)?;
                state.apply(record, &entry);
                #[cfg(feature = "planted")]
                credit_twice(state, &entry);
            }
            Replayed::Stray(slot) => {
                let state = self.state.as_ref().ok_or(SlotFault::Contents)?;
                let entry = decode(state, slot)?;
                let seen = entry.stamp().map(|stamp| (slot.header().record, stamp.registers));
                self.beyond = seen.or(self.beyond);
            }
        }
        Ok(())
    }

    fn salvage(self) -> Option<Salvage> {
        self.state.map(|state| Salvage {
            serial: state.serial,
            registers: state.registers,
            record_sequence: state.record_sequence,
            beyond: self.beyond,
            next_inspection: state.next_inspection,
        })
    }
}

fn decode(state: &DeviceState, slot: &Slot) -> Result<Entry, SlotFault> {
    Entry::decode(slot.header().kind, slot.payload(), state.serial, state.currency)
}

#[cfg(feature = "planted")]
fn credit_twice(state: &mut DeviceState, entry: &Entry) {
    use timbre_postage::planted::{Bug, has};
    if let (Entry::RefillApplied { reply, .. }, true) = (entry, has(Bug::CreditedTwice)) {
        let add = |a: timbre_postage::Amount| a.checked_add(reply.amount).unwrap_or(a);
        state.registers.descending = add(state.registers.descending);
        state.control_sum = add(state.control_sum);
    }
}
