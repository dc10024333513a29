//! The journal of a device: slots whose frame is sound and whose payload is anything, then bytes that are anything.
//! Opening may refuse it and may not panic; what it takes for a device adds up.
#![no_main]

use jiff::civil::Date;
use libfuzzer_sys::fuzz_target;
use timbre_postage::MeterSerial;
use timbre_psd::Psd;
use timbre_psd::journal::{Disk, Header, Link, MemoryDisk, PAYLOAD_BYTES, Segments, Slot, SlotKind};

const SLOTS: u64 = 16;

/// Frames what `data` says: a kind, how far the record moves, a length, that many bytes of payload.
fn frame(mut data: &[u8], serial: MeterSerial) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut link, mut sequence, mut record) = (Link::default(), 0, 0);
    while let [code, step, low, high, rest @ ..] = data {
        let Some(kind) = SlotKind::from_code(*code) else { break };
        let length = usize::from(u16::from_le_bytes([*low, *high])) % (PAYLOAD_BYTES + 1);
        let (payload, rest) = rest.split_at(length.min(rest.len()));
        sequence += 1;
        record += u64::from(*step % 3);
        let slot = Slot::new(Header { kind, serial, segment: 1, sequence, record }, payload, &link);
        link = slot.link();
        bytes.extend_from_slice(slot.bytes());
        data = rest;
    }
    bytes.extend_from_slice(data);
    bytes
}

fuzz_target!(|data: &[u8]| {
    let Some((framed, data)) = data.split_first() else { return };
    let serial = MeterSerial::new(42).expect("42 is a serial number");
    let bytes = if framed % 2 == 0 { frame(data, serial) } else { data.to_vec() };
    let mut disk = MemoryDisk::default();
    disk.create(1, &bytes, SLOTS * 512).expect("memory has room");
    let journal = Segments::on_existing(disk, SLOTS).expect("there is a segment");
    if let Ok(device) = Psd::examine(journal, Date::constant(2026, 11, 24)) {
        assert!(device.registers.control_sum().is_ok());
    }
});
