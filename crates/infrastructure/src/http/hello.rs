//! The first message of a TLS handshake as it arrived: a caller that knows what it sent learns from its digest whether
//! somebody on the way spoke in its place (REQ NET-6).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Longer than any client’s first message, post-quantum key shares and all.
const MOST: usize = 16 * 1024;

/// A TCP stream that notes how it begins, until [`Greeted::digest`] is asked for.
#[derive(Debug)]
pub(super) struct Greeted {
    stream: TcpStream,
    noted: Option<Vec<u8>>,
}

impl Greeted {
    pub(super) fn new(stream: TcpStream) -> Self {
        Greeted { stream, noted: Some(Vec::new()) }
    }

    /// SHA-256 of the ClientHello: the handshake message from its type byte on, without the headers of the records that
    /// carry it. Ends the noting.
    pub(super) fn digest(&mut self) -> Option<[u8; 32]> {
        let message = client_hello(&self.noted.take()?)?;
        Some(Sha256::digest(message).into())
    }

    pub(super) fn peer(&self) -> io::Result<std::net::SocketAddr> {
        self.stream.peer_addr()
    }
}

/// The first handshake message out of its records, if it is whole and a ClientHello.
fn client_hello(mut bytes: &[u8]) -> Option<Vec<u8>> {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    let mut message = Vec::new();
    loop {
        if let [CLIENT_HELLO, high, middle, low, ..] = *message {
            let length = 4 + usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?;
            if message.len() >= length {
                message.truncate(length);
                return Some(message);
            }
        }
        let (&[kind, _, _, high, low], rest) = bytes.split_first_chunk()?;
        let (fragment, rest) = rest.split_at_checked(u16::from_be_bytes([high, low]).into())?;
        if kind != HANDSHAKE {
            return None;
        }
        message.extend_from_slice(fragment);
        bytes = rest;
    }
}

impl AsyncRead for Greeted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(noted) = &mut self.noted {
            let read = &buffer.filled()[before..];
            let room = MOST - noted.len();
            noted.extend_from_slice(&read[..read.len().min(room)]);
        }
        polled
    }
}

impl AsyncWrite for Greeted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_message_is_put_together_from_its_records() {
        let hello = [1, 0, 0, 3, 7, 8, 9];
        let record = |part: &[u8]| [&[22, 3, 1, 0, part.len() as u8], part].concat();
        let whole = [record(&hello), record(b"more")].concat();
        assert_eq!(client_hello(&whole).unwrap(), hello);
        let split = [record(&hello[..2]), record(&hello[2..])].concat();
        assert_eq!(client_hello(&split).unwrap(), hello);
        assert!(client_hello(&split[..split.len() - 1]).is_none(), "cut short");
    }

    #[test]
    fn what_is_no_handshake_has_no_first_message() {
        assert!(client_hello(b"GET / HTTP/1.1\r\n\r\n").is_none());
        assert!(client_hello(&[21, 3, 1, 0, 2, 1, 0]).is_none(), "an alert");
        assert!(client_hello(&[22, 3, 1, 0, 4, 2, 0, 0, 0]).is_none(), "a ServerHello");
        assert!(client_hello(&[]).is_none());
    }
}
