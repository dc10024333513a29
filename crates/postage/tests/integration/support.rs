//! Pieces and books, shortly.

use jiff::civil::Date;
use timbre_postage::{Country, Piece, PriceRefusal, Quote, RateBook, RateTable};

/// A letter within its country, unmeasured and unregistered.
pub(crate) fn piece(service: &str, destination: &str, weight: &str) -> Piece {
    Piece {
        service: service.parse().unwrap(),
        destination: destination.parse().unwrap(),
        weight: weight.parse().unwrap(),
        dimensions: None,
        registered: false,
    }
}

/// The same piece, measured.
pub(crate) fn sized(piece: Piece, size: &str) -> Piece {
    Piece { dimensions: Some(size.parse().unwrap()), ..piece }
}

/// The same piece, registered.
pub(crate) fn registered(piece: Piece) -> Piece {
    Piece { registered: true, ..piece }
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn canada() -> RateBook {
    RateBook::shipped(Country::CANADA)
}

pub(crate) fn united_states() -> RateBook {
    RateBook::shipped(Country::UNITED_STATES)
}

/// The price on a day as text, or the code of the refusal.
pub(crate) fn price(book: &RateBook, piece: &Piece, date: &str) -> String {
    match book.price(piece, day(date)) {
        Ok(Quote { amount, .. }) => amount.decimal(),
        Err(refusal) => refusal.code().to_owned(),
    }
}

pub(crate) fn refusal(book: &RateBook, piece: &Piece, date: &str) -> PriceRefusal {
    book.price(piece, day(date)).unwrap_err()
}

/// A small complete table, to be bent by tests.
pub(crate) const SMALL: &str = r#"id = "ca-metered-2026-01-12"
market = "CA"
currency = "CAD"
payment = "metered"
units = "metric"
effective_from = 2026-01-12
effective_until = 2026-12-31
source = "an operator’s price sheet"

[[zone]]
name = "canada"
fr = "Canada"
en = "Canada"
countries = ["CA"]

[[zone]]
name = "elsewhere"
fr = "ailleurs"
en = "elsewhere"
countries = ["*"]

[[service]]
name = "lettermail"
fr = "Poste-lettres"
en = "Lettermail"

[[service.size]]
name = "standard"
fr = "standard"
en = "standard"
smallest = "140x90x0.18mm"
largest = "245x156x5mm"
heaviest = "50g"
length_to_width = ["1.3", "2.6"]

[[service.size]]
name = "other"
fr = "autre"
en = "other"
smallest = "140x90x0.18mm"
largest = "380x270x20mm"
heaviest = "200g"

[[service.price]]
zone = "canada"
size = "standard"
steps = [
    { up_to = "30g", price = "1.30", product = 101 },
    { up_to = "50g", price = "1.60", product = 102 },
]

[[service.price]]
zone = "canada"
size = "other"
steps = [{ up_to = "100g", price = "2.40", product = 111 }]
additional = { every = "50g", price = "0.75", up_to = "200g", product = 9112 }

[service.registered]
product_offset = 1000
price = [{ zone = "canada", price = "12.00" }]
"#;

/// [`SMALL`] with one passage replaced, which must be there exactly once.
pub(crate) fn bent(from: &str, to: &str) -> String {
    assert_eq!(SMALL.matches(from).count(), 1, "“{from}” stands once in the table");
    SMALL.replace(from, to)
}

pub(crate) fn table(text: &str) -> RateTable {
    RateTable::parse(text).unwrap()
}
