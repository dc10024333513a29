//! Where private keys live: in a sealed file beside what they protect, or in a token. The `[keys]` section of both machines'
//! configurations is this, and says where the PIN is, never what it is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Token;

/// Where private keys live.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(try_from = "Section")]
pub enum Custody {
    /// In a sealed file.
    #[default]
    Sealed,
    /// In a token of a hardware module.
    Token {
        /// Which one.
        token: Token,
        /// Folders in which the module's library writes by itself, as one in software does.
        writes: Vec<PathBuf>,
    },
}

impl Custody {
    /// The same with its relative paths starting at `folder`.
    #[must_use]
    pub fn resolved(self, folder: &Path) -> Self {
        match self {
            Custody::Sealed => Custody::Sealed,
            Custody::Token { token: Token { module, name, pin_file }, writes } => Custody::Token {
                token: Token { module: folder.join(module), name, pin_file: folder.join(pin_file) },
                writes: writes.into_iter().map(|path| folder.join(path)).collect(),
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    r#use: String,
    module: Option<PathBuf>,
    token: Option<String>,
    pin_file: Option<PathBuf>,
    #[serde(default)]
    writes: Vec<PathBuf>,
}

impl TryFrom<Section> for Custody {
    type Error = &'static str;

    fn try_from(section: Section) -> Result<Self, Self::Error> {
        let Section { r#use: place, module, token, pin_file, writes } = section;
        match (place.as_str(), module, token, pin_file) {
            ("sealed", None, None, None) if writes.is_empty() => Ok(Custody::Sealed),
            ("sealed", ..) => Err("keys in a sealed file have no module, token or PIN"),
            ("pkcs11", Some(module), Some(name), Some(pin_file)) => {
                Ok(Custody::Token { token: Token { module, name, pin_file }, writes })
            }
            ("pkcs11", ..) => Err(
                "keys in a token need module (the PKCS#11 library), token (its label or serial number) and pin_file",
            ),
            _ => Err("keys are used from \"sealed\" or \"pkcs11\""),
        }
    }
}
