//! One login at one token: its sessions, the handles of its keys, and what it is asked to do.
//!
//! A session is used by one thread at a time; as many are opened as are needed at once, and kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::pin;
use crate::token::{PinTries, TokenTrouble};
use crate::{KeyStoreError, PublicKey, Signature, Token, TokenKey};

/// The name of P-256 in DER.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

pub(super) struct Line {
    context: Pkcs11,
    slot: Slot,
    /// Sessions that nobody uses at the moment.
    idle: Mutex<Vec<Session>>,
    private: Mutex<BTreeMap<String, ObjectHandle>>,
}

impl Line {
    /// Loads the module, finds the token and logs in.
    pub(super) fn open(token: &Token) -> Result<Line, KeyStoreError> {
        let trouble = |trouble| token.error(trouble);
        let context = load(token).map_err(trouble)?;
        let slot = slot_of(&context, &token.name).map_err(trouble)?;
        let signs = context.get_mechanism_list(slot).map_err(|error| trouble(failed(&error)))?;
        if !signs.contains(&MechanismType::ECDSA) {
            return Err(trouble(TokenTrouble::Unable("sign with ECDSA")));
        }
        let session = context.open_rw_session(slot).map_err(|error| trouble(failed(&error)))?;
        let pin = AuthPin::new(pin::read(&token.pin_file)?.as_str().into());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinLocked
                | RvError::PinLenRange
                | RvError::PinInvalid,
                _,
            )) => return Err(trouble(TokenTrouble::WrongPin(tries(&context, slot)))),
            Err(error) => return Err(trouble(failed(&error))),
        }
        let (idle, private) = (Mutex::new(vec![session]), Mutex::new(BTreeMap::new()));
        Ok(Line { context, slot, idle, private })
    }

    /// The signature of a SHA-256 digest.
    pub(super) fn sign(&self, label: &str, digest: &[u8]) -> Result<Signature, TokenTrouble> {
        self.within(|session| {
            let key = self.private(session, label)?;
            let bytes = session.sign(&Mechanism::Ecdsa, key, digest).map_err(|e| failed(&e))?;
            let bytes = bytes.try_into().map_err(|_| TokenTrouble::OtherCurve(label.to_owned()))?;
            Ok(Signature::from_bytes(bytes))
        })
    }

    /// The key under this label, if the token keeps its private half to itself.
    pub(super) fn describe(&self, label: &str) -> Result<TokenKey, TokenTrouble> {
        self.within(|session| {
            let private = self.private(session, label)?;
            let asked =
                [AttributeType::Sensitive, AttributeType::Extractable, AttributeType::Local];
            let mut made_inside = None;
            for attribute in session.get_attributes(private, &asked).map_err(|e| failed(&e))? {
                match attribute {
                    Attribute::Sensitive(false) | Attribute::Extractable(true) => {
                        return Err(TokenTrouble::NotConfined(label.to_owned()));
                    }
                    Attribute::Local(inside) => made_inside = Some(inside),
                    _ => {}
                }
            }
            let public = public(session, label)?;
            Ok(TokenKey { label: label.to_owned(), public, made_inside })
        })
    }

    /// Has the token make a key pair under this label, unless it holds one.
    pub(super) fn make_if_missing(&self, label: &str) -> Result<(), TokenTrouble> {
        self.within(|session| {
            match self.private(session, label) {
                Err(TokenTrouble::NoKey(_)) => {}
                found => return found.map(drop),
            }
            let name = || [Attribute::Label(label.into()), Attribute::Id(label.into())];
            let mut public = vec![
                Attribute::Token(true),
                Attribute::Private(false),
                Attribute::Verify(true),
                Attribute::EcParams(P256.to_vec()),
            ];
            let mut private = vec![
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Sign(true),
            ];
            public.extend(name());
            private.extend(name());
            let made = session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private);
            made.map(drop).map_err(|error| match error {
                Error::Pkcs11(RvError::MechanismInvalid, _) => {
                    TokenTrouble::Unable("make P-256 keys")
                }
                other => failed(&other),
            })
        })
    }

    /// Destroys both halves of the key under this label.
    pub(super) fn destroy(&self, label: &str) -> Result<(), TokenTrouble> {
        self.handles().remove(label);
        self.within(|session| {
            let found = session.find_objects(&[Attribute::Label(label.into())]);
            let found = found.map_err(|error| failed(&error))?;
            found.into_iter().try_for_each(|object| {
                session.destroy_object(object).map_err(|error| failed(&error))
            })
        })
    }

    fn private(&self, session: &Session, label: &str) -> Result<ObjectHandle, TokenTrouble> {
        if let Some(handle) = self.handles().get(label) {
            return Ok(*handle);
        }
        let handle = one(session, ObjectClass::PRIVATE_KEY, label)?;
        self.handles().insert(label.to_owned(), handle);
        Ok(handle)
    }

    fn handles(&self) -> MutexGuard<'_, BTreeMap<String, ObjectHandle>> {
        self.private.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` in a session that nobody else uses. One in which it failed is closed.
    fn within<T>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, TokenTrouble>,
    ) -> Result<T, TokenTrouble> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let session = match kept {
            Some(session) => session,
            None => self.context.open_rw_session(self.slot).map_err(|error| failed(&error))?,
        };
        let done = work(&session);
        if !matches!(done, Err(TokenTrouble::Failed(_))) {
            idle().push(session);
        }
        done
    }
}

fn load(token: &Token) -> Result<Pkcs11, TokenTrouble> {
    let bad = |error: &Error| TokenTrouble::Module(error.to_string());
    let context = Pkcs11::new(&token.module).map_err(|error| bad(&error))?;
    // Other keys of this process may have initialised the module before.
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
        Err(error) => Err(bad(&error)),
    }
}

/// The slot of the one token of this label or serial number.
fn slot_of(context: &Pkcs11, name: &str) -> Result<Slot, TokenTrouble> {
    let slots = context.get_slots_with_token().map_err(|error| failed(&error))?;
    let mut present = Vec::new();
    let mut found = Vec::new();
    for slot in slots {
        let Ok(token) = context.get_token_info(slot) else { continue };
        if !token.token_initialized() {
            continue;
        }
        if token.serial_number() == name {
            return Ok(slot);
        }
        if token.label() == name {
            found.push(slot);
        }
        present.push(token.label().to_owned());
    }
    match found[..] {
        [slot] => Ok(slot),
        [] => Err(TokenTrouble::NoToken { present }),
        _ => Err(TokenTrouble::ManyTokens),
    }
}

fn tries(context: &Pkcs11, slot: Slot) -> PinTries {
    match context.get_token_info(slot) {
        Ok(token) if token.user_pin_locked() => PinTries::None,
        Ok(token) if token.user_pin_final_try() => PinTries::Last,
        Ok(token) if token.user_pin_count_low() => PinTries::Few,
        _ => PinTries::Unknown,
    }
}

fn one(session: &Session, class: ObjectClass, label: &str) -> Result<ObjectHandle, TokenTrouble> {
    let template = [Attribute::Class(class), Attribute::Label(label.into())];
    let found = session.find_objects(&template).map_err(|error| failed(&error))?;
    match found[..] {
        [object] => Ok(object),
        [] => Err(TokenTrouble::NoKey(label.to_owned())),
        _ => Err(TokenTrouble::ManyKeys(label.to_owned())),
    }
}

fn public(session: &Session, label: &str) -> Result<PublicKey, TokenTrouble> {
    let object = one(session, ObjectClass::PUBLIC_KEY, label)?;
    let asked = [AttributeType::KeyType, AttributeType::EcPoint];
    let mut point = Vec::new();
    for attribute in session.get_attributes(object, &asked).map_err(|error| failed(&error))? {
        match attribute {
            Attribute::KeyType(kind) if kind != KeyType::EC => {
                return Err(TokenTrouble::OtherCurve(label.to_owned()));
            }
            Attribute::EcPoint(bytes) => point = bytes,
            _ => {}
        }
    }
    // An octet string of DER around the point; some modules give the point itself.
    let point = match &point[..] {
        [0x04, 0x41, point @ ..] if point.len() == PublicKey::LENGTH => point,
        point => point,
    };
    PublicKey::from_sec1(point).map_err(|_| TokenTrouble::OtherCurve(label.to_owned()))
}

fn failed(error: &Error) -> TokenTrouble {
    // The library's own sentences run to paragraphs; the first says it.
    let text = error.to_string();
    let first = text.split_inclusive(". ").next().unwrap_or(&text);
    TokenTrouble::Failed(first.trim_end_matches([' ', '.']).to_owned())
}
