//! Damage: what a power cut can have done is recovered, anything else is refused by name and place,
//! with the registers still readable.

use timbre_postage::{MeterSerial, Registers};
use timbre_psd::journal::{Damage, SLOT_BYTES, Segments, SlotFault};
use timbre_psd::{JournalError, OpenError, Psd};

use crate::disks::{Image, ImageDisk, name_of};
use crate::fixture::*;

type Device = Psd<Segments<ImageDisk>>;

const SLOTS: u64 = 24;

fn open(image: Image) -> Result<Device, OpenError> {
    let journal = Segments::on_existing(ImageDisk::of(image), SLOTS).map_err(OpenError::Journal)?;
    Psd::open(journal, device_keys())
}

/// The slots of a segment that are not blank.
fn used(image: &Image, segment: u32) -> usize {
    let chunks = image[&segment].chunks(SLOT_BYTES);
    chunks.into_iter().take_while(|slot| slot.iter().any(|byte| *byte != 0)).count()
}

fn slot_mut(image: &mut Image, segment: u32, slot: usize) -> &mut [u8] {
    &mut image.get_mut(&segment).unwrap()[slot * SLOT_BYTES..(slot + 1) * SLOT_BYTES]
}

/// A device in its second segment, and the image of its disk.
fn device_in_second_segment() -> (Device, ImageDisk) {
    let disk = ImageDisk::default();
    let mut psd = operational_on(disk.clone(), SLOTS);
    let mut piece = 0;
    while disk.image().len() < 2 || used(&disk.image(), 2) < 12 {
        frank(&mut psd, cents(10 + piece), at(10 + piece)).unwrap();
        piece += 1;
    }
    (psd, disk)
}

#[test]
fn a_last_slot_torn_at_any_byte_is_recovered_and_reported() {
    let (mut psd, disk) = device_in_second_segment();
    let registers = psd.registers();
    let before = disk.image();
    frank(&mut psd, cents(1_44), at(500)).unwrap();
    let (after, last) = (disk.image(), used(&before, 2));
    for length in 0..=SLOT_BYTES {
        let mut image = before.clone();
        let whole = &after[&2][last * SLOT_BYTES..(last + 1) * SLOT_BYTES];
        slot_mut(&mut image, 2, last)[..length].copy_from_slice(&whole[..length]);
        let is_whole = image == after;
        let is_blank = image == before;
        let mut opened = open(image).unwrap_or_else(|error| panic!("{length} bytes: {error}"));
        let torn = opened.recovery().torn_tail.as_ref().map(|damage| damage.slot);
        let expected = (!is_whole && !is_blank).then_some(last as u64);
        assert_eq!(torn, expected, "{length} bytes");
        assert_eq!(opened.registers(), if is_whole { psd.registers() } else { registers });
        // The device goes on, and what was recovered stays recovered.
        let paid = frank(&mut opened, cents(2_61), at(600)).unwrap();
        opened = reopened(opened);
        assert_eq!(opened.registers(), paid.registers);
        assert_eq!(opened.recovery().torn_tail, None);
    }
}

#[test]
fn any_byte_changed_in_any_earlier_slot_is_refused_with_the_registers_before_it() {
    let (psd, disk) = device_in_second_segment();
    let image = disk.image();
    let last = used(&image, 2) - 1;
    for slot in 0..last {
        let mut cut = image.clone();
        for later in slot..used(&image, 2) {
            slot_mut(&mut cut, 2, later).fill(0);
        }
        // The registers before the slot are those of a device that ends there; a head has none, so
        // they are those of the segment before.
        let expected = open(cut).ok().map(|device| device.registers());
        for byte in 0..SLOT_BYTES {
            let mut damaged = image.clone();
            slot_mut(&mut damaged, 2, slot)[byte] ^= 0x20;
            let error = open(damaged).err().expect("damage is refused");
            let OpenError::Damaged { damage, salvage } = error else {
                panic!("slot {slot}, byte {byte}: {error}");
            };
            assert_eq!((damage.file, damage.slot), (name_of(2), slot as u64), "byte {byte}");
            let salvage = salvage.expect("a state before the damage");
            assert_eq!(salvage.serial, serial());
            if let Some(expected) = expected {
                assert_eq!(salvage.registers, expected, "slot {slot}, byte {byte}");
            }
            let (_, beyond) = salvage.beyond.expect("sound slots beyond the damage");
            assert_eq!(beyond, psd.registers(), "slot {slot}, byte {byte}");
        }
    }
}

#[test]
fn the_message_names_the_file_and_the_slot() {
    let (_, disk) = device_in_second_segment();
    let mut image = disk.image();
    slot_mut(&mut image, 2, 7)[70] ^= 1;
    assert_eq!(
        open(image).err().unwrap().to_string(),
        "psd/journal-00000002.segment is damaged at slot 7 (byte 3584): its checksum does not match; \
         no loss of power does that: do not frank, leave the files as they are and give a copy to the \
         provider, who replaces the device"
    );
}

#[test]
fn a_changed_last_slot_cannot_be_told_from_a_torn_one() {
    let (psd, disk) = device_in_second_segment();
    let mut image = disk.image();
    let last = used(&image, 2) - 1;
    slot_mut(&mut image, 2, last)[100] ^= 1;
    let opened = open(image).unwrap();
    assert_eq!(opened.record_sequence(), psd.record_sequence() - 1);
    assert_eq!(opened.recovery().torn_tail.as_ref().map(|damage| damage.slot), Some(last as u64));
}

