//! A service with the probe server’s answers, in the clear or by TLS, that can be told to misbehave at any layer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use serde_json::json;
use sha2::{Digest, Sha256};
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a server does with a connection before HTTP.
#[derive(Clone)]
pub(super) enum Hello {
    Clear,
    Tls(Arc<ServerConfig>),
    /// Reads the first bytes, then hangs up.
    HangUp,
    /// Reads the first bytes, then says nothing.
    Silence,
    /// Reads the first bytes, then answers in the clear.
    Text(&'static str),
}

/// What a server does with a request.
pub(super) enum Act {
    Usual,
    /// These bytes, as they are.
    Raw(String),
    HangUp,
    Silence,
    /// The usual answer to the request as somebody on the way changed it.
    As(Asked),
    /// The usual answer with other bytes in it.
    Altered,
}

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) chunked: bool,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

type Rule = Arc<dyn Fn(&Asked) -> Act + Send + Sync>;

#[derive(Clone)]
pub(super) struct Manner {
    pub(super) hello: Hello,
    pub(super) rule: Rule,
    /// How far its clock is ahead, in seconds.
    pub(super) ahead: i64,
    /// Bytes per second that a download may have.
    pub(super) rate: Option<u32>,
}

pub(super) struct Origin {
    pub(super) address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    /// Every request that came, for what must not have come.
    pub(super) seen: Arc<Mutex<Vec<Asked>>>,
}

impl Origin {
    pub(super) async fn start(hello: Hello, keys: Arc<MemoryKeys>) -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let rule: Rule = Arc::new(|_| Act::Usual);
        let manner = Arc::new(Mutex::new(Manner { hello, rule, ahead: 0, rate: None }));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (shared, log) = (Arc::clone(&manner), Arc::clone(&seen));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (manner, keys) = (shared.lock().unwrap().clone(), Arc::clone(&keys));
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let mut bytes = [0; 4096];
                    match manner.hello.clone() {
                        Hello::Clear => serve(stream, &manner, &keys, &log).await,
                        Hello::Tls(config) => {
                            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                                serve(stream, &manner, &keys, &log).await;
                            }
                        }
                        Hello::HangUp => drop(stream.read(&mut bytes).await),
                        Hello::Silence => loop {
                            if matches!(stream.read(&mut bytes).await, Ok(0) | Err(_)) {
                                break;
                            }
                        },
                        Hello::Text(text) => {
                            let _ = stream.read(&mut bytes).await;
                            let _ = stream.write_all(text.as_bytes()).await;
                        }
                    }
                });
            }
        });
        Origin { address, manner, seen }
    }

    pub(super) fn behaves(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().unwrap());
    }

    pub(super) fn rules(&self, rule: impl Fn(&Asked) -> Act + Send + Sync + 'static) {
        self.behaves(|manner| manner.rule = Arc::new(rule));
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    manner: &Manner,
    keys: &MemoryKeys,
    log: &Mutex<Vec<Asked>>,
) {
    let mut waiting = Vec::new();
    while let Some((asked, took)) = hear(&mut stream, &mut waiting).await {
        log.lock().unwrap().push(asked.clone());
        let answer = match (manner.rule)(&asked) {
            Act::Usual => usual(&asked, took, keys),
            Act::As(changed) => usual(&changed, took, keys),
            Act::Altered => {
                let (status, fields, mut body) = usual(&asked, took, keys);
                if let Some(first) = body.first_mut() {
                    *first ^= 1;
                }
                (status, fields, body)
            }
            Act::HangUp => return,
            Act::Silence => return std::future::pending().await,
            Act::Raw(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
                return;
            }
        };
        let (status, fields, body) = answer;
        let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(manner.ahead);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let head = format!(
            "HTTP/1.1 {status}\r\ndate: {date}\r\ncontent-length: {}\r\n{fields}\r\n",
            body.len()
        );
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
        let piece = manner.rate.map_or(usize::MAX, |rate| rate as usize / 20);
        for piece in body.chunks(piece.max(1).min(body.len().max(1))) {
            if manner.rate.is_some() && body.len() > 65_536 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if stream.write_all(piece).await.is_err() {
                return;
            }
        }
        if stream.flush().await.is_err() || asked.header("connection") == "close" {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// Reads one request; none when the connection ends or what comes is no request.
async fn hear<S: AsyncRead + Unpin>(
    stream: &mut S,
    waiting: &mut Vec<u8>,
) -> Option<(Asked, Duration)> {
    let end = until(stream, waiting, |bytes| find(bytes, b"\r\n\r\n")).await?;
    let head = String::from_utf8(waiting.drain(..end + 4).collect()).ok()?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    if first.next() != Some("HTTP/1.1") {
        return None;
    }
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut asked = Asked { method, target, headers, body: Vec::new(), chunked: false };
    let began = Instant::now();
    if asked.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        asked.chunked = true;
        loop {
            let end = until(stream, waiting, |bytes| find(bytes, b"\r\n")).await?;
            let line: Vec<u8> = waiting.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&line[..end]).ok()?, 16).ok()?;
            until(stream, waiting, |bytes| (bytes.len() >= size + 2).then_some(0)).await?;
            asked.body.extend(waiting.drain(..size));
            waiting.drain(..2);
            if size == 0 {
                break;
            }
        }
    } else if let Ok(length) = asked.header("content-length").parse::<usize>() {
        until(stream, waiting, |bytes| (bytes.len() >= length).then_some(0)).await?;
        asked.body = waiting.drain(..length).collect();
    }
    Some((asked, began.elapsed()))
}

