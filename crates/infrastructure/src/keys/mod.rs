//! The deployment's signing keys: several to a role while one takes another's place. The newest signs; a meter is answered
//! with the key that it believes, which it shows at sign-in; what a revoked key signed is not taken.
//!
//! Which keys there are stands in the database, so every process knows the same ones. The private halves are where
//! [`Place`] says, and never leave it.

mod place;
mod state;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use timbre_key_store::{KeyId, KeyRole, KeyStore, KeyStoreError, PublicKey, Signature};
use timbre_protocol::{Message, Signed, read, write};

pub(crate) use place::Place;
pub use state::KeyState;
pub(crate) use state::states;

use crate::store::role_keys::{self, KnownKey};
use crate::store::{Store, StoreError};

/// The keys of a deployment as one process has them.
pub(crate) struct Keyring {
    place: Place,
    ring: RwLock<Arc<Vec<RoleKey>>>,
}

/// A key, by role and then by generation.
#[derive(Clone)]
pub(crate) struct RoleKey {
    pub(crate) known: KnownKey,
    pub(crate) state: KeyState,
    /// Its private half, if it is here.
    pub(crate) held: Option<Arc<dyn KeyStore>>,
}

/// Why nothing can be signed for a meter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unbelievable {
    /// It believes a key that was revoked.
    Revoked,
    /// It believes a key that is not this deployment's, or whose private half is not here.
    Unknown,
}

impl Keyring {
    /// The one key of each role that is given, for good.
    pub(crate) fn given(keys: Arc<dyn KeyStore>, now: Timestamp) -> Result<Self, KeyStoreError> {
        let known = first_keys(&*keys, now)?;
        Keyring::new(Place::Given, &keys, known, now)
    }

    /// The keys that are `known`, the `first` of each role among them.
    pub(crate) fn new(
        place: Place,
        first: &Arc<dyn KeyStore>,
        known: Vec<KnownKey>,
        now: Timestamp,
    ) -> Result<Self, KeyStoreError> {
        let before: Vec<RoleKey> = known
            .iter()
            .filter(|known| known.generation == 1)
            .map(|known| RoleKey {
                known: known.clone(),
                state: KeyState::Active,
                held: Some(Arc::clone(first)),
            })
            .collect();
        let ring = ring(&place, &before, known, now)?;
        Ok(Keyring { place, ring: RwLock::new(Arc::new(ring)) })
    }

    /// Takes up what another process has changed, and what the clock has.
    pub(crate) async fn refresh(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let known = role_keys::all(&mut *store.reader().await?).await?;
        let fault = |error: KeyStoreError| StoreError::Fault(error.to_string());
        self.take_up(known, now).map_err(fault)
    }

    pub(crate) fn take_up(
        &self,
        known: Vec<KnownKey>,
        now: Timestamp,
    ) -> Result<(), KeyStoreError> {
        if known.is_empty() {
            return Ok(());
        }
        let ring = ring(&self.place, &self.keys(), known, now)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    /// Every key.
    pub(crate) fn keys(&self) -> Arc<Vec<RoleKey>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has the next key of a role made, or finds the one that an interrupted rotation made.
    pub(crate) fn make(&self, role: KeyRole, generation: u32) -> Result<PublicKey, KeyStoreError> {
        self.place.make(role, generation)?.public_key(role)
    }

    /// The public keys whose signatures are taken for a role, the one that signs first.
    pub(crate) fn taken(&self, role: KeyRole) -> Vec<PublicKey> {
        let keys = self.keys();
        let is = |states: &'static [KeyState]| {
            let of = move |key: &&RoleKey| key.known.role == role && states.contains(&key.state);
            keys.iter().filter(of).map(|key| key.known.public)
        };
        is(&[KeyState::Active]).chain(is(&[KeyState::Next, KeyState::Retiring])).collect()
    }

    /// Whether a role has more than one key, so that it matters which one a meter believes.
    pub(crate) fn has_choice(&self, role: KeyRole) -> bool {
        self.keys().iter().filter(|key| key.known.role == role).count() > 1
    }

