//! What is wrong with the text of a table is told with its line, column and key.

use timbre_postage::RateTable;

use crate::support::{SMALL, bent};

/// The passage, what to put in its place, and the error.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        "payment = \"metered\"",
        "payment = \"credit\"",
        "line 4, column 11, payment: unknown variant `credit`, expected `metered` or `retail`",
    ),
    (
        "units = \"metric\"",
        "unit = \"metric\"",
        "line 5, column 1, unit: unknown field `unit`, expected one of `id`, `market`, `currency`, `payment`, `units`, `effective_from`, `effective_until`, `source`, `incomplete`, `zone`, `service`",
    ),
    ("id = \"ca-metered-2026-01-12\"\n", "", "line 1, column 1, id: missing field `id`"),
    (
        "price = \"1.60\"",
        "price = 1.60",
        "line 49, column 30, price: invalid type: floating point `1.6`, expected a string",
    ),
    (
        "price = \"1.60\"",
        "price = \"1,6o\"",
        "line 49, column 30, price: “1,6o” is not an amount: write it like 12.34",
    ),
    (
        "price = \"1.60\"",
        "price = \"160000\"",
        "line 49, column 30, price: 160000.00 CAD is out of range: from 0 to 1000.00 CAD",
    ),
    (
        "price = \"1.60\"",
        "price = \"1.29\"",
        "line 49, column 30, price: a heavier piece costs less: the step before is 1.30 CAD",
    ),
    (
        "up_to = \"50g\"",
        "up_to = \"30g\"",
        "line 49, column 15, up_to: an overlap: the step before already goes to 30 g",
    ),
    (
        "up_to = \"50g\"",
        "up_to = \"45g\"",
        "line 47, column 9, steps: a gap: nothing over 45 g has a price, and the size goes to 50 g; add the steps or say incomplete = true",
    ),
    (
        "up_to = \"50g\"",
        "up_to = \"51g\"",
        "line 47, column 9, steps: the last step is 51 g, over the size’s 50 g",
    ),
    (
        "up_to = \"50g\"",
        "up_to = \"50 stone\"",
        "line 49, column 15, up_to: “50 stone” is not a weight: write it like 42g, 1.5oz or 0.2kg",
    ),
    (
        "    { up_to = \"30g\", price = \"1.30\", product = 101 },\n    { up_to = \"50g\", price = \"1.60\", product = 102 },\n",
        "",
        "line 47, column 9, steps: a price list has at least one step",
    ),
    (
        "product = 102",
        "product = 101",
        "line 49, column 48, product: product code 101 is there twice",
    ),
    (
        "product = 102",
        "product = 1101",
        "line 49, column 48, product: product code 1101 is there twice",
    ),
    (
        "product = 102",
        "product = 70000",
        "line 49, column 48, product: invalid value: integer `70000`, expected u16",
    ),
    (
        "product_offset = 1000",
        "product_offset = 65000",
        "line 56, column 73, product: 9112 + 65000 is over 65535",
    ),
    (
        "product_offset = 1000",
        "product_offset = 0",
        "line 59, column 18, product_offset: registered mail needs product codes of its own",
    ),
    (
        "price = \"2.40\"",
        "price = \"1.50\"",
        "line 44, column 1, price: at 50 g a larger piece costs 1.50 CAD, less than the 1.60 CAD of a smaller one",
    ),
    (
        "every = \"50g\"",
        "every = \"1mg\"",
        "line 56, column 24, every: more than 500 steps, or too high a price",
    ),
    (
        "up_to = \"200g\"",
        "up_to = \"100g\"",
        "line 56, column 55, up_to: additional steps go on from a step, to a heavier weight",
    ),
    ("product = 9112", "product = 65535", "line 56, column 73, product: product codes run out"),
    (
        "zone = \"canada\"\nsize = \"standard\"",
        "zone = \"kanada\"\nsize = \"standard\"",
        "line 45, column 8, zone: there is no zone “kanada”",
    ),
    (
        "zone = \"canada\"\nsize = \"other\"",
        "zone = \"canada\"\nsize = \"large\"",
        "line 54, column 8, size: the service has no size “large”",
    ),
    (
        "zone = \"canada\"\nsize = \"other\"",
        "zone = \"canada\"\nsize = \"standard\"",
        "line 55, column 9, steps: the last step is 200 g, over the size’s 50 g",
    ),
    (
        "zone = \"canada\"\nsize = \"other\"",
        "zone = \"elsewhere\"\nsize = \"other\"",
        "line 44, column 1, price: a gap: size “other” has no price to zone “canada”; add it or say incomplete = true",
    ),
    (
        "countries = [\"*\"]",
        "countries = [\"FR\", \"CA\"]",
        "line 20, column 20, countries: CA is in a zone already",
    ),
    (
        "countries = [\"*\"]",
        "countries = [\"FR\", \"*\"]",
        "line 20, column 20, countries: “*” is every country that no zone names, and stands alone",
    ),
    (
        "countries = [\"CA\"]",
        "countries = [\"*\"]",
        "line 20, column 14, countries: zone “canada” already is every other country",
    ),
    (
        "countries = [\"*\"]",
        "countries = []",
        "line 17, column 8, countries: a zone names at least one country, or “*” for all others",
    ),
    (
        "countries = [\"CA\"]",
        "countries = [\"CAN\"]",
        "line 14, column 14, countries: “CAN” is not a country: write its two-letter ISO code, like CA, US or FR",
    ),
    (
        "name = \"elsewhere\"",
        "name = \"canada\"",
        "line 17, column 8, name: the zone “canada” is there twice",
    ),
    (
        "name = \"other\"",
        "name = \"standard\"",
        "line 37, column 8, name: the size “standard” is there twice",
    ),
    (
        "largest = \"380x270x20mm\"",
        "largest = \"240x200x20mm\"",
        "line 37, column 8, name: size “other” takes less than “standard” before it: sizes stand from the smallest to the largest",
    ),
    (
        "largest = \"380x270x20mm\"",
        "largest = \"38x27x20mm\"",
        "line 41, column 11, largest: 38 × 27 × 20 mm is smaller than the smallest, 140 × 90 × 0.18 mm",
    ),
    (
        "[\"1.3\", \"2.6\"]",
        "[\"2.6\", \"1.3\"]",
        "line 34, column 19, length_to_width: the lesser ratio stands first",
    ),
    (
        "[\"1.3\", \"2.6\"]",
        "[\"0.9\", \"2.6\"]",
        "line 34, column 20, length_to_width: “0.9” is not a ratio of 1 or more, like 1.3",
    ),
    (
        "effective_from = 2026-01-12",
        "effective_from = 2026-01-12T00:00:00",
        "line 6, column 18, effective_from: 2026-01-12T00:00:00 is not a date: write it like 2025-01-13",
    ),
    (
        "effective_until = 2026-12-31",
        "effective_until = 2025-12-31",
        "line 7, column 19, effective_until: 2025-12-31 is before effective_from, 2026-01-12",
    ),
    (
        "source = \"an operator’s price sheet\"",
        "source = \" \"",
        "line 8, column 10, source: name the instrument or publication that sets the prices",
    ),
    (
        "id = \"ca-metered-2026-01-12\"",
        "id = \"CA metered\"",
        "line 1, column 6, id: “CA metered” is not a name: lower-case letters, digits and hyphens",
    ),
    (
        "currency = \"CAD\"",
        "currency = \"EUR\"",
        "line 3, column 12, currency: “EUR” is not a currency known here: CAD or USD",
    ),
    (
        "name = \"lettermail\"",
        "name = \"Letter Mail\"",
        "line 23, column 8, name: “Letter Mail” is not the name of a service: lower-case letters, digits and hyphens, like lettermail or first-class",
    ),
];

