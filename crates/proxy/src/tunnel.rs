//! `CONNECT`: a stream through a proxy to a destination. That it opens proves only that the proxy agreed:
//! many answer 200 and do not let through. What comes out of it is as strange as any network.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::account::Account;
use crate::answer::verdict;
use crate::authentication::{Asked, ask};
use crate::conversation::Conversation;
use crate::credentials::Credentials;
use crate::destination::Destination;
use crate::error::ProxyError;
use crate::route::ProxyAddress;

/// A stream through a proxy, and what it took to open it.
pub struct Tunnel<S> {
    stream: Conversation<S>,
    account: Account,
}

/// Asks `proxy` for a stream to `destination`. `dial` opens a connection to the proxy: once, and again
/// when the proxy closes it while asking who we are.
///
/// # Errors
/// [`ProxyError`] says what stood in the way.
pub async fn tunnel<S, D, F>(
    dial: D,
    proxy: &ProxyAddress,
    destination: &Destination,
    credentials: &Credentials,
) -> Result<Tunnel<S>, ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnMut() -> F,
    F: Future<Output = io::Result<S>>,
{
    let to = destination.authority();
    let asked = Asked {
        proxy,
        method: "CONNECT",
        uri: &to,
        fields: format!("Host: {to}\r\nProxy-Connection: keep-alive\r\n"),
        body: &[],
    };
    let (stream, head, account) = ask(dial, &asked, credentials).await?;
    if (200..300).contains(&head.status) {
        return Ok(Tunnel { stream, account });
    }
    Err(verdict(proxy, destination, &head))
}

impl<S> Tunnel<S> {
    /// What it took.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }
}

impl<S> std::fmt::Debug for Tunnel<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnel").field("account", &self.account).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tunnel<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tunnel<S> {
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
