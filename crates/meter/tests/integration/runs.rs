//! Whole files, and everything that can cut one short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use timbre_indicium::scan;
use timbre_meter::{
    Estimate, Franking, Meter, MeterError, Progress, RefillReceipt, Rejection, RunOptions,
    RunSummary, Stopped,
};
use timbre_postage::Language;

use crate::stage::{Stage, cad, copy_folder, wait};

const HEADER: &str = "weight,destination,class,account,reference\n";

/// A file of `rows` good rows.
fn mail(rows: usize) -> String {
    let mut text = HEADER.to_owned();
    for row in 1..=rows {
        let account = if row % 2 == 0 { "Ventes" } else { "Achats" };
        text.push_str(&format!("{},CA,lettermail,{account},No {row}\n", 20 + row));
    }
    text
}

fn into(output: &Path) -> RunOptions {
    RunOptions { output: Some(output.to_owned()), ..RunOptions::default() }
}

fn run(meter: &mut Meter, file: &Path, options: &RunOptions) -> Result<RunSummary, Stopped> {
    wait(meter.run_csv(file, options, &mut ()))
}

fn column(csv: &Path, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    let place = reader.headers().unwrap().iter().position(|header| header == name).unwrap();
    reader.records().map(|record| record.unwrap()[place].to_owned()).collect()
}

/// Every piece of the run was paid once, has one mark, and the marks are genuine and all different.
fn assert_whole(meter: &Meter, output: &Path, pieces: usize) {
    let marks: BTreeSet<PathBuf> =
        fs::read_dir(output.join("marks")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(marks.len(), pieces);
    let key = meter.enrolment().unwrap().indicium_key;
    let mut counters = BTreeSet::new();
    let mut mills = 0;
    for mark in marks {
        let read = scan::read_image(&fs::read(&mark).unwrap()).unwrap();
        read[0].verify(&key).unwrap();
        counters.insert(read[0].data().pieces);
        mills += read[0].data().amount.mills();
    }
    assert_eq!(counters.len(), pieces, "no mark is there twice");
    assert_eq!(meter.registers().pieces, pieces as u64, "no piece is paid twice");
    assert_eq!(meter.registers().ascending.mills(), mills, "what was paid is what was printed");
    assert_eq!(column(&output.join("franked.csv"), "mark").len(), pieces);
    assert_eq!(meter.status().unwrap().unprinted, 0);
    assert!(meter.status().unwrap().unfinished_runs.is_empty());
}

#[test]
fn good_rows_are_franked_and_bad_ones_set_aside_with_line_column_and_reason() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let text = format!(
        "{HEADER}42,CA,lettermail,Ventes,=A1\nheavy,CA,lettermail,,\n9000,CA,lettermail,,\n50,US,lettermail,,\n"
    );
    let file = stage.file("mail.csv", text);
    let summary = run(&mut meter, &file, &into(&stage.output())).unwrap();
    assert_eq!((summary.pieces, summary.franked, summary.rejected.len()), (4, 2, 2));
    assert_eq!(summary.rejected[0].line, 3);
    assert_eq!(summary.rejected[0].column.as_deref(), Some("weight"));
    assert_eq!(summary.rejected[1].reason.code, "too-heavy");
    assert_eq!(column(&summary.franked_csv, "reference"), ["'=A1", ""]);
    assert_eq!(column(&summary.franked_csv, "line"), ["2", "5"]);
    assert_eq!(column(&summary.franked_csv, "mark"), ["marks/000001.png", "marks/000004.png"]);
    let rejected = summary.rejected_csv.unwrap();
    assert_eq!(rejected, stage.output().join("mail.rejected.csv"));
    assert_eq!(column(&rejected, "weight"), ["heavy", "9000"]);
    assert_eq!(column(&rejected, "rejected_line"), ["3", "4"]);
    assert_eq!(column(&rejected, "rejected_column"), ["weight", "weight"]);
    assert_whole(&meter, &stage.output(), 2);
}

