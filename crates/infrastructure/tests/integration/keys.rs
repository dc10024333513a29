//! Rotation and revocation of the deployment's keys: a key takes another's place while meters work, each meter
//! is answered with the key that it believes, and what a revoked key signed is not taken.

use jiff::{SignedDuration, Timestamp};
use timbre_infrastructure::staff::{Rotation, SigningKey};
use timbre_infrastructure::{KeyState, StaffError};
use timbre_key_store::{KeyId, KeyRole, PublicKey};
use timbre_postage::rates;
use timbre_protocol::{
    Installation, RateDownload, Refill, SignIn, Signed as _, StartupRefresh, installation,
    rate_download, refill, sign_in, startup_refresh,
};

use crate::support::{Device, World, on_both};

on_both!(
    a_new_key_waits_until_every_process_knows_it_and_then_signs,
    tokens_of_the_old_key_are_taken_until_it_is_revoked,
    a_meter_comes_to_believe_the_new_funds_key_by_a_block_that_the_old_one_signed,
    a_stored_reply_is_signed_again_for_a_meter_that_believes_another_key,
    a_rate_table_is_signed_by_the_key_that_the_meter_believes,
    a_meter_that_believes_only_a_revoked_key_is_told_so,
    the_only_key_is_not_revoked,
    a_rotation_that_was_interrupted_is_finished,
    a_device_that_renews_its_keys_is_believed_under_the_old_ones_until_it_signs_with_the_new,
    keys_that_were_proposed_and_lost_may_be_proposed_anew,
    new_keys_are_taken_only_from_the_key_that_they_follow,
);

const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
const ANNOUNCED: Rotation = Rotation { overlap: OVERLAP, at_once: false };

fn of(keys: &[SigningKey], role: KeyRole) -> Vec<&SigningKey> {
    keys.iter().filter(|key| key.role == role).collect()
}

fn states(keys: &[SigningKey], role: KeyRole) -> Vec<KeyState> {
    of(keys, role).into_iter().map(|key| key.state).collect()
}

async fn rotate(world: &World, role: KeyRole) -> (PublicKey, PublicKey) {
    let rotation = Rotation { overlap: OVERLAP, at_once: true };
    let keys = world.staff.rotate_key(role, rotation).await.unwrap();
    assert_eq!(states(&keys, role), [KeyState::Retiring, KeyState::Active]);
    let keys = of(&keys, role);
    (keys[0].public_key, keys[1].public_key)
}

/// A sign-in of a device that obeys block `version` and believes these keys.
async fn signs_in(
    world: &World,
    device: &mut Device,
    version: u32,
    believed: [KeyId; 2],
    contact: u64,
) -> sign_in::Reply {
    let [funds_key, rates_key] = believed;
    let standing = sign_in::Standing {
        contact,
        record_sequence: device.records.len() as u64,
        record_chain: device.records.last().map_or([0; 32], |record| record.chain),
        funds_key,
        rates_key,
    };
    let request = sign_in::Request {
        standing: Some(standing),
        block_version: Some(version),
        ..device.sign_in(Timestamp::now())
    };
    let request = request.sign(&device.keys).unwrap();
    let reply = world.send::<SignIn>(device, &request).await.reply();
    device.token = Some(reply.token.clone());
    reply
}

async fn first(world: &World, role: KeyRole) -> PublicKey {
    of(&world.staff.signing_keys().await.unwrap(), role)[0].public_key
}

async fn a_new_key_waits_until_every_process_knows_it_and_then_signs(world: World) {
    let keys = world.staff.rotate_key(KeyRole::Distributor, ANNOUNCED).await.unwrap();
    assert_eq!(states(&keys, KeyRole::Distributor), [KeyState::Active, KeyState::Next]);
    let again = world.staff.rotate_key(KeyRole::Distributor, ANNOUNCED).await;
    assert!(matches!(again, Err(StaffError::RotationUnderWay(_))), "{again:?}");
    let at = |hours| world.staff.clone().at(Timestamp::now() + SignedDuration::from_hours(hours));
    let later = at(1).signing_keys().await.unwrap();
    assert_eq!(states(&later, KeyRole::Distributor), [KeyState::Retiring, KeyState::Active]);
    let at_last = at(26).signing_keys().await.unwrap();
    assert_eq!(states(&at_last, KeyRole::Distributor), [KeyState::Retired, KeyState::Active]);
    world.staff.check_keys().await.unwrap();
}

