//! The machine from its making to its sleep: what the operator asks, and what goes wrong.

use std::fs;

use timbre_indicium::scan;
use timbre_meter::{Franking, Meter, MeterError, Outcome, Refusal, Task, Trigger, UploadReason};
use timbre_postage::Language;
use timbre_protocol::inspection::Instruction;
use timbre_protocol::startup_refresh;

use crate::provider::Instead;
use crate::stage::{Stage, cad, letter, wait};

fn now() -> Franking {
    Franking::default()
}

fn code<T: std::fmt::Debug>(result: Result<T, MeterError>) -> String {
    result.unwrap_err().code()
}

#[test]
fn a_new_meter_gives_what_its_provider_needs_to_enrol_it() {
    let stage = Stage::new();
    let meter = stage.create();
    let enrolment = meter.enrolment().unwrap();
    assert_eq!(enrolment.serial.to_string(), "TM0000042");
    let text = serde_json::to_string(&enrolment).unwrap();
    assert_eq!(serde_json::from_str::<timbre_meter::Enrolment>(&text).unwrap(), enrolment);
    assert_eq!(meter.status().unwrap().state, "initialised");
    drop(meter);
    assert_eq!(stage.open().unwrap().enrolment().unwrap(), enrolment);
}

#[test]
fn a_folder_without_a_meter_says_how_to_make_one() {
    let stage = Stage::new();
    let error = stage.open().unwrap_err();
    assert_eq!(error.code(), "no-meter");
    assert_eq!(error.advice(Language::English), Some("make one: timbre meter create"));
}

#[test]
fn a_meter_is_made_once() {
    let stage = Stage::new();
    drop(stage.create());
    let again = Meter::create(
        &stage.meter_folder(),
        &stage.settings,
        stage.provider.anchors(),
        stage.clock(),
    );
    assert_eq!(code(again), "meter-exists");
}

#[test]
fn making_a_meter_that_was_cut_short_can_be_done_again_with_the_same_keys() {
    let stage = Stage::new();
    let enrolment = stage.create().enrolment().unwrap();
    fs::remove_file(stage.meter_folder().join("meter.toml")).unwrap();
    assert_eq!(stage.create().enrolment().unwrap(), enrolment);
}

#[test]
fn a_second_process_is_refused_and_told_who_has_the_meter() {
    let stage = Stage::new();
    let first = stage.create();
    let error = stage.open().unwrap_err();
    assert!(matches!(error, MeterError::Refusal(Refusal::InUse { .. })));
    let process = format!("(process {})", std::process::id());
    assert!(error.message(Language::English).contains(&process), "{error}");
    drop(first);
    stage.open().unwrap();
}

#[test]
fn settings_of_another_machine_do_not_open_this_one() {
    let stage = Stage::new();
    drop(stage.create());
    let file = stage.meter_folder().join("meter.toml");
    let text = fs::read_to_string(&file).unwrap().replace("TM0000042", "TM0000043");
    fs::write(&file, text).unwrap();
    assert_eq!(code(stage.open()), "other-serial");
}

#[test]
fn at_first_power_on_it_installs_itself_and_gets_its_rates() {
    let stage = Stage::new();
    let mut meter = stage.create();
    let reports = wait(meter.power_on());
    let tasks: Vec<Task> = reports.iter().map(|report| report.task).collect();
    assert_eq!(tasks, [Task::Installation, Task::StartupRefresh]);
    let lines: Vec<String> = reports.iter().map(|r| r.describe(Language::English)).collect();
    assert_eq!(
        lines,
        [
            "Operational block 1 installed: account 10000001, PB00000042, posting at J8X 3X7",
            "Services refreshed; rates downloaded: ca-retail-2025-01-13",
        ]
    );
    assert_eq!(
        stage.provider.books().asked,
        [
            "/distributor/v1/sign-in",
            "/comet/v1/installation",
            "/downloads/v1/startup-refresh",
            "/downloads/v1/rates",
        ]
    );
    drop(meter);
    let status = stage.open().unwrap().status().unwrap();
    assert_eq!(status.rates[0].table, "ca-retail-2025-01-13");
    assert!(status.rates[0].in_force);
}

