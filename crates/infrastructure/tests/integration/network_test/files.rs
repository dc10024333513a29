//! Files down and bytes up (REQ NET-5, NET-9): both ends know every byte, and the end that receives knows the time.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use timbre_infrastructure::network_test::{ENDINGS, LARGEST, fill};

use super::{BASE, HOST, code, get, post, with};
use crate::support::World;

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
