//! Paying for a piece: which refusal comes first, and that registers move once and only in perform.

use jiff::{Timestamp, ToSpan};
use timbre_postage::{Amount, Currency, Registers};
use timbre_protocol::inspection::Instruction;
use timbre_psd::journal::MemoryDisk;
use timbre_psd::{MarkKind, MemoryJournal, Postage, Psd};

use crate::fixture::*;

/// Everything that can be wrong with a debit, from the first that is said to the last. `wrong` makes
/// it so; `right` is what a piece looks like when only the causes after it remain.
struct Cause {
    code: &'static str,
    wrong: fn(&mut Postage, &mut Timestamp),
}

const CAUSES: &[Cause] = &[
    Cause { code: "clock-moved-back", wrong: |_, now| *now = at(-121) },
    Cause { code: "date-in-past", wrong: |p, _| p.date = TODAY - 2.days() },
    Cause { code: "wrong-currency", wrong: |p, _| p.amount = usd(2000_00) },
    Cause { code: "high-value", wrong: |p, _| p.confirmed = false },
    Cause { code: "over-maximum-postage", wrong: |p, _| p.amount = cents(2000_00) },
    Cause { code: "insufficient-funds", wrong: |p, _| p.amount = cents(500_00) },
    Cause { code: "inspection-overdue", wrong: |_, now| *now = at(28 * 86_400) },
];

fn usd(cents: i64) -> Amount {
    Amount::from_cents(cents, Currency::Usd).unwrap()
}

#[test]
fn of_several_causes_the_first_in_order_is_the_refusal() {
    let psd = operational();
    for (index, cause) in CAUSES.iter().enumerate() {
        let mut postage = Postage { confirmed: true, ..letter(cents(1_44)) };
        // The one cause that sets the clock forward is its own; the date follows the clock.
        let mut now = at(10);
        for later in CAUSES[index..].iter().rev() {
            (later.wrong)(&mut postage, &mut now);
        }
        if now > at(86_400) && cause.code != "date-in-past" {
            postage.date = TODAY + 28.days();
        }
        assert_eq!(code(psd.pre_debit(postage, now)), cause.code);
    }
}

#[test]
fn each_cause_alone_is_refused() {
    type Alter = fn(&mut Postage);
    let cases: [(&str, Alter); 8] = [
        ("date-in-past", |p| p.date = TODAY - 2.days()),
        ("date-too-far-ahead", |p| p.date = TODAY + 31.days()),
        ("wrong-currency", |p| p.amount = usd(1_44)),
        ("zero-amount", |p| p.amount = cents(0)),
        ("negative-amount", |p| p.amount = cents(-1)),
        ("high-value", |p| p.amount = cents(100_00)),
        ("redate-with-value", |p| p.kind = MarkKind::Redate),
        ("insufficient-funds", |p| {
            (p.amount, p.confirmed) = (cents(100_01), true);
        }),
    ];
    for (expected, alter) in cases {
        let psd = operational();
        let mut postage = letter(cents(1_44));
        alter(&mut postage);
        assert_eq!(code(psd.pre_debit(postage, at(10))), expected);
        assert_eq!(psd.registers().pieces, 0, "{expected}");
    }
}

#[test]
fn a_state_in_which_nothing_is_franked_comes_before_everything_else() {
    type Prepare = fn(&mut Psd<MemoryJournal>);
    let cases: [(&str, Prepare); 5] = [
        ("not-initialised", |_| {}),
        ("not-installed", |psd| psd.initialise(at(1)).unwrap()),
        ("no-contact-yet", install),
        ("suspended", |psd| {
            install(psd);
            let request = psd.inspection_request(at(4), nonce(2)).unwrap();
            let reply = inspection_reply(&request, Instruction::Suspend);
            psd.apply_inspection(&reply, at(5)).unwrap();
        }),
        ("tampered", |psd| psd.tamper(at(1)).unwrap()),
    ];
    for (expected, prepare) in cases {
        let mut psd = manufactured(MemoryDisk::default(), 64);
        prepare(&mut psd);
        let hopeless = Postage { date: TODAY - 99.days(), ..letter(usd(-1)) };
        assert_eq!(code(psd.pre_debit(hopeless, at(-9999))), expected);
    }
}

#[test]
fn the_edges_of_each_limit_are_allowed() {
    let psd = operational();
    for date in [TODAY - 1.day(), TODAY, TODAY + 30.days()] {
        let postage = Postage { date, ..letter(cents(1_44)) };
        assert!(psd.pre_debit(postage, at(10)).is_ok(), "{date}");
    }
    let all = Postage { confirmed: true, ..letter(cents(100_00)) };
    assert!(psd.pre_debit(all, at(10)).is_ok(), "everything that is left");
    assert!(psd.pre_debit(letter(cents(99_99)), at(10)).is_ok(), "right below the high value");
    assert!(
        psd.pre_debit(letter(cents(1_44)), at(5 - 120)).is_ok(),
        "a clock set back two minutes"
    );
    let last_day = Postage { date: TODAY + 27.days(), ..letter(cents(1_44)) };
    assert!(psd.pre_debit(last_day, at(27 * 86_400)).is_ok(), "the last day of grace");
}

