//! Signing and verifying by the role of a key, with the place where keys live behind one trait.
//!
//! A caller asks a [`KeyStore`] to sign as [`KeyRole::Indicium`]; it never holds a private key, so
//! the store can be memory, a sealed file or a hardware module. Every signature is ECDSA over P-256
//! with SHA-256 in its fixed 64-byte form. This crate refuses to hand a private key out, to replace
//! a key file that exists, and to read one that is not exactly what was sealed. It knows nothing of
//! meters, money or certificates.

#![warn(missing_docs)]

mod custody;
mod disk;
mod error;
mod memory;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(not(feature = "pkcs11"))]
#[path = "pkcs11_absent.rs"]
mod pkcs11;
mod public_key;
mod role;
mod seal;
mod sealed;
mod sealed_format;
mod signature;
mod token;

pub use custody::Custody;
pub use error::{KeyStoreError, MalformedKey};
pub use memory::MemoryKeys;
pub use pkcs11::TokenKeys;
pub use public_key::{KeyId, PublicKey};
pub use role::KeyRole;
pub use seal::Seal;
pub use sealed::SealedKeys;
pub use signature::{BadSignature, Signature};
pub use token::{PinTries, Token, TokenKey, TokenTrouble};

/// Where private keys live. Object safe, so that a device is built over `Arc<dyn KeyStore>`.
pub trait KeyStore: Send + Sync {
    /// Signs `message` with the private key of `role`.
    ///
    /// # Errors
    /// [`KeyStoreError::NoKey`] when the store was made without that role, or a fault of the
    /// cryptographic library.
    fn sign(&self, role: KeyRole, message: &[u8]) -> Result<Signature, KeyStoreError>;

    /// The public half of the key of `role`.
    ///
    /// # Errors
    /// [`KeyStoreError::NoKey`] when the store was made without that role.
    fn public_key(&self, role: KeyRole) -> Result<PublicKey, KeyStoreError>;
}
