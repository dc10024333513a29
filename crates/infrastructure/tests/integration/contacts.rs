//! Roll-back and clones (REQ FUNDS-6): the number that a device presents at each sign-in finds them out, and an honest device
//! is never suspected.

use jiff::{SignedDuration, Timestamp};
use timbre_funds::MeterState;
use timbre_protocol::{SignIn, Signed as _, sign_in};

use crate::support::{Device, World, on_both};

on_both!(
    a_device_that_counts_is_given_the_next_number,
    a_lost_reply_is_no_alarm,
    a_request_that_was_late_is_refused_and_is_no_alarm,
    an_earlier_state_is_refused_and_suspended_with_evidence,
    of_two_devices_that_take_turns_one_is_found_out,
    a_device_ahead_of_a_restored_database_is_a_case_and_goes_on,
    a_device_that_stops_counting_is_refused,
    a_person_readmits_the_genuine_device,
    no_number_is_given_twice_and_none_wraps,
);

/// Signs in, presenting `contact`.
fn presenting(device: &Device, contact: u64, time: Timestamp) -> sign_in::Request {
    let keys = |role| device.key(role).key_id();
    let standing = sign_in::Standing {
        contact,
        record_sequence: device.records.len() as u64,
        record_chain: device.records.last().map_or([0; 32], |record| record.chain),
        funds_key: keys(timbre_key_store::KeyRole::Device),
        rates_key: keys(timbre_key_store::KeyRole::Device),
    };
    let request = sign_in::Request { standing: Some(standing), ..device.sign_in(time) };
    request.sign(&device.keys).unwrap()
}

/// What a sign-in that presents `contact` is answered: the next number, or the code of the refusal.
async fn contact(world: &World, device: &Device, contact: u64) -> Result<u64, String> {
    let request = presenting(device, contact, Timestamp::now());
    match world.send::<SignIn>(device, &request).await.answer {
        timbre_protocol::Answer::Reply(reply) => Ok(reply.contact.expect("a number")),
        timbre_protocol::Answer::Refused(refusal) => Err(refusal.code),
    }
}

async fn state(world: &World, device: &Device) -> MeterState {
    world.staff.known_meter(device.serial).await.unwrap().unwrap().state
}

async fn codes(world: &World) -> Vec<String> {
    world.staff.cases(None).await.unwrap().into_iter().map(|case| case.code).collect()
}

async fn a_device_that_counts_is_given_the_next_number(world: World) {
    let device = world.installed(42).await;
    assert_eq!(contact(&world, &device, 0).await, Ok(1));
    assert_eq!(contact(&world, &device, 1).await, Ok(2));
    assert_eq!(contact(&world, &device, 2).await, Ok(3));
    assert!(codes(&world).await.is_empty());
}

async fn a_lost_reply_is_no_alarm(world: World) {
    let device = world.installed(42).await;
    contact(&world, &device, 0).await.unwrap();
    // The replies that gave 2 and 3 were lost.
    assert_eq!(contact(&world, &device, 1).await, Ok(2));
    assert_eq!(contact(&world, &device, 1).await, Ok(3));
    assert_eq!(contact(&world, &device, 1).await, Ok(4));
    assert_eq!(contact(&world, &device, 4).await, Ok(5));
    assert!(codes(&world).await.is_empty());
}

async fn a_request_that_was_late_is_refused_and_is_no_alarm(world: World) {
    let device = world.installed(42).await;
    let late = presenting(&device, 1, Timestamp::now());
    contact(&world, &device, 0).await.unwrap();
    contact(&world, &device, 1).await.unwrap();
    contact(&world, &device, 2).await.unwrap();
    let sent = world.send::<SignIn>(&device, &late).await;
    assert_eq!(sent.refused(), (409, "replayed-request".to_owned()));
    assert_eq!(contact(&world, &device, 3).await, Ok(4));
    assert!(codes(&world).await.is_empty());
}

async fn an_earlier_state_is_refused_and_suspended_with_evidence(world: World) {
    let device = world.installed(42).await;
    for number in 0..5 {
        contact(&world, &device, number).await.unwrap();
    }
    assert_eq!(contact(&world, &device, 2).await, Err("state-rolled-back".to_owned()));
    assert_eq!(state(&world, &device).await, MeterState::Suspended);
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    let [case] = &cases[..] else { panic!("{cases:?}") };
    assert_eq!(case.code, "state-rolled-back");
    let told = ["contact 2 with record 0 was presented from 127.0.0.1", "contact 5 with record 0"];
    assert!(told.iter().all(|told| case.detail.contains(told)), "{}", case.detail);
    // The one that was not put back is still believed, and finds the meter suspended.
    assert_eq!(contact(&world, &device, 5).await, Ok(6));
}

async fn of_two_devices_that_take_turns_one_is_found_out(world: World) {
    let device = world.installed(42).await;
    contact(&world, &device, 0).await.unwrap();
    let mut numbers = [1, 1];
    let mut found_out = None;
    for turn in 0..4 {
        match contact(&world, &device, numbers[turn % 2]).await {
            Ok(next) => numbers[turn % 2] = next,
            Err(code) => {
                found_out = Some((turn, code));
                break;
            }
        }
    }
    assert_eq!(found_out, Some((2, "device-cloned".to_owned())));
    assert_eq!(codes(&world).await, ["device-cloned"]);
    assert_eq!(state(&world, &device).await, MeterState::Suspended);
}

async fn a_device_ahead_of_a_restored_database_is_a_case_and_goes_on(world: World) {
    let device = world.installed(42).await;
    contact(&world, &device, 0).await.unwrap();
    assert_eq!(contact(&world, &device, 900).await, Ok(901));
    assert_eq!(contact(&world, &device, 901).await, Ok(902));
    assert_eq!(codes(&world).await, ["contact-ahead"]);
    assert_eq!(state(&world, &device).await, MeterState::Installed);
}

async fn a_device_that_stops_counting_is_refused(world: World) {
    let device = world.installed(42).await;
    contact(&world, &device, 0).await.unwrap();
    let sent = world.send::<SignIn>(&device, &device.sign_in(Timestamp::now())).await;
    assert_eq!(sent.refused(), (409, "state-rolled-back".to_owned()));
}

async fn a_person_readmits_the_genuine_device(world: World) {
    let mut device = world.installed(42).await;
    world.deposit("500").await;
    world.refill(&mut device, "100").await;
    for number in 0..3 {
        contact(&world, &device, number).await.unwrap();
    }
    assert!(contact(&world, &device, 1).await.is_err());
    world.staff.readmit(device.serial, "the folder was put back by mistake").await.unwrap();
    world.staff.resume(device.serial, "looked into").await.unwrap();
    assert_eq!(contact(&world, &device, 1).await, Ok(2));
    // What it uploaded it must still have.
    world.upload(&device, 1).await;
    world.staff.readmit(device.serial, "once more").await.unwrap();
    device.records.pop();
    assert_eq!(contact(&world, &device, 2).await, Err("state-rolled-back".to_owned()));
}

async fn no_number_is_given_twice_and_none_wraps(world: World) {
    let device = world.installed(42).await;
    let past = Timestamp::now() - SignedDuration::from_mins(1);
    for number in [u64::MAX, i64::MAX as u64] {
        let sent = world.send::<SignIn>(&device, &presenting(&device, number, past)).await;
        assert_eq!(sent.refused().1, "malformed-message");
    }
    assert_eq!(contact(&world, &device, 0).await, Ok(1));
}
