//! Installation (REQ FUNDS-4): which operational blocks a device takes.

use jiff::ToSpan;
use timbre_key_store::{KeyRole, MemoryKeys};
use timbre_postage::{Currency, MeterSerial};
use timbre_protocol::installation::{OperationalBlock, Reply};
use timbre_protocol::{Signed, UNSIGNED};
use timbre_psd::journal::MemoryDisk;
use timbre_psd::{Applied, MemoryJournal, Psd, State};

use crate::fixture::*;

fn initialised() -> Psd<MemoryJournal> {
    let mut psd = manufactured(MemoryDisk::default(), 64);
    psd.initialise(at(1)).unwrap();
    psd
}

#[test]
fn the_request_is_signed_by_the_device_and_names_its_keys() {
    let mut psd = initialised();
    let request = psd.installation_request(at(2), nonce(1)).unwrap();
    assert!(request.verify(&request.device_key).is_ok());
    assert_ne!(request.device_key, request.indicium_key);
}

#[test]
fn a_device_without_keys_cannot_ask() {
    let mut psd = manufactured(MemoryDisk::default(), 64);
    assert_eq!(code(psd.installation_request(at(1), nonce(1))), "not-initialised");
}

#[test]
fn a_block_that_is_not_exactly_right_is_refused_and_nothing_is_installed() {
    type Alter = fn(&mut OperationalBlock);
    let cases: [(&str, &str, Alter); 8] = [
        ("of another meter", "wrong-serial", |b| b.serial = MeterSerial::new(7).unwrap()),
        ("not asked for", "wrong-nonce", |b| b.nonce = nonce(99)),
        ("in another currency", "unfit-block", |b| b.currency = Currency::Usd),
        ("with an amount in another currency", "unfit-block", |b| {
            b.maximum_postage = timbre_postage::Amount::from_mills(1, Currency::Usd);
        }),
        ("with a limit of nothing", "unfit-block", |b| b.maximum_postage = cents(0)),
        ("with no refill possible", "unfit-block", |b| b.minimum_refill = cents(9000_00)),
        ("with another indicium key", "unfit-block", |b| {
            b.indicium_certificate = b.funds_key.key_id();
        }),
        ("altered after it was signed", "bad-signature", |_| {}),
    ];
    for (name, expected, alter) in cases {
        let mut psd = initialised();
        let request = psd.installation_request(at(2), nonce(1)).unwrap();
        let mut block = block_for(&request);
        alter(&mut block);
        let mut reply = installation_reply(block);
        if expected == "bad-signature" {
            reply.block.maximum_descending = cents(1_000_000_00);
        }
        assert_eq!(code(psd.install(&reply, at(3))), expected, "a block {name}");
        assert_eq!(psd.state(TODAY), State::Initialised, "a block {name}");
    }
}

#[test]
fn a_block_signed_by_anyone_else_is_a_breach() {
    let mut psd = initialised();
    let request = psd.installation_request(at(2), nonce(1)).unwrap();
    let impostor = MemoryKeys::generate(&[KeyRole::Funds]).unwrap();
    let reply = Reply { block: block_for(&request), signature: UNSIGNED }.sign(&impostor).unwrap();
    assert_eq!(code(psd.install(&reply, at(3))), "bad-signature");
}

#[test]
fn an_installed_block_again_changes_nothing_and_an_old_one_is_refused() {
    let mut psd = initialised();
    let request = psd.installation_request(at(2), nonce(1)).unwrap();
    let reply = installation_reply(block_for(&request));
    assert_eq!(psd.install(&reply, at(3)).unwrap(), Applied::Now);
    assert_eq!(psd.install(&reply, at(4)).unwrap(), Applied::Before);
    assert_eq!(psd.record_sequence(), 1);

    let request = psd.installation_request(at(5), nonce(2)).unwrap();
    let same_version = installation_reply(block_for(&request));
    assert_eq!(code(psd.install(&same_version, at(6))), "block-outdated");
    let newer = OperationalBlock { version: 2, ..block_for(&request) };
    assert_eq!(psd.install(&installation_reply(newer), at(7)).unwrap(), Applied::Now);
    assert_eq!(psd.block().unwrap().version, 2);
}

#[test]
fn a_newer_block_moves_the_inspection_and_keeps_the_registers() {
    let mut psd = operational();
    let request = psd.installation_request(at(10), nonce(5)).unwrap();
    let mut block = OperationalBlock { version: 2, ..block_for(&request) };
    block.next_inspection = TODAY + 60.days();
    psd.install(&installation_reply(block), at(11)).unwrap();
    assert_eq!(psd.next_inspection(), Some(TODAY + 60.days()));
    assert_eq!(psd.registers().descending, cents(100_00));
    assert_eq!(psd.state(TODAY), State::Operational);
}

#[test]
fn a_newer_block_may_hand_over_to_another_funds_key() {
    let mut psd = operational();
    let successor = MemoryKeys::generate(&[KeyRole::Funds]).unwrap();
    let key = timbre_key_store::KeyStore::public_key(&successor, KeyRole::Funds).unwrap();
    let request = psd.installation_request(at(10), nonce(5)).unwrap();
    let block = OperationalBlock { version: 2, funds_key: key, ..block_for(&request) };
    psd.install(&installation_reply(block), at(11)).unwrap();

    let request = psd.refill_request(cents(50_00), at(12), nonce(6)).unwrap();
    assert_eq!(code(psd.apply_refill(&refill_reply(&request), at(13))), "bad-signature");
    let reply = bare_refill_reply(&request).sign(&successor).unwrap();
    assert_eq!(psd.apply_refill(&reply, at(14)).unwrap(), Applied::Now);
}