#[test]
fn a_corrected_rejected_file_can_be_run_and_its_texts_come_back_as_they_were() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", format!("{HEADER}heavy,CA,lettermail,Ventes,-5\n"));
    let summary = run(&mut meter, &file, &into(&stage.output())).unwrap();
    let text = fs::read_to_string(summary.rejected_csv.unwrap()).unwrap();
    assert!(text.contains("'-5"), "{text}");
    let corrected = stage.file("corrected.csv", text.replace("heavy", "30"));
    let again = stage.folder.path().join("again");
    let summary = run(&mut meter, &corrected, &into(&again)).unwrap();
    assert_eq!(summary.franked, 1);
    wait(meter.upload(timbre_meter::UploadReason::OnDemand)).unwrap();
    let books = stage.provider.books();
    assert_eq!(books.records.last().unwrap().reference.as_deref(), Some("-5"));
}

#[test]
fn an_estimate_tells_totals_and_what_is_missing_and_franks_nothing() {
    let stage = Stage::new();
    let meter = stage.ready(3);
    let file = stage.file("mail.csv", mail(4) + "x,CA,lettermail,,\n");
    let estimate = meter.estimate_csv(&file, &RunOptions::default()).unwrap();
    assert_eq!((estimate.pieces, estimate.rejected.len()), (4, 1));
    assert_eq!(estimate.available, cad(3));
    let missing = estimate.amount.checked_sub(cad(3)).unwrap();
    assert_eq!(estimate.missing, Some(missing));
    let of = |rows: &[timbre_meter::Subtotal]| {
        rows.iter().map(|row| (row.name.clone(), row.pieces)).collect::<Vec<_>>()
    };
    assert_eq!(of(&estimate.by_class), [("lettermail".to_owned(), 4)]);
    assert_eq!(of(&estimate.by_account), [("Achats".to_owned(), 2), ("Ventes".to_owned(), 2)]);
    assert_eq!(meter.registers().pieces, 0);
}

#[test]
fn strict_franks_nothing_unless_every_row_can_be() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", mail(3) + "x,CA,lettermail,,\n");
    let options = RunOptions { strict: true, ..into(&stage.output()) };
    let stopped = run(&mut meter, &file, &options).unwrap_err();
    assert_eq!(stopped.why.code(), "strict");
    assert!(stopped.why.to_string().contains("mail.csv:5"), "{stopped}");
    assert!(stopped.so_far.is_none());
    assert_eq!(meter.registers().pieces, 0);
    assert!(!stage.output().exists());
}

#[test]
fn a_file_that_is_none_names_file_and_line() {
    let stage = Stage::new();
    let mut meter = stage.ready(10);
    let file = stage.file("mail.csv", "weight,destination\n42,CA\n");
    let stopped = run(&mut meter, &file, &RunOptions::default()).unwrap_err();
    assert_eq!(stopped.why.code(), "column-missing");
    assert!(stopped.why.to_string().contains("mail.csv:1: missing: class"), "{stopped}");
    let gone = run(&mut meter, Path::new("/nowhere.csv"), &RunOptions::default()).unwrap_err();
    assert!(gone.why.to_string().contains("cannot read /nowhere.csv"), "{gone}");
}

#[test]
fn a_finished_file_run_again_is_a_new_run_in_a_new_folder_and_says_so() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", mail(2));
    let first = run(&mut meter, &file, &RunOptions::default()).unwrap();
    assert_eq!(first.repeat_of, None);
    let second = run(&mut meter, &file, &RunOptions::default()).unwrap();
    assert_eq!(second.repeat_of, Some(first.run));
    assert_ne!(second.output, first.output);
    assert_eq!(meter.registers().pieces, 4);
}

#[test]
fn the_marks_of_another_run_are_never_written_over() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", mail(2));
    run(&mut meter, &file, &into(&stage.output())).unwrap();
    let stopped = run(&mut meter, &file, &into(&stage.output())).unwrap_err();
    assert_eq!(stopped.why.code(), "output-occupied");
    assert_eq!(meter.registers().pieces, 2);
}

/// Stops after so many pieces.
struct StopAfter(u32);

impl Progress for StopAfter {
    fn piece(&mut self, done: u32, _total: u32) {
        self.0 = self.0.saturating_sub(u32::from(done > 0));
    }

    fn keep_going(&self) -> bool {
        self.0 > 0
    }
}

