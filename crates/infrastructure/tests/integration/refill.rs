//! Refill (REQ FUNDS-2): booked once, whatever the line loses, repeats or reorders.

use std::sync::Arc;

use timbre_funds::AccountId;
use timbre_protocol::{Installation, Refill, Signed, refill};

use crate::support::{World, cad, nonce, on_both};

on_both!(
    a_refill_is_booked_with_its_tax_and_signed,
    a_lost_reply_is_given_again_to_the_byte_and_nothing_is_booked,
    sixteen_duplicates_at_once_book_one,
    the_same_number_with_other_content_is_refused_and_noted,
    numbers_too_old_or_ahead_are_refused,
    reordered_refills_book_in_the_order_of_their_numbers,
    what_the_account_does_not_hold_is_not_given,
    credit_is_drawn_after_prepaid,
    two_meters_of_one_customer_cannot_spend_the_same_money,
    amounts_past_the_limits_are_refused,
    a_wrong_control_sum_opens_a_case_and_suspends,
    another_devices_signature_moves_no_money,
);

async fn a_refill_is_booked_with_its_tax_and_signed(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    let block = world.send::<Installation>(&device, &device.installation()).await.reply().block;
    let reply = world.refill(&mut device, "200").await;
    reply.verify(&block.funds_key).unwrap();
    assert_eq!((reply.amount, reply.tax), (cad("200"), cad("10")));
    assert_eq!((reply.prepaid_left, reply.credit_left), (cad("790"), cad("0")));
    assert_eq!(reply.control_sum_after, cad("200"));
    let statement =
        world.staff.statement(AccountId::Prepaid(world.customer.account)).await.unwrap();
    let booked: Vec<_> = statement.lines.iter().map(|line| line.amount).collect();
    assert_eq!(booked, [cad("1000"), cad("-210")]);
    assert_eq!(statement.balance, cad("790"));
    let accounts = world.staff.accounts(world.customer.account).await.unwrap();
    assert_eq!(accounts.iter().map(|account| account.balance.mills()).sum::<i64>(), 0);
    let (_, metrics) = world.admin("/metrics").await;
    assert!(metrics.contains("timbre_refilled_mills_total{currency=\"CAD\"} 200000"), "{metrics}");
}

async fn a_lost_reply_is_given_again_to_the_byte_and_nothing_is_booked(world: World) {
    world.deposit("1000").await;
    let device = world.installed(42).await;
    let request = device.refill("200");
    let first = world.send::<Refill>(&device, &request).await;
    let again = world.send::<Refill>(&device, &request).await;
    assert_eq!(again.text, first.text);
    // Signed anew the bytes differ, the content does not.
    let mut signed_anew = request.clone();
    signed_anew = device.sign(signed_anew);
    assert_ne!(signed_anew.signature, request.signature);
    let again = world.send::<Refill>(&device, &signed_anew).await;
    assert_eq!(again.text, first.text);
    assert_eq!(prepaid(&world).await, cad("790"));
    assert_eq!(world.staff.refills(device.serial).await.unwrap().len(), 1);
}

async fn sixteen_duplicates_at_once_book_one(world: World) {
    world.deposit("1000").await;
    let device = Arc::new(world.installed(42).await);
    let request = device.refill("200");
    let world = Arc::new(world);
    let senders: Vec<_> = (0..16)
        .map(|_| {
            let (world, device, request) = (world.clone(), device.clone(), request.clone());
            tokio::spawn(async move { world.send::<Refill>(&device, &request).await.text })
        })
        .collect();
    let mut replies = Vec::new();
    for sender in senders {
        replies.push(sender.await.unwrap());
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "every one got the same bytes");
    assert!(replies[0].contains("refill-reply"), "{}", replies[0]);
    assert_eq!(prepaid(&world).await, cad("790"));
}

async fn the_same_number_with_other_content_is_refused_and_noted(world: World) {
    world.deposit("1000").await;
    let device = world.installed(42).await;
    world.send::<Refill>(&device, &device.refill("200")).await.reply();
    let sent = world.send::<Refill>(&device, &device.refill("300")).await;
    assert_eq!(sent.refused(), (409, "sequence-mismatch".to_owned()));
    let log = world.staff.audit_log(Some("TM0000042")).await.unwrap();
    assert_eq!(log.last().unwrap().what, "sequence-reused");
    assert_eq!(prepaid(&world).await, cad("790"));
}

async fn numbers_too_old_or_ahead_are_refused(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    let first = device.refill("20");
    device.apply(&world.send::<Refill>(&device, &first).await.reply());
    world.refill(&mut device, "20").await;
    let old = world.send::<Refill>(&device, &first).await;
    assert_eq!(old.refused(), (409, "sequence-too-old".to_owned()));
    let ahead = device.sign(refill::Request { sequence: 4, ..device.refill_draft("20") });
    let ahead = world.send::<Refill>(&device, &ahead).await;
    assert_eq!(ahead.refused(), (409, "sequence-ahead".to_owned()));
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].code, "sequence-ahead");
    world.refill(&mut device, "20").await;
}

