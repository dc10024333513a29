//! Single values of a table, read with the place where they stand.

use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::value::Datetime;

use crate::Amount;

use super::super::RateTableError;
use super::super::piece::is_kebab;
use super::{Builder, Checked};

/// No price is higher than this: a slipped decimal point must not get into a meter.
pub(super) const HIGHEST_PRICE_MILLS: i64 = 1_000_000;

/// Reads a value that knows its own syntax.
pub(super) fn parsed<T>(text: &str, value: &Spanned<String>, field: &str) -> Checked<T>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    value
        .get_ref()
        .parse()
        .map_err(|error: T::Err| RateTableError::at(text, &value.span(), field, error.to_string()))
}

impl Builder<'_> {
    pub(super) fn zone(&self, value: &Spanned<String>) -> Checked<usize> {
        self.zone_names.iter().position(|name| name == value.get_ref()).ok_or_else(|| {
            let reason = format!("there is no zone “{}”", value.get_ref());
            self.error(value.span(), "zone", reason)
        })
    }

    pub(super) fn price(&self, value: &Spanned<String>) -> Checked<Amount> {
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

    pub(super) fn date(&self, value: &Spanned<Datetime>, field: &str) -> Checked<Date> {
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
    pub(super) fn ratio(&self, value: &Spanned<String>) -> Checked<u64> {
        crate::weight::thousandths(value.get_ref()).filter(|ratio| *ratio >= 1000).ok_or_else(
            || {
                let reason = format!("“{}” is not a ratio of 1 or more, like 1.3", value.get_ref());
                self.error(value.span(), "length_to_width", reason)
            },
        )
    }

    pub(super) fn name(&self, value: &Spanned<String>, field: &str) -> Checked<String> {
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

    pub(super) fn error(&self, span: Range<usize>, field: &str, reason: String) -> RateTableError {
        RateTableError::at(self.text, &span, field, reason)
    }
}
