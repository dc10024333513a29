//! One infrastructure process from start to drained stop.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use timbre_catalogue::{Catalogue, EndpointId, Scheme, endpoint};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::door::{ClearDoor, SecureDoor};
use super::front::{self, Front};
use super::limits::Limits;
use super::{Metrics, admin, routes, sorting};
use crate::call::now;
use crate::config::Config;
use crate::deployment::Deployment;
use crate::ground::{Ground, ServeError};
use crate::in_process;
use crate::staff::Staff;
use crate::tls::{self, Authority};

const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A new key signs a minute after it was made; by then every process has it.
const KEYS_EVERY: Duration = Duration::from_secs(5);

/// A running infrastructure. Dropping it leaves it running; [`Running::shutdown`] stops it.
#[derive(Debug)]
pub struct Running {
    /// Where the services listen, by HTTPS.
    pub https_addr: SocketAddr,
    /// Where what is offered in the clear listens, by plain HTTP, if it does.
    pub clear_addr: Option<SocketAddr>,
    /// Where the verification service for sorting machines listens, by HTTPS, if it does.
    pub sorting_addr: Option<SocketAddr>,
    /// Where `/health` and `/metrics` listen.
    pub admin_addr: SocketAddr,
    /// The root certificate that a meter must trust.
    pub ca_pem: PathBuf,
    /// The domain of the services.
    pub domain: String,
    deployment: Arc<Deployment>,
    drain: Duration,
    listeners: Vec<Listener>,
    refreshing: JoinHandle<()>,
    reconciling: Option<JoinHandle<()>>,
    following: Option<JoinHandle<()>>,
}

/// One address that is listened on.
#[derive(Debug)]
struct Listener {
    handle: Handle<SocketAddr>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// The staff's desk on this infrastructure's own store, until it is shut down; `who` stands in the audit log.
    #[must_use]
    pub fn staff(&self, who: &str) -> Staff {
        let Deployment { store, keys, policy, .. } = &*self.deployment;
        Staff::new(store.clone(), keys.clone(), who, policy.clone())
    }

    /// Answers a request of an exchange as one that came over a socket, without one: what the services cost by themselves.
    pub async fn answer(
        &self,
        endpoint: &EndpointId,
        bearer: Option<&str>,
        body: Vec<u8>,
    ) -> Vec<u8> {
        let now = now();
        let done = in_process::doing(&self.deployment, endpoint, bearer, body, now).await;
        in_process::told(done, now)
    }

    /// Takes no new connection, lets the requests in progress finish within the configured time, and closes the
    /// database.
    pub async fn shutdown(self) {
        for listener in &self.listeners {
            listener.handle.graceful_shutdown(Some(self.drain));
        }
        for listener in self.listeners {
            match listener.server.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "a listener ended badly"),
                Err(error) => tracing::error!(%error, "a listener panicked"),
            }
        }
        self.refreshing.abort();
        if let Some(reconciling) = self.reconciling {
            reconciling.abort();
        }
        if let Some(following) = self.following {
            following.abort();
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
    let secure = routes::routes(&catalogue, &config.only, Scheme::Https);
    let clear = routes::routes(&catalogue, &config.only, Scheme::Http);
    let hosts: BTreeSet<String> = secure.iter().map(|route| route.host.clone()).collect();
    let authority = Arc::new(authority);
    let tls = tls::server_config(&authority, hosts, &["http/1.1"])?;
    let door = SecureDoor::new(tls, noted_host(&catalogue));
    let listener = listen(config.listen)?;
    let admin_listener = listen(config.admin_listen)?;
    let (https_addr, admin_addr) = (listener.1, admin_listener.1);
    // A process that offers nothing in the clear does not listen for it.
    let clear_listener =
        config.listen_clear.filter(|_| !clear.is_empty()).map(listen).transpose()?;
    let deployment = Arc::new(Deployment {
        store,
        keys,
        catalogue,
        port: config.public_port.unwrap_or_else(|| https_addr.port()),
        policy: config.policy.clone(),
        metrics: Metrics::new(),
    });
    let refreshing = keep_keys_fresh(deployment.clone());
    let reconciling = config.policy.reconcile_every.map(|every| reconcile(&deployment, every));
    let limits = Arc::new(Limits::new());
    let app = |routes| {
        let (deployment, limits) = (deployment.clone(), limits.clone());
        let front = Arc::new(Front { deployment, routes, limits });
        Router::new().fallback(front::answer).with_state(front)
    };
    let mut listeners = vec![
        start(listener, door, app(secure))?,
        start(admin_listener, DefaultAcceptor, admin::router(deployment.clone()))?,
    ];
    let clear_addr = clear_listener.as_ref().map(|(_, address)| *address);
    if let Some(listener) = clear_listener {
        listeners.push(start(listener, ClearDoor, app(clear))?);
    }
    let sorting = match config.listen_sorting {
        Some(address) => Some(open_sorting(address, &config, &authority, &deployment).await?),
        None => None,
    };
    let (sorting_addr, following) = match sorting {
        Some((listener, address, following)) => {
            listeners.push(listener);
            (Some(address), Some(following))
        }
        None => (None, None),
    };
    let in_clear = clear_addr.map(|address| address.to_string());
    tracing::info!(%https_addr, in_clear, %admin_addr, database = %config.database, "infrastructure started");
    let Config { domain, drain, .. } = config;
    Ok(Running {
        https_addr,
        clear_addr,
        sorting_addr,
        admin_addr,
        ca_pem,
        domain,
        deployment,
        drain,
        listeners,
        refreshing,
        reconciling,
        following,
    })
}

