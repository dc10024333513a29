//! One plain HTTP request and its answer: straight, or carried by a proxy with the destination in the
//! request line. For what is spoken on port 80 only; the answer comes whole, up to a limit.

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::account::Account;
use crate::authentication::{Asked, ask, trouble};
use crate::conversation::{Conversation, Trouble};
use crate::credentials::Credentials;
use crate::destination::Destination;
use crate::error::ProxyError;
use crate::route::ProxyAddress;

/// A request. The header fields that HTTP itself needs are added: `Host`, `Connection`, `Content-Length`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The server.
    pub destination: &'a Destination,
    /// The path and the query, from the first slash.
    pub path: &'a str,
    /// Further header fields, sent in this order and these capitals.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; a request without one is sent without a length.
    pub body: &'a [u8],
}

/// An answer, whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The words beside the status.
    pub reason: String,
    /// The header fields, in the order and the capitals they came in.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What it took at the proxy; empty without one.
    pub account: Account,
}

impl Answer {
    /// The first value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// Has `proxy` carry `asked`; the answer's body may hold `limit` bytes. Any answer that does not ask who we
/// are is returned as it came: whether it is the proxy's or the server's cannot be told from here.
///
/// # Errors
/// [`ProxyError`] says what stood in the way.
pub async fn forward<S, D, F>(
    dial: D,
    proxy: &ProxyAddress,
    asked: &Request<'_>,
    credentials: &Credentials,
    limit: usize,
) -> Result<Answer, ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnMut() -> F,
    F: Future<Output = io::Result<S>>,
{
    let uri = format!("{}{}", asked.destination.url().trim_end_matches('/'), asked.path);
    let form =
        Asked { proxy, method: asked.method, uri: &uri, fields: fields(asked), body: asked.body };
    let (mut stream, head, account) = ask(dial, &form, credentials).await?;
    let body = if asked.method == "HEAD" {
        Vec::new()
    } else {
        stream.body(&head, limit).await.map_err(|error| trouble(proxy, error))?.0
    };
    Ok(Answer { status: head.status, reason: head.reason, headers: head.headers, body, account })
}

/// Sends `asked` straight over `stream`, without a proxy.
///
/// # Errors
/// When the stream breaks, or what comes back is not an HTTP answer within `limit`.
pub async fn request<S>(stream: S, asked: &Request<'_>, limit: usize) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let refused = |error: Trouble| match error {
        Trouble::Cut(reason) => io::Error::new(io::ErrorKind::UnexpectedEof, reason),
        Trouble::Nonsense(reason) => io::Error::new(io::ErrorKind::InvalidData, reason),
    };
    let mut stream = Conversation::new(stream);
    let mut bytes =
        format!("{} {} HTTP/1.1\r\n{}\r\n", asked.method, asked.path, fields(asked)).into_bytes();
    bytes.extend_from_slice(asked.body);
    stream.say(&bytes).await.map_err(refused)?;
    let head = stream.head().await.map_err(refused)?;
    let body = if asked.method == "HEAD" {
        Vec::new()
    } else {
        stream.body(&head, limit).await.map_err(refused)?.0
    };
    let account = Account::default();
    Ok(Answer { status: head.status, reason: head.reason, headers: head.headers, body, account })
}

fn fields(asked: &Request<'_>) -> String {
    let url = asked.destination.url();
    let host = url.split('/').nth(2).unwrap_or_default();
    let mut fields = format!("Host: {host}\r\n");
    for (name, value) in asked.headers {
        fields.push_str(&format!("{name}: {value}\r\n"));
    }
    if !asked.body.is_empty() {
        fields.push_str(&format!("Content-Length: {}\r\n", asked.body.len()));
    }
    fields
}
