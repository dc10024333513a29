//! Installation (REQ FUNDS-4): the operational block, and what a device with other keys gets.

use jiff::{Timestamp, ToSpan};
use timbre_key_store::KeyRole;
use timbre_protocol::{Installation, Refill, Signed};

use crate::support::{Device, World, cad, on_both};

on_both!(
    a_new_meter_gets_its_block_signed_by_the_funds_key,
    asking_again_gives_the_same_block_for_the_new_nonce,
    a_device_with_another_indicium_key_is_refused_and_noted,
    before_installation_there_are_no_funds,
);

async fn a_new_meter_gets_its_block_signed_by_the_funds_key(world: World) {
    let mut device = Device::new(42);
    world.enrol(&device).await;
    world.sign_in(&mut device).await;
    let request = device.installation();
    let reply = world.send::<Installation>(&device, &request).await.reply();
    let block = &reply.block;
    reply.verify(&block.funds_key).unwrap();
    assert_eq!((block.serial, block.version), (device.serial, 1));
    assert_eq!(block.account, world.customer.account);
    assert_eq!(block.indicia_number.to_string(), "PB00000042");
    assert_eq!(block.postal_code.as_str(), "T2P 1J9");
    assert_eq!((block.minimum_refill, block.maximum_refill), (cad("10"), cad("10000")));
    assert_eq!(block.indicium_certificate, device.key(KeyRole::Indicium).key_id());
    assert_eq!(block.nonce, request.nonce);
    let today = jiff::tz::TimeZone::UTC.to_datetime(Timestamp::now()).date();
    assert_eq!(block.next_inspection, today.checked_add(28.days()).unwrap());
}

async fn asking_again_gives_the_same_block_for_the_new_nonce(world: World) {
    let device = world.installed(42).await;
    let (first, second) = (device.installation(), device.installation());
    let first = world.send::<Installation>(&device, &first).await.reply().block;
    let second = world.send::<Installation>(&device, &second).await.reply().block;
    assert_ne!(first.nonce, second.nonce);
    assert_eq!(first.version, second.version);
    let log = world.staff.audit_log(Some("TM0000042")).await.unwrap();
    let what: Vec<_> = log.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(what, ["enrolled", "installed"]);
}

async fn a_device_with_another_indicium_key_is_refused_and_noted(world: World) {
    let device = world.installed(42).await;
    let mut other = device.installation();
    other.indicium_key = Device::new(42).key(KeyRole::Indicium);
    let sent = world.send::<Installation>(&device, &device.sign(other)).await;
    assert_eq!(sent.refused(), (409, "key-changed".to_owned()));
    let log = world.staff.audit_log(Some("TM0000042")).await.unwrap();
    assert_eq!(log.last().unwrap().what, "key-changed");
}

async fn before_installation_there_are_no_funds(world: World) {
    world.deposit("1000").await;
    let mut device = Device::new(42);
    world.enrol(&device).await;
    world.sign_in(&mut device).await;
    let sent = world.send::<Refill>(&device, &device.refill("100")).await;
    assert_eq!(sent.refused(), (422, "meter-not-installed".to_owned()));
}
