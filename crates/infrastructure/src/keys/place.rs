//! Where the private halves of the deployment's keys are: in sealed files of the data folder, or in a token. A key is made
//! once and stays where it was made.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use timbre_key_store::{
    Custody, KeyRole, KeyStore, KeyStoreError, Seal, SealedKeys, Token, TokenKeys, TokenTrouble,
};

type Held = Arc<dyn KeyStore>;

pub(crate) enum Place {
    Folder(PathBuf),
    Token(Token),
    /// The keys were given, and there are no others.
    Given,
}

impl Place {
    /// The place that a configuration names; its folder is made where it is missing.
    pub(crate) fn of(custody: &Custody, folder: &Path) -> Result<Place, KeyStoreError> {
        if let Custody::Token { token, .. } = custody {
            return Ok(Place::Token(token.clone()));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| {
            KeyStoreError::File { action: "make", path: folder.to_owned(), source }
        })?;
        Ok(Place::Folder(folder.to_owned()))
    }

    /// The first key of every role, made where there is none.
    pub(crate) fn first(&self) -> Result<Held, KeyStoreError> {
        match self {
            Place::Given => Err(KeyStoreError::NoKey(KeyRole::Distributor)),
            Place::Token(token) => {
                let labels = KeyRole::INFRASTRUCTURE_SIDE.map(|role| (role, label(role, 1)));
                Ok(Arc::new(TokenKeys::open_or_create(token, &labels)?))
            }
            Place::Folder(folder) => {
                let file = folder.join("infrastructure.keys");
                open_or_create(folder, &file, &KeyRole::INFRASTRUCTURE_SIDE)
            }
        }
    }

    /// A later key of a role, if it is here.
    pub(crate) fn later(
        &self,
        role: KeyRole,
        generation: u32,
    ) -> Result<Option<Held>, KeyStoreError> {
        match self {
            Place::Given => Ok(None),
            Place::Token(token) => {
                match TokenKeys::open(token, &[(role, label(role, generation))]) {
                    Ok(keys) => Ok(Some(Arc::new(keys))),
                    Err(KeyStoreError::Token { trouble: TokenTrouble::NoKey(_), .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Place::Folder(folder) => {
                let file = folder.join(file_name(role, generation));
                file.exists().then(|| open_or_create(folder, &file, &[role])).transpose()
            }
        }
    }

    /// A later key of a role, made where an interrupted rotation has not made it before.
    pub(crate) fn make(&self, role: KeyRole, generation: u32) -> Result<Held, KeyStoreError> {
        match self {
            Place::Given => Err(KeyStoreError::NoKey(role)),
            Place::Token(token) => {
                let labels = [(role, label(role, generation))];
                Ok(Arc::new(TokenKeys::open_or_create(token, &labels)?))
            }
            Place::Folder(folder) => {
                open_or_create(folder, &folder.join(file_name(role, generation)), &[role])
            }
        }
    }
}

fn open_or_create(folder: &Path, file: &Path, roles: &[KeyRole]) -> Result<Held, KeyStoreError> {
    let seal = Seal::from_file_or_create(&folder.join("seal"))?;
    let keys = if file.exists() {
        SealedKeys::open(file, &seal)?
    } else {
        SealedKeys::create(file, &seal, roles)?
    };
    Ok(Arc::new(keys))
}

/// The name of a key in a token.
fn label(role: KeyRole, generation: u32) -> String {
    format!("timbre-{role}-{generation}")
}

fn file_name(role: KeyRole, generation: u32) -> String {
    format!("{role}-{generation}.keys")
}
