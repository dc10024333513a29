//! Replacement (REQ FUNDS-5): the new device gets what it must know, the books carry the old registers, and what the old
//! device held is given back once, by a rule or by a person's decision.

use jiff::ToSpan as _;
use timbre_funds::AccountId;
use timbre_infrastructure::staff::{Decision, Successor};
use timbre_infrastructure::{Cause, Replaced, StaffError};
use timbre_key_store::KeyRole;
use timbre_protocol::replacement::MachineSettings;
use timbre_protocol::startup_refresh::{Reply, Request, Task};
use timbre_protocol::{
    Inspection, Installation, Replacement, SignIn, Signed as _, StartupRefresh, TransactionUpload,
    Withdrawal,
};

use crate::support::{Device, World, cad, on_both};

on_both!(
    a_new_device_is_told_to_ask_and_gets_the_configuration_data,
    the_funds_of_a_device_that_cannot_be_read_wait_or_are_given_back_by_decision_once,
    what_it_showed_last_counts_before_what_it_uploaded,
    a_replaced_device_that_calls_is_refused_and_noted_once,
    a_withdrawn_device_is_replaced_and_still_delivers_its_last_record,
    a_device_found_opened_is_suspended_and_comes_back_by_replacement,
    a_device_is_replaced_once_and_stands_in_for_one,
);

/// A device with 100.00 that has franked 1.44 and uploaded everything.
async fn franked(world: &World) -> Device {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    device.frank(1, "1.44");
    world.upload(&device, 1).await;
    device
}

fn successor(device: &Device) -> Successor {
    let (serial, device_key) = (device.serial, device.key(KeyRole::Device));
    Successor { serial, device_key, indicium_key: None }
}

async fn replace(world: &World, old: &Device, new: &Device, cause: Cause) -> Replaced {
    let done = world.staff.replace(old.serial, successor(new), cause, "fell off the desk").await;
    done.unwrap()
}

async fn refresh(world: &World, device: &Device, told: Option<MachineSettings>) -> Reply {
    let request = Request {
        serial: device.serial,
        software: "scenario".to_owned(),
        block_version: 1,
        rate_tables: Vec::new(),
        replaces: None,
        settings: told,
    };
    world.send::<StartupRefresh>(device, &request).await.reply()
}

async fn prepaid(world: &World) -> timbre_postage::Amount {
    let account = AccountId::Prepaid(world.customer.account);
    world.staff.statement(account).await.unwrap().balance
}

async fn a_new_device_is_told_to_ask_and_gets_the_configuration_data(world: World) {
    let old = franked(&world).await;
    let settings = MachineSettings {
        automatic_refill: true,
        refill_threshold: cad("20"),
        refill_amount: cad("150"),
        language: "fr".to_owned(),
    };
    let told = refresh(&world, &old, Some(settings.clone())).await;
    assert!(!told.tasks.contains(&Task::FetchConfiguration));
    let refused = world.send::<Replacement>(&old, &old.replacement()).await.refused();
    assert_eq!(refused, (404, "nothing-replaced".to_owned()));

    let mut new = Device::new(43);
    let replaced = replace(&world, &old, &new, Cause::Broken).await;
    assert_eq!(replaced.registers.ascending, cad("1.44"));
    world.sign_in(&mut new).await;
    let block = world.send::<Installation>(&new, &new.installation()).await.reply().block;
    assert_eq!((block.account, block.postal_code.as_str()), (world.customer.account, "T2P 1J9"));
    assert!(refresh(&world, &new, None).await.tasks.contains(&Task::FetchConfiguration));
    let request = new.replacement();
    let reply = world.send::<Replacement>(&new, &request).await.reply();
    reply.verify(&block.funds_key).unwrap();
    assert_eq!((reply.replaced, reply.registers), (old.serial, replaced.registers));
    assert_eq!((reply.account, reply.settings), (world.customer.account, Some(settings)));
    assert_eq!(reply.nonce, request.nonce);
    let knows = Request {
        serial: new.serial,
        software: "scenario".to_owned(),
        block_version: 1,
        rate_tables: Vec::new(),
        replaces: Some(old.serial),
        settings: None,
    };
    let told = world.send::<StartupRefresh>(&new, &knows).await.reply();
    assert!(!told.tasks.contains(&Task::FetchConfiguration), "once it knows, it is not told again");
    assert!(world.staff.known_meter(new.serial).await.unwrap().unwrap().control_sum.is_zero());
}

