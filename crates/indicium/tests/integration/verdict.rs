//! Genuine or not, and why: each finding on its own, and together.

use jiff::civil::{Date, date};
use timbre_indicium::verify::{
    self, DateWindow, Evidence, Gravity, KnownKey, KnownMeter, Sighting, Standing, Verdict,
};
use timbre_indicium::{Mark, MarkKind};
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys};
use timbre_postage::{Amount, Currency, Language};

use crate::golden::{self, cad};

const SCANNED_ON: Date = date(2026, 11, 25);

fn meter() -> KnownMeter {
    KnownMeter {
        serial: golden::data().serial,
        indicia_number: golden::data().indicia_number,
        postal_code: golden::data().postal_code,
        keys: vec![KnownKey {
            key: golden::key(),
            valid_from: date(2026, 1, 1),
            valid_until: None,
        }],
        standing: Standing::InService,
    }
}

fn evidence(meter: Option<&KnownMeter>) -> Evidence<'_> {
    Evidence {
        meter,
        scanned_on: SCANNED_ON,
        window: DateWindow::default(),
        price: Some(cad(1_440)),
        seen_before: None,
    }
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.findings.iter().map(|finding| finding.code).collect()
}

#[track_caller]
fn assert_breach(verdict: &Verdict, code: &str) {
    assert_eq!(codes(verdict), [code]);
    assert_eq!(verdict.findings[0].gravity, Gravity::Breach);
    assert!(!verdict.genuine && !verdict.is_accepted());
}

#[track_caller]
fn assert_deficiency(verdict: &Verdict, code: &str) {
    assert_eq!(codes(verdict), [code]);
    assert_eq!(verdict.findings[0].gravity, Gravity::Deficiency);
    assert!(verdict.genuine && !verdict.is_accepted());
}

#[test]
fn a_genuine_mark_in_order_is_accepted() {
    let verdict = verify::check(&golden::mark(), &evidence(Some(&meter())));
    assert_eq!(verdict, Verdict { genuine: true, findings: vec![] });
    assert!(verdict.is_accepted());
}

#[test]
fn a_meter_that_is_not_known_cannot_vouch() {
    assert_breach(&verify::check(&golden::mark(), &evidence(None)), "unknown-meter");
    let mut other = meter();
    other.serial = "TM0000007".parse().unwrap();
    assert_breach(&verify::check(&golden::mark(), &evidence(Some(&other))), "unknown-meter");
}

#[test]
fn a_key_that_was_never_the_meters_is_unknown() {
    let mut meter = meter();
    let strange = MemoryKeys::generate(&[KeyRole::Indicium]).unwrap();
    meter.keys[0].key = strange.public_key(KeyRole::Indicium).unwrap();
    assert_breach(&verify::check(&golden::mark(), &evidence(Some(&meter))), "unknown-key");
}

#[test]
fn a_changed_mark_has_a_bad_signature() {
    let mut payload = golden::payload();
    payload[39] ^= 1;
    let altered = Mark::parse(&payload).unwrap();
    assert_breach(&verify::check(&altered, &evidence(Some(&meter()))), "bad-signature");
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
        let verdict = verify::check(&golden::mark(), &evidence(Some(&meter)));
        assert_eq!(codes(&verdict), if valid { vec![] } else { vec!["key-not-valid"] });
    }
}

#[test]
fn a_mark_under_another_indicia_number_is_not_the_meters() {
    let mut meter = meter();
    meter.indicia_number = "PB00000099".parse().unwrap();
    assert_breach(&verify::check(&golden::mark(), &evidence(Some(&meter))), "wrong-indicia-number");
}

#[test]
fn a_meter_out_of_service_vouches_for_earlier_marks_only() {
    let day = golden::data().date;
    let before = day.yesterday().unwrap();
    for (standing, code) in [
        (Standing::StoppedSince(day), None),
        (Standing::StoppedSince(before), Some("meter-stopped")),
        (Standing::StolenSince(day.tomorrow().unwrap()), None),
        (Standing::StolenSince(day), Some("meter-stolen")),
    ] {
        let mut meter = meter();
        meter.standing = standing;
        let verdict = verify::check(&golden::mark(), &evidence(Some(&meter)));
        assert_eq!(codes(&verdict), code.into_iter().collect::<Vec<_>>(), "{standing:?}");
    }
}

