//! REQ NET-2, NET-6, NET-9: an answer counts when it is the service’s; everything that others put in its place is named.

use timbre_network_test::{CheckId, Code, Culprit, Overall, Verdict};

use super::origin::{Act, Asked};
use super::town::{COMET, HELP, PROBE, Town, check, codes, wrong};

fn only(code: Code) -> Vec<Code> {
    vec![code]
}

fn raw(status: &str, fields: &str, body: &str) -> Act {
    Act::Raw(format!(
        "HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

const SQUID: &str = "Server: squid/5.7\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n";

#[tokio::test]
async fn a_block_page_is_no_answer_of_the_service() {
    let town = Town::healthy().await;
    town.help.rules(|_| raw("403 Forbidden", SQUID, "<html>no</html>"));
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::HttpErrorPage));
    let blame = check(&report, CheckId::HttpExpect, HELP).blame.clone().unwrap();
    assert_eq!((blame.who, blame.name.as_deref()), (Culprit::WebFilter, Some("squid/5.7")));
}

#[tokio::test]
async fn a_refusal_of_the_service_itself_is_an_answer() {
    let town = Town::healthy().await;
    town.help.rules(|_| raw("403 Forbidden", "Server: nginx\r\n", "forbidden"));
    assert_eq!(wrong(&town.test_light().await), []);
}

#[tokio::test]
async fn each_way_of_not_answering_is_told_apart() {
    for (act, code) in [
        ((|| Act::HangUp) as fn() -> Act, Code::HttpClosed),
        (|| Act::Silence, Code::HttpNoAnswer),
        (|| Act::Raw("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()), Code::HttpNotHttp),
        (|| raw("503 Service Unavailable", "", ""), Code::ServiceFailing),
    ] as [(fn() -> Act, Code); 4]
    {
        let town = Town::healthy().await;
        town.comet.rules(move |_| act());
        let report = town.test_light().await;
        assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(code));
        assert_eq!(check(&report, CheckId::HttpExpect, COMET).verdict, Verdict::Fail);
    }
}

/// The signature, not a status, says that the service answered.
#[tokio::test]
async fn an_answer_without_the_services_signature_is_not_the_services() {
    let town = Town::healthy().await;
    town.secure.rules(|asked| match asked.target.contains("reach") {
        // Everything right but the signature’s last byte.
        true => Act::Altered,
        false => Act::Usual,
    });
    let report = town.test_light().await;
    let expect = check(&report, CheckId::HttpExpect, PROBE);
    assert_eq!((expect.verdict, expect.code), (Verdict::Warn, Some(Code::HttpNotTheService)));
    let replayed = Town::healthy().await;
    replayed.secure.rules(|asked| {
        let mut old = asked.clone();
        if asked.target.contains("reach") {
            old.target = format!("/network-test/v1/reach?challenge={}", "00".repeat(32));
        }
        Act::As(old)
    });
    let report = replayed.test_light().await;
    let expect = check(&report, CheckId::HttpExpect, PROBE);
    assert_eq!(
        (expect.code, expect.fact("proof")),
        (Some(Code::HttpNotTheService), Some("the challenge or its signature is not right"))
    );
}

#[tokio::test]
async fn a_captive_portal_is_named_and_is_the_only_failure_in_the_clear() {
    for portal in [
        (|| raw("302 Found", "Location: http://portal.corp.test/sign-in\r\n", "")) as fn() -> Act,
        || raw("200 OK", "Content-Type: text/html\r\n", "<html>Please sign in</html>"),
        || raw("511 Network Authentication Required", "", "<html>sign in</html>"),
    ] {
        let town = Town::healthy().await;
        town.clear.rules(move |_| portal());
        let report = town.test_light().await;
        let about_probe: Vec<_> =
            wrong(&report).into_iter().map(|(id, code, _)| (id, code)).collect();
        assert_eq!(about_probe[0], (CheckId::Captive, Code::CaptivePortal), "{about_probe:?}");
        assert_eq!(report.verdict, Overall::NotReady);
        assert!(
            about_probe.iter().all(|(id, _)| matches!(id, CheckId::Captive | CheckId::HttpMedia))
        );
        let tamper = check(&report, CheckId::HttpTamper, PROBE);
        assert_eq!(
            (tamper.verdict, tamper.because),
            (Verdict::Skip, Some(check(&report, CheckId::Captive, PROBE).number))
        );
    }
}

fn changed(asked: &Asked, change: impl FnOnce(&mut Asked)) -> Act {
    let mut asked = asked.clone();
    if asked.target.ends_with("/echo") {
        change(&mut asked);
    }
    Act::As(asked)
}

#[tokio::test]
async fn a_proxy_that_says_who_it_is_is_hidden_no_more() {
    let town = Town::healthy().await;
    town.clear.rules(|asked| {
        changed(asked, |asked| {
            asked.headers.push(("Via".to_owned(), "1.1 proxy (squid/5.7)".to_owned()));
            // Squid moves the host behind the rest.
            let host = asked.headers.remove(0);
            asked.headers.push(host);
        })
    });
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::HiddenProxy));
    let tamper = check(&report, CheckId::HttpTamper, PROBE);
    assert_eq!(tamper.blame.as_ref().unwrap().name.as_deref(), Some("1.1 proxy (squid/5.7)"));
    assert!(tamper.evidence.iter().any(|fact| fact.value.starts_with("order: Host")), "{tamper:?}");
}

