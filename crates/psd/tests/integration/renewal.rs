//! Renewal of the device's keys: old keys until the block that names the new ones is durable, new keys after.

use std::sync::Arc;

use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use timbre_protocol::Signed;
use timbre_psd::{Applied, OpenError, Psd};

use crate::fixture::{
    at, block_for, cents, code, device_keys, frank, installation_reply, nonce, operational,
};

fn new_keys() -> Arc<dyn KeyStore> {
    Arc::new(MemoryKeys::generate(&KeyRole::DEVICE_SIDE).unwrap())
}

#[test]
fn the_request_is_signed_by_the_old_key_and_marks_by_the_new_one_once_the_block_is_installed() {
    let mut psd = operational();
    let old = device_keys();
    let new = new_keys();
    let request = psd.renewal_request(Arc::clone(&new), at(10), nonce(7)).unwrap();
    request.verify(&old.public_key(KeyRole::Device).unwrap()).unwrap();
    assert_eq!(request.device_key, new.public_key(KeyRole::Device).unwrap());
    let mark = frank(&mut psd, cents(1_44), at(11)).unwrap().mark;
    mark.verify(&old.public_key(KeyRole::Indicium).unwrap()).expect("still the old key");

    let mut block = block_for(&request);
    block.version = 2;
    assert_eq!(psd.install(&installation_reply(block), at(12)).unwrap(), Applied::Now);
    let mark = frank(&mut psd, cents(1_44), at(13)).unwrap().mark;
    let indicium = new.public_key(KeyRole::Indicium).unwrap();
    mark.verify(&indicium).expect("the new key");
    assert_eq!(mark.data().key_id, indicium.key_id());

    let journal = psd.into_journal();
    let psd = Psd::open(journal, new).unwrap();
    assert_eq!(psd.public_keys().unwrap().1, indicium);
    let wrong = Psd::open(psd.into_journal(), old).map(drop);
    assert!(matches!(wrong, Err(OpenError::WrongKeys { .. })));
}

#[test]
fn a_lost_reply_leaves_the_old_keys_and_the_same_keys_are_proposed_again() {
    let mut psd = operational();
    let new = new_keys();
    psd.renewal_request(Arc::clone(&new), at(10), nonce(7)).unwrap();
    let mut psd = Psd::open(psd.into_journal(), device_keys()).unwrap();
    frank(&mut psd, cents(1_44), at(11)).unwrap();
    let request = psd.renewal_request(Arc::clone(&new), at(12), nonce(8)).unwrap();
    let mut block = block_for(&request);
    block.version = 2;
    psd.install(&installation_reply(block), at(13)).unwrap();
    Psd::open(psd.into_journal(), new).unwrap();
}

#[test]
fn a_block_for_keys_that_nobody_proposed_is_a_breach() {
    let mut psd = operational();
    let request = psd.installation_request(at(10), nonce(7)).unwrap();
    let mut block = block_for(&request);
    block.version = 2;
    block.indicium_certificate = new_keys().public_key(KeyRole::Indicium).unwrap().key_id();
    assert_eq!(code(psd.install(&installation_reply(block), at(11))), "unfit-block");
}

#[test]
fn a_newer_block_for_the_old_keys_leaves_them_in_use() {
    let mut psd = operational();
    psd.renewal_request(new_keys(), at(10), nonce(7)).unwrap();
    let request = psd.installation_request(at(11), nonce(8)).unwrap();
    let mut block = block_for(&request);
    block.version = 2;
    psd.install(&installation_reply(block), at(12)).unwrap();
    let mark = frank(&mut psd, cents(1_44), at(13)).unwrap().mark;
    mark.verify(&device_keys().public_key(KeyRole::Indicium).unwrap()).unwrap();
}
