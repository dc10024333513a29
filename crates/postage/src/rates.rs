//! What a piece of mail costs on a day, by tables that are data.
//!
//! # The format of a rate table
//! A table is a TOML document. Every figure is text in quotes, so that no reader of TOML ever makes a
//! floating-point number of it; unknown keys are refused, so that a misspelt one cannot be lost.
//!
//! ```toml
//! id = "ca-retail-2025-01-13"    # lower case, digits, hyphens; unique
//! market = "CA"                  # whose postal operator; one book of tables is for one market
//! currency = "CAD"
//! payment = "retail"             # or "metered", which is preferred while such a table holds
//! units = "metric"               # or "us-customary": how messages write weights and lengths
//! effective_from = 2025-01-13    # the first day
//! effective_until = 2026-01-12   # the last day; left out, it holds until the next table starts
//! source = "SOR/2024-262"        # the instrument that sets the prices
//! incomplete = true              # only where rows are missing, and a gap is not a mistake
//!
//! [[zone]]                       # countries that cost the same
//! name = "canada"
//! fr = "Canada"
//! en = "Canada"
//! countries = ["CA"]             # ["*"] is every country that no zone names
//!
//! [[service]]
//! name = "lettermail"            # what pieces name
//! fr = "Poste-lettres"
//! en = "Lettermail"
//!
//! [[service.size]]               # from the smallest to the largest; a piece is of the first it fits
//! name = "standard"
//! fr = "standard"
//! en = "standard"
//! smallest = "140x90x0.18mm"     # length x width x thickness, mm or in
//! largest = "245x156x5mm"
//! heaviest = "50g"               # g, kg, oz or lb
//! length_to_width = ["1.3", "2.6"]   # optional: least and most
//!
//! [[service.price]]              # one list for each zone and size, by rising weight
//! zone = "canada"
//! size = "standard"
//! steps = [
//!     { up_to = "30g", price = "1.44", product = 101 },
//!     { up_to = "50g", price = "1.75", product = 102 },
//! ]
//! # “each additional ounce”: goes on from the last step, product codes counting up
//! # additional = { every = "1oz", up_to = "3.5oz", price = "0.29", product = 102 }
//!
//! [service.registered]           # optional
//! product_offset = 1000          # a registered piece carries its row’s code and this
//! price = [{ zone = "canada", price = "13.15" }]
//! ```
//!
//! # Rules of the arithmetic
//! - A step includes its bound: 30 g exactly is “up to 30 g”, a milligram more is not.
//! - A piece that nobody measured is of the smallest size that its weight allows.
//! - A metered table that holds on the day is used alone: what it does not price has no price, and
//!   nothing is silently taken from the retail table.
//! - A product code means one row (service, size, step, zone, registered or not) in every table of a
//!   market, for ever, because it is printed in marks.
//!
//! This module refuses to guess: there is no price without a table in force that states it.

mod book;
mod build;
mod document;
mod error;
mod label;
mod piece;
mod quote;
mod refusal;
mod table;
mod units;

pub use book::{RateBook, RateBookError};
pub use error::RateTableError;
pub use label::Label;
pub use piece::{Piece, Service, ServiceError};
pub use quote::Quote;
pub use refusal::{PriceRefusal, Side};
pub use table::{Payment, RateTable};
pub use units::Units;

/// The rate tables that ship with the product, as `(id, text)`.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    SHIPPED
}

macro_rules! shipped {
    ($($id:literal),* $(,)?) => {
        const SHIPPED: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../rates/", $id, ".toml")))),*];
    };
}

shipped![
    "ca-retail-2013-01-14",
    "ca-retail-2014-03-31",
    "ca-retail-2019-01-14",
    "ca-retail-2020-01-13",
    "ca-retail-2024-05-06",
    "ca-retail-2025-01-13",
    "us-metered-2019-01-27",
    "us-metered-2020-01-26",
    "us-metered-2023-01-22",
    "us-metered-2023-07-09",
    "us-metered-2024-01-21",
    "us-metered-2024-07-14",
    "us-metered-2025-07-13",
];
