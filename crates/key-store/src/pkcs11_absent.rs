//! What stands for PKCS#11 in a program that was built without it: the same face, and an error that says so.

use std::convert::Infallible;

use crate::token::TokenTrouble;
use crate::{KeyRole, KeyStore, KeyStoreError, PublicKey, Signature, Token, TokenKey};

/// The keys of some roles in a token; there are none in this program.
#[derive(Debug)]
pub struct TokenKeys(Infallible);

impl TokenKeys {
    /// Refused.
    ///
    /// # Errors
    /// [`KeyStoreError::Token`], always.
    pub fn open(token: &Token, _: &[(KeyRole, String)]) -> Result<Self, KeyStoreError> {
        Err(token.error(TokenTrouble::NotBuilt))
    }

    /// Refused.
    ///
    /// # Errors
    /// [`KeyStoreError::Token`], always.
    pub fn open_or_create(
        token: &Token,
        labels: &[(KeyRole, String)],
    ) -> Result<Self, KeyStoreError> {
        Self::open(token, labels)
    }

    /// Of no key.
    ///
    /// # Errors
    /// None: there is no such value.
    pub fn check(&self) -> Result<Vec<TokenKey>, KeyStoreError> {
        match self.0 {}
    }

    /// Of no key.
    ///
    /// # Errors
    /// None: there is no such value.
    pub fn destroy(self) -> Result<(), KeyStoreError> {
        match self.0 {}
    }
}

impl KeyStore for TokenKeys {
    fn sign(&self, _: KeyRole, _: &[u8]) -> Result<Signature, KeyStoreError> {
        match self.0 {}
    }

    fn public_key(&self, _: KeyRole) -> Result<PublicKey, KeyStoreError> {
        match self.0 {}
    }
}
