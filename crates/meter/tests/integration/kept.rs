//! Connections are kept, and what happens when a kept one is dead.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use timbre_meter::egress::{Link, LinkError};
use timbre_protocol::{SignIn, StartupRefresh, UNSIGNED, sign_in, write};

use crate::link::{HOST, Line, reply, request};
use crate::server::{Answer, Received, Server};
use crate::stage::wait;

fn answer(_: &Received) -> Option<Answer> {
    Some((200, write(&reply()).into_bytes()))
}

fn server(line: &Line, requests: usize) -> Server {
    Server::keeping(&line.authority, &[HOST], requests, answer)
}

async fn ask(link: &Link) {
    assert_eq!(link.call::<StartupRefresh>(&request(0)).await.unwrap(), reply());
}

#[test]
fn one_connection_serves_many_requests() {
    let line = Line::new();
    let server = server(&line, 10);
    let link = line.link(server.address);
    wait(async {
        for _ in 0..4 {
            ask(&link).await;
        }
    });
    assert_eq!(server.connections.try_iter().count(), 1);
    assert_eq!(server.received.try_iter().count(), 4);
}

#[test]
fn a_kept_connection_that_the_server_closed_is_replaced_without_anyone_noticing() {
    for requests in 1..4 {
        let line = Line::new();
        let server = server(&line, requests);
        let link = line.link(server.address);
        wait(async {
            for _ in 0..6 {
                ask(&link).await;
            }
        });
        assert_eq!(server.received.try_iter().count(), 6);
        assert_eq!(server.connections.try_iter().count(), 6_usize.div_ceil(requests));
    }
}

#[test]
fn a_request_lost_on_a_kept_connection_is_sent_once_more_and_one_lost_on_a_fresh_one_is_not() {
    static HEARD: AtomicUsize = AtomicUsize::new(0);
    let line = Line::new();
    // The second request is heard, and the connection cut instead of an answer.
    let server = Server::keeping(&line.authority, &[HOST], 10, |received| {
        if HEARD.fetch_add(1, Ordering::SeqCst) == 1 { None } else { answer(received) }
    });
    let link = line.link(server.address);
    wait(async {
        ask(&link).await;
        ask(&link).await;
    });
    let bodies: Vec<Vec<u8>> = server.received.try_iter().map(|r| r.body).collect();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[1], bodies[2]);
    let mute = Server::keeping(&line.authority, &[HOST], 10, |_| None);
    let error = wait(line.link(mute.address).call::<StartupRefresh>(&request(0))).unwrap_err();
    assert!(matches!(error, LinkError::Unreachable(_)), "{error:?}");
    assert_eq!(mute.received.try_iter().count(), 1);
}

/// Its nonce is good once: a second one would be refused as a copy.
#[test]
fn a_sign_in_never_goes_over_a_connection_that_may_be_dead() {
    let line = Line::new();
    let server = Server::keeping(&line.authority, &["distributor.timbre.localhost"], 10, answer);
    let link = line.link(server.address);
    let asked = sign_in::Request {
        serial: "TM0000042".parse().unwrap(),
        time: "2025-06-02T13:00:00Z".parse().unwrap(),
        nonce: Default::default(),
        software: "test".to_owned(),
        standing: None,
        block_version: None,
        signature: UNSIGNED,
    };
    wait(async {
        for _ in 0..3 {
            // The answer is another exchange's: it is the connections that matter here.
            assert_eq!(link.call::<SignIn>(&asked).await.unwrap_err().code(), "bad-reply");
        }
    });
    assert_eq!(server.connections.try_iter().count(), 3);
}

/// A firewall that forgot a silent connection drops what comes over it and says nothing (REQ NET-9). The
/// part below runs in a network namespace of its own.
#[test]
fn a_connection_that_a_firewall_forgot_costs_seconds_and_not_the_request() {
    let me = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args(["--net", "--"])
        .arg(me)
        .args(["--exact", "kept::inside_a_forgotten_connection", "--ignored", "--nocapture"])
        .output()
        .expect("unshare is missing: apt-get install util-linux");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("1 passed"), "needs root, nftables and iproute2: {told} {output:?}");
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output =
        output.unwrap_or_else(|e| panic!("{program}: {e}: apt-get install nftables iproute2"));
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
}

fn forget(connection: SocketAddr) {
    let port = connection.port();
    run("nft", &["add", "table", "inet", "forgetful"]);
    run("nft", &["add chain inet forgetful out { type filter hook output priority 0 ; }"]);
    for side in ["sport", "dport"] {
        run("nft", &[&format!("add rule inet forgetful out tcp {side} {port} drop")]);
    }
}

#[test]
#[ignore = "a part of another test, in a network namespace of its own"]
fn inside_a_forgotten_connection() {
    run("ip", &["link", "set", "lo", "up"]);
    let line = Line::new();
    let server = server(&line, 10);
    let mut network = line.network(server.address);
    network.answer_seconds = 9;
    let link = Link::prepare(&network, &network.ca).unwrap();
    wait(async {
        ask(&link).await;
        forget(server.connections.recv().unwrap());
        let started = Instant::now();
        ask(&link).await;
        let took = started.elapsed();
        assert!(took > Duration::from_secs(1) && took < Duration::from_secs(8), "{took:?}");
    });
    assert_eq!(server.connections.try_iter().count(), 1);
}
