//! Many listening sockets, plain and TLS, that feed one HTTP server. A handshake never holds up another.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_rustls::TlsAcceptor;

use super::Visitors;

/// A connection, whatever carries it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that is ready to speak HTTP, and from where.
pub(super) type Ready = (Box<dyn Stream>, SocketAddr);

const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections from every socket.
pub(super) struct Incoming(Receiver<Ready>);

impl Incoming {
    pub(super) fn new() -> (Incoming, Sender<Ready>) {
        let (sender, receiver) = channel(64);
        (Incoming(receiver), sender)
    }
}

impl Listener for Incoming {
    type Io = Box<dyn Stream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.0.recv().await {
            Some(ready) => ready,
            // No socket is left: nobody will ever come.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from(([0, 0, 0, 0], 0)))
    }
}

/// Hands on the connections of a socket as they are.
pub(super) async fn plain(listener: TcpListener, visitors: Arc<Visitors>, ready: Sender<Ready>) {
    while let Ok((stream, from)) = listener.accept().await {
        visitors.note("tcp", stream.local_addr().ok(), from);
        if ready.send((Box::new(stream), from)).await.is_err() {
            return;
        }
    }
}

/// Hands on the connections of a socket after their TLS handshake.
pub(super) async fn secure(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    visitors: Arc<Visitors>,
    ready: Sender<Ready>,
) {
    while let Ok((stream, from)) = listener.accept().await {
        visitors.note("tcp", stream.local_addr().ok(), from);
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            // Who fails the handshake, as every test that distrusts the root does, is only noted.
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                let _ = ready.send((Box::new(stream), from)).await;
            }
        });
    }
}
