//! What holds for every piece and every day.

use jiff::ToSpan as _;
use jiff::civil::Date;
use proptest::prelude::*;
use timbre_postage::{Country, Dimensions, Piece, PriceRefusal, RateBook, RateTable, Weight};

use crate::support::{SMALL, canada, day, united_states};

fn any_size() -> impl Strategy<Value = Option<Dimensions>> {
    let sides = (1_000..400_000_u32, 1_000..300_000_u32, 10..25_000_u32);
    prop::option::of(sides.prop_map(|(l, w, t)| Dimensions::from_micrometres(l, w, t)))
}

fn any_book() -> impl Strategy<Value = (RateBook, &'static str)> {
    prop_oneof![Just((canada(), "lettermail")), Just((united_states(), "first-class"))]
}

fn any_day() -> impl Strategy<Value = Date> {
    (0..5_500_i64).prop_map(|days| day("2012-06-01").checked_add(days.days()).unwrap())
}

fn any_country() -> impl Strategy<Value = Country> {
    prop_oneof![Just("CA"), Just("US"), "[A-Z]{2}".prop_map(|code| code.leak() as &str)]
        .prop_map(|code| code.parse().unwrap())
}

proptest! {
    #[test]
    fn a_heavier_piece_never_costs_less(
        (book, service) in any_book(),
        date in any_day(),
        destination in any_country(),
        dimensions in any_size(),
        registered: bool,
        milligrams in 1..520_000_u32,
        more in 0..520_000_u32,
    ) {
        let piece = |milligrams| Piece {
            service: service.parse().unwrap(),
            destination,
            weight: Weight::from_milligrams(milligrams),
            dimensions,
            registered,
        };
        let light = book.price(&piece(milligrams), date);
        let heavy = book.price(&piece(milligrams + more), date);
        match (light, heavy) {
            (Ok(light), Ok(heavy)) => prop_assert!(light.amount.mills() <= heavy.amount.mills()),
            (Err(refusal), Ok(_)) => prop_assert!(false, "only the lighter is refused: {}", refusal),
            (_, Err(_)) => {}
        }
    }

    #[test]
    fn every_refusal_speaks_both_languages(
        (book, service) in any_book(),
        date in any_day(),
        destination in any_country(),
        dimensions in any_size(),
        registered: bool,
        milligrams in 1..700_000_u32,
    ) {
        let weight = Weight::from_milligrams(milligrams);
        let service = service.parse().unwrap();
        let piece = Piece { service, destination, weight, dimensions, registered };
        if let Err(refusal) = book.price(&piece, date) {
            let french = refusal.message(timbre_postage::Language::French);
            let english = refusal.message(timbre_postage::Language::English);
            prop_assert_ne!(&french, refusal.code());
            prop_assert_ne!(&english, refusal.code());
            prop_assert_ne!(french, english);
            prop_assert!(!matches!(refusal, PriceRefusal::NoTable));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        cut in 0..SMALL.len(),
        noise in ".{0,12}",
        skip in 0..40_usize,
    ) {
        let floor = |mut index: usize| { while !SMALL.is_char_boundary(index) { index -= 1 } index };
        let head = &SMALL[..floor(cut)];
        let tail = &SMALL[floor((cut + skip).min(SMALL.len()))..];
        if let Err(error) = RateTable::parse(&format!("{head}{noise}{tail}")) {
            prop_assert!(error.line >= 1 && error.column >= 1 && !error.field.is_empty());
        }
    }
}
