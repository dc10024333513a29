//! The way to the infrastructure and what can stand in it, against a real TLS server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;

use tempfile::TempDir;
use timbre_meter::egress::{Link, LinkError};
use timbre_meter::settings::{Network, Proxy};
use timbre_postage::Language;
use timbre_protocol::{Refusal, StartupRefresh, startup_refresh, write};

use crate::server::{Answer, Authority, Received, Server};
use crate::stage::wait;

pub(crate) const HOST: &str = "downloads.timbre.localhost";

pub(crate) struct Line {
    pub(crate) folder: TempDir,
    pub(crate) authority: Authority,
}

impl Line {
    pub(crate) fn new() -> Line {
        Line { folder: TempDir::new().unwrap(), authority: Authority::new("Our root") }
    }

    pub(crate) fn server(
        &self,
        answer: impl FnMut(&Received) -> Option<Answer> + Send + 'static,
    ) -> Server {
        Server::start(&self.authority, &[HOST], answer)
    }

    pub(crate) fn network(&self, address: std::net::SocketAddr) -> Network {
        Network {
            connect: Some(address),
            resolver: None,
            domain: "timbre.localhost".to_owned(),
            ca: self.authority.root_in(self.folder.path()),
            answer_seconds: 2,
            proxy: Proxy::default(),
        }
    }

    pub(crate) fn link(&self, address: std::net::SocketAddr) -> Link {
        let network = self.network(address);
        Link::prepare(&network, &network.ca).unwrap()
    }
}

pub(crate) fn request(tables: usize) -> startup_refresh::Request {
    let table = |n| startup_refresh::TableVersion { name: format!("table-{n}"), digest: [0; 32] };
    startup_refresh::Request {
        serial: "TM0000042".parse().unwrap(),
        software: "test".to_owned(),
        block_version: 1,
        rate_tables: (0..tables).map(table).collect(),
        replaces: None,
        settings: None,
    }
}

pub(crate) fn reply() -> startup_refresh::Reply {
    startup_refresh::Reply {
        server_time: "2025-06-02T13:00:00Z".parse().unwrap(),
        services: Vec::new(),
        rate_tables: Vec::new(),
        tasks: Vec::new(),
    }
}

pub(crate) fn call(link: &Link) -> Result<startup_refresh::Reply, LinkError> {
    wait(link.call::<StartupRefresh>(&request(0)))
}

#[test]
fn an_exchange_goes_where_the_catalogue_says_and_brings_its_reply() {
    let line = Line::new();
    let server = line.server(|_| Some((200, write(&reply()).into_bytes())));
    let mut link = line.link(server.address);
    link.show(Some("secret".to_owned()));
    assert_eq!(call(&link).unwrap(), reply());
    let received = server.received.recv().unwrap();
    assert!(received.head.starts_with("POST /downloads/v1/startup-refresh HTTP/1.1\r\n"));
    assert_eq!(received.header("host"), Some(HOST));
    assert_eq!(received.header("authorization"), Some("Timbre secret"));
    assert_eq!(received.header("user-agent"), Some(timbre_meter::SOFTWARE));
    assert_eq!(received.header("content-encoding"), None);
    assert_eq!(received.body, write(&request(0)).into_bytes());
    assert!(!format!("{link:?}").contains("secret"));
}

#[test]
fn a_long_request_is_compressed() {
    let line = Line::new();
    let server = line.server(|_| Some((200, write(&reply()).into_bytes())));
    let link = line.link(server.address);
    let long = request(500);
    wait(link.call::<StartupRefresh>(&long)).unwrap();
    let received = server.received.recv().unwrap();
    assert_eq!(received.header("content-encoding"), Some("gzip"));
    assert!(received.body.len() * 4 < write(&long).len());
}

