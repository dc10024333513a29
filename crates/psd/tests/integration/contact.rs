//! The number of a contact (REQ FUNDS-6): written down before it counts, never counted back.

use timbre_psd::journal::MemoryDisk;
use timbre_psd::{Applied, Breach, PsdError};

use crate::fixture::{at, cents, frank, manufactured, operational_on, reopened};

#[test]
fn it_is_still_known_after_opening_again() {
    let mut psd = operational_on(MemoryDisk::default(), 4096);
    assert_eq!(psd.contact(), 0);
    assert_eq!(psd.note_contact(7, at(10)).unwrap(), Applied::Now);
    assert_eq!(psd.note_contact(7, at(11)).unwrap(), Applied::Before);
    assert_eq!(reopened(psd).contact(), 7);
}

#[test]
fn it_is_in_the_checkpoint_of_the_next_segment() {
    let mut psd = operational_on(MemoryDisk::default(), 16);
    psd.note_contact(7, at(10)).unwrap();
    for piece in 0..40 {
        frank(&mut psd, cents(1_44), at(20 + piece)).unwrap();
    }
    assert_eq!(reopened(psd).contact(), 7);
}

#[test]
fn an_earlier_number_is_a_breach_and_changes_nothing() {
    let mut psd = operational_on(MemoryDisk::default(), 4096);
    psd.note_contact(7, at(10)).unwrap();
    let error = psd.note_contact(6, at(11)).unwrap_err();
    let PsdError::Breach(breach) = error else { panic!("{error}") };
    assert_eq!(breach, Breach::ContactNotNext { last: 7, given: 6 });
    assert_eq!(psd.contact(), 7);
}

#[test]
fn a_device_counts_before_it_is_installed() {
    let mut psd = manufactured(MemoryDisk::default(), 4096);
    psd.initialise(at(1)).unwrap();
    psd.note_contact(1, at(2)).unwrap();
    assert_eq!(reopened(psd).contact(), 1);
}
