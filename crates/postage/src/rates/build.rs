//! From the text of a rate table to the table: every value read, every promise of the format checked.
//!
//! A table is taken whole or not at all. The first fault is reported with its line, column and key.

use toml::Spanned;

use crate::{Country, Currency, Dimensions};

use super::document::{ServiceText, SizeText, TableText, ZoneText};
use super::table::{PriceList, ServiceRates, SizeClass, Zone};
use super::{Label, RateTable, RateTableError, Service};

mod checks;
mod lists;
mod values;

use values::parsed;

type Checked<T> = Result<T, RateTableError>;

/// Reads and checks the text of a table.
pub(super) fn table(text: &str) -> Checked<RateTable> {
    let document: TableText =
        toml::from_str(text).map_err(|error| RateTableError::from_toml(text, &error))?;
    let builder = Builder {
        text,
        currency: parsed(text, &document.currency, "currency")?,
        zone_names: Vec::new(),
        complete: !document.incomplete,
    };
    builder.table(&document)
}

struct Builder<'a> {
    text: &'a str,
    currency: Currency,
    zone_names: Vec<String>,
    complete: bool,
}

impl Builder<'_> {
    fn table(mut self, document: &TableText) -> Checked<RateTable> {
        let effective_from = self.date(&document.effective_from, "effective_from")?;
        let effective_until = match &document.effective_until {
            None => None,
            Some(value) => {
                let until = self.date(value, "effective_until")?;
                if until < effective_from {
                    let reason = format!("{until} is before effective_from, {effective_from}");
                    return Err(self.error(value.span(), "effective_until", reason));
                }
                Some(until)
            }
        };
        if document.source.get_ref().trim().is_empty() {
            let reason = "name the instrument or publication that sets the prices".to_owned();
            return Err(self.error(document.source.span(), "source", reason));
        }
        let id = self.name(&document.id, "id")?;
        let zones = self.zones(&document.zone)?;
        self.zone_names = zones.iter().map(|zone| zone.name.clone()).collect();
        let mut services: Vec<ServiceRates> = Vec::with_capacity(document.service.len());
        for value in &document.service {
            let service = self.service(value)?;
            if services.iter().any(|other| other.name == service.name) {
                let reason = format!("the service “{}” is there twice", service.name);
                return Err(self.error(value.name.span(), "name", reason));
            }
            services.push(service);
        }
        self.product_codes(document, &services)?;
        Ok(RateTable {
            id,
            market: parsed(self.text, &document.market, "market")?,
            currency: self.currency,
            payment: document.payment,
            units: document.units,
            effective_from,
            effective_until,
            source: document.source.get_ref().trim().to_owned(),
            zones,
            services,
        })
    }

    fn zones(&self, values: &[ZoneText]) -> Checked<Vec<Zone>> {
        let mut zones: Vec<Zone> = Vec::with_capacity(values.len());
        for value in values {
            let name = self.name(&value.name, "name")?;
            if zones.iter().any(|zone| zone.name == name) {
                let reason = format!("the zone “{name}” is there twice");
                return Err(self.error(value.name.span(), "name", reason));
            }
            let countries = self.countries(value, &zones)?;
            let label = Label::new(value.fr.clone(), value.en.clone());
            zones.push(Zone { name, label, countries });
        }
        Ok(zones)
    }

    /// The countries of a zone; none for `["*"]`, every country that no zone names.
    fn countries(&self, value: &ZoneText, zones: &[Zone]) -> Checked<Vec<Country>> {
        let the_rest = value.countries.iter().find(|country| country.get_ref() == "*");
        if let Some(star) = the_rest {
            if value.countries.len() > 1 {
                let reason = "“*” is every country that no zone names, and stands alone".to_owned();
                return Err(self.error(star.span(), "countries", reason));
            }
            if let Some(other) = zones.iter().find(|zone| zone.countries.is_empty()) {
                let reason = format!("zone “{}” already is every other country", other.name);
                return Err(self.error(star.span(), "countries", reason));
            }
            return Ok(Vec::new());
        }
        if value.countries.is_empty() {
            let reason = "a zone names at least one country, or “*” for all others".to_owned();
            return Err(self.error(value.name.span(), "countries", reason));
        }
        let mut countries = Vec::with_capacity(value.countries.len());
        for text in &value.countries {
            let country: Country = parsed(self.text, text, "countries")?;
            let elsewhere = zones.iter().any(|zone| zone.countries.contains(&country));
            if elsewhere || countries.contains(&country) {
                let reason = format!("{country} is in a zone already");
                return Err(self.error(text.span(), "countries", reason));
            }
            countries.push(country);
        }
        Ok(countries)
    }

    fn service(&self, value: &ServiceText) -> Checked<ServiceRates> {
        let name: Service = parsed(self.text, &value.name, "name")?;
        let sizes = self.sizes(&value.size)?;
        let mut lists: Vec<PriceList> = Vec::with_capacity(value.price.get_ref().len());
        for price in value.price.get_ref() {
            let list = self.price_list(price, &sizes)?;
            if lists.iter().any(|other| (other.zone, other.size) == (list.zone, list.size)) {
                let reason = "this zone and size have a price list already".to_owned();
                return Err(self.error(price.zone.span(), "zone", reason));
            }
            lists.push(list);
        }
        self.every_size_is_priced(value, &sizes, &lists)?;
        self.larger_is_never_cheaper(value, &lists)?;
        let registered = match &value.registered {
            None => None,
            Some(registered) => Some(self.registered(registered)?),
        };
        let label = Label::new(value.fr.clone(), value.en.clone());
        Ok(ServiceRates { name, label, sizes, lists, registered })
    }

    fn sizes(&self, values: &Spanned<Vec<SizeText>>) -> Checked<Vec<SizeClass>> {
        let mut sizes: Vec<SizeClass> = Vec::with_capacity(values.get_ref().len());
        for value in values.get_ref() {
            let size = self.size(value)?;
            if let Some(smaller) = sizes.last()
                && !(fits(smaller.largest, size.largest) && smaller.heaviest <= size.heaviest)
            {
                let reason = format!(
                    "size “{}” takes less than “{}” before it: sizes stand from the smallest to the largest",
                    size.name, smaller.name
                );
                return Err(self.error(value.name.span(), "name", reason));
            }
            if sizes.iter().any(|other| other.name == size.name) {
                let reason = format!("the size “{}” is there twice", size.name);
                return Err(self.error(value.name.span(), "name", reason));
            }
            sizes.push(size);
        }
        if sizes.is_empty() {
            let reason = "a service has at least one size".to_owned();
            return Err(self.error(values.span(), "size", reason));
        }
        Ok(sizes)
    }

    fn size(&self, value: &SizeText) -> Checked<SizeClass> {
        let smallest: Dimensions = parsed(self.text, &value.smallest, "smallest")?;
        let largest: Dimensions = parsed(self.text, &value.largest, "largest")?;
        if !fits(smallest, largest) {
            let reason = format!("{largest} is smaller than the smallest, {smallest}");
            return Err(self.error(value.largest.span(), "largest", reason));
        }
        let length_to_width = match &value.length_to_width {
            None => None,
            Some(range) => {
                let [at_least, at_most] = range.get_ref();
                let bounds = (self.ratio(at_least)?, self.ratio(at_most)?);
                if bounds.0 > bounds.1 {
                    let reason = "the lesser ratio stands first".to_owned();
                    return Err(self.error(range.span(), "length_to_width", reason));
                }
                Some(bounds)
            }
        };
        Ok(SizeClass {
            name: self.name(&value.name, "name")?,
            label: Label::new(value.fr.clone(), value.en.clone()),
            smallest,
            largest,
            heaviest: parsed(self.text, &value.heaviest, "heaviest")?,
            length_to_width,
        })
    }
}

/// Whether every side of `inner` is within that of `outer`.
fn fits(inner: Dimensions, outer: Dimensions) -> bool {
    inner.length() <= outer.length()
        && inner.width() <= outer.width()
        && inner.thickness() <= outer.thickness()
}
