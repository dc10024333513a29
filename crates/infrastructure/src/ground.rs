//! What every process of a deployment stands on: the data folder with the authority and the keys, and the store. Made
//! where it is missing; never mixed from two deployments.

use std::fs::{DirBuilder, File};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_key_store::{Custody, KeyRole, KeyStore, KeyStoreError};

use crate::call::now;
use crate::config::{Config, DatabaseUrl};
use crate::keys::{self, Keyring, Place};
use crate::store::catalogues::AddShipped;
use crate::store::identities::Identify;
use crate::store::role_keys::{self, KnownKey};
use crate::store::seals::Baseline;
use crate::store::{Store, StoreError, Work};
use crate::tls::{Authority, TlsError};

/// Why the infrastructure, or the staff's desk on it, does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be made or locked.
    #[error("{}: {source}", folder.display())]
    DataFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The domain cannot be used.
    #[error(transparent)]
    Domain(#[from] timbre_catalogue::DomainError),
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder holds other keys than the deployment whose database this is.
    #[error("{}: the {name} here is not that of the deployment in {database}: copy the folders ca and keys from where it was first started", folder.display())]
    OtherDeployment {
        /// The data folder.
        folder: PathBuf,
        /// What differs: a key by its role, or the authority.
        name: &'static str,
        /// The database.
        database: DatabaseUrl,
    },
}

/// The authority, the keys and the store of a deployment.
pub(crate) struct Ground {
    pub(crate) authority: Authority,
    pub(crate) keys: Arc<Keyring>,
    pub(crate) store: Store,
}

impl Ground {
    pub(crate) async fn open(config: &Config) -> Result<Self, ServeError> {
        // Held until the schema is there: two processes that start at once on one folder make one of each, not two.
        let (folder, custody) = (config.data_dir.clone(), config.keys.clone());
        // The lock may have to be waited for, which must not stop whoever holds it.
        let opened = tokio::task::spawn_blocking(move || open_folder(&folder, &custody)).await;
        let Opened { authority, place, first, lock: _lock } =
            opened.expect("invariant: opening a folder does not panic")?;
        let store = Store::connect(&config.database).await?;
        let mut identity = vec![("authority", authority.fingerprint().to_vec())];
        for role in KeyRole::INFRASTRUCTURE_SIDE {
            identity.push((role.as_str(), first.public_key(role)?.sec1().to_vec()));
        }
        if let Some(name) = store.write(Identify(identity)).await? {
            let (folder, database) = (config.data_dir.clone(), config.database.clone());
            return Err(ServeError::OtherDeployment { folder, name, database });
        }
        // Before anything is written that has a seal of its own.
        let sealed = store.write(Baseline(now())).await?;
        if sealed > 0 {
            tracing::warn!(
                sealed,
                "rows from before there were seals were sealed as they were found"
            );
        }
        let known = store.write(NoteKeys(keys::first_keys(&*first, now())?)).await?;
        let keys = Arc::new(Keyring::new(place, &first, known, now())?);
        for name in store.write(AddShipped(now())).await? {
            tracing::warn!(
                name,
                "this catalogue is published with another text under the same version, which stays"
            );
        }
        Ok(Ground { authority, keys, store })
    }
}

/// Notes the first keys where none are known yet; gives back every key.
struct NoteKeys(Vec<KnownKey>);

impl Work for NoteKeys {
    type Output = Vec<KnownKey>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        for key in &self.0 {
            role_keys::add(tx, key).await?;
        }
        role_keys::all(tx).await
    }
}

/// A data folder in use: the authority, where the keys are, the first of them, and the lock on making them.
pub(crate) struct Opened {
    pub(crate) authority: Authority,
    pub(crate) place: Place,
    pub(crate) first: Arc<dyn KeyStore>,
    pub(crate) lock: File,
}

/// Opens a data folder; the authority and the keys are made where they are missing.
pub(crate) fn open_folder(folder: &Path, custody: &Custody) -> Result<Opened, ServeError> {
    let fault = |source| ServeError::DataFolder { folder: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    let lock = File::create(folder.join("lock")).map_err(fault)?;
    lock.lock().map_err(fault)?;
    let authority = Authority::open_or_create(&folder.join("ca"), Timestamp::now())?;
    let place = Place::of(custody, &folder.join("keys"))?;
    let first = place.first()?;
    Ok(Opened { authority, place, first, lock })
}
