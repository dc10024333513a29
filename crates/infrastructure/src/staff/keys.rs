//! The deployment's signing keys: looked at, rotated, revoked. A new key is known to every process before it signs; meters
//! come to believe it by a new operational block, signed by the key that they believe.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_key_store::{KeyId, KeyRole, PublicKey};
use timbre_postage::MeterSerial;

use super::{Staff, StaffError};
use crate::keys::{KeyState, states};
use crate::store::device_keys::{self, DeviceKeys};
use crate::store::role_keys::{self, KnownKey};
use crate::store::{StoreError, Work, audit, contacts};

/// Every process takes up a new key well within this.
const KNOWN_BEFORE: SignedDuration = SignedDuration::from_secs(60);

/// How a key takes another's place.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// How long what the old key signed is still taken.
    pub overlap: SignedDuration,
    /// For an emergency: it signs at once, and a process that does not know it yet refuses what it signed for some seconds.
    pub at_once: bool,
}

/// A key of the deployment.
#[derive(Clone, Debug, Serialize)]
pub struct SigningKey {
    /// What it signs.
    #[serde(serialize_with = "role")]
    pub role: KeyRole,
    /// Which of its role, from 1.
    pub generation: u32,
    /// Its short id.
    pub id: KeyId,
    /// Its public half.
    pub public_key: PublicKey,
    /// What it is used for today.
    pub state: KeyState,
    /// When it was made.
    pub made: Timestamp,
    /// From when on it signs, or signed.
    pub signs_from: Timestamp,
    /// From when on it is no longer needed.
    pub retires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// Whether its private half is here.
    pub held: bool,
    /// How many meters believed it when they last signed in; none for a role that meters do not believe by name.
    pub believed_by: Option<u64>,
}

/// A key that a meter's marks may bear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarkKey {
    /// The key.
    pub key: PublicKey,
    /// From when on.
    pub from: Timestamp,
    /// When the device proposed the next one; marks that it had made then are dated up to thirty days ahead.
    pub until: Option<Timestamp>,
}

fn role<S: serde::Serializer>(role: &KeyRole, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(role.as_str())
}

impl Staff {
    /// Every key, by role and generation.
    ///
    /// # Errors
    /// A fault of the store or the keys.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StaffError> {
        self.keys.refresh(&self.store, self.now()).await?;
        let mut connection = self.store.reader().await?;
        let mut shown = Vec::new();
        for key in self.keys.keys().iter() {
            let id = key.known.public.key_id();
            let believed_by = match key.known.role {
                KeyRole::Funds | KeyRole::Rates => {
                    Some(contacts::believing(&mut connection, key.known.role, id).await?)
                }
                _ => None,
            };
            shown.push(SigningKey {
                role: key.known.role,
                generation: key.known.generation,
                id,
                public_key: key.known.public,
                state: key.state,
                made: key.known.made,
                signs_from: key.known.signs_from,
                retires: key.known.retires,
                revoked: key.known.revoked,
                reason: key.known.reason.clone(),
                held: key.held.is_some(),
                believed_by,
            });
        }
        Ok(shown)
    }

    /// Every key, after each that is here has signed and the signature was verified.
    ///
    /// # Errors
    /// [`StaffError::UnsoundKey`]; a fault of the store or the keys.
    pub async fn check_keys(&self) -> Result<Vec<SigningKey>, StaffError> {
        const TEXT: &[u8] = b"key-check/1\n";
        let shown = self.signing_keys().await?;
        for key in self.keys.keys().iter() {
            let Some(held) = &key.held else { continue };
            let (role, public) = (key.known.role, key.known.public);
            if public.verify(TEXT, &held.sign(role, TEXT)?).is_err() {
                return Err(StaffError::UnsoundKey { role, id: public.key_id() });
            }
        }
        Ok(shown)
    }

    /// The keys that a meter's marks may bear, oldest first: from when each was proposed to when the next one was. None of a
    /// meter that never renewed its keys: then there is the one it was enrolled with.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn mark_keys(&self, serial: MeterSerial) -> Result<Vec<MarkKey>, StaffError> {
        let known = device_keys::of(&mut *self.store.reader().await?, serial).await?;
        let until = known.iter().skip(1).map(|next| Some(next.renewed)).chain([None]);
        let key = |(keys, until): (&DeviceKeys, _)| MarkKey {
            key: keys.indicium,
            from: keys.renewed,
            until,
        };
        Ok(known.iter().zip(until).map(key).collect())
    }

    /// Has a new key take the place of the one that signs for `role`.
    ///
    /// Interrupted, it can be asked again: a key that was made and not noted is found and used.
    ///
    /// # Errors
    /// [`StaffError::RotationUnderWay`] while a key waits to sign; a fault of the store or the keys.
    pub async fn rotate_key(
        &self,
        role: KeyRole,
        rotation: Rotation,
    ) -> Result<Vec<SigningKey>, StaffError> {
        let known = role_keys::all(&mut *self.store.reader().await?).await?;
        let last = known.iter().filter(|key| key.role == role).map(|key| key.generation).max();
        let generation = last.unwrap_or(0) + 1;
        let public = self.keys.make(role, generation)?;
        let now = self.now();
        let key = KnownKey {
            role,
            generation,
            public,
            made: now,
            signs_from: if rotation.at_once { now } else { now + KNOWN_BEFORE },
            retires: None,
            revoked: None,
            reason: None,
        };
        self.store
            .write(Rotate { key, overlap: rotation.overlap, who: self.who.clone() })
            .await??;
        self.signing_keys().await
    }

    /// Revokes a key: nothing that it signed, or will sign, is taken any more.
    ///
    /// # Errors
    /// [`StaffError::UnknownKey`]; [`StaffError::OnlyKey`] when no other could sign; a fault of the store or the keys.
    pub async fn revoke_key(
        &self,
        role: KeyRole,
        id: KeyId,
        reason: &str,
    ) -> Result<Vec<SigningKey>, StaffError> {
        let (who, reason, now) = (self.who.clone(), reason.to_owned(), self.now());
        self.store.write(Revoke { role, id, reason, who, now }).await??;
        self.signing_keys().await
    }
}

