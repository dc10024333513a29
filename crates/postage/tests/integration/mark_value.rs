//! The price of the row whose code is in a mark.

use timbre_postage::Language;

use crate::support::{canada, day, piece, registered};

#[test]
fn the_code_in_a_mark_gives_the_price_back() {
    let book = canada();
    for piece in [
        piece("lettermail", "CA", "30g"),
        piece("lettermail", "US", "180g"),
        piece("lettermail", "FR", "500g"),
        registered(piece("lettermail", "CA", "401g")),
    ] {
        let quote = book.price(&piece, day("2025-01-13")).unwrap();
        let table = book.table(&quote.table).unwrap();
        assert_eq!(table.price_of_product(quote.product), Some(quote));
    }
    assert_eq!(book.in_force(day("2025-01-13")).unwrap().price_of_product(9), None);
}

#[test]
fn a_row_is_described_in_both_languages() {
    let quote =
        canada().price(&registered(piece("lettermail", "CA", "30g")), day("2025-01-13")).unwrap();
    assert_eq!(quote.product, 1101);
    assert_eq!(
        quote.describe(Language::French),
        "Poste-lettres, standard, jusqu’à 30\u{a0}g, Canada, recommandé"
    );
    assert_eq!(
        quote.describe(Language::English),
        "Lettermail, standard, up to 30\u{a0}g, Canada, registered"
    );
}

#[test]
fn every_row_has_a_code_of_its_own() {
    for table in canada().tables() {
        let mut codes: Vec<u16> = table.rows().map(|quote| quote.product).collect();
        let rows = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), rows, "{}", table.id());
    }
    // Canada: 7 rows plain and registered; the United States and elsewhere: 5 rows each.
    assert_eq!(canada().in_force(day("2025-01-13")).unwrap().rows().count(), 24);
}