async fn tokens_of_the_old_key_are_taken_until_it_is_revoked(world: World) {
    let mut device = world.installed(42).await;
    let refresh = startup_refresh::Request {
        serial: device.serial,
        software: "scenario 1.0".to_owned(),
        block_version: 1,
        rate_tables: Vec::new(),
        replaces: None,
        settings: None,
    };
    let (old, _) = rotate(&world, KeyRole::Distributor).await;
    world.send::<StartupRefresh>(&device, &refresh).await.reply();
    world.staff.revoke_key(KeyRole::Distributor, old.key_id(), "found in a backup").await.unwrap();
    let sent = world.send::<StartupRefresh>(&device, &refresh).await;
    assert_eq!(sent.refused(), (401, "token-not-genuine".to_owned()));
    world.sign_in(&mut device).await;
    world.send::<StartupRefresh>(&device, &refresh).await.reply();
}

async fn a_meter_comes_to_believe_the_new_funds_key_by_a_block_that_the_old_one_signed(
    world: World,
) {
    let mut device = world.installed(42).await;
    let rates = first(&world, KeyRole::Rates).await.key_id();
    let (old, new) = rotate(&world, KeyRole::Funds).await;
    let told = signs_in(&world, &mut device, 1, [old.key_id(), rates], 0).await;
    assert_eq!(told.block_version, Some(2), "a newer block was issued by itself");
    let again = signs_in(&world, &mut device, 1, [old.key_id(), rates], 1).await;
    assert_eq!(again.block_version, Some(2), "and no other while it has not come");
    let reply = world.send::<Installation>(&device, &device.installation()).await.reply();
    reply.verify(&old).expect("the device believes the old key");
    assert_eq!(reply.block.funds_key, new);
    let told = signs_in(&world, &mut device, 2, [new.key_id(), rates], 2).await;
    assert_eq!(told.block_version, Some(2));
    let reply = world.send::<Installation>(&device, &device.installation()).await.reply();
    reply.verify(&new).expect("and now the new one");
    let keys = world.staff.signing_keys().await.unwrap();
    let believed: Vec<_> = of(&keys, KeyRole::Funds).iter().map(|key| key.believed_by).collect();
    assert_eq!(believed, [Some(0), Some(1)]);
}

async fn a_stored_reply_is_signed_again_for_a_meter_that_believes_another_key(world: World) {
    let mut device = world.installed(42).await;
    world.deposit("500").await;
    let rates = first(&world, KeyRole::Rates).await.key_id();
    let request = device.refill("100");
    // Its reply is lost.
    let lost = world.send::<Refill>(&device, &request).await.reply();
    let (old, new) = rotate(&world, KeyRole::Funds).await;
    lost.verify(&old).unwrap();
    signs_in(&world, &mut device, 1, [new.key_id(), rates], 0).await;
    let again = world.send::<Refill>(&device, &request).await.reply();
    again.verify(&new).expect("by the key that it believes now");
    let unsigned = |reply: refill::Reply| reply.with_signature(timbre_protocol::UNSIGNED);
    assert_eq!(unsigned(again), unsigned(lost), "and the very same content");
}

async fn a_rate_table_is_signed_by_the_key_that_the_meter_believes(world: World) {
    let mut device = world.installed(42).await;
    let (name, text) = rates::shipped()[0];
    world.staff.publish_rates(text).await.unwrap();
    let funds = first(&world, KeyRole::Funds).await.key_id();
    let (old, new) = rotate(&world, KeyRole::Rates).await;
    let request = rate_download::Request { serial: device.serial, names: vec![name.to_owned()] };
    for (contact, key) in [(0, old), (1, new)] {
        signs_in(&world, &mut device, 1, [funds, key.key_id()], contact).await;
        let reply = world.send::<RateDownload>(&device, &request).await.reply();
        assert_eq!(reply.tables[0].verified_text(&key), Ok(text));
    }
}

async fn a_meter_that_believes_only_a_revoked_key_is_told_so(world: World) {
    let mut device = world.installed(42).await;
    world.deposit("500").await;
    let rates = first(&world, KeyRole::Rates).await.key_id();
    let (old, _) = rotate(&world, KeyRole::Funds).await;
    world.staff.revoke_key(KeyRole::Funds, old.key_id(), "the token was stolen").await.unwrap();
    signs_in(&world, &mut device, 1, [old.key_id(), rates], 0).await;
    let sent = world.send::<Refill>(&device, &device.refill("100")).await;
    assert_eq!(sent.refused(), (409, "believes-revoked-key".to_owned()));
    let sent = world.send::<Installation>(&device, &device.installation()).await;
    assert_eq!(sent.refused(), (409, "believes-revoked-key".to_owned()));
    let log = world.staff.audit_log(Some("keys")).await.unwrap();
    let what: Vec<_> = log.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(what, ["key-rotated", "key-revoked"]);
}

