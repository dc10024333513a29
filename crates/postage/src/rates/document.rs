//! The text of a rate table as TOML shapes it, each value with the place where it stands.
//!
//! Only the shape is known here: [`super::build`] reads the values and judges them.

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{Payment, Units};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableText {
    pub(super) id: Spanned<String>,
    pub(super) market: Spanned<String>,
    pub(super) currency: Spanned<String>,
    pub(super) payment: Payment,
    pub(super) units: Units,
    pub(super) effective_from: Spanned<Datetime>,
    pub(super) effective_until: Option<Spanned<Datetime>>,
    pub(super) source: Spanned<String>,
    #[serde(default)]
    pub(super) incomplete: bool,
    pub(super) zone: Vec<ZoneText>,
    pub(super) service: Vec<ServiceText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneText {
    pub(super) name: Spanned<String>,
    pub(super) fr: String,
    pub(super) en: String,
    pub(super) countries: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceText {
    pub(super) name: Spanned<String>,
    pub(super) fr: String,
    pub(super) en: String,
    pub(super) size: Spanned<Vec<SizeText>>,
    pub(super) price: Spanned<Vec<PriceText>>,
    pub(super) registered: Option<RegisteredText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SizeText {
    pub(super) name: Spanned<String>,
    pub(super) fr: String,
    pub(super) en: String,
    pub(super) smallest: Spanned<String>,
    pub(super) largest: Spanned<String>,
    pub(super) heaviest: Spanned<String>,
    pub(super) length_to_width: Option<Spanned<[Spanned<String>; 2]>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceText {
    pub(super) zone: Spanned<String>,
    pub(super) size: Spanned<String>,
    pub(super) steps: Spanned<Vec<StepText>>,
    pub(super) additional: Option<AdditionalText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepText {
    pub(super) up_to: Spanned<String>,
    pub(super) price: Spanned<String>,
    pub(super) product: Spanned<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdditionalText {
    pub(super) every: Spanned<String>,
    pub(super) up_to: Spanned<String>,
    pub(super) price: Spanned<String>,
    pub(super) product: Spanned<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisteredText {
    pub(super) product_offset: Spanned<u16>,
    pub(super) price: Vec<RegisteredPriceText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisteredPriceText {
    pub(super) zone: Spanned<String>,
    pub(super) price: Spanned<String>,
}