#[test]
fn a_clock_that_went_back_a_little_never_makes_a_record_older_than_the_last() {
    let mut psd = operational();
    frank(&mut psd, cents(1_44), at(100)).unwrap();
    frank(&mut psd, cents(1_44), at(40)).unwrap();
    let records = psd.records_after(0, usize::MAX).unwrap();
    assert!(records.is_sorted_by_key(|record| record.time));
}

#[test]
fn a_clock_that_was_ahead_is_set_right_by_an_inspection() {
    let mut psd = operational();
    frank(&mut psd, cents(1_44), at(20 * 86_400)).unwrap_err();
    let ahead = Postage { date: TODAY + 20.days(), ..letter(cents(1_44)) };
    let pre_debit = psd.pre_debit(ahead, at(20 * 86_400)).unwrap();
    psd.perform(pre_debit).unwrap();
    assert_eq!(code(frank(&mut psd, cents(1_44), at(200))), "clock-moved-back");
    let request = psd.inspection_request(at(201), nonce(3)).unwrap();
    psd.apply_inspection(&inspection_reply(&request, Instruction::Continue), at(202)).unwrap();
    assert!(frank(&mut psd, cents(1_44), at(203)).is_ok());
}

#[test]
fn registers_move_in_perform_by_exactly_the_amount() {
    let mut psd = operational();
    let before = psd.registers();
    let pre_debit = psd.pre_debit(letter(cents(1_44)), at(10)).unwrap();
    assert_eq!(psd.registers(), before);
    let expected =
        Registers { ascending: cents(1_44), descending: cents(98_56), pieces: before.pieces + 1 };
    assert_eq!(pre_debit.registers(), expected);
    let paid = psd.perform(pre_debit).unwrap();
    assert_eq!(psd.registers(), expected);
    assert_eq!(psd.control_sum(), cents(100_00));
    assert_eq!(paid.record_sequence, psd.record_sequence());
}

#[test]
fn the_mark_is_genuine_and_says_what_was_paid() {
    let mut psd = operational();
    let paid = frank(&mut psd, cents(1_44), at(10)).unwrap();
    let key = device_keys().public_key(timbre_key_store::KeyRole::Indicium).unwrap();
    assert!(paid.mark.verify(&key).is_ok());
    let data = paid.mark.data();
    assert_eq!((data.amount, data.date, data.product), (cents(1_44), TODAY, 101));
    assert_eq!((data.ascending, data.descending), (cents(1_44), cents(98_56)));
    assert_eq!((data.pieces, data.weight_grams), (1, 28));
    assert_eq!(data.key_id, key.key_id());
}

#[test]
fn a_redate_is_free_and_counts_as_a_piece() {
    let mut psd = operational();
    let redate = Postage { kind: MarkKind::Redate, ..letter(cents(0)) };
    let pre_debit = psd.pre_debit(redate, at(10)).unwrap();
    let paid = psd.perform(pre_debit).unwrap();
    assert_eq!(paid.registers.descending, cents(100_00));
    assert_eq!(paid.registers.pieces, 1);
}

#[test]
fn a_pre_debit_is_good_until_anything_else_happens() {
    let mut psd = operational();
    let first = psd.pre_debit(letter(cents(1_44)), at(10)).unwrap();
    let second = psd.pre_debit(letter(cents(1_44)), at(10)).unwrap();
    psd.perform(first).unwrap();
    assert_eq!(code(psd.perform(second)), "stale-pre-debit");
    assert_eq!(psd.registers().pieces, 1);

    let before_refill = psd.pre_debit(letter(cents(1_44)), at(11)).unwrap();
    refill(&mut psd, cents(50_00));
    assert_eq!(code(psd.perform(before_refill)), "stale-pre-debit");

    let before_suspension = psd.pre_debit(letter(cents(1_44)), at(12)).unwrap();
    let request = psd.inspection_request(at(12), nonce(3)).unwrap();
    psd.apply_inspection(&inspection_reply(&request, Instruction::Suspend), at(13)).unwrap();
    assert_eq!(code(psd.perform(before_suspension)), "suspended");
}

#[test]
fn a_pre_debit_of_another_device_is_a_breach() {
    let mut birth = birth();
    birth.serial = timbre_postage::MeterSerial::new(43).unwrap();
    let journal = MemoryJournal::in_memory();
    let mut other = Psd::manufacture(birth, journal, device_keys(), at(0)).unwrap();
    install(&mut other);
    refill(&mut other, cents(100_00));
    let pre_debit = other.pre_debit(letter(cents(1_44)), at(10)).unwrap();
    assert_eq!(code(operational().perform(pre_debit)), "foreign-pre-debit");
}

#[test]
fn a_refusal_speaks_the_language_of_the_operator() {
    use timbre_postage::Language;
    let refused = refusal(
        operational().pre_debit(Postage { confirmed: true, ..letter(cents(250_00)) }, at(10)),
    );
    assert_eq!(
        refused.message(Language::English),
        "insufficient funds: $250.00 asked for, $100.00 left; refill the meter"
    );
    assert_eq!(
        refused.message(Language::French),
        "fonds insuffisants : 250,00\u{a0}$ demandés, 100,00\u{a0}$ au soustracteur ; faites une recharge"
    );
}
