//! `echo` (REQ NET-6, NET-9): what it says of what it saw is what really was sent, byte by byte.

use rustls::ClientConfig;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{BASE, HOST, get, hex, post, with};
use crate::support::{Raw, World, roots};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_told_as_it_was_sent_line_by_line() {
    let world = World::on_sqlite().await;
    for (is_secure, mut caller) in [false, true].into_iter().zip(world.both()) {
        let address = caller.address.to_string();
        let head = format!(
            "GeT {BASE}/echo?q=1 HTTP/1.1\r\nuSeR-aGeNt: x\r\nhOSt: {HOST}:80\r\n\
             X-b: 1\r\nACCEPT:  a,\tb \r\nx-B: 2\r\nX-Empty:\r\nX-Latin: \u{e9}\r\n\r\n"
        );
        let answer = caller.send(&head).reply().json();
        let expected = json!([
            ["uSeR-aGeNt", "x"],
            ["hOSt", format!("{HOST}:80")],
            ["X-b", "1"],
            ["ACCEPT", "a,\tb"],
            ["x-B", "2"],
            ["X-Empty", ""],
            ["X-Latin", "\u{e9}"],
        ]);
        assert_eq!(answer["headers"], expected);
        assert_eq!(answer["as_received"], true);
        assert_eq!(answer["method"], "GeT");
        assert_eq!(answer["target"], format!("{BASE}/echo?q=1"));
        assert_eq!(answer["version"], "HTTP/1.1");
        assert_eq!(answer["client_address"], address);
        assert_eq!(answer["tls"].is_null(), !is_secure);
        // The next one on the same connection, as if the caller took this for a proxy.
        let target = format!("http://{HOST}{BASE}/echo");
        let next = format!("DELETE {target} HTTP/1.1\r\nvia: 1.1 proxy\r\nHost: {HOST}\r\n\r\n");
        let answer = caller.send(next).reply().json();
        assert_eq!(answer["target"], target);
        assert_eq!(answer["headers"], json!([["via", "1.1 proxy"], ["Host", HOST]]));
        assert_eq!(answer["as_received"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_told_by_its_digest_whole_or_in_chunks() {
    let world = World::on_sqlite().await;
    let body = b"un timbre, deux timbres".repeat(1000);
    for mut caller in world.both() {
        for path in ["echo", "sink"] {
            let told = |answer: &Value| {
                let [bytes, sha256] = match path {
                    "echo" => ["body_bytes", "body_sha256"],
                    _ => ["bytes", "sha256"],
                };
                (answer[bytes].clone(), answer[sha256].clone(), answer["chunked"].clone())
            };
            let digest = Value::from(hex(&Sha256::digest(&body)));
            let answer = caller.send(post(path, body.len())).send(&body).reply().json();
            assert_eq!(told(&answer), (body.len().into(), digest.clone(), false.into()));
            caller.send(format!(
                "POST {BASE}/{path} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
            ));
            for chunk in body.chunks(7000) {
                caller.send(format!("{:x};ext=1\r\n", chunk.len())).send(chunk).send("\r\n");
            }
            let answer = caller.send("0\r\n\r\n").reply().json();
            assert_eq!(told(&answer), (body.len().into(), digest, true.into()));
            let answer = caller.send(post(path, 0)).reply().json();
            assert_eq!(told(&answer).0, 0);
        }
        // After all of that, the lines are still those of the request that is asked about.
        let answer = caller.send(with("echo", "LAST: one")).reply().json();
        assert_eq!(answer["headers"], json!([["Host", HOST], ["LAST", "one"]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_waits_for_leave_to_send_its_body_gets_it() {
    let world = World::on_sqlite().await;
    for mut caller in world.both() {
        let head = format!(
            "POST {BASE}/echo HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        );
        assert_eq!(caller.send(head).reply().status, 100);
        let answer = caller.send("abcd").reply().json();
        assert_eq!(answer["body_bytes"], 4);
        assert_eq!(answer["headers"][1], json!(["Expect", "100-continue"]));
        assert_eq!(answer["as_received"], true);
        let answer = caller.send(get("echo")).reply().json();
        assert_eq!(answer["headers"], json!([["Host", HOST]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_lines_are_not_known_for_certain_it_says_so() {
    let world = World::on_sqlite().await;
    for mut caller in world.both() {
        // Two at once: the second came before the answer to the first.
        caller.send(with("echo", "X-A: 1") + &with("echo", "X-B: 2"));
        let (first, second) = (caller.reply().json(), caller.reply().json());
        assert_eq!(first["headers"], json!([["Host", HOST], ["X-A", "1"]]));
        assert_eq!(second["as_received"], false);
        assert_eq!(second["headers"], json!([["host", HOST], ["x-b", "2"]]));
        // Longer than what is kept, and still answered.
        let long = caller.send(with("echo", &format!("X-Long: {}", "y".repeat(20_000)))).reply();
        let long = long.json();
        assert_eq!(long["as_received"], false);
        assert_eq!(long["headers"][1][1].as_str().unwrap().len(), 20_000);
        let answer = caller.send(with("echo", "X-C: 3")).reply().json();
        assert_eq!(answer["as_received"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_is_told_as_the_caller_began_it() {
    let world = World::on_sqlite().await;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    for (version, name) in
        [(&rustls::version::TLS12, "TLSv1.2"), (&rustls::version::TLS13, "TLSv1.3")]
    {
        let config = ClientConfig::builder_with_provider(provider.clone().into())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots(&world.running.ca_pem))
            .with_no_client_auth();
        let (mut caller, sent) = Raw::secure_as(world.running.https_addr, config, HOST);
        let tls = caller.send(get("echo")).reply().json()["tls"].clone();
        assert_eq!(tls["version"], name);
        assert_eq!(tls["sni"], HOST);
        assert!(tls["cipher"].as_str().unwrap().starts_with("TLS"), "{tls}");
        // One record: five bytes of header, then the message.
        let length = usize::from(u16::from_be_bytes([sent[3], sent[4]]));
        assert_eq!((sent[0], sent[5]), (22, 1), "a handshake record with a ClientHello");
        let digest = hex(&Sha256::digest(&sent[5..5 + length]));
        assert_eq!(tls["client_hello_sha256"], digest);
    }
}