#[test]
fn a_run_that_was_stopped_goes_on_where_it_was() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", mail(10));
    let options = into(&stage.output());
    let stopped = wait(meter.run_csv(&file, &options, &mut StopAfter(6))).unwrap_err();
    assert_eq!(stopped.why.code(), "interrupted");
    assert_eq!(stopped.so_far.unwrap().franked, 6);
    drop(meter);
    let mut meter = stage.open().unwrap();
    let status = meter.status().unwrap();
    assert_eq!(status.unfinished_runs[0].file, "mail.csv");
    assert_eq!(meter.estimate_csv(&file, &options).unwrap().pieces, 4);
    let elsewhere = into(&stage.folder.path().join("elsewhere"));
    assert_eq!(run(&mut meter, &file, &elsewhere).unwrap_err().why.code(), "run-elsewhere");
    let summary = run(&mut meter, &file, &RunOptions::default()).unwrap();
    assert!(summary.resumed);
    assert_eq!((summary.franked, summary.printed_again), (10, 0));
    assert_whole(&meter, &stage.output(), 10);
}

/// Copies meter and output at every moment it is told of, as a power cut there would leave them.
struct PowerCuts {
    from: PathBuf,
    to: PathBuf,
    cuts: std::cell::Cell<u32>,
}

impl PowerCuts {
    fn cut(&self) {
        let cut = self.to.join(self.cuts.get().to_string());
        for part in ["meter", "out"] {
            copy_folder(&self.from.join(part), &cut.join(part));
        }
        self.cuts.set(self.cuts.get() + 1);
    }
}

impl Progress for PowerCuts {
    fn piece(&mut self, _done: u32, _total: u32) {
        self.cut();
    }

    fn keep_going(&self) -> bool {
        self.cut();
        true
    }
}

#[test]
fn a_power_cut_at_any_moment_loses_no_piece_and_franks_none_twice() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", mail(9));
    let root = stage.folder.path().to_owned();
    let mut cuts =
        PowerCuts { from: root.clone(), to: root.join("cuts"), cuts: std::cell::Cell::new(0) };
    wait(meter.run_csv(&file, &into(&stage.output()), &mut cuts)).unwrap();
    drop(meter);
    for cut in 0..cuts.cuts.get() {
        for part in ["meter", "out"] {
            fs::remove_dir_all(root.join(part)).unwrap();
            copy_folder(&root.join(format!("cuts/{cut}/{part}")), &root.join(part));
        }
        let mut meter = stage.open().unwrap();
        let summary = run(&mut meter, &file, &into(&stage.output())).unwrap();
        assert!(summary.resumed, "cut {cut}");
        assert_eq!(summary.franked, 9, "cut {cut}");
        assert_whole(&meter, &stage.output(), 9);
    }
}

#[test]
fn a_mark_that_was_lost_with_the_power_is_printed_again_from_the_journal() {
    let stage = Stage::new();
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", mail(6));
    let blocked = stage.output().join("marks/000004.png");
    fs::create_dir_all(stage.output()).unwrap();
    let stopped = {
        struct Block(PathBuf);
        impl Progress for Block {
            fn piece(&mut self, done: u32, _total: u32) {
                if done == 3 {
                    fs::create_dir_all(&self.0).unwrap();
                }
            }
        }
        wait(meter.run_csv(&file, &into(&stage.output()), &mut Block(blocked.clone()))).unwrap_err()
    };
    assert!(stopped.to_string().contains("is paid and was not printed"), "{stopped}");
    assert_eq!(meter.registers().pieces, 4);
    assert_eq!(meter.status().unwrap().unprinted, 1);
    // It fails in the same way until somebody makes room, and pays nothing more.
    for _ in 0..2 {
        run(&mut meter, &file, &RunOptions::default()).unwrap_err();
        assert_eq!(meter.registers().pieces, 4);
    }
    fs::remove_dir(&blocked).unwrap();
    drop(meter);
    let mut meter = stage.open().unwrap();
    let summary = run(&mut meter, &file, &RunOptions::default()).unwrap();
    assert_eq!((summary.franked, summary.printed_again), (6, 1));
    assert_whole(&meter, &stage.output(), 6);
}

#[test]
fn funds_out_stops_the_run_and_a_refill_lets_it_go_on() {
    let stage = Stage::new();
    let mut meter = stage.ready(5);
    let file = stage.file("mail.csv", mail(8));
    let stopped = run(&mut meter, &file, &into(&stage.output())).unwrap_err();
    assert_eq!(stopped.why.code(), "funds-out");
    assert!(stopped.why.advice(Language::English).unwrap().contains("same command again"));
    let so_far = stopped.so_far.unwrap();
    assert!(so_far.franked > 0 && so_far.franked < 8);
    wait(meter.refill(cad(100))).unwrap();
    let summary = run(&mut meter, &file, &into(&stage.output())).unwrap();
    assert_eq!((summary.franked, summary.resumed), (8, true));
    assert_whole(&meter, &stage.output(), 8);
}

