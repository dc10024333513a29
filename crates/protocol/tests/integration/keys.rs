//! The keys and signatures of the golden files. ECDSA is randomised, so what was signed once is kept beside them, and
//! the private keys are gone: a signature of today must verify for ever.
//!
//! To make all of them anew, delete `golden/signatures.txt` and run the tests with `UPDATE_GOLDEN=1`.

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

pub(crate) static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let path = golden_folder().join("signatures.txt");
    if !path.exists() && updating() {
        std::fs::write(&path, Kept::make().text()).unwrap();
    }
    Kept::parse(&std::fs::read_to_string(&path).expect("golden/signatures.txt is checked in"))
});

impl Kept {
    pub(crate) fn key(&self, role: KeyRole) -> PublicKey {
        self.keys[role.as_str()]
    }

    pub(crate) fn signature(&self, name: &str) -> Signature {
        self.signatures[name]
    }

    fn make() -> Kept {
        let keys = MemoryKeys::generate(&ROLES).unwrap();
        let mut kept = Kept::default();
        for role in ROLES {
            kept.keys.insert(role.as_str().to_owned(), keys.public_key(role).unwrap());
        }
        for (name, role, text) in samples::to_be_signed(&kept) {
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
