//! A tiny real server: TLS on loopback with certificates made here, one canned answer per connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
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
}

/// A status and a body.
pub(crate) type Answer = (u16, Vec<u8>);

impl Server {
    pub(crate) fn start(
        authority: &Authority,
        hosts: &[&str],
        answer: impl FnMut(&Received) -> Option<Answer> + Send + 'static,
    ) -> Server {
        Server::with(authority.server_config(hosts, true), answer)
    }

    pub(crate) fn expired(authority: &Authority, hosts: &[&str]) -> Server {
        Server::with(authority.server_config(hosts, false), |_| None)
    }

    fn with(
        config: ServerConfig,
        mut answer: impl FnMut(&Received) -> Option<Answer> + Send + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(config);
        let (sender, received) = channel();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { return };
                // A client that refuses the certificate goes away: that is what some tests are about.
                if let Some(request) = serve(socket, &config, &mut answer)
                    && sender.send(request).is_err()
                {
                    return;
                }
            }
        });
        Server { address, received }
    }
}

fn serve(
    mut socket: TcpStream,
    config: &Arc<ServerConfig>,
    answer: &mut dyn FnMut(&Received) -> Option<Answer>,
) -> Option<Received> {
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut tls = Stream::new(&mut connection, &mut socket);
    let request = receive(&mut tls)?;
    let Some((status, body)) = answer(&request) else { return Some(request) };
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    tls.write_all(head.as_bytes()).ok()?;
    tls.write_all(&body).ok()?;
    tls.conn.send_close_notify();
    tls.flush().ok()?;
    Some(request)
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
