//! Peers that are broken or mean no good: each is named, none makes us wait, guess or tell a secret.

use std::time::{Duration, Instant};

use timbre_proxy::{
    Credentials, Destination, ProxyAddress, ProxyError, Request, Scheme, Secret, Tunnel, forward,
    tunnel,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::machine::wait;
use crate::peer::Peer;

const ASKS_BASIC: &str =
    "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nwho?";
const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

fn destination() -> Destination {
    Destination::https("comet.example", 443).unwrap()
}

fn meter() -> Credentials {
    Credentials::password("meter", Secret::new("s3cret".to_owned()))
}

fn asked(peer: &Peer, credentials: &Credentials) -> Result<Tunnel<TcpStream>, ProxyError> {
    let proxy: ProxyAddress = peer.address.to_string().parse().unwrap();
    wait(tunnel(|| TcpStream::connect(peer.address), &proxy, &destination(), credentials))
}

fn refused(text: &str) -> ProxyError {
    asked(&Peer::saying(&[&[text]]), &Credentials::none()).unwrap_err()
}

#[test]
fn what_is_no_http_answer_is_said_to_be_none() {
    for text in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x15\x03\x01\x00\x02\x02\x46",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/1.1 +20 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno name in this line\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Bad: a\0b\r\n\r\n",
        "<html>Please log in</html>",
    ] {
        let error = refused(text);
        assert_eq!(error.code(), "proxy-bad-answer", "{text:?}: {error}");
    }
}

#[test]
fn who_hangs_up_is_said_to_have_hung_up() {
    for text in ["", "HTTP/1.1 200 OK\r\nX-Half: "] {
        assert_eq!(refused(text).code(), "proxy-closed", "{text:?}");
    }
}

#[test]
fn a_head_without_end_is_not_read_to_its_end() {
    let peer = Peer::new(vec![Box::new(|line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\n");
        let field = format!("X-More: {}\r\n", "a".repeat(1000));
        // It ends only because we hang up.
        while std::io::Write::write_all(&mut line.stream, field.as_bytes()).is_ok() {}
    })]);
    let error = asked(&peer, &Credentials::none()).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[test]
fn interim_answers_are_passed_over_but_not_for_ever() {
    let interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
    let peer = Peer::saying(&[&[&format!("{}{OPEN}", interim.repeat(3))]]);
    asked(&peer, &Credentials::none()).unwrap();
    assert_eq!(refused(&interim.repeat(50)).code(), "proxy-bad-answer");
}

#[test]
fn what_follows_the_head_at_once_is_the_destinations() {
    let peer = Peer::saying(&[&[&format!("{OPEN}220 ready")]]);
    let mut stream = asked(&peer, &Credentials::none()).unwrap();
    let mut first = [0; 9];
    wait(stream.read_exact(&mut first)).unwrap();
    assert_eq!(&first, b"220 ready");
}

#[test]
fn a_length_that_is_none_is_not_believed() {
    for length in ["-1", "+4", "0x4", "4, 5", "99999999999999999999", ""] {
        let ask = ASKS_BASIC.replace("Content-Length: 4", &format!("Content-Length: {length}"));
        // The next request cannot be told from the rest of this answer: a new connection is opened.
        let peer = Peer::saying(&[&[&ask], &[OPEN]]);
        let stream = asked(&peer, &meter()).unwrap();
        assert_eq!(stream.account().connections, 2, "{length:?}");
    }
}

#[test]
fn a_page_beside_the_question_is_read_away_on_the_same_connection() {
    let chunked = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-T: 1\r\n\r\n";
    for ask in [ASKS_BASIC, chunked] {
        let stream = asked(&Peer::saying(&[&[ask, OPEN]]), &meter()).unwrap();
        assert_eq!(stream.account().connections, 1);
    }
}

