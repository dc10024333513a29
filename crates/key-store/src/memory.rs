//! Keys in memory: made at random, gone with the process. For servers' tests and simulations, and
//! the part of every other software store that does the signing.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use zeroize::Zeroizing;

use crate::{KeyRole, KeyStore, KeyStoreError, MalformedKey, PublicKey, Signature};

/// The length in bytes of a P-256 private key.
pub(crate) const PRIVATE_LENGTH: usize = 32;

/// One key pair per role, held by the cryptographic library (which wipes them when they are dropped).
pub struct MemoryKeys {
    pairs: BTreeMap<KeyRole, Pair>,
}

struct Pair {
    secret: EcdsaKeyPair,
    public: PublicKey,
}

/// The bytes of one key pair on their way to or from a file; the private part is wiped when dropped.
pub(crate) struct ExportedPair {
    pub(crate) role: KeyRole,
    pub(crate) private: Zeroizing<[u8; PRIVATE_LENGTH]>,
    pub(crate) public: PublicKey,
}

impl MemoryKeys {
    /// Makes a fresh random key for each of `roles`.
    ///
    /// # Errors
    /// [`KeyStoreError::Cryptography`] if the library has no randomness.
    pub fn generate(roles: &[KeyRole]) -> Result<Self, KeyStoreError> {
        let fault = || KeyStoreError::Cryptography("make a key");
        let mut pairs = BTreeMap::new();
        for role in roles {
            let secret =
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| fault())?;
            let public = PublicKey::from_sec1(secret.public_key().as_ref()).map_err(|_| fault())?;
            pairs.insert(*role, Pair { secret, public });
        }
        Ok(MemoryKeys { pairs })
    }

    /// Rebuilds a store from exported pairs, which must each be a matching private and public key.
    pub(crate) fn import(exported: &[ExportedPair]) -> Result<Self, MalformedKey> {
        let mut pairs = BTreeMap::new();
        for pair in exported {
            let secret = EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                pair.private.as_slice(),
                pair.public.sec1(),
            )
            .map_err(|_| MalformedKey { expected: "a matching pair of P-256 keys" })?;
            pairs.insert(pair.role, Pair { secret, public: pair.public });
        }
        Ok(MemoryKeys { pairs })
    }

    pub(crate) fn export(&self) -> Result<Vec<ExportedPair>, KeyStoreError> {
        let fault = || KeyStoreError::Cryptography("export a key");
        self.pairs
            .iter()
            .map(|(role, pair)| {
                // `bytes` wipes itself when dropped, as does the copy.
                let bytes = pair.secret.private_key().as_be_bytes().map_err(|_| fault())?;
                let mut private = Zeroizing::new([0; PRIVATE_LENGTH]);
                if bytes.as_ref().len() != PRIVATE_LENGTH {
                    return Err(fault());
                }
                private.copy_from_slice(bytes.as_ref());
                Ok(ExportedPair { role: *role, private, public: pair.public })
            })
            .collect()
    }

    fn pair(&self, role: KeyRole) -> Result<&Pair, KeyStoreError> {
        self.pairs.get(&role).ok_or(KeyStoreError::NoKey(role))
    }
}

impl KeyStore for MemoryKeys {
    fn sign(&self, role: KeyRole, message: &[u8]) -> Result<Signature, KeyStoreError> {
        let signed = self
            .pair(role)?
            .secret
            .sign(&SystemRandom::new(), message)
            .map_err(|_| KeyStoreError::Cryptography("sign"))?;
        let bytes = signed.as_ref().try_into();
        bytes.map(Signature::from_bytes).map_err(|_| KeyStoreError::Cryptography("sign"))
    }

    fn public_key(&self, role: KeyRole) -> Result<PublicKey, KeyStoreError> {
        self.pair(role).map(|pair| pair.public)
    }
}

impl fmt::Debug for MemoryKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.pairs.iter().map(|(role, pair)| (role, &pair.public))).finish()
    }
}
