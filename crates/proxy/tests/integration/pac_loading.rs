//! Where a script comes from: a file, or a server that may send us elsewhere, but not for ever.

use std::io;

use timbre_proxy::{Destination, Pac, PacError, PacSource, ProxySettings, load_pac};
use tokio::net::TcpStream;

use crate::machine::wait;
use crate::peer::Peer;

const SCRIPT: &str = "function FindProxyForURL() { return 'DIRECT'; }";

fn source(text: &str) -> PacSource {
    match format!("pac:{text}").parse().unwrap() {
        ProxySettings::Pac(source) => source,
        other => panic!("{other}"),
    }
}

/// Every server is `peer`; TLS there is none.
fn load(text: &str, peer: &Peer) -> Result<Pac, PacError> {
    let dial = |to: Destination| async move {
        if to.is_secure() {
            Err(io::Error::other("no TLS here"))
        } else {
            TcpStream::connect(peer.address).await
        }
    };
    wait(load_pac(&source(text), dial))
}

fn nobody() -> Peer {
    Peer::saying(&[])
}

#[test]
fn a_script_is_fetched_from_a_server_without_a_word_about_us() {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n\r\n\u{feff}{SCRIPT}"
    );
    let peer = Peer::saying(&[&[&answer]]);
    load("http://wpad.test:8080/proxy.pac?a=b", &peer).unwrap();
    let heard = peer.heard.recv().unwrap();
    assert!(
        heard.starts_with("GET /proxy.pac?a=b HTTP/1.1\r\nHost: wpad.test:8080\r\n"),
        "{heard}"
    );
    assert!(!heard.contains("Authorization"));
}

#[test]
fn a_server_may_send_us_elsewhere_but_not_round_in_circles() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /next.pac\r\nContent-Length: 0\r\n\r\n";
    let far =
        "HTTP/1.1 301 Moved\r\nLocation: http://other.test/far.pac\r\nContent-Length: 0\r\n\r\n";
    let there = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{SCRIPT}", SCRIPT.len());
    let peer = Peer::saying(&[&[moved], &[far], &[&there]]);
    load("http://wpad.test/proxy.pac", &peer).unwrap();
    let heard: Vec<String> = peer.heard.iter().collect();
    assert!(heard[1].starts_with("GET /next.pac HTTP/1.1\r\nHost: wpad.test\r\n"), "{}", heard[1]);
    assert!(heard[2].starts_with("GET /far.pac HTTP/1.1\r\nHost: other.test\r\n"), "{}", heard[2]);
    let error = load("http://wpad.test/proxy.pac", &Peer::saying(&[&[moved][..]; 9])).unwrap_err();
    assert!(error.to_string().contains("from place to place"), "{error}");
}

#[test]
fn what_is_no_script_is_said_to_be_none() {
    for (answer, told) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404 Not Found"),
        ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "it sends us nowhere"),
        (
            "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
            "it sends us nowhere",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "longer than"),
        ("HTTP/1.1 200 OK\r\n\r\n<html>Please log in</html>", "is wrong"),
        ("garbage", "not HTTP"),
        ("", "ended"),
    ] {
        let error = load("http://wpad.test/proxy.pac", &Peer::saying(&[&[answer]])).unwrap_err();
        assert!(error.to_string().contains(told), "{answer:?}: {error}");
        assert!(error.to_string().contains("http://wpad.test/proxy.pac"), "{error}");
    }
}

#[test]
fn a_script_is_read_from_a_file_without_asking_anyone() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("proxy.pac");
    std::fs::write(&file, SCRIPT).unwrap();
    load(file.to_str().unwrap(), &nobody()).unwrap();
    std::fs::write(&file, vec![b' '; 2 * 1024 * 1024]).unwrap();
    assert!(load(file.to_str().unwrap(), &nobody()).unwrap_err().to_string().contains("longer"));
    let error = load("/nowhere/proxy.pac", &nobody()).unwrap_err();
    assert_eq!(error.code(), "pac-unavailable");
}
