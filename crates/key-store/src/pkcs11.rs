//! Keys in a token that speaks PKCS#11: made in it, used in it, never out of it.
//!
//! A key is found by its label. A token that goes away is a fault with advice, and is looked for again at the next use: the
//! sessions, the login and the handles are all taken anew. A PIN that was refused is not tried again, because a token
//! locks itself. This refuses a private key that the token would let out, and a label under which another key appears.

mod line;
mod pin;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;

use crate::token::TokenTrouble;
use crate::{KeyRole, KeyStore, KeyStoreError, PublicKey, Signature, Token, TokenKey};
use line::Line;

/// The keys of some roles in a token.
pub struct TokenKeys {
    token: Token,
    keys: BTreeMap<KeyRole, Known>,
    way: Mutex<Way>,
}

struct Known {
    label: String,
    public: PublicKey,
}

/// The way to the token.
enum Way {
    Open(Arc<Line>),
    Closed,
    /// It refused the PIN: trying again would only lock it.
    Barred(TokenTrouble),
}

impl TokenKeys {
    /// Finds the key of each role by its label.
    ///
    /// # Errors
    /// [`KeyStoreError::Token`] says what is wrong with the token or a key, and what to do.
    pub fn open(token: &Token, labels: &[(KeyRole, String)]) -> Result<Self, KeyStoreError> {
        Self::over(token, labels, |_, _| Ok(()))
    }

    /// Finds the key of each role by its label, and has the token make those that it does not hold.
    ///
    /// # Errors
    /// As [`TokenKeys::open`].
    pub fn open_or_create(
        token: &Token,
        labels: &[(KeyRole, String)],
    ) -> Result<Self, KeyStoreError> {
        Self::over(token, labels, Line::make_if_missing)
    }

    fn over(
        token: &Token,
        labels: &[(KeyRole, String)],
        prepare: impl Fn(&Line, &str) -> Result<(), TokenTrouble>,
    ) -> Result<Self, KeyStoreError> {
        let line = Line::open(token)?;
        let mut keys = BTreeMap::new();
        for (role, label) in labels {
            let found = prepare(&line, label).and_then(|()| line.describe(label));
            let public = found.map_err(|trouble| token.error(trouble))?.public;
            keys.insert(*role, Known { label: label.clone(), public });
        }
        let way = Mutex::new(Way::Open(Arc::new(line)));
        Ok(TokenKeys { token: token.clone(), keys, way })
    }

    /// What the token says of each key, after it has signed and the signature was verified.
    ///
    /// # Errors
    /// As [`TokenKeys::open`].
    pub fn check(&self) -> Result<Vec<TokenKey>, KeyStoreError> {
        const TEXT: &[u8] = b"key-check/1\n";
        let mut described = Vec::new();
        for (role, known) in &self.keys {
            let line = self.line()?;
            let key = line.describe(&known.label).map_err(|trouble| self.token.error(trouble))?;
            if known.public.verify(TEXT, &self.sign(*role, TEXT)?).is_err() {
                return Err(self.token.error(TokenTrouble::Unsound(known.label.clone())));
            }
            described.push(key);
        }
        Ok(described)
    }

    /// Destroys the keys for good.
    ///
    /// # Errors
    /// As [`TokenKeys::open`].
    pub fn destroy(self) -> Result<(), KeyStoreError> {
        let line = self.line()?;
        let destroyed = self.keys.values().try_for_each(|known| line.destroy(&known.label));
        destroyed.map_err(|trouble| self.token.error(trouble))
    }

    fn known(&self, role: KeyRole) -> Result<&Known, KeyStoreError> {
        self.keys.get(&role).ok_or(KeyStoreError::NoKey(role))
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line to the token, opened again where it was lost.
    fn line(&self) -> Result<Arc<Line>, KeyStoreError> {
        let mut way = self.way();
        match &*way {
            Way::Open(line) => return Ok(Arc::clone(line)),
            Way::Barred(trouble) => return Err(self.token.error(trouble.clone())),
            Way::Closed => {}
        }
        let opened = Line::open(&self.token).and_then(|line| {
            for known in self.keys.values() {
                let found = line.describe(&known.label);
                if found.map_err(|trouble| self.token.error(trouble))?.public != known.public {
                    let other = TokenTrouble::OtherKey(known.label.clone());
                    return Err(self.token.error(other));
                }
            }
            Ok(Arc::new(line))
        });
        match opened {
            Ok(line) => {
                *way = Way::Open(Arc::clone(&line));
                Ok(line)
            }
            Err(error) => {
                if let KeyStoreError::Token {
                    trouble: trouble @ TokenTrouble::WrongPin(_), ..
                } = &error
                {
                    *way = Way::Barred(trouble.clone());
                }
                Err(error)
            }
        }
    }

    /// Gives up `lost`, unless somebody else has opened another line meanwhile.
    fn hang_up(&self, lost: &Arc<Line>) {
        let mut way = self.way();
        if matches!(&*way, Way::Open(line) if Arc::ptr_eq(line, lost)) {
            *way = Way::Closed;
        }
    }
}

impl KeyStore for TokenKeys {
    fn sign(&self, role: KeyRole, message: &[u8]) -> Result<Signature, KeyStoreError> {
        let known = self.known(role)?;
        let digest = digest::digest(&digest::SHA256, message);
        let line = self.line()?;
        if let Ok(signature) = line.sign(&known.label, digest.as_ref()) {
            return Ok(signature);
        }
        // The token may have been taken out and put back: once more, from the beginning.
        self.hang_up(&line);
        let line = self.line()?;
        line.sign(&known.label, digest.as_ref()).map_err(|trouble| {
            self.hang_up(&line);
            self.token.error(trouble)
        })
    }

    fn public_key(&self, role: KeyRole) -> Result<PublicKey, KeyStoreError> {
        self.known(role).map(|known| known.public)
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.iter().map(|(role, known)| (role, &known.public));
        f.debug_struct("TokenKeys")
            .field("token", &self.token.name)
            .field("keys", &keys.collect::<Vec<_>>())
            .finish()
    }
}
