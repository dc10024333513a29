//! Findings (REQ FUNDS-6): each kind by a scenario that brings it about, with its evidence; a case from its opening to its
//! resolution; the provider’s policy.

use jiff::{SignedDuration, Timestamp};
use timbre_infrastructure::staff::{CaseDeed, CaseFilter, Finding, MeterReconciliation};
use timbre_infrastructure::{CaseState, Config, Resolution, Staff};
use timbre_postage::rates;
use timbre_protocol::{Inspection, Refill};

use crate::support::{Device, World, on_both};

on_both!(
    a_piece_is_priced_again_by_the_published_rates,
    what_is_late_is_found_in_its_time_and_not_before,
    records_that_are_missing_doubled_or_altered_are_named,
    two_devices_that_take_turns_are_found,
    a_refund_that_was_booked_twice_is_found,
    more_used_than_issued_is_found,
    a_finding_is_one_case_until_it_is_resolved_and_a_new_one_after,
    evidence_that_a_person_explained_opens_no_case_again,
    the_policy_says_what_suspends,
);

async fn busy(world: &World, pieces: usize, amount: &str) -> Device {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    device.frank(pieces, amount);
    device
}

fn after(staff: &Staff, days: i64) -> Staff {
    staff.clone().at(Timestamp::now() + SignedDuration::from_hours(24 * days))
}

/// All findings, grave or not, by code.
fn found<'m>(reconciled: &'m MeterReconciliation, code: &str) -> Vec<&'m Finding> {
    let all = reconciled.discrepancies.iter().chain(&reconciled.warnings);
    all.filter(|finding| finding.code == code).collect()
}

async fn a_piece_is_priced_again_by_the_published_rates(world: World) {
    let (_, canada) =
        rates::shipped().iter().find(|(id, _)| *id == "ca-retail-2025-01-13").unwrap();
    world.staff.publish_rates(canada).await.unwrap();
    let mut device = busy(&world, 2, "1.44").await;
    device.frank(3, "1.40");
    device.frank(1, "1.50");
    world.upload(&device, 1).await;
    let reconciled = world.staff.compare(device.serial).await.unwrap();
    assert!(reconciled.settled, "what was paid was paid: {reconciled:?}");
    let [under] = found(&reconciled, "underpaid")[..] else { panic!("{reconciled:#?}") };
    assert_eq!(under.evidence.records, [4, 5, 6]);
    assert_eq!(
        (under.evidence.expected.as_deref(), under.evidence.found.as_deref()),
        (Some("1.44"), Some("1.40"))
    );
    assert_eq!(under.evidence.facts["in all"], "-0.12");
    let [over] = found(&reconciled, "overpaid")[..] else { panic!("{reconciled:#?}") };
    assert_eq!(over.evidence.records, [7]);
}

async fn what_is_late_is_found_in_its_time_and_not_before(world: World) {
    let mut device = busy(&world, 2, "1.44").await;
    world.upload(&device, 1).await;
    device.frank(1, "1.44");
    let inspection = device.sign(device.inspection_draft());
    world.send::<Inspection>(&device, &inspection).await.reply();
    let lost = device.refill("50");
    world.send::<Refill>(&device, &lost).await.reply();
    for (code, early, late) in
        [("refill-unconfirmed", 2, 4), ("upload-late", 6, 8), ("inspection-late", 34, 37)]
    {
        let before = after(&world.staff, early).compare(device.serial).await.unwrap();
        assert!(found(&before, code).is_empty(), "{code} after {early} days: {before:#?}");
        let reconciled = after(&world.staff, late).compare(device.serial).await.unwrap();
        let [finding] = found(&reconciled, code)[..] else { panic!("{code}: {reconciled:#?}") };
        assert!(finding.evidence.expected.is_some(), "{finding:?}");
        assert!(reconciled.discrepancies.is_empty(), "late is no contradiction: {reconciled:#?}");
    }
}

