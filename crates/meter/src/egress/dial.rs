//! Connections over TCP: to the first address that answers, and noticed early when they are dead.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a connection may take to come about.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// After this the next address is tried beside the one that has not answered.
const NEXT: Duration = Duration::from_millis(250);
/// Less than firewalls remember a silent connection for.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(30))
    .with_interval(Duration::from_secs(10))
    .with_retries(3);

/// Connects to the first of `addresses` that answers. What was sent and is not acknowledged within
/// `patience` ends the connection: a firewall that forgot it drops what we send and says nothing.
pub(super) async fn connect(
    addresses: Vec<SocketAddr>,
    patience: Duration,
) -> io::Result<TcpStream> {
    let connected = timeout(CONNECT, first_of(addresses)).await;
    let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&KEEPALIVE)?;
    socket.set_tcp_user_timeout(Some(patience))?;
    Ok(stream)
}

async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut trying = JoinSet::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        let next = waiting.next();
        let more = next.is_some();
        if let Some(address) = next {
            trying.spawn(TcpStream::connect(address));
        }
        tokio::select! {
            Some(tried) = trying.join_next() => match tried {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = error,
                Err(error) => failure = io::Error::other(error),
            },
            () = sleep(NEXT), if more => {}
            else => return Err(failure),
        }
    }
}
