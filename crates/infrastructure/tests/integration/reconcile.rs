//! Reconciliation (REQ FUNDS-6): registers, ledger and records tell the same story, or a case opens.

use timbre_protocol::{Inspection, Refill};

use crate::support::{World, on_both};

on_both!(
    an_honest_meter_is_settled_to_the_mill,
    what_has_not_come_in_yet_is_pending_and_no_discrepancy,
    a_record_altered_in_the_store_is_found_and_suspends,
    a_posting_altered_in_the_store_is_found,
    an_audit_line_altered_in_the_store_is_found,
);

async fn an_honest_meter_is_settled_to_the_mill(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    device.frank(7, "1.44");
    world.refill(&mut device, "50").await;
    device.frank(5, "0.406");
    world.upload(&device, 1).await;
    let reconciled = world.staff.reconcile(device.serial).await.unwrap();
    assert!(reconciled.settled, "{}", reconciled.outcome);
    assert!(reconciled.lines.iter().all(|line| line.agrees));
    let used =
        reconciled.lines.iter().find(|line| line.registers.as_deref() == Some("12.11")).unwrap();
    assert_eq!(used.ledger.as_deref(), Some("12.11"));
    assert_eq!(used.records.as_deref(), Some("12.11"));
    let json = serde_json::to_value(&reconciled).unwrap();
    assert_eq!(json["settled"], true);
}

async fn what_has_not_come_in_yet_is_pending_and_no_discrepancy(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    world.upload(&device, 1).await;
    device.frank(3, "1.44");
    let inspection = device.sign(device.inspection_draft());
    world.send::<Inspection>(&device, &inspection).await.reply();
    let lost = device.refill("50");
    world.send::<Refill>(&device, &lost).await.reply();
    let reconciled = world.staff.reconcile(device.serial).await.unwrap();
    assert!(reconciled.discrepancies.is_empty(), "{}", reconciled.outcome);
    assert!(!reconciled.settled);
    device.apply(&world.send::<Refill>(&device, &lost).await.reply());
    world.upload(&device, 1).await;
    let reconciled = world.staff.reconcile(device.serial).await.unwrap();
    assert!(reconciled.settled, "{}", reconciled.outcome);
}

async fn a_record_altered_in_the_store_is_found_and_suspends(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    device.frank(5, "1.44");
    world.upload(&device, 1).await;
    world.alter("UPDATE records SET amount = 440 WHERE sequence = 3").await;
    let all = world.staff.reconcile_all().await.unwrap();
    let codes: Vec<_> = all[0].discrepancies.iter().map(|found| found.code).collect();
    assert!(codes.contains(&"record-chain-broken"), "{codes:?}");
    let meter = world.staff.known_meter(device.serial).await.unwrap().unwrap();
    assert_eq!(meter.state.as_str(), "suspended");
    assert!(!world.staff.cases(Some(device.serial)).await.unwrap().is_empty());
}

async fn a_posting_altered_in_the_store_is_found(world: World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    world.upload(&device, 1).await;
    world
        .alter("UPDATE postings SET amount = amount + 1000 WHERE account = 'meter:TM0000042'")
        .await;
    let reconciled = world.staff.reconcile(device.serial).await.unwrap();
    assert!(!reconciled.discrepancies.is_empty());
    let error = world.staff.accounts(world.customer.account).await.unwrap_err();
    assert!(error.to_string().contains("sum to 1000"), "{error}");
}

async fn an_audit_line_altered_in_the_store_is_found(world: World) {
    world.deposit("1000").await;
    world.installed(42).await;
    assert_eq!(world.staff.verify_audit_log().await.unwrap(), None);
    world.alter("UPDATE audit SET who = 'nobody' WHERE what = 'deposit'").await;
    let broken = world.staff.verify_audit_log().await.unwrap().unwrap();
    assert_eq!(broken.who, "nobody");
}
