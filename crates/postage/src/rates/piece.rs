//! What is asked when a price is asked: a service and a piece of mail.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Country, Dimensions, Weight};

/// The name of a postal service, as rate tables, files of pieces and command lines write it:
/// `lettermail`, `first-class`. Which names mean something is for the rate table in force to say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Service(String);

/// The text cannot be the name of a service.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "“{0}” is not the name of a service: lower-case letters, digits and hyphens, like lettermail or first-class"
)]
pub struct ServiceError(pub String);

impl Service {
    /// The longest name, in bytes.
    pub const MAX_LENGTH: usize = 32;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` is lower-case letters, digits and single inner hyphens, at most `longest` bytes.
pub(super) fn is_kebab(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let name = text.trim();
        if is_kebab(name, Self::MAX_LENGTH) {
            Ok(Service(name.to_owned()))
        } else {
            Err(ServiceError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Service {
    type Error = ServiceError;

    fn try_from(text: String) -> Result<Self, ServiceError> {
        text.parse()
    }
}

impl From<Service> for String {
    fn from(service: Service) -> String {
        service.0
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A piece of mail, as far as its price is concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The service it is sent by.
    pub service: Service,
    /// The country it goes to.
    pub destination: Country,
    /// What it weighs.
    pub weight: Weight,
    /// How large it is. When nobody measured it, it is taken to be of the smallest size that its
    /// weight allows: a 42 g letter is standard, a 60 g letter cannot be and is oversize.
    pub dimensions: Option<Dimensions>,
    /// Whether it is sent by registered mail.
    pub registered: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_in_lower_case_with_hyphens() {
        for name in ["lettermail", "first-class", "x1"] {
            assert_eq!(name.parse::<Service>().unwrap().as_str(), name);
        }
        for name in ["", "Lettermail", "first class", "-a", "a-", "a--b", "é", &"a".repeat(33)] {
            assert!(name.parse::<Service>().is_err(), "{name}");
        }
    }
}