async fn the_funds_of_a_device_that_cannot_be_read_wait_or_are_given_back_by_decision_once(
    world: World,
) {
    let old = franked(&world).await;
    let refused = world.staff.refund(old.serial, None).await.unwrap_err();
    assert_eq!(refused.code(), "refund-in-service");
    replace(&world, &old, &Device::new(43), Cause::Stolen).await;
    let refused = world.staff.refund(old.serial, None).await.unwrap_err();
    assert_eq!(refused.code(), "refund-too-early");
    let before = prepaid(&world).await;
    let decide = |amount| Decision { reason: "the police found it".to_owned(), amount };
    let too_much = world.staff.refund(old.serial, Some(decide(Some(cad("98.57"))))).await;
    assert!(matches!(too_much, Err(StaffError::TooMuch { .. })));
    let receipt = world.staff.refund(old.serial, Some(decide(Some(cad("90"))))).await.unwrap();
    assert_eq!((receipt.amount, receipt.before), (cad("90"), false));
    let later = world.staff.clone().at(jiff::Timestamp::now() + (24 * 100).hours());
    let again = later.refund(old.serial, None).await.unwrap();
    assert_eq!((again.amount, again.before), (cad("90"), true), "never twice");
    assert_eq!(prepaid(&world).await, before.checked_add(cad("90")).unwrap());
    let left = world.staff.statement(AccountId::Meter(old.serial)).await.unwrap();
    assert_eq!(left.balance, cad("8.56"), "what it is believed to have franked stays");
    let reconciled = world.staff.reconcile(old.serial).await.unwrap();
    assert!(reconciled.discrepancies.is_empty(), "{reconciled:?}");
}

async fn what_it_showed_last_counts_before_what_it_uploaded(world: World) {
    let mut old = franked(&world).await;
    // Franked and shown at an inspection, never uploaded.
    old.frank(2, "2.00");
    world.send::<Inspection>(&old, &old.sign(old.inspection_draft())).await.reply();
    let replaced = replace(&world, &old, &Device::new(43), Cause::Broken).await;
    assert_eq!(replaced.registers.ascending, cad("5.44"));
    assert_eq!(replaced.registers.descending, cad("94.56"));
    let later = world.staff.clone().at(jiff::Timestamp::now() + (24 * 91).hours());
    let receipt = later.refund(old.serial, None).await.unwrap();
    assert_eq!(receipt.amount, cad("94.56"), "after the waiting time, without a decision");
}

async fn a_replaced_device_that_calls_is_refused_and_noted_once(world: World) {
    let old = franked(&world).await;
    replace(&world, &old, &Device::new(43), Cause::Stolen).await;
    for _ in 0..2 {
        let request = old.sign_in(jiff::Timestamp::now());
        let refused = world.send::<SignIn>(&old, &request).await.refused();
        assert_eq!(refused, (403, "meter-replaced".to_owned()));
    }
    // With a token from before, as well.
    let refused = world.send::<TransactionUpload>(&old, &old.upload(1)).await.refused();
    assert_eq!(refused, (403, "meter-replaced".to_owned()));
    let cases = world.staff.cases(Some(old.serial)).await.unwrap();
    let codes: Vec<&str> = cases.iter().map(|case| case.code.as_str()).collect();
    assert_eq!(codes, ["replaced-device-called"]);
    let later = world.staff.clone().at(jiff::Timestamp::now() + (24 * 100).hours());
    assert_eq!(later.refund(old.serial, None).await.unwrap_err().code(), "refund-cases-open");
}

