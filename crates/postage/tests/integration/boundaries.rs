//! Where one step ends and the next begins, exactly.

use crate::support::{canada, piece, price, sized, united_states};

#[test]
fn a_step_includes_its_bound_and_not_a_milligram_more() {
    let book = canada();
    for (weight, expected) in [
        ("0.001g", "1.44"),
        ("29.999g", "1.44"),
        ("30g", "1.44"),
        ("30.001g", "1.75"),
        ("50g", "1.75"),
        ("50.001g", "2.61"),
        ("100g", "2.61"),
        ("100.001g", "4.29"),
        ("200g", "4.29"),
        ("200.001g", "5.98"),
        ("300g", "5.98"),
        ("300.001g", "6.85"),
        ("400g", "6.85"),
        ("400.001g", "7.36"),
        ("500g", "7.36"),
        ("500.001g", "too-heavy"),
        ("512g", "too-heavy"),
    ] {
        assert_eq!(
            price(&book, &piece("lettermail", "CA", weight), "2025-01-13"),
            expected,
            "{weight}"
        );
    }
}

#[test]
fn ounces_are_met_exactly() {
    let book = united_states();
    for (weight, expected) in [
        ("1oz", "0.74"),
        ("28.349g", "0.74"),
        ("28.350g", "1.03"),
        ("1.001oz", "1.03"),
        ("2oz", "1.03"),
        ("2.001oz", "1.32"),
        ("3oz", "1.32"),
        ("3.001oz", "1.61"),
        ("3.5oz", "1.61"),
        ("99.223g", "1.61"),
        ("99.224g", "too-heavy"),
        ("3.501oz", "too-heavy"),
    ] {
        assert_eq!(
            price(&book, &piece("first-class", "US", weight), "2025-07-13"),
            expected,
            "{weight}"
        );
    }
}

#[test]
fn a_letter_is_standard_when_every_side_and_its_proportions_are() {
    let book = canada();
    for (size, expected) in [
        ("245x156x5mm", "1.44"),
        ("156x245x5mm", "1.44"),
        ("140x90x0.18mm", "1.44"),
        ("245.001x156x5mm", "2.61"),
        ("245x156.001x5mm", "2.61"),
        ("245x156x5.001mm", "2.61"),
        ("380x270x20mm", "2.61"),
        ("380.001x270x20mm", "too-long"),
        ("380x270.001x20mm", "too-wide"),
        ("380x270x20.001mm", "too-thick"),
        ("139.999x90x1mm", "too-short"),
        ("140x89.999x1mm", "too-narrow"),
        ("140x90x0.179mm", "too-thin"),
        // 1.3 and 2.6 are still standard; squarer and longer are oversize.
        ("143x110x1mm", "1.44"),
        ("142.999x110x1mm", "2.61"),
        ("234x90x1mm", "1.44"),
        ("234.001x90x1mm", "2.61"),
        ("150x150x1mm", "2.61"),
    ] {
        let letter = sized(piece("lettermail", "CA", "20g"), size);
        assert_eq!(price(&book, &letter, "2025-01-13"), expected, "{size}");
    }
}

#[test]
fn a_united_states_letter_has_limits_in_inches() {
    let book = united_states();
    for (size, expected) in [
        ("11.5x6.125x0.25in", "0.74"),
        ("5x3.5x0.007in", "0.74"),
        ("11.501x6.125x0.25in", "too-long"),
        ("11.5x6.126x0.25in", "too-wide"),
        ("11.5x6.125x0.251in", "too-thick"),
        ("4.999x3.5x0.01in", "too-short"),
        ("5x3.499x0.01in", "too-narrow"),
        ("5x3.5x0.006in", "too-thin"),
    ] {
        let letter = sized(piece("first-class", "US", "1oz"), size);
        assert_eq!(price(&book, &letter, "2025-07-13"), expected, "{size}");
    }
}

#[test]
fn a_piece_that_nobody_measured_is_of_the_smallest_size_its_weight_allows() {
    let book = canada();
    let describe = |weight| {
        let quote = book.price(&piece("lettermail", "CA", weight), "2025-01-13".parse().unwrap());
        quote.unwrap().describe(timbre_postage::Language::English).to_owned()
    };
    assert_eq!(describe("42g"), "Lettermail, standard, up to 50\u{a0}g, Canada");
    assert_eq!(describe("60g"), "Lettermail, other (oversize), up to 100\u{a0}g, Canada");
}
