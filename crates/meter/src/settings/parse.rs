//! Reading `meter.toml`: raw fields with their places, then values that make sense. Nothing is guessed:
//! a field that is not known is an error.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::Deserialize;
use timbre_key_store::Custody;
use timbre_postage::{Amount, Currency, Language};
use toml::Spanned;

use super::proxy::RawProxy;
use super::{DEFAULT_DOMAIN, Network, PrintSettings, RefillSettings, Settings, SettingsError};

/// Reads settings from `text`; `file` is what errors name.
pub(super) fn settings(text: &str, file: &Path) -> Result<Settings, SettingsError> {
    let source = Source { text, file };
    let raw: RawSettings = toml::from_str(text)
        .map_err(|error| source.error(error.span().map(|s| s.start), error.message()))?;
    let currency = raw.currency.as_ref().map_or(Ok(Currency::Cad), |c| source.value(c))?;
    let refill = RefillSettings {
        automatic: raw.refill.automatic,
        threshold: source.money(&raw.refill.threshold, currency)?,
        amount: source.money(&raw.refill.amount, currency)?,
    };
    Ok(Settings {
        serial: source.value(&raw.serial)?,
        currency,
        language: raw.language,
        time_zone: raw.time_zone.as_ref().map(|name| source.time_zone(name)).transpose()?,
        infrastructure: source.network(raw.infrastructure, raw.proxy)?,
        refill,
        print: source.print(raw.print)?,
        keys: raw.keys,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSettings {
    serial: Spanned<String>,
    currency: Option<Spanned<String>>,
    #[serde(default)]
    language: Language,
    time_zone: Option<Spanned<String>>,
    infrastructure: RawNetwork,
    #[serde(default)]
    proxy: RawProxy,
    refill: RawRefill,
    #[serde(default)]
    print: RawPrint,
    #[serde(default)]
    keys: Custody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNetwork {
    domain: Option<Spanned<String>>,
    connect: Option<Spanned<String>>,
    resolver: Option<PathBuf>,
    ca: PathBuf,
    answer_seconds: Option<Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRefill {
    #[serde(default)]
    automatic: bool,
    threshold: Spanned<toml::Value>,
    amount: Spanned<toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrint {
    dpi: Option<Spanned<u16>>,
    output: Option<PathBuf>,
}

/// The text being read, so that any error can say where it is.
pub(super) struct Source<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Source<'_> {
    pub(super) fn error(&self, offset: Option<usize>, reason: impl Into<String>) -> SettingsError {
        SettingsError {
            file: self.file.to_owned(),
            line: offset.map(|o| line_of(self.text, o)),
            field: offset.and_then(|o| field_at(self.text, o)),
            reason: reason.into(),
        }
    }

    fn value<T: FromStr<Err: fmt::Display>>(
        &self,
        value: &Spanned<String>,
    ) -> Result<T, SettingsError> {
        value
            .get_ref()
            .parse()
            .map_err(|reason: T::Err| self.error(Some(value.span().start), reason.to_string()))
    }

    fn money(
        &self,
        value: &Spanned<toml::Value>,
        currency: Currency,
    ) -> Result<Amount, SettingsError> {
        let wrong = |reason: String| self.error(Some(value.span().start), reason);
        let text = match value.get_ref() {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(whole) => whole.to_string(),
            _ => return Err(wrong("write an amount in quotes, like \"100.00\"".to_owned())),
        };
        let amount = Amount::parse(&text, currency).map_err(|error| wrong(error.to_string()))?;
        if amount.is_negative() || amount.is_zero() {
            return Err(wrong(format!("“{text}” is not more than zero")));
        }
        Ok(amount)
    }

    fn time_zone(&self, name: &Spanned<String>) -> Result<String, SettingsError> {
        TimeZone::get(name.get_ref()).map_err(|_| {
            self.error(
                Some(name.span().start),
                format!(
                    "“{}” is not a time zone known to this system: write one like America/Toronto",
                    name.get_ref()
                ),
            )
        })?;
        Ok(name.get_ref().clone())
    }

    fn network(&self, raw: RawNetwork, proxy: RawProxy) -> Result<Network, SettingsError> {
        let connect = match &raw.connect {
            None => None,
            Some(text) => Some(text.get_ref().parse().map_err(|_| {
                self.error(
                    Some(text.span().start),
                    format!(
                        "“{}” is not an address and a port: write it like 127.0.0.1:8443 or [::1]:8443",
                        text.get_ref()
                    ),
                )
            })?),
        };
        let domain = match raw.domain {
            None => DEFAULT_DOMAIN.to_owned(),
            Some(name) if is_domain(name.get_ref()) => name.into_inner(),
            Some(name) => {
                let reason = format!(
                    "“{}” is not a domain: letters, digits and hyphens between dots, like timbre.example.org",
                    name.get_ref()
                );
                return Err(self.error(Some(name.span().start), reason));
            }
        };
        let answer_seconds = match raw.answer_seconds {
            None => 30,
            Some(seconds) if (1..=300).contains(seconds.get_ref()) => seconds.into_inner(),
            Some(seconds) => {
                return Err(self.error(Some(seconds.span().start), "must be from 1 to 300 seconds"));
            }
        };
        let proxy = proxy.checked(self)?;
        let RawNetwork { resolver, ca, .. } = raw;
        Ok(Network { connect, resolver, domain, ca, answer_seconds, proxy })
    }

    fn print(&self, raw: RawPrint) -> Result<PrintSettings, SettingsError> {
        let dpi = match raw.dpi {
            None => 300,
            Some(dpi) if matches!(dpi.get_ref(), 300 | 600) => dpi.into_inner(),
            Some(dpi) => {
                let reason =
                    format!("{} dots per inch cannot be printed: 300 or 600", dpi.get_ref());
                return Err(self.error(Some(dpi.span().start), reason));
            }
        };
        Ok(PrintSettings { dpi, output: raw.output.unwrap_or_else(|| PathBuf::from("output")) })
    }
}

fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 200 && text.split('.').all(label)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// The dotted name of the field on the line of `offset`: TOML's own errors know the place, not the name.
fn field_at(text: &str, offset: usize) -> Option<String> {
    let line = text.lines().nth(line_of(text, offset) - 1)?.trim();
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let section = text
        .lines()
        .take(line_of(text, offset) - 1)
        .filter_map(|l| l.trim().strip_prefix('[')?.split(']').next())
        .last();
    Some(section.map_or_else(|| key.to_owned(), |s| format!("{}.{key}", s.trim())))
}
