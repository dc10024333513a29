//! What a proxy answers: its head, its challenges in every scheme, its bodies.
#![no_main]

use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use libfuzzer_sys::fuzz_target;
use timbre_proxy::{Credentials, Destination, ProxyAddress, Secret, tunnel};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A proxy that has said all it will ever say and listens to nothing.
struct Answers<'a>(&'a [u8]);

impl AsyncRead for Answers<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.0.split_at(self.0.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Answers<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made")
});

fuzz_target!(|bytes: &[u8]| {
    let proxy: ProxyAddress = "proxy.example:3128".parse().expect("it is an address");
    let destination = Destination::https("comet.timbre.localhost", 443).expect("it is a destination");
    let credentials = Credentials::password("CORP\\meter", Secret::new("secret".to_owned()));
    // Each connection answers with the next part, since a proxy may close between its questions.
    let mut parts = bytes.split(|byte| *byte == 0xFF);
    let dial = || std::future::ready(Ok(Answers(parts.next().unwrap_or_default())));
    let _ = RUNTIME.block_on(tunnel(dial, &proxy, &destination, &credentials)).map(|_| ());
});
