//! What can go wrong with keys. Each message says what, where, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::{KeyRole, TokenTrouble};

/// A fault of the store, or a key file that is not genuine.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The store was made without a key for this role.
    #[error("this key store holds no {0} key: it was created for other roles")]
    NoKey(KeyRole),
    /// The cryptographic library failed: no randomness, or an internal fault.
    #[error("the cryptographic library could not {0}: restart, and replace the device if it lasts")]
    Cryptography(&'static str),
    /// The operating system refused to read or write a file.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was being done, as a verb: “read”.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Keys are never replaced in place: a lost key is lost money.
    #[error("{} exists already: open it, or destroy it first if its keys must go", .0.display())]
    AlreadyExists(PathBuf),
    /// The file does not begin like a file of sealed keys.
    #[error("{} is not a file of sealed keys: check the path", .0.display())]
    NotSealedKeys(PathBuf),
    /// The file was written by a version this one cannot read.
    #[error("{} has format version {version}, and this program reads version 1: use the newer program", path.display())]
    UnsupportedVersion {
        /// The file.
        path: PathBuf,
        /// The version it states.
        version: u16,
    },
    /// The file is shorter (or longer) than its header says.
    #[error("{} has {found} bytes where {expected} are expected: restore it from a backup", path.display())]
    WrongLength {
        /// The file.
        path: PathBuf,
        /// Bytes that its header calls for.
        expected: usize,
        /// Bytes that it has.
        found: usize,
    },
    /// The file's checksum does not match: a storage fault or a careless edit.
    #[error("{} is damaged (its checksum does not match): restore it from a backup", .0.display())]
    Damaged(PathBuf),
    /// The file is sound but was sealed with another seal.
    #[error("{} was sealed with another seal: use the seal it was created with", .0.display())]
    WrongSeal(PathBuf),
    /// The checksum matches and the seal is right, yet the content is not what was sealed.
    #[error("{} was altered after it was sealed: stop using this device and report it", .0.display())]
    Altered(PathBuf),
    /// Others than the owner may read the seal, so it protects nothing.
    #[error("the seal {} may be read by others (mode {mode:04o}): run chmod 600 on it, and create new keys if anyone did read it", path.display())]
    SealReadableByOthers {
        /// The seal's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A token, or a key in it.
    #[error("token {token} ({}): {trouble}", module.display())]
    Token {
        /// The module's library.
        module: PathBuf,
        /// The label or serial number of the token.
        token: String,
        /// What is wrong.
        trouble: TokenTrouble,
    },
    /// Others than the owner may read the PIN.
    #[error("the PIN in {} may be read by others (mode {mode:04o}): run chmod 600 on it, and give the token a new PIN if anyone did read it", path.display())]
    PinReadableByOthers {
        /// The PIN's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold one line.
    #[error("{} does not hold a PIN: write it there, on a line of its own", .0.display())]
    NoPin(PathBuf),
    /// The seal's file is not 32 bytes long.
    #[error("the seal {} has {found} bytes and must have 32: restore it from a backup", path.display())]
    SealWrongLength {
        /// The seal's file.
        path: PathBuf,
        /// Bytes that it has.
        found: usize,
    },
}

impl KeyStoreError {
    /// Whether this is a breach (something is not genuine) and not a mere fault of the environment.
    #[must_use]
    pub fn is_breach(&self) -> bool {
        use TokenTrouble::{NotConfined, OtherKey, Unsound};
        let dishonest =
            |trouble: &TokenTrouble| matches!(trouble, NotConfined(_) | OtherKey(_) | Unsound(_));
        match self {
            Self::Altered(_)
            | Self::SealReadableByOthers { .. }
            | Self::PinReadableByOthers { .. } => true,
            Self::Token { trouble, .. } => dishonest(trouble),
            _ => false,
        }
    }
}

/// The bytes or text are not a key, key id or signature.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not {expected}")]
pub struct MalformedKey {
    /// What it should have been.
    pub expected: &'static str,
}
