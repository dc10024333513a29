//! The network-test service (REQ NET-2, NET-5, NET-6, NET-9): what it says of what it saw is what really was sent, byte by
//! byte, and it lets nobody take more than a share.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::ClientConfig;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use timbre_infrastructure::network_test::{ENDINGS, LARGEST, fill};
use timbre_infrastructure::{Anchors, Config, serve};
use timbre_key_store::Signature;

use crate::support::{Raw, Reply, World, roots};

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
    let key = Anchors::of(&world.config).unwrap().distributor_key.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_what_both_ends_compute() {
    let world = World::on_sqlite().await;
    for mut caller in world.both() {
        for ending in ENDINGS {
            let name = format!("100003.{ending}");
            let mut expected = vec![0; 100_003];
            fill(&name, 0, &mut expected);
            let reply = caller.send(get(&format!("file/{name}"))).reply();
            assert_eq!(
                (reply.status, reply.body == expected),
                (200, true),
                "{name}: {}",
                reply.head
            );
            assert!(
                reply.head.contains("cache-control: no-store, no-transform\r\n"),
                "{}",
                reply.head
            );
        }
        let reply = caller.send(get(&format!("file/{LARGEST}.bin"))).reply();
        assert_eq!(reply.body.len() as u64, LARGEST);
        // The first block, computed without the function under test.
        assert_eq!(&reply.body[..32], &Sha256::digest("5242880.bin\n0")[..]);
        assert_eq!(
            &reply.body[reply.body.len() - 32..],
            &Sha256::digest("5242880.bin\n163839")[..]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_file_is_that_part() {
    let world = World::on_sqlite().await;
    let mut caller = world.in_clear();
    let mut whole = vec![0; 1000];
    fill("1000.cvd", 0, &mut whole);
    for (lines, status, range) in [
        ("Range: bytes=0-0", 206, 0..1),
        ("Range: bytes=100-199", 206, 100..200),
        ("Range: bytes=900-", 206, 900..1000),
        ("Range: bytes=-33", 206, 967..1000),
        ("Range: bytes=31-5000", 206, 31..1000),
        // What is not one range of bytes is passed over.
        ("Range: bytes=5-1", 200, 0..1000),
        ("Range: bytes=0-1,5-6", 200, 0..1000),
        ("Range: lines=0-1", 200, 0..1000),
        ("Range: bytes=x", 200, 0..1000),
        // Only if it is still the file that was begun.
        ("If-Range: \"1000.cvd\"\r\nRange: bytes=10-", 206, 10..1000),
        ("If-Range: \"999.cvd\"\r\nRange: bytes=10-", 200, 0..1000),
    ] {
        let reply = caller.send(with("file/1000.cvd", lines)).reply();
        assert_eq!(reply.status, status, "{lines}");
        assert_eq!(reply.body, whole[range.clone()], "{lines}");
        let told = format!("content-range: bytes {}-{}/1000\r\n", range.start, range.end - 1);
        assert_eq!(reply.head.contains(&told), status == 206, "{lines}: {}", reply.head);
    }
    for lines in ["Range: bytes=1000-", "Range: bytes=-0", "Range: bytes=99999999999999999999-"] {
        let reply = caller.send(with("file/1000.cvd", lines)).reply();
        assert_eq!(code(&reply), (416, "out-of-range".to_owned()), "{lines}");
        assert!(reply.head.contains("content-range: bytes */1000\r\n"), "{}", reply.head);
    }
    let reply = caller.send(with("file/1000.cvd", "If-None-Match: \"1000.cvd\"")).reply();
    assert_eq!((reply.status, reply.body.len()), (304, 0));
    assert!(reply.head.contains("etag: \"1000.cvd\"\r\n"), "{}", reply.head);
    let url = world.at("network-test", &format!("{BASE}/file/1000.cvd"));
    let head = world.client.head(url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "1000");
    assert_eq!(head.headers()["accept-ranges"], "bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_here_is_refused_with_what_is() {
    let world = World::on_sqlite().await;
    let mut caller = world.in_clear();
    for name in [
        "",
        "1000",
        "0.bin",
        "5242881.bin",
        "01.bin",
        "1000.zip",
        "1000.BIN",
        "../1000.bin",
        "1000.bin/",
    ] {
        let reply = caller.send(get(&format!("file/{name}"))).reply();
        assert_eq!(code(&reply), (400, "bad-parameter".to_owned()), "{name}");
        assert!(reply.json()["message_fr"].as_str().unwrap().contains("5242880"), "{reply:?}");
    }
    for path in ["", "files/1.bin", "reach/", "Echo", "file"] {
        assert_eq!(code(&caller.send(get(path)).reply()), (404, "not-found".to_owned()), "{path}");
    }
    assert_eq!(code(&caller.send(post("file/1.bin", 0)).reply()).0, 405);
    let refused = caller.send(get("sink")).reply();
    assert_eq!(code(&refused).0, 405);
    assert!(refused.head.contains("allow: POST\r\n"), "{}", refused.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_an_upload_is_from_its_first_byte_to_its_last() {
    let world = World::on_sqlite().await;
    let pause = Duration::from_millis(50);
    for mut caller in world.both() {
        caller.send(post("sink", 20));
        // Before its first byte no time is counted.
        std::thread::sleep(pause);
        let began = Instant::now();
        caller.send("0123456789");
        std::thread::sleep(pause);
        let answer = caller.send("0123456789").reply().json();
        let took = Duration::from_micros(answer["microseconds"].as_u64().unwrap());
        // The first bytes may have been read a little after they were sent.
        assert!(took > pause / 2 && took <= began.elapsed(), "{took:?}");
        assert_eq!(answer["bytes"], 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_body_is_taken_and_one_byte_more_is_refused_and_heard_out() {
    let world = World::on_sqlite().await;
    let body = vec![b'x'; usize::try_from(LARGEST).unwrap() + 1];
    let largest = &body[1..];
    let mut caller = world.secure();
    let answer = caller.send(post("sink", largest.len())).send(largest).reply().json();
    assert_eq!(answer["bytes"], LARGEST);
    for path in ["sink", "echo"] {
        let reply = caller.send(post(path, body.len())).send(&body).reply();
        assert_eq!(code(&reply), (413, "too-large".to_owned()));
        assert!(reply.json()["message_en"].as_str().unwrap().contains("5242880"));
    }
    // Whoever does not stop is cut off in the end, in chunks as well.
    let mut endless = world.in_clear();
    endless.send(format!(
        "POST {BASE}/sink HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
    let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n"].concat();
    let sent = (0..100).take_while(|_| endless.try_send(&chunk).is_ok()).count();
    assert!(sent < 100, "a hundred times five megabytes were taken");
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_harms_nobody() {
    let world = World::on_sqlite().await;
    let garbage: [Vec<u8>; 7] = [
        b"XkQz / HTTP/XYZ\r\n\r\n".to_vec(),
        b"one two three four\r\n\r\n".to_vec(),
        [vec![b'A'; 1024], b" / HTTP/1.1\r\nConnection: close\r\n\r\n".to_vec()].concat(),
        b"GET cache_object://localhost/ HTTP/1.0\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
        format!("POST {BASE}/sink HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            .into_bytes(),
        // Two lengths: whoever stands between may believe the other one.
        format!("POST {BASE}/sink HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde")
            .into_bytes(),
    ];
    for bytes in garbage {
        for mut caller in world.both() {
            caller.send(&bytes);
            let answer = String::from_utf8_lossy(&caller.rest()).into_owned();
            assert!(answer.starts_with("HTTP/1.1 4"), "{bytes:?}: {answer}");
        }
    }
    for mut caller in world.both() {
        assert_eq!(caller.send(get("echo")).reply().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_is_not_waited_for() {
    let world = World::on_sqlite().await;
    let began = Instant::now();
    let mut callers: Vec<Raw> = world.both().into_iter().collect();
    // One that stops between two requests is let stay no longer.
    callers.push(world.in_clear());
    assert_eq!(callers[2].send(get("echo")).reply().status, 200);
    let mut threads = Vec::new();
    for mut caller in callers {
        threads.push(std::thread::spawn(move || {
            caller.send(format!("GET {BASE}/echo HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: "));
            caller.rest()
        }));
    }
    // Others are answered all the while.
    for mut caller in world.both() {
        assert_eq!(caller.send(get("echo")).reply().status, 200);
    }
    for thread in threads {
        let answer = String::from_utf8_lossy(&thread.join().unwrap()).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    let waited = began.elapsed();
    assert!((9..20).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_its_share_at_once_and_version_is_told_to_all() {
    let world = World::on_sqlite().await;
    let mut waiting: Vec<Raw> = (0..64)
        .map(|_| {
            let mut caller = world.in_clear();
            caller.send(post("sink", 2)).send("a");
            caller
        })
        .collect();
    while !world.admin("/metrics").await.1.contains("timbre_requests_in_progress 64") {
        tokio::task::yield_now().await;
    }
    for mut caller in world.both() {
        let reply = caller.send(get("echo")).reply();
        assert_eq!(code(&reply), (429, "too-much".to_owned()));
        let retry = reply.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
        let retry: u32 = retry.unwrap().parse().unwrap();
        assert!((1..=60).contains(&retry), "{retry}");
        assert_eq!(reply.json()["retry_after_seconds"], retry);
    }
    let status = async |path: &str| {
        let url = world.at("catalogue", &format!("/catalogue/v1/{path}"));
        world.client.get(url).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("version").await, 200);
    assert_eq!(status("endpoints").await, 429);
    // A place is free again when its answer is there, and when its caller is gone.
    assert_eq!(waiting[0].send("b").reply().json()["bytes"], 2);
    assert_eq!(world.in_clear().send(get("echo")).reply().status, 200);
    waiting.clear();
    while !world.admin("/metrics").await.1.contains("timbre_requests_in_progress 0") {
        tokio::task::yield_now().await;
    }
    assert_eq!(status("endpoints").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_its_share_of_bytes() {
    let world = World::on_sqlite().await;
    let mut caller = world.in_clear();
    let ask = get(&format!("file/{LARGEST}.exe"));
    let mut got = 0;
    let refused = loop {
        let reply = caller.send(&ask).reply();
        if reply.status != 200 {
            break reply;
        }
        got += reply.body.len() as u64;
        assert!(got <= 128 * 1024 * 1024, "more than its share");
    };
    assert_eq!(code(&refused), (429, "too-much".to_owned()));
    assert!(got > 122 * 1024 * 1024, "{got}");
    // Small things still fit.
    assert_eq!(caller.send(get("echo")).reply().status, 200);
}
