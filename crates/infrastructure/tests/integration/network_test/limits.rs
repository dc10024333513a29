//! What no network test sends, and more of what it does send than one address may have.

use std::time::Instant;

use timbre_infrastructure::network_test::LARGEST;

use super::{BASE, HOST, code, get, post};
use crate::support::{Raw, World};

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
