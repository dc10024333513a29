//! A tiny real server: TLS on loopback with certificates made here, one canned answer per connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// A certificate authority of a test.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Writes its root where a meter will look for it.
    pub(crate) fn root_in(&self, folder: &Path) -> PathBuf {
        let path = folder.join("ca.pem");
        std::fs::write(&path, &self.pem).unwrap();
        path
    }

    fn server_config(&self, hosts: &[&str], valid: bool) -> ServerConfig {
        let mut params =
            CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())
                .unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if !valid {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap()
    }
}

/// One request as it arrived.
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A server that gives every request to `answer` and sends back what it returns; for `None` it hangs up.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) received: Receiver<Received>,
    /// From where each connection came.
    pub(crate) connections: Receiver<SocketAddr>,
}

/// How long a connection lasts.
#[derive(Clone, Copy)]
pub(crate) enum Lasting {
    /// One request; the answer says so.
    Once,
    /// So many requests; then it ends without a word.
    Requests(usize),
}

/// A status and a body.
pub(crate) type Answer = (u16, Vec<u8>);

impl Server {
    pub(crate) fn start(
        authority: &Authority,
        hosts: &[&str],
        answer: impl FnMut(&Received) -> Option<Answer> + Send + 'static,
    ) -> Server {
        Server::with(authority.server_config(hosts, true), Lasting::Once, answer)
    }

    /// Connections last for so many requests.
    pub(crate) fn keeping(
        authority: &Authority,
        hosts: &[&str],
        requests: usize,
        answer: impl FnMut(&Received) -> Option<Answer> + Send + 'static,
    ) -> Server {
        Server::with(authority.server_config(hosts, true), Lasting::Requests(requests), answer)
    }

    pub(crate) fn expired(authority: &Authority, hosts: &[&str]) -> Server {
        Server::with(authority.server_config(hosts, false), Lasting::Once, |_| None)
    }

    fn with(
        config: ServerConfig,
        lasting: Lasting,
        answer: impl FnMut(&Received) -> Option<Answer> + Send + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(config);
        let (sender, received) = channel();
        let (met, connections) = channel();
        let answer = Arc::new(Mutex::new(answer));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { return };
                // Who does not ask where connections come from drops that end.
                let _ = met.send(socket.peer_addr().unwrap());
                let (config, answer, sender) =
                    (Arc::clone(&config), Arc::clone(&answer), sender.clone());
                thread::spawn(move || serve(socket, &config, lasting, &answer, &sender));
            }
        });
        Server { address, received, connections }
    }
}

fn serve(
    mut socket: TcpStream,
    config: &Arc<ServerConfig>,
    lasting: Lasting,
    answer: &Mutex<impl FnMut(&Received) -> Option<Answer>>,
    sender: &Sender<Received>,
) -> Option<()> {
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut tls = Stream::new(&mut connection, &mut socket);
    let (requests, close) = match lasting {
        Lasting::Once => (1, "connection: close\r\n"),
        Lasting::Requests(requests) => (requests, ""),
    };
    for _ in 0..requests {
        // A client that refuses the certificate goes away: that is what some tests are about.
        let request = receive(&mut tls)?;
        let answered = answer.lock().unwrap()(&request);
        // What was heard is known before its answer is.
        sender.send(request).ok()?;
        let (status, body) = answered?;
        let encoding =
            if body.starts_with(&[0x1f, 0x8b]) { "content-encoding: gzip\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} Answer\r\ncontent-type: application/xml\r\n{encoding}content-length: {}\r\n{close}\r\n",
            body.len()
        );
        tls.write_all(head.as_bytes()).ok()?;
        tls.write_all(&body).ok()?;
        tls.flush().ok()?;
    }
    tls.conn.send_close_notify();
    tls.flush().ok()
}

fn receive(from: &mut impl Read) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let mut request = Received { head: String::from_utf8(bytes).ok()?, body: Vec::new() };
    let length = request.header("content-length")?.parse().ok()?;
    request.body.resize(length, 0);
    from.read_exact(&mut request.body).ok()?;
    Some(request)
}