#[test]
fn a_compressed_reply_is_read_and_one_that_hides_too_much_is_not() {
    let line = Line::new();
    let server = line.server(|_| Some((200, packed(write(&reply()).as_bytes()))));
    assert_eq!(call(&line.link(server.address)).unwrap(), reply());
    let bomb = packed(&vec![b' '; 5 * 1024 * 1024]);
    assert!(bomb.len() < 10_000);
    let server = line.server(move |_| Some((200, bomb.clone())));
    let error = call(&line.link(server.address)).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    let mut broken = packed(write(&reply()).as_bytes());
    broken.truncate(40);
    let server = line.server(move |_| Some((200, broken.clone())));
    assert_eq!(call(&line.link(server.address)).unwrap_err().code(), "bad-reply");
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_refusal_is_the_other_ends_answer_whatever_the_status() {
    for status in [200, 401, 409, 503] {
        let line = Line::new();
        let refusal = Refusal {
            code: "unknown-meter".to_owned(),
            message_fr: "machine inconnue".to_owned(),
            message_en: "unknown meter".to_owned(),
            server_time: "2025-06-02T13:00:00Z".parse().unwrap(),
            retry_after_seconds: None,
        };
        let body = write(&refusal).into_bytes();
        let server = line.server(move |_| Some((status, body.clone())));
        let error = call(&line.link(server.address)).unwrap_err();
        assert_eq!(error, LinkError::Refused(Box::new(refusal)));
        assert_eq!(error.code(), "unknown-meter");
        assert_eq!(error.message(Language::French), "machine inconnue");
    }
}

#[test]
fn an_interceptor_is_named_by_who_issued_its_certificate() {
    let line = Line::new();
    let interceptor = Authority::new("Corp TLS inspection");
    let server = Server::start(&interceptor, &[HOST], |_| None);
    let error = call(&line.link(server.address)).unwrap_err();
    let LinkError::NotGenuine { host, issuer } = &error else { panic!("{error:?}") };
    assert_eq!(host, HOST);
    assert!(issuer.contains("CN=Corp TLS inspection"), "{issuer}");
    assert!(error.message(Language::French).contains("Corp TLS inspection"));
}

#[test]
fn an_interceptor_that_took_our_roots_name_is_still_found() {
    let line = Line::new();
    let server = Server::start(&Authority::new("Our root"), &[HOST], |_| None);
    let error = call(&line.link(server.address)).unwrap_err();
    assert!(matches!(error, LinkError::NotGenuine { .. }), "{error:?}");
}

#[test]
fn another_hosts_certificate_is_refused_and_names_that_host() {
    let line = Line::new();
    let server = Server::start(&line.authority, &["elsewhere.timbre.localhost"], |_| None);
    let error = call(&line.link(server.address)).unwrap_err();
    let presented = vec!["elsewhere.timbre.localhost".to_owned()];
    assert_eq!(error, LinkError::WrongName { host: HOST.to_owned(), presented });
}

#[test]
fn an_expired_certificate_says_so() {
    let line = Line::new();
    let server = Server::expired(&line.authority, &[HOST]);
    let error = call(&line.link(server.address)).unwrap_err();
    assert_eq!(error.code(), "bad-certificate");
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn a_server_that_is_gone_is_named_with_its_address_and_what_to_check() {
    let line = Line::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = call(&line.link(address)).unwrap_err();
    assert_eq!(error.code(), "infrastructure-unreachable");
    let text = error.to_string();
    assert!(text.starts_with(&format!("{HOST} ({address}) cannot be reached")), "{text}");
    assert!(text.contains("connect address in meter.toml"), "{text}");
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let line = Line::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let silent = thread::spawn(move || listener.accept());
    let error = call(&line.link(address)).unwrap_err();
    assert!(error.to_string().contains("time ran out"), "{error}");
    drop(silent);
}

#[test]
fn what_is_not_a_reply_is_not_taken_for_one() {
    let table: [(u16, Vec<u8>, &str); 5] = [
        (200, b"<html>Please log in to the guest network</html>".to_vec(), "root element"),
        (200, Vec::new(), "not"),
        (200, vec![b' '; 5 * 1024 * 1024], "longer than"),
        (302, Vec::new(), "not"),
        (500, write(&reply()).into_bytes(), "with this status"),
    ];
    for (status, body, reason) in table {
        let line = Line::new();
        let server = line.server(move |_| Some((status, body.clone())));
        let error = call(&line.link(server.address)).unwrap_err();
        assert_eq!(error.code(), "bad-reply", "{error}");
        let text = error.to_string();
        assert!(text.contains(reason) && text.contains(&status.to_string()), "{text}");
    }
}

#[test]
fn a_connection_that_is_cut_is_no_reply() {
    let line = Line::new();
    let server = line.server(|_| None);
    let error = call(&line.link(server.address)).unwrap_err();
    assert_eq!(error.code(), "infrastructure-unreachable", "{error}");
}

/// REQ NET-10: on a locked machine a name is the resolver's to answer, and the system's DNS is not asked.
#[test]
fn a_name_is_asked_of_the_machine_s_resolver_when_there_is_one() {
    let line = Line::new();
    let socket = line.folder.path().join("resolver.sock");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut network = line.network(nobody);
    network.connect = None;
    network.resolver = Some(socket.clone());
    let told = |network: &Network| {
        let link = Link::prepare(network, &network.ca).unwrap();
        call(&link).unwrap_err().to_string()
    };
    let absent = told(&network);
    assert!(absent.contains("the machine’s resolver at"), "{absent}");

    let listener = UnixListener::bind(&socket).unwrap();
    let answers = ["! it is not on the allow-list\n", "127.77.0.1\n", "what?\n"];
    let resolver = thread::spawn(move || {
        answers.map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = String::new();
            BufReader::new(&stream).read_line(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            asked
        })
    });
    let refused = told(&network);
    assert!(refused.contains("it is not on the allow-list"), "{refused}");
    // It is the address that was answered that is gone to: nobody is there.
    let gone = told(&network);
    assert!(gone.contains("refused"), "{gone}");
    let nonsense = told(&network);
    assert!(nonsense.contains("the machine’s resolver at"), "{nonsense}");
    assert_eq!(resolver.join().unwrap(), [HOST, HOST, HOST].map(|host| format!("{host}\n")));
}

#[test]
fn roots_that_cannot_be_used_are_named() {
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    let network = Network {
        connect: None,
        resolver: None,
        domain: "timbre.localhost".to_owned(),
        ca: ca.clone(),
        answer_seconds: 2,
        proxy: Proxy::default(),
    };
    let prepared = |network: &Network| Link::prepare(network, &ca).unwrap_err().to_string();
    assert!(prepared(&network).contains("ca.pem"));
    std::fs::write(&ca, "no certificate here").unwrap();
    assert!(prepared(&network).contains("it holds no certificate"));
}

#[test]
fn a_directory_may_name_only_what_the_catalogue_names_there_or_at_the_connect_port() {
    let line = Line::new();
    let link = line.link("127.0.0.1:8443".parse().unwrap());
    for (name, url, known) in [
        ("comet.refill", "https://comet.timbre.localhost/comet/v1/refill", true),
        ("comet.refill", "https://comet.timbre.localhost:8443/comet/v1/refill", true),
        ("comet.refill", "https://comet.timbre.localhost:9443/comet/v1/refill", false),
        ("comet.refill", "http://comet.timbre.localhost/comet/v1/refill", false),
        ("comet.refill", "https://comet.example.org/comet/v1/refill", false),
        ("comet.refill", "https://comet.timbre.localhost/comet/v1/inspection", false),
        ("comet.rebate", "https://comet.timbre.localhost/comet/v1/refill", false),
        ("not an id", "not a URL", false),
    ] {
        assert_eq!(link.knows(name, url), known, "{name} {url}");
    }
}
