//! NTLM as a proxy sees it that knows the password: what we answer is computed once more by `openssl`.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use timbre_proxy::{Credentials, Destination, ProxyAddress, Scheme, Secret, tunnel};
use tokio::net::TcpStream;

use crate::machine::{tool, wait};
use crate::peer::Peer;

/// The key that the protocol's own documentation gives for this user and password (MS-NLMP 4.2.4.1.1).
const KEY: &str = "0c868a403bfd7a93a3001ef22ef02e3f";
const USER: &str = "Domain\\User";
const PASSWORD: &str = "Password";
const NONCE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What the proxy says of itself, with its time in it.
fn target() -> Vec<u8> {
    let mut target = Vec::new();
    let time = 0x01d9_a2b3_c4d5_e6f7_i64.to_le_bytes().to_vec();
    for (kind, value) in [(2_u16, wide("Domain")), (1, wide("Server")), (7, time), (0, Vec::new())]
    {
        target.extend_from_slice(&kind.to_le_bytes());
        target.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
        target.extend_from_slice(&value);
    }
    target
}

fn challenge(target: &[u8]) -> Vec<u8> {
    let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&0x0080_0201_u32.to_le_bytes());
    message.extend_from_slice(&NONCE);
    message.extend_from_slice(&[0; 8]);
    let length = u16::try_from(target.len()).unwrap().to_le_bytes();
    message.extend_from_slice(&[length[0], length[1], length[0], length[1], 48, 0, 0, 0]);
    message.extend_from_slice(target);
    message
}

fn field(message: &[u8], at: usize) -> &[u8] {
    let length = usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
    let start = usize::from(u16::from_le_bytes([message[at + 4], message[at + 5]]));
    &message[start..start + length]
}

fn hmac_md5(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(tool("/usr/bin/openssl", "openssl"))
        .args(["dgst", "-md5", "-mac", "HMAC", "-macopt", &format!("hexkey:{KEY}"), "-binary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap().stdout
}

#[test]
fn the_answer_is_the_one_of_who_knows_the_password() {
    let ask = |token: &str| {
        format!("HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM{token}\r\nContent-Length: 0\r\n\r\n")
    };
    let target = target();
    let token = format!(" {}", BASE64_STANDARD.encode(challenge(&target)));
    let open = "HTTP/1.1 200 Connection established\r\n\r\n";
    let peer = Peer::saying(&[&[&ask(""), &ask(&token), open]]);
    let proxy: ProxyAddress = peer.address.to_string().parse().unwrap();
    let to = Destination::https("comet.example", 443).unwrap();
    let user = Credentials::password(USER, Secret::new(PASSWORD.to_owned()));
    let stream = wait(tunnel(|| TcpStream::connect(peer.address), &proxy, &to, &user)).unwrap();
    assert_eq!(stream.account().used, Some(Scheme::Ntlm));
    assert_eq!(stream.account().connections, 1);

    let heard: Vec<String> = peer.heard.iter().collect();
    let proof = |head: &str| {
        let line = head.lines().find_map(|l| l.strip_prefix("Proxy-Authorization: NTLM "));
        BASE64_STANDARD.decode(line.unwrap()).unwrap()
    };
    assert_eq!(proof(&heard[1])[..12], *b"NTLMSSP\0\x01\0\0\0");
    let answer = proof(&heard[2]);
    assert_eq!((field(&answer, 28), field(&answer, 36)), (&wide("Domain")[..], &wide("User")[..]));
    // The proof stands before what it proves: the proxy's nonce, and a text that repeats what it said.
    let (proof, text) = field(&answer, 20).split_at(16);
    assert_eq!(proof, hmac_md5(&[&NONCE[..], text].concat()));
    assert!(text.windows(target.len()).any(|w| w == target), "{text:?}");
    assert_eq!(text[8..16], 0x01d9_a2b3_c4d5_e6f7_i64.to_le_bytes());
    let secret = wide(PASSWORD);
    assert!(!answer.windows(secret.len()).any(|w| w == secret));
}