#[test]
fn rates_that_did_not_change_are_not_downloaded_again_and_withdrawn_ones_go() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.provider.publish("ca-retail-2024-05-06");
    assert_eq!(wait(meter.refresh()).unwrap().rates, ["ca-retail-2024-05-06"]);
    assert!(wait(meter.refresh()).unwrap().rates.is_empty());
    stage.provider.books().tables.remove(0);
    assert!(wait(meter.refresh()).unwrap().rates.is_empty());
    let tables: Vec<String> =
        meter.status().unwrap().rates.into_iter().map(|rate| rate.table).collect();
    assert_eq!(tables, ["ca-retail-2024-05-06"]);
}

#[test]
fn a_rate_table_that_was_altered_on_the_meter_prices_nothing_and_is_named() {
    let stage = Stage::new();
    drop(stage.ready(100));
    let file = stage.meter_folder().join("rates/ca-retail-2025-01-13.xml");
    let text = fs::read_to_string(&file).unwrap().replacen("1.44", "0.01", 1);
    fs::write(&file, text).unwrap();
    let mut meter = stage.open().unwrap();
    let error = meter.frank(&letter(20), &now(), None).unwrap_err();
    assert!(matches!(error, MeterError::Breach(_)), "{error:?}");
    assert_eq!(error.code(), "rates-not-genuine");
    assert!(error.to_string().contains("ca-retail-2025-01-13.xml"), "{error}");
    assert_eq!(meter.status().unwrap().rate_problems.len(), 1);
    wait(meter.refresh()).unwrap();
    meter.frank(&letter(20), &now(), None).unwrap();
}

#[test]
fn one_piece_is_priced_paid_printed_and_can_be_read_back() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let price = meter.price(&letter(42), &now()).unwrap();
    assert_eq!(meter.registers().descending, cad(100), "a price costs nothing");
    let file = stage.output().join("mark.png");
    let franked = meter.frank(&letter(42), &now(), Some(&file)).unwrap();
    assert_eq!((franked.amount, franked.file.clone()), (price.amount, file.clone()));
    assert_eq!(franked.registers.ascending, price.amount);
    assert_eq!(franked.registers.control_sum().unwrap(), cad(100));
    assert_eq!(franked.date.to_string(), "2025-06-02");
    let marks = scan::read_image(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(marks[0].data().amount, price.amount);
    marks[0].verify(&meter.enrolment().unwrap().indicium_key).unwrap();
    assert_eq!(meter.status().unwrap().unprinted, 0);
    assert_eq!(code(meter.frank(&letter(42), &now(), Some(&file))), "file-exists");
    assert_eq!(meter.registers().pieces, 1, "a refused piece is not paid");
}

#[test]
fn a_piece_is_refused_before_it_is_paid_with_the_rule_that_forbids_it() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let on = |date: &str| Franking { date: Some(date.parse().unwrap()), ..now() };
    let mut unknown = letter(20);
    unknown.piece.service = "carrier-pigeon".parse().unwrap();
    let mut long_account = letter(20);
    long_account.account = Some("x".repeat(33));
    let mut control = letter(20);
    control.reference = Some("a\u{7}b".to_owned());
    let table = [
        (letter(5000), now(), "too-heavy"),
        (unknown, now(), "unknown-service"),
        (letter(20), on("2025-06-01"), "date-back"),
        (letter(20), on("2025-08-01"), "date-too-far-ahead"),
        (long_account, now(), "account-too-long"),
        (control, now(), "reference-control-character"),
    ];
    for (request, franking, expected) in table {
        let error = meter.frank(&request, &franking, None).unwrap_err();
        assert!(matches!(error, MeterError::Refusal(_)), "{error:?}");
        assert_eq!(error.code(), expected);
    }
    assert_eq!(meter.registers().pieces, 0);
    meter.frank(&letter(20), &on("2025-06-10"), None).unwrap();
}

