//! Terms of a meter changed by a new version of its operational block: issued, fetched, confirmed, and kept for ever
//! (SOR/2010-220, s. 9, 11; REQ FUNDS-3, FUNDS-4).

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use timbre_infrastructure::staff::TermsChange;
use timbre_postage::PostalCode;
use timbre_protocol::inspection::Instruction;
use timbre_protocol::inspection_profile::{INSPECTION_PROFILES, InspectionProfile};
use timbre_protocol::startup_refresh::Task;
use timbre_protocol::{Inspection, Refill, StartupRefresh, startup_refresh};

use crate::support::{Device, World, cad, on_both};

on_both!(
    a_new_postal_code_is_a_new_block_that_the_device_confirms,
    a_refill_under_the_old_block_is_refused_until_the_new_one_is_fetched,
    limits_that_contradict_each_other_or_change_nothing_are_refused,
    the_policies_of_several_markets_decide_when_a_device_must_come,
    a_startup_refresh_confirms_a_block_and_asks_for_what_waits,
);

fn moved(postal_code: &str) -> TermsChange {
    TermsChange { postal_code: Some(code(postal_code)), ..TermsChange::default() }
}

fn code(postal_code: &str) -> PostalCode {
    postal_code.parse().unwrap()
}

async fn a_new_postal_code_is_a_new_block_that_the_device_confirms(world: World) {
    let mut device = world.installed(42).await;
    let reply = world.sign_in(&mut device).await;
    assert_eq!((reply.block_version, reply.order_waits), (Some(1), Some(false)));

    let meter = world.staff.change_terms(device.serial, moved("K1A 0B1"), "new premises").await;
    let meter = meter.unwrap();
    assert_eq!((meter.block_version, meter.block_confirmed), (2, 1), "issued, not yet fetched");

    assert_eq!(world.sign_in(&mut device).await.block_version, Some(2));
    let block = world.install(&mut device).await;
    assert_eq!((block.version, block.postal_code), (2, code("K1A 0B1")));
    world.sign_in(&mut device).await;

    let meter = world.staff.known_meter(device.serial).await.unwrap().unwrap();
    assert_eq!((meter.block_version, meter.block_confirmed), (2, 2));
    let blocks = world.staff.blocks(device.serial).await.unwrap();
    let told: Vec<_> = blocks
        .iter()
        .map(|block| (block.version, block.postal_code.as_str(), block.reason.as_str()))
        .collect();
    assert_eq!(told, [(1, "T2P 1J9", "enrolled"), (2, "K1A 0B1", "new premises")]);
    assert!(blocks.iter().all(|block| block.who == "scenario" && block.confirmed.is_some()));
    assert!(blocks[0].issued < blocks[1].issued);
    let log = world.staff.audit_log(Some(&device.serial.to_string())).await.unwrap();
    let line = log.iter().find(|line| line.what == "block-issued").unwrap();
    assert_eq!((line.who.as_str(), line.detail.as_str()), ("scenario", "version 2: new premises"));
}

async fn a_refill_under_the_old_block_is_refused_until_the_new_one_is_fetched(world: World) {
    world.deposit("500").await;
    let mut device = world.installed(43).await;
    world.refill(&mut device, "100").await;
    world.staff.change_terms(device.serial, moved("H2X 1Y4"), "moved").await.unwrap();
    let refused = world.send::<Refill>(&device, &device.refill("50")).await.refused();
    assert_eq!(refused, (422, "stale-block".to_owned()));
    world.install(&mut device).await;
    let reply = world.refill(&mut device, "50").await;
    assert_eq!(reply.tax, cad("7.49"), "the tax is that of the new place: GST and QST");
    let meter = world.staff.known_meter(device.serial).await.unwrap().unwrap();
    assert_eq!(meter.block_confirmed, 2, "the refill showed the block");
}

