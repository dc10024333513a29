//! Spoiled marks: given in, held against everything that is known of them, given back once.

use timbre_funds::AccountId;
use timbre_indicium::verify::Decision;
use timbre_indicium::{Mark, MarkData, MarkKind, RateTableTag};
use timbre_infrastructure::LossKind;
use timbre_infrastructure::sorting::{ScannedItem, SortingRules};
use timbre_infrastructure::staff::{SpoiledMark, SpoiledReport};
use timbre_key_store::KeyRole;
use timbre_postage::{Amount, IndiciaNumber};

use crate::support::{Device, World, cad, on_both};

on_both!(
    marks_are_given_back_once_and_less_the_fee,
    a_dry_run_books_nothing,
    what_is_not_right_is_set_aside_with_the_reason,
    a_copy_in_the_same_lot_counts_once,
    sixteen_claims_at_once_give_a_mark_back_once,
    too_little_is_kept_for_the_next_time,
);

/// The mark of the device's piece of this count, dated as its record is.
fn mark(device: &Device, pieces: u64) -> Mark {
    let record = device.records.iter().find(|record| record.pieces == pieces).unwrap();
    let data = MarkData {
        kind: MarkKind::Postage,
        serial: device.serial,
        indicia_number: IndiciaNumber::new(device.serial.number()).unwrap(),
        pieces,
        amount: record.amount,
        date: record.mark_date.unwrap(),
        ascending: record.ascending,
        descending: record.descending,
        product: 101,
        postal_code: "T2P 1J9".parse().unwrap(),
        weight_grams: 30,
        rate_table: RateTableTag::of("ca-2025-01-13"),
        key_id: device.key(KeyRole::Indicium).key_id(),
    };
    Mark::sign(data, &device.keys).unwrap()
}

fn given(marks: impl IntoIterator<Item = Mark>) -> Vec<SpoiledMark> {
    let place = |(number, mark)| SpoiledMark { place: format!("scan-{number}.png"), mark };
    marks.into_iter().enumerate().map(place).collect()
}

/// A piece of mail with the mark of that count.
fn posted(device: &Device, pieces: u64) -> ScannedItem {
    ScannedItem {
        scan: "by hand".to_owned(),
        item: None,
        scanned_on: None,
        marks: vec![mark(device, pieces)],
        not_marks: vec![],
        measured: None,
    }
}

/// A device that has franked so many pieces of 4.00 and uploaded their records.
async fn franked(world: &World, serial: u32, pieces: usize) -> Device {
    world.deposit("1000").await;
    let mut device = world.installed(serial).await;
    world.refill(&mut device, "500").await;
    device.frank(pieces, "4.00");
    world.upload(&device, 1).await;
    device
}

async fn submit(world: &World, marks: Vec<SpoiledMark>) -> SpoiledReport {
    world.staff.submit_spoiled(world.customer.account, marks, false).await.unwrap()
}

fn codes(report: &SpoiledReport) -> Vec<&'static str> {
    report.set_aside.iter().map(|mark| mark.code).collect()
}

async fn balance(world: &World, account: AccountId) -> Amount {
    world.staff.statement(account).await.unwrap().balance
}

async fn marks_are_given_back_once_and_less_the_fee(world: World) {
    let device = franked(&world, 61, 10).await;
    let prepaid = AccountId::Prepaid(world.customer.account);
    let before = balance(&world, prepaid).await;
    let marks = || given((1..=6).map(|pieces| mark(&device, pieces)));
    let report = submit(&world, marks()).await;
    let claim = report.claim.as_ref().unwrap();
    assert_eq!((claim.number, claim.marks), (1, 6));
    assert_eq!(
        (claim.value, claim.fee, claim.way.as_str()),
        (cad("24"), cad("2.40"), "money-order")
    );
    assert_eq!(balance(&world, prepaid).await, before.checked_add(cad("21.60")).unwrap());
    assert_eq!(report.prepaid, balance(&world, prepaid).await);

    // The registers are not touched: what was used stays used, and what is given back stands beside it.
    assert_eq!(balance(&world, AccountId::Post(device.serial)).await, cad("40"));
    assert_eq!(balance(&world, AccountId::Spoiled(device.serial)).await, cad("-21.60"));
    assert_eq!(balance(&world, AccountId::Meter(device.serial)).await, cad("460"));
    let reconciled = world.staff.reconcile(device.serial).await.unwrap();
    assert!(reconciled.discrepancies.is_empty(), "{reconciled:?}");

    let again = submit(&world, marks()).await;
    assert_eq!((&again.claim, again.refunded.len()), (&None, 0));
    assert_eq!(codes(&again), ["refunded-before"; 6]);
    assert_eq!(balance(&world, prepaid).await, report.prepaid, "nothing was booked twice");

    let statement = world.staff.statement(prepaid).await.unwrap();
    let line = statement.lines.iter().find(|line| line.transfer.as_str() == "spoiled:TM0000061:3");
    assert_eq!(line.unwrap().amount, cad("3.60"));
    let (kept, marks) = world.staff.spoiled_claim(world.customer.account, 1).await.unwrap();
    assert_eq!((&kept, marks.len()), (claim, 6));
    let asked = [(device.serial, 3), (device.serial, 9)].into();
    let found = world.staff.refunded_marks(&asked).await.unwrap();
    assert_eq!(found.len(), 1, "whoever sees piece 3 on mail later is told");
    assert_eq!((found[0].pieces, found[0].value, found[0].fee), (3, cad("4"), cad("0.40")));
    let mailed = posted(&device, 3);
    let judged = world.staff.verify(&[mailed], SortingRules::default(), false).await.unwrap();
    let codes: Vec<_> = judged[0].verdict.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["postage-refunded"], "whoever mails it after all is found out");
    let error = world.staff.spoiled_claim(world.customer.account, 2).await.unwrap_err();
    assert_eq!(error.code(), "unknown-claim");
}

