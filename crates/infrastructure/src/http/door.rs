//! How a connection comes in, in the clear or by TLS, and what is known of it ever after: who called, what the handshake
//! agreed on, how its requests really look.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::{Extension, Router};
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::{ProtocolVersion, ServerConfig};
use tokio::net::TcpStream;

use super::hello::Greeted;
use super::tap::{Tap, Tapped};

/// A connection as its requests see it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// Where it comes from: the caller, or whoever translates its address.
    pub(crate) peer: SocketAddr,
    /// What the handshake agreed on; none in the clear.
    pub(crate) tls: Option<Tls>,
    /// What its requests really look like, where that is asked for.
    pub(crate) tap: Option<Tap>,
}

/// What a handshake agreed on.
#[derive(Clone, Default, Debug)]
pub(crate) struct Tls {
    pub(crate) server_name: String,
    pub(crate) version: &'static str,
    pub(crate) cipher: &'static str,
    /// SHA-256 of the caller’s first message.
    pub(crate) client_hello: Option<[u8; 32]>,
}

/// Lets in what comes in the clear.
#[derive(Clone, Debug)]
pub(super) struct ClearDoor;

type Entering<S> = Pin<Box<dyn Future<Output = io::Result<(Tapped<S>, Router)>> + Send>>;

impl Accept<TcpStream, Router> for ClearDoor {
    type Stream = Tapped<TcpStream>;
    type Service = Router;
    type Future = Entering<TcpStream>;

    fn accept(&self, stream: TcpStream, service: Router) -> Self::Future {
        Box::pin(async move {
            stream.set_nodelay(true)?;
            let peer = stream.peer_addr()?;
            Ok(known(stream, service, Connection { peer, tls: None, tap: Some(Tap::default()) }))
        })
    }
}

/// Lets in what comes by TLS.
#[derive(Clone)]
pub(super) struct SecureDoor {
    handshake: RustlsAcceptor<Greeting>,
    /// The host whose requests are noted as they arrive.
    noted: Arc<str>,
}

impl SecureDoor {
    pub(super) fn new(tls: ServerConfig, noted: &str) -> Self {
        let config = RustlsConfig::from_config(Arc::new(tls));
        let handshake = RustlsAcceptor::new(config).acceptor(Greeting);
        SecureDoor { handshake, noted: noted.into() }
    }
}

type Secured = <RustlsAcceptor<Greeting> as Accept<TcpStream, ()>>::Stream;

impl Accept<TcpStream, Router> for SecureDoor {
    type Stream = Tapped<Secured>;
    type Service = Router;
    type Future = Entering<Secured>;

    fn accept(&self, stream: TcpStream, service: Router) -> Self::Future {
        let handshake = self.handshake.accept(stream, ());
        let noted = self.noted.clone();
        Box::pin(async move {
            let (mut stream, _) = handshake.await?;
            let (greeted, session) = stream.get_mut();
            let peer = greeted.peer()?;
            let server_name = session.server_name().unwrap_or_default().to_owned();
            let client_hello = greeted.digest();
            let version = session.protocol_version().map_or("unknown", version);
            let cipher = session.negotiated_cipher_suite();
            let cipher = cipher.and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
            let tap = server_name.eq_ignore_ascii_case(&noted).then(Tap::default);
            let tls = Some(Tls { server_name, version, cipher, client_hello });
            Ok(known(stream, service, Connection { peer, tls, tap }))
        })
    }
}

/// Under the handshake: notes how the connection begins.
#[derive(Clone, Debug)]
pub(super) struct Greeting;

impl<S: Send + 'static> Accept<TcpStream, S> for Greeting {
    type Stream = Greeted;
    type Service = S;
    type Future = std::future::Ready<io::Result<(Greeted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        std::future::ready(stream.set_nodelay(true).map(|()| (Greeted::new(stream), service)))
    }
}

fn known<S>(stream: S, service: Router, connection: Connection) -> (Tapped<S>, Router) {
    let tap = connection.tap.clone();
    (Tapped { stream, tap }, service.layer(Extension(Arc::new(connection))))
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "unknown",
    }
}
