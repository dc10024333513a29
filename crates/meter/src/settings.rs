//! `meter.toml`: what the customer sets on this meter.
//!
//! Every error names the file, the line and the field. Nothing here reaches the network, and nothing
//! that the provider decides (limits, inspection policy, funds) can be set here.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::Deserialize;
use timbre_postage::{Amount, Currency, Language, MeterSerial};
use toml::Spanned;

/// The domain of a deployment on one machine.
pub const DEFAULT_DOMAIN: &str = "timbre.localhost";

/// What the customer sets on this meter.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The number of the machine; it cannot change once the meter is made.
    pub serial: MeterSerial,
    /// The currency of the registers.
    pub currency: Currency,
    /// The language of messages and of what is printed.
    pub language: Language,
    /// Where the meter stands: decides which date is printed. `None` follows the system.
    pub time_zone: Option<String>,
    /// How the infrastructure is reached.
    pub infrastructure: Network,
    /// When and how much the meter refills by itself.
    pub refill: RefillSettings,
    /// How marks are printed.
    pub print: PrintSettings,
}

/// How the infrastructure is reached.
#[derive(Clone, Debug)]
pub struct Network {
    /// Where to connect, whatever the service; `None` asks the system's DNS and uses the catalogue's ports.
    pub connect: Option<SocketAddr>,
    /// The domain of the deployment.
    pub domain: String,
    /// The root certificates that this meter trusts, in PEM; relative to the meter's directory.
    pub ca: PathBuf,
    /// How long an answer may take, in seconds (1–300).
    pub answer_seconds: u16,
}

/// When and how much the meter refills by itself (REQ FUNDS-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefillSettings {
    /// Off: the operator refills by hand and a run stops when funds are out.
    pub automatic: bool,
    /// Below this the funds are low.
    pub threshold: Amount,
    /// What is added at once.
    pub amount: Amount,
}

/// How marks are printed.
#[derive(Clone, Debug)]
pub struct PrintSettings {
    /// Dots per inch: 300 or 600.
    pub dpi: u16,
    /// The folder for outputs that are not named; relative to the meter's directory.
    pub output: PathBuf,
}

/// What is wrong with a settings file, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}{}{}: {reason}", file.display(), Line(*line), Field(field))]
pub struct SettingsError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, when the error has one.
    pub line: Option<usize>,
    /// The field, like `refill.amount`, when the error has one.
    pub field: Option<String>,
    /// What is wrong and what would be right.
    pub reason: String,
}

struct Line(Option<usize>);
struct Field<'a>(&'a Option<String>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |field| write!(f, ": {field}"))
    }
}

impl Settings {
    /// The settings of a new meter: Canadian dollars, 300 dpi, automatic refill of 100 below 20.
    #[must_use]
    pub fn new(serial: MeterSerial, ca: impl Into<PathBuf>) -> Settings {
        let currency = Currency::Cad;
        Settings {
            serial,
            currency,
            language: Language::English,
            time_zone: None,
            infrastructure: Network {
                connect: None,
                domain: DEFAULT_DOMAIN.to_owned(),
                ca: ca.into(),
                answer_seconds: 30,
            },
            refill: RefillSettings {
                automatic: true,
                threshold: Amount::from_mills(20_000, currency),
                amount: Amount::from_mills(100_000, currency),
            },
            print: PrintSettings { dpi: 300, output: PathBuf::from("output") },
        }
    }

    /// Reads `file`; paths in it stay as written.
    ///
    /// # Errors
    /// Names the file, the line and the field.
    pub fn read(file: &Path) -> Result<Settings, SettingsError> {
        let text = fs::read_to_string(file).map_err(|error| SettingsError {
            file: file.to_owned(),
            line: None,
            field: None,
            reason: match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "there is no meter here (this file is missing)".to_owned()
                }
                _ => format!("cannot be read: {error}"),
            },
        })?;
        Settings::parse(&text, file)
    }

    /// Reads settings from `text`; `file` is what errors name.
    ///
    /// # Errors
    /// Names the file, the line and the field.
    pub fn parse(text: &str, file: &Path) -> Result<Settings, SettingsError> {
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
            infrastructure: source.network(raw.infrastructure)?,
            refill,
            print: source.print(raw.print)?,
        })
    }

    /// The settings as a commented `meter.toml`.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let Settings { serial, currency, infrastructure, refill, print, .. } = self;
        let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
        let path = |value: &Path| text(&value.to_string_lossy());
        let time_zone = self.time_zone.as_ref().map_or_else(
            || "# time_zone = \"America/Toronto\"   # absent: the system's".to_owned(),
            |name| format!("time_zone = {}", text(name)),
        );
        let connect = infrastructure.connect.map_or_else(
            || {
                "# connect = \"127.0.0.1:8443\"      # absent: the names are asked from DNS"
                    .to_owned()
            },
            |address| format!("connect = \"{address}\""),
        );
        format!(
            "# A timbre meter. Funds, limits and the inspection policy come from the provider and are not set here.\n\
             serial = \"{serial}\"\n\
             currency = \"{currency}\"\n\
             language = \"{language}\"              # en or fr\n\
             {time_zone}\n\
             \n\
             [infrastructure]\n\
             domain = {domain}\n\
             {connect}\n\
             ca = {ca}                # the only roots that this meter trusts\n\
             answer_seconds = {answer_seconds}\n\
             \n\
             [refill]\n\
             automatic = {automatic}            # at sleep, at power-on, and when funds run out\n\
             threshold = \"{threshold}\"         # below this the funds are low\n\
             amount = \"{amount}\"\n\
             \n\
             [print]\n\
             dpi = {dpi}                      # 300 or 600\n\
             output = {output}\n",
            language = self.language.pick("fr", "en"),
            domain = text(&infrastructure.domain),
            ca = path(&infrastructure.ca),
            answer_seconds = infrastructure.answer_seconds,
            automatic = refill.automatic,
            threshold = refill.threshold.decimal(),
            amount = refill.amount.decimal(),
            dpi = print.dpi,
            output = path(&print.output),
        )
    }

    /// The time zone that decides which date is printed.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.time_zone
            .as_deref()
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or_else(TimeZone::system)
    }
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
    refill: RawRefill,
    #[serde(default)]
    print: RawPrint,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNetwork {
    domain: Option<Spanned<String>>,
    connect: Option<Spanned<String>>,
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
struct Source<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Source<'_> {
    fn error(&self, offset: Option<usize>, reason: impl Into<String>) -> SettingsError {
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

    fn network(&self, raw: RawNetwork) -> Result<Network, SettingsError> {
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
        Ok(Network { connect, domain, ca: raw.ca, answer_seconds })
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
