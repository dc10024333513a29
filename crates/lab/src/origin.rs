//! Other people's services, as far as the laboratory needs them: something that answers HTTP and HTTPS for any host name, a
//! greeting on the ports of other protocols, and a list of everybody who came. It takes nothing in and keeps nothing else.

mod listener;

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use listener::Incoming;

/// What an origin is to do.
#[derive(Clone, Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct OriginConfig {
    /// Where to listen.
    pub addresses: Vec<Ipv4Addr>,
    /// Ports of plain HTTP.
    pub http: Vec<u16>,
    /// Ports of HTTPS.
    pub https: Vec<u16>,
    /// Ports where a greeting is all there is.
    pub greeting: Vec<u16>,
    /// UDP ports where every datagram is noted and none answered.
    pub datagrams: Vec<u16>,
    /// What every request is answered with.
    pub page: Page,
    /// The certificate of the authority that signs for every host name.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Where to note who came: one JSON object a line.
    pub visitors: PathBuf,
}

/// What a request is answered with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// What was asked for, so that a reader sees that it came through whole.
    Echo,
    /// Another place: what a captive portal does.
    Redirect(String),
    /// Always this text.
    Text(String),
}

/// Somebody who came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Visit {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Where to.
    pub to: SocketAddr,
    /// From where.
    pub from: SocketAddr,
}

/// Answers until the process is ended.
///
/// # Errors
/// If an address cannot be listened at.
pub fn serve(file: &Path) -> Result<()> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let config: OriginConfig =
        serde_json::from_str(&text).with_context(|| format!("{}", file.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(listen(config))
}

async fn listen(config: OriginConfig) -> Result<()> {
    let visitors = Arc::new(Visitors::open(&config.visitors)?);
    let authority = Authority::open(&config.certificate, &config.key)?;
    let mut tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AnyHost { authority, issued: Mutex::default() }));
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let (incoming, sender) = Incoming::new();
    for address in &config.addresses {
        for port in &config.http {
            let listener = bind(*address, *port).await?;
            tokio::spawn(listener::plain(listener, Arc::clone(&visitors), sender.clone()));
        }
        for port in &config.https {
            let listener = bind(*address, *port).await?;
            let acceptor = acceptor.clone();
            tokio::spawn(listener::secure(
                listener,
                acceptor,
                Arc::clone(&visitors),
                sender.clone(),
            ));
        }
        for port in &config.greeting {
            tokio::spawn(greet(bind(*address, *port).await?, Arc::clone(&visitors)));
        }
        for port in &config.datagrams {
            let socket = UdpSocket::bind((*address, *port)).await?;
            tokio::spawn(note_datagrams(socket, Arc::clone(&visitors)));
        }
    }
    // Whoever waits for this origin waits for this line.
    println!("listening");
    let page = Arc::new(config.page);
    let app =
        Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap| async move {
            answer(&page, &method, &uri, &headers)
        });
    axum::serve(incoming, app).await?;
    Ok(())
}

async fn bind(address: Ipv4Addr, port: u16) -> Result<TcpListener> {
    TcpListener::bind((address, port))
        .await
        .with_context(|| format!("cannot listen at {address}:{port}"))
}

fn answer(page: &Page, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    match page {
        Page::Echo => {
            let host =
                headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("no host");
            Html(format!("<!doctype html><title>{host}</title><p>{method} {uri} at {host}</p>\n"))
                .into_response()
        }
        Page::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response(),
        Page::Text(text) => text.clone().into_response(),
    }
}

async fn greet(listener: TcpListener, visitors: Arc<Visitors>) {
    while let Ok((mut stream, from)) = listener.accept().await {
        visitors.note("tcp", stream.local_addr().ok(), from);
        tokio::spawn(async move {
            // A visitor who leaves early is noted all the same.
            let _ = stream.write_all(b"220 ready\r\n").await;
            let _ = stream.shutdown().await;
        });
    }
}

async fn note_datagrams(socket: UdpSocket, visitors: Arc<Visitors>) {
    let mut datagram = [0; 2048];
    while let Ok((_, from)) = socket.recv_from(&mut datagram).await {
        visitors.note("udp", socket.local_addr().ok(), from);
    }
}

/// The list of everybody who came.
struct Visitors(Mutex<std::fs::File>);

impl Visitors {
    fn open(file: &Path) -> Result<Visitors> {
        let open = std::fs::File::create(file)
            .with_context(|| format!("cannot make {}", file.display()))?;
        Ok(Visitors(Mutex::new(open)))
    }

    fn note(&self, protocol: &str, to: Option<SocketAddr>, from: SocketAddr) {
        let Some(to) = to else { return };
        let visit = Visit { protocol: protocol.to_owned(), to, from };
        let line = serde_json::to_string(&visit).expect("invariant: plain data");
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, "{line}") {
            eprintln!("a visit was not noted: {error}");
        }
    }
}

/// A certificate for whichever host is asked for.
struct AnyHost {
    authority: Authority,
    issued: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for AnyHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnyHost").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for AnyHost {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name()?;
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = issued.get(host) {
            return Some(Arc::clone(key));
        }
        match self.authority.issue(host) {
            Ok(key) => {
                let key = Arc::new(key);
                issued.insert(host.to_owned(), Arc::clone(&key));
                Some(key)
            }
            Err(error) => {
                eprintln!("no certificate for {host}: {error:#}");
                None
            }
        }
    }
}
