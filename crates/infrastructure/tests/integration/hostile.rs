//! What no meter sends: bombs, floods, garbage. Each gets a clear refusal and costs next to nothing.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use timbre_protocol::sign_in::Reply;
use timbre_protocol::{Answer, SignIn, TransactionUpload, write};

use crate::support::{Device, World, answered};

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_of_entities_is_refused_with_the_reason() {
    let world = World::on_sqlite().await;
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
        <sign-in-request xmlns="urn:timbre:protocol:1" version="1"><serial>&b;</serial></sign-in-request>"#;
    let sent = world.post::<SignIn>(None, bomb.as_bytes().to_vec()).await;
    assert!(sent.text.contains("document type declaration is not allowed"), "{}", sent.text);
    assert_eq!(sent.refused(), (400, "malformed-message".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_one_is_refused_with_line_and_column() {
    let world = World::on_sqlite().await;
    for (body, says) in [
        ("", "well-formed"),
        ("hello", "well-formed"),
        ("<a><b></a>", "well-formed"),
        ("<refill-request xmlns=\"urn:timbre:protocol:1\" version=\"1\"/>", "line 1, column 1"),
        ("<sign-in-request xmlns=\"urn:timbre:protocol:1\" version=\"1\"/>", "lacks"),
    ] {
        let sent = world.post::<SignIn>(None, body.as_bytes().to_vec()).await;
        assert!(sent.text.contains(says), "{body}: {}", sent.text);
        assert_eq!(sent.refused(), (400, "malformed-message".to_owned()));
    }
    let sent = world.post::<SignIn>(None, vec![0xFF; 100]).await;
    assert_eq!(sent.refused(), (400, "malformed-message".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_past_the_limit_is_refused_with_the_limit() {
    let world = World::on_sqlite().await;
    let limit = 1024 * 1024;
    let sent = world.post::<SignIn>(None, vec![b' '; limit + 1]).await;
    assert!(sent.text.contains("1048576 bytes"), "{}", sent.text);
    assert_eq!(sent.refused(), (413, "too-large".to_owned()));
    // An upload may have four times that.
    let sent = world.post::<TransactionUpload>(None, vec![b' '; limit + 1]).await;
    assert_eq!(sent.refused(), (400, "malformed-message".to_owned()));
    let sent = world.post::<TransactionUpload>(None, vec![b' '; 4 * limit + 1]).await;
    assert_eq!(sent.refused(), (413, "too-large".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_read_and_a_compressed_bomb_is_not() {
    let world = World::on_sqlite().await;
    let device = Device::new(42);
    world.enrol(&device).await;
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let post = |encoding: &str, body: Vec<u8>| {
        let request = world.client.post(world.url::<SignIn>()).body(body);
        let request = request.header("Content-Type", "text/xml; charset=utf-8");
        answered::<Reply>(request.header("Content-Encoding", encoding))
    };
    let message = write(&device.sign_in(Timestamp::now()));
    let sent = post("gzip", gzip(message.as_bytes())).await;
    assert!(matches!(sent.answer, Answer::Reply(_)));
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    assert_eq!(post("gzip", bomb).await.refused(), (413, "too-large".to_owned()));
    let cut = gzip(message.as_bytes());
    let cut = cut[..cut.len() - 4].to_vec();
    assert_eq!(post("gzip", cut).await.refused(), (400, "malformed-message".to_owned()));
    let sent = post("br", message.into_bytes()).await;
    assert_eq!(sent.refused(), (415, "unknown-encoding".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_method_type_and_path_are_named() {
    let world = World::on_sqlite().await;
    let url = world.url::<SignIn>();
    let response = world.client.get(&url).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["allow"].to_str().unwrap()),
        (405, "POST")
    );
    let json = world.client.post(&url).header("Content-Type", "application/json").body("{}");
    assert_eq!(answered::<Reply>(json).await.refused(), (415, "not-xml".to_owned()));
    let elsewhere = url.replace("/sign-in", "/sign-out");
    let sent = answered::<Reply>(world.client.post(elsewhere).body("")).await;
    assert_eq!(sent.refused(), (404, "not-found".to_owned()));
    let (_, metrics) = world.admin("/metrics").await;
    let line = "timbre_requests_total{endpoint=\"distributor.sign-in\",outcome=\"not-xml\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}
