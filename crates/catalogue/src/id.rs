//! The name of an endpoint: `service.verb`, the only thing the meter's egress accepts.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of one row of a catalogue, such as `comet.refill`: a service, a dot, and what is done
/// there, both in lower-case kebab.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EndpointId(Cow<'static, str>);

impl EndpointId {
    /// A name known when the program is written; the tests of this crate prove that each is read
    /// back by [`FromStr`].
    pub(crate) const fn fixed(name: &'static str) -> EndpointId {
        EndpointId(Cow::Borrowed(name))
    }

    /// The whole name, `comet.refill`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The service, the part before the dot: `comet`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.0.split_once('.').map_or(self.as_str(), |(service, _)| service)
    }
}

/// The text is not the name of an endpoint.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not an endpoint id: write service.verb in lower case, like comet.funds")]
pub struct EndpointIdError(String);

impl FromStr for EndpointId {
    type Err = EndpointIdError;

    fn from_str(text: &str) -> Result<Self, EndpointIdError> {
        match text.split_once('.') {
            Some((service, verb)) if is_kebab(service) && is_kebab(verb) => {
                Ok(EndpointId(Cow::Owned(text.to_owned())))
            }
            _ => Err(EndpointIdError(text.to_owned())),
        }
    }
}

/// Whether a word is in lower-case kebab, as names of catalogues and the parts of an endpoint's are.
pub(crate) fn is_kebab(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && !word.ends_with('-')
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl From<EndpointId> for String {
    fn from(id: EndpointId) -> String {
        id.0.into_owned()
    }
}

impl TryFrom<String> for EndpointId {
    type Error = EndpointIdError;

    fn try_from(text: String) -> Result<Self, EndpointIdError> {
        text.parse()
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_service_and_a_verb() {
        let id: EndpointId = "downloads.startup-refresh".parse().unwrap();
        assert_eq!(id.service(), "downloads");
        assert_eq!(id, EndpointId::fixed("downloads.startup-refresh"));
    }

    #[test]
    fn what_is_not_a_name_is_refused_with_an_example() {
        for text in
            ["", "comet", "Comet.refill", "comet.", ".refill", "comet.re fill", "a.b.c", "a.b-"]
        {
            let error = text.parse::<EndpointId>().unwrap_err();
            assert!(error.to_string().contains("like comet.funds"), "{text}: {error}");
        }
    }
}