async fn reordered_refills_book_in_the_order_of_their_numbers(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    let first = device.refill("20");
    let reply = world.send::<Refill>(&device, &first).await.reply();
    device.apply(&reply);
    let second = device.refill("30");
    // The first arrives once more after the second.
    device.apply(&world.send::<Refill>(&device, &second).await.reply());
    let late = world.send::<Refill>(&device, &first).await;
    assert_eq!(late.refused(), (409, "sequence-too-old".to_owned()));
    let booked = world.staff.refills(device.serial).await.unwrap();
    let booked: Vec<_> = booked.iter().map(|refill| (refill.sequence, refill.amount)).collect();
    assert_eq!(booked, [(1, cad("20")), (2, cad("30"))]);
}

async fn what_the_account_does_not_hold_is_not_given(world: World) {
    world.deposit("100").await;
    let mut device = world.installed(42).await;
    let sent = world.send::<Refill>(&device, &device.refill("100")).await;
    assert!(sent.text.contains("5,00"), "the French sentence says what is missing: {}", sent.text);
    assert_eq!(sent.refused(), (422, "insufficient-funds".to_owned()));
    world.deposit("5").await;
    let reply = world.refill(&mut device, "100").await;
    assert_eq!(reply.prepaid_left, cad("0"));
}

async fn credit_is_drawn_after_prepaid(world: World) {
    world.deposit("100").await;
    let account = world.customer.account;
    world.staff.set_credit(account, cad("500"), Some(cad("200"))).await.unwrap();
    let mut device = world.installed(42).await;
    let reply = world.refill(&mut device, "200").await;
    assert_eq!((reply.prepaid_left, reply.credit_left), (cad("0"), cad("390")));
    let customer = world.staff.customer(account).await.unwrap();
    assert_eq!((customer.credit_used, customer.advanced), (cad("110"), cad("110")));
    let sent = world.send::<Refill>(&device, &device.refill("100")).await;
    assert_eq!(sent.refused(), (422, "daily-advance-limit-reached".to_owned()));
}

async fn two_meters_of_one_customer_cannot_spend_the_same_money(world: World) {
    world.deposit("210").await;
    let world = Arc::new(world);
    let mut senders = Vec::new();
    for serial in 42..50 {
        let device = world.installed(serial).await;
        let world = world.clone();
        senders.push(tokio::spawn(async move {
            world.send::<Refill>(&device, &device.refill("100")).await.status
        }));
    }
    let mut statuses = Vec::new();
    for sender in senders {
        statuses.push(sender.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 422, 422, 422, 422, 422, 422]);
    assert_eq!(prepaid(&world).await, cad("0"));
}

async fn amounts_past_the_limits_are_refused(world: World) {
    world.deposit("50000").await;
    let mut device = world.installed(42).await;
    for (amount, code) in [
        ("9.99", "below-minimum"),
        ("10000.01", "above-maximum"),
        ("100.005", "fraction-of-a-cent"),
        ("-100", "below-minimum"),
    ] {
        let sent = world.send::<Refill>(&device, &device.refill(amount)).await;
        assert_eq!(sent.refused(), (422, code.to_owned()), "{amount}");
    }
    world.refill(&mut device, "10000").await;
    world.refill(&mut device, "10000").await;
    let sent = world.send::<Refill>(&device, &device.refill("10")).await;
    assert_eq!(sent.refused(), (422, "would-exceed-maximum-descending".to_owned()));
}

async fn a_wrong_control_sum_opens_a_case_and_suspends(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    let mut wrong = device.refill_draft("100");
    wrong.registers.descending = cad("150");
    wrong.control_sum = cad("150");
    let sent = world.send::<Refill>(&device, &device.sign(wrong)).await;
    assert_eq!(sent.refused(), (409, "control-sum-mismatch".to_owned()));
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    assert_eq!(cases[0].code, "control-sum-mismatch");
    let sent = world.send::<Refill>(&device, &device.refill("100")).await;
    assert_eq!(sent.refused(), (422, "meter-suspended".to_owned()));
    world.staff.resume(device.serial, "seen and explained").await.unwrap();
    world.refill(&mut device, "100").await;
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    assert!(cases.iter().all(|case| case.closed.is_some()));
}

async fn another_devices_signature_moves_no_money(world: World) {
    world.deposit("1000").await;
    let device = world.installed(42).await;
    let mut altered = device.refill("100");
    altered.amount = cad("900");
    let sent = world.send::<Refill>(&device, &altered).await;
    assert_eq!(sent.refused(), (403, "bad-signature".to_owned()));
    let mut replayed = device.refill("100");
    replayed.nonce = nonce();
    let sent = world.send::<Refill>(&device, &replayed).await;
    assert_eq!(sent.refused(), (403, "bad-signature".to_owned()));
    assert_eq!(prepaid(&world).await, cad("1000"));
}

async fn prepaid(world: &World) -> timbre_postage::Amount {
    world.staff.customer(world.customer.account).await.unwrap().prepaid
}
