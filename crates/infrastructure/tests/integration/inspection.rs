//! Inspection (REQ FUNDS-3, FUNDS-6): what a device shows is held against the books and kept.

use timbre_protocol::inspection::{Instruction, Request};
use timbre_protocol::{Inspection, Refill, UNSIGNED};

use crate::support::{Device, World, cad, on_both};

on_both!(
    an_honest_device_goes_on_and_its_registers_are_kept,
    a_refill_whose_reply_is_on_its_way_is_no_contradiction,
    a_control_sum_that_does_not_add_up_suspends,
    a_device_that_tells_another_history_is_suspended,
    a_reply_that_was_lost_can_be_asked_for_again,
    a_suspended_meter_is_told_to_stop_and_later_to_go_on,
);

async fn inspect(world: &World, device: &mut Device, request: Request) -> Instruction {
    let request = device.sign(request);
    let reply = world.send::<Inspection>(device, &request).await.reply();
    assert_eq!((reply.sequence, reply.nonce), (request.sequence, request.nonce));
    device.inspections = reply.sequence;
    reply.instruction
}

async fn an_honest_device_goes_on_and_its_registers_are_kept(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    device.frank(3, "1.44");
    let request = device.inspection_draft();
    assert_eq!(inspect(&world, &mut device, request).await, Instruction::Continue);
    let kept = world.staff.inspections(device.serial).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].registers, device.registers);
    assert_eq!((kept[0].record_sequence, kept[0].record_chain), (4, device.chain()));
}

async fn a_refill_whose_reply_is_on_its_way_is_no_contradiction(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    // The server books, the meter never hears of it.
    let lost = device.refill("200");
    world.send::<Refill>(&device, &lost).await.reply();
    let request = device.inspection_draft();
    assert_eq!(inspect(&world, &mut device, request).await, Instruction::Continue);
    device.apply(&world.send::<Refill>(&device, &lost).await.reply());
    let request = device.inspection_draft();
    assert_eq!(inspect(&world, &mut device, request).await, Instruction::Continue);
}

async fn a_control_sum_that_does_not_add_up_suspends(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    let mut request = device.inspection_draft();
    request.registers.descending = cad("99");
    assert_eq!(inspect(&world, &mut device, request).await, Instruction::Suspend);
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    assert_eq!(cases[0].code, "control-sum-mismatch");
    assert!(cases[0].detail.contains("sum to 99.00 CAD"), "{}", cases[0].detail);
}

async fn a_device_that_tells_another_history_is_suspended(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    world.upload(&device, 1).await;
    let mut request = device.inspection_draft();
    request.record_chain = [9; 32];
    assert_eq!(inspect(&world, &mut device, request).await, Instruction::Suspend);
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    assert_eq!(cases[0].code, "device-cloned");
}

async fn a_reply_that_was_lost_can_be_asked_for_again(world: World) {
    let device = world.installed(42).await;
    let request = device.sign(device.inspection_draft());
    let first = world.send::<Inspection>(&device, &request).await;
    let again = world.send::<Inspection>(&device, &request).await;
    assert_eq!(first.text, again.text);
    let anew = device.sign(device.inspection_draft());
    assert_eq!(world.send::<Inspection>(&device, &anew).await.reply().nonce, anew.nonce);
    for sequence in [0, 3] {
        let wrong = Request { sequence, signature: UNSIGNED, ..device.inspection_draft() };
        let sent = world.send::<Inspection>(&device, &device.sign(wrong)).await;
        assert_eq!(sent.refused(), (409, "sequence-mismatch".to_owned()));
    }
}

async fn a_suspended_meter_is_told_to_stop_and_later_to_go_on(world: World) {
    let mut device = world.installed(42).await;
    world.staff.suspend(device.serial, "rent unpaid").await.unwrap();
    let request = device.inspection_draft();
    assert_eq!(inspect(&world, &mut device, request).await, Instruction::Suspend);
    world.staff.resume(device.serial, "rent paid").await.unwrap();
    let request = device.inspection_draft();
    assert_eq!(inspect(&world, &mut device, request).await, Instruction::Continue);
}
