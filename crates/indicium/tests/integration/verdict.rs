//! What becomes of a piece, and why: each finding on its own, and together.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use timbre_indicium::verify::{
    self, DateWindow, Decision, Evidence, Gravity, Interruption, KnownKey, KnownMeter, MEMORY_DAYS,
    Progress, Reason, RegisterPoint, ScannedPiece, Sighting, Verdict,
};
use timbre_indicium::{Mark, MarkData, MarkKind};
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys};
use timbre_postage::{Amount, Currency, Language};

use crate::golden::{self, cad};

const SCANNED_ON: Date = date(2026, 11, 25);

fn meter() -> KnownMeter {
    KnownMeter {
        serial: golden::data().serial,
        indicia_number: golden::data().indicia_number,
        postal_codes: vec![golden::data().postal_code],
        keys: vec![KnownKey {
            key: golden::key(),
            valid_from: date(2026, 1, 1),
            valid_until: None,
        }],
        interruptions: vec![],
        control_sums: vec![],
    }
}

/// A meter whose key is here, so that it can make any mark.
struct Bench {
    keys: MemoryKeys,
    meter: KnownMeter,
}

impl Bench {
    fn new() -> Self {
        let keys = MemoryKeys::generate(&[KeyRole::Indicium]).unwrap();
        let mut meter = meter();
        meter.keys[0].key = keys.public_key(KeyRole::Indicium).unwrap();
        Bench { keys, meter }
    }

    /// The golden mark with changes, signed by this meter.
    fn mark(&self, change: impl FnOnce(&mut MarkData)) -> Mark {
        let mut data = golden::data();
        data.key_id = self.meter.keys[0].key.key_id();
        change(&mut data);
        Mark::sign(data, &self.keys).unwrap()
    }

    /// A mark of another kind that the meter printed right after the golden one.
    fn beside(&self, kind: MarkKind, mills: i64, day: Date) -> Mark {
        self.mark(|data| {
            (data.kind, data.amount, data.date) = (kind, cad(mills), day);
            data.pieces += 1;
            data.ascending = data.ascending.checked_add(cad(mills)).unwrap();
            data.descending = data.descending.checked_sub(cad(mills)).unwrap();
        })
    }

    fn judge(&self, marks: &[Mark], scanned_on: Date, price: Option<Amount>) -> Verdict {
        let evidence = vec![known(&self.meter); marks.len()];
        let piece = ScannedPiece { marks, scanned_on, price, posted_in: &[] };
        verify::judge(&piece, &evidence, DateWindow::default())
    }
}

fn known(meter: &KnownMeter) -> Evidence<'_> {
    Evidence { meter: Some(meter), ..Evidence::default() }
}

/// The golden mark alone on a piece of its price.
fn judge(mark: &Mark, evidence: Evidence<'_>) -> Verdict {
    judge_on(SCANNED_ON, Some(cad(1_440)), mark, evidence)
}

fn judge_on(day: Date, price: Option<Amount>, mark: &Mark, evidence: Evidence<'_>) -> Verdict {
    let marks = std::slice::from_ref(mark);
    let piece = ScannedPiece { marks, scanned_on: day, price, posted_in: &[] };
    verify::judge(&piece, &[evidence], DateWindow::default())
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.findings.iter().map(|finding| finding.code).collect()
}

#[track_caller]
fn assert_breach(verdict: &Verdict, code: &str) {
    assert_eq!(codes(verdict), [code]);
    assert_eq!(verdict.findings[0].gravity, Gravity::Breach);
    assert_eq!(verdict.decision, Decision::Counterfeit);
    assert!(!verdict.is_genuine() && !verdict.is_accepted());
}

#[track_caller]
fn assert_short(verdict: &Verdict, code: &str, due: i64) {
    assert_eq!(codes(verdict), [code]);
    assert_eq!(verdict.decision, Decision::ShortPaid { due: cad(due) });
    assert!(verdict.is_genuine() && !verdict.is_accepted());
}