async fn the_only_key_is_not_revoked(world: World) {
    let only = first(&world, KeyRole::Funds).await.key_id();
    let refused = world.staff.revoke_key(KeyRole::Funds, only, "in doubt").await;
    assert!(matches!(refused, Err(StaffError::OnlyKey { .. })), "{refused:?}");
    let refused = world.staff.revoke_key(KeyRole::Rates, only, "in doubt").await;
    assert!(matches!(refused, Err(StaffError::UnknownKey { .. })), "{refused:?}");
}

async fn a_rotation_that_was_interrupted_is_finished(world: World) {
    // The key was made and not noted: its file is there.
    let keys = world.config.data_dir.join("keys");
    let seal = timbre_key_store::Seal::from_file(&keys.join("seal")).unwrap();
    let file = keys.join("rates-2.keys");
    let made = timbre_key_store::SealedKeys::create(&file, &seal, &[KeyRole::Rates]).unwrap();
    let made = timbre_key_store::KeyStore::public_key(&made, KeyRole::Rates).unwrap();
    let (_, new) = rotate(&world, KeyRole::Rates).await;
    assert_eq!(new, made);
}

/// The device proposes the keys of `new`.
fn proposing(device: &Device, new: &Device) -> installation::Request {
    let request = installation::Request {
        device_key: new.key(KeyRole::Device),
        indicium_key: new.key(KeyRole::Indicium),
        renews: Some(device.key(KeyRole::Device).key_id()),
        ..device.installation()
    };
    request.sign(&device.keys).unwrap()
}

async fn a_device_that_renews_its_keys_is_believed_under_the_old_ones_until_it_signs_with_the_new(
    world: World,
) {
    let mut device = world.installed(42).await;
    let renewed = Device::new(42);
    let reply = world.send::<Installation>(&device, &proposing(&device, &renewed)).await.reply();
    let indicium = renewed.key(KeyRole::Indicium);
    assert_eq!(reply.block.indicium_certificate, indicium.key_id());
    assert_eq!(reply.block.version, 2);
    // The reply was lost: it asks again, and works on with its old keys.
    world.sign_in(&mut device).await;
    let again = world.send::<Installation>(&device, &proposing(&device, &renewed)).await.reply();
    assert_eq!(again.block.indicium_certificate, indicium.key_id());
    // It has the reply.
    let mut renewed = Device { token: device.token.clone(), ..renewed };
    world.sign_in(&mut renewed).await;
    let meter = world.staff.known_meter(device.serial).await.unwrap().unwrap();
    assert_eq!(meter.device_key, renewed.key(KeyRole::Device));
    let sent = world.send::<SignIn>(&device, &device.sign_in(Timestamp::now())).await;
    assert_eq!(sent.refused(), (403, "bad-signature".to_owned()));
    // Marks of both are known, each for its time.
    let marks = world.staff.mark_keys(device.serial).await.unwrap();
    let keys: Vec<_> = marks.iter().map(|mark| mark.key).collect();
    assert_eq!(keys, [device.key(KeyRole::Indicium), indicium]);
    assert!(marks[0].until == Some(marks[1].from) && marks[1].until.is_none());
    assert_eq!(world.staff.verify_audit_log().await.unwrap(), None);
}

async fn keys_that_were_proposed_and_lost_may_be_proposed_anew(world: World) {
    let device = world.installed(42).await;
    let (lost, mut renewed) = (Device::new(42), Device::new(42));
    world.send::<Installation>(&device, &proposing(&device, &lost)).await.reply();
    world.send::<Installation>(&device, &proposing(&device, &renewed)).await.reply();
    let sent = world.send::<SignIn>(&lost, &lost.sign_in(Timestamp::now())).await;
    assert_eq!(sent.refused(), (403, "bad-signature".to_owned()));
    world.sign_in(&mut renewed).await;
}

async fn new_keys_are_taken_only_from_the_key_that_they_follow(world: World) {
    let device = world.installed(42).await;
    let renewed = Device::new(42);
    let mut forged = proposing(&device, &renewed);
    forged = forged.sign(&renewed.keys).unwrap();
    let sent = world.send::<Installation>(&device, &forged).await;
    assert_eq!(sent.refused(), (403, "bad-signature".to_owned()));
    let mut other = proposing(&device, &renewed);
    other.renews = Some(renewed.key(KeyRole::Device).key_id());
    let other = other.sign(&device.keys).unwrap();
    let sent = world.send::<Installation>(&device, &other).await;
    assert_eq!(sent.refused(), (409, "key-changed".to_owned()));
}
