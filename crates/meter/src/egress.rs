//! The only module of the meter that opens a socket, and only outwards (REQ NET-1, NET-10).
//!
//! A destination is an exchange of the protocol, never a URL: where it leads is looked up in the
//! catalogue, so the allow-list is a type. It trusts the deployment's own roots and nothing else, asks
//! no proxy of the system, follows no redirect, and reads no reply larger than it should be.

mod link_error;
mod trust;

use core::net::SocketAddr;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use timbre_catalogue::{Catalogue, Endpoint, EndpointId, Scheme, Setting, Target};
use timbre_protocol::{Answer, Exchange, read_answer, write};

pub use link_error::{LinkError, Unreachable};

use crate::settings::Network;
use trust::Distrust;

/// What a reply may hold at most, after decompression.
const REPLY_LIMIT: usize = 4 * 1024 * 1024;
/// Below this, compressing a request gains nothing on any line.
const WORTH_COMPRESSING: usize = 4 * 1024;
const CONNECT_SECONDS: u64 = 5;

/// The way to the infrastructure.
pub struct Link {
    client: reqwest::Client,
    catalogue: Catalogue,
    connect: Option<SocketAddr>,
    token: Option<String>,
}

impl Link {
    /// Prepares the way; opens nothing yet. `ca` is the file of the roots to trust.
    ///
    /// # Errors
    /// When the roots cannot be read or the domain does not fit the catalogue.
    pub fn prepare(network: &Network, ca: &Path) -> Result<Link, LinkError> {
        let unusable = |reason: String| LinkError::Unprepared { reason };
        let catalogue = Catalogue::timbre()
            .with_domain(&network.domain)
            .map_err(|error| unusable(error.to_string()))?;
        let tls = trust::client_config(ca).map_err(unusable)?;
        let resolver = Resolver { connect: network.connect, allowed: hosts(&catalogue) };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(resolver))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(true)
            .http1_only()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .timeout(Duration::from_secs(u64::from(network.answer_seconds)))
            .user_agent(crate::SOFTWARE)
            .build()
            .map_err(|error| unusable(told(&error)))?;
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
        let mut sending = self
            .client
            .post(endpoint.target().to_string())
            .header(CONTENT_TYPE, "application/xml; charset=utf-8");
        if let Some(token) = &self.token {
            sending = sending.header(AUTHORIZATION, format!("Timbre {token}"));
        }
        let body = write(request).into_bytes();
        sending = if body.len() >= WORTH_COMPRESSING {
            sending.header(CONTENT_ENCODING, "gzip").body(compressed(&body))
        } else {
            sending.body(body)
        };
        let mut response = sending.send().await.map_err(|error| place.failure(&error))?;
        let status = response.status().as_u16();
        let mut reply = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| place.failure(&error))? {
            if reply.len() + part.len() > REPLY_LIMIT {
                return Err(place.bad_reply(status, format!("longer than {REPLY_LIMIT} bytes")));
            }
            reply.extend_from_slice(&part);
        }
        match read_answer::<E::Reply>(&reply) {
            Ok(Answer::Reply(reply)) if status == 200 => Ok(reply),
            Ok(Answer::Reply(_)) => {
                Err(place.bad_reply(status, "a reply with this status".to_owned()))
            }
            Ok(Answer::Refused(refusal)) => Err(LinkError::Refused(Box::new(refusal))),
            Err(error) => Err(place.bad_reply(status, error.to_string())),
        }
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

    fn failure(&self, error: &reqwest::Error) -> LinkError {
        let host = self.host.clone();
        match distrust_in(error) {
            Some(Distrust::Issuer(issuer)) => LinkError::NotGenuine { host, issuer },
            Some(Distrust::Name(presented)) => LinkError::WrongName { host, presented },
            Some(Distrust::Certificate(reason)) => LinkError::BadCertificate { host, reason },
            None if error.is_body() || error.is_decode() => {
                self.bad_reply(error.status().map_or(200, |s| s.as_u16()), told(error))
            }
            None => LinkError::Unreachable(Unreachable {
                host,
                port: self.connect.map_or(self.port, |address| address.port()),
                address: self.connect,
                timed_out: error.is_timeout(),
                reason: told(error),
            }),
        }
    }
}

/// What the verifier of certificates said, from the depths of the client's error.
fn distrust_in(error: &reqwest::Error) -> Option<Distrust> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(here) = cause {
        if let Some(tls) = here.downcast_ref::<rustls::Error>() {
            return trust::distrust(tls);
        }
        // An io::Error's source is its content's source: the content itself must be asked for.
        let inside = here.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match inside {
            Some(content) => Some(content),
            None => here.source(),
        };
    }
    None
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

/// Names to addresses: the one address of the settings, or the system's DNS, and only for the
/// catalogue's hosts.
struct Resolver {
    connect: Option<SocketAddr>,
    allowed: Vec<String>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        if !self.allowed.contains(&host) {
            return Box::pin(async move { Err(format!("{host} is not on the allow-list").into()) });
        }
        let connect = self.connect;
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = match connect {
                Some(address) => vec![address],
                None => tokio::net::lookup_host((host.as_str(), 0)).await?.collect(),
            };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
