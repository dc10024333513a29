//! The price of a piece by one table: its service, its zone, its size class, its step, its registration.

use crate::wording::say;
use crate::{Amount, Country, Language, Weight};

use super::super::refusal::Side;
use super::super::{Label, Piece, PriceRefusal, Quote, Service, Units};
use super::{RateTable, ServiceRates, SizeClass, Step};

impl RateTable {
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

    pub(super) fn quote(
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
    pub(in crate::rates) fn registration_to(&self, zone: usize) -> Option<(u16, Amount)> {
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
