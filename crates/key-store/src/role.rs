//! What a key is for. A key signs for one role only, so that a signature made for one purpose can
//! never be passed off as another's.

use std::fmt;

/// The purposes for which `timbre` signs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyRole {
    /// Authenticates a meter to the infrastructure; lives in the postal security device.
    Device,
    /// Signs postage marks; lives in the postal security device.
    Indicium,
    /// Signs the access tokens of the Distributor (REQ IDENT-1).
    Distributor,
    /// Signs whatever changes the registers of a device: operational blocks, refills, inspections.
    Funds,
    /// Signs rate tables (REQ DL-5).
    Rates,
}

impl KeyRole {
    /// The roles whose keys live in a postal security device.
    pub const DEVICE_SIDE: [KeyRole; 2] = [KeyRole::Device, KeyRole::Indicium];
    /// The roles whose keys live in the infrastructure.
    pub const INFRASTRUCTURE_SIDE: [KeyRole; 3] =
        [KeyRole::Distributor, KeyRole::Funds, KeyRole::Rates];

    /// The role as it is written in messages and file names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyRole::Device => "device",
            KeyRole::Indicium => "indicium",
            KeyRole::Distributor => "distributor",
            KeyRole::Funds => "funds",
            KeyRole::Rates => "rates",
        }
    }

    /// The number of the role in a sealed file; part of the format, never reused.
    pub(crate) const fn code(self) -> u8 {
        match self {
            KeyRole::Device => 1,
            KeyRole::Indicium => 2,
            KeyRole::Distributor => 3,
            KeyRole::Funds => 4,
            KeyRole::Rates => 5,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<KeyRole> {
        Some(match code {
            1 => KeyRole::Device,
            2 => KeyRole::Indicium,
            3 => KeyRole::Distributor,
            4 => KeyRole::Funds,
            5 => KeyRole::Rates,
            _ => return None,
        })
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