#[track_caller]
fn assert_noted(verdict: &Verdict, code: &str) {
    assert_eq!(codes(verdict), [code]);
    assert_eq!(verdict.decision, Decision::AcceptWithNote);
    assert!(verdict.is_accepted());
}

#[test]
fn a_genuine_mark_in_order_is_accepted() {
    let verdict = judge(&golden::mark(), known(&meter()));
    assert_eq!(verdict, Verdict { decision: Decision::Accept, findings: vec![] });
}

#[test]
fn a_piece_without_a_mark_is_for_a_person_to_read() {
    let piece = ScannedPiece { marks: &[], scanned_on: SCANNED_ON, price: None, posted_in: &[] };
    let verdict = verify::judge(&piece, &[], DateWindow::default());
    assert_eq!((verdict.decision, codes(&verdict)), (Decision::Unreadable, vec!["no-mark-read"]));
    assert!(!verdict.is_genuine() && !verdict.is_accepted());
}

#[test]
fn a_symbol_that_was_read_twice_is_one_mark() {
    let (known_meter, mark) = (meter(), golden::mark());
    let piece = ScannedPiece {
        marks: &[mark.clone(), mark],
        scanned_on: SCANNED_ON,
        price: Some(cad(1_440)),
        posted_in: &[],
    };
    let verdict = verify::judge(&piece, &[known(&known_meter); 2], DateWindow::default());
    assert_eq!(verdict.decision, Decision::Accept);
    let dear = ScannedPiece { price: Some(cad(2_880)), ..piece };
    let verdict = verify::judge(&dear, &[known(&known_meter); 2], DateWindow::default());
    assert_short(&verdict, "postage-short", 1_440);
}

#[test]
fn a_meter_that_is_not_known_cannot_vouch() {
    assert_breach(&judge(&golden::mark(), Evidence::default()), "unknown-meter");
    let mut other = meter();
    other.serial = "TM0000007".parse().unwrap();
    assert_breach(&judge(&golden::mark(), known(&other)), "unknown-meter");
}

#[test]
fn a_key_that_was_never_the_meters_is_unknown() {
    assert_breach(&judge(&golden::mark(), known(&Bench::new().meter)), "unknown-key");
}

#[test]
fn a_changed_mark_has_a_bad_signature() {
    let mut payload = golden::payload();
    payload[39] ^= 1;
    let altered = Mark::parse(&payload).unwrap();
    assert_breach(&judge(&altered, known(&meter())), "bad-signature");
}

#[test]
fn a_key_signs_only_marks_of_its_own_time() {
    let day = golden::data().date;
    for (from, until, valid) in [
        (day, Some(day), true),
        (day, None, true),
        (day.tomorrow().unwrap(), None, false),
        (date(2026, 1, 1), Some(day.yesterday().unwrap()), false),
    ] {
        let mut meter = meter();
        (meter.keys[0].valid_from, meter.keys[0].valid_until) = (from, until);
        let verdict = judge(&golden::mark(), known(&meter));
        assert_eq!(codes(&verdict), if valid { vec![] } else { vec!["key-not-valid"] });
        // A key that came back into service has two times.
        let again = KnownKey { valid_from: day, valid_until: None, ..meter.keys[0] };
        meter.keys.push(again);
        assert!(judge(&golden::mark(), known(&meter)).is_accepted());
    }
}

#[test]
fn a_mark_under_another_indicia_number_is_not_the_meters() {
    let mut meter = meter();
    meter.indicia_number = "PB00000099".parse().unwrap();
    assert_breach(&judge(&golden::mark(), known(&meter)), "wrong-indicia-number");
}