#[test]
fn without_rates_in_force_nothing_is_priced_and_the_reason_is_a_date() {
    let stage = Stage::new();
    let mut meter = stage.create();
    assert_eq!(code(meter.price(&letter(20), &now())), "no-rate-table");
    stage.provider.books().tables.clear();
    stage.provider.publish("ca-retail-2025-01-13");
    for report in wait(meter.power_on()) {
        report.result.unwrap();
    }
    stage.days_pass(-200);
    assert_eq!(code(meter.price(&letter(20), &now())), "rates-not-yet-in-force");
}

#[test]
fn funds_that_do_not_reach_are_told_with_advice() {
    let stage = Stage::new();
    let mut meter = stage.ready(1);
    let error = meter.frank(&letter(42), &now(), None).unwrap_err();
    assert_eq!(error.code(), "insufficient-funds");
    assert!(error.message(Language::English).contains("$1.00 left"), "{error}");
    assert!(error.advice(Language::French).unwrap().contains("timbre meter refill"));
}

#[test]
fn a_lost_refill_reply_costs_nothing_and_books_nothing_twice() {
    let stage = Stage::new();
    let mut meter = stage.ready(50);
    stage.provider.next("/comet/v1/refill", Instead::LoseReply);
    assert_eq!(code(wait(meter.refill(cad(30)))), "infrastructure-unreachable");
    assert_eq!(meter.registers().descending, cad(50));
    drop(meter);
    let mut meter = stage.open().unwrap();
    assert_eq!(meter.status().unwrap().pending_refill, Some(cad(30)));
    let reports = wait(meter.power_on());
    assert!(reports.iter().any(|report| report.task == Task::ResumeRefill));
    assert_eq!(meter.registers().descending, cad(80));
    assert_eq!(stage.provider.books().refills.len(), 2);
}

#[test]
fn another_amount_after_a_lost_reply_finishes_the_lost_one_first() {
    let stage = Stage::new();
    let mut meter = stage.ready(50);
    stage.provider.next("/comet/v1/refill", Instead::LoseReply);
    wait(meter.refill(cad(30))).unwrap_err();
    let receipt = wait(meter.refill(cad(7))).unwrap();
    assert_eq!((receipt.sequence, receipt.available), (3, cad(87)));
}

#[test]
fn a_refused_refill_is_over_and_another_can_be_asked_for() {
    let stage = Stage::new();
    let mut meter = stage.ready(50);
    stage.provider.next("/comet/v1/refill", Instead::Refuse("insufficient-funds"));
    let error = wait(meter.refill(cad(30))).unwrap_err();
    assert!(matches!(error, MeterError::Refusal(Refusal::Infrastructure(_))), "{error:?}");
    assert_eq!(meter.status().unwrap().pending_refill, None);
    assert_eq!(wait(meter.refill(cad(5))).unwrap().available, cad(55));
}

#[test]
fn a_refusal_that_says_nothing_of_the_refill_leaves_it_pending() {
    let stage = Stage::new();
    let mut meter = stage.ready(50);
    stage.provider.next("/comet/v1/refill", Instead::Refuse("unknown-meter"));
    assert_eq!(code(wait(meter.refill(cad(30)))), "unknown-meter");
    assert_eq!(meter.status().unwrap().pending_refill, Some(cad(30)));
}

#[test]
fn a_token_that_is_no_longer_believed_is_renewed_without_a_word() {
    let stage = Stage::new();
    let mut meter = stage.ready(50);
    stage.provider.books().asked.clear();
    stage.provider.next("/comet/v1/inspection", Instead::Refuse("token-expired"));
    wait(meter.inspect()).unwrap();
    assert_eq!(
        stage.provider.books().asked,
        ["/comet/v1/inspection", "/distributor/v1/sign-in", "/comet/v1/inspection"]
    );
    stage.days_pass(1);
    stage.provider.books().asked.clear();
    wait(meter.inspect()).unwrap();
    assert_eq!(stage.provider.books().asked, ["/distributor/v1/sign-in", "/comet/v1/inspection"]);
}

