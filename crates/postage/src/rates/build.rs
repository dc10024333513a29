//! From the text of a rate table to the table: every value read, every promise of the format checked.
//!
//! A table is taken whole or not at all. The first fault is reported with its line, column and key.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::value::Datetime;

use crate::{Amount, Country, Currency, Dimensions, Weight};

use super::document::{
    AdditionalText, PriceText, RegisteredText, ServiceText, SizeText, StepText, TableText, ZoneText,
};
use super::piece::is_kebab;
use super::table::{PriceList, Registered, ServiceRates, SizeClass, Step, Zone};
use super::{Label, RateTable, RateTableError, Service};

/// No price is higher than this: a slipped decimal point must not get into a meter.
const HIGHEST_PRICE_MILLS: i64 = 1_000_000;
/// The most rows of one price list; a table is a page of figures, not a way to fill memory.
const MOST_STEPS: usize = 500;

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

/// Reads a value that knows its own syntax.
fn parsed<T>(text: &str, value: &Spanned<String>, field: &str) -> Checked<T>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    value
        .get_ref()
        .parse()
        .map_err(|error: T::Err| RateTableError::at(text, &value.span(), field, error.to_string()))
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

    fn price_list(&self, value: &PriceText, sizes: &[SizeClass]) -> Checked<PriceList> {
        let zone = self.zone(&value.zone)?;
        let named = sizes.iter().position(|size| size.name == *value.size.get_ref());
        let size = named.ok_or_else(|| {
            let reason = format!("the service has no size “{}”", value.size.get_ref());
            self.error(value.size.span(), "size", reason)
        })?;
        let mut steps: Vec<Step> = Vec::new();
        for step in value.steps.get_ref() {
            self.step(step, &mut steps)?;
        }
        if let Some(additional) = &value.additional {
            self.additional(additional, &mut steps)?;
        }
        let limit = sizes[size].heaviest;
        match steps.last() {
            None => {
                let reason = "a price list has at least one step".to_owned();
                Err(self.error(value.steps.span(), "steps", reason))
            }
            Some(last) if last.up_to > limit => {
                let reason = format!("the last step is {}, over the size’s {limit}", last.up_to);
                Err(self.error(value.steps.span(), "steps", reason))
            }
            Some(last) if last.up_to < limit && self.complete => {
                let reason = format!(
                    "a gap: nothing over {} has a price, and the size goes to {limit}; add the steps or say incomplete = true",
                    last.up_to
                );
                Err(self.error(value.steps.span(), "steps", reason))
            }
            Some(_) => Ok(PriceList { zone, size, steps }),
        }
    }

    /// Adds a step, which must be heavier and no cheaper than the one before it.
    fn step(&self, value: &StepText, steps: &mut Vec<Step>) -> Checked<()> {
        let up_to: Weight = parsed(self.text, &value.up_to, "up_to")?;
        let price = self.price(&value.price)?;
        if let Some(before) = steps.last() {
            if up_to <= before.up_to {
                let reason =
                    format!("an overlap: the step before already goes to {}", before.up_to);
                return Err(self.error(value.up_to.span(), "up_to", reason));
            }
            if price.mills() < before.price.mills() {
                let reason =
                    format!("a heavier piece costs less: the step before is {}", before.price);
                return Err(self.error(value.price.span(), "price", reason));
            }
        }
        steps.push(Step { up_to, price, product: *value.product.get_ref() });
        Ok(())
    }

    /// Adds the steps of “each additional ounce”: each the price of the one before and `price` more,
    /// product codes counting up, the last step ending at `up_to` even within an ounce.
    fn additional(&self, value: &AdditionalText, steps: &mut Vec<Step>) -> Checked<()> {
        let every: Weight = parsed(self.text, &value.every, "every")?;
        let up_to: Weight = parsed(self.text, &value.up_to, "up_to")?;
        let more = self.price(&value.price)?;
        let mut product = *value.product.get_ref();
        let first = steps.last().map(|step| (step.up_to, step.price));
        let Some((mut weight, mut price)) = first.filter(|(weight, _)| *weight < up_to) else {
            let reason = "additional steps go on from a step, to a heavier weight".to_owned();
            return Err(self.error(value.up_to.span(), "up_to", reason));
        };
        while weight < up_to {
            weight = Weight::from_nanograms(weight.nanograms() + every.nanograms()).min(up_to);
            price = price.checked_add(more).expect("invariant: bounded prices and steps");
            if steps.len() >= MOST_STEPS || price.mills() > HIGHEST_PRICE_MILLS {
                let reason = format!("more than {MOST_STEPS} steps, or too high a price");
                return Err(self.error(value.every.span(), "every", reason));
            }
            steps.push(Step { up_to: weight, price, product });
            product = product.checked_add(1).ok_or_else(|| {
                self.error(value.product.span(), "product", "product codes run out".to_owned())
            })?;
        }
        Ok(())
    }

    fn registered(&self, value: &RegisteredText) -> Checked<Registered> {
        let mut prices: Vec<(usize, Amount)> = Vec::with_capacity(value.price.len());
        for price in &value.price {
            let zone = self.zone(&price.zone)?;
            if prices.iter().any(|(other, _)| *other == zone) {
                let reason = "this zone has a price for registered mail already".to_owned();
                return Err(self.error(price.zone.span(), "zone", reason));
            }
            prices.push((zone, self.price(&price.price)?));
        }
        let product_offset = *value.product_offset.get_ref();
        if product_offset == 0 {
            let reason = "registered mail needs product codes of its own".to_owned();
            return Err(self.error(value.product_offset.span(), "product_offset", reason));
        }
        Ok(Registered { product_offset, prices })
    }

    /// Where a complete table prices a zone at all, it prices every size to it.
    fn every_size_is_priced(
        &self,
        value: &ServiceText,
        sizes: &[SizeClass],
        lists: &[PriceList],
    ) -> Checked<()> {
        if !self.complete {
            return Ok(());
        }
        for list in lists {
            let priced = |size: usize| {
                lists.iter().any(|other| (other.zone, other.size) == (list.zone, size))
            };
            if let Some(missing) = (0..sizes.len()).find(|size| !priced(*size)) {
                let reason = format!(
                    "a gap: size “{}” has no price to zone “{}”; add it or say incomplete = true",
                    sizes[missing].name, self.zone_names[list.zone]
                );
                return Err(self.error(value.price.span(), "price", reason));
            }
        }
        Ok(())
    }

    /// At no weight is a larger size cheaper than a smaller one to the same zone.
    fn larger_is_never_cheaper(&self, value: &ServiceText, lists: &[PriceList]) -> Checked<()> {
        for (small, large) in lists.iter().flat_map(|a| lists.iter().map(move |b| (a, b))) {
            if small.zone != large.zone || small.size >= large.size {
                continue;
            }
            for step in &small.steps {
                let at_weight = large.steps.iter().find(|other| step.up_to <= other.up_to);
                let cheaper = at_weight.filter(|other| other.price.mills() < step.price.mills());
                if let Some(other) = cheaper {
                    let reason = format!(
                        "at {} a larger piece costs {}, less than the {} of a smaller one",
                        step.up_to, other.price, step.price
                    );
                    return Err(self.error(value.price.span(), "price", reason));
                }
            }
        }
        Ok(())
    }

    /// Every row and every registered row has a product code of its own.
    fn product_codes(&self, document: &TableText, services: &[ServiceRates]) -> Checked<()> {
        let mut seen: BTreeMap<u16, ()> = BTreeMap::new();
        for (value, service) in document.service.iter().zip(services) {
            for (price, list) in value.price.get_ref().iter().zip(&service.lists) {
                let offset = service.registration_to(list.zone).map(|(offset, _)| offset);
                for step in &list.steps {
                    let registered = match offset {
                        None => None,
                        Some(offset) => {
                            Some(step.product.checked_add(offset).ok_or_else(|| {
                                let reason = format!("{} + {offset} is over 65535", step.product);
                                self.error(price.steps.span(), "product", reason)
                            })?)
                        }
                    };
                    for code in std::iter::once(step.product).chain(registered) {
                        if seen.insert(code, ()).is_some() {
                            let reason = format!("product code {code} is there twice");
                            return Err(self.error(price.steps.span(), "product", reason));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn zone(&self, value: &Spanned<String>) -> Checked<usize> {
        self.zone_names.iter().position(|name| name == value.get_ref()).ok_or_else(|| {
            let reason = format!("there is no zone “{}”", value.get_ref());
            self.error(value.span(), "zone", reason)
        })
    }

    fn price(&self, value: &Spanned<String>) -> Checked<Amount> {
        let price = Amount::parse(value.get_ref(), self.currency)
            .map_err(|error| self.error(value.span(), "price", error.to_string()))?;
        if (0..=HIGHEST_PRICE_MILLS).contains(&price.mills()) {
            Ok(price)
        } else {
            let most = Amount::from_mills(HIGHEST_PRICE_MILLS, self.currency);
            let reason = format!("{price} is out of range: from 0 to {most}");
            Err(self.error(value.span(), "price", reason))
        }
    }

    fn date(&self, value: &Spanned<Datetime>, field: &str) -> Checked<Date> {
        let datetime = value.get_ref();
        let whole_day = datetime.time.is_none() && datetime.offset.is_none();
        datetime
            .date
            .filter(|_| whole_day)
            .and_then(|date| {
                let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
                Date::new(i16::try_from(date.year).ok()?, month, day).ok()
            })
            .ok_or_else(|| {
                let reason = format!("{datetime} is not a date: write it like 2025-01-13");
                self.error(value.span(), field, reason)
            })
    }

    /// A length-to-width ratio in thousandths.
    fn ratio(&self, value: &Spanned<String>) -> Checked<u64> {
        crate::weight::thousandths(value.get_ref()).filter(|ratio| *ratio >= 1000).ok_or_else(
            || {
                let reason = format!("“{}” is not a ratio of 1 or more, like 1.3", value.get_ref());
                self.error(value.span(), "length_to_width", reason)
            },
        )
    }

    fn name(&self, value: &Spanned<String>, field: &str) -> Checked<String> {
        if is_kebab(value.get_ref(), 64) {
            Ok(value.get_ref().clone())
        } else {
            let reason = format!(
                "“{}” is not a name: lower-case letters, digits and hyphens",
                value.get_ref()
            );
            Err(self.error(value.span(), field, reason))
        }
    }

    fn error(&self, span: Range<usize>, field: &str, reason: String) -> RateTableError {
        RateTableError::at(self.text, &span, field, reason)
    }
}

/// Whether every side of `inner` is within that of `outer`.
fn fits(inner: Dimensions, outer: Dimensions) -> bool {
    inner.length() <= outer.length()
        && inner.width() <= outer.width()
        && inner.thickness() <= outer.thickness()
}
