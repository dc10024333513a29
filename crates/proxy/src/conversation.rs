//! A stream to a proxy on which answers are read with limits: what was read beyond an answer's head is not
//! lost, it is the first of what comes after.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// What a head may hold, and a chunk's line.
const HEAD_LIMIT: usize = 64 * 1024;
const LINE_LIMIT: usize = 1024;

/// What went wrong while reading an answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The stream broke or ended.
    Cut(String),
    /// What came is no HTTP, or too much of it.
    Nonsense(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Cut(error.to_string())
    }
}

fn nonsense(reason: impl Into<String>) -> Trouble {
    Trouble::Nonsense(reason.into())
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) minor: u8,
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.headers.iter().filter(named).map(|(_, value)| value.as_str())
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        let mut tokens = self.all(name).flat_map(|value| value.split(','));
        tokens.any(|t| t.trim().eq_ignore_ascii_case(token))
    }

    /// Whether the same connection serves another request, as far as the head says.
    pub(crate) fn keeps(&self) -> bool {
        let closes = ["connection", "proxy-connection"].iter().any(|n| self.has_token(n, "close"));
        let keeps =
            ["connection", "proxy-connection"].iter().any(|n| self.has_token(n, "keep-alive"));
        !closes && (self.minor >= 1 || keeps)
    }

    fn body(&self) -> Result<Body, Trouble> {
        if matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Body::Sized(0));
        }
        if self.all("transfer-encoding").next().is_some() {
            return if self.has_token("transfer-encoding", "chunked") {
                Ok(Body::Chunked)
            } else {
                Ok(Body::UntilEnd)
            };
        }
        let mut lengths = self.all("content-length").flat_map(|v| v.split(',')).map(str::trim);
        let Some(first) = lengths.next() else { return Ok(Body::UntilEnd) };
        if lengths.any(|other| other != first) {
            return Err(nonsense("it gives two lengths for one body"));
        }
        let digits = !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit());
        let length = first.parse().ok().filter(|_| digits);
        length.map(Body::Sized).ok_or_else(|| nonsense("the length of its body is not a number"))
    }
}

enum Body {
    Sized(u64),
    Chunked,
    UntilEnd,
}

