//! What a key is on a day, by its dates alone: nothing has to happen for a key to become active or to retire.

use jiff::Timestamp;
use serde::Serialize;
use timbre_key_store::KeyRole;

use crate::store::role_keys::KnownKey;

/// What a key of the deployment is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// It is known to every process, and signs from a moment on.
    Next,
    /// It signs.
    Active,
    /// Another one signs; what it signed is still taken.
    Retiring,
    /// What it signed is no longer taken, except by a meter that believes nothing else.
    Retired,
    /// Nothing it signs is taken.
    Revoked,
}

impl KeyState {
    /// The state in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyState::Next => "next",
            KeyState::Active => "active",
            KeyState::Retiring => "retiring",
            KeyState::Retired => "retired",
            KeyState::Revoked => "revoked",
        }
    }
}

/// The state of each of `keys`, which are ordered by generation within their roles.
pub(crate) fn states(keys: &[KnownKey], now: Timestamp) -> Vec<KeyState> {
    let signs = |key: &KnownKey| key.revoked.is_none() && key.signs_from <= now;
    let active = |role: KeyRole| keys.iter().rposition(|key| key.role == role && signs(key));
    let state = |(index, key): (usize, &KnownKey)| match active(key.role) {
        _ if key.revoked.is_some() => KeyState::Revoked,
        Some(active) if active == index => KeyState::Active,
        _ if key.signs_from > now => KeyState::Next,
        _ if key.retires.is_some_and(|retires| retires <= now) => KeyState::Retired,
        _ => KeyState::Retiring,
    };
    keys.iter().enumerate().map(state).collect()
}

#[cfg(test)]
mod tests {
    use timbre_key_store::{KeyStore as _, MemoryKeys};

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn key(generation: u32, signs_from: i64, retires: Option<i64>) -> KnownKey {
        let keys = MemoryKeys::generate(&[KeyRole::Funds]).unwrap();
        KnownKey {
            role: KeyRole::Funds,
            generation,
            public: keys.public_key(KeyRole::Funds).unwrap(),
            made: at(0),
            signs_from: at(signs_from),
            retires: retires.map(at),
            revoked: None,
            reason: None,
        }
    }

    #[test]
    fn a_key_goes_through_its_life_by_the_clock_alone() {
        use KeyState::{Active, Next, Retired, Retiring};
        let keys = [key(1, 0, Some(30)), key(2, 10, None)];
        assert_eq!(states(&keys, at(5)), [Active, Next]);
        assert_eq!(states(&keys, at(10)), [Retiring, Active]);
        assert_eq!(states(&keys, at(30)), [Retired, Active]);
    }

    #[test]
    fn when_the_newest_is_revoked_the_one_before_signs_again() {
        let mut keys = [key(1, 0, Some(30)), key(2, 10, None)];
        keys[1].revoked = Some(at(12));
        assert_eq!(states(&keys, at(13)), [KeyState::Active, KeyState::Revoked]);
    }
}