#[test]
fn the_small_table_itself_is_sound() {
    assert_eq!(RateTable::parse(SMALL).unwrap().rows().count(), 10);
}

#[test]
fn each_fault_is_told_with_its_line_column_and_key() {
    let mut wrong = Vec::new();
    for (from, to, expected) in FAULTS {
        let found = match RateTable::parse(&bent(from, to)) {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        if found != *expected {
            wrong.push(format!("{from} → {to}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_toml_is_told_where_it_stops_being_so() {
    let error = RateTable::parse("id = \"x\"\nmarket = CA\n").unwrap_err();
    assert_eq!((error.line, error.column, error.field.as_str()), (2, 10, "market"));
    assert!(RateTable::parse("").is_err());
}

#[test]
fn a_table_with_missing_rows_says_that_it_is_incomplete() {
    let missing = bent("up_to = \"50g\"", "up_to = \"45g\"");
    let declared = missing.replace(
        "\n[[zone]]\nname = \"canada\"",
        "incomplete = true\n\n[[zone]]\nname = \"canada\"",
    );
    assert!(RateTable::parse(&declared).is_ok());
}

#[test]
fn the_example_in_the_documentation_is_a_table() {
    let documented = include_str!("../../src/rates.rs");
    let (_, example) = documented.split_once("//! ```toml\n").unwrap();
    let (example, _) = example.split_once("//! ```\n").unwrap();
    let text: String = example.replace("//! ", "").replace("//!", "");
    let table = RateTable::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(table.id(), "ca-retail-2025-01-13");
}
