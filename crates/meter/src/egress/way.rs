//! The way to a host of the catalogue: straight, or through the customer's proxy; TLS with the
//! infrastructure itself in either case. The proxy is asked only for what the catalogue names.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;

use jiff::ZonedDateTime;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use timbre_proxy::{
    Credentials, Destination, ProxyAddress, ProxyError, ProxySettings, Route, Surroundings, Tunnel,
    Ways, load_pac, tunnel,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::dial::{CONNECT, connect};
use super::resolve::Resolver;
use crate::settings::Proxy;

/// Any stream that TLS can run over.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl Transport for TcpStream {}
impl Transport for Tunnel<TcpStream> {}

/// A stream to the infrastructure itself.
pub(super) type Secure = TlsStream<Box<dyn Transport>>;

/// Why there is no stream.
#[derive(Debug)]
pub(super) enum Blocked {
    /// The host is not one of the catalogue's.
    NotAllowed,
    /// Nobody answered there, or not in TLS.
    Broken(io::Error),
    /// Not in time.
    Late,
    /// The proxy did not open the way.
    Proxy(Box<ProxyError>),
    /// The settings of the proxy mean nothing.
    Settings(String),
}

impl From<io::Error> for Blocked {
    fn from(error: io::Error) -> Blocked {
        if error.kind() == io::ErrorKind::TimedOut { Blocked::Late } else { Blocked::Broken(error) }
    }
}

impl From<ProxyError> for Blocked {
    fn from(error: ProxyError) -> Blocked {
        Blocked::Proxy(Box::new(error))
    }
}

/// The way to every host of the catalogue.
pub(super) struct Way {
    /// Where to connect instead, whatever the host.
    pub(super) connect: Option<SocketAddr>,
    /// Who knows the addresses of names.
    pub(super) resolver: Resolver,
    /// The catalogue's hosts.
    pub(super) allowed: Vec<String>,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) proxy: Proxy,
    pub(super) credentials: Credentials,
    /// How long what was sent may stay unacknowledged.
    pub(super) patience: Duration,
    /// What the proxy's settings mean; a script is fetched when it is first needed.
    pub(super) ways: OnceCell<Ways>,
}

impl Way {
    /// A stream to `host`, encrypted to the infrastructure itself.
    pub(super) async fn open(&self, host: &str, port: u16) -> Result<Secure, Blocked> {
        if !self.allowed.iter().any(|allowed| allowed == host) {
            return Err(Blocked::NotAllowed);
        }
        let mut failure = None;
        for route in self.routes(host, port).await? {
            let opened = match &route {
                Route::Direct => self.straight(host, port).await,
                Route::Proxy(proxy) => self.through(proxy, host, port).await,
            };
            match opened {
                Ok(stream) => return self.secured(host, stream).await,
                Err(blocked) if !is_absent(&blocked) => return Err(blocked),
                // The first route is the one that should have worked.
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or(Blocked::Late))
    }

    async fn straight(&self, host: &str, port: u16) -> Result<Box<dyn Transport>, Blocked> {
        let addresses = match self.connect {
            Some(address) => vec![address],
            None => self.resolver.addresses(host, port).await?,
        };
        Ok(Box::new(connect(addresses, self.patience).await?))
    }

    async fn through(
        &self,
        proxy: &ProxyAddress,
        host: &str,
        port: u16,
    ) -> Result<Box<dyn Transport>, Blocked> {
        let destination = match self.connect {
            Some(address) => Destination::https(&address.ip().to_string(), address.port()),
            None => Destination::https(host, port),
        };
        let destination = destination.map_err(|error| Blocked::Settings(error.to_string()))?;
        let dial = || async {
            let addresses = self.resolver.addresses(proxy.host(), proxy.port()).await?;
            connect(addresses, self.patience).await
        };
        let from_environment = self.ways.get().and_then(Ways::credentials);
        let credentials = from_environment.filter(|_| self.credentials.user().is_none());
        let asked = tunnel(dial, proxy, &destination, credentials.unwrap_or(&self.credentials));
        // Several connections and questions to the proxy, and its own connection onwards.
        let opened = timeout(CONNECT * 2, asked).await.map_err(|_| {
            let reason = format!("no answer within {} s", (CONNECT * 2).as_secs());
            ProxyError::Unreachable { proxy: proxy.clone(), reason }
        })?;
        Ok(Box::new(opened?))
    }

    async fn secured(&self, host: &str, stream: Box<dyn Transport>) -> Result<Secure, Blocked> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Blocked::NotAllowed)?;
        let shaken = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        Ok(timeout(CONNECT, shaken).await.map_err(|_| Blocked::Late)??)
    }

    async fn routes(&self, host: &str, port: u16) -> Result<Vec<Route>, Blocked> {
        let ways = self.ways.get_or_try_init(|| self.prepare()).await?;
        let destination = Destination::https(host, port);
        let destination = destination.map_err(|error| Blocked::Settings(error.to_string()))?;
        if !ways.is_script() {
            return Ok(ways.routes(&destination, &nowhere())?);
        }
        let (ways, here) = (ways.clone(), here(self.resolver.clone()));
        let asked = tokio::task::spawn_blocking(move || ways.routes(&destination, &here));
        Ok(asked.await.map_err(io::Error::other)??)
    }

    async fn prepare(&self) -> Result<Ways, Blocked> {
        let Proxy { way, no_proxy, forbid_basic, .. } = &self.proxy;
        match way {
            ProxySettings::None => Ok(Ways::direct()),
            ProxySettings::Explicit(proxy) => Ok(Ways::through(proxy.clone(), no_proxy.clone())),
            ProxySettings::Environment => {
                let ways = Ways::from_environment(&|name| std::env::var(name).ok())
                    .map_err(|error| Blocked::Settings(error.to_string()))?;
                Ok(ways.forbid_basic(*forbid_basic))
            }
            ProxySettings::Pac(source) => {
                let dial = |server: Destination| async move {
                    let addresses = self.resolver.addresses(server.host(), server.port()).await?;
                    connect(addresses, self.patience).await
                };
                let loaded = timeout(CONNECT * 2, load_pac(source, dial)).await;
                let pac = loaded.map_err(|_| Blocked::Late)?.map_err(ProxyError::from)?;
                Ok(Ways::by_script(pac, no_proxy.clone()))
            }
        }
    }
}

