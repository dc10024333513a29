//! REQ NET-9: behind a corporate proxy, everything goes through it, and what it does is told from what the services do.

use timbre_network_test::{CheckId, Code, Overall, Plan, Report, Verdict};
use timbre_proxy::{Credentials, ProxySettings, Secret};

use super::origin::Hello;
use super::proxy_server::{Deals, ProxyServer};
use super::town::{COMET, HELP, NOBODY, PROBE, Town, check, codes, without_line, wrong};

fn only(code: Code) -> Vec<Code> {
    vec![code]
}

fn through(proxy: &ProxyServer) -> ProxySettings {
    format!("http://{}", proxy.address).parse().unwrap()
}

/// Nothing but the proxy knows the services’ names.
async fn behind(town: &Town, proxy: &ProxyServer, change: impl FnOnce(&mut Plan)) -> Report {
    for name in [COMET, HELP, PROBE] {
        town.dns.zone.lock().unwrap().names.remove(name);
    }
    let settings = through(proxy);
    town.test_as(|plan| {
        without_line(plan);
        plan.addresses.clear();
        plan.proxy = settings;
        change(plan);
    })
    .await
}

#[tokio::test]
async fn a_proxy_that_serves_gives_no_alarm() {
    let town = Town::healthy().await;
    let proxy = ProxyServer::start(Deals::Connects).await;
    let report = behind(&town, &proxy, |_| {}).await;
    assert_eq!(wrong(&report), []);
    assert_eq!(report.verdict, Overall::Ready);
    let expect = check(&report, CheckId::HttpExpect, PROBE);
    assert_eq!(expect.way, format!("proxy {}", proxy.address));
    // The proxy looks names up: this machine does not.
    assert!(!report.checks.iter().any(|check| check.id == CheckId::DnsLookup));
}

#[tokio::test]
async fn each_way_of_not_being_let_in_is_told_apart() {
    let asks = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\
                Content-Length: 0\r\n\r\n";
    let strange = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Hawk\r\n\
                   Content-Length: 0\r\n\r\n";
    for (answer, secret, code) in [
        (asks, None, Code::ProxyWantsCredentials),
        (asks, Some("wrong"), Code::ProxyCredentialsRefused),
        (strange, Some("right"), Code::ProxySchemeUnsupported),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", None, Code::ProxyMisbehaves),
    ] {
        let town = Town::healthy().await;
        let proxy = ProxyServer::start(Deals::Answers(answer)).await;
        let report = behind(&town, &proxy, |plan| {
            if let Some(secret) = secret {
                plan.credentials = Credentials::password("meter", Secret::new(secret.to_owned()));
            }
        })
        .await;
        assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(code));
        assert_eq!(wrong(&report).len(), 1, "{:?}", wrong(&report));
        let expect = check(&report, CheckId::HttpExpect, COMET);
        assert_eq!(expect.code, Some(Code::NotTestedLowerLayer));
        assert!(!serde_json::to_string(&report).unwrap().contains("hunter2"));
    }
}

#[tokio::test]
async fn the_proxy_is_told_who_asks_and_nobody_else_is() {
    let town = Town::healthy().await;
    // meter:hunter2
    let proxy = ProxyServer::start(Deals::ConnectsFor("bWV0ZXI6aHVudGVyMg==")).await;
    let report = behind(&town, &proxy, |plan| {
        plan.credentials = Credentials::password("meter", Secret::new("hunter2".to_owned()));
    })
    .await;
    assert_eq!(wrong(&report), []);
    let auth = check(&report, CheckId::ProxyAuth, "127.0.0.1");
    assert_eq!(
        (auth.fact("schemes-offered"), auth.fact("scheme-used")),
        (Some("Basic"), Some("Basic"))
    );
    for origin in [&town.comet, &town.help, &town.clear, &town.secure] {
        let seen = origin.seen.lock().unwrap();
        assert!(seen.iter().all(|asked| asked.header("proxy-authorization").is_empty()));
    }
    assert!(proxy.heard.lock().unwrap().iter().any(|head| head.contains("Proxy-Authorization")));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_one_failure() {
    let town = Town::healthy().await;
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.proxy = format!("http://{NOBODY}:3128").parse().unwrap();
        })
        .await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::ProxyUnreachable));
    assert_eq!(wrong(&report).len(), 1, "{:?}", wrong(&report));
    assert_eq!(report.verdict, Overall::NotReady);
}

#[tokio::test]
async fn a_destination_that_a_proxy_refuses_or_misses_is_named() {
    for (answer, code) in [
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", Code::ProxyRefusedTarget),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", Code::ProxyCannotReach),
    ] {
        let town = Town::healthy().await;
        let proxy = ProxyServer::start(Deals::AnswersTo(COMET, answer)).await;
        let report = behind(&town, &proxy, |_| {}).await;
        let place = format!("{COMET}:{}", town.comet.address.port());
        assert_eq!(wrong(&report), [(CheckId::ProxyConnect, code, place.as_str())]);
    }
}

/// A proxy’s 200 to CONNECT proves nothing: what opens TLS behind it is seen.
#[tokio::test]
async fn an_open_tunnel_is_no_proof() {
    let town = Town::healthy().await;
    town.comet.behaves(|manner| manner.hello = Hello::HangUp);
    let proxy = ProxyServer::start(Deals::Connects).await;
    let report = behind(&town, &proxy, |_| {}).await;
    assert_eq!(check(&report, CheckId::ProxyConnect, COMET).verdict, Verdict::Pass);
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::TlsResetAfterHello));
}

#[tokio::test]
async fn a_script_decides_for_each_host_and_a_broken_one_is_named() {
    let town = Town::healthy().await;
    let proxy = ProxyServer::start(Deals::Connects).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.pac");
    let script = format!(
        "function FindProxyForURL(url, host) {{ return host == '{COMET}' ? 'PROXY {}' : 'DIRECT'; }}",
        proxy.address
    );
    std::fs::write(&file, script).unwrap();
    let settings: ProxySettings = format!("pac:{}", file.display()).parse().unwrap();
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.proxy = settings.clone();
        })
        .await;
    assert_eq!(wrong(&report), []);
    assert_eq!(check(&report, CheckId::HttpExpect, COMET).way, format!("proxy {}", proxy.address));
    assert_eq!(check(&report, CheckId::HttpExpect, HELP).way, "direct");
    std::fs::write(&file, "this is no script").unwrap();
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.proxy = settings;
        })
        .await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::PacUnusable));
}
