//! The version of a catalogue: the day it was published and a number within that day.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// `YYYYMMDDNN`: the day of publication and a number from 00 to 99. A later version is greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub struct Version(u32);

/// The number is not a version.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not a version: write YYYYMMDDNN, like 2026112401")]
pub struct VersionError(String);

impl Version {
    /// The day it was published.
    #[must_use]
    pub fn published(self) -> Date {
        day(self.0).expect("invariant: a version is made of a day that exists")
    }
}

fn day(number: u32) -> Option<Date> {
    let part = |divisor: u32, modulus: u32| number / divisor % modulus;
    let year = i16::try_from(number / 1_000_000).ok().filter(|year| *year >= 1000)?;
    let (month, day) = (part(10_000, 100), part(100, 100));
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

impl TryFrom<u32> for Version {
    type Error = VersionError;

    fn try_from(number: u32) -> Result<Self, VersionError> {
        day(number).map(|_| Version(number)).ok_or_else(|| VersionError(number.to_string()))
    }
}

impl From<Version> for u32 {
    fn from(version: Version) -> u32 {
        version.0
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let digits = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse::<u32>().ok()).flatten();
        number
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| VersionError(text.to_owned()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_day_and_a_number() {
        let version: Version = "2026112401".parse().unwrap();
        assert_eq!(version.to_string(), "2026112401");
        assert_eq!(version.published(), jiff::civil::date(2026, 11, 24));
        assert!(version < Version::try_from(2026112402).unwrap());
        assert!(version < Version::try_from(2026112500).unwrap());
    }

    #[test]
    fn a_day_that_does_not_exist_makes_no_version() {
        for text in
            ["", "20261124", "2026023001", "2026130101", "2026000001", "+026112401", "0999010100"]
        {
            assert_eq!(text.parse::<Version>(), Err(VersionError(text.to_owned())));
        }
        assert!(Version::try_from(20261124).is_err());
    }
}
