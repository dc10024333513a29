//! TCP connections, and what it means when there is none: a firewall that drops, one that rejects and one on this machine
//! each give themselves away by their own error.

use core::net::{IpAddr, SocketAddr};
use std::io;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::{Code, Confidence, Culprit};

/// What came of one connection.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) address: SocketAddr,
    pub(crate) took: Duration,
    pub(crate) outcome: Result<TcpStream, NoConnection>,
}

/// Why there is no connection, in the words of the operating system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NoConnection {
    pub(crate) code: Code,
    pub(crate) said: String,
}

impl NoConnection {
    pub(crate) fn from_io(error: &io::Error) -> NoConnection {
        let code = match error.kind() {
            io::ErrorKind::TimedOut => Code::ConnectionDropped,
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
                Code::ConnectionRefused
            }
            io::ErrorKind::HostUnreachable => Code::ConnectionProhibited,
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => Code::NoRoute,
            io::ErrorKind::PermissionDenied => Code::BlockedHere,
            _ => Code::CouldNotTest,
        };
        NoConnection { code, said: error.to_string() }
    }

    /// Who does such a thing.
    pub(crate) fn blame(&self) -> (Culprit, Confidence) {
        match self.code {
            Code::ConnectionDropped => (Culprit::Firewall, Confidence::Likely),
            // A server that is down refuses just so.
            Code::ConnectionRefused => (Culprit::Firewall, Confidence::Possible),
            Code::ConnectionProhibited => (Culprit::Firewall, Confidence::Likely),
            Code::NoRoute => (Culprit::Router, Confidence::Likely),
            Code::BlockedHere => (Culprit::ThisMachine, Confidence::Certain),
            _ => (Culprit::Unknown, Confidence::Possible),
        }
    }
}

/// Connects, within a time.
pub(crate) async fn connect(address: SocketAddr, limit: Duration) -> Attempt {
    connect_with(address, limit, None).await
}

/// Connects with no segment larger than `mss`.
pub(crate) async fn connect_with(
    address: SocketAddr,
    limit: Duration,
    mss: Option<u32>,
) -> Attempt {
    let began = Instant::now();
    let outcome = async {
        let socket = socket(address, mss)?;
        match timeout(limit, socket.connect(address)).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} ms", limit.as_millis()),
            )),
        }
    }
    .await
    .map_err(|error| NoConnection::from_io(&error));
    if let Ok(stream) = &outcome {
        // Small questions wait for nobody.
        let _ = stream.set_nodelay(true);
    }
    Attempt { address, took: began.elapsed(), outcome }
}

fn socket(address: SocketAddr, mss: Option<u32>) -> io::Result<TcpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if let Some(mss) = mss {
        socket.set_tcp_mss(mss)?;
    }
    Ok(TcpSocket::from_std_stream(socket.into()))
}

/// The segment size that both ends agreed on.
pub(crate) fn segment_size(stream: &TcpStream) -> Option<u32> {
    SockRef::from(stream).tcp_mss().ok()
}

/// Whether this machine has a way towards an address at all; nothing is sent.
pub(crate) fn own_address_towards(address: IpAddr) -> Option<IpAddr> {
    let own: SocketAddr = match address {
        IpAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        IpAddr::V6(_) => ([0u16; 8], 0).into(),
    };
    let socket = std::net::UdpSocket::bind(own).ok()?;
    socket.connect((address, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As measured with nftables: what a Linux client sees of each kind of refusal.
    #[test]
    fn each_error_of_the_system_says_who_refuses() {
        use linux::*;
        for (error, code, who) in [
            (ECONNREFUSED, Code::ConnectionRefused, Culprit::Firewall),
            (EHOSTUNREACH, Code::ConnectionProhibited, Culprit::Firewall),
            (ENETUNREACH, Code::NoRoute, Culprit::Router),
            (ETIMEDOUT, Code::ConnectionDropped, Culprit::Firewall),
            // The machine’s own filters: eBPF and nftables, and Landlock.
            (EPERM, Code::BlockedHere, Culprit::ThisMachine),
            (EACCES, Code::BlockedHere, Culprit::ThisMachine),
        ] {
            let refused = NoConnection::from_io(&io::Error::from_raw_os_error(error));
            assert_eq!((refused.code, refused.blame().0), (code, who));
        }
    }

    /// The numbers of Linux.
    mod linux {
        pub(super) const EPERM: i32 = 1;
        pub(super) const EACCES: i32 = 13;
        pub(super) const ENETUNREACH: i32 = 101;
        pub(super) const ETIMEDOUT: i32 = 110;
        pub(super) const ECONNREFUSED: i32 = 111;
        pub(super) const EHOSTUNREACH: i32 = 113;
    }
}