#[test]
fn a_directory_that_names_other_places_is_reported_and_not_followed() {
    let stage = Stage::new();
    let mut meter = stage.create();
    let elsewhere = ("comet.refill", "https://comet.example.org/comet/v1/refill");
    stage.provider.books().services.push(elsewhere);
    let signed_in = wait(meter.sign_in()).unwrap();
    assert_eq!(signed_in.unknown_services, [format!("{} {}", elsewhere.0, elsewhere.1)]);
    assert_eq!(signed_in.clock_behind_seconds, 0);
    // What it named is not used: the meter goes where its catalogue says.
    stage.provider.books().asked.clear();
    wait(meter.install()).unwrap();
    assert_eq!(stage.provider.books().asked, ["/comet/v1/installation"]);
}

#[test]
fn an_overdue_inspection_stops_franking_until_it_is_done() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.days_pass(37);
    let error = meter.frank(&letter(20), &now(), None).unwrap_err();
    assert_eq!(error.code(), "inspection-overdue");
    assert_eq!(
        error.advice(Language::English),
        Some("have the meter inspected: timbre meter inspect")
    );
    stage.provider.books().next_inspection = "2025-09-01".parse().unwrap();
    assert_eq!(wait(meter.inspect()).unwrap().next_inspection.to_string(), "2025-09-01");
    meter.frank(&letter(20), &now(), None).unwrap();
}

#[test]
fn a_suspended_meter_franks_nothing_until_it_is_told_to_go_on() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.provider.books().instruction = Instruction::Suspend;
    assert!(wait(meter.inspect()).unwrap().suspended);
    assert_eq!(code(meter.frank(&letter(20), &now(), None)), "suspended");
    stage.provider.books().instruction = Instruction::Continue;
    wait(meter.power_on());
    meter.frank(&letter(20), &now(), None).unwrap();
}

#[test]
fn records_are_kept_until_they_are_confirmed_and_sent_when_it_sleeps() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    for _ in 0..3 {
        meter.frank(&letter(20), &now(), None).unwrap();
    }
    stage.provider.next("/uploads/v1/transactions", Instead::LoseReply);
    wait(meter.sleep());
    assert_eq!(meter.status().unwrap().unacknowledged, 5);
    drop(meter);
    let mut meter = stage.open().unwrap();
    let [report] = <[_; 1]>::try_from(wait(meter.power_off())).unwrap();
    let Ok(Outcome::Uploaded(uploaded)) = report.result else { panic!("{report:?}") };
    assert_eq!((uploaded.records, uploaded.acknowledged), (5, 5));
    let books = stage.provider.books();
    assert_eq!(books.reasons, [UploadReason::Sleep, UploadReason::PowerOff]);
    assert_eq!(books.records.len(), 5);
    assert_eq!(books.records[4].ascending, meter.registers().ascending);
    assert_eq!(books.records[4].account.as_deref(), Some("Ventes"));
}

#[test]
fn many_records_go_in_several_uploads() {
    let stage = Stage::new();
    let mut meter = stage.ready(2000);
    for _ in 0..510 {
        meter.frank(&letter(20), &now(), None).unwrap();
    }
    assert_eq!(wait(meter.upload(UploadReason::OnDemand)).unwrap().records, 512);
    assert_eq!(stage.provider.books().reasons.len(), 2);
    assert_eq!(wait(meter.upload(UploadReason::OnDemand)).unwrap().records, 0);
}

