//! Weights and lengths as the people of a market write them, in messages only.
//!
//! Nothing is compared in these units: the arithmetic is in nanograms and micrometres.

use serde::Deserialize;

use crate::weight::NANOGRAMS_PER_OUNCE;
use crate::{Language, Weight};

/// The units in which a rate table speaks to people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Units {
    /// Grams and millimetres.
    Metric,
    /// Ounces and inches.
    UsCustomary,
}

impl Units {
    /// A weight, rounded up to a thousandth of the unit: `30.001 g`, `3,5 oz`.
    pub(super) fn weight(self, weight: Weight, language: Language) -> String {
        match self {
            Units::Metric => decimal(weight.milligrams_rounded_up(), "g", language),
            Units::UsCustomary => {
                let thousandths = (weight.nanograms() * 1000).div_ceil(NANOGRAMS_PER_OUNCE);
                decimal(thousandths, "oz", language)
            }
        }
    }

    /// A length given in micrometres, to a thousandth of the unit: `245 mm`, `11.5 in`.
    pub(super) fn length(self, micrometres: u32, language: Language) -> String {
        let micrometres = u64::from(micrometres);
        match (self, language) {
            (Units::Metric, _) => decimal(micrometres, "mm", language),
            (Units::UsCustomary, Language::English) => decimal(inches(micrometres), "in", language),
            (Units::UsCustomary, Language::French) => decimal(inches(micrometres), "po", language),
        }
    }
}

/// Thousandths of an inch, to the nearest.
fn inches(micrometres: u64) -> u64 {
    (micrometres * 1000 + 12_700) / 25_400
}

/// `thousandths` as a decimal without trailing zeros, in the language's notation.
pub(super) fn decimal(thousandths: u64, unit: &str, language: Language) -> String {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let point = language.pick(",", ".");
    let fraction = format!("{point}{rest:03}");
    let fraction = if rest == 0 { "" } else { fraction.trim_end_matches('0') };
    let space = if unit.is_empty() { "" } else { "\u{a0}" };
    format!("{whole}{fraction}{space}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_market_reads_its_own_units() {
        let (en, fr) = (Language::English, Language::French);
        let letter: Weight = "3.5oz".parse().unwrap();
        assert_eq!(Units::UsCustomary.weight(letter, en), "3.5\u{a0}oz");
        assert_eq!(Units::Metric.weight(letter, fr), "99,224\u{a0}g");
        assert_eq!(Units::Metric.length(180, en), "0.18\u{a0}mm");
        assert_eq!(Units::UsCustomary.length(292_100, en), "11.5\u{a0}in");
        assert_eq!(Units::UsCustomary.length(177, fr), "0,007\u{a0}po");
    }

    #[test]
    fn a_weight_just_over_a_step_never_shows_as_the_step() {
        let over = "30.001".parse().unwrap();
        assert_eq!(Units::Metric.weight(over, Language::English), "30.001\u{a0}g");
    }
}
