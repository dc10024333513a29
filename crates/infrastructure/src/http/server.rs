//! One infrastructure process from start to drained stop.

use std::fs::{DirBuilder, File};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use jiff::Timestamp;
use timbre_catalogue::Catalogue;
use timbre_key_store::{KeyStore, KeyStoreError};
use tokio::task::JoinHandle;

use super::front::{self, Front};
use super::{Metrics, admin, routes};
use crate::config::Config;
use crate::deployment::Deployment;
use crate::keys;
use crate::staff::Staff;
use crate::store::{Store, StoreError};
use crate::tls::{self, Authority, TlsError};

const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// Why the infrastructure does not start.
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
}

/// A running infrastructure. Dropping it leaves it running; [`Running::shutdown`] stops it.
#[derive(Debug)]
pub struct Running {
    /// Where the services listen.
    pub https_addr: SocketAddr,
    /// Where `/health` and `/metrics` listen.
    pub admin_addr: SocketAddr,
    /// The root certificate that a meter must trust.
    pub ca_pem: PathBuf,
    /// The domain of the services.
    pub domain: String,
    deployment: Arc<Deployment>,
    drain: Duration,
    handles: [Handle<SocketAddr>; 2],
    servers: [JoinHandle<std::io::Result<()>>; 2],
}

impl Running {
    /// The staff's desk on this infrastructure's own store; `who` stands in the audit log.
    #[must_use]
    pub fn staff(&self, who: &str) -> Staff {
        let Deployment { store, keys, suspend_on_mismatch, .. } = &*self.deployment;
        Staff::new(store.clone(), keys.clone(), who, *suspend_on_mismatch)
    }

    /// Takes no new connection, lets the requests in progress finish within the configured time, and closes the
    /// database.
    pub async fn shutdown(self) {
        for handle in &self.handles {
            handle.graceful_shutdown(Some(self.drain));
        }
        for server in self.servers {
            match server.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "a listener ended badly"),
                Err(error) => tracing::error!(%error, "a listener panicked"),
            }
        }
        self.deployment.store.clone().close().await;
        tracing::info!("infrastructure stopped");
    }
}

/// Starts the infrastructure: its folder, authority and keys are made where they are missing, its schema is brought up
/// to date, and it listens when this returns.
///
/// # Errors
/// [`ServeError`] says which part cannot be had.
pub async fn serve(config: Config) -> Result<Running, ServeError> {
    let (authority, keys) = open_folder(&config.data_dir)?;
    let ca_pem = authority.certificate().to_owned();
    let catalogue = Catalogue::timbre().with_domain(&config.domain)?;
    let routes = routes::routes(&catalogue, &config.only);
    let hosts = routes.iter().map(|route| route.host.clone());
    let tls = tls::server_config(authority, hosts)?;
    let store = Store::connect(&config.database).await?;
    let (listener, https_addr) = listen(config.listen)?;
    let (admin_listener, admin_addr) = listen(config.admin_listen)?;
    let deployment = Arc::new(Deployment {
        store,
        keys,
        catalogue,
        port: config.public_port.unwrap_or(https_addr.port()),
        suspend_on_mismatch: config.suspend_on_mismatch,
        metrics: Metrics::new(),
    });
    let front = Arc::new(Front { deployment: deployment.clone(), routes });
    let app = Router::new().fallback(front::answer).with_state(front);
    let handles = [Handle::new(), Handle::new()];
    let https = from_listener(listener, https_addr)?
        .acceptor(axum_server::tls_rustls::RustlsAcceptor::new(RustlsConfig::from_config(
            Arc::new(tls),
        )))
        .first_request_timeout(HEADERS_WITHIN)
        .handle(handles[0].clone());
    let admin = from_listener(admin_listener, admin_addr)?
        .first_request_timeout(HEADERS_WITHIN)
        .handle(handles[1].clone());
    let admin_app = admin::router(deployment.clone());
    let servers = [
        tokio::spawn(https.serve(app.into_make_service())),
        tokio::spawn(admin.serve(admin_app.into_make_service())),
    ];
    tracing::info!(%https_addr, %admin_addr, database = %config.database, "infrastructure started");
    let Config { domain, drain, .. } = config;
    Ok(Running { https_addr, admin_addr, ca_pem, domain, deployment, drain, handles, servers })
}

/// Two processes that start at once on one folder make one authority and one set of keys, not two.
pub(crate) fn open_folder(folder: &Path) -> Result<(Authority, Arc<dyn KeyStore>), ServeError> {
    let fault = |source| ServeError::DataFolder { folder: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    let lock = File::create(folder.join("lock")).map_err(fault)?;
    lock.lock().map_err(fault)?;
    let authority = Authority::open_or_create(&folder.join("ca"), Timestamp::now())?;
    let keys = keys::open_or_create(&folder.join("keys"))?;
    Ok((authority, keys))
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let fault = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    Ok((listener, address))
}

fn from_listener(
    listener: TcpListener,
    address: SocketAddr,
) -> Result<Server<SocketAddr>, ServeError> {
    let mut server =
        axum_server::from_tcp(listener).map_err(|source| ServeError::Listen { address, source })?;
    // A meter that says nothing more costs thirty kilobytes for as long as it is let stay.
    server.http_builder().http1().header_read_timeout(HEADERS_WITHIN);
    Ok(server)
}
