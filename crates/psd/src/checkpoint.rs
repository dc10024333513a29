//! The whole state as bytes: what heads every segment of the journal.
//!
//! The fields stand in the order below; an absent one is a zero byte. What a later release adds comes last, and a
//! checkpoint of before ends there.

use timbre_postage::{Currency, MeterSerial, Registers};

use crate::codec::{Reader, Writer};
use crate::device_state::{DeviceKeys, DeviceState};
use crate::entry::messages;
use crate::journal::SlotFault;
use crate::{State, TrustAnchors};

impl DeviceState {
    /// The bytes of a checkpoint.
    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        let w = &mut writer;
        w.u32(self.serial.number());
        w.currency(self.currency);
        w.key(&self.anchors.funds);
        w.key(&self.anchors.rates);
        w.u8(code(self.base));
        w.option(self.keys.as_ref(), |w, keys| {
            w.key(&keys.device);
            w.key(&keys.indicium);
        });
        w.option(self.installation.as_ref(), messages::write_installation);
        w.registers(&self.registers);
        w.amount(self.control_sum);
        w.u64(self.record_sequence);
        w.raw(&self.chain);
        w.time(self.last_time);
        w.option(self.pending_refill.as_ref(), messages::write_refill_request);
        w.option(self.last_refill.as_ref(), messages::write_refill_reply);
        w.option(self.pending_inspection.as_ref(), messages::write_inspection_request);
        w.option(self.last_inspection.as_ref(), messages::write_inspection_reply);
        w.option(self.next_inspection, Writer::date);
        w.u32(u32::try_from(self.unprinted.len()).expect("invariant: unprinted pieces are few"));
        for (record, reprinted) in &self.unprinted {
            w.u64(*record);
            w.u8(u8::from(*reprinted));
        }
        w.u64(self.contact);
        w.option(self.former_rates.as_ref(), Writer::key);
        w.option(self.pending_withdrawal.as_ref(), messages::write_withdrawal_request);
        w.u64(self.withdrawals);
        w.option(self.withdrawal.as_ref(), messages::write_withdrawal_reply);
        w.option(self.proposed.as_ref(), |w, keys| {
            w.key(&keys.device);
            w.key(&keys.indicium);
        });
        writer.finish()
    }

    /// Reads a checkpoint.
    pub(crate) fn from_checkpoint(bytes: &[u8]) -> Result<DeviceState, SlotFault> {
        // The currency that counts comes second; no amount stands before it.
        let mut reader = Reader::new(bytes, Currency::Cad);
        let r = &mut reader;
        let serial = MeterSerial::new(r.u32()?).map_err(|_| SlotFault::Contents)?;
        let currency = r.currency()?;
        r.set_currency(currency);
        let state = DeviceState {
            serial,
            currency,
            anchors: TrustAnchors { funds: r.key()?, rates: r.key()? },
            base: state_of(r.u8()?)?,
            keys: r.option(|r| Ok(DeviceKeys { device: r.key()?, indicium: r.key()? }))?,
            installation: r.option(|r| messages::read_installation(r, serial))?,
            registers: r.registers()?,
            control_sum: r.amount()?,
            record_sequence: r.u64()?,
            chain: r.raw()?,
            last_time: r.time()?,
            pending_refill: r.option(|r| messages::read_refill_request(r, serial))?,
            last_refill: r.option(|r| messages::read_refill_reply(r, serial))?,
            pending_inspection: r.option(|r| messages::read_inspection_request(r, serial))?,
            last_inspection: r.option(|r| messages::read_inspection_reply(r, serial))?,
            next_inspection: r.option(Reader::date)?,
            unprinted: (0..r.u32()?)
                .map(|_| Ok((r.u64()?, r.u8()? != 0)))
                .collect::<Result<_, SlotFault>>()?,
            contact: r.later(Reader::u64)?.unwrap_or(0),
            former_rates: r.later(|r| r.option(Reader::key))?.flatten(),
            pending_withdrawal: r
                .later(|r| r.option(|r| messages::read_withdrawal_request(r, serial)))?
                .flatten(),
            withdrawals: r.later(Reader::u64)?.unwrap_or(0),
            withdrawal: r
                .later(|r| r.option(|r| messages::read_withdrawal_reply(r, serial)))?
                .flatten(),
            proposed: r
                .later(|r| r.option(|r| Ok(DeviceKeys { device: r.key()?, indicium: r.key()? })))?
                .flatten(),
        };
        reader.finish()?;
        match agrees(&state.registers, &state) {
            true => Ok(state),
            false => Err(SlotFault::Contents),
        }
    }
}

fn agrees(registers: &Registers, state: &DeviceState) -> bool {
    registers.control_sum() == Ok(state.control_sum)
}

const fn code(state: State) -> u8 {
    match state {
        State::Manufactured => 0,
        State::Initialised => 1,
        State::Authorised => 2,
        // The two that follow from the date are never kept.
        State::Operational | State::InspectionDue | State::Locked => 3,
        State::Suspended => 4,
        State::Tampered => 5,
        State::WithdrawPending => 6,
        State::Withdrawn => 7,
    }
}

const fn state_of(code: u8) -> Result<State, SlotFault> {
    Ok(match code {
        0 => State::Manufactured,
        1 => State::Initialised,
        2 => State::Authorised,
        3 => State::Operational,
        4 => State::Suspended,
        5 => State::Tampered,
        6 => State::WithdrawPending,
        7 => State::Withdrawn,
        _ => return Err(SlotFault::Contents),
    })
}
