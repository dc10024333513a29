//! What a piece should have cost, by the published rate tables.

use std::sync::Arc;

use timbre_indicium::{Mark, MarkKind, RateTableTag};
use timbre_postage::rates::{RateBook, RateTable};
use timbre_postage::{Amount, Piece, PriceRefusal};

use crate::store::{Store, StoreError, rate_tables};

/// The published tables, as one process read them.
#[derive(Debug)]
pub(super) struct PriceList {
    tables: Vec<RateTable>,
    books: Vec<RateBook>,
}

impl PriceList {
    pub(super) async fn read(store: &Store) -> Result<Arc<Self>, StoreError> {
        let mut connection = store.reader().await?;
        let mut tables = Vec::new();
        for published in rate_tables::all(&mut connection).await? {
            if let Some(signed) = rate_tables::signed(&mut connection, &published.name).await? {
                let table = RateTable::parse(&signed.body.0)
                    .map_err(|error| StoreError::unreadable("rate table", error))?;
                tables.push(table);
            }
        }
        let mut books = Vec::new();
        for of_currency in tables.chunk_by(|one, next| one.currency() == next.currency()) {
            match RateBook::new(of_currency.to_vec()) {
                Ok(book) => books.push(book),
                Err(error) => tracing::error!(%error, "these rate tables do not make a book"),
            }
        }
        Ok(Arc::new(PriceList { tables, books }))
    }

    /// The price by weight, size and destination where the piece was measured, else that of the rate row which the mark of
    /// postage names. None where nobody can say: no such mark, no such table.
    pub(super) fn price(
        &self,
        marks: &[Mark],
        measured: Option<&Piece>,
    ) -> Result<Option<Amount>, PriceRefusal> {
        let Some(mark) = marks.iter().find(|mark| mark.data().kind == MarkKind::Postage) else {
            return Ok(None);
        };
        let data = mark.data();
        let Some(piece) = measured else {
            let named = |table: &&RateTable| RateTableTag::of(table.id()) == data.rate_table;
            let quote =
                self.tables.iter().find(named).and_then(|t| t.price_of_product(data.product));
            return Ok(quote.map(|quote| quote.amount));
        };
        let currency = data.amount.currency();
        let of_currency = |book: &&RateBook| {
            book.tables().first().is_some_and(|table| table.currency() == currency)
        };
        let book = self.books.iter().find(of_currency);
        book.map(|book| book.price(piece, data.date).map(|quote| quote.amount)).transpose()
    }
}
