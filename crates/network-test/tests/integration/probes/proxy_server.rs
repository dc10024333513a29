//! A proxy that connects, refuses, or asks who is there; and keeps what it was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub(super) enum Deals {
    /// Connects every name to loopback at its port.
    Connects,
    /// As above, with this user and password by Basic: `bWV0ZXI6aHVudGVyMg==`.
    ConnectsFor(&'static str),
    /// This answer, whatever is asked.
    Answers(&'static str),
    /// This answer to hosts that contain the word.
    AnswersTo(&'static str, &'static str),
}

pub(super) struct ProxyServer {
    pub(super) address: SocketAddr,
    pub(super) heard: Arc<Mutex<Vec<String>>>,
}

impl ProxyServer {
    pub(super) async fn start(deals: Deals) -> ProxyServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (deals, log) = (deals.clone(), Arc::clone(&log));
                tokio::spawn(async move { drop(deal(stream, &deals, &log).await) });
            }
        });
        ProxyServer { address, heard }
    }
}

const ASKS: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"town\"\r\n\
                    Content-Length: 0\r\nConnection: close\r\n\r\n";

async fn deal(
    mut stream: TcpStream,
    deals: &Deals,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    log.lock().unwrap().push(head.clone());
    let to = head.split(' ').nth(1).unwrap().to_owned();
    let refusal = match deals {
        Deals::Connects => None,
        Deals::ConnectsFor(secret) => {
            (!head.contains(&format!("Proxy-Authorization: Basic {secret}"))).then_some(ASKS)
        }
        Deals::Answers(answer) => Some(*answer),
        Deals::AnswersTo(word, answer) => to.contains(word).then_some(*answer),
    };
    if let Some(answer) = refusal {
        return stream.write_all(answer.as_bytes()).await;
    }
    let place =
        to.strip_prefix("http://").map_or(to.as_str(), |rest| rest.split('/').next().unwrap());
    let port: u16 = place.rsplit(':').next().unwrap().parse().unwrap();
    let mut origin = TcpStream::connect(("127.0.0.1", port)).await?;
    if head.starts_with("CONNECT") {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        let path = to.replacen(&format!("http://{place}"), "", 1);
        let fields = head.split_once("\r\n").unwrap().1;
        let fields: Vec<&str> =
            fields.split("\r\n").filter(|line| !line.starts_with("Proxy-")).collect();
        let method = head.split(' ').next().unwrap();
        let asked = format!("{method} {path} HTTP/1.1\r\n{}", fields.join("\r\n"));
        origin.write_all(asked.as_bytes()).await?;
    }
    copy_bidirectional(&mut stream, &mut origin).await?;
    Ok(())
}
