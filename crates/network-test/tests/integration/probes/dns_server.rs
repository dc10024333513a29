//! A DNS server by UDP and TCP that says what it is told to, or nothing.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

#[derive(Clone)]
pub(super) enum Says {
    Addresses(Vec<IpAddr>),
    /// That many bytes of text.
    Text(usize),
    Code(ResponseCode),
}

/// What the server does.
#[derive(Clone)]
pub(super) struct Zone {
    pub(super) names: HashMap<String, Says>,
    pub(super) udp: bool,
    pub(super) tcp: bool,
    /// Longer answers by UDP are lost on the way.
    pub(super) lost_above: usize,
    /// Longer answers by TCP are lost on the way.
    pub(super) cut_above: usize,
    /// The address of whatever is not known.
    pub(super) wild: Option<IpAddr>,
    pub(super) lower_case: bool,
}

pub(super) struct DnsServer {
    pub(super) address: SocketAddr,
    pub(super) zone: Arc<Mutex<Zone>>,
}

impl DnsServer {
    pub(super) async fn start() -> DnsServer {
        DnsServer::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(super) async fn start_at(at: SocketAddr) -> DnsServer {
        let zone = Arc::new(Mutex::new(Zone {
            names: HashMap::new(),
            udp: true,
            tcp: true,
            lost_above: usize::MAX,
            cut_above: usize::MAX,
            wild: None,
            lower_case: false,
        }));
        // The same port for both; another program may have one of them.
        let (udp, tcp) = loop {
            let tcp = TcpListener::bind(at).await.unwrap();
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        tokio::spawn(by_udp(udp, Arc::clone(&zone)));
        tokio::spawn(by_tcp(tcp, Arc::clone(&zone)));
        DnsServer { address, zone }
    }

    pub(super) fn say(&self, name: &str, says: Says) {
        self.zone.lock().unwrap().names.insert(name.to_owned(), says);
    }

    pub(super) fn is(&self, change: impl FnOnce(&mut Zone)) {
        change(&mut self.zone.lock().unwrap());
    }
}

async fn by_udp(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = vec![0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        let state = zone.lock().unwrap().clone();
        let Ok(asked) = Message::from_vec(&buffer[..length]) else { continue };
        let room = asked.edns.as_ref().map_or(512, |edns| usize::from(edns.max_payload()).max(512));
        let mut bytes = answer(&state, &asked).to_vec().unwrap();
        if bytes.len() > room {
            let mut cut = answer(&state, &asked);
            cut.answers.clear();
            cut.metadata.truncation = true;
            bytes = cut.to_vec().unwrap();
        }
        if state.udp && bytes.len() <= state.lost_above {
            let _ = socket.send_to(&bytes, from).await;
        }
    }
}

async fn by_tcp(listener: TcpListener, zone: Arc<Mutex<Zone>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let state = zone.lock().unwrap().clone();
        tokio::spawn(async move {
            let Ok(length) = stream.read_u16().await else { return };
            let mut question = vec![0; usize::from(length)];
            if stream.read_exact(&mut question).await.is_err() {
                return;
            }
            if !state.tcp {
                // As behind a firewall that drops: nothing ever comes.
                std::future::pending::<()>().await;
            }
            let bytes = answer(&state, &Message::from_vec(&question).unwrap()).to_vec().unwrap();
            if bytes.len() > state.cut_above {
                return;
            }
            let framed = [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat();
            let _ = stream.write_all(&framed).await;
        });
    }
}

fn answer(zone: &Zone, asked: &Message) -> Message {
    let query = asked.queries[0].clone();
    let mut reply = Message::response(asked.metadata.id, OpCode::Query);
    reply.metadata.recursion_available = true;
    let name = query.name().to_ascii().to_ascii_lowercase();
    let mut echoed = query.clone();
    if zone.lower_case {
        echoed.set_name(Name::from_ascii(&name).unwrap());
    }
    reply.add_query(echoed);
    let known = zone.names.get(name.trim_end_matches('.')).cloned();
    let record = |data| Record::from_rdata(query.name().clone(), 60, data);
    match known.or_else(|| zone.wild.map(|address| Says::Addresses(vec![address]))) {
        None => reply.metadata.response_code = ResponseCode::NXDomain,
        Some(Says::Code(code)) => reply.metadata.response_code = code,
        Some(Says::Addresses(addresses)) => {
            for address in addresses {
                match (address, query.query_type()) {
                    (IpAddr::V4(a), RecordType::A) => {
                        reply.add_answer(record(RData::A(A(a))));
                    }
                    (IpAddr::V6(a), RecordType::AAAA) => {
                        reply.add_answer(record(RData::AAAA(AAAA(a))));
                    }
                    _ => {}
                }
            }
        }
        Some(Says::Text(length)) => {
            for _ in 0..length / 80 {
                let text = TXT::new(vec!["x".repeat(70)]);
                reply.add_answer(record(RData::TXT(text)));
            }
        }
    }
    reply
}