#[test]
fn a_meter_out_of_service_vouches_for_earlier_marks_only() {
    let day = golden::data().date;
    let before = day.yesterday().unwrap();
    for (reason, since, code) in [
        (Reason::Stopped, day, None),
        (Reason::Stopped, before, Some("meter-stopped")),
        (Reason::Withdrawn, day, None),
        (Reason::Withdrawn, before, Some("meter-withdrawn")),
        (Reason::Stolen, day.tomorrow().unwrap(), None),
        (Reason::Stolen, day, Some("meter-stolen")),
    ] {
        let mut meter = meter();
        meter.interruptions = vec![Interruption { since, until: None, reason }];
        let verdict = judge(&golden::mark(), known(&meter));
        match code {
            Some(code) => assert_breach(&verdict, code),
            None => assert_eq!(verdict.decision, Decision::Accept, "{reason:?} since {since}"),
        }
    }
}

#[test]
fn what_a_meter_printed_while_it_was_stopped_is_good_once_it_works_again() {
    let day = golden::data().date;
    let since = day.yesterday().unwrap();
    for (until, noted) in [(day.tomorrow().unwrap(), true), (day, false)] {
        let mut meter = meter();
        let one = Interruption { since, until: Some(until), reason: Reason::Stopped };
        meter.interruptions = vec![one];
        let verdict = judge(&golden::mark(), known(&meter));
        assert_eq!(codes(&verdict), if noted { vec!["printed-while-stopped"] } else { vec![] });
        assert!(verdict.is_accepted());
        meter.interruptions[0].reason = Reason::Stolen;
        let verdict = judge(&golden::mark(), known(&meter));
        assert_eq!(codes(&verdict), if noted { vec!["meter-stolen"] } else { vec![] });
    }
}

#[test]
fn a_mark_that_was_seen_before_is_a_copy() {
    let at: Timestamp = "2026-11-24T21:05:12.25Z".parse().unwrap();
    let (place, machine) = ("Gateway".to_owned(), "facer 3".to_owned());
    let sighting = Sighting { at, place, machine };
    let known_meter = meter();
    let evidence = Evidence { seen_before: Some(&sighting), ..known(&known_meter) };
    let verdict = judge(&golden::mark(), evidence);
    assert_eq!((verdict.decision, codes(&verdict)), (Decision::Duplicate, vec!["duplicate"]));
    assert!(!verdict.is_genuine());
    let finding = &verdict.findings[0];
    assert_eq!(
        finding.message(Language::English),
        "Copy: piece 1234 of meter TM0000042 was seen on 2026-11-24T21:05:12Z (Gateway, facer 3)."
    );
    assert_eq!(
        finding.message(Language::French),
        "Copie\u{a0}: le pli 1234 de la machine TM0000042 a été vu le 2026-11-24T21:05:12Z (Gateway, facer 3)."
    );
}

#[test]
fn the_date_of_a_mark_must_be_near_the_day_of_its_scan() {
    let known_meter = meter();
    for (day, code) in [
        (date(2026, 11, 22), Some("date-in-the-future")),
        (date(2026, 11, 23), None),
        (date(2026, 12, 1), None),
        (date(2026, 12, 2), Some("date-too-old")),
    ] {
        let verdict = judge_on(day, Some(cad(1_440)), &golden::mark(), known(&known_meter));
        match code {
            // Nothing is to be paid: a redate is of zero value.
            Some(code) => assert_short(&verdict, code, 0),
            None => assert!(verdict.is_accepted(), "{day}"),
        }
    }
}

