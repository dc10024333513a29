//! `meter.toml`: what the customer sets on this meter.
//!
//! Every error names the file, the line and the field. Nothing here reaches the network, and nothing
//! that the provider decides (limits, inspection policy, funds) can be set here.

mod parse;
mod proxy;

use core::net::SocketAddr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use timbre_key_store::{Custody, Token};
use timbre_postage::{Amount, Currency, Language, MeterSerial};

pub use proxy::Proxy;

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
    /// Where the private keys of the postal security device live; paths relative to the meter's directory.
    pub keys: Custody,
}

/// How the infrastructure is reached.
#[derive(Clone, Debug)]
pub struct Network {
    /// Where to connect, whatever the service; `None` asks the system's DNS and uses the catalogue's ports.
    pub connect: Option<SocketAddr>,
    /// The socket file of a locked machine's resolver; `None` asks the system's DNS.
    pub resolver: Option<PathBuf>,
    /// The domain of the deployment.
    pub domain: String,
    /// The root certificates that this meter trusts, in PEM; relative to the meter's directory.
    pub ca: PathBuf,
    /// How long an answer may take, in seconds (1–300).
    pub answer_seconds: u16,
    /// Through which proxy, if any.
    pub proxy: Proxy,
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
                resolver: None,
                domain: DEFAULT_DOMAIN.to_owned(),
                ca: ca.into(),
                answer_seconds: 30,
                proxy: Proxy::default(),
            },
            refill: RefillSettings {
                automatic: true,
                threshold: Amount::from_mills(20_000, currency),
                amount: Amount::from_mills(100_000, currency),
            },
            print: PrintSettings { dpi: 300, output: PathBuf::from("output") },
            keys: Custody::Sealed,
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
            reason: format!("cannot be read: {error}"),
        })?;
        Settings::parse(&text, file)
    }

    /// Reads settings from `text`; `file` is what errors name.
    ///
    /// # Errors
    /// Names the file, the line and the field.
    pub fn parse(text: &str, file: &Path) -> Result<Settings, SettingsError> {
        parse::settings(text, file)
    }

    /// The settings as a commented `meter.toml`.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let Settings { serial, currency, infrastructure, refill, print, keys, .. } = self;
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
        let resolver = infrastructure.resolver.as_ref().map_or_else(
            || {
                "# resolver = \"/run/timbre/resolver.sock\" # on a machine that is locked down"
                    .to_owned()
            },
            |socket| format!("resolver = {}", path(socket)),
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
             {resolver}\n\
             ca = {ca}                # the only roots that this meter trusts\n\
             answer_seconds = {answer_seconds}\n\
             \n\
             {proxy}\
             \n\
             [refill]\n\
             automatic = {automatic}            # at sleep, at power-on, and when funds run out\n\
             threshold = \"{threshold}\"         # below this the funds are low\n\
             amount = \"{amount}\"\n\
             \n\
             [print]\n\
             dpi = {dpi}                      # 300 or 600\n\
             output = {output}\n\
             {keys}",
            language = self.language.pick("fr", "en"),
            domain = text(&infrastructure.domain),
            ca = path(&infrastructure.ca),
            answer_seconds = infrastructure.answer_seconds,
            proxy = infrastructure.proxy.to_toml(),
            automatic = refill.automatic,
            threshold = refill.threshold.decimal(),
            amount = refill.amount.decimal(),
            dpi = print.dpi,
            output = path(&print.output),
            keys = section_of_keys(keys),
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

/// The section of where the keys live; sealed is not said.
fn section_of_keys(keys: &Custody) -> String {
    let Custody::Token { token: Token { module, name, pin_file }, writes } = keys else {
        return String::new();
    };
    let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
    let path = |value: &PathBuf| text(&value.to_string_lossy());
    let writes: Vec<String> = writes.iter().map(path).collect();
    format!(
        "\n[keys]\n\
         use = \"pkcs11\"               # the device's keys are in a token and never out of it\n\
         module = {}\n\
         token = {}                  # its label or serial number\n\
         pin_file = {}              # readable by its owner alone\n\
         writes = [{}]              # where the module's library writes by itself\n",
        path(module),
        text(name),
        path(pin_file),
        writes.join(", "),
    )
}
