//! What the commands of the machines read in the same way: an amount that was typed, and where each machine is when
//! no place is named.

use std::path::PathBuf;

use timbre_postage::{Amount, Currency};

use crate::outcome::Failure;

/// An amount that was typed, in the currency of the account or meter that it is for.
pub(crate) fn amount(text: &str, currency: Currency) -> Result<Amount, Failure> {
    Amount::parse(text, currency).map_err(|error| Failure::refusal("bad-argument", error))
}

/// Where a meter keeps what it must not lose when none is named: `$XDG_DATA_HOME/timbre/meter`.
pub(crate) fn default_meter_dir() -> PathBuf {
    xdg("XDG_DATA_HOME", ".local/share").join("timbre/meter")
}

/// Where the infrastructure's configuration is when none is named: `$XDG_CONFIG_HOME/timbre/infrastructure.toml`.
pub(crate) fn default_infrastructure_config() -> PathBuf {
    xdg("XDG_CONFIG_HOME", ".config").join("timbre/infrastructure.toml")
}

fn xdg(variable: &str, under_home: &str) -> PathBuf {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map_or_else(
        || {
            let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
            home.join(under_home)
        },
        PathBuf::from,
    )
}
