//! A signature as 64 bytes, r then s, each big-endian.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::MalformedKey;

/// An ECDSA P-256 signature in its fixed form (r ‖ s). Written in base64 where it is text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; Signature::LENGTH]);

/// The signature was not made by this key over this message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the signature does not match the message and the key")]
pub struct BadSignature;

impl Signature {
    /// The length in bytes of every signature.
    pub const LENGTH: usize = 64;

    /// From its 64 bytes; whether it verifies is another question.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Signature(bytes)
    }

    /// The 64 bytes, r ‖ s.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LENGTH] {
        self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let bad = MalformedKey { expected: "a signature: 64 bytes in base64" };
        let Ok(bytes) = STANDARD.decode(text) else { return Err(bad) };
        bytes.try_into().map(Signature).map_err(|_| bad)
    }
}

impl TryFrom<String> for Signature {
    type Error = MalformedKey;

    fn try_from(text: String) -> Result<Self, MalformedKey> {
        text.parse()
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> String {
        signature.to_string()
    }
}