struct Rotate {
    key: KnownKey,
    overlap: SignedDuration,
    who: String,
}

impl Work for Rotate {
    type Output = Result<(), StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let (role, now) = (self.key.role, self.key.made);
        let known: Vec<KnownKey> =
            role_keys::all(tx).await?.into_iter().filter(|key| key.role == role).collect();
        for (mut key, state) in known.clone().into_iter().zip(states(&known, now)) {
            match state {
                KeyState::Next => return Ok(Err(StaffError::RotationUnderWay(role))),
                KeyState::Active => {
                    key.retires = Some(self.key.signs_from + self.overlap);
                    role_keys::update(tx, &key).await?;
                }
                _ => {}
            }
        }
        role_keys::add(tx, &self.key).await?;
        let (generation, id) = (self.key.generation, self.key.public.key_id());
        let detail = format!("{role} key {generation}, {id}, signs from {}", self.key.signs_from);
        audit::append(tx, "keys", now, &self.who, "key-rotated", detail).await?;
        Ok(Ok(()))
    }
}

struct Revoke {
    role: KeyRole,
    id: KeyId,
    reason: String,
    who: String,
    now: Timestamp,
}

impl Work for Revoke {
    type Output = Result<(), StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let known = role_keys::all(tx).await?;
        let is_it = |key: &&KnownKey| key.role == self.role && key.public.key_id() == self.id;
        let Some(mut key) = known.iter().find(is_it).cloned() else {
            return Ok(Err(StaffError::UnknownKey { role: self.role, id: self.id }));
        };
        if key.revoked.is_some() {
            return Ok(Ok(()));
        }
        let signs = |other: &KnownKey| {
            other.role == self.role
                && other.public != key.public
                && other.revoked.is_none()
                && other.signs_from <= self.now
        };
        if !known.iter().any(signs) {
            return Ok(Err(StaffError::OnlyKey { role: self.role, id: self.id }));
        }
        key.revoked = Some(self.now);
        key.reason = Some(self.reason.clone());
        role_keys::update(tx, &key).await?;
        let detail = format!("{} key {}, {}: {}", self.role, key.generation, self.id, self.reason);
        audit::append(tx, "keys", self.now, &self.who, "key-revoked", detail).await?;
        Ok(Ok(()))
    }
}
