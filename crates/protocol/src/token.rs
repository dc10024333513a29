//! The token by which the Distributor says who a meter is (REQ IDENT-1). Every other service verifies it without asking
//! anyone; it is sent as `Authorization: Timbre <token>`.
//!
//! `1.TM0000042.<issued>.<expires>.<id>.<signature>`: instants in whole Unix seconds, the id in hexadecimal, the
//! signature in base64. It is short-lived instead of revocable.

use jiff::{SignedDuration, Timestamp};
use timbre_key_store::{KeyRole, KeyStore, KeyStoreError, PublicKey, Signature};
use timbre_postage::MeterSerial;

use crate::Nonce;
use crate::scalar::{from_hex, to_hex};

/// The scheme of the `Authorization` header.
pub const SCHEME: &str = "Timbre";

/// More characters than any token has; a longer text is not looked at.
const MAXIMUM_LENGTH: usize = 256;

/// Who a meter is, and until when that is believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// The meter.
    pub serial: MeterSerial,
    /// From when on it is valid, in whole seconds.
    pub issued: Timestamp,
    /// From when on it is not, in whole seconds.
    pub expires: Timestamp,
    /// Tells it apart from every other token, in logs.
    pub id: Nonce,
}

/// Why a token is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// Not the text of a token.
    #[error("this is not a token of this system: {0}")]
    Malformed(&'static str),
    /// Forged, altered, or of another deployment.
    #[error("the token was not signed by this system's Distributor")]
    BadSignature,
    /// Too old: sign in again.
    #[error("the token expired at {expires}; sign in again")]
    Expired {
        /// When.
        expires: Timestamp,
    },
    /// The clocks of the Distributor and of this server disagree.
    #[error("the token is valid only from {issued} on; check the clocks of the servers")]
    NotYetValid {
        /// From when on it is valid.
        issued: Timestamp,
    },
}

impl TokenError {
    /// The stable code of the refusal that this becomes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            TokenError::Malformed(_) => "token-malformed",
            TokenError::BadSignature => "token-not-genuine",
            TokenError::Expired { .. } => "token-expired",
            TokenError::NotYetValid { .. } => "token-not-yet-valid",
        }
    }
}

impl Token {
    /// A token for `serial`, valid from `now` for `lifetime`, both cut to whole seconds.
    #[must_use]
    pub fn new(serial: MeterSerial, now: Timestamp, lifetime: SignedDuration, id: Nonce) -> Self {
        let issued = whole(now.as_second());
        let expires = whole(now.as_second().saturating_add(lifetime.as_secs()));
        Token { serial, issued, expires, id }
    }

    /// The text of the token, signed by the Distributor's key.
    ///
    /// # Errors
    /// If the key store has no Distributor key or cannot use it.
    pub fn issue(&self, keys: &dyn KeyStore) -> Result<String, KeyStoreError> {
        let signature = keys.sign(KeyRole::Distributor, &self.to_be_signed())?;
        Ok(self.text(&signature))
    }

    /// What the Distributor's key signs; the heading keeps it apart from anything else a key signs.
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        to_be_signed(&self.body())
    }

    /// The text of the token with a signature made elsewhere.
    #[must_use]
    pub fn text(&self, signature: &Signature) -> String {
        format!("{}.{signature}", self.body())
    }

    /// Reads a token's text and believes it only if the Distributor signed it and `now` lies within its time.
    ///
    /// # Errors
    /// [`TokenError`]; the signature is judged before the time.
    pub fn verify(text: &str, distributor: &PublicKey, now: Timestamp) -> Result<Self, TokenError> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(TokenError::Malformed("it is too long"));
        }
        let (body, signature) =
            text.rsplit_once('.').ok_or(TokenError::Malformed("it has no signature"))?;
        let signature: Signature =
            signature.parse().map_err(|_| TokenError::Malformed("its signature is not one"))?;
        let token = Token::parse(body)?;
        distributor
            .verify(&to_be_signed(body), &signature)
            .map_err(|_| TokenError::BadSignature)?;
        if now < token.issued {
            return Err(TokenError::NotYetValid { issued: token.issued });
        }
        if now >= token.expires {
            return Err(TokenError::Expired { expires: token.expires });
        }
        Ok(token)
    }

    fn body(&self) -> String {
        let (issued, expires) = (self.issued.as_second(), self.expires.as_second());
        format!("1.{}.{issued}.{expires}.{}", self.serial, to_hex(&self.id))
    }

    /// Reads what stands before the signature; it proves nothing yet.
    fn parse(body: &str) -> Result<Self, TokenError> {
        let bad = TokenError::Malformed;
        let instant = |text: &str| {
            let seconds = text.parse().map_err(|_| bad("a time in it is not one"))?;
            Timestamp::from_second(seconds).map_err(|_| bad("a time in it is out of range"))
        };
        let parts: Vec<&str> = body.split('.').collect();
        let ["1", serial, issued, expires, id] = parts[..] else {
            return Err(bad("it does not have the parts of version 1"));
        };
        Ok(Token {
            serial: serial.parse().map_err(|_| bad("the meter serial in it is not one"))?,
            issued: instant(issued)?,
            expires: instant(expires)?,
            id: from_hex(id).ok_or_else(|| bad("the id in it is not one"))?,
        })
    }
}

fn to_be_signed(body: &str) -> Vec<u8> {
    format!("token/{body}").into_bytes()
}

/// The instant of a Unix second, at the end of time if it lies beyond it.
fn whole(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