#[derive(Default)]
struct Watched {
    estimates: Vec<Estimate>,
    refills: Vec<RefillReceipt>,
    rejections: Vec<Rejection>,
    steps: Vec<(u32, u32)>,
}

impl Progress for Watched {
    fn estimated(&mut self, estimate: &Estimate) {
        self.estimates.push(estimate.clone());
    }

    fn piece(&mut self, done: u32, total: u32) {
        self.steps.push((done, total));
    }

    fn rejected(&mut self, rejection: &Rejection) {
        self.rejections.push(rejection.clone());
    }

    fn refilled(&mut self, receipt: &RefillReceipt) {
        self.refills.push(receipt.clone());
    }
}

#[test]
fn when_the_settings_allow_it_a_run_refills_as_often_as_funds_run_out() {
    let mut stage = Stage::new();
    stage.settings.refill.automatic = true;
    stage.settings.refill.amount = cad(4);
    let mut meter = stage.create();
    wait(meter.power_on());
    let file = stage.file("mail.csv", mail(8) + "x,CA,lettermail,,\n");
    let mut watched = Watched::default();
    let summary = wait(meter.run_csv(&file, &into(&stage.output()), &mut watched)).unwrap();
    assert_eq!(summary.franked, 8);
    assert!(summary.refills.len() >= 2, "{}", summary.refills.len());
    assert_eq!(watched.refills, summary.refills);
    assert!(watched.estimates[0].missing.is_some(), "told before the start");
    assert_eq!(watched.rejections, summary.rejected);
    assert_eq!(watched.steps.last(), Some(&(9, 9)));
    assert_whole(&meter, &stage.output(), 8);
}

#[test]
fn a_refill_that_is_refused_in_a_run_stops_it_with_that_reason() {
    let mut stage = Stage::new();
    stage.settings.refill.automatic = true;
    stage.settings.refill.amount = cad(4);
    let mut meter = stage.create();
    wait(meter.power_on());
    let file = stage.file("mail.csv", mail(8));
    stage.provider.next("/comet/v1/refill", crate::provider::Instead::Refuse("account-locked"));
    let stopped = run(&mut meter, &file, &into(&stage.output())).unwrap_err();
    assert_eq!(stopped.why.code(), "account-locked");
    let summary = run(&mut meter, &file, &into(&stage.output())).unwrap();
    assert_eq!(summary.franked, 8);
}

#[test]
fn a_machine_that_may_not_frank_stops_a_run_and_sets_nothing_aside() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let file = stage.file("mail.csv", mail(3));
    stage.days_pass(37);
    let stopped = run(&mut meter, &file, &into(&stage.output())).unwrap_err();
    assert_eq!(stopped.why.code(), "inspection-overdue");
    assert!(stopped.so_far.unwrap().rejected.is_empty());
}

#[test]
fn a_high_value_row_is_set_aside_unless_it_was_confirmed() {
    let stage = Stage::new();
    stage.provider.books().high_value_warning = 2;
    let mut meter = stage.ready(500);
    let file = stage.file("mail.csv", format!("{HEADER}400,CA,lettermail,,\n20,CA,lettermail,,\n"));
    let estimate = meter.estimate_csv(&file, &RunOptions::default()).unwrap();
    assert_eq!(estimate.pieces, 1);
    assert_eq!(estimate.rejected[0].reason.code, "high-value");
    let franking = Franking { high_value: true, ..Franking::default() };
    let confirmed = RunOptions { franking, ..into(&stage.output()) };
    assert_eq!(run(&mut meter, &file, &confirmed).unwrap().rejected, []);
}

#[test]
fn an_unreadable_state_of_a_run_stops_every_run_until_somebody_has_looked() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let jobs = stage.meter_folder().join("jobs");
    fs::create_dir_all(&jobs).unwrap();
    fs::write(jobs.join("broken.json"), "{").unwrap();
    let file = stage.file("mail.csv", mail(1));
    let stopped = run(&mut meter, &file, &RunOptions::default()).unwrap_err();
    assert!(matches!(stopped.why, MeterError::Fault(_)));
    assert!(stopped.to_string().contains("broken.json"), "{stopped}");
}
