//! A caller that sends exactly the bytes it is told to, in the clear or by TLS, and knows the first message of its own
//! handshake.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::world::trusting;

pub(crate) struct Raw {
    stream: Box<dyn ReadWrite>,
    /// Where this caller calls from.
    pub(crate) address: SocketAddr,
}

trait ReadWrite: Read + Write + Send {}
impl<S: Read + Write + Send> ReadWrite for S {}

/// An answer as it arrived.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Raw {
    pub(crate) fn in_clear(address: SocketAddr) -> Raw {
        let stream = connect(address);
        Raw { address: stream.local_addr().expect("an address"), stream: Box::new(stream) }
    }

    /// By TLS, to the host of this name.
    pub(crate) fn secure(address: SocketAddr, ca_pem: &Path, name: &str) -> Raw {
        Raw::secure_as(address, trusting(ca_pem), name).0
    }

    /// By TLS as this configuration says; the second part is what was sent first.
    pub(crate) fn secure_as(
        address: SocketAddr,
        config: ClientConfig,
        name: &str,
    ) -> (Raw, Vec<u8>) {
        let name = name.to_owned().try_into().expect("a name");
        let session = ClientConnection::new(Arc::new(config), name).expect("a session");
        let stream = connect(address);
        let address = stream.local_addr().expect("an address");
        let mut stream = StreamOwned::new(session, Recorded { stream, sent: Vec::new() });
        let mut first = Vec::new();
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("a handshake");
        }
        first.append(&mut stream.sock.sent);
        (Raw { stream: Box::new(stream), address }, first)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).expect("it is taken");
        self.stream.flush().expect("it is sent");
        self
    }

    /// Sends what may be cut off while it is being sent.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush())
    }

    /// Reads one answer.
    pub(crate) fn reply(&mut self) -> Reply {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            let read = self.stream.read(&mut byte).expect("an answer");
            assert_eq!(read, 1, "cut off after {:?}", String::from_utf8_lossy(&head));
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head is text");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{head}"));
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
        self.stream.read_exact(&mut body).expect("a whole body");
        Reply { status, head, body }
    }

    /// Whatever comes until the other side hangs up.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end like any other here.
        let _ = self.stream.read_to_end(&mut rest);
        rest
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    stream.set_nodelay(true).expect("no delay");
    stream
}

struct Recorded {
    stream: TcpStream,
    sent: Vec<u8>,
}

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        self.sent.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
