//! One HTTP connection that is kept: for bodies that stream, in chunks or with a length, and for questions after a pause.

use std::convert::Infallible;
use std::time::Instant;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use timbre_proxy::{Account, Answer};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::context::{Context, Stream, Trouble};
use crate::http::{FIELDS, PAGE_LIMIT, Place};

type Body = BoxBody<Bytes, Infallible>;

/// A connection to a place.
pub(crate) struct Session {
    sender: SendRequest<Body>,
    host: String,
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn broken(error: &hyper::Error) -> Trouble {
    if error.is_parse() {
        Trouble::Nonsense(error.to_string())
    } else {
        Trouble::Closed(error.to_string())
    }
}

/// A body with a length.
fn whole(bytes: &[u8]) -> Body {
    Full::new(Bytes::copy_from_slice(bytes)).boxed()
}

/// A body without one: it goes out in chunks.
fn in_chunks(bytes: &[u8]) -> Body {
    let chunks: Vec<_> =
        bytes.chunks(1_024).map(|chunk| Ok(Frame::data(Bytes::copy_from_slice(chunk)))).collect();
    BodyExt::boxed(StreamBody::new(futures_util::stream::iter(chunks)))
}

impl Session {
    /// Opens one; a secure place must prove itself.
    pub(crate) async fn open(context: &Context<'_>, place: &Place) -> Result<Session, Trouble> {
        let stream = context.stream(place).await?;
        Session::over(stream, place).await
    }

    pub(crate) async fn over(stream: Stream, place: &Place) -> Result<Session, Trouble> {
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        let driver = tokio::spawn(async move {
            // How it ends is seen by whoever waits for an answer.
            let _ = connection.await;
        });
        let url = place.destination.url();
        let host = url.split('/').nth(2).unwrap_or_default().to_owned();
        Ok(Session { sender, host, driver })
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Body,
    ) -> Result<Response<Incoming>, Trouble> {
        let fields = FIELDS.iter().filter(|(name, _)| *name != "Connection");
        let request = fields
            .fold(Request::builder().method(method).uri(path), |request, (name, value)| {
                request.header(*name, *value)
            })
            .header("Host", &self.host)
            .body(body)
            .map_err(|error| Trouble::Nonsense(error.to_string()))?;
        // The answer before this one may be read and the connection not yet free.
        self.sender.ready().await.map_err(|error| broken(&error))?;
        self.sender.send_request(request).await.map_err(|error| broken(&error))
    }

    /// Sends bytes and hears the answer, whole.
    pub(crate) async fn post(&mut self, path: &str, bytes: &[u8]) -> Result<Answer, Trouble> {
        let response = self.send("POST", path, whole(bytes)).await?;
        heard(response).await
    }

    pub(crate) async fn post_chunked(
        &mut self,
        path: &str,
        bytes: &[u8],
    ) -> Result<Answer, Trouble> {
        let response = self.send("POST", path, in_chunks(bytes)).await?;
        heard(response).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, Trouble> {
        let response = self.send("GET", path, whole(&[])).await?;
        heard(response).await
    }

    /// Downloads until the end or until `enough` says so, which is told of every piece: bytes so far, and when.
    pub(crate) async fn stream(
        &mut self,
        path: &str,
        mut enough: impl FnMut(usize, Instant) -> bool,
    ) -> Result<Result<usize, Answer>, Trouble> {
        let response = self.send("GET", path, whole(&[])).await?;
        if response.status() != 200 {
            return heard(response).await.map(Err);
        }
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(&error))?;
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if enough(bytes, Instant::now()) {
                break;
            }
        }
        Ok(Ok(bytes))
    }
}

/// A page, as far as it is looked at.
async fn heard(response: Response<Incoming>) -> Result<Answer, Trouble> {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        body.extend_from_slice(frame.data_ref().map_or(&[], |data| data.as_ref()));
        if body.len() > PAGE_LIMIT {
            break;
        }
    }
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Answer {
        status: head.status.as_u16(),
        reason: head.status.canonical_reason().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
        account: Account::default(),
    })
}

impl Context<'_> {
    /// Sends bytes in chunks over a connection of their own.
    pub(crate) async fn post_chunked(
        &self,
        place: &Place,
        path: &str,
        bytes: &[u8],
    ) -> Result<Answer, Trouble> {
        let mut session = Session::open(self, place).await?;
        let answer = timeout(self.plan.limits.answer, session.post_chunked(path, bytes)).await;
        answer.unwrap_or(Err(Trouble::Silent))
    }
}
