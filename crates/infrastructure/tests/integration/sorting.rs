//! The sorting centre (REQ FUNDS-6, SEC-3): each decision on marks of a real device, through the service as a machine asks it;
//! what is remembered, for whom, and how long.

mod machine;

use jiff::Timestamp;
use jiff::{SignedDuration, ToSpan};
use timbre_indicium::verify::Decision;
use timbre_indicium::{Mark, MarkData, MarkKind};
use timbre_infrastructure::serve;
use timbre_infrastructure::sorting::wire::{AnswerLine, Question};
use timbre_infrastructure::sorting::{ScannedItem, SortingRules};
use timbre_infrastructure::staff::NewSorter;

use self::machine::{Machine, assert_decided, codes, franked, letter, marked, today};
use crate::support::{Device, World, cad, on_both};

on_both!(
    a_genuine_piece_is_accepted_once_and_its_copy_names_the_first_scan,
    two_machines_at_once_accept_a_mark_once,
    the_same_scan_asked_again_gets_the_same_answer,
    a_numbered_piece_passes_several_machines_and_is_no_copy_of_itself,
    every_decision_has_its_piece,
    a_redate_and_a_correction_count_beside_their_mark,
    what_was_not_accepted_is_not_spent,
    a_piece_with_one_spent_mark_spends_none_of_the_others,
    a_copied_device_is_told_by_its_counts_and_registers,
    what_the_staff_decide_is_known_within_two_seconds,
    a_new_meter_and_its_first_refill_are_known_at_once,
    a_day_is_forgotten_whole_when_it_is_too_old,
    nothing_accepted_is_lost_by_a_restart,
    a_machine_without_a_token_or_with_a_revoked_one_is_turned_away,
    a_bad_line_is_answered_in_its_place,
);

async fn a_genuine_piece_is_accepted_once_and_its_copy_names_the_first_scan(world: World) {
    let mut device = world.franker(42).await;
    let (facer, reader) = (world.machine("facer 3").await, world.machine("reader 1").await);
    let mark = letter(&mut device);
    assert_decided(&facer.one(&[&mark]).await, "accept", &[]);
    let copy = reader.one(&[&mark]).await;
    assert_decided(&copy, "duplicate", &["duplicate"]);
    let told = &copy.findings[0];
    assert!(told.en.contains("(Léo-Blanchette, facer 3)"), "{}", told.en);
    assert!(told.en.contains(&format!("{}T", today())), "{}", told.en);
    assert!(told.fr.contains("le pli 1 de la machine TM0000042"), "{}", told.fr);
    let seen = world.staff.accepted_on_mail(today(), device.serial, 1).await.unwrap();
    assert!(seen.is_some());
    assert_eq!(world.staff.accepted_on_mail(today(), device.serial, 2).await.unwrap(), None);
}

async fn two_machines_at_once_accept_a_mark_once(world: World) {
    let mut device = world.franker(42).await;
    let (left, right) = (world.machine("left").await, world.machine("right").await);
    for _ in 0..20 {
        let mark = letter(&mut device);
        let marks = [&mark];
        let (one, other) = tokio::join!(left.one(&marks), right.one(&marks));
        let mut decisions = [one.decision.unwrap(), other.decision.unwrap()];
        decisions.sort();
        assert_eq!(decisions, ["accept", "duplicate"]);
    }
    // Nor does one batch accept it twice.
    let mark = letter(&mut device);
    let batch = [left.question(&[&mark]), left.question(&[&mark])];
    let answers = left.ask(&batch).await;
    assert_decided(&answers[0], "accept", &[]);
    assert_decided(&answers[1], "duplicate", &["duplicate"]);
}

async fn the_same_scan_asked_again_gets_the_same_answer(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    let mark = letter(&mut device);
    let question = machine.question(&[&mark]);
    let first = machine.ask(std::slice::from_ref(&question)).await.remove(0);
    let again = machine.ask(std::slice::from_ref(&question)).await.remove(0);
    assert_eq!((first.decision, first.again), (Some("accept".to_owned()), false));
    assert_eq!((again.decision, again.again), (Some("accept".to_owned()), true));
    // The number is the machine's own: another machine's scan of that number is another scan.
    let other = world.machine("reader 1").await;
    assert_decided(&other.ask(&[question]).await[0], "duplicate", &["duplicate"]);
}

