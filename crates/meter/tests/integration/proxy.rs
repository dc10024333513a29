//! The meter behind a corporate proxy (REQ NET-9).

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use timbre_meter::egress::{Link, LinkError};
use timbre_meter::settings::{Network, Proxy};
use timbre_postage::Language;
use timbre_protocol::{StartupRefresh, startup_refresh, write};

use crate::link::{HOST, Line, reply, request};
use crate::server::{Authority, Server};
use crate::squid::{PASSWORD, Squid};
use crate::stage::wait;

/// A free address: nothing listens there.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn password(line: &Line, text: &str, mode: u32) -> PathBuf {
    let file = line.folder.path().join("proxy-password");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    file
}

fn through(line: &Line, to: SocketAddr, way: &str, user: Option<&str>) -> Network {
    let proxy = Proxy {
        way: way.parse().unwrap(),
        user: user.map(|_| "meter".to_owned()),
        password_file: user.map(|secret| password(line, &format!("{secret}\n"), 0o600)),
        ..Proxy::default()
    };
    Network { proxy, ..line.network(to) }
}

fn call(network: &Network) -> Result<startup_refresh::Reply, LinkError> {
    let link = Link::prepare(network, &network.ca)?;
    wait(link.call::<StartupRefresh>(&request(0)))
}

fn genuine(line: &Line) -> Server {
    line.server(|_| Some((200, write(&reply()).into_bytes())))
}

#[test]
fn every_scheme_takes_an_exchange_through_and_the_password_goes_no_further_than_the_proxy() {
    for scheme in [None, Some("basic"), Some("digest")] {
        let line = Line::new();
        let server = genuine(&line);
        let squid = Squid::new(scheme, &[server.address]);
        let way = format!("http://{}", squid.address);
        let network = through(&line, server.address, &way, scheme.map(|_| PASSWORD));
        assert_eq!(call(&network).unwrap(), reply());
        let heard = server.received.recv().unwrap();
        assert!(heard.head.starts_with("POST /downloads/v1/startup-refresh HTTP/1.1\r\n"));
        assert_eq!(heard.header("host"), Some(HOST));
        assert!(!heard.head.to_ascii_lowercase().contains("proxy"), "{}", heard.head);
        squid.notes(|log| log.contains(&format!("CONNECT {}", server.address)));
    }
}

#[test]
fn a_wrong_password_is_told_with_what_to_do() {
    for scheme in ["basic", "digest"] {
        let line = Line::new();
        let server = genuine(&line);
        let squid = Squid::new(Some(scheme), &[server.address]);
        let way = format!("http://{}", squid.address);
        let error =
            call(&through(&line, server.address, &way, Some("battery staple"))).unwrap_err();
        assert_eq!(error.code(), "proxy-authentication");
        let (en, fr) = (error.message(Language::English), error.message(Language::French));
        assert!(en.contains(HOST) && en.contains("check the user and the password"), "{en}");
        assert!(fr.contains("vérifiez l’utilisateur et le mot de passe"), "{fr}");
        assert!(!format!("{en}{fr}{error:?}").contains("staple"));
        let error = call(&through(&line, server.address, &way, None)).unwrap_err();
        assert_eq!(error.code(), "proxy-authentication");
        assert!(error.to_string().contains("no credentials are set"), "{error}");
        assert_eq!(server.received.try_iter().count(), 0);
    }
}

#[test]
fn basic_is_not_used_when_it_is_forbidden() {
    let line = Line::new();
    let server = genuine(&line);
    let squid = Squid::new(Some("basic"), &[server.address]);
    let way = format!("http://{}", squid.address);
    let mut network = through(&line, server.address, &way, Some(PASSWORD));
    network.proxy.forbid_basic = true;
    assert_eq!(call(&network).unwrap_err().code(), "proxy-authentication");
}

#[test]
fn a_proxy_that_refuses_the_destination_is_told_from_one_that_is_not_there() {
    let line = Line::new();
    let server = genuine(&line);
    let squid = Squid::new(None, &[]);
    let refused = call(&through(&line, server.address, &format!("http://{}", squid.address), None))
        .unwrap_err();
    assert_eq!(refused.code(), "proxy-refused");
    assert!(refused.to_string().contains("ERR_ACCESS_DENIED"), "{refused}");
    let absent = nobody();
    let error =
        call(&through(&line, server.address, &format!("http://{absent}"), None)).unwrap_err();
    assert_eq!(error.code(), "proxy-unreachable");
    assert!(error.to_string().contains(&absent.to_string()), "{error}");
    // A proxy is never gone round when it does not serve.
    assert_eq!(server.received.try_iter().count(), 0);
}