#[test]
fn a_page_that_is_too_long_is_not_read_but_the_question_is_answered() {
    let long = ASKS_BASIC.replace("Content-Length: 4", "Content-Length: 1000000000");
    let started = Instant::now();
    let stream = asked(&Peer::saying(&[&[&long], &[OPEN]]), &meter()).unwrap();
    assert_eq!(stream.account().connections, 2);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_proxy_that_closes_after_its_question_is_dialled_again() {
    let close = ASKS_BASIC.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let silent = ASKS_BASIC;
    for ask in [close.as_str(), silent] {
        let peer = Peer::saying(&[&[ask], &[OPEN]]);
        let stream = asked(&peer, &meter()).unwrap();
        assert_eq!(stream.account().connections, 2);
        assert_eq!(stream.account().used, Some(Scheme::Basic));
    }
}

#[test]
fn a_password_is_shown_only_after_it_was_asked_for_and_only_once() {
    let peer = Peer::saying(&[&[ASKS_BASIC, ASKS_BASIC, OPEN]]);
    let error = asked(&peer, &meter()).unwrap_err();
    assert_eq!(error.code(), "proxy-credentials-refused");
    let odd = Credentials::password("me\r\nHost: b", Secret::new("x".to_owned()));
    let digest = ASKS_BASIC.replace("Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"y\"");
    let asking = asked(&Peer::saying(&[&[&digest, &digest]]), &odd).unwrap_err();
    assert!(asking.to_string().contains("characters that no text has"), "{asking}");
    let heard: Vec<String> = peer.heard.iter().collect();
    assert!(!heard[0].contains("Proxy-Authorization"), "{}", heard[0]);
    assert!(heard[1].contains("Proxy-Authorization: Basic bWV0ZXI6czNjcmV0\r\n"), "{}", heard[1]);
    assert!(heard.len() == 2 || heard[2].is_empty(), "{heard:?}");
    assert!(!format!("{error:?} {error} {}", error.french()).contains("s3cret"));
}

#[test]
fn a_server_that_asks_in_the_proxys_place_learns_nothing() {
    let ask =
        "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::saying(&[&[ask]]);
    let error = asked(&peer, &meter()).unwrap_err();
    assert!(matches!(error, ProxyError::Refused { status: 401, .. }), "{error:?}");
    assert!(peer.heard.iter().all(|head| !head.contains("Authorization")));
}

#[test]
fn a_digest_whose_nonce_went_stale_is_answered_once_more() {
    let ask = |nonce: &str, stale: &str| {
        format!(
            "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"{nonce}\", qop=\"auth\"{stale}\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let (first, second) = (ask("one", ""), ask("two", ", stale=true"));
    asked(&Peer::saying(&[&[&first, &second, OPEN]]), &meter()).unwrap();
    // Whoever says so for ever, or about the same nonce, is refusing.
    for answers in [[&first, &ask("one", ", stale=true")], [&first, &first]] {
        let error = asked(&Peer::saying(&[&[answers[0], answers[1]]]), &meter()).unwrap_err();
        assert_eq!(error.code(), "proxy-credentials-refused");
    }
    let endless: Vec<String> = (0..20).map(|n| ask(&n.to_string(), ", stale=true")).collect();
    let endless: Vec<&str> = endless.iter().map(String::as_str).collect();
    let error = asked(&Peer::saying(&[&endless]), &meter()).unwrap_err();
    assert!(error.to_string().contains("again and again"), "{error}");
}

#[test]
fn the_strongest_hash_that_is_offered_answers_a_digest() {
    let ask = "HTTP/1.1 407 Who\r\n\
        Proxy-Authenticate: Digest realm=\"x\", nonce=\"m\", qop=\"auth\", algorithm=MD5\r\n\
        Proxy-Authenticate: Digest realm=\"x\", nonce=\"s\", qop=\"auth\", algorithm=SHA-256\r\n\
        Content-Length: 0\r\n\r\n";
    let peer = Peer::saying(&[&[ask, OPEN]]);
    asked(&peer, &meter()).unwrap();
    let heard = peer.heard.iter().nth(1).unwrap();
    assert!(heard.contains("algorithm=SHA-256") && heard.contains("nonce=\"s\""), "{heard}");
    assert!(heard.contains("uri=\"comet.example:443\""), "{heard}");
}

#[test]
fn a_challenge_that_cannot_be_answered_is_said_to_be_that() {
    let ask = |challenge: &str| format!("HTTP/1.1 407 Who\r\n{challenge}Content-Length: 0\r\n\r\n");
    for (challenge, code) in [
        ("", "proxy-bad-answer"),
        ("Proxy-Authenticate: ,,=\"\r\n", "proxy-bad-answer"),
        ("Proxy-Authenticate: Bearer x=\"y\"\r\n", "proxy-no-scheme"),
        ("Proxy-Authenticate: Digest realm=\"x\"\r\n", "proxy-no-scheme"),
        (
            "Proxy-Authenticate: Digest realm=\"é\", nonce=\"ü\", algorithm=ROT13\r\n",
            "proxy-no-scheme",
        ),
        (
            "Proxy-Authenticate: Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"\r\n",
            "proxy-no-scheme",
        ),
        ("Proxy-Authenticate: Negotiate\r\n", "proxy-no-scheme"),
    ] {
        let text = ask(challenge);
        let error = asked(&Peer::saying(&[&[&text, &text]]), &meter()).unwrap_err();
        assert_eq!(error.code(), code, "{challenge}: {error}");
    }
}

#[test]
fn an_ntlm_challenge_that_is_broken_breaks_nothing() {
    let begin = "HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
    for token in [
        "",
        "AAAA",
        "TlRMTVNTUAA=",
        "TlRMTVNTUAACAAAA",
        "TlRMTVNTUAABAAAAAAAAAAAAAAA=",
        "TlRMTVNTUAACAAAA/////////////////////////////////////////////////////////////w==",
    ] {
        let answer = begin.replace("NTLM", &format!("NTLM {token}"));
        let error = asked(&Peer::saying(&[&[begin, &answer]]), &meter()).unwrap_err();
        let code = error.code();
        assert!(["proxy-bad-answer", "proxy-credentials-refused"].contains(&code), "{error}");
    }
}

#[test]
fn ntlm_belongs_to_its_connection() {
    let begin = "HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
    let challenge = "TlRMTVNTUAACAAAAAAAAADgAAAAGggECASNFZ4mrze8AAAAAAAAAAAAAAAA4AAAA";
    let closing = begin.replace("NTLM", &format!("NTLM {challenge}"));
    let closing = closing.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let error = asked(&Peer::saying(&[&[begin, &closing]]), &meter()).unwrap_err();
    assert_eq!(error.code(), "proxy-closed", "{error}");
    assert!(error.to_string().contains("in the middle of the authentication"), "{error}");
}

#[test]
fn an_answer_that_is_carried_has_a_limit() {
    let to = Destination::http("plain.example", 80).unwrap();
    let asked = Request { method: "GET", destination: &to, path: "/", headers: &[], body: &[] };
    for body in [
        "Content-Length: 101\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        "Transfer-Encoding: chunked\r\n\r\n65\r\n",
        &format!("\r\n{}", "a".repeat(101)),
        &format!("Transfer-Encoding: chunked\r\n\r\n1;{}", "a".repeat(5000)),
        "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ] {
        let peer = Peer::saying(&[&[&format!("HTTP/1.1 200 OK\r\n{body}")]]);
        let proxy: ProxyAddress = peer.address.to_string().parse().unwrap();
        let dial = || TcpStream::connect(peer.address);
        let error = wait(forward(dial, &proxy, &asked, &Credentials::none(), 100)).unwrap_err();
        assert_eq!(error.code(), "proxy-bad-answer", "{body:?}");
    }
}
