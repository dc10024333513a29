//! Against a real Squid: every scheme, with the right credentials and with wrong ones (REQ NET-9).

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tempfile::TempDir;
use timbre_proxy::{
    Account, Credentials, Destination, ProxyAddress, ProxyError, Request, Scheme, Secret, forward,
    tunnel,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::machine::{Running, free_port, start, tool, wait};

const PASSWORD: &str = "correct horse";
const BASIC: &str = "auth_param basic program /usr/lib/squid/basic_ncsa_auth DIR/basic\n\
    auth_param basic realm test\n";
const DIGEST: &str = "auth_param digest program /usr/lib/squid/digest_file_auth DIR/digest\n\
    auth_param digest realm test\n";
const NTLM: &str = "auth_param ntlm program /usr/lib/squid/ntlm_fake_auth\n";

/// A Squid of one test.
pub(crate) struct Squid {
    _folder: TempDir,
    _running: Running,
    pub(crate) address: SocketAddr,
}

impl Squid {
    /// With these authentication lines; none lets everybody through. It serves the ports of `open` only.
    pub(crate) fn new(authentication: &str, open: &[u16]) -> Squid {
        let folder = TempDir::new().unwrap();
        let at = folder.path();
        // Squid gives up the superuser's rights: its folder must be everybody's.
        fs::set_permissions(at, fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(at.join("basic"), "meter:$apr1$timbrete$lKkdapDPw/T4xeNZnGqET.\n").unwrap();
        fs::write(at.join("digest"), format!("meter:{PASSWORD}\n")).unwrap();
        let address = free_port();
        let dir = at.display();
        let ports = open.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
        let known = if authentication.is_empty() {
            "http_access allow all".to_owned()
        } else {
            "acl stranger proxy_auth_regex -i stranger\nacl known proxy_auth REQUIRED\n\
             http_access deny stranger\nhttp_access allow known"
                .to_owned()
        };
        let text = format!(
            "http_port {address}\n{}acl open port {ports} 9\nhttp_access deny !open\n{known}\n\
             http_access deny all\ncache deny all\npid_filename {dir}/pid\n\
             access_log stdio:{dir}/access\ncache_log {dir}/log\nshutdown_lifetime 1 second\n\
             netdb_filename none\npinger_enable off\ncoredump_dir {dir}\nconnect_timeout 3 seconds\n\
             visible_hostname squid.test\n",
            authentication.replace("DIR", &dir.to_string()),
        );
        fs::write(at.join("conf"), text).unwrap();
        let mut command = Command::new(tool("/usr/sbin/squid", "squid-openssl"));
        command.args(["-N", "-n", &format!("timbre{}", address.port()), "-f"]).arg(at.join("conf"));
        let running = start(&mut command, address, &at.join("log"));
        Squid { _folder: folder, _running: running, address }
    }

    pub(crate) fn proxy(&self) -> ProxyAddress {
        self.address.to_string().parse().unwrap()
    }
}

fn meter() -> Credentials {
    Credentials::password("meter", Secret::new(PASSWORD.to_owned()))
}

/// Sends a word through a tunnel to an echo and back.
async fn through(
    proxy: &ProxyAddress,
    at: SocketAddr,
    credentials: &Credentials,
) -> Result<Account, ProxyError> {
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = echo.local_addr().unwrap().port();
    through_to(proxy, at, credentials, &echo, port).await
}

pub(crate) async fn through_to(
    proxy: &ProxyAddress,
    at: SocketAddr,
    credentials: &Credentials,
    echo: &TcpListener,
    port: u16,
) -> Result<Account, ProxyError> {
    let to = Destination::https("127.0.0.1", port).unwrap();
    let mut stream = tunnel(|| TcpStream::connect(at), proxy, &to, credentials).await?;
    let (mut there, _) = echo.accept().await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut word = [0; 4];
    there.read_exact(&mut word).await.unwrap();
    there.write_all(&word).await.unwrap();
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
    Ok(stream.account().clone())
}

fn tried(authentication: &str, credentials: &Credentials) -> Result<Account, ProxyError> {
    wait(async {
        let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = echo.local_addr().unwrap().port();
        let squid = Squid::new(authentication, &[port]);
        through_to(&squid.proxy(), squid.address, credentials, &echo, port).await
    })
}

#[test]
fn a_proxy_that_asks_nothing_is_passed_with_one_request() {
    let account = tried("", &Credentials::none()).unwrap();
    assert_eq!((account.used, account.requests, account.connections), (None, 1, 1));
    assert!(account.offered.is_empty());
}

#[test]
fn each_scheme_lets_the_right_password_through() {
    for (authentication, scheme, requests) in
        [(BASIC, Scheme::Basic, 2), (DIGEST, Scheme::Digest, 2), (NTLM, Scheme::Ntlm, 3)]
    {
        let account = tried(authentication, &meter()).unwrap();
        assert_eq!(account.used, Some(scheme));
        assert_eq!(account.offered, [scheme.as_str()]);
        assert_eq!(account.requests, requests, "{scheme}");
    }
}

#[test]
fn each_scheme_refuses_and_the_refusal_names_it() {
    let wrong = Credentials::password("meter", Secret::new("battery staple".to_owned()));
    // The NTLM helper of the tests knows no passwords: it is the user who is refused.
    let stranger = Credentials::password("CORP\\stranger", Secret::new(PASSWORD.to_owned()));
    for (authentication, credentials, scheme) in [
        (BASIC, &wrong, Scheme::Basic),
        (DIGEST, &wrong, Scheme::Digest),
        (NTLM, &stranger, Scheme::Ntlm),
    ] {
        let error = tried(authentication, credentials).unwrap_err();
        assert!(
            matches!(&error, ProxyError::CredentialsRefused { scheme: used, .. } if *used == scheme),
            "{scheme}: {error:?}"
        );
        assert_eq!(error.code(), "proxy-credentials-refused");
    }
}

#[test]
fn the_strongest_scheme_that_is_offered_is_used() {
    let all = format!("{BASIC}{NTLM}{DIGEST}");
    assert_eq!(tried(&all, &meter()).unwrap().used, Some(Scheme::Digest));
    let without_digest = format!("{BASIC}{NTLM}");
    assert_eq!(tried(&without_digest, &meter()).unwrap().used, Some(Scheme::Ntlm));
}

#[test]
fn basic_is_never_used_when_it_is_forbidden() {
    let error = tried(BASIC, &meter().forbid_basic(true)).unwrap_err();
    assert_eq!(error.code(), "proxy-no-scheme");
    assert!(error.to_string().contains("forbid"), "{error}");
}

#[test]
fn without_credentials_the_schemes_that_would_do_are_named() {
    let error = tried(&format!("{DIGEST}{BASIC}"), &Credentials::none()).unwrap_err();
    let ProxyError::CredentialsMissing { mut offered, .. } = error else { panic!("{error:?}") };
    offered.sort();
    assert_eq!(offered, ["Basic", "Digest"]);
}

#[test]
fn a_destination_that_is_not_allowed_is_told_from_one_that_cannot_be_reached() {
    let squid = Squid::new("", &[]);
    let ask = |port| {
        let to = Destination::https("127.0.0.1", port).unwrap();
        let dial = || TcpStream::connect(squid.address);
        wait(tunnel(dial, &squid.proxy(), &to, &Credentials::none())).unwrap_err()
    };
    let refused = ask(5938);
    let ProxyError::Refused { status: 403, detail, .. } = &refused else { panic!("{refused:?}") };
    assert!(detail.as_deref().unwrap().starts_with("ERR_ACCESS_DENIED"), "{detail:?}");
    // Nothing listens on the discard port.
    let dead = ask(9);
    assert!(matches!(dead, ProxyError::CannotReach { status: 503, .. }), "{dead:?}");
}

#[test]
fn a_proxy_that_is_not_there_is_said_to_be_unreachable() {
    let address = free_port();
    let proxy: ProxyAddress = address.to_string().parse().unwrap();
    let error = wait(through(&proxy, address, &Credentials::none())).unwrap_err();
    assert_eq!(error.code(), "proxy-unreachable");
    assert!(error.english().contains(&address.to_string()));
    assert!(error.french().contains("injoignable :"), "{}", error.french());
}

#[test]
fn a_plain_request_is_carried_with_the_destination_in_its_first_line() {
    for (authentication, scheme) in [
        ("", None),
        (BASIC, Some(Scheme::Basic)),
        (DIGEST, Some(Scheme::Digest)),
        (NTLM, Some(Scheme::Ntlm)),
    ] {
        wait(async {
            let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = server.local_addr().unwrap().port();
            let squid = Squid::new(authentication, &[port]);
            let to = Destination::http("127.0.0.1", port).unwrap();
            let proxy = squid.proxy();
            let asked = Request {
                method: "POST",
                destination: &to,
                path: "/echo?a=b",
                headers: &[("X-Mark", "seen")],
                body: b"<body/>",
            };
            let credentials = meter();
            let dial = || TcpStream::connect(squid.address);
            let asking = forward(dial, &proxy, &asked, &credentials, 1000);
            let serving = async {
                let (mut there, _) = server.accept().await.unwrap();
                let mut heard = Vec::new();
                while !heard.ends_with(b"<body/>") {
                    assert_ne!(there.read_buf(&mut heard).await.unwrap(), 0);
                }
                let head = String::from_utf8(heard).unwrap();
                there.write_all(b"HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
                head
            };
            let (answer, heard) = tokio::join!(asking, serving);
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.body.as_slice()), (201, &b"ok"[..]));
            assert_eq!(answer.account.used, scheme);
            assert!(answer.header("via").unwrap().contains("squid.test"), "{:?}", answer.headers);
            assert!(heard.starts_with("POST /echo?a=b HTTP/1.1\r\n"), "{heard}");
            assert!(heard.contains("X-Mark: seen\r\n"), "{heard}");
            // What is shown to the proxy goes no further.
            assert!(!heard.to_ascii_lowercase().contains("authorization"), "{heard}");
        });
    }
}
