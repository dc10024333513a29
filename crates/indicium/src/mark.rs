//! A mark: data and the signature over it, which together are the payload of the Data Matrix.

use timbre_key_store::{BadSignature, KeyRole, KeyStore, PublicKey, Signature};

use crate::profile::DATA_LENGTH;
use crate::{MarkData, MarkError, SignError};

/// Data with a signature over it. Its data always fits the profile; whether the signature is
/// genuine is what [`Mark::verify`] and [`crate::verify::judge`] say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    data: MarkData,
    signature: Signature,
    payload: [u8; Mark::PAYLOAD_LENGTH],
}

impl Mark {
    /// The length of every payload: what a 40 × 40 Data Matrix holds in Base 256.
    pub const PAYLOAD_LENGTH: usize = DATA_LENGTH + Signature::LENGTH;

    /// Signs `data` with the indicium key of `keys`.
    ///
    /// # Errors
    /// [`SignError::Data`] if no mark can carry the data, [`SignError::Keys`] if the store fails.
    pub fn sign(data: MarkData, keys: &dyn KeyStore) -> Result<Mark, SignError> {
        let signed = data.to_be_signed()?;
        let signature = keys.sign(KeyRole::Indicium, &signed)?;
        Ok(Self::assemble(data, &signed, signature))
    }

    /// Joins data to a signature that was made over it earlier.
    ///
    /// # Errors
    /// If no mark can carry the data.
    pub fn from_parts(data: MarkData, signature: Signature) -> Result<Mark, crate::MarkDataError> {
        let signed = data.to_be_signed()?;
        Ok(Self::assemble(data, &signed, signature))
    }

    fn assemble(data: MarkData, signed: &[u8; DATA_LENGTH], signature: Signature) -> Mark {
        let mut payload = [0; Self::PAYLOAD_LENGTH];
        payload[..DATA_LENGTH].copy_from_slice(signed);
        payload[DATA_LENGTH..].copy_from_slice(&signature.to_bytes());
        Mark { data, signature, payload }
    }

    /// Reads a payload, accepting exactly what [`Mark::payload`] returns.
    ///
    /// # Errors
    /// [`MarkError`] naming what is not of this profile.
    pub fn parse(payload: &[u8]) -> Result<Mark, MarkError> {
        // What the symbol is comes first: a label of another kind is not a mark “of 30 bytes”.
        match payload.first() {
            Some(b'T') => {}
            Some(other) => return Err(MarkError::NotTimbre(*other)),
            None => return Err(MarkError::WrongLength(0)),
        }
        let payload: [u8; Self::PAYLOAD_LENGTH] =
            payload.try_into().map_err(|_| MarkError::WrongLength(payload.len()))?;
        let mut signed = [0; DATA_LENGTH];
        signed.copy_from_slice(&payload[..DATA_LENGTH]);
        let mut signature = [0; Signature::LENGTH];
        signature.copy_from_slice(&payload[DATA_LENGTH..]);
        let data = MarkData::read(&signed)?;
        Ok(Mark { data, signature: Signature::from_bytes(signature), payload })
    }

    /// The 112 bytes of the Data Matrix: data, then signature.
    #[must_use]
    pub const fn payload(&self) -> &[u8; Self::PAYLOAD_LENGTH] {
        &self.payload
    }

    /// What the mark says.
    #[must_use]
    pub const fn data(&self) -> &MarkData {
        &self.data
    }

    /// The signature over the data.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the signature against the public key of the meter's indicium key.
    ///
    /// # Errors
    /// [`BadSignature`] if the mark was not signed by that key.
    pub fn verify(&self, key: &PublicKey) -> Result<(), BadSignature> {
        key.verify(&self.payload[..DATA_LENGTH], &self.signature)
    }
}
