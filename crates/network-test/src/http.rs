//! One HTTP exchange with a place: over TLS that is judged, in the clear, or carried by a proxy. Nothing is sent that is not
//! public, and an answer under a false identity is no answer.

use std::future::Future;
use std::time::Instant;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use timbre_proxy::{Answer, Destination, Request, Route, forward, request};
use tokio::time::timeout;

use crate::context::{Context, Stream, Trouble};
use crate::tls::{TlsTrouble, trouble_of};

/// The most that is read of a page that is only looked at.
pub(crate) const PAGE_LIMIT: usize = 64 * 1024;

/// A place and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) destination: Destination,
    pub(crate) route: Route,
    /// The base path of the probe server there; `/` elsewhere.
    pub(crate) base: String,
}

impl Place {
    pub(crate) fn is_direct(&self) -> bool {
        self.route == Route::Direct
    }

    pub(crate) fn way(&self) -> String {
        way(&self.route)
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.base)
    }

    /// `https://host/base/rest`, for evidence.
    pub(crate) fn url(&self, rest: &str) -> String {
        format!("{}{}", self.destination.url().trim_end_matches('/'), self.path(rest))
    }
}

/// A route, in the words of a report.
pub(crate) fn way(route: &Route) -> String {
    match route {
        Route::Direct => "direct".to_owned(),
        Route::Proxy(proxy) => format!("proxy {proxy}"),
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
    /// The most that is read of the answer.
    pub(crate) limit: usize,
}

/// The fields of a plain question: no cache may answer it.
pub(crate) const FIELDS: [(&str, &str); 4] = [
    ("User-Agent", concat!("timbre-network-test/", env!("CARGO_PKG_VERSION"))),
    ("Accept", "*/*"),
    ("Cache-Control", "no-cache"),
    ("Connection", "close"),
];

impl<'a> Asked<'a> {
    pub(crate) fn get(path: &'a str) -> Asked<'a> {
        Asked { method: "GET", path, headers: &FIELDS, body: &[], limit: PAGE_LIMIT }
    }
}

impl Context<'_> {
    /// Asks and hears the answer, whole.
    pub(crate) async fn exchange(
        &self,
        place: &Place,
        asked: Asked<'_>,
    ) -> Result<Answer, Trouble> {
        let form = Request {
            method: asked.method,
            destination: &place.destination,
            path: asked.path,
            headers: asked.headers,
            body: asked.body,
        };
        if let Route::Proxy(proxy) = &place.route
            && !place.destination.is_secure()
        {
            let carried =
                forward(|| self.dial(proxy), proxy, &form, &self.credentials, asked.limit);
            return match timeout(self.tunnel_limit(), carried).await {
                Ok(answer) => answer.map_err(Trouble::Proxy),
                Err(_) => Err(Trouble::Silent),
            };
        }
        let stream = self.stream(place).await?;
        self.within(request(stream, &form, asked.limit)).await
    }

    /// A stream to a place, with genuine TLS on it where the place is secure.
    pub(crate) async fn stream(&self, place: &Place) -> Result<Stream, Trouble> {
        let stream = self.open(&place.destination, &place.route).await?;
        if !place.destination.is_secure() {
            return Ok(stream);
        }
        let limit = self.plan.limits.handshake;
        let opened = self.authorities.handshake(stream, place.destination.host(), limit).await;
        let opened = opened.map_err(Trouble::Tls)?;
        match trouble_of(&opened.identity) {
            None => Ok(opened.stream),
            Some(code) => {
                let said = format!("the certificate is from {}", opened.identity.issuer);
                Err(Trouble::Tls(TlsTrouble { code, said }))
            }
        }
    }

    /// An answer within its time.
    pub(crate) async fn within<T>(
        &self,
        answer: impl Future<Output = std::io::Result<T>>,
    ) -> Result<T, Trouble> {
        match timeout(self.plan.limits.answer, answer).await {
            Ok(answer) => answer.map_err(|error| Trouble::from_io(&error)),
            Err(_) => Err(Trouble::Silent),
        }
    }
}

/// How far another clock is ahead of this machine’s, in milliseconds, by the `Date` of an answer that was asked for at
/// `asked` by this machine’s clock and took until now.
pub(crate) fn clock_ahead(answer: &Answer, asked: (Timestamp, Instant)) -> Option<i64> {
    let date = rfc2822::parse(answer.header("date")?).ok()?.timestamp();
    let half = i64::try_from(asked.1.elapsed().as_millis() / 2).ok()?;
    // The field is cut to whole seconds: on average half a second too early.
    Some(date.as_millisecond() + 500 - (asked.0.as_millisecond() + half))
}
