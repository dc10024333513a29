//! One rate table: the prices that one instrument sets from one date on.

use jiff::civil::Date;
use serde::Deserialize;

use crate::wording::say;
use crate::{Amount, Country, Currency, Dimensions, Language, Weight};

use super::refusal::Side;
use super::{Label, Piece, PriceRefusal, Quote, RateTableError, Service, Units, build};

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

    /// What the piece costs by this table.
    ///
    /// # Errors
    /// The first refusal in the order of [`PriceRefusal`].
    pub fn price(&self, piece: &Piece) -> Result<Quote, PriceRefusal> {
        let service = self.service(&piece.service)?;
        let zone = self.zone_to(service, piece.destination)?;
        let size = service.size_of(piece, self.units)?;
        let step = service.step(zone, size, piece.weight).ok_or_else(|| {
            PriceRefusal::NoPriceAtWeight {
                service: service.label.clone(),
                size: service.sizes[size].label.clone(),
                destination: piece.destination,
                weight: piece.weight,
                units: self.units,
                table: self.id.clone(),
            }
        })?;
        let registration = match piece.registered {
            true => Some(self.registration(service, zone, piece.destination)?),
            false => None,
        };
        Ok(self.quote(service, zone, size, step, registration))
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

    fn service(&self, name: &Service) -> Result<&ServiceRates, PriceRefusal> {
        self.services.iter().find(|service| service.name == *name).ok_or_else(|| {
            PriceRefusal::UnknownService {
                service: name.clone(),
                known: self.services.iter().map(|service| service.name.clone()).collect(),
                table: self.id.clone(),
            }
        })
    }

    /// The zone of the country, if the service has any price to it.
    fn zone_to(&self, service: &ServiceRates, to: Country) -> Result<usize, PriceRefusal> {
        let named = self.zones.iter().position(|zone| zone.countries.contains(&to));
        let rest = || self.zones.iter().position(|zone| zone.countries.is_empty());
        named
            .or_else(rest)
            .filter(|zone| service.lists.iter().any(|list| list.zone == *zone))
            .ok_or_else(|| PriceRefusal::NoPriceToDestination {
                service: service.label.clone(),
                destination: to,
                table: self.id.clone(),
            })
    }

    fn registration(
        &self,
        service: &ServiceRates,
        zone: usize,
        destination: Country,
    ) -> Result<(u16, Amount), PriceRefusal> {
        service.registration_to(zone).ok_or_else(|| {
            let prices = service.registered.iter().flat_map(|registered| &registered.prices);
            PriceRefusal::RegisteredNotOffered {
                service: service.label.clone(),
                destination,
                offered: prices.map(|(zone, _)| self.zones[*zone].label.clone()).collect(),
                table: self.id.clone(),
            }
        })
    }

    fn quote(
        &self,
        service: &ServiceRates,
        zone: usize,
        size: usize,
        step: &Step,
        registration: Option<(u16, Amount)>,
    ) -> Quote {
        let (offset, extra) = registration.unwrap_or_else(|| (0, Amount::zero(self.currency)));
        Quote {
            amount: step
                .price
                .checked_add(extra)
                .expect("invariant: prices are bounded and of one currency"),
            registration: registration.map(|(_, amount)| amount),
            product: step.product + offset,
            table: self.id.clone(),
            payment: self.payment,
            description: self.describe(service, zone, size, step, registration.is_some()),
        }
    }

    fn describe(
        &self,
        service: &ServiceRates,
        zone: usize,
        size: usize,
        step: &Step,
        registered: bool,
    ) -> Label {
        let (size, zone) = (&service.sizes[size].label, &self.zones[zone].label);
        let words = |language: Language| {
            let [service, size, zone] =
                [&service.label, size, zone].map(|label| label.text(language));
            let up_to = self.units.weight(step.up_to, language);
            let plain = say!(
                language,
                "{}, {}, jusqu’à {}, {}",
                "{}, {}, up to {}, {}",
                service,
                size,
                up_to,
                zone
            );
            match registered {
                true => say!(language, "{}, recommandé", "{}, registered", plain),
                false => plain,
            }
        };
        Label::new(words(Language::French), words(Language::English))
    }
}

impl ServiceRates {
    /// The smallest size class that takes the piece.
    fn size_of(&self, piece: &Piece, units: Units) -> Result<usize, PriceRefusal> {
        let takes = |size: &SizeClass| size.refusal(&self.label, piece, units).is_none();
        self.sizes.iter().position(takes).ok_or_else(|| {
            // The largest class says what the service as a whole does not take.
            let largest = self.sizes.last().expect("invariant: a service has a size class");
            largest
                .refusal(&self.label, piece, units)
                .expect("invariant: no class took the piece, the largest included")
        })
    }

    fn step(&self, zone: usize, size: usize, weight: Weight) -> Option<&Step> {
        let list = self.lists.iter().find(|list| list.zone == zone && list.size == size)?;
        list.steps.iter().find(|step| weight <= step.up_to)
    }

    /// The product offset and the price of registration to a zone.
    pub(super) fn registration_to(&self, zone: usize) -> Option<(u16, Amount)> {
        let registered = self.registered.as_ref()?;
        let (_, price) = registered.prices.iter().find(|(to, _)| *to == zone)?;
        Some((registered.product_offset, *price))
    }
}

impl SizeClass {
    /// The first limit of this class that the piece breaks.
    fn refusal(&self, service: &Label, piece: &Piece, units: Units) -> Option<PriceRefusal> {
        if piece.weight > self.heaviest {
            let (weight, limit) = (piece.weight, self.heaviest);
            return Some(PriceRefusal::TooHeavy { service: service.clone(), weight, limit, units });
        }
        let size = piece.dimensions?;
        for side in Side::ALL {
            let (length, limit) = (side.of(size), side.of(self.largest));
            if length > limit {
                let service = service.clone();
                return Some(PriceRefusal::TooLarge { service, side, length, limit, units });
            }
        }
        for side in Side::ALL {
            let (length, limit) = (side.of(size), side.of(self.smallest));
            if length < limit {
                let service = service.clone();
                return Some(PriceRefusal::TooSmall { service, side, length, limit, units });
            }
        }
        let (at_least, at_most) = self.length_to_width?;
        // Compared by cross-multiplication: no division, so exact at the limits.
        let (length, width) = (u64::from(size.length()), u64::from(size.width()));
        let within = at_least * width <= length * 1000 && length * 1000 <= at_most * width;
        (!within).then(|| PriceRefusal::BadProportions {
            service: service.clone(),
            ratio: length * 1000 / width.max(1),
            at_least,
            at_most,
        })
    }
}