#[tokio::test]
async fn a_field_that_is_changed_taken_or_rewritten_is_named() {
    for (change, seen) in [
        (
            (|asked| {
                asked.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("accept-language"))
            }) as fn(&mut Asked),
            "removed: aCcEpT-lAnGuAgE",
        ),
        (|asked| asked.headers[1].1 = "Mozilla/5.0".to_owned(), "became “Mozilla/5.0”"),
        (
            |asked| asked.headers[2].0 = "X-Timbre-Probe".to_owned(),
            "capitals: X-tImBrE-pRoBe became X-Timbre-Probe",
        ),
    ] {
        let town = Town::healthy().await;
        town.clear.rules(move |asked| changed(asked, change));
        let report = town.test_light().await;
        assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::HeadersAltered));
        let tamper = check(&report, CheckId::HttpTamper, PROBE);
        assert!(tamper.fact("change").unwrap().contains(seen), "{tamper:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_goes_looking_for_the_host_gives_itself_away() {
    let town = Town::healthy().await;
    town.clear.rules(|asked| match asked.header("host").ends_with(".invalid") {
        true => raw(
            "503 Service Unavailable",
            "Server: squid/5.7\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n",
            "",
        ),
        false => Act::Usual,
    });
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::HostHeaderRouted));
}

#[tokio::test]
async fn a_proxy_that_answers_nonsense_in_its_own_name_gives_itself_away() {
    let town = Town::healthy().await;
    // The one request of the four that has the form of HTTP and no sense.
    town.clear.rules(|asked| match asked.method.as_str() {
        "XyZw" => raw("400 Bad Request", "Server: mitmproxy 12.2.3\r\n", ""),
        _ => Act::Usual,
    });
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::RequestLineTouched));
}

#[tokio::test]
async fn files_are_blocked_by_ending_by_size_or_altered() {
    for (ending, code) in
        [("/2048.exe", Code::FileTypeBlocked), ("/131072.bin", Code::FileSizeBlocked)]
    {
        let town = Town::healthy().await;
        town.clear.rules(move |asked| match asked.target.ends_with(ending) {
            true => raw("403 Forbidden", SQUID, "<html>no</html>"),
            false => Act::Usual,
        });
        let report = town.test_light().await;
        let all = wrong(&report);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((all[0].0, all[0].1), (CheckId::HttpMedia, code));
        assert!(all[0].2.ends_with(ending), "{all:?}");
    }
    let town = Town::healthy().await;
    town.secure.rules(|asked| match asked.target.ends_with("/2048.rpm") {
        true => Act::Altered,
        false => Act::Usual,
    });
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::FileAltered));
}