/// Every meter is reconciled again and again, one at a time; what is found opens cases, as a person would have it done.
fn reconcile(deployment: &Deployment, every: Duration) -> JoinHandle<()> {
    let Deployment { store, keys, policy, .. } = deployment;
    let staff = Staff::new(store.clone(), keys.clone(), "timbre", policy.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            let (mut meters, mut unsound) = (0_u64, 0_u64);
            let done = staff.reconcile_each(true, |meter| {
                meters += 1;
                unsound += u64::from(!meter.discrepancies.is_empty());
            });
            match done.await {
                Ok(()) => tracing::info!(meters, unsound, "reconciled"),
                Err(error) => tracing::warn!(%error, meters, "the reconciliation was broken off"),
            }
        }
    })
}

/// Keys change while meters are served: another process may make one or revoke one, and the clock makes one sign.
fn keep_keys_fresh(deployment: Arc<Deployment>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(KEYS_EVERY).await;
            if let Err(error) = deployment.keys.refresh(&deployment.store, now()).await {
                tracing::warn!(%error, "the keys could not be refreshed; those of before are used");
            }
        }
    })
}

/// The verification service: a host name, a port and a protocol of its own, because sorting machines are not meters.
async fn open_sorting(
    address: SocketAddr,
    config: &Config,
    authority: &Arc<Authority>,
    deployment: &Arc<Deployment>,
) -> Result<(Listener, SocketAddr, JoinHandle<()>), ServeError> {
    let host = format!("{}.{}", sorting::HOST, config.domain);
    let tls = tls::server_config(authority, [host], &["h2", "http/1.1"])?;
    let desk = sorting::Desk::open(deployment.clone(), config.sorting).await?;
    let following = tokio::spawn(desk.clone().follow());
    let (listener, address) = listen(address)?;
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(tls)));
    let handle = Handle::new();
    let mut server =
        axum_server::from_tcp(listener).map_err(|source| ServeError::Listen { address, source })?;
    server.http_builder().http1().header_read_timeout(HEADERS_WITHIN);
    server.http_builder().http2().max_concurrent_streams(sorting::STREAMS_OF_ONE);
    let server = server.acceptor(acceptor).first_request_timeout(HEADERS_WITHIN);
    let server = server.handle(handle.clone());
    let server = tokio::spawn(server.serve(sorting::router(desk).into_make_service()));
    Ok((Listener { handle, server }, address, following))
}

/// The host whose requests are noted as they arrive: the network test's.
fn noted_host(catalogue: &Catalogue) -> &str {
    let row = catalogue.get(&endpoint::NETWORK_TEST_SECURE);
    row.and_then(|row| row.target().host.name()).unwrap_or_default()
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let fault = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    Ok((listener, address))
}

fn start<D>(
    (listener, address): (TcpListener, SocketAddr),
    door: D,
    app: Router,
) -> Result<Listener, ServeError>
where
    D: Accept<TcpStream, Router, Service = Router> + Clone + Send + Sync + 'static,
    D::Stream: AsyncRead + AsyncWrite + Unpin + Send,
    D::Future: Send,
{
    let mut server = axum_server::from_tcp(listener)
        .map_err(|source| ServeError::Listen { address, source })?
        .http1_only();
    // A meter that says nothing more costs thirty kilobytes for as long as it is let stay.
    server.http_builder().http1().header_read_timeout(HEADERS_WITHIN);
    let handle = Handle::new();
    let server = server.acceptor(door).first_request_timeout(HEADERS_WITHIN).handle(handle.clone());
    let server = tokio::spawn(server.serve(app.into_make_service()));
    Ok(Listener { handle, server })
}
