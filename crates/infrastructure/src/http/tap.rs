//! What a caller really sent: the head of a request with the order and the capitals of its lines, which the HTTP library
//! forgets, and the first message of a TLS handshake.
//!
//! A [`Tapped`] stream notes the bytes that are read after the last answer was written, at most [`MOST`] of them and none
//! past the head. Whoever sends the next request before it has its answer is not followed: [`Tap::head`] then finds none,
//! and never another request's.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::http::request::Parts;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest head that is kept as it was sent.
const MOST: usize = 16 * 1024;

/// The head of a request as it was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    /// What the request line asks for: a path, or a whole URL where the caller takes this for a proxy.
    pub(crate) target: String,
    /// Names and values in their order.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

/// What was read on one connection since its last answer.
#[derive(Clone, Default, Debug)]
pub(crate) struct Tap(Arc<Mutex<Noted>>);

#[derive(Default, Debug)]
struct Noted {
    bytes: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Default, Debug)]
enum State {
    /// The bytes of a head are still to come.
    #[default]
    InHead,
    /// The head is whole, or is too long to be kept.
    Past,
    /// Something was written: what is read next begins a request.
    Answered,
}

impl Tap {
    fn with<T>(&self, work: impl FnOnce(&mut Noted) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The head of the request that `parts` were read from, if it is known for certain.
    pub(crate) fn head(&self, parts: &Parts) -> Option<Head> {
        let bytes = self.with(|noted| {
            noted.state = State::Past;
            std::mem::take(&mut noted.bytes)
        });
        let head = split(&bytes)?;
        head.is_of(parts).then_some(head)
    }
}

impl Noted {
    fn read(&mut self, bytes: &[u8]) {
        if self.state == State::Answered {
            (self.bytes, self.state) = (Vec::new(), State::InHead);
        }
        if self.state == State::Past {
            return;
        }
        // An empty line before a request is none of its lines.
        let skipped = if self.bytes.is_empty() {
            bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
        } else {
            0
        };
        let before = self.bytes.len();
        let bytes = &bytes[skipped..];
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(MOST - before)]);
        // The end may lie across what was there and what has come.
        if self.bytes.len() == MOST || end(&self.bytes[before.saturating_sub(3)..]).is_some() {
            self.state = State::Past;
        }
    }
}

impl Head {
    /// Whether the HTTP library read the same lines.
    fn is_of(&self, parts: &Parts) -> bool {
        let same = |name: &axum::http::HeaderName| {
            let sent =
                self.headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name.as_str()));
            sent.map(|(_, value)| value.as_slice()).eq(parts
                .headers
                .get_all(name)
                .iter()
                .map(|value| value.as_bytes()))
        };
        self.headers.len() == parts.headers.len() && parts.headers.keys().all(same)
    }
}

/// Where the empty line that ends a head begins; a line may end without a carriage return, as the HTTP library has it.
fn end(bytes: &[u8]) -> Option<usize> {
    let ends = |at: &usize| {
        let rest = &bytes[at + 1..];
        bytes[*at] == b'\n' && (rest.starts_with(b"\r\n") || rest.starts_with(b"\n"))
    };
    (0..bytes.len()).find(ends)
}

fn split(bytes: &[u8]) -> Option<Head> {
    let mut lines =
        bytes[..end(bytes)?].split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let target = first.split(' ').nth(1)?.to_owned();
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        Some((name.to_owned(), line[colon + 1..].trim_ascii().to_vec()))
    };
    Some(Head { target, headers: lines.map(header).collect::<Option<_>>()? })
}

/// A stream whose requests are noted, where there is a tap on it.
#[derive(Debug)]
pub(super) struct Tapped<S> {
    pub(super) stream: S,
    pub(super) tap: Option<Tap>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = &buffer.filled()[before..];
        if let Some(tap) = self.tap.as_ref().filter(|_| !read.is_empty()) {
            tap.with(|noted| noted.read(read));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes();
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

impl<S> Tapped<S> {
    fn writes(&self) {
        if let Some(tap) = &self.tap {
            tap.with(|noted| noted.state = State::Answered);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri("/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn tap(read: &[&[u8]]) -> Tap {
        let tap = Tap::default();
        for bytes in read {
            tap.with(|noted| noted.read(bytes));
        }
        tap
    }

    #[test]
    fn the_lines_keep_their_order_and_their_capitals() {
        let sent =
            [b"GET /x HTTP/1.1\r\nhOsT: a\r\nX-b:  1 \r".as_slice(), b"\nX-B: 2\r\n\r\nbody"];
        let head = tap(&sent).head(&parts(&[("x-b", "1"), ("x-b", "2"), ("host", "a")])).unwrap();
        assert_eq!(head.target, "/x");
        let names: Vec<_> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["hOsT", "X-b", "X-B"]);
        assert_eq!(head.headers[1].1, b"1");
    }

    #[test]
    fn lines_that_end_without_a_carriage_return_and_empty_lines_before_are_read_like_the_library_does()
     {
        let head =
            tap(&[b"\r\n\r\nGET /x HTTP/1.1\nA: 1\n\n"]).head(&parts(&[("a", "1")])).unwrap();
        assert_eq!(head.headers, [("A".to_owned(), b"1".to_vec())]);
    }

    #[test]
    fn another_requests_head_is_never_given_out() {
        let both = b"GET /x HTTP/1.1\r\nA: 1\r\n\r\nGET /y HTTP/1.1\r\nA: 2\r\n\r\n";
        let tap = tap(&[both]);
        assert!(tap.head(&parts(&[("a", "1")])).is_some());
        assert!(tap.head(&parts(&[("a", "2")])).is_none(), "sent before the answer to the first");
        tap.with(|noted| noted.state = State::Answered);
        tap.with(|noted| noted.read(b"GET /z HTTP/1.1\r\nA: 3\r\n\r\n"));
        assert!(tap.head(&parts(&[("a", "3")])).is_some());
        assert!(tap.head(&parts(&[])).is_none());
    }

    #[test]
    fn a_head_that_is_too_long_is_not_kept() {
        let long = format!("GET /x HTTP/1.1\r\nA: {}\r\n\r\n", "1".repeat(MOST));
        let tap = tap(&[long.as_bytes(), long.as_bytes()]);
        tap.with(|noted| assert_eq!(noted.bytes.len(), MOST));
        assert!(tap.head(&parts(&[("a", "1")])).is_none());
    }
}