#[test]
fn a_redate_beside_an_old_mark_puts_it_right_once_and_within_bounds() {
    let bench = Bench::new();
    let day = golden::data().date;
    let later = |days: i64| day.saturating_add(jiff::ToSpan::days(days));
    let old = bench.mark(|_| {});
    let judge = |marks: &[Mark], days| bench.judge(marks, later(days), Some(cad(1_440)));
    assert_short(&judge(std::slice::from_ref(&old), 30), "date-too-old", 0);
    let redate = bench.beside(MarkKind::Redate, 0, later(30));
    assert_eq!(judge(&[old.clone(), redate.clone()], 30).decision, Decision::Accept);
    assert_eq!(judge(&[redate.clone(), old.clone()], 30).decision, Decision::Accept);
    // The new date has to be kept as well.
    assert_eq!(codes(&judge(&[old.clone(), redate.clone()], 38)), ["date-too-old"]);
    // One redate, no more.
    let second = bench.mark(|data| {
        (data.kind, data.amount, data.date) = (MarkKind::Redate, cad(0), later(30));
        data.pieces += 2;
    });
    let twice = judge(&[old.clone(), redate.clone(), second], 30);
    assert_short(&twice, "redated-twice", 0);
    // Alone it is worth nothing.
    let alone = judge(std::slice::from_ref(&redate), 30);
    assert_eq!(codes(&alone), ["no-postage-mark", "postage-short"]);
    assert_eq!(alone.decision, Decision::ShortPaid { due: cad(1_440) });
    // Beyond sixty days nothing helps.
    let too_late = bench.beside(MarkKind::Redate, 0, later(61));
    assert_short(&judge(&[old, too_late], 61), "date-too-old", 0);
}

#[test]
fn no_window_reaches_past_the_memory_for_copies() {
    let bench = Bench::new();
    let day = golden::data().date.saturating_add(jiff::ToSpan::days(i64::from(MEMORY_DAYS) + 1));
    let marks = [bench.mark(|_| {}), bench.beside(MarkKind::Redate, 0, day)];
    let piece = ScannedPiece { marks: &marks, scanned_on: day, price: None, posted_in: &[] };
    let window = DateWindow { ahead: 1, behind: u16::MAX, redated: u16::MAX };
    let verdict = verify::judge(&piece, &[known(&bench.meter); 2], window);
    assert_eq!(codes(&verdict), ["date-too-old"]);
}

#[test]
fn postage_below_the_price_is_short() {
    let known_meter = meter();
    for (price, due) in [
        (None, None),
        (Some(cad(1_430)), None),
        (Some(cad(1_450)), Some(cad(10))),
        (
            Some(Amount::from_mills(740, Currency::Usd)),
            Some(Amount::from_mills(740, Currency::Usd)),
        ),
    ] {
        let verdict = judge_on(SCANNED_ON, price, &golden::mark(), known(&known_meter));
        let expected = due.map_or(Decision::Accept, |due| Decision::ShortPaid { due });
        assert_eq!(verdict.decision, expected, "{price:?}");
    }
    let verdict = judge_on(SCANNED_ON, Some(cad(1_750)), &golden::mark(), known(&known_meter));
    assert_short(&verdict, "postage-short", 310);
    assert_eq!(verdict.findings[0].en, "Postage short: $1.44 paid, $1.75 due.");
}

#[test]
fn corrections_add_up() {
    let bench = Bench::new();
    let day = golden::data().date;
    let marks = [bench.mark(|_| {}), bench.beside(MarkKind::Correction, 310, day)];
    let judge = |marks: &[Mark], price| bench.judge(marks, SCANNED_ON, Some(cad(price)));
    assert_eq!(judge(&marks, 1_750).decision, Decision::Accept);
    assert_short(&judge(&marks, 1_760), "postage-short", 10);
    assert_eq!(codes(&judge(&marks[1..], 310)), ["no-postage-mark"]);
}

#[test]
fn postage_that_was_paid_back_pays_for_nothing() {
    let known_meter = meter();
    let evidence = Evidence { refunded_on: Some(date(2026, 11, 24)), ..known(&known_meter) };
    let verdict = judge_on(SCANNED_ON, None, &golden::mark(), evidence);
    assert_short(&verdict, "postage-refunded", 1_440);
    let verdict = judge_on(SCANNED_ON, Some(cad(1_100)), &golden::mark(), evidence);
    assert_eq!(codes(&verdict), ["postage-refunded", "postage-short"]);
    assert_eq!(verdict.decision, Decision::ShortPaid { due: cad(1_100) });
}

