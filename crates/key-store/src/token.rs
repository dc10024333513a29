//! A token: which one, how it is reached, and all that can be wrong with it. The part of PKCS#11 that a program has whether
//! or not it was built with it.

use std::fmt;
use std::path::PathBuf;

use crate::{KeyStoreError, PublicKey};

/// A token of a hardware module, and what it takes to use it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// The module's PKCS#11 library.
    pub module: PathBuf,
    /// The label of the token, or its serial number.
    pub name: String,
    /// The file that holds the user's PIN, readable by its owner alone.
    pub pin_file: PathBuf,
}

/// A key in a token, as the token describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenKey {
    /// Its label.
    pub label: String,
    /// Its public half.
    pub public: PublicKey,
    /// Whether the token made it itself, where it says so.
    pub made_inside: Option<bool>,
}

/// What is wrong with a token, or with a key in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenTrouble {
    /// The program was built without PKCS#11.
    NotBuilt,
    /// The library cannot be used.
    Module(String),
    /// No token has this label or serial number.
    NoToken {
        /// The labels of those that there are.
        present: Vec<String>,
    },
    /// Several tokens have this label.
    ManyTokens,
    /// The token refuses the PIN.
    WrongPin(PinTries),
    /// The token holds no such key.
    NoKey(String),
    /// The token holds several keys of this label.
    ManyKeys(String),
    /// The key is not a P-256 key.
    OtherCurve(String),
    /// The token would let the private key out.
    NotConfined(String),
    /// The label has another key than it had.
    OtherKey(String),
    /// The key does not sign what its public half verifies.
    Unsound(String),
    /// The token cannot do this.
    Unable(&'static str),
    /// The token does not answer as it should.
    Failed(String),
}

/// What a token says of the tries that are left before it locks itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PinTries {
    /// It does not say.
    Unknown,
    /// There was a wrong PIN before; some tries are left.
    Few,
    /// The next wrong PIN locks it.
    Last,
    /// It is locked.
    None,
}

impl fmt::Display for TokenTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBuilt => f.write_str(
                "this program was built without PKCS#11: use one that was built with the feature pkcs11",
            ),
            Self::Module(reason) => write!(
                f,
                "the library cannot be loaded ({reason}): give the path of the module's PKCS#11 library"
            ),
            Self::NoToken { present } if present.is_empty() => {
                f.write_str("there is no token at all: plug it in, or initialise one")
            }
            Self::NoToken { present } => {
                write!(f, "there is no such token; there are: {}", present.join(", "))
            }
            Self::ManyTokens => {
                f.write_str("several tokens have this label: name the one by its serial number")
            }
            Self::WrongPin(tries) => write!(f, "the PIN is not the token's: {tries}"),
            Self::NoKey(label) => write!(
                f,
                "it holds no key {label}: check that this is the token on which it was made"
            ),
            Self::ManyKeys(label) => {
                write!(f, "it holds several keys {label}: remove those that are not in use")
            }
            Self::OtherCurve(label) => {
                write!(f, "the key {label} is not a P-256 key: have another one made")
            }
            Self::NotConfined(label) => write!(
                f,
                "the private key {label} may be read or taken out, so it is no better kept than in a file: have one made in the token"
            ),
            Self::OtherKey(label) => write!(
                f,
                "{label} is another key than before: put the token back on which it was made"
            ),
            Self::Unsound(label) => write!(
                f,
                "the key {label} signs what its public half does not verify: stop using the token"
            ),
            Self::Unable(what) => write!(f, "it cannot {what}: use another token"),
            Self::Failed(reason) => write!(
                f,
                "it does not answer ({reason}): check that it is plugged in, and try again"
            ),
        }
    }
}

impl fmt::Display for PinTries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "correct the file of the PIN; the token does not say how many tries are left",
            Self::Few => "correct the file of the PIN before you try again; the token locks itself after a few tries",
            Self::Last => "correct the file of the PIN; the token locks itself at the next wrong one",
            Self::None => "the token has locked itself; its security officer can give it a new one",
        })
    }
}

impl Token {
    pub(crate) fn error(&self, trouble: TokenTrouble) -> KeyStoreError {
        KeyStoreError::Token { module: self.module.clone(), token: self.name.clone(), trouble }
    }
}
