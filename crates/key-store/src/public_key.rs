//! The public half of a key, and the short id by which marks and certificates name it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::{BadSignature, MalformedKey, Signature};

/// A P-256 public key that is known to be a point of the curve. Written in base64 where it is text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; PublicKey::LENGTH]);

/// The first eight bytes of the SHA-256 of a public key's SEC 1 point. Written in hexadecimal.
///
/// It tells apart the keys of one meter; it is no proof of anything without a signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId([u8; KeyId::LENGTH]);

impl PublicKey {
    /// The length in bytes of an uncompressed point: 0x04, x, y.
    pub const LENGTH: usize = 65;

    /// From an uncompressed SEC 1 point.
    ///
    /// # Errors
    /// If the bytes are not 65, or not a point of the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, MalformedKey> {
        let bad = || MalformedKey { expected: "a P-256 public key: an uncompressed point" };
        let point: [u8; Self::LENGTH] = bytes.try_into().map_err(|_| bad())?;
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| bad())?;
        Ok(PublicKey(point))
    }

    /// The uncompressed SEC 1 point.
    #[must_use]
    pub const fn sec1(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The short id of this key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        let hash = digest::digest(&digest::SHA256, &self.0);
        let mut id = [0; KeyId::LENGTH];
        id.copy_from_slice(&hash.as_ref()[..KeyId::LENGTH]);
        KeyId(id)
    }

    /// Checks that `signature` was made over `message` by the private half of this key.
    ///
    /// # Errors
    /// [`BadSignature`] if it was not.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0)
            .map_err(|_| BadSignature)?
            .verify_sig(message, &signature.to_bytes())
            .map_err(|_| BadSignature)
    }
}

impl KeyId {
    /// The length in bytes.
    pub const LENGTH: usize = 8;

    /// From its eight bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        KeyId(bytes)
    }

    /// The eight bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LENGTH] {
        self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.key_id())
    }
}

impl FromStr for PublicKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| MalformedKey { expected: "a P-256 public key: 65 bytes in base64" })?;
        Self::from_sec1(&bytes)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = MalformedKey;

    fn try_from(text: String) -> Result<Self, MalformedKey> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let bad = MalformedKey { expected: "a key id: sixteen hexadecimal digits" };
        if text.len() != 2 * Self::LENGTH || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad);
        }
        u64::from_str_radix(text, 16).map(|id| KeyId(id.to_be_bytes())).map_err(|_| bad)
    }
}

impl TryFrom<String> for KeyId {
    type Error = MalformedKey;

    fn try_from(text: String) -> Result<Self, MalformedKey> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.to_string()
    }
}