/// Whether another route may be tried: nobody was there to say no.
fn is_absent(blocked: &Blocked) -> bool {
    match blocked {
        Blocked::Broken(_) | Blocked::Late => true,
        Blocked::Proxy(error) => {
            matches!(**error, ProxyError::Unreachable { .. } | ProxyError::Closed { .. })
        }
        Blocked::NotAllowed | Blocked::Settings(_) => false,
    }
}

/// The world as a script sees it from this machine.
fn here(resolver: Resolver) -> Surroundings {
    let resolve = move |host: &str| resolver.ask(host).unwrap_or_default();
    Surroundings {
        resolve: Arc::new(resolve),
        my_address: my_address().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        now: ZonedDateTime::now(),
    }
}

/// No world: nothing but a script looks at it.
fn nowhere() -> Surroundings {
    let my_address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    Surroundings { resolve: Arc::new(|_| Vec::new()), my_address, now: ZonedDateTime::UNIX_EPOCH }
}

/// The address that this machine would send from: asked of its own routing table, nothing is sent.
fn my_address() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // An address of the documentation: any that the default route leads to.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 53))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use tokio::net::TcpListener;

    use super::*;

    /// REQ NET-10: whoever names a host, signed or not, it is not gone to unless the catalogue has it;
    /// not even when every host would lead to the same address, or a proxy stands ready.
    #[tokio::test]
    async fn a_host_that_the_catalogue_does_not_name_is_not_gone_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        for (connect, proxy) in
            [(Some(address), "none".to_owned()), (None, format!("http://{address}"))]
        {
            let way = Way {
                connect,
                resolver: Resolver::System,
                allowed: vec!["comet.timbre.localhost".to_owned()],
                tls: Arc::new(tls.clone()),
                proxy: Proxy { way: proxy.parse().unwrap(), ..Proxy::default() },
                credentials: Credentials::none(),
                patience: Duration::from_secs(1),
                ways: OnceCell::new(),
            };
            for host in
                ["comet.example.org", "timbre.localhost", "COMET.timbre.localhost", "127.0.0.1", ""]
            {
                let blocked = way.open(host, 443).await.err().unwrap();
                assert!(matches!(blocked, Blocked::NotAllowed), "{host}: {blocked:?}");
            }
        }
        // Nobody knocked.
        let knocked = timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(knocked.is_err());
    }
}
