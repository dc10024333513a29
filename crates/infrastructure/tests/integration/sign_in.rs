//! Sign-in (REQ IDENT-1): who gets a token, and who does not.

use jiff::{SignedDuration, Timestamp};
use timbre_key_store::KeyRole;
use timbre_protocol::{Refill, SignIn, StartupRefresh, startup_refresh, token};

use crate::support::{Device, World, on_both};

on_both!(
    an_enrolled_meter_gets_a_token_and_the_directory,
    an_unknown_meter_is_refused,
    another_devices_signature_is_refused,
    a_nonce_works_once,
    a_clock_that_is_off_is_told_the_time,
    a_token_opens_the_other_services_to_its_meter_only,
);

async fn an_enrolled_meter_gets_a_token_and_the_directory(world: World) {
    let mut device = Device::new(42);
    world.enrol(&device).await;
    let reply = world.sign_in(&mut device).await;
    assert!(reply.token_expires > Timestamp::now());
    let refill = reply.services.iter().find(|service| service.name == "comet.refill").unwrap();
    assert_eq!(refill.url, world.url::<Refill>());
    assert_eq!(reply.services.len(), 9);
}

async fn an_unknown_meter_is_refused(world: World) {
    let device = Device::new(43);
    let sent = world.send::<SignIn>(&device, &device.sign_in(Timestamp::now())).await;
    assert_eq!(sent.refused(), (403, "unknown-meter".to_owned()));
}

async fn another_devices_signature_is_refused(world: World) {
    let device = Device::new(42);
    world.enrol(&device).await;
    let imposter = Device::new(42);
    let sent = world.send::<SignIn>(&imposter, &imposter.sign_in(Timestamp::now())).await;
    assert_eq!(sent.refused(), (403, "bad-signature".to_owned()));
    let mut altered = device.sign_in(Timestamp::now());
    altered.software = "another 2.0".to_owned();
    let sent = world.send::<SignIn>(&device, &altered).await;
    assert_eq!(sent.refused(), (403, "bad-signature".to_owned()));
}

async fn a_nonce_works_once(world: World) {
    let device = Device::new(42);
    world.enrol(&device).await;
    let request = device.sign_in(Timestamp::now());
    world.send::<SignIn>(&device, &request).await.reply();
    let again = world.send::<SignIn>(&device, &request).await;
    assert_eq!(again.refused(), (409, "replayed-request".to_owned()));
}

async fn a_clock_that_is_off_is_told_the_time(world: World) {
    let device = Device::new(42);
    world.enrol(&device).await;
    for minutes in [-6, 6] {
        let off = Timestamp::now() + SignedDuration::from_mins(minutes);
        let sent = world.send::<SignIn>(&device, &device.sign_in(off)).await;
        let timbre_protocol::Answer::Refused(refusal) = sent.answer else { panic!("not refused") };
        assert_eq!(refusal.code, "clock-off");
        let age = Timestamp::now().duration_since(refusal.server_time).abs();
        assert!(age < SignedDuration::from_mins(1));
    }
    let nearly = Timestamp::now() - SignedDuration::from_mins(4);
    world.send::<SignIn>(&device, &device.sign_in(nearly)).await.reply();
}

async fn a_token_opens_the_other_services_to_its_meter_only(world: World) {
    let mut device = Device::new(42);
    let mut other = Device::new(43);
    world.enrol(&device).await;
    world.enrol(&other).await;
    let refresh = |device: &Device| startup_refresh::Request {
        serial: device.serial,
        software: "scenario 1.0".to_owned(),
        block_version: 0,
        rate_tables: Vec::new(),
        replaces: None,
        settings: None,
    };
    let sent = world.send::<StartupRefresh>(&device, &refresh(&device)).await;
    assert_eq!(sent.refused(), (401, "token-missing".to_owned()));
    world.sign_in(&mut device).await;
    world.send::<StartupRefresh>(&device, &refresh(&device)).await.reply();
    other.token.clone_from(&device.token);
    let sent = world.send::<StartupRefresh>(&other, &refresh(&other)).await;
    assert_eq!(sent.refused(), (401, "token-of-another-meter".to_owned()));
    // A token that somebody signed who is not the Distributor.
    let forger = timbre_key_store::MemoryKeys::generate(&[KeyRole::Distributor]).unwrap();
    let hour = SignedDuration::from_hours(1);
    let forged = token::Token::new(device.serial, Timestamp::now(), hour, [7; 16]);
    device.token = Some(forged.issue(&forger).unwrap());
    let sent = world.send::<StartupRefresh>(&device, &refresh(&device)).await;
    assert_eq!(sent.refused(), (401, "token-not-genuine".to_owned()));
}