async fn a_dry_run_books_nothing(world: World) {
    let device = franked(&world, 62, 3).await;
    let marks = given((1..=3).map(|pieces| mark(&device, pieces)));
    let account = world.customer.account;
    let before = balance(&world, AccountId::Prepaid(account)).await;
    let report = world.staff.submit_spoiled(account, marks.clone(), true).await.unwrap();
    assert_eq!((report.dry_run, report.refunded.len()), (true, 3));
    assert_eq!(report.claim.unwrap().fee, cad("2.00"), "the least");
    assert_eq!(balance(&world, AccountId::Prepaid(account)).await, before);
    assert!(world.staff.spoiled_claims(None).await.unwrap().is_empty());
    assert_eq!(submit(&world, marks).await.refunded.len(), 3);
}

async fn what_is_not_right_is_set_aside_with_the_reason(world: World) {
    let mut device = franked(&world, 63, 6).await;
    let other = Device::new(64);

    let mut altered = mark(&device, 1).data().clone();
    altered.amount = cad("3.00");
    let forged = Mark::sign(altered.clone(), &other.keys).unwrap();
    let altered = Mark::sign(altered, &device.keys).unwrap();
    let mut foreign = mark(&device, 2).data().clone();
    foreign.serial = other.serial;
    let foreign = Mark::sign(foreign, &other.keys).unwrap();
    let mail = posted(&device, 3);
    let judged = world.staff.verify(&[mail], SortingRules::default(), false).await.unwrap();
    assert_eq!(judged[0].verdict.decision, Decision::Accept, "{:?}", judged[0].verdict);
    device.frank(1, "4.00");
    let not_uploaded = mark(&device, 7);
    let mut redate = mark(&device, 4).data().clone();
    redate.kind = MarkKind::Redate;
    redate.amount = cad("0");
    let redate = Mark::sign(redate, &device.keys).unwrap();

    let report =
        submit(&world, given([forged, altered, foreign, mark(&device, 3), not_uploaded, redate]))
            .await;
    assert_eq!(
        codes(&report),
        ["not-genuine", "record-differs", "unknown-meter", "seen-on-mail", "no-record", "no-value"]
    );
    assert_eq!(report.claim, None);
    let cases = world.staff.cases(Some(device.serial)).await.unwrap();
    let suspicious: Vec<_> =
        cases.iter().filter(|case| case.code == "spoiled-mark-suspicious").collect();
    assert_eq!(suspicious.len(), 3, "forged, altered, used: {cases:?}");

    let since = mark(&device, 5).data().date;
    let report = world.staff.report_missing(device.serial, LossKind::Stolen, since, "x");
    report.await.unwrap();
    let report = submit(&world, given([mark(&device, 5)])).await;
    assert_eq!(codes(&report), ["meter-missing"]);
}

async fn a_copy_in_the_same_lot_counts_once(world: World) {
    let device = franked(&world, 65, 4).await;
    let marks = [1, 2, 1, 3].map(|pieces| mark(&device, pieces));
    let report = submit(&world, given(marks)).await;
    assert_eq!(codes(&report), ["twice"]);
    assert_eq!(report.set_aside[0].place, "scan-2.png");
    assert_eq!(report.claim.unwrap().value, cad("12"));
}

async fn sixteen_claims_at_once_give_a_mark_back_once(world: World) {
    let device = franked(&world, 66, 8).await;
    let claims = (0..16).map(|_| {
        let (staff, account) = (world.staff.clone(), world.customer.account);
        let marks = given((1..=8).map(|pieces| mark(&device, pieces)));
        tokio::spawn(async move { staff.submit_spoiled(account, marks, false).await.unwrap() })
    });
    let mut given_back = 0;
    for claim in claims.collect::<Vec<_>>() {
        given_back += claim.await.unwrap().refunded.len();
    }
    assert_eq!(given_back, 8);
    assert_eq!(balance(&world, AccountId::Spoiled(device.serial)).await, cad("-28.80"));
    assert_eq!(world.staff.verify_audit_log().await.unwrap(), None);
}

async fn too_little_is_kept_for_the_next_time(world: World) {
    let device = franked(&world, 67, 2).await;
    let report = submit(&world, given([mark(&device, 1)])).await;
    assert_eq!((codes(&report), &report.claim), (vec!["too-little"], &None));
    let report = submit(&world, given([mark(&device, 1), mark(&device, 2)])).await;
    assert_eq!(report.claim.unwrap().fee, cad("2"));
}
