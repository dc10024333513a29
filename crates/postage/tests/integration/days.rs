//! Which table holds on which day.

use timbre_postage::{Payment, PriceRefusal, RateBook};

use crate::support::{SMALL, bent, canada, day, piece, price, table, united_states};

#[test]
fn a_price_changes_on_the_first_day_of_its_table() {
    let book = canada();
    let letter = piece("lettermail", "CA", "30g");
    for (date, expected) in [
        ("2013-01-13", "rates-not-yet-in-force"),
        ("2013-01-14", "0.63"),
        ("2014-03-30", "0.63"),
        ("2014-03-31", "1.00"),
        ("2019-01-13", "1.00"),
        ("2019-01-14", "1.05"),
        ("2020-01-12", "1.05"),
        ("2020-01-13", "1.07"),
        ("2024-05-05", "1.07"),
        ("2024-05-06", "1.15"),
        ("2025-01-12", "1.15"),
        ("2025-01-13", "1.44"),
        ("2026-11-24", "1.44"),
    ] {
        assert_eq!(price(&book, &letter, date), expected, "{date}");
    }
}

#[test]
fn days_that_no_table_covers_have_no_price() {
    let book = united_states();
    let letter = piece("first-class", "US", "1oz");
    for (date, expected) in [
        ("2019-01-26", "rates-not-yet-in-force"),
        ("2021-01-23", "0.50"),
        ("2021-01-24", "rates-expired"),
        ("2023-01-21", "rates-expired"),
        ("2023-01-22", "0.60"),
        ("2025-07-12", "0.69"),
        ("2025-07-13", "0.74"),
    ] {
        assert_eq!(price(&book, &letter, date), expected, "{date}");
    }
}

/// The shipped Canadian tables and a metered one for 2026.
fn with_metered() -> RateBook {
    let mut tables = canada().tables().to_vec();
    tables.push(table(SMALL));
    RateBook::new(tables).unwrap()
}

#[test]
fn a_metered_table_is_preferred_while_it_holds() {
    let book = with_metered();
    let letter = piece("lettermail", "CA", "30g");
    for (date, expected, payment) in [
        ("2026-01-11", "1.44", Payment::Retail),
        ("2026-01-12", "1.30", Payment::Metered),
        ("2026-12-31", "1.30", Payment::Metered),
        ("2027-01-01", "1.44", Payment::Retail),
    ] {
        let quote = book.price(&letter, day(date)).unwrap();
        assert_eq!((quote.amount.decimal().as_str(), quote.payment), (expected, payment), "{date}");
    }
}

#[test]
fn the_metered_prices_of_2019_hold_beside_the_regulated_ones() {
    let mut tables = canada().tables().to_vec();
    tables.push(table(include_str!("tables/ca-metered-2019-01-14.toml")));
    let book = RateBook::new(tables).unwrap();
    for (weight, expected) in [
        ("30g", "0.87"),
        ("50g", "1.23"),
        ("100g", "1.85"),
        ("200g", "3.00"),
        ("300g", "4.21"),
        ("400g", "4.77"),
        ("500g", "5.12"),
    ] {
        let letter = piece("lettermail", "CA", weight);
        assert_eq!(price(&book, &letter, "2019-01-14"), expected, "{weight}");
    }
    assert_eq!(price(&book, &piece("lettermail", "CA", "30g"), "2020-01-13"), "1.07");
}

#[test]
fn a_metered_table_takes_nothing_from_the_retail_one() {
    let abroad = piece("lettermail", "FR", "30g");
    assert_eq!(price(&with_metered(), &abroad, "2026-06-01"), "no-price-to-destination");
}

#[test]
fn a_table_that_was_superseded_never_comes_back() {
    let open_ended = bent("effective_until = 2026-12-31\n", "");
    let successor = SMALL
        .replace("ca-metered-2026-01-12", "ca-metered-2026-03-01")
        .replace("effective_from = 2026-01-12", "effective_from = 2026-03-01");
    let book = RateBook::new(vec![table(&open_ended), table(&successor)]).unwrap();
    assert_eq!(book.in_force(day("2026-02-28")).unwrap().id(), "ca-metered-2026-01-12");
    assert_eq!(book.in_force(day("2026-12-31")).unwrap().id(), "ca-metered-2026-03-01");
    let expired = book.in_force(day("2027-01-01")).unwrap_err();
    assert!(matches!(expired, PriceRefusal::Expired { next: None, .. }), "{expired}");
}
