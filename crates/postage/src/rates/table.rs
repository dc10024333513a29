//! One rate table: the prices that one instrument sets from one date on.

use jiff::civil::Date;
use serde::Deserialize;

use crate::{Amount, Country, Currency, Dimensions, Weight};

use super::{Label, Quote, RateTableError, Service, Units, build};

mod pricing;

/// How the mail that a table prices is paid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payment {
    /// By meter: the prices that a postal operator grants to metered mail.
    Metered,
    /// Over the counter: the public tariff, which is always enough.
    Retail,
}

/// The prices that one instrument sets from one date on: parsed, checked, and never changed.
#[derive(Clone, Debug)]
pub struct RateTable {
    pub(super) id: String,
    pub(super) market: Country,
    pub(super) currency: Currency,
    pub(super) payment: Payment,
    pub(super) units: Units,
    pub(super) effective_from: Date,
    pub(super) effective_until: Option<Date>,
    pub(super) source: String,
    pub(super) zones: Vec<Zone>,
    pub(super) services: Vec<ServiceRates>,
}

/// A set of countries that cost the same; no countries at all is every country not named elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) label: Label,
    pub(super) countries: Vec<Country>,
}

/// A service: its sizes from the smallest to the largest, and a price list per zone and size.
#[derive(Clone, Debug)]
pub(super) struct ServiceRates {
    pub(super) name: Service,
    pub(super) label: Label,
    pub(super) sizes: Vec<SizeClass>,
    pub(super) lists: Vec<PriceList>,
    pub(super) registered: Option<Registered>,
}

#[derive(Clone, Debug)]
pub(super) struct SizeClass {
    pub(super) name: String,
    pub(super) label: Label,
    pub(super) smallest: Dimensions,
    pub(super) largest: Dimensions,
    pub(super) heaviest: Weight,
    /// Least and most length divided by width, in thousandths.
    pub(super) length_to_width: Option<(u64, u64)>,
}

/// Prices by rising weight. Zone and size are indices into the table's zones and the service's sizes.
#[derive(Clone, Debug)]
pub(super) struct PriceList {
    pub(super) zone: usize,
    pub(super) size: usize,
    pub(super) steps: Vec<Step>,
}

/// One row: the price of a piece that weighs more than the row before and at most `up_to`.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) up_to: Weight,
    pub(super) price: Amount,
    pub(super) product: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Registered {
    /// What registration adds to the product code of a row.
    pub(super) product_offset: u16,
    /// The price by zone (an index into the table's zones).
    pub(super) prices: Vec<(usize, Amount)>,
}

impl RateTable {
    /// Reads and checks the text of a table, in the format of the [module](super).
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line, column and key.
    pub fn parse(text: &str) -> Result<RateTable, RateTableError> {
        build::table(text)
    }

    /// The id of the table, such as `ca-retail-2025-01-13`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The country whose postal operator sets the prices.
    #[must_use]
    pub fn market(&self) -> Country {
        self.market
    }

    /// The currency of every price in it.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The first day on which it holds.
    #[must_use]
    pub fn effective_from(&self) -> Date {
        self.effective_from
    }

    /// The last day on which it holds, where it says so.
    #[must_use]
    pub fn effective_until(&self) -> Option<Date> {
        self.effective_until
    }

    /// Whether it prices metered mail or is the public tariff.
    #[must_use]
    pub fn payment(&self) -> Payment {
        self.payment
    }

    /// The instrument or publication that sets the prices.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The services it prices, in its own order, with their names for people.
    pub fn services(&self) -> impl Iterator<Item = (&Service, &Label)> {
        self.services.iter().map(|service| (&service.name, &service.label))
    }

    /// The quote of the row whose code is `product`, so that the value of a mark can be judged by
    /// the code in it.
    #[must_use]
    pub fn price_of_product(&self, product: u16) -> Option<Quote> {
        self.rows().find(|quote| quote.product == product)
    }

    /// Every row of the table, and every row's registered form, as quotes.
    pub fn rows(&self) -> impl Iterator<Item = Quote> {
        self.services.iter().flat_map(move |service| {
            service.lists.iter().flat_map(move |list| {
                list.steps.iter().flat_map(move |step| {
                    let plain = self.quote(service, list.zone, list.size, step, None);
                    let registered = service.registration_to(list.zone).map(|registration| {
                        self.quote(service, list.zone, list.size, step, Some(registration))
                    });
                    std::iter::once(plain).chain(registered)
                })
            })
        })
    }

    /// What each product code stands for, independent of price and of wording.
    pub(super) fn products(&self) -> impl Iterator<Item = (u16, String)> {
        self.services.iter().flat_map(move |service| {
            service.lists.iter().flat_map(move |list| {
                list.steps.iter().flat_map(move |step| {
                    let (zone, size) =
                        (&self.zones[list.zone].name, &service.sizes[list.size].name);
                    let plain = format!("{} {size} {} {zone}", service.name, step.up_to);
                    let registered = service
                        .registration_to(list.zone)
                        .map(|(offset, _)| (step.product + offset, format!("{plain} registered")));
                    std::iter::once((step.product, plain)).chain(registered)
                })
            })
        })
    }
}