#[tokio::test]
async fn parts_of_files_bodies_in_chunks_and_long_bodies_must_pass() {
    type Rule = fn(&Asked) -> Act;
    let cases: [(Rule, Code, CheckId); 4] = [
        (
            |asked| {
                let mut asked = asked.clone();
                asked.headers.retain(|(name, _)| name != "Range");
                Act::As(asked)
            },
            Code::RangeIgnored,
            CheckId::HttpRange,
        ),
        (
            |asked| if asked.chunked { raw("411 Length Required", "", "") } else { Act::Usual },
            Code::ChunkedRefused,
            CheckId::HttpChunked,
        ),
        (
            |asked| match asked.body.len() > 50_000 {
                true => raw("413 Payload Too Large", "", ""),
                false => Act::Usual,
            },
            Code::UploadBlocked,
            CheckId::HttpUpload,
        ),
        (
            |asked| {
                let mut asked = asked.clone();
                if asked.chunked {
                    asked.body.push(b'!');
                }
                Act::As(asked)
            },
            Code::BodyAltered,
            CheckId::HttpChunked,
        ),
    ];
    for (rule, code, id) in cases {
        let town = Town::healthy().await;
        town.secure.rules(rule);
        let report = town.test_light().await;
        assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(code));
        assert_eq!(check(&report, id, PROBE).code, Some(code));
    }
}

#[tokio::test]
async fn whoever_accepts_connections_to_nobody_stands_on_the_path() {
    let town = Town::healthy().await;
    let address = "127.77.7.10:443";
    let _listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let report = town
        .test_as(|plan| {
            super::town::without_line(plan);
            plan.probe.nobody = "127.77.7.10".parse().unwrap();
        })
        .await;
    assert_eq!(wrong(&report), [(CheckId::DeadAddress, Code::TransparentProxy, address)]);
}

/// Without a probe server, several services that send to the same stranger are behind one portal; one alone is its own affair.
#[tokio::test]
async fn a_portal_is_seen_without_a_probe_server_too() {
    let town = Town::healthy().await;
    let row = |id: &str, host: &str| {
        let port = town.help.address.port();
        format!(
            "[[endpoint]]\nid = \"{id}\"\nsection = \"{id}\"\npurpose.fr = \"essai\"\npurpose.en = \"trial\"\n\
             group = \"required\"\ndefault = \"on\"\nprinted.urls = [\"http://{host}:{port}/\"]\n\
             uses = [\"http://{host}:{port}/\"]\n"
        )
    };
    let hosts = ["help.one.test", "pages.two.test"];
    let head = "id = \"clear\"\nversion = 2026112401\neffective_from = \"2026-11-24\"\n\
                title.fr = \"clair\"\ntitle.en = \"clear\"\nlet_out = [80]\n";
    let text = [head, &row("help.one", hosts[0]), &row("help.two", hosts[1])].concat();
    let catalogue = timbre_catalogue::Catalogue::read("clear.toml", &text).unwrap();
    let test = || {
        town.test_as(|plan| {
            super::town::without_line(plan);
            plan.catalogue = catalogue.clone();
            (plan.probe.clear, plan.probe.secure) = (None, None);
            for host in hosts {
                plan.addresses
                    .insert((host.to_owned(), town.help.address.port()), town.help.address);
            }
        })
    };
    town.help.rules(|_| raw("302 Found", "Location: https://login.three.test/\r\n", ""));
    let report = test().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::CaptivePortal));
    let portal = report.checks.iter().find(|check| check.id == CheckId::Captive).unwrap();
    assert_eq!(portal.blame.as_ref().unwrap().name.as_deref(), Some("login.three.test"));
    town.help.rules(move |asked| match asked.header("host").starts_with(hosts[0]) {
        true => raw("302 Found", "Location: https://login.three.test/\r\n", ""),
        false => Act::Usual,
    });
    assert_eq!(wrong(&test().await), []);
}
