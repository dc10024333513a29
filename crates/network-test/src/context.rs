//! What every probe of a run shares, and how a stream to a destination is opened: straight, or through the proxy that the
//! settings choose for it.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::ZonedDateTime;
use timbre_proxy::{
    Credentials, Destination, ProxyAddress, ProxyError, ProxySettings, Route, Surroundings, Ways,
    load_pac, tunnel,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::dns::{Dns, Found, NotFound};
use crate::recorder::Recorder;
use crate::tcp::{self, NoConnection, connect};
use crate::tls::{Authorities, TlsTrouble};
use crate::{Code, Plan};

/// Anything that bytes can be written to and read from.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A stream to a destination, whatever it goes through.
pub(crate) type Stream = Box<dyn Io>;

/// Why there is no stream, or no answer on it.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    Name(NotFound),
    Tcp(NoConnection),
    Proxy(ProxyError),
    Tls(TlsTrouble),
    /// Nothing came in time.
    Silent,
    /// The connection ended early.
    Closed(String),
    /// What came is not HTTP.
    Nonsense(String),
}

impl Trouble {
    pub(crate) fn code(&self) -> Code {
        match self {
            Trouble::Name(error) => error.code,
            Trouble::Tcp(error) => error.code,
            Trouble::Proxy(error) => proxy_code(error),
            Trouble::Tls(error) => error.code,
            Trouble::Silent => Code::HttpNoAnswer,
            Trouble::Closed(_) => Code::HttpClosed,
            Trouble::Nonsense(_) => Code::HttpNotHttp,
        }
    }

    pub(crate) fn from_io(error: &io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::TimedOut => Trouble::Silent,
            io::ErrorKind::InvalidData => Trouble::Nonsense(error.to_string()),
            _ => Trouble::Closed(error.to_string()),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Name(error) => f.write_str(&error.said),
            Trouble::Tcp(error) => f.write_str(&error.said),
            Trouble::Proxy(error) => write!(f, "{error}"),
            Trouble::Tls(error) => f.write_str(&error.said),
            Trouble::Silent => f.write_str("no answer in time"),
            Trouble::Closed(said) | Trouble::Nonsense(said) => f.write_str(said),
        }
    }
}

/// The code of what a proxy did.
pub(crate) fn proxy_code(error: &ProxyError) -> Code {
    match error {
        ProxyError::Unreachable { .. } => Code::ProxyUnreachable,
        ProxyError::CredentialsMissing { .. } => Code::ProxyWantsCredentials,
        ProxyError::CredentialsRefused { .. } => Code::ProxyCredentialsRefused,
        ProxyError::NoScheme { .. } => Code::ProxySchemeUnsupported,
        ProxyError::Refused { .. } => Code::ProxyRefusedTarget,
        ProxyError::CannotReach { .. } => Code::ProxyCannotReach,
        ProxyError::Pac(_) => Code::PacUnusable,
        _ => Code::ProxyMisbehaves,
    }
}

/// What every probe shares.
pub(crate) struct Context<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) recorder: &'a Recorder<'a>,
    pub(crate) dns: Dns,
    pub(crate) authorities: Authorities,
    pub(crate) ways: Result<Ways, ProxyError>,
    pub(crate) credentials: Credentials,
    /// Whoever opens more than this many connections at once looks like an attack.
    doors: tokio::sync::Semaphore,
    /// The address of a host that has answered before.
    working: Mutex<BTreeMap<(String, u16), SocketAddr>>,
}

