//! Price lists by weight, and the prices of registered mail.

use crate::{Amount, Weight};

use super::super::document::{AdditionalText, PriceText, RegisteredText, StepText};
use super::super::table::{PriceList, Registered, SizeClass, Step};
use super::values::{HIGHEST_PRICE_MILLS, parsed};
use super::{Builder, Checked};

/// The most rows of one price list; a table is a page of figures, not a way to fill memory.
const MOST_STEPS: usize = 500;

impl Builder<'_> {
    pub(super) fn price_list(&self, value: &PriceText, sizes: &[SizeClass]) -> Checked<PriceList> {
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

    pub(super) fn registered(&self, value: &RegisteredText) -> Checked<Registered> {
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
}