async fn a_numbered_piece_passes_several_machines_and_is_no_copy_of_itself(world: World) {
    let mut device = world.franker(42).await;
    let mark = letter(&mut device);
    let (facer, reader) = (world.machine("facer 3").await, world.machine("reader 1").await);
    let tagged = |machine: &Machine<'_>, tag: Option<&str>| Question {
        item: tag.map(str::to_owned),
        ..machine.question(&[&mark])
    };
    assert_decided(&facer.ask(&[tagged(&facer, Some("J17-0042"))]).await[0], "accept", &[]);
    let further = reader.ask(&[tagged(&reader, Some("J17-0042"))]).await.remove(0);
    assert_decided(&further, "accept", &[]);
    assert!(further.again);
    for other in [Some("J17-0043"), None] {
        let copy = reader.ask(&[tagged(&reader, other)]).await.remove(0);
        assert_decided(&copy, "duplicate", &["duplicate"]);
    }
    // A number that comes back after the time on the way is a copy of the number as well.
    let later = world.staff.clone().at(Timestamp::now() + SignedDuration::from_hours(73));
    let item = ScannedItem {
        scan: "by hand".to_owned(),
        item: Some("J17-0042".to_owned()),
        scanned_on: Some(today()),
        marks: vec![mark.clone()],
        not_marks: vec![],
        measured: None,
    };
    let judged = later.verify(&[item], SortingRules::default(), false).await.unwrap();
    assert_eq!(judged[0].verdict.decision, Decision::Duplicate);
}