impl<'a> Context<'a> {
    pub(crate) async fn prepare(plan: &'a Plan, recorder: &'a Recorder<'a>) -> Context<'a> {
        let dns = Dns::new(&plan.resolvers, plan.limits.dns);
        let authorities = Authorities::of(&plan.roots).await;
        let ways = ways(plan, &dns, &authorities).await;
        let of_environment = ways.as_ref().ok().and_then(|ways| ways.credentials().cloned());
        let credentials = match of_environment {
            Some(found) if plan.credentials.is_empty() => found,
            _ => plan.credentials.clone(),
        };
        let doors = tokio::sync::Semaphore::new(plan.limits.connections.max(1));
        let working = Mutex::default();
        Context { plan, recorder, dns, authorities, ways, credentials, doors, working }
    }

    /// The route to a destination.
    pub(crate) async fn route(&self, destination: &Destination) -> Result<Route, ProxyError> {
        let ways = self.ways.as_ref().map_err(Clone::clone)?;
        let surroundings = self.surroundings();
        let (ways, destination) = (ways.clone(), destination.clone());
        // A script may take its time, and asks DNS as it runs.
        let routes = tokio::task::spawn_blocking(move || ways.routes(&destination, &surroundings));
        let routes = routes.await.unwrap_or_else(|_| Ok(vec![Route::Direct]))?;
        Ok(routes.into_iter().next().unwrap_or(Route::Direct))
    }

    fn surroundings(&self) -> Surroundings {
        let (dns, handle) = (self.dns.clone(), Handle::current());
        Surroundings {
            resolve: Arc::new(move |name| {
                handle.block_on(dns.lookup(name)).map(|found| found.addresses).unwrap_or_default()
            }),
            my_address: tcp::own_address_towards(self.plan.probe.nobody)
                .unwrap_or_else(|| IpAddr::from([127, 0, 0, 1])),
            now: ZonedDateTime::now(),
        }
    }

    /// The addresses of a host at a port.
    pub(crate) async fn addresses(
        &self,
        host: &str,
        port: u16,
    ) -> Result<(Vec<SocketAddr>, String), NotFound> {
        if let Some(address) = self.plan.addresses.get(&(host.to_owned(), port)) {
            return Ok((vec![*address], "the settings".to_owned()));
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok((vec![SocketAddr::new(address, port)], "itself".to_owned()));
        }
        let Found { addresses, by } = self.dns.lookup(host).await?;
        Ok((addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect(), by))
    }

    /// Connects to one address, waiting for a place.
    pub(crate) async fn connect(&self, address: SocketAddr) -> tcp::Attempt {
        let _door = self.doors.acquire().await;
        connect(address, self.plan.limits.connect).await
    }

    /// Connects to a host, by the first address that answers.
    pub(crate) async fn connect_to(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        let known = self.works(host, port);
        let addresses = match known {
            Some(address) => vec![address],
            None => self.addresses(host, port).await.map_err(Trouble::Name)?.0,
        };
        let mut last = None;
        for address in addresses {
            match self.connect(address).await.outcome {
                Ok(stream) => return Ok(stream),
                Err(error) => last = last.or(Some(error)),
            }
        }
        Err(last.map_or(Trouble::Silent, Trouble::Tcp))
    }

    /// The address of a host that has answered, once one has.
    pub(crate) fn works(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        working.get(&(host.to_owned(), port)).copied()
    }

    /// Remembers that an address of a host answers.
    pub(crate) fn remember(&self, host: &str, port: u16, address: SocketAddr) {
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        working.insert((host.to_owned(), port), address);
    }

    /// Opens a connection to a proxy itself.
    pub(crate) async fn dial(&self, proxy: &ProxyAddress) -> io::Result<TcpStream> {
        self.connect_to(proxy.host(), proxy.port())
            .await
            .map_err(|error| io::Error::other(error.to_string()))
    }

    /// A stream to a destination by a route; through a proxy always as a tunnel.
    pub(crate) async fn open(
        &self,
        destination: &Destination,
        route: &Route,
    ) -> Result<Stream, Trouble> {
        match route {
            Route::Direct => {
                let stream = self.connect_to(destination.host(), destination.port()).await?;
                Ok(Box::new(stream))
            }
            Route::Proxy(proxy) => {
                let opened = tunnel(|| self.dial(proxy), proxy, destination, &self.credentials);
                match timeout(self.tunnel_limit(), opened).await {
                    Ok(Ok(tunnel)) => Ok(Box::new(tunnel)),
                    Ok(Err(error)) => Err(Trouble::Proxy(error)),
                    Err(_) => Err(Trouble::Silent),
                }
            }
        }
    }

    /// A proxy connects before it answers: it is given the time of both.
    pub(crate) fn tunnel_limit(&self) -> Duration {
        self.plan.limits.connect + self.plan.limits.answer
    }
}

/// What the settings mean; a script is fetched for it.
async fn ways(plan: &Plan, dns: &Dns, authorities: &Authorities) -> Result<Ways, ProxyError> {
    let source = match &plan.proxy {
        ProxySettings::None => return Ok(Ways::direct()),
        ProxySettings::Explicit(proxy) => {
            return Ok(Ways::through(proxy.clone(), plan.no_proxy.clone()));
        }
        ProxySettings::Environment => {
            return Ways::from_environment(&|name| std::env::var(name).ok()).map_err(|error| {
                ProxyError::Pac(timbre_proxy::PacError::Unavailable {
                    script: "environment".to_owned(),
                    reason: error.to_string(),
                })
            });
        }
        ProxySettings::Pac(source) => source,
    };
    let limit = plan.limits.connect + plan.limits.answer;
    let dial = |server: Destination| async move {
        let found = dns.lookup(server.host()).await;
        let literal = server.host().parse::<IpAddr>().map(|address| vec![address]);
        let addresses = literal.or_else(|_| found.map(|found| found.addresses));
        let addresses = addresses.map_err(|error| io::Error::other(error.said))?;
        let address = addresses.first().ok_or(io::ErrorKind::NotFound)?;
        let address = SocketAddr::new(*address, server.port());
        let stream = connect(address, plan.limits.connect).await.outcome;
        let stream: Stream = Box::new(stream.map_err(|error| io::Error::other(error.said))?);
        if !server.is_secure() {
            return Ok(stream);
        }
        let opened = authorities.handshake(stream, server.host(), plan.limits.handshake).await;
        opened.map(|opened| opened.stream).map_err(|error| io::Error::other(error.said))
    };
    let loaded = timeout(limit, load_pac(source, dial)).await;
    match loaded {
        Ok(pac) => Ok(Ways::by_script(pac?, plan.no_proxy.clone())),
        Err(_) => Err(ProxyError::Pac(timbre_proxy::PacError::Unavailable {
            script: source.to_string(),
            reason: "no answer in time".to_owned(),
        })),
    }
}