#[test]
fn a_mark_that_was_seen_before_is_a_copy() {
    let sighting = Sighting { date: date(2026, 11, 24), place: "Gateway".to_owned() };
    let known = meter();
    let evidence = Evidence { seen_before: Some(&sighting), ..evidence(Some(&known)) };
    let verdict = verify::check(&golden::mark(), &evidence);
    assert_breach(&verdict, "duplicate");
    let finding = &verdict.findings[0];
    assert_eq!(
        finding.message(Language::English),
        "Copy: piece 1234 of meter TM0000042 was seen on 2026-11-24 (Gateway)."
    );
    assert_eq!(
        finding.message(Language::French),
        "Copie : le pli 1234 de la machine TM0000042 a été vu le 2026-11-24 (Gateway)."
    );
}

#[test]
fn the_date_of_a_mark_must_be_near_the_day_of_its_scan() {
    let known = meter();
    for (scanned_on, code) in [
        (date(2026, 11, 22), Some("date-in-the-future")),
        (date(2026, 11, 23), None),
        (date(2026, 12, 1), None),
        (date(2026, 12, 2), Some("date-too-old")),
    ] {
        let evidence = Evidence { scanned_on, ..evidence(Some(&known)) };
        let verdict = verify::check(&golden::mark(), &evidence);
        match code {
            Some(code) => assert_deficiency(&verdict, code),
            None => assert!(verdict.is_accepted(), "{scanned_on}"),
        }
    }
}

#[test]
fn postage_below_the_price_is_short() {
    let known = meter();
    for (price, short) in [
        (None, false),
        (Some(cad(1_430)), false),
        (Some(cad(1_450)), true),
        (Some(Amount::from_mills(740, Currency::Usd)), true),
    ] {
        let verdict = verify::check(&golden::mark(), &Evidence { price, ..evidence(Some(&known)) });
        assert_eq!(codes(&verdict), if short { vec!["postage-short"] } else { vec![] });
    }
    let evidence = Evidence { price: Some(cad(1_750)), ..evidence(Some(&known)) };
    let verdict = verify::check(&golden::mark(), &evidence);
    assert_deficiency(&verdict, "postage-short");
    assert_eq!(verdict.findings[0].en, "Postage short: $1.44 paid, $1.75 due.");
}

#[test]
fn a_redate_and_a_correction_stand_beside_another_mark_and_are_never_short() {
    let keys = MemoryKeys::generate(&[KeyRole::Indicium]).unwrap();
    let mut meter = meter();
    meter.keys[0].key = keys.public_key(KeyRole::Indicium).unwrap();
    for (kind, mills) in [(MarkKind::Redate, 0), (MarkKind::Correction, 310)] {
        let mut data = golden::data();
        data.key_id = meter.keys[0].key.key_id();
        (data.kind, data.amount) = (kind, cad(mills));
        let mark = Mark::sign(data, &keys).unwrap();
        assert!(verify::check(&mark, &evidence(Some(&meter))).is_accepted(), "{kind:?}");
    }
}

#[test]
fn mail_posted_elsewhere_is_noticed() {
    let mut meter = meter();
    meter.postal_code = "H2Y 1C6".parse().unwrap();
    assert_deficiency(&verify::check(&golden::mark(), &evidence(Some(&meter))), "posted-elsewhere");
}

#[test]
fn breaches_come_first() {
    let sighting = Sighting { date: date(2026, 11, 1), place: "Léo-Blanchette".to_owned() };
    let mut known = meter();
    known.postal_code = "H2Y 1C6".parse().unwrap();
    known.keys.clear();
    let evidence = Evidence {
        scanned_on: date(2027, 1, 1),
        price: Some(cad(9_990)),
        seen_before: Some(&sighting),
        ..evidence(Some(&known))
    };
    let verdict = verify::check(&golden::mark(), &evidence);
    assert_eq!(
        codes(&verdict),
        ["unknown-key", "duplicate", "posted-elsewhere", "date-too-old", "postage-short"]
    );
}
