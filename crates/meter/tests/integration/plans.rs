//! What each trigger makes the meter do, in each situation.

use timbre_meter::{RefillSettings, Snapshot, Task, Trigger, UploadReason, plan};
use timbre_psd::State;

use crate::stage::cad;

/// Installed, in order, enough funds, everything confirmed, refills by itself.
fn content() -> Snapshot {
    Snapshot {
        state: State::Operational,
        refill_pending: false,
        funds: cad(500),
        refill: RefillSettings { automatic: true, threshold: cad(20), amount: cad(100) },
        unacknowledged: 0,
    }
}

fn upload(reason: UploadReason) -> Task {
    Task::TransactionUpload(reason)
}

#[test]
fn a_content_meter_only_refreshes_at_power_on_and_does_what_it_is_told() {
    for (trigger, tasks) in [
        (Trigger::PowerOn, vec![Task::StartupRefresh]),
        (Trigger::Installed, vec![Task::Installation, Task::StartupRefresh]),
        (Trigger::FundsLow, vec![Task::Refill(cad(100))]),
        (Trigger::InspectionDue, vec![Task::Inspection]),
        (Trigger::Sleep, vec![]),
        (Trigger::PowerOff, vec![]),
        (Trigger::AccountingEnabled, vec![]),
        (Trigger::PostalInformation, vec![]),
    ] {
        assert_eq!(plan(trigger, &content()), tasks, "{trigger:?}");
    }
}

#[test]
fn records_are_uploaded_when_the_specification_says() {
    // REQ REC-1
    let meter = Snapshot { unacknowledged: 3, ..content() };
    for (trigger, tasks) in [
        (Trigger::Sleep, vec![upload(UploadReason::Sleep)]),
        (Trigger::PowerOff, vec![upload(UploadReason::PowerOff)]),
        (Trigger::AccountingEnabled, vec![upload(UploadReason::Accounting)]),
        (Trigger::PostalInformation, vec![upload(UploadReason::PostalInformation)]),
        (Trigger::PowerOn, vec![Task::StartupRefresh]),
        (Trigger::FundsLow, vec![Task::Refill(cad(100))]),
        (Trigger::InspectionDue, vec![Task::Inspection]),
    ] {
        assert_eq!(plan(trigger, &meter), tasks, "{trigger:?}");
    }
}

#[test]
fn a_meter_without_its_operational_block_asks_for_it_and_for_nothing_else() {
    // REQ FUNDS-4
    let first = vec![Task::Installation, Task::StartupRefresh, Task::Refill(cad(100))];
    for state in [State::Manufactured, State::Initialised] {
        let meter = Snapshot { state, funds: cad(0), ..content() };
        for trigger in Trigger::ALL {
            let expected = match trigger {
                Trigger::PowerOn | Trigger::Installed => first.clone(),
                _ => vec![],
            };
            assert_eq!(plan(trigger, &meter), expected, "{state} {trigger:?}");
        }
    }
}

#[test]
fn low_funds_are_refilled_at_rest_and_at_wake_but_never_because_of_an_upload() {
    // REQ FUNDS-2; Connect+: only at power-down, sleep, wake, or when funds run out.
    let meter = Snapshot { funds: cad(19), ..content() };
    let refill = Task::Refill(cad(100));
    for (trigger, tasks) in [
        (Trigger::PowerOn, vec![Task::StartupRefresh, refill]),
        (Trigger::Sleep, vec![refill, upload(UploadReason::Sleep)]),
        (Trigger::PowerOff, vec![refill, upload(UploadReason::PowerOff)]),
        (Trigger::FundsLow, vec![refill]),
        (Trigger::AccountingEnabled, vec![]),
        (Trigger::PostalInformation, vec![]),
        (Trigger::InspectionDue, vec![Task::Inspection]),
    ] {
        assert_eq!(plan(trigger, &meter), tasks, "{trigger:?}");
        let by_hand = RefillSettings { automatic: false, ..meter.refill };
        let meter = Snapshot { refill: by_hand, ..meter };
        // Without the refill there is nothing to tell of either.
        let is_told = |task: &Task| !matches!(task, Task::Refill(_) | Task::TransactionUpload(_));
        let without: Vec<Task> = tasks.into_iter().filter(is_told).collect();
        assert_eq!(plan(trigger, &meter), without, "{trigger:?} by hand");
    }
}

