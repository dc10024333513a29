//! The infrastructure's signing keys, by role, sealed in the data folder. They are made once; to lose them is to lose
//! the meters' trust.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use timbre_key_store::{KeyRole, KeyStore, KeyStoreError, Seal, SealedKeys};

/// Opens the keys in `folder`, or makes them when there are none.
pub(crate) fn open_or_create(folder: &Path) -> Result<Arc<dyn KeyStore>, KeyStoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| {
        KeyStoreError::File { action: "make", path: folder.to_owned(), source }
    })?;
    let file = folder.join("infrastructure.keys");
    let seal = Seal::from_file_or_create(&folder.join("seal"))?;
    let keys = if file.exists() {
        SealedKeys::open(&file, &seal)?
    } else {
        SealedKeys::create(&file, &seal, &KeyRole::INFRASTRUCTURE_SIDE)?
    };
    Ok(Arc::new(keys))
}
