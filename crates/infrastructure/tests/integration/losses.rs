//! Meters lost, stolen and found (SOR/2010-220, s. 13), and the orders by which a device stops and goes on.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use timbre_infrastructure::LossKind;
use timbre_protocol::inspection::{Instruction, SuspensionCause};
use timbre_protocol::{Inspection, Refill, inspection};

use crate::support::{Device, World, on_both};

on_both!(
    a_stolen_meter_gets_no_funds_and_a_signed_order_to_stop,
    a_lost_meter_that_comes_opens_a_case_with_its_address,
    found_lifts_what_the_report_brought_and_no_more,
    the_cause_of_a_suspension_is_told_to_the_device_and_lifted_by_the_next_inspection,
);

fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

async fn inspect(world: &World, device: &mut Device) -> inspection::Reply {
    let request = device.sign(device.inspection_draft());
    let reply = world.send::<Inspection>(device, &request).await.reply();
    device.inspections = reply.sequence;
    reply
}

async fn a_stolen_meter_gets_no_funds_and_a_signed_order_to_stop(world: World) {
    world.deposit("500").await;
    let mut device = world.installed(51).await;
    world.refill(&mut device, "100").await;
    let tomorrow = today().tomorrow().unwrap();
    let report =
        |since| world.staff.report_missing(device.serial, LossKind::Stolen, since, "break-in");
    assert_eq!(report(tomorrow).await.unwrap_err().code(), "invalid");
    report(today()).await.unwrap();
    assert_eq!(report(today()).await.unwrap_err().code(), "reported-missing");

    let refused = world.send::<Refill>(&device, &device.refill("50")).await.refused();
    assert_eq!(refused.1, "meter-suspended");
    assert_eq!(world.sign_in(&mut device).await.order_waits, Some(true));
    let order = inspect(&world, &mut device).await;
    assert_eq!(order.instruction, Instruction::Suspend);
    assert_eq!(order.cause, Some(SuspensionCause::Stolen));
    assert_eq!(world.sign_in(&mut device).await.order_waits, Some(false), "it was told");
}

async fn a_lost_meter_that_comes_opens_a_case_with_its_address(world: World) {
    let mut device = world.installed(52).await;
    let report = world.staff.report_missing(device.serial, LossKind::Lost, today(), "moving day");
    report.await.unwrap();
    world.sign_in(&mut device).await;
    world.sign_in(&mut device).await;
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    let [case] = &cases[..] else { panic!("one case, however often it comes: {cases:?}") };
    assert_eq!(case.code, "missing-meter-contact");
    let expected =
        format!("reported lost since {}, it signed in from 127.0.0.1 with scenario 1.0", today());
    assert_eq!(case.detail, expected);
    let log = world.staff.audit_log(Some(&device.serial.to_string())).await.unwrap();
    assert_eq!(log.iter().filter(|line| line.what == "missing-meter-contact").count(), 2);
}

async fn found_lifts_what_the_report_brought_and_no_more(world: World) {
    let mut device = world.installed(53).await;
    let staff = &world.staff;
    let refused = staff.report_found(device.serial, "here").await.unwrap_err();
    assert_eq!(refused.code(), "not-reported-missing");
    staff.report_missing(device.serial, LossKind::Lost, today(), "x").await.unwrap();
    assert_eq!(inspect(&world, &mut device).await.instruction, Instruction::Suspend);
    let refused = staff.resume(device.serial, "y").await.unwrap_err();
    assert_eq!(refused.code(), "reported-missing", "only its return lifts this");
    let meter = staff.report_found(device.serial, "in the basement").await.unwrap();
    assert_eq!(meter.state.as_str(), "installed");
    assert_eq!(world.sign_in(&mut device).await.order_waits, Some(true), "to go on");
    assert_eq!(inspect(&world, &mut device).await.instruction, Instruction::Continue);

    staff.suspend(device.serial, "rent unpaid").await.unwrap();
    staff.report_missing(device.serial, LossKind::Stolen, today(), "z").await.unwrap();
    let meter = staff.report_found(device.serial, "returned").await.unwrap();
    assert_eq!(meter.state.as_str(), "suspended", "the rent is still unpaid");
    let losses = staff.losses(Some(device.serial)).await.unwrap();
    let told: Vec<_> =
        losses.iter().map(|loss| (loss.number, loss.kind, loss.found.is_some())).collect();
    assert_eq!(told, [(1, LossKind::Lost, true), (2, LossKind::Stolen, true)]);
}

async fn the_cause_of_a_suspension_is_told_to_the_device_and_lifted_by_the_next_inspection(
    world: World,
) {
    let mut device = world.installed(54).await;
    let staff = &world.staff;
    staff.suspend_because(device.serial, SuspensionCause::Account, "90 days").await.unwrap();
    let order = inspect(&world, &mut device).await;
    assert_eq!(
        (order.instruction, order.cause),
        (Instruction::Suspend, Some(SuspensionCause::Account))
    );
    staff.resume(device.serial, "paid").await.unwrap();
    let order = inspect(&world, &mut device).await;
    assert_eq!((order.instruction, order.cause), (Instruction::Continue, None));
}