async fn every_decision_has_its_piece(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    let good = letter(&mut device);
    let heavy = letter(&mut device);
    let old = franked(&mut device, MarkKind::Postage, "1.44", today() - 9.days());
    let early = franked(&mut device, MarkKind::Postage, "1.44", today() + 3.days());
    machine.learn_rates(&early).await;
    let mut altered = *letter(&mut device).payload();
    altered[39] ^= 1;
    let altered = Mark::parse(&altered).unwrap();
    let mut stranger = Device::new(7);
    stranger.registers.descending = cad("10");
    let stranger = letter(&mut stranger);
    let mut unknown_key = Device::new(42);
    unknown_key.registers = device.registers;
    let unknown_key = letter(&mut unknown_key);
    let elsewhere = {
        let mark = letter(&mut device);
        let data = MarkData { postal_code: "K1A 0B1".parse().unwrap(), ..mark.data().clone() };
        Mark::sign(data, &device.keys).unwrap()
    };
    let weighed = |weight: &str, mark| Question {
        weight: Some(weight.to_owned()),
        ..machine.question(&[mark])
    };
    let mut noise = machine.question(&[]);
    noise.symbols = vec!["MDEyMzQ1".to_owned()];
    let mut forged = machine.question(&[]);
    let mut bytes = *good.payload();
    bytes[2] = 0x1f;
    forged.symbols = vec![base64(&bytes)];
    let questions = [
        weighed("27g", &good),
        weighed("45g", &heavy),
        machine.question(&[&old]),
        machine.question(&[&early]),
        machine.question(&[&altered]),
        machine.question(&[&stranger]),
        machine.question(&[&unknown_key]),
        machine.question(&[&elsewhere]),
        machine.question(&[]),
        noise,
        forged,
        weighed("2kg", &letter(&mut device)),
    ];
    let answers = machine.ask(&questions).await;
    let expected: [(&str, &[&str], Option<&str>); 12] = [
        ("accept", &[], None),
        ("short-paid", &["postage-short"], Some("0.31")),
        ("short-paid", &["date-too-old"], Some("0.00")),
        ("short-paid", &["date-in-the-future"], Some("0.00")),
        ("counterfeit", &["bad-signature"], None),
        ("counterfeit", &["unknown-meter"], None),
        ("counterfeit", &["unknown-key"], None),
        ("accept-with-note", &["posted-elsewhere", "posted-outside-area"], None),
        ("unreadable", &["no-mark-read"], None),
        ("unreadable", &["no-mark-read", "not-a-mark"], None),
        ("counterfeit", &["impossible-mark", "no-mark-read"], None),
        ("accept-with-note", &["no-price"], None),
    ];
    assert_eq!(answers.len(), expected.len());
    for ((answer, question), (decision, found, due)) in answers.iter().zip(&questions).zip(expected)
    {
        assert_eq!(answer.scan, question.scan, "in their order");
        assert_decided(answer, decision, found);
        assert_eq!(answer.due.as_deref(), due);
    }
    let (_, metrics) = world.admin("/metrics").await;
    assert!(
        metrics.contains("timbre_verifications_total{decision=\"counterfeit\"} 4"),
        "{metrics}"
    );
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

async fn a_redate_and_a_correction_count_beside_their_mark(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    let old = franked(&mut device, MarkKind::Postage, "1.44", today() - 20.days());
    let redate = franked(&mut device, MarkKind::Redate, "0", today());
    assert_decided(&machine.one(&[&redate]).await, "short-paid", &["no-postage-mark"]);
    assert_decided(&machine.one(&[&old]).await, "short-paid", &["date-too-old"]);
    assert_decided(&machine.one(&[&old, &redate]).await, "accept", &[]);
    assert_decided(&machine.one(&[&old, &redate]).await, "duplicate", &["duplicate"; 2]);
    machine.learn_rates(&old).await;
    let light = letter(&mut device);
    let correction = franked(&mut device, MarkKind::Correction, "0.31", today());
    let weighed =
        Question { weight: Some("45g".to_owned()), ..machine.question(&[&light, &correction]) };
    assert_decided(&machine.ask(&[weighed]).await[0], "accept", &[]);
}

async fn what_was_not_accepted_is_not_spent(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    machine.learn_rates(&franked(&mut device, MarkKind::Postage, "1.44", today() + 3.days())).await;
    let mark = letter(&mut device);
    let heavy = || Question { weight: Some("45g".to_owned()), ..machine.question(&[&mark]) };
    // The sender adds what is missing and posts it again.
    assert_decided(&machine.ask(&[heavy()]).await[0], "short-paid", &["postage-short"]);
    assert_decided(&machine.ask(&[heavy()]).await[0], "short-paid", &["postage-short"]);
    assert_decided(&machine.one(&[&mark]).await, "accept", &[]);
    assert_decided(&machine.one(&[&mark]).await, "duplicate", &["duplicate"]);
}

async fn a_piece_with_one_spent_mark_spends_none_of_the_others(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    let (mark, other) = (letter(&mut device), letter(&mut device));
    assert_decided(&machine.one(&[&mark]).await, "accept", &[]);
    assert_decided(&machine.one(&[&other, &mark]).await, "duplicate", &["duplicate"]);
    assert_decided(&machine.one(&[&other]).await, "accept", &[]);
}

async fn a_copied_device_is_told_by_its_counts_and_registers(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    let first = letter(&mut device);
    let second = franked(&mut device, MarkKind::Postage, "1.75", today());
    assert_decided(&machine.one(&[&second]).await, "accept", &[]);
    // Another mark with a count that was used, on the same date and on another.
    for day in [today(), today() - 1.day()] {
        let again = marked(&device, MarkKind::Postage, "1.75", day);
        let data = MarkData { product: 102, ..again.data().clone() };
        let again = Mark::sign(data, &device.keys).unwrap();
        assert_decided(&machine.one(&[&again]).await, "counterfeit", &["piece-count-reused"]);
    }
    // A mark before it whose ascending register was already above.
    let mut copy = MarkData { ascending: cad("3.50"), ..first.data().clone() };
    copy.descending = cad("96.50");
    let copy = Mark::sign(copy, &device.keys).unwrap();
    let answer = machine.one(&[&copy]).await;
    assert_decided(&answer, "counterfeit", &["register-regression"]);
    assert_decided(&machine.one(&[&first]).await, "accept", &[]);
    // Funds that nobody sold.
    let third = letter(&mut device);
    let rich = MarkData { descending: cad("9000"), ..third.data().clone() };
    let rich = Mark::sign(rich, &device.keys).unwrap();
    assert_decided(&machine.one(&[&rich]).await, "counterfeit", &["impossible-registers"]);
    assert_decided(&machine.one(&[&third]).await, "accept", &[]);
}

async fn what_the_staff_decide_is_known_within_two_seconds(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    assert_decided(&machine.one(&[&letter(&mut device)]).await, "accept", &[]);
    world.staff.suspend(device.serial, "tamper suspected").await.unwrap();
    let tomorrow =
        |device: &mut Device| franked(device, MarkKind::Postage, "1.44", today() + 1.day());
    let decided = std::time::Instant::now();
    // A mark of tomorrow is not the work of a meter that stopped today.
    loop {
        let answer = machine.one(&[&tomorrow(&mut device)]).await;
        if answer.decision.as_deref() == Some("counterfeit") {
            assert_eq!(codes(&answer), ["meter-stopped"]);
            break;
        }
        assert!(decided.elapsed().as_secs() < 2, "{answer:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // What lifts a condemnation is looked up before one is spoken.
    world.staff.resume(device.serial, "seal was sound").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let answer = machine.one(&[&tomorrow(&mut device)]).await;
    assert_ne!(answer.decision.as_deref(), Some("counterfeit"), "{answer:?}");
}

async fn a_new_meter_and_its_first_refill_are_known_at_once(world: World) {
    let machine = world.machine("facer 3").await;
    let mut device = world.franker(42).await;
    assert_decided(&machine.one(&[&letter(&mut device)]).await, "accept", &[]);
    // What was read a while ago does not condemn.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    world.refill(&mut device, "50").await;
    assert_decided(&machine.one(&[&letter(&mut device)]).await, "accept", &[]);
}

async fn a_day_is_forgotten_whole_when_it_is_too_old(world: World) {
    let mut device = world.franker(42).await;
    let mark = letter(&mut device);
    let item = |on| ScannedItem {
        scan: "by hand".to_owned(),
        item: None,
        scanned_on: Some(on),
        marks: vec![mark.clone()],
        not_marks: vec![],
        measured: None,
    };
    let verify = async |on, at: Timestamp| {
        let staff = world.staff.clone().at(at);
        staff.verify(&[item(on)], SortingRules::default(), false).await.unwrap().remove(0).verdict
    };
    let now = Timestamp::now();
    assert_eq!(verify(today(), now).await.decision, Decision::Accept);
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    assert_eq!(world.staff.clone().at(now + days(91)).forget_old_marks().await.unwrap(), 0);
    let last = verify(today(), now + days(91)).await;
    assert_eq!(last.decision, Decision::Duplicate);
    assert_eq!(world.staff.clone().at(now + days(93)).forget_old_marks().await.unwrap(), 1);
    let seen = world.staff.accepted_on_mail(today(), device.serial, 1).await.unwrap();
    assert_eq!(seen, None);
    // And is not accepted any more, whatever stands beside it.
    let verdict = verify(today() + 93.days(), now + days(93)).await;
    assert_eq!(verdict.decision, Decision::ShortPaid { due: cad("0") });
}

async fn nothing_accepted_is_lost_by_a_restart(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    let marks: Vec<Mark> = (0..40).map(|_| letter(&mut device)).collect();
    let questions: Vec<Question> = marks.iter().map(|mark| machine.question(&[mark])).collect();
    let answers = machine.ask(&questions).await;
    assert!(answers.iter().all(|answer| answer.decision.as_deref() == Some("accept")));
    let token = machine.token.clone();
    let World { running, config, client, _folder, staff, customer, database } = world;
    running.shutdown().await;
    drop(staff);
    let running = serve(config.clone()).await.unwrap();
    let staff = running.staff("scenario");
    let world = World { running, config, client, _folder, staff, customer, database };
    let machine = Machine { world: &world, token, scans: std::cell::Cell::new(1_000) };
    let questions: Vec<Question> = marks.iter().map(|mark| machine.question(&[mark])).collect();
    for answer in machine.ask(&questions).await {
        assert_decided(&answer, "duplicate", &["duplicate"]);
    }
    assert_decided(&machine.one(&[&letter(&mut device)]).await, "accept", &[]);
}

async fn a_machine_without_a_token_or_with_a_revoked_one_is_turned_away(world: World) {
    let machine = world.machine("facer 3").await;
    let (status, _) = machine.post("{\"scan\":\"1\"}".to_owned()).await;
    assert_eq!(status, 200);
    let stranger = Machine { world: &world, token: "00".repeat(32), scans: Default::default() };
    let (status, text) = stranger.post("{\"scan\":\"1\"}".to_owned()).await;
    assert_eq!(status, 401);
    assert!(text.contains("unknown-sorter"), "{text}");
    assert_eq!(world.staff.revoke_sorter("facer 3").await.unwrap().name, "facer 3");
    let (status, _) = machine.post("{\"scan\":\"1\"}".to_owned()).await;
    assert_eq!(status, 401);
    let error = world.staff.revoke_sorter("facer 9").await.unwrap_err();
    assert_eq!(error.code(), "unknown-sorter");
    let new =
        || NewSorter { name: "facer 3".to_owned(), place: "Gateway".to_owned(), area: vec![] };
    assert_eq!(world.staff.add_sorter(new()).await.unwrap_err().code(), "sorter-exists");
    assert_eq!(world.staff.sorters().await.unwrap().len(), 1);
}

async fn a_bad_line_is_answered_in_its_place(world: World) {
    let mut device = world.franker(42).await;
    let machine = world.machine("facer 3").await;
    let good = serde_json::to_string(&machine.question(&[&letter(&mut device)])).unwrap();
    let (status, text) =
        machine.post(format!("not json\n{good}\n{{\"scan\":\"x\",\"y\":1}}\n")).await;
    assert_eq!(status, 200);
    let answers: Vec<AnswerLine> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let error = |at: usize| answers[at].error.as_ref().map(|error| error.code.as_str());
    assert_eq!(error(0), Some("malformed-line"));
    assert_decided(&answers[1], "accept", &[]);
    assert_eq!(error(2), Some("malformed-line"));
    // A line without an end ends the stream, with a word.
    let (_, text) = machine.post("x".repeat(20_000)).await;
    assert!(text.contains("line-too-long"), "{text}");
}
