//! The only module of the meter that opens a socket, and only outwards (REQ NET-1, NET-10).
//!
//! A destination is an exchange of the protocol, never a URL: where it leads is looked up in the
//! catalogue, so the allow-list is a type. It trusts the deployment's own roots and nothing else, goes
//! through the proxy of the settings and no other (REQ NET-9), follows no redirect, and reads no reply
//! larger than it should be.

mod client;
mod dial;
mod link_error;
mod resolve;
mod trust;
mod way;

use core::net::SocketAddr;
use core::time::Duration;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT,
};
use timbre_catalogue::{Catalogue, Endpoint, EndpointId, Scheme, Setting, Target};
use timbre_protocol::{Answer, Exchange, SignIn, read_answer, write};
use tokio::sync::OnceCell;

pub use link_error::{LinkError, Unreachable};

use crate::settings::Network;
use client::{Client, Lost, Reuse};
use resolve::Resolver;
use trust::Distrust;
use way::{Blocked, Way};

/// Below this, compressing a request gains nothing on any line.
const WORTH_COMPRESSING: usize = 4 * 1024;
/// Longer than any line that works leaves what was sent unacknowledged.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a locked machine's resolver for `hosts`, so that its policy lets through what is about to be tried. What it does
/// not know stays closed, and shows in what is tried. Does nothing on a machine that is not locked.
pub fn admit<'a>(network: &Network, hosts: impl IntoIterator<Item = &'a str>) {
    let Some(socket) = &network.resolver else { return };
    let resolver = Resolver::Machine(socket.clone());
    for host in hosts {
        if let Err(error) = resolver.ask(host) {
            tracing::warn!(host, %error, "not admitted");
        }
    }
}

/// The way to the infrastructure.
pub struct Link {
    client: Client,
    catalogue: Catalogue,
    connect: Option<SocketAddr>,
    token: Option<String>,
}

impl Link {
    /// Prepares the way; opens nothing yet. `ca` is the file of the roots to trust; relative
    /// paths in `network` are taken from the working directory.
    ///
    /// # Errors
    /// When the roots or the proxy's password cannot be read, or the domain does not fit the catalogue.
    pub fn prepare(network: &Network, ca: &Path) -> Result<Link, LinkError> {
        let unusable = |reason: String| LinkError::Unprepared { reason };
        let catalogue = Catalogue::timbre()
            .with_domain(&network.domain)
            .map_err(|error| unusable(error.to_string()))?;
        let tls = trust::client_config(ca).map_err(unusable)?;
        let answer = Duration::from_secs(u64::from(network.answer_seconds));
        let way = Way {
            connect: network.connect,
            resolver: network.resolver.clone().map_or(Resolver::System, Resolver::Machine),
            allowed: hosts(&catalogue),
            tls: Arc::new(tls),
            credentials: network.proxy.credentials().map_err(unusable)?,
            proxy: network.proxy.clone(),
            // A dead connection must leave time for the same request on a fresh one.
            patience: PATIENCE.min(answer / 3),
            ways: OnceCell::new(),
        };
        let client = Client::new(way, answer);
        Ok(Link { client, catalogue, connect: network.connect, token: None })
    }

    /// Shows `token` with every request from now on.
    pub fn show(&mut self, token: Option<String>) {
        self.token = token;
    }