#[test]
fn the_ascending_register_rises_with_the_pieces() {
    let known_meter = meter();
    let data = golden::data();
    let before = data.ascending.checked_sub(data.amount).unwrap();
    let point = |pieces, ascending: Amount, more: i64| RegisterPoint {
        pieces,
        ascending: ascending.checked_add(cad(more)).unwrap(),
    };
    for (point, breach) in [
        (point(data.pieces - 1, before, 0), false),
        // The piece before it cannot have left more than what was there before this one.
        (point(data.pieces - 1, before, 10), true),
        (point(data.pieces - 9, before, 10), true),
        (point(data.pieces + 1, data.ascending, 0), false),
        (point(data.pieces + 1, data.ascending, -10), true),
        // The same piece says nothing: that is for the duplicates.
        (point(data.pieces, data.ascending, -10), false),
    ] {
        let progress = Progress::around(data.pieces, [point]);
        let verdict = judge(&golden::mark(), Evidence { progress, ..known(&known_meter) });
        match breach {
            true => assert_breach(&verdict, "register-regression"),
            false => assert_eq!(verdict.decision, Decision::Accept, "{point:?}"),
        }
    }
}

#[test]
fn the_nearest_points_count() {
    let points = [3, 9, 1, 7, 5].map(|pieces| RegisterPoint { pieces, ascending: cad(10) });
    let progress = Progress::around(5, points);
    assert_eq!(progress.below.map(|point| point.pieces), Some(3));
    assert_eq!(progress.above.map(|point| point.pieces), Some(7));
}

#[test]
fn the_registers_add_up_to_a_sum_that_the_meter_had() {
    let mut meter = meter();
    meter.control_sums = vec![cad(0), cad(500_000_000)];
    assert_eq!(judge(&golden::mark(), known(&meter)).decision, Decision::Accept);
    meter.control_sums[1] = cad(500_000_010);
    assert_breach(&judge(&golden::mark(), known(&meter)), "impossible-registers");
}

#[test]
fn a_meter_that_counts_a_piece_twice_is_two_meters() {
    let bench = Bench::new();
    let marks = [bench.mark(|_| {}), bench.mark(|data| data.product = 102)];
    assert_breach(&bench.judge(&marks, SCANNED_ON, Some(cad(1_440))), "piece-count-reused");
}

#[test]
fn mail_posted_elsewhere_is_noted_and_goes() {
    let mut moved = meter();
    moved.postal_codes = vec!["H2Y 1C6".parse().unwrap()];
    assert_noted(&judge(&golden::mark(), known(&moved)), "posted-elsewhere");
    moved.postal_codes.push(golden::data().postal_code);
    assert_eq!(judge(&golden::mark(), known(&moved)).decision, Decision::Accept);
    let (known_meter, mark) = (meter(), golden::mark());
    for (area, noted) in [(vec![], false), (vec!["H", "K1A"], false), (vec!["H", "K2"], true)] {
        let posted_in: Vec<String> = area.into_iter().map(str::to_owned).collect();
        let piece = ScannedPiece {
            marks: std::slice::from_ref(&mark),
            scanned_on: SCANNED_ON,
            price: None,
            posted_in: &posted_in,
        };
        let verdict = verify::judge(&piece, &[known(&known_meter)], DateWindow::default());
        match noted {
            true => assert_noted(&verdict, "posted-outside-area"),
            false => assert_eq!(verdict.decision, Decision::Accept),
        }
    }
}

#[test]
fn the_gravest_finding_decides_and_comes_first() {
    let at = "2026-11-01T00:00:00Z".parse().unwrap();
    let sighting = Sighting { at, place: "Léo-Blanchette".to_owned(), machine: "2".to_owned() };
    let mut known_meter = meter();
    known_meter.postal_codes.clear();
    known_meter.keys.clear();
    let evidence = Evidence { seen_before: Some(&sighting), ..known(&known_meter) };
    let price = Some(cad(9_990));
    let verdict = judge_on(date(2027, 1, 1), price, &golden::mark(), evidence);
    assert_eq!(
        codes(&verdict),
        ["unknown-key", "duplicate", "date-too-old", "postage-short", "posted-elsewhere"]
    );
    assert_eq!(verdict.decision, Decision::Counterfeit);
}