fn damage_of(image: Image) -> (Damage, Option<Registers>) {
    match open(image).err().expect("damage is refused") {
        OpenError::Damaged { damage, salvage } => (damage, salvage.map(|s| s.registers)),
        other => panic!("{other}"),
    }
}

#[test]
fn a_blank_or_swapped_slot_among_others_is_damage() {
    let (_, disk) = device_in_second_segment();
    let mut blank = disk.image();
    slot_mut(&mut blank, 2, 8).fill(0);
    assert_eq!(damage_of(blank).0.fault, SlotFault::Hole);

    let mut swapped = disk.image();
    let eighth = slot_mut(&mut swapped, 2, 8).to_vec();
    let ninth = slot_mut(&mut swapped, 2, 9).to_vec();
    slot_mut(&mut swapped, 2, 8).copy_from_slice(&ninth);
    slot_mut(&mut swapped, 2, 9).copy_from_slice(&eighth);
    let (damage, _) = damage_of(swapped);
    assert_eq!((damage.slot, damage.fault), (8, SlotFault::Chain));
}

#[test]
fn two_spoilt_slots_at_the_end_are_damage_because_a_power_cut_spoils_one() {
    let (_, disk) = device_in_second_segment();
    let mut image = disk.image();
    let end = used(&image, 2);
    slot_mut(&mut image, 2, end - 1)[9] ^= 1;
    slot_mut(&mut image, 2, end - 2)[9] ^= 1;
    assert_eq!(damage_of(image).0.slot, end as u64 - 2);
}

#[test]
fn a_file_cut_off_among_its_blanks_is_made_long_again_and_among_its_slots_refused() {
    let (psd, disk) = device_in_second_segment();
    let end = used(&disk.image(), 2);
    for slots in 0..SLOTS as usize {
        for partial in [0, 100] {
            let mut image = disk.image();
            image.get_mut(&2).unwrap().truncate(slots * SLOT_BYTES + partial);
            if slots > end {
                let mut opened = open(image).unwrap();
                assert_eq!(opened.registers(), psd.registers());
                for piece in 0..i64::from(u8::MAX) {
                    frank(&mut opened, cents(1), at(900 + piece)).unwrap();
                }
            } else {
                let (damage, registers) = damage_of(image);
                assert_eq!((damage.slot, damage.fault), (slots as u64, SlotFault::Truncated));
                assert!(registers.is_some(), "{slots} slots");
            }
        }
    }
}

#[test]
fn a_missing_segment_is_named() {
    let (mut psd, disk) = device_in_second_segment();
    while disk.image().len() < 4 {
        frank(&mut psd, cents(1), at(700)).unwrap();
    }
    for missing in 1..=4 {
        let mut image = disk.image();
        image.remove(&missing);
        let error = open(image).err().unwrap();
        let OpenError::Journal(JournalError::MissingSegment { file }) = error else {
            panic!("{missing}: {error}");
        };
        assert_eq!(file, name_of(missing));
    }
}

#[test]
fn a_segment_of_another_meter_is_named_with_both_meters() {
    let (_, disk) = device_in_second_segment();
    let other = ImageDisk::default();
    let journal = Segments::on_new(other.clone(), SLOTS).unwrap();
    let birth = timbre_psd::Birth { serial: MeterSerial::new(7).unwrap(), ..birth() };
    Psd::manufacture(birth, journal, device_keys(), at(0)).unwrap();
    let mut image = disk.image();
    image.insert(2, other.image()[&1].clone());
    assert_eq!(
        open(image).err().unwrap().to_string(),
        "psd/journal-00000002.segment is of meter TM0000007, and the journal is of meter TM0000042"
    );
}

#[test]
fn an_older_segment_of_the_same_meter_cannot_stand_for_the_newest() {
    let (_, disk) = device_in_second_segment();
    let mut image = disk.image();
    let first = image[&1].clone();
    image.insert(2, first);
    assert_eq!(damage_of(image).0, Damage { file: name_of(2), slot: 0, fault: SlotFault::Chain });
}

#[test]
fn a_journal_of_a_later_release_is_told_apart_from_damage() {
    let (_, disk) = device_in_second_segment();
    let mut image = disk.image();
    let slot = slot_mut(&mut image, 2, 0);
    slot[4] = 9;
    let checksum = crc32c::crc32c(&slot[..508]);
    slot[508..].copy_from_slice(&checksum.to_le_bytes());
    let error = open(image).err().unwrap();
    assert!(matches!(error, OpenError::Journal(JournalError::Newer { version: 9, .. })), "{error}");
}

#[test]
fn damage_in_an_old_segment_is_found_when_its_records_are_read() {
    let (_, disk) = device_in_second_segment();
    let mut image = disk.image();
    slot_mut(&mut image, 1, 12)[200] ^= 1;
    let psd = open(image).unwrap();
    assert!(psd.records_after(psd.record_sequence() - 3, 10).is_ok(), "the newest ones are sound");
    let error = psd.records_after(0, 1000).unwrap_err();
    assert!(
        error.to_string().contains("journal-00000001.segment is damaged at slot 12"),
        "{error}"
    );
}