#[test]
fn what_is_done_before_sleep_is_told_before_sleep() {
    let meter = Snapshot { funds: cad(0), unacknowledged: 5, ..content() };
    let tasks = [Task::Refill(cad(100)), upload(UploadReason::Sleep)];
    assert_eq!(plan(Trigger::Sleep, &meter), tasks, "the refill is a record too");
}

#[test]
fn exactly_the_threshold_is_enough() {
    let meter = Snapshot { funds: cad(20), ..content() };
    assert_eq!(plan(Trigger::Sleep, &meter), []);
}

#[test]
fn a_refill_whose_reply_was_lost_is_finished_before_another_is_asked_for() {
    let meter = Snapshot { refill_pending: true, funds: cad(0), ..content() };
    for (trigger, tasks) in [
        (Trigger::PowerOn, vec![Task::StartupRefresh, Task::ResumeRefill]),
        (Trigger::Sleep, vec![Task::ResumeRefill, upload(UploadReason::Sleep)]),
        (Trigger::FundsLow, vec![Task::ResumeRefill]),
    ] {
        assert_eq!(plan(trigger, &meter), tasks, "{trigger:?}");
    }
}

#[test]
fn a_due_inspection_comes_before_a_refill() {
    // REQ FUNDS-3
    for state in [State::InspectionDue, State::Locked] {
        let meter = Snapshot { state, funds: cad(0), ..content() };
        let upkeep = [Task::Inspection, Task::Refill(cad(100))];
        let told = [upkeep[0], upkeep[1], upload(UploadReason::Sleep)];
        assert_eq!(plan(Trigger::Sleep, &meter), told, "{state}");
        assert_eq!(plan(Trigger::PowerOn, &meter)[1..], upkeep, "{state}");
    }
}

#[test]
fn a_suspended_meter_asks_whether_it_may_go_on_and_gets_no_funds() {
    let meter = Snapshot { state: State::Suspended, funds: cad(0), ..content() };
    assert_eq!(plan(Trigger::PowerOn, &meter), [Task::StartupRefresh, Task::Inspection]);
    assert_eq!(plan(Trigger::FundsLow, &meter), []);
}

#[test]
fn a_withdrawn_meter_still_delivers_its_records_and_does_nothing_else() {
    let meter = Snapshot { state: State::Withdrawn, unacknowledged: 1, funds: cad(0), ..content() };
    for trigger in Trigger::ALL {
        let tasks = plan(trigger, &meter);
        let only_uploads = tasks.iter().all(|t| matches!(t, Task::TransactionUpload(_)));
        assert!(only_uploads, "{trigger:?}");
    }
    assert_eq!(plan(Trigger::PowerOff, &meter), [upload(UploadReason::PowerOff)]);
    assert_eq!(plan(Trigger::PowerOn, &meter), [upload(UploadReason::OnDemand)]);
    let done = Snapshot { unacknowledged: 0, ..meter };
    assert_eq!(plan(Trigger::PowerOn, &done), []);
}

#[test]
fn a_withdrawal_that_was_begun_is_finished_at_power_on_sleep_and_power_off() {
    let meter = Snapshot { state: State::WithdrawPending, funds: cad(0), ..content() };
    assert_eq!(plan(Trigger::PowerOn, &meter), [Task::Withdrawal]);
    let sleep = [Task::Withdrawal, upload(UploadReason::Sleep)];
    assert_eq!(plan(Trigger::Sleep, &meter), sleep);
    for trigger in [Trigger::FundsLow, Trigger::InspectionDue, Trigger::Installed] {
        assert_eq!(plan(trigger, &meter), [], "{trigger:?}");
    }
}

#[test]
fn a_meter_that_was_opened_does_nothing() {
    let meter = Snapshot { state: State::Tampered, unacknowledged: 1, ..content() };
    for trigger in Trigger::ALL {
        assert_eq!(plan(trigger, &meter), [], "{trigger:?}");
    }
}
