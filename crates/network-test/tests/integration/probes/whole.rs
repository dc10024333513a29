//! A run as a whole: a healthy network gives no alarm, a failure below is not a failure above, and what is asked of the
//! network’s people is asked once.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use timbre_network_test::{
    CheckId, Code, Confidence, Culprit, Event, Overall, Report, SCHEMA, Verdict, run,
};

use super::dns_server::Says;
use super::origin::{Act, Hello};
use super::town::{COMET, HELP, HOME, NOBODY, PROBE, Town, check, codes, without_line, wrong};

/// REQ NET-9: nothing is wrong, and nothing is said to be.
#[tokio::test]
async fn a_healthy_network_gives_no_alarm() {
    let report = Town::healthy().await.test().await;
    assert_eq!(wrong(&report), [], "{report:#?}");
    assert_eq!(report.verdict, Overall::Ready);
    assert_eq!(report.requests, []);
    let skipped = report.checks.iter().filter(|check| check.verdict == Verdict::Skip);
    let skipped: Vec<_> = skipped.map(|check| (check.id, check.code)).collect();
    assert_eq!(skipped, [(CheckId::PathIdle, Some(Code::NotConfigured))]);
    let expect = check(&report, CheckId::HttpExpect, PROBE);
    assert_eq!(expect.fact("proof"), Some("signed challenge"));
    assert_eq!(report.services.len(), 5);
    assert!(
        report.services.iter().all(|service| service.verdict == Verdict::Pass),
        "{:?}",
        report.services
    );
}

#[tokio::test]
async fn a_report_is_read_back_as_it_was_written_and_the_events_told_it() {
    let town = Town::healthy().await;
    town.comet.behaves(|manner| manner.hello = Hello::HangUp);
    let mut plan = town.plan();
    without_line(&mut plan);
    let events = Mutex::new(Vec::new());
    let report = run(&plan, &|event| events.lock().unwrap().push(event)).await;
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    assert_eq!(report.schema, SCHEMA);
    let events = events.into_inner().unwrap();
    assert!(matches!(events.first(), Some(Event::Started { checks }) if *checks > 10));
    assert!(matches!(events.last(), Some(Event::Finished { report: told }) if **told == report));
    let done = events.iter().filter(|event| matches!(event, Event::Done { .. })).count();
    // Three are drawn from the others at the end: addresses of three hosts at four ports, and forging.
    let drawn = report
        .checks
        .iter()
        .filter(|check| matches!(check.id, CheckId::DnsSinkhole | CheckId::TlsForged));
    assert_eq!(done + drawn.count(), report.checks.len());
}

/// A run may be awaited from a thread pool.
#[test]
fn a_run_can_move_between_threads() {
    fn moves<T: Send>(_: T) {}
    let plan = timbre_network_test::Plan::new(timbre_catalogue::Catalogue::timbre());
    moves(run(&plan, &|_| {}));
}

/// The layers above a failure refer to it; there is one failure and one request.
#[tokio::test]
async fn what_fails_below_is_not_a_failure_above() {
    let town = Town::healthy().await;
    town.dns.zone.lock().unwrap().names.remove(COMET);
    let report = town.test_by_name().await;
    assert_eq!(wrong(&report), [(CheckId::DnsLookup, Code::NameNotFound, COMET)]);
    let lookup = check(&report, CheckId::DnsLookup, COMET);
    assert_eq!(lookup.verdict, Verdict::Fail);
    for id in [CheckId::TcpConnect, CheckId::TlsIdentity, CheckId::HttpExpect] {
        let above = check(&report, id, COMET);
        assert_eq!((above.verdict, above.code), (Verdict::Skip, Some(Code::NotTestedLowerLayer)));
        assert_eq!(above.because, Some(lookup.number));
    }
    assert_eq!(report.verdict, Overall::NotReady);
    let [request] = report.requests.as_slice() else { panic!("{:?}", report.requests) };
    assert!(request.required && request.code == Code::NameNotFound);
    assert!(request.text.en.ends_with("Hosts concerned: comet.town.test."), "{}", request.text.en);
    assert_eq!(request.endpoints[0].as_str(), "comet.refill");
}