    /// What signs for a meter that believes the key `id` in this role; `None` believes the first.
    pub(crate) fn believed(
        &self,
        role: KeyRole,
        id: Option<KeyId>,
    ) -> Result<Arc<dyn KeyStore>, Unbelievable> {
        let keys = self.keys();
        let is_it = |key: &&RoleKey| {
            let same = id.map_or(key.known.generation == 1, |id| key.known.public.key_id() == id);
            key.known.role == role && same
        };
        let key = keys.iter().find(is_it).ok_or(Unbelievable::Unknown)?;
        match key.state {
            KeyState::Revoked => Err(Unbelievable::Revoked),
            _ => key.held.clone().ok_or(Unbelievable::Unknown),
        }
    }

    fn active(&self, role: KeyRole) -> Result<(PublicKey, Arc<dyn KeyStore>), KeyStoreError> {
        let keys = self.keys();
        let active = keys
            .iter()
            .find(|key| key.known.role == role && key.state == KeyState::Active)
            .and_then(|key| Some((key.known.public, key.held.clone()?)));
        active.ok_or(KeyStoreError::NoKey(role))
    }
}

impl KeyStore for Keyring {
    fn sign(&self, role: KeyRole, message: &[u8]) -> Result<Signature, KeyStoreError> {
        self.active(role)?.1.sign(role, message)
    }

    fn public_key(&self, role: KeyRole) -> Result<PublicKey, KeyStoreError> {
        self.active(role).map(|(public, _)| public)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys();
        let shown = keys.iter().map(|key| (key.known.role, key.known.public, key.state));
        f.debug_list().entries(shown).finish()
    }
}

/// The first key of each role, as a new deployment notes them.
pub(crate) fn first_keys(
    keys: &dyn KeyStore,
    now: Timestamp,
) -> Result<Vec<KnownKey>, KeyStoreError> {
    let first = |role| {
        Ok(KnownKey {
            role,
            generation: 1,
            public: keys.public_key(role)?,
            made: now,
            signs_from: now,
            retires: None,
            revoked: None,
            reason: None,
        })
    };
    KeyRole::INFRASTRUCTURE_SIDE.into_iter().map(first).collect()
}

/// The keys that are known, with the private halves that were held `before` and those that are here now.
fn ring(
    place: &Place,
    before: &[RoleKey],
    known: Vec<KnownKey>,
    now: Timestamp,
) -> Result<Vec<RoleKey>, KeyStoreError> {
    let states = states(&known, now);
    let joined = known.into_iter().zip(states).map(|(known, state)| {
        let same = |key: &&RoleKey| key.known.public == known.public;
        let held = match before.iter().find(same).and_then(|key| key.held.clone()) {
            Some(held) => Some(held),
            None => place.later(known.role, known.generation)?.filter(|held| {
                held.public_key(known.role).is_ok_and(|public| public == known.public)
            }),
        };
        if held.is_none() && state == KeyState::Active {
            let (role, generation) = (known.role, known.generation);
            tracing::error!(%role, generation, "the private key that should sign is not here: copy the folder keys from where it was made");
        }
        Ok(RoleKey { known, state, held })
    });
    joined.collect()
}

/// A stored reply for a meter that may have come to believe another key since: the same content, signed by `keys`. The
/// very bytes where the signature still holds.
pub(crate) fn signed_again<M: Message + Signed>(
    stored: String,
    keys: &dyn KeyStore,
) -> Result<String, StoreError> {
    let fault = |error: &dyn fmt::Display| StoreError::Fault(error.to_string());
    let public = keys.public_key(M::ROLE).map_err(|error| fault(&error))?;
    let message: M = read(stored.as_bytes()).map_err(|error| fault(&error))?;
    if message.verify(&public).is_ok() {
        return Ok(stored);
    }
    Ok(write(&message.sign(keys).map_err(|error| fault(&error))?))
}
