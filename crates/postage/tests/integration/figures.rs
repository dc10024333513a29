//! Every figure of the published tables that a meter can print, one by one.

use crate::support::{canada, piece, price, registered, sized, united_states};

/// A size that only the oversize class takes.
const OVERSIZE: &str = "300x200x10mm";

/// One published column: the date, the country, the size, and the price by weight.
type Column = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const CANADA: &[Column] = &[
    ("2013-01-14", "CA", "standard", &[("30g", "0.63"), ("50g", "1.10")]),
    (
        "2013-01-14",
        "CA",
        "other",
        &[("100g", "1.34"), ("200g", "2.20"), ("300g", "3.05"), ("400g", "3.50"), ("500g", "3.75")],
    ),
    ("2014-03-31", "CA", "standard", &[("30g", "1.00"), ("50g", "no-price-at-weight")]),
    ("2014-03-31", "CA", "other", &[("100g", "no-price-at-weight")]),
    ("2019-01-14", "CA", "standard", &[("30g", "1.05"), ("50g", "1.27")]),
    (
        "2019-01-14",
        "CA",
        "other",
        &[("100g", "1.90"), ("200g", "3.12"), ("300g", "4.34"), ("400g", "4.98"), ("500g", "5.35")],
    ),
    ("2019-01-14", "US", "standard", &[("30g", "no-price-to-destination")]),
    ("2020-01-13", "CA", "standard", &[("30g", "1.07"), ("50g", "1.30")]),
    (
        "2020-01-13",
        "CA",
        "other",
        &[("100g", "1.94"), ("200g", "3.19"), ("300g", "4.44"), ("400g", "5.09"), ("500g", "5.47")],
    ),
    ("2020-01-13", "US", "standard", &[("30g", "1.30"), ("50g", "1.94")]),
    ("2020-01-13", "US", "other", &[("100g", "3.19"), ("200g", "5.57"), ("500g", "11.14")]),
    ("2020-01-13", "FR", "standard", &[("30g", "2.71"), ("50g", "3.88")]),
    ("2020-01-13", "FR", "other", &[("100g", "6.39"), ("200g", "11.14"), ("500g", "22.28")]),
    ("2024-05-06", "CA", "standard", &[("30g", "1.15"), ("50g", "1.40")]),
    (
        "2024-05-06",
        "CA",
        "other",
        &[("100g", "2.09"), ("200g", "3.43"), ("300g", "4.78"), ("400g", "5.48"), ("500g", "5.89")],
    ),
    ("2024-05-06", "US", "standard", &[("30g", "1.40"), ("50g", "2.09")]),
    ("2024-05-06", "US", "other", &[("100g", "3.43"), ("200g", "5.99"), ("500g", "11.99")]),
    ("2024-05-06", "JP", "standard", &[("30g", "2.92"), ("50g", "4.17")]),
    ("2024-05-06", "JP", "other", &[("100g", "6.88"), ("200g", "11.99"), ("500g", "23.97")]),
    ("2025-01-13", "CA", "standard", &[("30g", "1.44"), ("50g", "1.75")]),
    (
        "2025-01-13",
        "CA",
        "other",
        &[("100g", "2.61"), ("200g", "4.29"), ("300g", "5.98"), ("400g", "6.85"), ("500g", "7.36")],
    ),
    ("2025-01-13", "US", "standard", &[("30g", "1.75"), ("50g", "2.61")]),
    ("2025-01-13", "US", "other", &[("100g", "4.29"), ("200g", "7.49"), ("500g", "14.99")]),
    ("2025-01-13", "BR", "standard", &[("30g", "3.65"), ("50g", "5.21")]),
    ("2025-01-13", "BR", "other", &[("100g", "8.60"), ("200g", "14.99"), ("500g", "29.96")]),
];

#[test]
fn canada_costs_what_the_regulations_say() {
    let book = canada();
    for (date, to, size, rows) in CANADA {
        for (weight, expected) in *rows {
            let letter = piece("lettermail", to, weight);
            let letter = if *size == "other" { sized(letter, OVERSIZE) } else { letter };
            assert_eq!(price(&book, &letter, date), *expected, "{date} {to} {size} {weight}");
        }
    }
}

#[test]
fn registered_mail_adds_its_own_price_within_canada() {
    let book = canada();
    for (date, total, registration) in [
        ("2020-01-13", "10.82", "9.75"),
        ("2024-05-06", "11.65", "10.50"),
        ("2025-01-13", "14.59", "13.15"),
    ] {
        let letter = registered(piece("lettermail", "CA", "30g"));
        let quote = book.price(&letter, date.parse().unwrap()).unwrap();
        assert_eq!(quote.amount.decimal(), total, "{date}");
        assert_eq!(quote.registration.unwrap().decimal(), registration, "{date}");
        assert_eq!(quote.product, 1101);
    }
    for date in ["2013-01-14", "2014-03-31", "2019-01-14"] {
        let letter = registered(piece("lettermail", "CA", "30g"));
        assert_eq!(price(&book, &letter, date), "registered-not-offered", "{date}");
    }
}

/// The date, then the metered letter of 1 oz, the additional ounce, the postcard and the letter of 1 oz abroad.
const UNITED_STATES: &[(&str, i64, i64, &str, &str)] = &[
    ("2019-01-27", 50, 15, "0.35", "1.15"),
    ("2020-01-26", 50, 15, "0.35", "1.20"),
    ("2023-01-22", 60, 24, "0.48", "1.45"),
    ("2023-07-09", 63, 24, "0.51", "1.50"),
    ("2024-01-21", 64, 24, "0.53", "1.55"),
    ("2024-07-14", 69, 28, "0.56", "1.65"),
    ("2025-07-13", 74, 29, "0.61", "1.70"),
];

#[test]
fn the_united_states_cost_what_the_price_changes_say() {
    let book = united_states();
    for (date, first, additional, postcard, abroad) in UNITED_STATES {
        for (weight, ounces) in [("1oz", 0), ("2oz", 1), ("3oz", 2), ("3.5oz", 3)] {
            let cents = first + ounces * additional;
            let expected = format!("0.{cents:02}");
            let expected =
                if cents < 100 { expected } else { format!("{}.{:02}", cents / 100, cents % 100) };
            let letter = piece("first-class", "US", weight);
            assert_eq!(price(&book, &letter, date), expected, "{date} {weight}");
        }
        let card = piece("first-class-postcard", "US", "3g");
        assert_eq!(price(&book, &card, date), *postcard, "{date}");
        assert_eq!(price(&book, &piece("first-class", "CA", "1oz"), date), *abroad, "{date}");
        let heavier = piece("first-class", "FR", "1.001oz");
        assert_eq!(price(&book, &heavier, date), "no-price-at-weight", "{date}");
    }
}

#[test]
fn the_derived_prices_of_2025_are_those_published() {
    let book = united_states();
    for (weight, expected) in [("1oz", "0.74"), ("2oz", "1.03"), ("3oz", "1.32"), ("3.5oz", "1.61")]
    {
        assert_eq!(price(&book, &piece("first-class", "US", weight), "2025-07-13"), expected);
    }
}
