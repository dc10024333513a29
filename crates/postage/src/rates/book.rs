//! The rate tables of one market through time: which one holds on a day.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::Country;

use super::{Payment, Piece, PriceRefusal, Quote, RateTable};

/// Tables that cannot stand in one book.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RateBookError {
    /// A book is about one market.
    #[error(
        "table {table} is for {market}, and {other} is for {other_market}: one book is for one market"
    )]
    TwoMarkets {
        /// The first table.
        table: String,
        /// Its market.
        market: Country,
        /// The table that differs.
        other: String,
        /// The market that differs.
        other_market: Country,
    },
    /// An id names one table.
    #[error("table {0} is there twice")]
    DuplicateId(String),
    /// Two tables of one kind start on one day: which of them holds is anyone's guess.
    #[error("tables {0} and {1} both start on {2}")]
    SameDay(String, String, Date),
    /// A product code is in marks for ever, so it means one thing in every table.
    #[error("product {product} is “{first}” in one table and “{second}” in table {table}")]
    ProductChangedMeaning {
        /// The code.
        product: u16,
        /// What it meant first.
        first: String,
        /// What it means in `table`.
        second: String,
        /// The table that changed it.
        table: String,
    },
}

/// The rate tables of one market, past, present and to come.
#[derive(Clone, Debug, Default)]
pub struct RateBook {
    /// In the order in which they start.
    tables: Vec<RateTable>,
}

impl RateBook {
    /// A book of these tables, in any order. None at all is allowed: such a book has no price.
    ///
    /// # Errors
    /// If the tables contradict each other: see [`RateBookError`].
    pub fn new(mut tables: Vec<RateTable>) -> Result<RateBook, RateBookError> {
        tables.sort_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)));
        one_market(&tables)?;
        distinct(&tables)?;
        products_keep_their_meaning(&tables)?;
        Ok(RateBook { tables })
    }

    /// The book of the tables that ship with this crate for one market.
    #[must_use]
    pub fn shipped(market: Country) -> RateBook {
        let tables = super::shipped()
            .iter()
            .map(|(name, text)| {
                RateTable::parse(text).unwrap_or_else(|error| panic!("invariant: {name}: {error}"))
            })
            .filter(|table| table.market == market)
            .collect();
        RateBook::new(tables).expect("invariant: the shipped tables agree")
    }

    /// The tables, in the order in which they start.
    #[must_use]
    pub fn tables(&self) -> &[RateTable] {
        &self.tables
    }

    /// The table of that id.
    #[must_use]
    pub fn table(&self, id: &str) -> Option<&RateTable> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// The table that holds on `date`: a metered one before a retail one, of each kind the latest to
    /// have started. A table that has been superseded never comes back, even if its successor ends.
    ///
    /// # Errors
    /// [`PriceRefusal::NoTable`], [`PriceRefusal::NotYetInForce`] or [`PriceRefusal::Expired`].
    pub fn in_force(&self, date: Date) -> Result<&RateTable, PriceRefusal> {
        [Payment::Metered, Payment::Retail]
            .into_iter()
            .filter_map(|payment| self.latest_started(payment, date))
            .find(|table| table.effective_until.is_none_or(|until| date <= until))
            .ok_or_else(|| self.none_in_force(date))
    }

    /// What the piece costs on `date`.
    ///
    /// # Errors
    /// The first refusal in the order of [`PriceRefusal`].
    pub fn price(&self, piece: &Piece, date: Date) -> Result<Quote, PriceRefusal> {
        self.in_force(date)?.price(piece)
    }

    fn latest_started(&self, payment: Payment, date: Date) -> Option<&RateTable> {
        let started = |table: &&RateTable| table.effective_from <= date;
        self.tables.iter().filter(started).rfind(|table| table.payment == payment)
    }

    /// Why no table holds on `date`.
    fn none_in_force(&self, date: Date) -> PriceRefusal {
        let next = self.tables.iter().find(|table| table.effective_from > date);
        let last = [Payment::Metered, Payment::Retail]
            .into_iter()
            .filter_map(|payment| self.latest_started(payment, date))
            .filter_map(|table| table.effective_until.map(|until| (until, table)))
            .max_by_key(|(until, _)| *until);
        match (last, next) {
            (Some((until, table)), next) => PriceRefusal::Expired {
                date,
                table: table.id.clone(),
                until,
                next: next.map(|table| table.effective_from),
            },
            (None, Some(next)) => PriceRefusal::NotYetInForce {
                date,
                table: next.id.clone(),
                from: next.effective_from,
            },
            (None, None) => PriceRefusal::NoTable,
        }
    }
}

fn one_market(tables: &[RateTable]) -> Result<(), RateBookError> {
    let Some((first, rest)) = tables.split_first() else { return Ok(()) };
    match rest.iter().find(|table| table.market != first.market) {
        None => Ok(()),
        Some(other) => Err(RateBookError::TwoMarkets {
            table: first.id.clone(),
            market: first.market,
            other: other.id.clone(),
            other_market: other.market,
        }),
    }
}

fn distinct(tables: &[RateTable]) -> Result<(), RateBookError> {
    for (index, table) in tables.iter().enumerate() {
        for other in &tables[index + 1..] {
            if table.id == other.id {
                return Err(RateBookError::DuplicateId(table.id.clone()));
            }
            let same_day = table.effective_from == other.effective_from;
            if same_day && table.payment == other.payment {
                let (first, second) = (table.id.clone(), other.id.clone());
                return Err(RateBookError::SameDay(first, second, table.effective_from));
            }
        }
    }
    Ok(())
}

fn products_keep_their_meaning(tables: &[RateTable]) -> Result<(), RateBookError> {
    let mut meanings: BTreeMap<u16, String> = BTreeMap::new();
    for table in tables {
        for (product, meaning) in table.products() {
            let first = meanings.entry(product).or_insert_with(|| meaning.clone());
            if *first != meaning {
                return Err(RateBookError::ProductChangedMeaning {
                    product,
                    first: first.clone(),
                    second: meaning,
                    table: table.id.clone(),
                });
            }
        }
    }
    Ok(())
}
