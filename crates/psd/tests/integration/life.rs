//! A device's life, and that closing and opening it changes nothing at any point of it.

use timbre_protocol::inspection::Instruction;
use timbre_psd::journal::MemoryDisk;
use timbre_psd::{FileJournal, JournalError, OpenError, Psd, State};

use crate::fixture::*;

#[test]
fn a_device_goes_through_its_states_and_is_itself_after_every_step() {
    let mut psd = manufactured(MemoryDisk::default(), 16);
    assert_eq!(psd.state(TODAY), State::Manufactured);
    psd = reopened(psd);
    psd.initialise(at(1)).unwrap();
    assert_eq!(psd.state(TODAY), State::Initialised);
    psd = reopened(psd);
    let request = psd.installation_request(at(2), nonce(1)).unwrap();
    psd.install(&installation_reply(block_for(&request)), at(3)).unwrap();
    assert_eq!(psd.state(TODAY), State::Authorised);
    psd = reopened(psd);
    assert_eq!(psd.block().unwrap().version, 1);
    refill(&mut psd, cents(100_00));
    assert_eq!(psd.state(TODAY), State::Operational);
    psd = reopened(psd);
    let paid = frank(&mut psd, cents(1_44), at(10)).unwrap();
    psd = reopened(psd);
    assert_eq!(psd.registers(), paid.registers);
    assert_eq!(psd.unprinted().unwrap()[0].mark, paid.mark);
    psd.complete(paid.record_sequence).unwrap();
    psd = reopened(psd);
    assert_eq!(psd.unprinted_count(), 0);
    let request = psd.inspection_request(at(20), nonce(3)).unwrap();
    psd = reopened(psd);
    assert_eq!(psd.pending_inspection(), Some(&request));
    psd.apply_inspection(&inspection_reply(&request, Instruction::Suspend), at(21)).unwrap();
    psd = reopened(psd);
    assert_eq!(psd.state(TODAY), State::Suspended);
    psd.tamper(at(30)).unwrap();
    let seen = Psd::examine(psd.into_journal(), TODAY).unwrap();
    assert_eq!((seen.state, seen.registers), (State::Tampered, paid.registers));
}

#[test]
fn a_long_life_is_read_from_its_newest_segment_only() {
    let mut psd = operational_on(MemoryDisk::default(), 16);
    for piece in 0..100 {
        let paid = frank(&mut psd, cents(10), at(10 + piece)).unwrap();
        if piece % 3 != 0 {
            psd.complete(paid.record_sequence).unwrap();
        }
        psd = reopened(psd);
        assert_eq!(psd.registers().pieces, u64::try_from(piece).unwrap() + 1);
    }
    assert_eq!(psd.registers().ascending, cents(10_00));
    assert_eq!(psd.unprinted_count(), 34);
    let records = psd.records_after(0, usize::MAX).unwrap();
    assert_eq!(records.len() as u64, psd.record_sequence());
}

#[test]
fn a_tampered_device_does_nothing_more_and_can_be_read() {
    let mut psd = operational();
    psd.tamper(at(10)).unwrap();
    assert_eq!(code(frank(&mut psd, cents(1_44), at(11))), "tampered");
    assert_eq!(code(psd.refill_request(cents(100_00), at(11), nonce(9))), "tampered");
    assert_eq!(code(psd.inspection_request(at(11), nonce(9))), "tampered");
    assert_eq!(code(psd.tamper(at(11))), "tampered");
    assert_eq!(psd.registers().descending, cents(100_00));
}

#[test]
fn a_device_is_manufactured_once() {
    let psd = operational();
    let again = Psd::manufacture(birth(), psd.into_journal(), device_keys(), at(50));
    assert!(matches!(again, Err(OpenError::AlreadyManufactured(_))));
}

#[test]
fn a_journal_is_opened_with_the_keys_of_its_own_device_only() {
    let psd = operational();
    let roles = [timbre_key_store::KeyRole::Device, timbre_key_store::KeyRole::Indicium];
    let others = std::sync::Arc::new(timbre_key_store::MemoryKeys::generate(&roles).unwrap());
    let error = Psd::open(psd.into_journal(), others).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the device key is not that of meter TM0000042: the keys and the journal are of different devices"
    );
}

#[test]
fn a_journal_on_disk_outlives_the_process_and_belongs_to_one_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("psd");
    assert!(matches!(FileJournal::open(&path), Err(JournalError::Absent { .. })));
    let journal = FileJournal::create(&path).unwrap();
    let mut psd = Psd::manufacture(birth(), journal, device_keys(), at(0)).unwrap();
    install(&mut psd);
    refill(&mut psd, cents(100_00));
    frank(&mut psd, cents(1_44), at(10)).unwrap();
    assert!(matches!(FileJournal::open(&path), Err(JournalError::InUse { .. })));
    let registers = psd.registers();
    drop(psd);
    assert!(matches!(FileJournal::create(&path), Err(JournalError::NotEmpty { .. })));
    // What a process left behind that died while it made a segment.
    std::fs::write(path.join("unfinished.segment"), b"TPSD and then nothing").unwrap();
    let psd = Psd::open(FileJournal::open(&path).unwrap(), device_keys()).unwrap();
    assert_eq!(psd.registers(), registers);
    assert_eq!(psd.recovery().torn_tail, None);
}
