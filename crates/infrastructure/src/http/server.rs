//! One infrastructure process from start to drained stop.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use timbre_catalogue::Catalogue;
use tokio::task::JoinHandle;

use super::front::{self, Front};
use super::{Metrics, admin, routes};
use crate::config::Config;
use crate::deployment::Deployment;
use crate::ground::{Ground, ServeError};
use crate::staff::Staff;
use crate::tls;

const HEADERS_WITHIN: Duration = Duration::from_secs(10);

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
    /// The staff's desk on this infrastructure's own store, until it is shut down; `who` stands in the audit log.
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
    let Ground { authority, keys, store } = Ground::open(&config).await?;
    let ca_pem = authority.certificate().to_owned();
    let catalogue = Catalogue::timbre().with_domain(&config.domain)?;
    let routes = routes::routes(&catalogue, &config.only);
    let hosts = routes.iter().map(|route| route.host.clone());
    let tls = tls::server_config(authority, hosts)?;
    let (listener, https_addr) = listen(config.listen)?;
    let (admin_listener, admin_addr) = listen(config.admin_listen)?;
    let deployment = Arc::new(Deployment {
        store,
        keys,
        catalogue,
        port: config.public_port.unwrap_or_else(|| https_addr.port()),
        suspend_on_mismatch: config.suspend_on_mismatch,
        metrics: Metrics::new(),
    });
    let front = Arc::new(Front { deployment: deployment.clone(), routes });
    let app = Router::new().fallback(front::answer).with_state(front);
    let handles = [Handle::new(), Handle::new()];
    let https = from_listener(listener, https_addr)?
        .acceptor(
            RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(tls))).acceptor(NoDelayAcceptor),
        )
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
    let mut server = axum_server::from_tcp(listener)
        .map_err(|source| ServeError::Listen { address, source })?
        .http1_only();
    // A meter that says nothing more costs thirty kilobytes for as long as it is let stay.
    server.http_builder().http1().header_read_timeout(HEADERS_WITHIN);
    Ok(server)
}