    /// Whether an endpoint's name and URL are what this meter's catalogue says: what a directory of
    /// services may contain. The port may be the one this meter is set to connect to instead.
    #[must_use]
    pub fn knows(&self, name: &str, url: &str) -> bool {
        let id = name.parse::<EndpointId>().ok();
        let endpoint = id.and_then(|id| self.catalogue.get(&id));
        let Some((endpoint, named)) = endpoint.zip(url.parse::<Target>().ok()) else {
            return false;
        };
        let known = endpoint.target();
        let port_fits =
            named.port == known.port || self.connect.is_some_and(|to| to.port() == named.port);
        port_fits && Target { port: known.port, ..named } == *known
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// [`LinkError::Refused`] is the other end's considered answer; every other error says what stands
    /// between the two.
    pub async fn call<E: Exchange>(&self, request: &E::Request) -> Result<E::Reply, LinkError> {
        let endpoint = self.allowed(&E::ENDPOINT)?;
        let place = self.place(endpoint);
        let target = endpoint.target();
        let (request, reuse) = (self.request::<E>(target, request), reuse::<E>());
        let answer = self.client.send(&place.host, target.port, request, reuse).await;
        let client::Answer { status, body: reply } = answer.map_err(|lost| place.failure(lost))?;
        match read_answer::<E::Reply>(&reply) {
            Ok(Answer::Reply(reply)) if status == 200 => Ok(reply),
            Ok(Answer::Reply(_)) => {
                Err(place.bad_reply(status, "a reply with this status".to_owned()))
            }
            Ok(Answer::Refused(refusal)) => Err(LinkError::Refused(Box::new(refusal))),
            Err(error) => Err(place.bad_reply(status, error.to_string())),
        }
    }

    fn request<E: Exchange>(&self, to: &Target, request: &E::Request) -> Request<Full<Bytes>> {
        let port_is_usual = Some(to.port) == to.scheme.default_port();
        let host = to.host.to_string();
        let host = if port_is_usual { host } else { format!("{host}:{}", to.port) };
        let mut asking = Request::post(to.path.as_str())
            .header(HOST, host)
            .header(USER_AGENT, crate::SOFTWARE)
            .header(ACCEPT, "application/xml")
            .header(ACCEPT_ENCODING, "gzip")
            .header(CONTENT_TYPE, "application/xml; charset=utf-8");
        if let Some(token) = &self.token {
            asking = asking.header(AUTHORIZATION, format!("Timbre {token}"));
        }
        let mut body = write(request).into_bytes();
        if body.len() >= WORTH_COMPRESSING {
            asking = asking.header(CONTENT_ENCODING, "gzip");
            body = compressed(&body);
        }
        asking
            .body(Full::new(Bytes::from(body)))
            .expect("invariant: a catalogue's path and a token are plain ASCII")
    }

    /// The endpoint, if it is on the allow-list: on by default, one host, TLS.
    fn allowed(&self, id: &EndpointId) -> Result<&Endpoint, LinkError> {
        let fits = |e: &&Endpoint| {
            let target = e.target();
            e.default == Setting::On
                && target.scheme == Scheme::Https
                && target.host.name().is_some()
        };
        self.catalogue
            .get(id)
            .filter(fits)
            .ok_or_else(|| LinkError::NotAllowed { endpoint: id.to_string() })
    }

    fn place(&self, endpoint: &Endpoint) -> Place {
        let target = endpoint.target();
        Place { host: target.host.to_string(), port: target.port, connect: self.connect }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token opens every service: it is shown nowhere.
        f.debug_struct("Link").field("connect", &self.connect).finish_non_exhaustive()
    }
}

/// Where a call went, for errors that say so.
struct Place {
    host: String,
    port: u16,
    connect: Option<SocketAddr>,
}

impl Place {
    fn bad_reply(&self, status: u16, reason: String) -> LinkError {
        LinkError::BadReply { host: self.host.clone(), status, reason }
    }

    fn failure(&self, lost: Lost) -> LinkError {
        let host = self.host.clone();
        match lost {
            Lost::Garbled { status, reason } => self.bad_reply(status, reason),
            Lost::Late => self.unreachable(true, "no answer in time".to_owned()),
            Lost::Broken(error) => self.unreachable(false, told(&error)),
            Lost::Blocked(Blocked::Late) => self.unreachable(true, "no answer in time".to_owned()),
            Lost::Blocked(Blocked::NotAllowed) => LinkError::NotAllowed { endpoint: host },
            Lost::Blocked(Blocked::Settings(reason)) => LinkError::Unprepared { reason },
            Lost::Blocked(Blocked::Proxy(error)) => LinkError::Proxy { host, error },
            Lost::Blocked(Blocked::Broken(error)) => match distrust_in(&error) {
                Some(Distrust::Issuer(issuer)) => LinkError::NotGenuine { host, issuer },
                Some(Distrust::Name(presented)) => LinkError::WrongName { host, presented },
                Some(Distrust::Certificate(reason)) => LinkError::BadCertificate { host, reason },
                None => self.unreachable(false, told(&error)),
            },
        }
    }

    fn unreachable(&self, timed_out: bool, reason: String) -> LinkError {
        LinkError::Unreachable(Unreachable {
            host: self.host.clone(),
            port: self.connect.map_or(self.port, |address| address.port()),
            address: self.connect,
            timed_out,
            reason,
        })
    }
}

/// Every request may come twice but the sign-in: its nonce is good once.
fn reuse<E: Exchange>() -> Reuse {
    if E::ENDPOINT == SignIn::ENDPOINT { Reuse::Never } else { Reuse::Allowed }
}

/// What the verifier of certificates said, from the depths of the stream's error.
fn distrust_in(error: &std::io::Error) -> Option<Distrust> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    trust::distrust(tls)
}

/// The innermost cause: the outer ones only repeat the URL.
fn told(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::default());
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("invariant: writing to memory does not fail")
}

fn hosts(catalogue: &Catalogue) -> Vec<String> {
    let names = catalogue.endpoints().iter().filter_map(|e| e.target().host.name());
    names.map(str::to_owned).collect()
}
