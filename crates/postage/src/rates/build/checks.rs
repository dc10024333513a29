//! What must hold among the rows of a table: no gaps, no larger piece cheaper, no code twice.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::document::{PriceText, ServiceText, TableText};
use super::super::table::{PriceList, ServiceRates, SizeClass};
use super::{Builder, Checked};

impl Builder<'_> {
    /// Where a complete table prices a zone at all, it prices every size to it.
    pub(super) fn every_size_is_priced(
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
    pub(super) fn larger_is_never_cheaper(
        &self,
        value: &ServiceText,
        lists: &[PriceList],
    ) -> Checked<()> {
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
    pub(super) fn product_codes(
        &self,
        document: &TableText,
        services: &[ServiceRates],
    ) -> Checked<()> {
        let mut seen = BTreeSet::new();
        for (value, service) in document.service.iter().zip(services) {
            for (price, list) in value.price.get_ref().iter().zip(&service.lists) {
                let offset = service.registration_to(list.zone).map(|(offset, _)| offset);
                for (index, step) in list.steps.iter().enumerate() {
                    let error = |reason| self.error(product_span(price, index), "product", reason);
                    let registered = match offset.map(|offset| step.product.checked_add(offset)) {
                        Some(None) => {
                            let offset = offset.unwrap_or_default();
                            return Err(error(format!(
                                "{} + {offset} is over 65535",
                                step.product
                            )));
                        }
                        Some(code) => code,
                        None => None,
                    };
                    for code in std::iter::once(step.product).chain(registered) {
                        if !seen.insert(code) {
                            return Err(error(format!("product code {code} is there twice")));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where the product code of a list's step stands: in the step, or where “additional” starts counting.
fn product_span(list: &PriceText, step: usize) -> Range<usize> {
    match (list.steps.get_ref().get(step), &list.additional) {
        (Some(step), _) => step.product.span(),
        (None, Some(additional)) => additional.product.span(),
        (None, None) => list.steps.span(),
    }
}