async fn until<S: AsyncRead + Unpin>(
    stream: &mut S,
    waiting: &mut Vec<u8>,
    there: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    loop {
        if let Some(at) = there(waiting) {
            return Some(at);
        }
        if stream.read_buf(waiting).await.ok()? == 0 {
            return None;
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a file, by the published rule.
pub(super) fn file(name: &str, length: usize) -> Vec<u8> {
    let blocks = (0u64..).map(|i| Sha256::digest(format!("{name}\n{i}")));
    blocks.flatten().take(length).collect()
}

type Reply = (String, String, Vec<u8>);

fn usual(asked: &Asked, took: Duration, keys: &MemoryKeys) -> Reply {
    let ok = |body: serde_json::Value| {
        ("200 OK".to_owned(), String::new(), body.to_string().into_bytes())
    };
    let host = asked.header("host").split(':').next().unwrap_or_default();
    let Some(rest) = asked.target.strip_prefix("/network-test/v1/") else {
        let known = host.ends_with(".town.test");
        let status = if known { "405 Method Not Allowed" } else { "421 Misdirected Request" };
        return (status.to_owned(), String::new(), b"<refused/>".to_vec());
    };
    if let Some(challenge) = rest.strip_prefix("reach?challenge=") {
        let time = jiff::Timestamp::now().to_string();
        let signed = format!("timbre network-test\n{host}\n{challenge}\n{time}");
        let signature = keys.sign(KeyRole::Distributor, signed.as_bytes()).unwrap();
        let signature = signature.to_string();
        return ok(
            json!({ "host": host, "challenge": challenge, "time": time, "signature": signature }),
        );
    }
    if let Some(name) = rest.strip_prefix("file/") {
        let length = name.split('.').next().unwrap().parse().unwrap();
        let bytes = file(name, length);
        if let Some(range) = asked.header("range").strip_prefix("bytes=") {
            let (from, to) = range.split_once('-').unwrap();
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            return ("206 Partial Content".to_owned(), String::new(), bytes[from..=to].to_vec());
        }
        return ("200 OK".to_owned(), String::new(), bytes);
    }
    match rest {
        "echo" => ok(json!({
            "method": asked.method, "headers": asked.headers, "as_received": true,
        })),
        "sink" => ok(json!({
            "bytes": asked.body.len(), "sha256": hex(&Sha256::digest(&asked.body)),
            "chunked": asked.chunked, "microseconds": took.as_micros() as u64,
        })),
        _ => ("404 Not Found".to_owned(), String::new(), Vec::new()),
    }
}