async fn a_withdrawn_device_is_replaced_and_still_delivers_its_last_record(world: World) {
    let mut old = franked(&world).await;
    let mut new = Device::new(43);
    let early =
        world.staff.replace(old.serial, successor(&new), Cause::Withdrawn, "worn out").await;
    assert!(matches!(early, Err(StaffError::WrongState { .. })), "it says so, and is not");
    let request = old.sign(old.withdrawal_draft());
    let reply = world.send::<Withdrawal>(&old, &request).await.reply();
    old.withdraw(&reply);
    let replaced = replace(&world, &old, &new, Cause::Withdrawn).await;
    assert!(replaced.registers.descending.is_zero());
    world.sign_in(&mut old).await;
    world.upload(&old, 3).await;
    assert_eq!(world.staff.refund(old.serial, None).await.unwrap().amount, cad("98.56"));
    world.sign_in(&mut new).await;
    world.send::<Installation>(&new, &new.installation()).await.reply();
    let reply = world.send::<Replacement>(&new, &new.replacement()).await.reply();
    assert_eq!(reply.registers.ascending, cad("1.44"));
    let refused = world.send::<Installation>(&old, &old.installation()).await.refused();
    assert_eq!(refused, (403, "meter-replaced".to_owned()), "nothing else");
}

async fn a_device_found_opened_is_suspended_and_comes_back_by_replacement(world: World) {
    let old = franked(&world).await;
    let shown = Some(old.registers);
    let meter = world.staff.report_tampered(old.serial, "seal broken", shown).await.unwrap();
    assert_eq!(meter.state.as_str(), "suspended");
    let cases = world.staff.cases(Some(old.serial)).await.unwrap();
    assert_eq!(cases[0].code, "device-tampered");
    assert!(cases[0].detail.contains("98.56 CAD left"), "{}", cases[0].detail);
    replace(&world, &old, &Device::new(43), Cause::Tampered).await;
    let later = world.staff.clone().at(jiff::Timestamp::now() + (24 * 100).hours());
    assert_eq!(later.refund(old.serial, None).await.unwrap_err().code(), "refund-cases-open");
    let decision = Decision { reason: "registers as read".to_owned(), amount: None };
    let receipt = world.staff.refund(old.serial, Some(decision)).await.unwrap();
    assert_eq!(receipt.amount, cad("98.56"));
    let gone = world.staff.report_tampered(old.serial, "again", None).await;
    assert!(matches!(gone, Err(StaffError::WrongState { .. })));
}

async fn a_device_is_replaced_once_and_stands_in_for_one(world: World) {
    let old = franked(&world).await;
    let new = Device::new(43);
    let itself = world.staff.replace(old.serial, successor(&old), Cause::Broken, "x").await;
    assert!(matches!(itself, Err(StaffError::Invalid(_))));
    let first = replace(&world, &old, &new, Cause::Broken).await;
    assert_eq!(replace(&world, &old, &new, Cause::Broken).await, first, "the same again");
    let other = Device::new(44);
    let again = world.staff.replace(old.serial, successor(&other), Cause::Broken, "x").await;
    assert!(matches!(again, Err(StaffError::AlreadyReplaced { .. })));
    let third = Device::new(45);
    world.enrol(&third).await;
    let never = world.staff.replace(third.serial, successor(&other), Cause::Broken, "x").await;
    assert!(matches!(never, Err(StaffError::WrongState { .. })), "a meter never installed");
    let mut installed = third;
    world.sign_in(&mut installed).await;
    world.send::<Installation>(&installed, &installed.installation()).await.reply();
    let taken = world.staff.replace(installed.serial, successor(&new), Cause::Broken, "x").await;
    assert!(matches!(taken, Err(StaffError::MeterExists(_))), "it stands in for another");
}