#[test]
fn an_interceptor_behind_the_proxy_is_still_found() {
    let line = Line::new();
    let server = Server::start(&Authority::new("Corp TLS inspection"), &[HOST], |_| None);
    let squid = Squid::new(None, &[server.address]);
    let way = format!("http://{}", squid.address);
    let error = call(&through(&line, server.address, &way, None)).unwrap_err();
    let LinkError::NotGenuine { issuer, .. } = error else { panic!("{error:?}") };
    assert!(issuer.contains("Corp TLS inspection"), "{issuer}");
}

#[test]
fn a_script_names_the_proxies_and_the_next_is_tried_when_one_is_not_there() {
    let line = Line::new();
    let server = genuine(&line);
    let squid = Squid::new(None, &[server.address]);
    let file = line.folder.path().join("proxy.pac");
    let script = format!(
        "function FindProxyForURL(url, host) {{ return dnsDomainIs(host, '.timbre.localhost') && url == 'https://{HOST}/' \
         ? 'PROXY {}; PROXY {}' : 'PROXY {}'; }}",
        nobody(),
        squid.address,
        nobody()
    );
    std::fs::write(&file, script).unwrap();
    let network = through(&line, server.address, &format!("pac:{}", file.display()), None);
    assert_eq!(call(&network).unwrap(), reply());
    std::fs::write(&file, "function FindProxyForURL() { return 'SOCKS5 192.0.2.1:1080'; }")
        .unwrap();
    let error = call(&network).unwrap_err();
    assert_eq!(error.code(), "proxy-unreachable");
    assert!(error.to_string().contains("proxy.pac"), "{error}");
}

/// The environment is the whole process's: the part below runs in one of its own.
#[test]
fn the_environment_is_followed_when_the_settings_say_so_and_only_then() {
    let line = Line::new();
    let server = genuine(&line);
    let squid = Squid::new(Some("basic"), &[server.address]);
    let secret = PASSWORD.replace(' ', "%20");
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "proxy::inside_the_environment", "--ignored", "--nocapture"])
        .env("https_proxy", format!("http://meter:{secret}@{}", squid.address))
        .env("TIMBRE_TEST_SERVER", server.address.to_string())
        .env("TIMBRE_TEST_CA", line.authority.root_in(line.folder.path()))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("1 passed"), "{told} {output:?}");
    // It asked twice, and was answered once.
    squid.notes(|log| {
        let count = |status: &str| log.lines().filter(|line| line.contains(status)).count();
        (count("TCP_DENIED/407"), count("TCP_TUNNEL/200")) == (2, 1)
    });
    assert_eq!(server.received.try_iter().count(), 2);
}

#[test]
#[ignore = "a part of another test, in a process of its own"]
fn inside_the_environment() {
    let given = |name| std::env::var(name).unwrap();
    let network = Network {
        connect: Some(given("TIMBRE_TEST_SERVER").parse().unwrap()),
        resolver: None,
        domain: "timbre.localhost".to_owned(),
        ca: given("TIMBRE_TEST_CA").into(),
        answer_seconds: 5,
        proxy: Proxy::default(),
    };
    assert_eq!(call(&network).unwrap(), reply());
    let way = "environment".parse().unwrap();
    let proxy = Proxy { way, ..Proxy::default() };
    let mut network = Network { proxy, ..network };
    assert_eq!(call(&network).unwrap(), reply());
    network.proxy.forbid_basic = true;
    assert_eq!(call(&network).unwrap_err().code(), "proxy-authentication");
}

#[test]
fn an_exception_goes_straight() {
    let line = Line::new();
    let server = genuine(&line);
    let mut network = through(&line, server.address, &format!("http://{}", nobody()), None);
    network.proxy.no_proxy = "timbre.localhost".into();
    assert_eq!(call(&network).unwrap(), reply());
}

#[test]
fn a_password_that_others_can_read_is_not_used() {
    let line = Line::new();
    let server = genuine(&line);
    let mut network = through(&line, server.address, "http://127.0.0.1:9", Some(PASSWORD));
    for mode in [0o644, 0o640, 0o604] {
        password(&line, PASSWORD, mode);
        let error = call(&network).unwrap_err();
        assert_eq!(error.code(), "link-not-prepared");
        let text = error.to_string();
        assert!(text.contains("proxy-password") && text.contains("chmod 600"), "{text}");
        assert!(text.contains(&format!("{mode:04o}")), "{text}");
    }
    for text in ["", "\n", "two\nlines", "nul\0"] {
        password(&line, text, 0o600);
        assert!(call(&network).unwrap_err().to_string().contains("on one line"), "{text:?}");
    }
    network.proxy.password_file = Some("/nowhere/password".into());
    assert!(call(&network).unwrap_err().to_string().contains("/nowhere/password"));
}
