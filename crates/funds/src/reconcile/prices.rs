//! Whether a piece was paid at the rate: what it weighed and where it went is priced again from the published tables.
//!
//! The size of a piece is not in its record, so the price by product code is what a piece of that size costs, and the price
//! of its weight in the smallest size is the least that any such piece costs.

use std::collections::BTreeMap;

use jiff::civil::Date;
use timbre_postage::{
    Amount, Country, Currency, Piece, PriceRefusal, RateBook, RateBookError, RateTable, Service,
    Weight,
};

/// What a record says of a piece that was paid for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaidPiece {
    /// What it cost.
    pub amount: Amount,
    /// The date in its mark.
    pub date: Date,
    /// The product code of the rate.
    pub product: u16,
    /// What it weighs.
    pub weight: Option<Weight>,
    /// Where it goes.
    pub destination: Option<Country>,
    /// The service.
    pub service: Option<Service>,
}

/// How a price compares with the rate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Judged {
    /// It is the rate, or nothing is published to judge it by.
    Right,
    /// It is less than this.
    Under(Rate),
    /// It is more than this.
    Over(Rate),
    /// The tables that are published do not price it: why, in English.
    Unknown(String),
}

/// The rate, and the table that has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rate {
    /// What it is, in mills.
    pub mills: i64,
    /// The id of the table.
    pub table: String,
}

/// The published tables, made ready.
#[derive(Debug, Default)]
pub struct Prices {
    books: Vec<(Currency, RateBook)>,
    /// The price of each product by table.
    products: BTreeMap<String, BTreeMap<u16, Amount>>,
}

impl Prices {
    /// Makes the tables ready.
    ///
    /// # Errors
    /// If they contradict each other.
    pub fn new(tables: Vec<RateTable>) -> Result<Prices, RateBookError> {
        let mut products = BTreeMap::new();
        let mut markets: BTreeMap<String, (Currency, Vec<RateTable>)> = BTreeMap::new();
        for table in tables {
            let rows = table.rows().map(|quote| (quote.product, quote.amount)).collect();
            products.insert(table.id().to_owned(), rows);
            let market = markets.entry(table.market().to_string());
            market.or_insert_with(|| (table.currency(), Vec::new())).1.push(table);
        }
        let book = |(currency, tables)| RateBook::new(tables).map(|book| (currency, book));
        let books = markets.into_values().map(book).collect::<Result<_, _>>()?;
        Ok(Prices { books, products })
    }

    /// Judges what was paid for a piece.
    #[must_use]
    pub fn judge(&self, piece: &PaidPiece) -> Judged {
        let currency = piece.amount.currency();
        let Some((_, book)) = self.books.iter().find(|(of, _)| *of == currency) else {
            return Judged::Right;
        };
        let table = match book.in_force(piece.date) {
            Ok(table) => table,
            Err(refusal) => return Judged::Unknown(refusal.to_string()),
        };
        let rate = |amount: Amount| Rate { mills: amount.mills(), table: table.id().to_owned() };
        let by_product = self.products.get(table.id()).and_then(|rows| rows.get(&piece.product));
        let Some(by_product) = by_product else {
            return Judged::Unknown(format!("{} has no product {}", table.id(), piece.product));
        };
        let paid = piece.amount.mills();
        if paid < by_product.mills() {
            return Judged::Under(rate(*by_product));
        }
        if paid > by_product.mills() {
            return Judged::Over(rate(*by_product));
        }
        // The product may be that of a lighter piece.
        match least(table, piece) {
            Some(Ok(least)) if paid < least.mills() => Judged::Under(rate(least)),
            Some(Err(refusal)) => Judged::Unknown(refusal.to_string()),
            _ => Judged::Right,
        }
    }
}

/// The least that a piece of this weight to this place costs, where the record says enough.
fn least(table: &RateTable, piece: &PaidPiece) -> Option<Result<Amount, PriceRefusal>> {
    let piece = Piece {
        service: piece.service.clone()?,
        destination: piece.destination?,
        weight: piece.weight?,
        dimensions: None,
        registered: false,
    };
    Some(table.price(&piece).map(|quote| quote.amount))
}