/// The same cause at several hosts is one request that names them all, with their ports.
#[tokio::test]
async fn one_cause_is_one_request() {
    let town = Town::healthy().await;
    for origin in [&town.comet, &town.secure] {
        origin.behaves(|manner| manner.hello = Hello::HangUp);
    }
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), [Code::TlsResetAfterHello]);
    // The required host is a failure, the probe server’s own row a warning: two requests of different weight.
    let hosts: Vec<_> = report
        .requests
        .iter()
        .map(|request| (request.required, request.hosts[0].host.as_str()))
        .collect();
    assert_eq!(hosts, [(true, COMET), (false, PROBE)]);
    assert_eq!(report.requests[0].hosts[0].ports, [town.comet.address.port()]);
    assert_eq!(report.requests[0].hosts[0].addresses, ["127.0.0.1"]);
}

#[tokio::test]
async fn what_is_optional_is_a_warning() {
    let town = Town::healthy().await;
    town.help.rules(|_| Act::HangUp);
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), [Code::HttpClosed]);
    assert_eq!(check(&report, CheckId::HttpExpect, HELP).verdict, Verdict::Warn);
    assert_eq!(report.verdict, Overall::ReadyWithWarnings);
}

/// Refused and not dropped: the two are told apart, and a local port that nobody has is refused.
#[tokio::test]
async fn a_refused_connection_is_named() {
    let town = Town::healthy().await;
    town.dns.say(COMET, Says::Addresses(vec![NOBODY]));
    let report = town.test_by_name().await;
    // An address of this machine is no service’s, and nothing answered: a false address, and only that.
    assert_eq!(wrong(&report), [(CheckId::DnsSinkhole, Code::NameSinkholed, COMET)]);
    let connection = check(&report, CheckId::TcpConnect, COMET);
    assert_eq!(connection.fact("seen"), Some("connection-refused"));
    let port = town.comet.address.port();
    let report = town
        .test_as(|plan| {
            without_line(plan);
            let key = (COMET.to_owned(), port);
            plan.addresses.insert(key, std::net::SocketAddr::new(NOBODY, port));
        })
        .await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), [Code::ConnectionRefused]);
    let blame = check(&report, CheckId::TcpConnect, COMET).blame.clone().unwrap();
    assert_eq!((blame.who, blame.confidence), (Culprit::Firewall, Confidence::Possible));
}

/// A listener whose queue is full drops what comes, as a firewall does.
#[tokio::test]
async fn a_dropped_connection_is_told_from_a_refused_one() {
    let town = Town::healthy().await;
    let full = tokio::net::TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let _waiting = tokio::net::TcpStream::connect(address).await.unwrap();
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.addresses.insert((COMET.to_owned(), town.comet.address.port()), address);
        })
        .await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), [Code::ConnectionDropped]);
    let blame = check(&report, CheckId::TcpConnect, COMET).blame.as_ref().unwrap();
    assert_eq!(blame.who, Culprit::Firewall);
}

#[tokio::test]
async fn some_addresses_of_a_host_may_be_blocked() {
    let town = Town::healthy().await;
    town.dns.say(COMET, Says::Addresses(vec![NOBODY, HOME]));
    let report = town.test_by_name().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), [Code::SomeAddressesBlocked]);
    assert_eq!(check(&report, CheckId::HttpExpect, COMET).verdict, Verdict::Pass);
}