#[test]
fn a_confirmation_of_what_was_never_sent_is_a_breach_and_forgets_nothing() {
    for wrong in [0, 900] {
        let stage = Stage::new();
        let mut meter = stage.ready(100);
        stage.provider.next("/uploads/v1/transactions", Instead::Acknowledge(wrong));
        let error = wait(meter.upload(UploadReason::OnDemand)).unwrap_err();
        assert!(matches!(error, MeterError::Breach(_)), "{error:?}");
        assert_eq!(meter.status().unwrap().unacknowledged, 2);
    }
}

#[test]
fn what_the_provider_wants_at_power_on_is_done_once() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.provider.books().tasks =
        vec![startup_refresh::Task::Inspect, startup_refresh::Task::UploadTransactions];
    let tasks: Vec<Task> = wait(meter.power_on()).iter().map(|report| report.task).collect();
    assert_eq!(
        tasks,
        [Task::StartupRefresh, Task::Inspection, Task::TransactionUpload(UploadReason::OnDemand),]
    );
}

#[test]
fn a_fault_stops_the_tasks_and_a_refusal_does_not() {
    let mut stage = Stage::new();
    stage.settings.refill.automatic = true;
    let mut meter = stage.create();
    stage.provider.next("/comet/v1/installation", Instead::Refuse("no-customer"));
    let reports = wait(meter.trigger(Trigger::Installed));
    assert_eq!(reports.len(), 3, "{reports:?}");
    assert!(reports[0].refusal().is_some() && reports[1].result.is_ok());
    stage.provider.next("/comet/v1/installation", Instead::LoseReply);
    assert_eq!(wait(meter.trigger(Trigger::Installed)).len(), 1);
}

#[test]
fn automatic_refill_happens_at_sleep() {
    let mut stage = Stage::new();
    stage.settings.refill.automatic = true;
    let mut meter = stage.create();
    wait(meter.power_on());
    assert_eq!(meter.registers().descending, cad(100));
    let mut heavy = letter(400);
    heavy.piece.registered = true;
    while meter.registers().descending.mills() >= 20_000 {
        meter.frank(&heavy, &now(), None).unwrap();
    }
    let before = meter.registers().descending;
    wait(meter.sleep());
    assert_eq!(meter.registers().descending, before.checked_add(cad(100)).unwrap());
}

#[test]
fn a_damaged_journal_is_refused_and_its_registers_are_told() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let mut ascending = meter.registers().ascending;
    for piece in 0..6 {
        meter.frank(&letter(20), &now(), None).unwrap();
        if piece == 2 {
            ascending = meter.registers().ascending;
        }
    }
    drop(meter);
    let segment = fs::read_dir(stage.meter_folder().join("psd"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "segment"))
        .unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let used = bytes.chunks(512).take_while(|slot| slot.iter().any(|b| *b != 0)).count();
    bytes[(used - 3) * 512 + 100] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let error = stage.open().unwrap_err();
    assert!(matches!(error, MeterError::Breach(_)), "{error:?}");
    let text = error.message(Language::English);
    assert_eq!(error.code(), "device-damaged");
    assert!(text.contains("ascending") && text.contains("pieces"), "{text}");
    assert!(!ascending.is_zero());
}

#[test]
fn a_piece_whose_mark_cannot_be_written_is_not_paid() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let blocked = stage.output().join("mark.png.partial");
    fs::create_dir_all(&blocked).unwrap();
    let mark = stage.output().join("mark.png");
    let error = meter.frank(&letter(20), &now(), Some(&mark)).unwrap_err();
    assert!(error.to_string().contains("mark.png"), "{error}");
    assert_eq!(meter.registers().pieces, 0);
    assert!(meter.unprinted().unwrap().is_empty());
    fs::remove_dir(&blocked).unwrap();
    assert_eq!(meter.frank(&letter(20), &now(), Some(&mark)).unwrap().record, 3);
    assert!(mark.is_file() && !blocked.exists());
    assert_eq!(code(meter.print_again(3, None)), "not-unprinted");
}
