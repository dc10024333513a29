//! DNS by its own sockets: one question, one server, one transport, and exactly what came back. A resolver library would
//! retry a lost or truncated answer and hide what is looked for here.

pub(crate) mod checks;
mod lookup;
mod system;

use core::net::{IpAddr, SocketAddr};
use std::collections::HashMap;
use std::io;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

pub(crate) use lookup::{Found, NotFound};

/// How a question travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transport {
    /// With the EDNS size offered, where one is.
    Udp(Option<u16>),
    Tcp,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) message: Message,
    pub(crate) bytes: usize,
    pub(crate) took: Duration,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum NoReply {
    /// Nothing in time.
    Silent,
    /// The system said why.
    Refused(io::Error),
    /// It is no DNS message, or no answer to this question.
    Garbled,
}

impl std::fmt::Display for NoReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoReply::Silent => f.write_str("no answer"),
            NoReply::Refused(error) => write!(f, "{error}"),
            NoReply::Garbled => f.write_str("not a DNS answer"),
        }
    }
}

/// The DNS servers of a run.
#[derive(Clone, Debug)]
pub(crate) struct Dns {
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) search: Vec<String>,
    /// Names that this machine knows without asking.
    hosts: HashMap<String, Vec<IpAddr>>,
    limit: Duration,
}

impl Dns {
    /// The given servers, or those of the system with its file of hosts.
    pub(crate) fn new(servers: &[SocketAddr], limit: Duration) -> Dns {
        let system = system::System::read();
        match servers {
            [] => {
                Dns { servers: system.servers, search: system.search, hosts: system.hosts, limit }
            }
            given => {
                Dns { servers: given.to_vec(), search: system.search, hosts: HashMap::new(), limit }
            }
        }
    }

    /// Asks one server one question.
    pub(crate) async fn ask(
        &self,
        server: SocketAddr,
        name: &str,
        kind: RecordType,
        transport: Transport,
    ) -> Result<Reply, NoReply> {
        let question = question(name, kind, transport).ok_or(NoReply::Garbled)?;
        let bytes = question.to_vec().map_err(|_| NoReply::Garbled)?;
        let asked = std::time::Instant::now();
        let answer = match transport {
            Transport::Udp(_) => self.by_udp(server, &bytes).await,
            Transport::Tcp => timeout(self.limit, by_tcp(server, &bytes))
                .await
                .map_err(|_| NoReply::Silent)
                .and_then(|answer| answer.map_err(NoReply::Refused)),
        }?;
        let message = Message::from_vec(&answer).map_err(|_| NoReply::Garbled)?;
        if message.metadata.id != question.metadata.id {
            return Err(NoReply::Garbled);
        }
        Ok(Reply { message, bytes: answer.len(), took: asked.elapsed() })
    }

    /// A datagram may be lost by chance: it is sent again once, half way.
    async fn by_udp(&self, server: SocketAddr, question: &[u8]) -> Result<Vec<u8>, NoReply> {
        let own: SocketAddr = match server {
            SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
            SocketAddr::V6(_) => ([0u16; 8], 0).into(),
        };
        let socket = UdpSocket::bind(own).await.map_err(NoReply::Refused)?;
        socket.connect(server).await.map_err(NoReply::Refused)?;
        let mut buffer = vec![0; 65_535];
        for _ in 0..2 {
            socket.send(question).await.map_err(NoReply::Refused)?;
            let answer = async {
                loop {
                    let length = socket.recv(&mut buffer).await?;
                    // Another question’s answer, or somebody’s guess: the right one may still come.
                    if length >= 2 && buffer[..2] == question[..2] {
                        return io::Result::Ok(length);
                    }
                }
            };
            match timeout(self.limit / 2, answer).await {
                Ok(Ok(length)) => return Ok(buffer[..length].to_vec()),
                Ok(Err(error)) => return Err(NoReply::Refused(error)),
                Err(_) => {}
            }
        }
        Err(NoReply::Silent)
    }
}

fn question(name: &str, kind: RecordType, transport: Transport) -> Option<Message> {
    let mut name = Name::from_ascii(name).ok()?;
    name.set_fqdn(true);
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Query;
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, kind));
    let size = match transport {
        Transport::Udp(size) => size,
        Transport::Tcp => Some(1232),
    };
    if let Some(size) = size {
        let mut edns = Edns::new();
        edns.set_max_payload(size);
        message.set_edns(edns);
    }
    Some(message)
}

async fn by_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let framed = [&length.to_be_bytes(), question].concat();
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
