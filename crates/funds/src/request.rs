//! What asked for a transfer, so that asking twice books once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use timbre_postage::{MeterSerial, PieceCount};

/// The identity of the request behind a transfer, unique in the ledger.
///
/// A machine's requests have names that follow from what they are (`refill:TM0000042:17`): even a
/// request that was received twice at once cannot be booked twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

/// What stands before the id of the transfer that a reversal undoes.
const REVERSAL: &str = "reversal:";

/// The text cannot identify a request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” cannot identify a request: 1 to 80 letters, digits and . _ : - without spaces")]
pub struct RequestIdError(pub String);

impl RequestId {
    /// The longest id, in bytes; a reversal’s may be longer by its prefix.
    pub const MAX_LENGTH: usize = 80;

    /// The id of the `sequence`-th refill of a meter.
    #[must_use]
    pub fn refill(serial: MeterSerial, sequence: u64) -> RequestId {
        RequestId(format!("refill:{serial}:{sequence}"))
    }

    /// The id of the usage that a meter's records `first` to `last` report.
    #[must_use]
    pub fn usage(serial: MeterSerial, first: u64, last: u64) -> RequestId {
        RequestId(format!("usage:{serial}:{first}-{last}"))
    }

    /// The id of what takes back what a meter holds, at its withdrawal or when it can be read no more: there can be only
    /// one.
    #[must_use]
    pub fn withdrawal(serial: MeterSerial) -> RequestId {
        RequestId(format!("withdrawal:{serial}"))
    }

    /// The id of what gives the customer what was taken back from a meter: there can be only one.
    #[must_use]
    pub fn refund(serial: MeterSerial) -> RequestId {
        RequestId(format!("refund:{serial}"))
    }

    /// The id of the transfer that gives a meter's spoiled mark of this count back.
    #[must_use]
    pub fn spoiled(serial: MeterSerial, pieces: PieceCount) -> RequestId {
        RequestId(format!("spoiled:{serial}:{pieces}"))
    }

    /// The id of a request that came with 16 random bytes of its own.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> RequestId {
        RequestId(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The id of the transfer that reverses the one of this id: there can be only one.
    #[must_use]
    pub fn reversal(&self) -> RequestId {
        RequestId(format!("{REVERSAL}{}", self.0))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(text: &str) -> Result<Self, RequestIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        let reversed = text.strip_prefix(REVERSAL).unwrap_or(text);
        if (1..=Self::MAX_LENGTH).contains(&reversed.len()) && text.bytes().all(allowed) {
            Ok(RequestId(text.to_owned()))
        } else {
            Err(RequestIdError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for RequestId {
    type Error = RequestIdError;

    fn try_from(text: String) -> Result<Self, RequestIdError> {
        text.parse()
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> String {
        id.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_machines_request_follows_from_the_request() {
        let serial = MeterSerial::new(42).unwrap();
        assert_eq!(RequestId::refill(serial, 17).as_str(), "refill:TM0000042:17");
        assert_eq!(RequestId::usage(serial, 1, 250).as_str(), "usage:TM0000042:1-250");
        assert_eq!(RequestId::withdrawal(serial).as_str(), "withdrawal:TM0000042");
        assert_eq!(RequestId::refund(serial).as_str(), "refund:TM0000042");
        assert_eq!(RequestId::from_bytes([0xAB; 16]).as_str(), "ab".repeat(16));
        assert_eq!(RequestId::refill(serial, 1).reversal().as_str(), "reversal:refill:TM0000042:1");
    }

    #[test]
    fn an_id_is_plain_text() {
        assert!("cheque-2026.08.23_0017".parse::<RequestId>().is_ok());
        for text in ["", "two words", "é", &"x".repeat(81)] {
            assert!(text.parse::<RequestId>().is_err(), "{text}");
        }
    }
}
