//! Weight as whole nanograms, so that grams and ounces are both exact.
//!
//! One avoirdupois ounce is 28.349523125 g by definition: 28 349 523 125 ng. A rate threshold in
//! either unit is therefore met exactly, with no rounding.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const NANOGRAMS_PER_GRAM: u64 = 1_000_000_000;
pub(crate) const NANOGRAMS_PER_OUNCE: u64 = 28_349_523_125;

/// A weight, exact in grams and in ounces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Weight {
    nanograms: u64,
}

/// The text is not a weight.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WeightError {
    /// It does not read as a number followed by a unit.
    #[error("“{0}” is not a weight: write it like 42g, 1.5oz or 0.2kg")]
    NotAWeight(String),
    /// A weight of nothing, or one past what is ever mailed (100 kg).
    #[error("“{0}” is out of range: more than 0 and at most 100 kg")]
    OutOfRange(String),
}

impl Weight {
    /// A weight of whole grams.
    #[must_use]
    pub const fn from_grams(grams: u32) -> Self {
        Weight { nanograms: grams as u64 * NANOGRAMS_PER_GRAM }
    }

    /// A weight of whole milligrams.
    #[must_use]
    pub const fn from_milligrams(milligrams: u32) -> Self {
        Weight { nanograms: milligrams as u64 * 1_000_000 }
    }

    /// A weight of whole nanograms.
    #[must_use]
    pub(crate) const fn from_nanograms(nanograms: u64) -> Self {
        Weight { nanograms }
    }

    /// The weight in nanograms.
    #[must_use]
    pub const fn nanograms(self) -> u64 {
        self.nanograms
    }

    /// The weight in milligrams, rounded up: a piece never weighs less on paper than in the hand.
    #[must_use]
    pub const fn milligrams_rounded_up(self) -> u64 {
        self.nanograms.div_ceil(1_000_000)
    }
}

impl FromStr for Weight {
    type Err = WeightError;

    /// Reads `42g`, `42 g`, `1.5oz`, `0.2kg`; a bare number is grams.
    fn from_str(text: &str) -> Result<Self, WeightError> {
        let bad = || WeightError::NotAWeight(text.to_owned());
        let trimmed = text.trim();
        let split = trimmed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let per_unit = match unit.to_ascii_lowercase().as_str() {
            "" | "g" => NANOGRAMS_PER_GRAM,
            "kg" => 1000 * NANOGRAMS_PER_GRAM,
            "mg" => NANOGRAMS_PER_GRAM / 1000,
            "oz" => NANOGRAMS_PER_OUNCE,
            "lb" => 16 * NANOGRAMS_PER_OUNCE,
            _ => return Err(bad()),
        };
        let thousandths = thousandths(number.trim()).ok_or_else(bad)?;
        let nanograms = thousandths
            .checked_mul(per_unit)
            .map(|n| n / 1000)
            .filter(|n| (1..=100_000 * NANOGRAMS_PER_GRAM).contains(n))
            .ok_or_else(|| WeightError::OutOfRange(text.to_owned()))?;
        Ok(Weight { nanograms })
    }
}

/// A decimal of at most three places as a count of thousandths.
pub(crate) fn thousandths(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 9
        || fraction.len() > 3
        || !digits(whole)
        || !digits(fraction)
    {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<3}").parse().ok()?;
    Some(whole * 1000 + fraction)
}

impl fmt::Display for Weight {
    /// In grams, with as many decimals (to the milligram, rounded up) as it needs: `42 g`, `28.35 g`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milligrams = self.milligrams_rounded_up();
        let (grams, rest) = (milligrams / 1000, milligrams % 1000);
        if rest == 0 {
            write!(f, "{grams} g")
        } else {
            let decimals = format!("{rest:03}");
            write!(f, "{grams}.{} g", decimals.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ounces_are_exact() {
        let ounce: Weight = "1oz".parse().unwrap();
        assert_eq!(ounce.nanograms(), 28_349_523_125);
        assert_eq!("16 oz".parse::<Weight>(), "1lb".parse());
    }

    #[test]
    fn grams_are_the_default_unit() {
        assert_eq!("42".parse::<Weight>().unwrap(), Weight::from_grams(42));
        assert_eq!("30,5 g".parse::<Weight>().unwrap(), Weight::from_milligrams(30_500));
    }

    #[test]
    fn what_is_not_a_weight_is_refused() {
        for text in ["", "g", "-3g", "0g", "3 stone", "1e3", "1.2345g", "101kg", "999999999999"] {
            assert!(text.parse::<Weight>().is_err(), "{text}");
        }
    }
}
