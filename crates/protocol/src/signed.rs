//! Messages with a signature: what is signed, by the key of which role, and how it is checked.

use timbre_key_store::{BadSignature, KeyRole, KeyStore, KeyStoreError, PublicKey, Signature};

use crate::canonical::Canonical;
use crate::content::Content;

/// Stands where a signature will be until [`Signed::sign`] puts it there. It verifies with no key.
pub const UNSIGNED: Signature = Signature::from_bytes([0; Signature::LENGTH]);

/// A message or part of one that carries a signature over all its other fields.
pub trait Signed: Content {
    /// Whose key signs it.
    const ROLE: KeyRole;

    /// The signature it carries.
    fn signature(&self) -> &Signature;

    /// The same with another signature.
    #[must_use]
    fn with_signature(self, signature: Signature) -> Self;

    /// What is signed: a heading `element/1` and a line `field=value` for every field but the signature.
    fn to_be_signed(&self) -> Vec<u8> {
        Canonical::bytes_of(self, "signature")
    }

    /// The same, signed; whatever stood in its place before ([`UNSIGNED`]) is gone.
    ///
    /// # Errors
    /// If the key store has no key for [`Signed::ROLE`] or cannot use it.
    fn sign(self, keys: &dyn KeyStore) -> Result<Self, KeyStoreError> {
        let signature = keys.sign(Self::ROLE, &self.to_be_signed())?;
        Ok(self.with_signature(signature))
    }

    /// Checks that the private half of `key` signed exactly this.
    ///
    /// # Errors
    /// [`BadSignature`] if not: a breach, or the wrong key.
    fn verify(&self, key: &PublicKey) -> Result<(), BadSignature> {
        key.verify(&self.to_be_signed(), self.signature())
    }
}

/// `signed!(Type by KeyRole::Device)` for a struct with a field `signature`.
macro_rules! signed {
    ($type:ident by $role:path) => {
        impl $crate::Signed for $type {
            const ROLE: timbre_key_store::KeyRole = $role;

            fn signature(&self) -> &timbre_key_store::Signature {
                &self.signature
            }

            fn with_signature(self, signature: timbre_key_store::Signature) -> Self {
                Self { signature, ..self }
            }
        }
    };
}
pub(crate) use signed;