/// Everything goes side by side: many silent services take the time of one.
#[tokio::test]
async fn the_whole_takes_about_as_long_as_its_slowest_check() {
    let town = Town::healthy().await;
    for origin in [&town.comet, &town.help, &town.clear, &town.secure] {
        origin.behaves(|manner| manner.hello = Hello::Silence);
    }
    let began = Instant::now();
    let report = town.test_light().await;
    let took = began.elapsed();
    assert!(codes(&report).contains(&Code::TlsSilentAfterHello));
    assert!(codes(&report).contains(&Code::HttpNoAnswer));
    // The slowest is an answer of 2.5 s.
    assert!(took < Duration::from_millis(4_500), "{took:?}");
}

/// A check that is not asked for is not made, or at least not told.
#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let town = Town::healthy().await;
    let report =
        town.test_as(|plan| plan.only = [CheckId::TcpConnect, CheckId::Clock].into()).await;
    assert!(
        report.checks.iter().all(|check| matches!(check.id, CheckId::TcpConnect | CheckId::Clock))
    );
    assert_eq!(report.checks.len(), 5);
    assert_eq!(report.verdict, Overall::Ready);
}

/// Nothing that was sent anywhere holds a credential.
#[tokio::test]
async fn a_probe_carries_no_credential() {
    let town = Town::healthy().await;
    town.test_as(|plan| {
        without_line(plan);
        let secret = timbre_proxy::Secret::new("hunter2".to_owned());
        plan.credentials = timbre_proxy::Credentials::password("meter", secret);
    })
    .await;
    for origin in [&town.comet, &town.help, &town.clear, &town.secure] {
        let seen = origin.seen.lock().unwrap();
        assert!(!seen.is_empty());
        for asked in seen.iter() {
            let fields = &["authorization", "proxy-authorization", "cookie"];
            assert!(fields.iter().all(|name| asked.header(name).is_empty()), "{asked:?}");
        }
    }
}

#[tokio::test]
async fn the_machines_clock_is_compared_with_the_services() {
    for (seconds, code) in [(0, None), (-60, Some(Code::ClockOff)), (3_600, Some(Code::ClockWrong))]
    {
        let town = Town::healthy().await;
        for origin in [&town.comet, &town.secure] {
            origin.behaves(|manner| manner.ahead = seconds);
        }
        let report = town.test_light().await;
        assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), Vec::from_iter(code));
    }
}

/// REQ NET-5.
#[tokio::test]
async fn a_slow_line_is_measured() {
    let town = Town::healthy().await;
    // 30 kB/s are 251 kbit/s on the line.
    town.secure.behaves(|manner| manner.rate = Some(30_000));
    let report = town.test().await;
    let down = check(&report, CheckId::BandwidthDown, PROBE);
    assert_eq!(
        (down.verdict, down.code),
        (Verdict::Fail, Some(Code::BandwidthBelowMinimum)),
        "{down:?}"
    );
    let rate: u32 = down.fact("kbit-per-second").unwrap().parse().unwrap();
    assert!((200..290).contains(&rate), "{rate}");
    town.secure.behaves(|manner| manner.rate = Some(70_000));
    let report = town.test().await;
    let down = check(&report, CheckId::BandwidthDown, PROBE);
    assert_eq!(
        (down.verdict, down.code),
        (Verdict::Warn, Some(Code::BandwidthBelowRecommended)),
        "{down:?}"
    );
    assert_eq!(report.verdict, Overall::ReadyWithWarnings);
}

#[tokio::test]
async fn a_connection_that_is_forgotten_while_idle_is_noticed() {
    let town = Town::healthy().await;
    let count = Mutex::new(0);
    // The second question on a held connection never gets its answer.
    town.secure.rules(move |asked| {
        let mut count = count.lock().unwrap();
        *count += usize::from(asked.target.ends_with("/echo"));
        if *count >= 2 { Act::Silence } else { Act::Usual }
    });
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.limits.idle = Duration::from_millis(300);
        })
        .await;
    let idle = check(&report, CheckId::PathIdle, PROBE);
    assert_eq!((idle.verdict, idle.code), (Verdict::Warn, Some(Code::IdleConnectionDropped)));
}
