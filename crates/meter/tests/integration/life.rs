//! The ends of a device's life and the beginning of the next: withdrawn, opened, replaced (REQ FUNDS-1, FUNDS-5).

use std::fs;

use timbre_meter::{Franking, Meter, MeterError, Outcome, Refusal, Task};
use timbre_postage::Language;
use timbre_protocol::replacement::MachineSettings;
use timbre_protocol::startup_refresh;
use timbre_protocol::transaction_upload::RecordKind;

use crate::provider::Instead;
use crate::stage::{Stage, cad, copy_folder, letter, wait};

const WITHDRAWAL: &str = "/comet/v1/withdrawal";

/// A meter with 100 that has franked a letter and uploaded nothing since.
fn franked(stage: &Stage) -> Meter {
    let mut meter = stage.ready(100);
    meter.frank(&letter(20), &Franking::default(), None).unwrap();
    meter
}

fn code<T: std::fmt::Debug>(result: Result<T, MeterError>) -> String {
    result.unwrap_err().code()
}

#[test]
fn it_uploads_gives_back_what_is_left_and_delivers_the_record_of_it() {
    let stage = Stage::new();
    let mut meter = franked(&stage);
    let left = meter.funds().available;
    let done = wait(meter.withdraw()).unwrap();
    assert_eq!((done.amount, done.recorded, done.pieces), (left, true, 1));
    assert!(meter.funds().available.is_zero());
    assert_eq!(meter.funds().control_sum, done.used);
    let last = stage.provider.books().records.last().cloned().unwrap();
    assert_eq!((last.kind, last.amount), (RecordKind::Withdrawal, left));
    let asked = stage.provider.books().asked.clone();
    let order = ["/uploads/v1/transactions", WITHDRAWAL, "/uploads/v1/transactions"];
    assert_eq!(asked[asked.len() - 3..], order);
    assert_eq!(wait(meter.withdraw()).unwrap(), done, "told again");
    drop(meter);
    let mut meter = stage.open().unwrap();
    assert_eq!(meter.status().unwrap().given_back, Some(left));
    assert_eq!(code(meter.frank(&letter(20), &Franking::default(), None)), "withdrawn");
    assert_eq!(code(wait(meter.refill(cad(10)))), "withdrawn");
    assert_eq!(code(wait(meter.inspect())), "withdrawn");
    assert!(wait(meter.power_on()).is_empty());
}

#[test]
fn a_lost_reply_costs_nothing_and_the_machine_finishes_by_itself() {
    let stage = Stage::new();
    let mut meter = franked(&stage);
    let left = meter.funds().available;
    stage.provider.next(WITHDRAWAL, Instead::LoseReply);
    let lost = wait(meter.withdraw()).unwrap_err();
    assert!(matches!(lost, MeterError::Fault(_)), "{lost:?}");
    assert_eq!(code(meter.frank(&letter(20), &Franking::default(), None)), "withdraw-pending");
    drop(meter);
    let mut meter = stage.open().unwrap();
    let status = meter.status().unwrap();
    assert_eq!((status.state, status.pending_withdrawal), ("withdraw-pending", Some(left)));
    let reports = wait(meter.power_on());
    let tasks: Vec<Task> = reports.iter().map(|report| report.task).collect();
    assert_eq!(tasks, [Task::Withdrawal]);
    assert!(matches!(reports[0].result, Ok(Outcome::Withdrawn(_))), "{reports:?}");
    let (_, booked) = stage.provider.books().withdrawn.clone().unwrap();
    assert_eq!((booked.amount, meter.status().unwrap().given_back), (left, Some(left)));
}

#[test]
fn a_refill_whose_reply_was_lost_is_settled_before_the_withdrawal() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.provider.next("/comet/v1/refill", Instead::LoseReply);
    wait(meter.refill(cad(50))).unwrap_err();
    assert_eq!(wait(meter.withdraw()).unwrap().amount, cad(150));
}

#[test]
fn a_refused_withdrawal_leaves_the_meter_suspended_until_it_is_inspected() {
    let stage = Stage::new();
    let mut meter = franked(&stage);
    let before = meter.registers();
    stage.provider.next(WITHDRAWAL, Instead::Refuse("withdrawal-contradicted"));
    let refused = wait(meter.withdraw()).unwrap_err();
    assert_eq!(refused.code(), "withdrawal-contradicted");
    assert!(refused.advice(Language::English).unwrap().contains("timbre meter inspect"));
    assert_eq!((meter.status().unwrap().state, meter.registers()), ("suspended", before));
    wait(meter.inspect()).unwrap();
    assert_eq!(meter.status().unwrap().state, "operational");
    meter.frank(&letter(20), &Franking::default(), None).unwrap();
    // Any other refusal may come from in front of the books: the withdrawal stays begun.
    stage.provider.next(WITHDRAWAL, Instead::Refuse("unavailable"));
    wait(meter.withdraw()).unwrap_err();
    assert_eq!(meter.status().unwrap().state, "withdraw-pending");
    wait(meter.withdraw()).unwrap();
}

