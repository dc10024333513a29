//! Spoiled marks by the published rules: what they cost, what is set aside, how they are booked.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use timbre_funds::spoiled::{
    Known, Presented, RULES, Recorded, Rules, SetAside, Way, give_back, rules_for, set_aside,
    settle,
};
use timbre_funds::{AccountId, TransferKind, TrialBalance};
use timbre_postage::{AccountNumber, Amount, Currency, Language, MeterSerial};

const TODAY: Date = date(2026, 11, 24);

fn rules() -> &'static Rules {
    rules_for(Currency::Cad).unwrap()
}

fn cad(text: &str) -> Amount {
    Amount::parse(text, Currency::Cad).unwrap()
}

fn presented() -> Presented {
    Presented {
        customer: AccountNumber::new(10_000_001).unwrap(),
        meter: MeterSerial::new(42).unwrap(),
        pieces: 17,
        value: cad("1.44"),
        dated: date(2026, 11, 20),
    }
}

fn known() -> Known {
    Known {
        owner: Some(presented().customer),
        genuine: true,
        record: Some(Recorded { amount: cad("1.44"), dated: Some(date(2026, 11, 20)) }),
        seen: None,
        refunded: None,
        missing: false,
    }
}

#[test]
fn the_fee_is_that_of_the_published_bands() {
    for (value, fee) in [
        ("5.01", "2.00"),
        ("19.99", "2.00"),
        ("20.00", "2.00"),
        ("20.04", "2.00"),
        ("20.05", "2.01"),
        ("21.44", "2.14"),
        ("200.00", "20.00"),
        ("200.10", "20.01"),
        ("300.00", "25.00"),
        ("1000.00", "60.00"),
    ] {
        let settled = settle(rules(), &[cad(value)]).unwrap();
        assert_eq!(settled.fee, cad(fee), "{value}");
    }
}

#[test]
fn five_dollars_or_less_together_are_not_given_back() {
    let too_little = settle(rules(), &[cad("2.50"), cad("2.50")]).unwrap_err();
    assert_eq!((too_little.value, too_little.floor), (cad("5"), cad("5")));
    assert!(settle(rules(), &[]).is_err());
    assert!(settle(rules(), &[cad("2.50"), cad("2.51")]).is_ok());
}

#[test]
fn more_than_a_money_order_holds_goes_to_the_providers_account() {
    // 1,050.51 less 20.00 and 5 % of 850.51 is 987.98; 1,063.15 less 63.16 is 999.99.
    for (value, way) in [
        ("5.01", Way::MoneyOrder),
        ("1063.15", Way::MoneyOrder),
        ("1063.17", Way::ProviderAccount),
        ("5000", Way::ProviderAccount),
    ] {
        assert_eq!(settle(rules(), &[cad(value)]).unwrap().way, way, "{value}");
    }
}

#[test]
fn a_mark_is_set_aside_for_the_first_reason_that_holds_and_says_it_in_both_languages() {
    let at: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let other = AccountNumber::new(10_000_002).unwrap();
    let differs = Some(Recorded { amount: cad("1.45"), dated: None });
    let redated = Some(Recorded { amount: cad("1.44"), dated: Some(TODAY) });
    let cases: [(Known, &str); 9] = [
        (Known { owner: None, genuine: false, ..known() }, "unknown-meter"),
        (Known { genuine: false, owner: Some(other), ..known() }, "not-genuine"),
        (Known { owner: Some(other), missing: true, ..known() }, "other-customer"),
        (Known { missing: true, refunded: Some(at), ..known() }, "meter-missing"),
        (Known { refunded: Some(at), seen: Some(at), ..known() }, "refunded-before"),
        (Known { seen: Some(at), record: None, ..known() }, "seen-on-mail"),
        (Known { record: None, ..known() }, "no-record"),
        (Known { record: differs, ..known() }, "record-differs"),
        (Known { record: redated, ..known() }, "record-differs"),
    ];
    for (known, code) in cases {
        let found = set_aside(rules(), &presented(), &known, TODAY).unwrap();
        assert_eq!(found.code(), code);
        let told = [Language::French, Language::English].map(|language| found.message(language));
        assert!(told.iter().all(|text| !text.is_empty()) && told[0] != told[1], "{told:?}");
    }
    assert_eq!(set_aside(rules(), &presented(), &known(), TODAY), None);
    let of_old_records = Some(Recorded { amount: cad("1.44"), dated: None });
    let known_by_amount = Known { record: of_old_records, ..known() };
    assert_eq!(set_aside(rules(), &presented(), &known_by_amount, TODAY), None);
}