async fn records_that_are_missing_doubled_or_altered_are_named(world: World) {
    let device = busy(&world, 5, "1.44").await;
    world.upload(&device, 1).await;
    for (sql, undo, code, about) in [
        (
            "UPDATE records SET descending = descending + 1000 WHERE sequence = 3",
            "UPDATE records SET descending = descending - 1000 WHERE sequence = 3",
            "register-jump",
            "record 3",
        ),
        (
            "UPDATE records SET pieces = pieces - 1 WHERE sequence = 4",
            "UPDATE records SET pieces = pieces + 1 WHERE sequence = 4",
            "record-doubled",
            "record 4",
        ),
        (
            "UPDATE records SET ascending = ascending - 5000 WHERE sequence = 5",
            "UPDATE records SET ascending = ascending + 5000 WHERE sequence = 5",
            "register-fell",
            "record 5",
        ),
        (
            "UPDATE records SET sequence = 103 WHERE sequence = 6",
            "UPDATE records SET sequence = 6 WHERE sequence = 103",
            "records-missing",
            "record 6",
        ),
    ] {
        world.alter(sql).await;
        let reconciled = world.staff.compare(device.serial).await.unwrap();
        let named = found(&reconciled, code).iter().any(|finding| finding.about == about);
        assert!(named, "{sql}: {:#?}", reconciled.discrepancies);
        assert!(
            !found(&reconciled, "record-chain-broken").is_empty(),
            "the chain covers every field"
        );
        world.alter(undo).await;
    }
    assert!(world.staff.compare(device.serial).await.unwrap().settled);
}

async fn two_devices_that_take_turns_are_found(world: World) {
    let mut device = busy(&world, 3, "1.44").await;
    let double = (device.registers, device.records.clone());
    for turn in 0..3 {
        if turn == 1 {
            // The other one has franked less.
            let earlier = device.registers;
            device.registers.pieces -= 2;
            let draft = device.sign(device.inspection_draft());
            world.send::<Inspection>(&device, &draft).await.reply();
            device.registers = earlier;
        } else {
            device.frank(1, "1.44");
            let draft = device.sign(device.inspection_draft());
            world.send::<Inspection>(&device, &draft).await.reply();
        }
        device.inspections += 1;
    }
    assert!(double.0.pieces < device.registers.pieces && double.1.len() < device.records.len());
    let reconciled = world.staff.compare(device.serial).await.unwrap();
    let [finding] = found(&reconciled, "device-cloned")[..] else { panic!("{reconciled:#?}") };
    assert!(
        finding.message_en.contains("inspection 1") && finding.message_en.contains("inspection 3")
    );
}

async fn a_refund_that_was_booked_twice_is_found(world: World) {
    let device = busy(&world, 1, "1.44").await;
    world.upload(&device, 1).await;
    for sql in [
        "INSERT INTO transfers (customer, id, kind, meter, booked, memo) VALUES (10000001, 'claim-1', 'refund', 42, 1, '')",
        "INSERT INTO postings (customer, transfer, line, account, amount, currency)
         VALUES (10000001, 'claim-1', 1, 'meter:TM0000042', -5000, 'CAD'), (10000001, 'claim-1', 2, 'refunds:10000001', 5000, 'CAD')",
        "INSERT INTO transfers (customer, id, kind, meter, booked, memo) VALUES (10000001, 'claim-2', 'refund', 42, 2, '')",
        "INSERT INTO postings (customer, transfer, line, account, amount, currency)
         VALUES (10000001, 'claim-2', 1, 'meter:TM0000042', -5000, 'CAD'), (10000001, 'claim-2', 2, 'refunds:10000001', 5000, 'CAD')",
    ] {
        world.alter(sql).await;
    }
    let reconciled = world.staff.compare(device.serial).await.unwrap();
    let [finding] = found(&reconciled, "refund-claimed-twice")[..] else {
        panic!("{reconciled:#?}")
    };
    assert_eq!(finding.evidence.facts["again"], "claim-2 5.00");
}

async fn more_used_than_issued_is_found(world: World) {
    let device = busy(&world, 5, "1.44").await;
    world.upload(&device, 1).await;
    world.alter("UPDATE postings SET amount = 1000 WHERE transfer = 'refill:TM0000042:1' AND account = 'meter:TM0000042'").await;
    let reconciled = world.staff.compare(device.serial).await.unwrap();
    let [finding] = found(&reconciled, "usage-exceeds-issued")[..] else {
        panic!("{reconciled:#?}")
    };
    assert_eq!(finding.evidence.found.as_deref(), Some("7.20"));
}

