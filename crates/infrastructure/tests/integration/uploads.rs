//! Transaction upload (REQ REC-1, FUNDS-6): every record once, none left out, none altered.

use timbre_funds::AccountId;
use timbre_protocol::transaction_upload::Request;
use timbre_protocol::{TransactionUpload, UNSIGNED};

use crate::support::{Device, World, cad, on_both};

on_both!(
    records_are_kept_to_the_field_and_their_use_is_booked,
    what_is_stored_already_may_come_again,
    a_gap_is_refused_and_names_what_is_missing,
    an_altered_record_is_refused_and_opens_a_case,
    another_history_of_the_same_numbers_opens_a_case,
    registers_that_do_not_move_as_recorded_are_refused,
    a_long_upload_is_kept_whole,
);

async fn franked(world: &World, pieces: usize) -> Device {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "500").await;
    device.frank(pieces, "1.44");
    device
}

async fn records_are_kept_to_the_field_and_their_use_is_booked(world: World) {
    let device = franked(&world, 10).await;
    assert_eq!(world.upload(&device, 1).await, 11);
    let kept = world.staff.records(device.serial).await.unwrap();
    assert_eq!(kept, device.records);
    let used = world.staff.statement(AccountId::Post(device.serial)).await.unwrap();
    assert_eq!(used.balance, cad("14.40"));
    let left = world.staff.statement(AccountId::Meter(device.serial)).await.unwrap();
    assert_eq!(left.balance, device.registers.descending);
    let piece = world.staff.record_of_piece(device.serial, 10).await.unwrap();
    assert_eq!(piece.unwrap().sequence, 11);
}

async fn what_is_stored_already_may_come_again(world: World) {
    let mut device = franked(&world, 3).await;
    assert_eq!(world.upload(&device, 1).await, 4);
    assert_eq!(world.upload(&device, 1).await, 4);
    device.frank(2, "1.44");
    assert_eq!(world.upload(&device, 3).await, 6);
    let used = world.staff.statement(AccountId::Post(device.serial)).await.unwrap();
    assert_eq!(used.balance, cad("7.20"));
    // Nothing new to say.
    assert_eq!(world.upload(&device, 7).await, 6);
}

async fn a_gap_is_refused_and_names_what_is_missing(world: World) {
    let device = franked(&world, 5).await;
    let sent = world.send::<TransactionUpload>(&device, &device.upload(3)).await;
    assert!(sent.text.contains("1 is expected, 3 came"), "{}", sent.text);
    assert_eq!(sent.refused(), (409, "records-missing".to_owned()));
    assert_eq!(world.upload(&device, 1).await, 6);
}

async fn an_altered_record_is_refused_and_opens_a_case(world: World) {
    let device = franked(&world, 5).await;
    let mut altered = device.upload_draft(1);
    altered.records[3].amount = cad("0.44");
    let sent = world.send::<TransactionUpload>(&device, &device.sign(altered)).await;
    assert_eq!(sent.refused(), (409, "chain-broken".to_owned()));
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    assert!(cases[0].detail.starts_with("record 4: "), "{}", cases[0].detail);
    assert!(world.staff.records(device.serial).await.unwrap().is_empty());
}

async fn another_history_of_the_same_numbers_opens_a_case(world: World) {
    let mut device = franked(&world, 2).await;
    world.upload(&device, 1).await;
    // The same device, restored from a copy, spends its funds a second time.
    device.records.truncate(1);
    device.registers.ascending = cad("0");
    device.registers.descending = cad("500");
    device.registers.pieces = 0;
    device.frank(3, "2.00");
    let sent = world.send::<TransactionUpload>(&device, &device.upload(1)).await;
    assert_eq!(sent.refused(), (409, "chain-broken".to_owned()));
    let sent = world.send::<TransactionUpload>(&device, &device.upload(4)).await;
    assert_eq!(sent.refused(), (409, "chain-broken".to_owned()));
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    let details: Vec<_> = cases.iter().map(|case| case.detail.as_str()).collect();
    assert_eq!(
        details,
        [
            "record 2: another record is stored under its number",
            "record 4: it does not follow from the record that is stored before it",
        ]
    );
}

async fn registers_that_do_not_move_as_recorded_are_refused(world: World) {
    let mut device = franked(&world, 1).await;
    // A debit that leaves the descending register where it was.
    let before = device.registers.descending;
    device.frank(1, "1.44");
    let last = device.records.last_mut().unwrap();
    last.descending = before;
    device.registers.descending = before;
    let previous = device.records[1].chain;
    device.records[2].chain = device.records[2].chain_after(&previous);
    let sent = world.send::<TransactionUpload>(&device, &device.upload(1)).await;
    assert_eq!(sent.refused(), (409, "chain-broken".to_owned()));
    let mut end = device.upload_draft(1);
    end.registers.pieces += 1;
    let end = device.sign(Request { signature: UNSIGNED, ..end });
    let sent = world.send::<TransactionUpload>(&device, &end).await;
    assert_eq!(sent.refused(), (409, "chain-broken".to_owned()));
}

async fn a_long_upload_is_kept_whole(world: World) {
    let device = franked(&world, 249).await;
    assert_eq!(world.upload(&device, 1).await, 250);
    assert_eq!(world.staff.records(device.serial).await.unwrap(), device.records);
}