/// A stream and what was read of it too early.
pub(crate) struct Conversation<S> {
    stream: S,
    early: Vec<u8>,
    taken: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<S> {
    pub(crate) fn new(stream: S) -> Conversation<S> {
        Conversation { stream, early: Vec::new(), taken: 0 }
    }

    pub(crate) async fn say(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    fn pending(&self) -> &[u8] {
        &self.early[self.taken..]
    }

    fn take(&mut self, count: usize) {
        self.taken += count;
        if self.taken == self.early.len() {
            self.early.clear();
            self.taken = 0;
        }
    }

    /// Reads more; the number of bytes, zero at the end.
    async fn more(&mut self) -> Result<usize, Trouble> {
        if self.taken > 0 {
            self.early.drain(..self.taken);
            self.taken = 0;
        }
        let mut part = [0; 4096];
        let count = self.stream.read(&mut part).await?;
        self.early.extend_from_slice(&part[..count]);
        Ok(count)
    }

    /// The next answer's head; interim answers are passed over.
    pub(crate) async fn head(&mut self) -> Result<Head, Trouble> {
        let mut left = 8;
        loop {
            let head = self.one_head().await?;
            if !matches!(head.status, 100 | 102..=199) {
                return Ok(head);
            }
            left -= 1;
            if left == 0 {
                return Err(nonsense("it sends interim answers without end"));
            }
        }
    }

    async fn one_head(&mut self) -> Result<Head, Trouble> {
        let mut looked = 0;
        loop {
            if let Some(length) = end_of_head(self.pending(), looked) {
                let head = parsed(&self.pending()[..length])?;
                self.take(length);
                return Ok(head);
            }
            looked = self.pending().len();
            if looked > HEAD_LIMIT {
                return Err(nonsense(format!(
                    "the head of its answer is longer than {HEAD_LIMIT} bytes"
                )));
            }
            if self.pending().first().is_some_and(|b| !b"H\r\n".contains(b)) {
                return Err(nonsense("its answer is not HTTP/1"));
            }
            if self.more().await? == 0 {
                return Err(Trouble::Cut("the stream ended in the head of the answer".to_owned()));
            }
        }
    }

    /// The body that belongs to `head`, up to `limit` bytes; `false` beside it when the end of the stream
    /// is its end, so that nothing can follow.
    pub(crate) async fn body(
        &mut self,
        head: &Head,
        limit: usize,
    ) -> Result<(Vec<u8>, bool), Trouble> {
        let mut body = Vec::new();
        match head.body()? {
            Body::Sized(length) => {
                let length = usize::try_from(length).ok().filter(|l| *l <= limit);
                let length = length.ok_or_else(|| too_long(limit))?;
                self.copy(&mut body, length).await?;
            }
            Body::Chunked => self.chunks(&mut body, limit).await?,
            Body::UntilEnd => loop {
                body.extend_from_slice(self.pending());
                self.take(self.pending().len());
                if body.len() > limit {
                    return Err(too_long(limit));
                }
                if self.more().await? == 0 {
                    return Ok((body, false));
                }
            },
        }
        Ok((body, true))
    }

    async fn copy(&mut self, body: &mut Vec<u8>, mut length: usize) -> Result<(), Trouble> {
        while length > 0 {
            let count = self.pending().len().min(length);
            body.extend_from_slice(&self.pending()[..count]);
            self.take(count);
            length -= count;
            if length > 0 && self.more().await? == 0 {
                return Err(Trouble::Cut("the stream ended in the body of the answer".to_owned()));
            }
        }
        Ok(())
    }

    async fn chunks(&mut self, body: &mut Vec<u8>, limit: usize) -> Result<(), Trouble> {
        loop {
            let line = self.line().await?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let size = usize::from_str_radix(digits, 16).ok().filter(|_| hex);
            let size = size.ok_or_else(|| nonsense("the length of a chunk is not a number"))?;
            if size == 0 {
                break;
            }
            if size > limit - body.len() {
                return Err(too_long(limit));
            }
            self.copy(body, size).await?;
            if !self.line().await?.is_empty() {
                return Err(nonsense("a chunk is longer than it says"));
            }
        }
        let mut trailers = 0;
        while !self.line().await?.is_empty() {
            trailers += 1;
            if trailers > 64 {
                return Err(nonsense("its answer has trailers without end"));
            }
        }
        Ok(())
    }

    async fn line(&mut self) -> Result<String, Trouble> {
        loop {
            if let Some(end) = self.pending().iter().position(|b| *b == b'\n') {
                let line = String::from_utf8_lossy(&self.pending()[..end]).trim_end().to_owned();
                self.take(end + 1);
                return Ok(line);
            }
            if self.pending().len() > LINE_LIMIT {
                return Err(nonsense("a line of its answer has no end"));
            }
            if self.more().await? == 0 {
                return Err(Trouble::Cut("the stream ended in the body of the answer".to_owned()));
            }
        }
    }
}

fn too_long(limit: usize) -> Trouble {
    nonsense(format!("the body of its answer is longer than {limit} bytes"))
}

/// Where the empty line ends, looking from a little before `from`.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let start = from.saturating_sub(3);
    let rest = &bytes[start..];
    let strict = rest.windows(4).position(|w| w == b"\r\n\r\n").map(|at| start + at + 4);
    let loose = rest.windows(2).position(|w| w == b"\n\n").map(|at| start + at + 2);
    match (strict, loose) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn parsed(bytes: &[u8]) -> Result<Head, Trouble> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let not_http = || nonsense("its answer is not HTTP/1");
    let rest = first.strip_prefix("HTTP/1.").ok_or_else(not_http)?;
    let (minor, rest) = rest.split_once(' ').ok_or_else(not_http)?;
    let minor = match minor {
        "0" => 0,
        "1" => 1,
        _ => return Err(not_http()),
    };
    let (status, reason) = rest.trim_start().split_once(' ').unwrap_or_else(|| (rest.trim(), ""));
    let three = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
    let status = status.parse().ok().filter(|s| three && *s >= 100).ok_or_else(not_http)?;
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines.filter(|l| !l.is_empty()) {
        // What is sent back to the proxy or shown to a person must not end a line.
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(nonsense("a header field has characters that no text has"));
        }
        if line.starts_with([' ', '\t']) {
            // An old way to go on with a value on the next line.
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| nonsense("a header field has no name"))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(Head { minor, status, reason: plain(reason), headers })
}

/// What a stranger sent, fit for an error message.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned()
}

impl<S: AsyncRead + Unpin> AsyncRead for Conversation<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let early = &this.early[this.taken..];
        if early.is_empty() {
            return Pin::new(&mut this.stream).poll_read(context, into);
        }
        let count = early.len().min(into.remaining());
        into.put_slice(&early[..count]);
        this.taken += count;
        if this.taken == this.early.len() {
            this.early = Vec::new();
            this.taken = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Conversation<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