#[test]
fn worthless_foreign_and_old_marks_are_set_aside() {
    let with = |presented| set_aside(rules(), &presented, &known(), TODAY);
    assert_eq!(with(Presented { value: cad("0"), ..presented() }), Some(SetAside::NoValue));
    let dollars = Amount::parse("1.44", Currency::Usd).unwrap();
    let foreign = with(Presented { value: dollars, ..presented() });
    assert_eq!(foreign, Some(SetAside::OtherCurrency));
    let oldest = date(2026, 8, 26);
    for (dated, expected) in [
        (oldest, None),
        (date(2026, 8, 25), Some(SetAside::TooOld { oldest })),
        (date(2026, 12, 1), None),
    ] {
        let record = Some(Recorded { amount: cad("1.44"), dated: Some(dated) });
        let known = Known { record, ..known() };
        assert_eq!(
            set_aside(rules(), &Presented { dated, ..presented() }, &known, TODAY),
            expected
        );
    }
}

#[test]
fn what_is_given_back_is_the_customers_and_leaves_the_registers_alone() {
    let transfer = give_back(&presented(), cad("0.14"), Timestamp::UNIX_EPOCH).unwrap();
    let Presented { customer, meter, .. } = presented();
    assert_eq!(transfer.kind(), TransferKind::Spoiled);
    assert_eq!(transfer.id().as_str(), "spoiled:TM0000042:17");
    assert_eq!(transfer.gain_of(AccountId::Prepaid(customer)), cad("1.30"));
    assert_eq!(transfer.gain_of(AccountId::Spoiled(meter)), cad("-1.30"));
    assert_eq!(transfer.gain_of(AccountId::Post(meter)), cad("0"), "the ascending register stays");
    assert!(transfer.memo().contains("less a fee of 0.14"), "{}", transfer.memo());
    assert!(give_back(&presented(), cad("1.44"), Timestamp::UNIX_EPOCH).is_err());
    TrialBalance::of(&[transfer]).unwrap();
}

#[test]
fn every_post_names_its_source() {
    for rules in RULES {
        assert!(!rules.source.is_empty() && !rules.bands.is_empty(), "{}", rules.post);
    }
}

proptest! {
    #[test]
    fn no_fee_exceeds_what_it_is_of_and_nothing_is_lost_in_sharing_it(
        values in prop::collection::vec(10_i64..1_000_000, 1..60),
    ) {
        let values: Vec<Amount> =
            values.into_iter().map(|mills| Amount::from_mills(mills, Currency::Cad)).collect();
        let total: i64 = values.iter().map(|value| value.mills()).sum();
        match settle(rules(), &values) {
            Err(too_little) => prop_assert!(total <= too_little.floor.mills()),
            Ok(settled) => {
                prop_assert_eq!(settled.value.mills(), total);
                prop_assert!(settled.fee.mills() < total);
                prop_assert_eq!(settled.fee.mills() % 10, 0, "whole cents");
                let shared: i64 = settled.shares.iter().map(|share| share.mills()).sum();
                prop_assert_eq!(shared, settled.fee.mills());
                for (share, value) in settled.shares.iter().zip(&values) {
                    prop_assert!((0..value.mills()).contains(&share.mills()), "{} of {}", share, value);
                }
            }
        }
    }

    #[test]
    fn more_postage_never_brings_less_back(mills in 5_001_i64..2_000_000, more in 0_i64..1_000) {
        let back = |mills| {
            let value = Amount::from_mills(mills, Currency::Cad);
            value.mills() - settle(rules(), &[value]).unwrap().fee.mills()
        };
        // To the cent of rounding.
        prop_assert!(back(mills + more) >= back(mills) - 10);
    }
}
