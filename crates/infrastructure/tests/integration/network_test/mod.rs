//! The network-test service (REQ NET-2, NET-6, NET-9): it proves that it is itself, and in the clear there is nothing else.

mod echo;
mod files;
mod limits;

use jiff::Timestamp;
use timbre_infrastructure::{Anchors, Config, serve};
use timbre_key_store::Signature;

use crate::support::{Raw, Reply, World};

const HOST: &str = "network-test.timbre.localhost";
const BASE: &str = "/network-test/v1";

impl World {
    fn in_clear(&self) -> Raw {
        Raw::in_clear(self.running.clear_addr.unwrap())
    }

    fn secure(&self) -> Raw {
        Raw::secure(self.running.https_addr, &self.running.ca_pem, HOST)
    }

    /// Both ways in.
    fn both(&self) -> [Raw; 2] {
        [self.in_clear(), self.secure()]
    }
}

fn get(path: &str) -> String {
    format!("GET {BASE}/{path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
}

fn with(path: &str, lines: &str) -> String {
    format!("GET {BASE}/{path} HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n\r\n")
}

fn post(path: &str, length: usize) -> String {
    format!("POST {BASE}/{path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n\r\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["code"].as_str().unwrap_or("none").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_comes_back_signed_for_the_host_that_was_asked() {
    let world = World::on_sqlite().await;
    let key = Anchors::of(&world.config).await.unwrap().distributor_key.unwrap();
    let challenge = "00ff".repeat(8);
    for mut caller in world.both() {
        let reply = caller.send(get(&format!("reach?challenge={challenge}"))).reply();
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.head.contains("cache-control: no-store"), "{reply:?}");
        let answer = reply.json();
        let time = answer["time"].as_str().unwrap();
        let signature: Signature = answer["signature"].as_str().unwrap().parse().unwrap();
        let signed = format!("timbre network-test\n{HOST}\n{challenge}\n{time}");
        key.verify(signed.as_bytes(), &signature).unwrap();
        let late = Timestamp::now().duration_since(time.parse().unwrap());
        assert!(late.as_secs() < 10, "{late}");
        assert_eq!(answer["challenge"], challenge);
        assert_eq!(answer["host"], HOST);
        assert_eq!(answer["key"], key.key_id().to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_challenge_is_not_signed() {
    let world = World::on_sqlite().await;
    let mut caller = world.in_clear();
    for query in [
        "",
        "?challenge=",
        "?challenge=0123456789abcde",
        "?challenge=0123456789abcdeg",
        "?challenge=0123456789abcdef%0A",
        "?other=0123456789abcdef",
        &format!("?challenge={}", "a".repeat(129)),
        "?challenge=%ff%fe",
    ] {
        let reply = caller.send(get(&format!("reach{query}"))).reply();
        assert_eq!(code(&reply), (400, "bad-parameter".to_owned()), "{query}");
    }
    let reply = caller.send(post("reach?challenge=0123456789abcdef", 0)).reply();
    assert_eq!(code(&reply), (405, "wrong-method".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_clear_there_is_the_network_test_and_nothing_else() {
    let world = World::on_sqlite().await;
    let mut caller = world.in_clear();
    for (request, status) in [
        ("GET /network-test/v1/echo HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        ("GET /network-test/v1/echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 421),
        ("GET /network-test/v1/echo HTTP/1.1\r\nHost: catalogue.timbre.localhost\r\n\r\n", 421),
        ("GET /catalogue/v1/version HTTP/1.1\r\nHost: catalogue.timbre.localhost\r\n\r\n", 421),
        (
            "GET http://evil.example/network-test/v1/echo HTTP/1.1\r\nHost: network-test.timbre.localhost\r\n\r\n",
            421,
        ),
        (
            "POST /comet/v1/refill HTTP/1.1\r\nHost: comet.timbre.localhost\r\nContent-Length: 0\r\n\r\n",
            421,
        ),
        (
            "POST /distributor/v1/sign-in HTTP/1.1\r\nHost: network-test.timbre.localhost\r\nContent-Length: 0\r\n\r\n",
            404,
        ),
        ("GET /health HTTP/1.1\r\nHost: network-test.timbre.localhost\r\n\r\n", 404),
        ("GET / HTTP/1.1\r\nHost: NETWORK-TEST.timbre.localhost\r\n\r\n", 404),
        (
            "GET /network-test/v1/echo HTTP/1.1\r\nHost: NETWORK-TEST.timbre.localhost:80\r\n\r\n",
            200,
        ),
    ] {
        let reply = caller.send(request).reply();
        assert_eq!(reply.status, status, "{request}: {reply:?}");
        let kind = "content-type: application/json\r\n";
        assert!(reply.head.contains(kind), "{request}: {}", reply.head);
    }
    assert_eq!(
        world.in_clear().send(format!("GET {BASE}/echo HTTP/1.0\r\n\r\n")).reply().status,
        421
    );
    // By TLS, the name in the handshake and the name in the request must be the same.
    let wrong = get("echo").replace(HOST, "catalogue.timbre.localhost");
    assert_eq!(code(&world.secure().send(wrong).reply()), (421, "misdirected".to_owned()));
    let (_, metrics) = world.admin("/metrics").await;
    for line in [
        "{endpoint=\"network-test.clear\",outcome=\"ok\"} 1",
        "{endpoint=\"none\",outcome=\"misdirected\"} 8",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_listen_in_the_clear_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::for_directory(folder.path());
    config.listen_clear = None;
    let running = serve(config.clone()).await.unwrap();
    assert_eq!(running.clear_addr, None);
    running.shutdown().await;
    // Nor does a process that does not offer the network test.
    config = Config::for_directory(folder.path());
    config.only = vec!["comet".to_owned()];
    let running = serve(config.clone()).await.unwrap();
    assert_eq!(running.clear_addr, None);
    running.shutdown().await;
    // An address that is taken is named.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    config = Config::for_directory(folder.path());
    config.listen_clear = Some(taken.local_addr().unwrap());
    let error = serve(config).await.unwrap_err().to_string();
    assert!(error.contains(&taken.local_addr().unwrap().to_string()), "{error}");
}
