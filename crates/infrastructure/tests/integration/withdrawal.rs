//! Withdrawal (REQ FUNDS-1): what a device held comes back to its customer once, to the mill, and never on a word that the
//! books do not bear out.

use std::sync::Arc;

use timbre_funds::AccountId;
use timbre_infrastructure::staff::Decision;
use timbre_infrastructure::{Meter, StaffError};
use timbre_postage::Amount;
use timbre_protocol::{Inspection, Refill, Signed as _, TransactionUpload, Withdrawal, withdrawal};

use crate::support::{Device, World, cad, nonce, on_both};

on_both!(
    what_is_left_is_taken_back_and_given_to_the_customer_once,
    a_lost_reply_comes_again_to_the_byte_and_another_request_is_refused,
    sixteen_withdrawals_at_once_book_one,
    records_come_first,
    registers_that_the_books_do_not_bear_out_are_a_case_and_no_refund,
    a_suspended_meter_may_give_back_what_it_holds_and_a_case_stops_the_refund,
    a_device_set_back_before_its_withdrawal_is_found_out,
    an_empty_meter_is_withdrawn_without_a_booking,
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

async fn withdrawn(world: &World, device: &mut Device) -> withdrawal::Reply {
    let request = device.sign(device.withdrawal_draft());
    let reply = world.send::<Withdrawal>(device, &request).await.reply();
    device.withdraw(&reply);
    reply
}

async fn balance(world: &World, account: AccountId) -> Amount {
    world.staff.statement(account).await.unwrap().balance
}

async fn meter(world: &World, device: &Device) -> Meter {
    world.staff.known_meter(device.serial).await.unwrap().unwrap()
}

async fn what_is_left_is_taken_back_and_given_to_the_customer_once(world: World) {
    let mut device = franked(&world).await;
    let customer = world.customer.account;
    let before = balance(&world, AccountId::Prepaid(customer)).await;
    let reply = withdrawn(&world, &mut device).await;
    assert_eq!((reply.amount, reply.control_sum_after), (cad("98.56"), cad("1.44")));
    assert_eq!(balance(&world, AccountId::Meter(device.serial)).await, cad("0"));
    assert_eq!(balance(&world, AccountId::Refunds(customer)).await, cad("98.56"));
    let early = world.staff.refund(device.serial, None).await.unwrap_err();
    assert_eq!(early.code(), "refund-not-recorded");
    let reconciled = world.staff.reconcile(device.serial).await.unwrap();
    assert!(reconciled.discrepancies.is_empty(), "{reconciled:?}");
    assert!(reconciled.pending.iter().any(|found| found.code == "refund-in-flight"));

    world.sign_in(&mut device).await;
    world.upload(&device, 3).await;
    let reconciled = world.staff.reconcile(device.serial).await.unwrap();
    assert!(reconciled.settled, "{reconciled:?}");
    for before_that in [false, true] {
        let receipt = world.staff.refund(device.serial, None).await.unwrap();
        assert_eq!((receipt.amount, receipt.before), (cad("98.56"), before_that));
        assert_eq!(receipt.prepaid, before.checked_add(cad("98.56")).unwrap());
    }
    assert_eq!(balance(&world, AccountId::Refunds(customer)).await, cad("0"));
    assert!(world.staff.reconcile(device.serial).await.unwrap().settled);
    let refused = world.send::<Refill>(&device, &device.refill("50")).await.refused();
    assert_eq!(refused, (403, "meter-withdrawn".to_owned()));
    let request = device.sign(device.inspection_draft());
    let refused = world.send::<Inspection>(&device, &request).await.refused();
    assert_eq!(refused, (403, "meter-withdrawn".to_owned()));
}

async fn a_lost_reply_comes_again_to_the_byte_and_another_request_is_refused(world: World) {
    let device = franked(&world).await;
    let request = device.sign(device.withdrawal_draft());
    let first = world.send::<Withdrawal>(&device, &request).await;
    let again = world.send::<Withdrawal>(&device, &request).await;
    assert_eq!(first.text, again.text);
    let other = device.sign(device.withdrawal_draft());
    let refused = world.send::<Withdrawal>(&device, &other).await.refused();
    assert_eq!(refused, (409, "already-withdrawn".to_owned()));
    let customer = world.customer.account;
    assert_eq!(balance(&world, AccountId::Refunds(customer)).await, cad("98.56"));
    let lines = world.staff.audit_log(Some(&device.serial.to_string())).await.unwrap();
    assert!(lines.iter().any(|line| line.what == "withdrawal-reused"));
}

async fn sixteen_withdrawals_at_once_book_one(world: World) {
    let device = Arc::new(franked(&world).await);
    let request = device.sign(device.withdrawal_draft());
    let world = Arc::new(world);
    let send = |_| {
        let (world, device, request) = (world.clone(), device.clone(), request.clone());
        tokio::spawn(async move { world.send::<Withdrawal>(&device, &request).await.text })
    };
    let senders: Vec<_> = (0..16).map(send).collect();
    let mut replies = Vec::new();
    for sender in senders {
        replies.push(sender.await.unwrap());
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "every one got the same bytes");
    assert!(replies[0].contains("withdrawal-reply"), "{}", replies[0]);
    assert_eq!(balance(&world, AccountId::Meter(device.serial)).await, cad("0"));
    assert_eq!(balance(&world, AccountId::Refunds(world.customer.account)).await, cad("98.56"));
}

async fn records_come_first(world: World) {
    let mut device = franked(&world).await;
    device.frank(1, "2.61");
    let request = device.sign(device.withdrawal_draft());
    let refused = world.send::<Withdrawal>(&device, &request).await.refused();
    assert_eq!(refused, (409, "records-missing".to_owned()));
    assert_eq!(meter(&world, &device).await.state.as_str(), "installed");
    world.upload(&device, 3).await;
    let reply = world.send::<Withdrawal>(&device, &request).await.reply();
    assert_eq!(reply.amount, cad("95.95"), "the same request, once the records are in");
}

async fn registers_that_the_books_do_not_bear_out_are_a_case_and_no_refund(world: World) {
    type Alter = fn(&mut withdrawal::Request);
    let cases: [(u32, &str, Alter); 5] = [
        (1, "control-sum-mismatch", |r| r.registers.descending = cad("99.56")),
        (2, "balance-differs", |r| {
            r.registers.ascending = cad("2.44");
            r.registers.descending = cad("97.56");
        }),
        (3, "device-cloned", |r| r.record_chain = [9; 32]),
        (4, "refills-differ", |r| r.last_refill_sequence = 0),
        (5, "state-rolled-back", |r| r.record_sequence = 1),
    ];
    world.deposit("1000").await;
    for (serial, code, alter) in cases {
        let mut device = world.installed(serial).await;
        world.refill(&mut device, "100").await;
        device.frank(1, "1.44");
        world.upload(&device, 1).await;
        let mut request = device.withdrawal_draft();
        alter(&mut request);
        let sent = world.send::<Withdrawal>(&device, &device.sign(request)).await;
        assert_eq!(sent.refused(), (409, "withdrawal-contradicted".to_owned()), "{code}");
        let opened = world.staff.cases(Some(device.serial)).await.unwrap();
        assert_eq!(opened[0].code, code);
        assert_eq!(meter(&world, &device).await.state.as_str(), "suspended");
        assert_eq!(balance(&world, AccountId::Meter(device.serial)).await, cad("98.56"));
        let refused = world.staff.refund(device.serial, None).await.unwrap_err();
        assert_eq!(refused.code(), "refund-in-service");
    }
    assert_eq!(balance(&world, AccountId::Refunds(world.customer.account)).await, cad("0"));
}

async fn a_suspended_meter_may_give_back_what_it_holds_and_a_case_stops_the_refund(world: World) {
    let mut device = franked(&world).await;
    let mut wrong = device.inspection_draft();
    wrong.control_sum = cad("7");
    world.send::<Inspection>(&device, &device.sign(wrong)).await.reply();
    assert_eq!(meter(&world, &device).await.state.as_str(), "suspended");
    withdrawn(&world, &mut device).await;
    world.upload(&device, 3).await;
    let refused = world.staff.refund(device.serial, None).await.unwrap_err();
    assert_eq!(refused.code(), "refund-cases-open");
    let nobody = Decision { reason: " ".to_owned(), amount: None };
    assert_eq!(
        world.staff.refund(device.serial, Some(nobody)).await.unwrap_err().code(),
        "invalid"
    );
    let less = Decision { reason: "a guess".to_owned(), amount: Some(cad("1")) };
    let refused = world.staff.refund(device.serial, Some(less)).await.unwrap_err();
    assert!(
        matches!(refused, StaffError::TooMuch { .. }),
        "what was signed for is given back whole"
    );
    let decision = Decision { reason: "inspected on site".to_owned(), amount: None };
    let receipt = world.staff.refund(device.serial, Some(decision)).await.unwrap();
    assert_eq!(receipt.amount, cad("98.56"));
}

async fn a_device_set_back_before_its_withdrawal_is_found_out(world: World) {
    let mut device = franked(&world).await;
    let request = device.sign(device.withdrawal_draft());
    world.send::<Withdrawal>(&device, &request).await.reply();
    // A copy of its state of before still holds the funds, franks, and uploads what it did.
    device.frank(1, "1.44");
    let sent = world.send::<TransactionUpload>(&device, &device.upload(3)).await;
    assert_eq!(sent.refused(), (409, "chain-broken".to_owned()));
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    assert!(cases[0].detail.contains("not the booked withdrawal"), "{}", cases[0].detail);
    assert_eq!(balance(&world, AccountId::Meter(device.serial)).await, cad("0"));
}

async fn an_empty_meter_is_withdrawn_without_a_booking(world: World) {
    let mut device = world.installed(42).await;
    let reply = withdrawn(&world, &mut device).await;
    assert!(reply.amount.is_zero());
    world.upload(&device, 1).await;
    let receipt = world.staff.refund(device.serial, None).await.unwrap();
    assert!(receipt.amount.is_zero());
    let forged = withdrawal::Request { nonce: nonce(), ..device.withdrawal_draft() };
    let sent = world.send::<Withdrawal>(&device, &device.sign(forged)).await;
    assert_eq!(sent.refused(), (409, "already-withdrawn".to_owned()));
    let mut never = Device::new(43);
    world.enrol(&never).await;
    world.sign_in(&mut never).await;
    let request = never.withdrawal_draft().sign(&never.keys).unwrap();
    let sent = world.send::<Withdrawal>(&never, &request).await;
    assert_eq!(sent.refused(), (422, "meter-not-installed".to_owned()));
}
