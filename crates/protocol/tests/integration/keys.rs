//! The keys and signatures of the golden files. ECDSA is randomised, so what was signed once is kept beside them, and
//! the private keys are gone: a signature of today must verify for ever.
//!
//! To make the keys of a file anew, delete it (`golden/signatures.txt`) and run the tests with `UPDATE_GOLDEN=1`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use timbre_key_store::{KeyRole, KeyStore, MemoryKeys, PublicKey, Signature};

use crate::samples;

pub(crate) const ROLES: [KeyRole; 5] =
    [KeyRole::Device, KeyRole::Indicium, KeyRole::Distributor, KeyRole::Funds, KeyRole::Rates];

/// Public keys by role and signatures by what they sign.
#[derive(Default)]
pub(crate) struct Kept {
    keys: BTreeMap<String, PublicKey>,
    signatures: BTreeMap<String, Signature>,
}

/// Those of the first exchanges.
pub(crate) static KEPT: LazyLock<Kept> =
    LazyLock::new(|| Kept::of("signatures.txt", samples::to_be_signed));

/// Those of withdrawal and replacement. What came later has keys of its own, so that nothing older changes.
pub(crate) static KEPT_LIFE: LazyLock<Kept> =
    LazyLock::new(|| Kept::of("signatures-life.txt", samples::to_be_signed_life));

/// What is signed: its name, the role of the key, the text.
pub(crate) type ToBeSigned = Vec<(&'static str, KeyRole, Vec<u8>)>;

impl Kept {
    pub(crate) fn key(&self, role: KeyRole) -> PublicKey {
        self.keys[role.as_str()]
    }

    pub(crate) fn signature(&self, name: &str) -> Signature {
        self.signatures[name]
    }

    /// Those of a golden file, which is made first if it is not there and golden files are updated.
    fn of(file: &str, to_be_signed: fn(&Kept) -> ToBeSigned) -> Kept {
        let path = golden_folder().join(file);
        if !path.exists() && updating() {
            std::fs::write(&path, Kept::make(to_be_signed).text()).unwrap();
        }
        Kept::parse(&std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; it is checked in", path.display());
        }))
    }

    fn make(to_be_signed: fn(&Kept) -> ToBeSigned) -> Kept {
        let keys = MemoryKeys::generate(&ROLES).unwrap();
        let mut kept = Kept::default();
        for role in ROLES {
            kept.keys.insert(role.as_str().to_owned(), keys.public_key(role).unwrap());
        }
        for (name, role, text) in to_be_signed(&kept) {
            kept.signatures.insert(name.to_owned(), keys.sign(role, &text).unwrap());
        }
        kept
    }

    fn text(&self) -> String {
        let keys = self.keys.iter().map(|(role, key)| format!("key {role} {key}\n"));
        let signatures = self.signatures.iter().map(|(of, by)| format!("signature {of} {by}\n"));
        keys.chain(signatures).collect()
    }

    fn parse(text: &str) -> Kept {
        let mut kept = Kept::default();
        for line in text.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["key", role, key] => {
                    kept.keys.insert(role.to_owned(), key.parse().unwrap()).is_none()
                }
                ["signature", name, signature] => {
                    kept.signatures.insert(name.to_owned(), signature.parse().unwrap()).is_none()
                }
                _ => panic!("golden/signatures.txt: {line}"),
            };
        }
        kept
    }
}

pub(crate) fn golden_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Whether golden files are to be written instead of compared.
pub(crate) fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}