async fn limits_that_contradict_each_other_or_change_nothing_are_refused(world: World) {
    let device = world.installed(44).await;
    let change = |change| world.staff.change_terms(device.serial, change, "as agreed");
    let limit = |maximum: &str| TermsChange {
        maximum_refill: Some(cad(maximum)),
        ..TermsChange::default()
    };
    for (refused, code) in [
        (limit("5"), "limits-contradict"),
        (limit("-1"), "limits-contradict"),
        (limit("10000"), "terms-unchanged"),
        (TermsChange::default(), "terms-unchanged"),
        (moved("T2P 1J9"), "terms-unchanged"),
    ] {
        assert_eq!(change(refused).await.unwrap_err().code(), code);
    }
    let meter = world.staff.known_meter(device.serial).await.unwrap().unwrap();
    assert_eq!(meter.block_version, 1, "nothing was issued");
    let meter = change(limit("2000")).await.unwrap();
    assert_eq!((meter.block_version, meter.limits.maximum_refill), (2, cad("2000")));
    let unknown = Device::new(99).serial;
    let error = world.staff.change_terms(unknown, limit("1"), "x").await.unwrap_err();
    assert_eq!(error.code(), "unknown-meter");
}

async fn the_policies_of_several_markets_decide_when_a_device_must_come(world: World) {
    let mut device = world.installed(45).await;
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    for profile in INSPECTION_PROFILES {
        let change = TermsChange { inspection: Some(*profile), ..TermsChange::default() };
        world.staff.change_terms(device.serial, change, "another market").await.unwrap();
        let block = world.install(&mut device).await;
        assert_eq!(block.inspection, profile.policy(), "{}", profile.name);
        let reply =
            world.send::<Inspection>(&device, &device.sign(device.inspection_draft())).await;
        let reply = reply.reply();
        device.inspections = reply.sequence;
        assert_eq!(reply.instruction, Instruction::Continue);
        assert_eq!(reply.next_inspection, profile.due_after(today), "{}", profile.name);
    }
    // A stricter policy holds at once, a looser one from the next inspection on.
    let strict = InspectionProfile::named("canada-connect-plus").unwrap();
    let change = TermsChange { inspection: Some(*strict), ..TermsChange::default() };
    let meter = world.staff.change_terms(device.serial, change, "stricter").await.unwrap();
    let due =
        strict.due_after(today).min(InspectionProfile::named("germany").unwrap().due_after(today));
    assert_eq!(meter.next_inspection, Some(due));
    let loose = InspectionProfile::named("canada-generic").unwrap();
    let change = TermsChange { inspection: Some(*loose), ..TermsChange::default() };
    let meter = world.staff.change_terms(device.serial, change, "looser").await.unwrap();
    assert_eq!(meter.next_inspection, Some(due));
    assert!(due < today + 90.days());
}

async fn a_startup_refresh_confirms_a_block_and_asks_for_what_waits(world: World) {
    let device = world.installed(46).await;
    world.staff.change_terms(device.serial, moved("K1A 0B1"), "moved").await.unwrap();
    let refresh = |block_version| startup_refresh::Request {
        serial: device.serial,
        software: "scenario 1.0".to_owned(),
        block_version,
        rate_tables: Vec::new(),
        replaces: None,
        settings: None,
    };
    let reply = world.send::<StartupRefresh>(&device, &refresh(1)).await.reply();
    assert_eq!(reply.tasks, [Task::RenewBlock]);
    world.staff.suspend(device.serial, "rent unpaid").await.unwrap();
    let reply = world.send::<StartupRefresh>(&device, &refresh(2)).await.reply();
    assert_eq!(reply.tasks, [Task::Inspect], "the order to stop waits");
    let meter = world.staff.known_meter(device.serial).await.unwrap().unwrap();
    assert_eq!(meter.block_confirmed, 2);
    let reply = world.send::<StartupRefresh>(&device, &refresh(7)).await.reply();
    assert!(!reply.tasks.contains(&Task::RenewBlock));
    let meter = world.staff.known_meter(device.serial).await.unwrap().unwrap();
    assert_eq!(meter.block_confirmed, 2, "a version that was never issued confirms nothing");
}
