//! From a name to its addresses: the system's DNS, or the resolver of a locked machine, which admits what it answers into
//! the machine's egress policy and knows only the names of the allow-list (REQ NET-10).

use core::net::{IpAddr, SocketAddr};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::ToSocketAddrs;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::dial::CONNECT;

/// The longest answer that is read: some hundred addresses.
const ANSWER: u64 = 8 * 1024;

/// Who is asked.
#[derive(Clone, Debug)]
pub(super) enum Resolver {
    /// The system's DNS.
    System,
    /// The machine's resolver, at its socket file.
    Machine(PathBuf),
}

impl Resolver {
    /// The addresses of `host`, with `port`.
    pub(super) async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let (resolver, host) = (self.clone(), host.to_owned());
        let asked = spawn_blocking(move || resolver.ask(&host));
        let addresses = timeout(CONNECT, asked).await??;
        Ok(addresses?.into_iter().map(|address| (address, port).into()).collect())
    }

    /// The same for who cannot wait otherwise.
    pub(super) fn ask(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match (self, host.parse()) {
            (_, Ok(address)) => Ok(vec![address]),
            (Resolver::System, _) => {
                Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
            }
            (Resolver::Machine(socket), _) => {
                let named = |error: io::Error| {
                    io::Error::new(
                        error.kind(),
                        format!("the machine’s resolver at {}: {error}", socket.display()),
                    )
                };
                let stream = UnixStream::connect(socket).map_err(named)?;
                converse(stream, host).map_err(named)
            }
        }
    }
}

/// One line each way: a name; its addresses, or `!` and why there are none.
fn converse(mut stream: UnixStream, host: &str) -> io::Result<Vec<IpAddr>> {
    stream.set_read_timeout(Some(CONNECT))?;
    writeln!(stream, "{host}")?;
    let mut answer = String::new();
    BufReader::new(stream.take(ANSWER)).read_line(&mut answer)?;
    if let Some(reason) = answer.strip_prefix('!') {
        return Err(io::Error::new(io::ErrorKind::NotFound, reason.trim()));
    }
    let addresses = answer.split_ascii_whitespace().map(str::parse);
    addresses.collect::<Result<_, _>>().map_err(|_| io::ErrorKind::InvalidData.into())
}