async fn a_finding_is_one_case_until_it_is_resolved_and_a_new_one_after(world: World) {
    let device = busy(&world, 1, "1.44").await;
    world.upload(&device, 1).await;
    let (serial, late) = (device.serial, after(&world.staff, 40));
    late.reconcile(serial).await.unwrap();
    late.reconcile(serial).await.unwrap();
    let cases = world.staff.cases(Some(serial)).await.unwrap();
    assert_eq!(cases.len(), 1, "{cases:#?}");
    assert_eq!((cases[0].code.as_str(), cases[0].state), ("inspection-late", CaseState::Open));
    let desk = |deed| world.staff.on_case(serial, 1, deed);
    let owner = "Alice".to_owned();
    assert_eq!(desk(CaseDeed::Assign { owner }).await.unwrap().state, CaseState::Assigned);
    let text = "called the customer".to_owned();
    let waits = CaseDeed::Note { text: text.clone(), waits: true };
    assert_eq!(desk(waits).await.unwrap().state, CaseState::Waiting);
    let corrected = CaseDeed::Resolve { resolution: Resolution::Corrected, text: text.clone() };
    assert_eq!(desk(corrected.clone()).await.unwrap().state, CaseState::Resolved);
    let error = desk(corrected).await.unwrap_err();
    assert_eq!(error.code(), "wrong-case-state");
    let open = world.staff.find_cases(&CaseFilter::default()).await.unwrap();
    assert!(open.is_empty(), "{open:#?}");
    late.reconcile(serial).await.unwrap();
    let cases = world.staff.cases(Some(serial)).await.unwrap();
    assert_eq!((cases.len(), cases[1].follows), (2, Some(1)));
    assert_eq!(desk(CaseDeed::Reopen { text }).await.unwrap().state, CaseState::Assigned);
    let story = world.staff.case(serial, 1).await.unwrap();
    let what: Vec<&str> = story.events.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(what, ["opened", "assigned", "waiting", "resolved", "reopened"]);
    let unknown = world.staff.case(serial, 9).await.unwrap_err();
    assert_eq!(unknown.code(), "unknown-case");
    assert!(world.staff.verify_books(None, None).await.unwrap().intact);
}

async fn evidence_that_a_person_explained_opens_no_case_again(world: World) {
    let device = busy(&world, 1, "1.44").await;
    world.upload(&device, 1).await;
    let (serial, late) = (device.serial, after(&world.staff, 40));
    late.reconcile(serial).await.unwrap();
    let text = "the meter is in storage".to_owned();
    let explained = CaseDeed::Resolve { resolution: Resolution::Explained, text };
    world.staff.on_case(serial, 1, explained).await.unwrap();
    late.reconcile(serial).await.unwrap();
    assert_eq!(world.staff.cases(Some(serial)).await.unwrap().len(), 1);
}

async fn the_policy_says_what_suspends(world: World) {
    let device = busy(&world, 1, "1.44").await;
    world.upload(&device, 1).await;
    let serial = device.serial;
    after(&world.staff, 40).reconcile(serial).await.unwrap();
    let state = async || world.staff.known_meter(serial).await.unwrap().unwrap().state;
    assert_eq!(state().await.as_str(), "installed", "what is late suspends nobody by default");
    let file = world.config.data_dir.join("other.toml");
    let policy = "data_dir = \".\"\n[policy]\nreconcile_every_minutes = 0\nsuspend = { inspection-late = true }\n";
    std::fs::write(&file, policy).unwrap();
    let config = Config::load(&file).unwrap();
    let config = Config { policy: config.policy, ..world.config.clone() };
    let desk = Staff::open(&config, "Alice").await.unwrap();
    after(&desk, 41).reconcile(serial).await.unwrap();
    assert_eq!(state().await.as_str(), "suspended");
    desk.close().await;
}