#[test]
fn a_meter_that_cannot_upload_is_not_taken_out_of_service() {
    let stage = Stage::new();
    let mut meter = franked(&stage);
    stage.provider.next("/uploads/v1/transactions", Instead::Refuse("unavailable"));
    wait(meter.withdraw()).unwrap_err();
    assert_eq!(meter.status().unwrap().state, "operational");
    meter.frank(&letter(20), &Franking::default(), None).unwrap();
}

#[test]
fn an_opened_device_destroys_its_keys_and_stays_readable() {
    let stage = Stage::new();
    let meter = franked(&stage);
    let (registers, folder) = (meter.registers(), stage.meter_folder());
    let cut = stage.folder.path().join("cut");
    meter.tamper().unwrap();
    for name in ["keys.sealed", "seal"] {
        assert!(!folder.join(name).exists(), "{name} is gone");
    }
    let refused = stage.open().unwrap_err();
    assert!(matches!(refused, MeterError::Refusal(Refusal::Device(_))), "{refused:?}");
    assert_eq!(refused.code(), "tampered");
    assert!(refused.advice(Language::English).unwrap().contains("timbre meter examine"));
    let seen = Meter::examine(&folder, &stage.clock()).unwrap();
    assert_eq!((seen.state, seen.available), ("tampered", registers.descending));
    assert_eq!((seen.used, seen.pieces), (registers.ascending, 1));
    assert_eq!(seen.unacknowledged, 3, "installation, refill and letter were never uploaded");
    // The meter is taken for another's, and the settings cannot be read: the registers still can.
    copy_folder(&folder, &cut);
    fs::write(cut.join("meter.toml"), "not settings").unwrap();
    assert_eq!(Meter::examine(&cut, &stage.clock()).unwrap(), seen);
}

#[test]
fn a_cut_between_the_record_of_an_opening_and_the_end_of_the_keys_changes_nothing() {
    let stage = Stage::new();
    let meter = franked(&stage);
    let (folder, kept) = (stage.meter_folder(), stage.folder.path().join("kept"));
    copy_folder(&folder, &kept);
    meter.tamper().unwrap();
    for name in ["keys.sealed", "seal"] {
        fs::copy(kept.join(name), folder.join(name)).unwrap();
    }
    assert_eq!(code(stage.open()), "tampered");
    assert!(!folder.join("keys.sealed").exists(), "what the cut left is finished");
}

#[test]
fn a_meter_in_anothers_place_fetches_the_configuration_data_by_itself() {
    let stage = Stage::new();
    let mut meter = stage.create();
    stage.provider.books().tasks = vec![startup_refresh::Task::FetchConfiguration];
    stage.provider.books().replaced_settings = Some(MachineSettings {
        automatic_refill: true,
        refill_threshold: cad(30),
        refill_amount: cad(200),
        language: "fr".to_owned(),
    });
    let reports = wait(meter.power_on());
    let tasks: Vec<Task> = reports.iter().map(|report| report.task).collect();
    assert_eq!(tasks, [Task::Installation, Task::StartupRefresh, Task::Configuration]);
    assert_eq!(
        reports[2].describe(Language::English),
        "Configuration data received: replaces TM0000007"
    );
    drop(meter);
    let mut meter = stage.open().unwrap();
    let known = meter.status().unwrap().configuration.unwrap();
    assert_eq!((known.used, known.available, known.pieces), (cad(42), cad(58), 30));
    assert!(meter.funds().available.is_zero(), "the registers of the new device begin at nothing");
    let refill = meter.settings().refill;
    assert_eq!((refill.automatic, refill.threshold, refill.amount), (true, cad(30), cad(200)));
    assert_eq!(meter.settings().language, Language::French);
    stage.provider.books().tasks.clear();
    wait(meter.refresh()).unwrap();
    let told = stage.provider.books().refreshes.last().cloned().unwrap();
    assert_eq!(told.replaces, Some("TM0000007".parse().unwrap()));
    assert_eq!(told.settings.unwrap().refill_threshold, cad(30));
}

#[test]
fn configuration_data_that_was_altered_on_the_meter_is_fetched_again_and_never_shown() {
    let stage = Stage::new();
    drop(stage.ready(100));
    let mut meter = stage.open().unwrap();
    wait(meter.fetch_configuration()).unwrap();
    drop(meter);
    let file = stage.meter_folder().join("configuration.xml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("58.00", "5800.00")).unwrap();
    let mut meter = stage.open().unwrap();
    assert_eq!(meter.status().unwrap().configuration, None);
    wait(meter.refresh()).unwrap();
    assert_eq!(stage.provider.books().refreshes.last().unwrap().replaces, None, "it asks again");
}
