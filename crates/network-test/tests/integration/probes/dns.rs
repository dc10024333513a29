//! REQ NET-3: names by UDP and TCP, short and long, and everything that comes between.

use std::net::{IpAddr, Ipv4Addr};

use hickory_proto::op::ResponseCode;
use timbre_network_test::{CheckId, Code, Confidence, Culprit, Verdict};

use super::dns_server::{DnsServer, Says};
use super::town::{COMET, HOME, NOBODY, Town, by_name, check, codes, without_line, wrong};

fn only(code: Code) -> Vec<Code> {
    vec![code]
}

#[tokio::test]
async fn each_way_of_not_knowing_a_name_is_told_apart() {
    for (says, code) in [
        (Says::Code(ResponseCode::NXDomain), Code::NameNotFound),
        (Says::Code(ResponseCode::Refused), Code::ResolverRefused),
        (Says::Code(ResponseCode::ServFail), Code::ResolverFailed),
        (Says::Addresses(Vec::new()), Code::NameWithoutAddress),
    ] {
        let town = Town::healthy().await;
        town.dns.say(COMET, says);
        let report = town.test_by_name().await;
        assert_eq!(wrong(&report), [(CheckId::DnsLookup, code, COMET)]);
    }
}

#[tokio::test]
async fn a_false_address_is_a_sinkhole_unless_the_service_answers_there() {
    let town = Town::healthy().await;
    town.dns.say(COMET, Says::Addresses(vec![IpAddr::V4(Ipv4Addr::new(127, 77, 7, 8))]));
    let report = town.test_by_name().await;
    assert_eq!(wrong(&report), [(CheckId::DnsSinkhole, Code::NameSinkholed, COMET)]);
    let blame = check(&report, CheckId::DnsSinkhole, COMET).blame.clone().unwrap();
    assert_eq!(blame.who, Culprit::DnsFilter);
    // Loopback too, but the service proves itself: the healthy town lives there.
    town.dns.say(COMET, Says::Addresses(vec![HOME]));
    assert_eq!(wrong(&town.test_by_name().await), []);
}

#[tokio::test]
async fn dns_over_tcp_is_needed_for_long_answers() {
    let town = Town::healthy().await;
    town.dns.is(|zone| zone.tcp = false);
    let report = town.test_by_name().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::DnsTcpBlocked));
    let tcp = check(&report, CheckId::DnsTcp, "127.0.0.1");
    assert_eq!(tcp.verdict, Verdict::Fail);
    assert_eq!(tcp.blame.as_ref().unwrap().who, Culprit::Firewall);
    assert_eq!(tcp.endpoints[0].as_str(), "dns.lookup");
    let long = check(&report, CheckId::DnsTruncation, "127.0.0.1");
    assert_eq!((long.verdict, long.because), (Verdict::Skip, Some(tcp.number)));
    // Cut by UDP, as it should be.
    assert!(long.fact("long-udp-1232").unwrap().contains("truncated"));
}

/// A filter that takes DNS over TCP for something else once it is long.
#[tokio::test]
async fn long_answers_may_be_lost_even_by_tcp() {
    let town = Town::healthy().await;
    town.dns.is(|zone| zone.cut_above = 1_000);
    let report = town.test_by_name().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::DnsLongAnswerLost));
    assert_eq!(check(&report, CheckId::DnsTcp, "127.0.0.1").verdict, Verdict::Pass);
}

#[tokio::test]
async fn without_udp_names_still_come_by_tcp() {
    let town = Town::healthy().await;
    town.dns.is(|zone| zone.udp = false);
    let report = town.test_by_name().await;
    let udp = check(&report, CheckId::DnsUdp, "127.0.0.1");
    assert_eq!((udp.verdict, udp.code), (Verdict::Fail, Some(Code::DnsUdpBlocked)));
    assert_eq!(check(&report, CheckId::HttpExpect, COMET).verdict, Verdict::Pass);
}

#[tokio::test]
async fn answers_over_512_bytes_may_be_lost() {
    let town = Town::healthy().await;
    town.dns.is(|zone| zone.lost_above = 512);
    let report = town.test_by_name().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::DnsLargeUdpBlocked));
    let udp = check(&report, CheckId::DnsUdp, "127.0.0.1");
    assert!(udp.fact("longer-udp-512").unwrap().contains("truncated"));
    assert_eq!(udp.fact("longer-udp-1232"), Some("no answer"));
}

#[tokio::test]
async fn a_resolver_that_says_nothing_is_one_thing_to_ask_for() {
    let town = Town::healthy().await;
    town.dns.is(|zone| (zone.udp, zone.tcp) = (false, false));
    let report = town.test_by_name().await;
    let all = codes(&report);
    assert!(all.contains(&Code::ResolverSilent), "{all:?}");
    assert!(all.is_subset(&[Code::ResolverSilent, Code::CouldNotTest].into()), "{all:?}");
    let required: Vec<_> = report.requests.iter().filter(|request| request.required).collect();
    assert_eq!(required.len(), 1, "{required:?}");
}

#[tokio::test]
async fn no_resolver_at_all_is_this_machines_own_fault() {
    // What the machine itself says cannot be changed here: a server nobody listens at is the nearest thing.
    let town = Town::healthy().await;
    let report = town
        .test_as(|plan| {
            without_line(plan);
            by_name(plan);
            plan.resolvers = vec![(NOBODY, 53).into()];
        })
        .await;
    assert!(codes(&report).contains(&Code::ResolverSilent));
    let lookup = check(&report, CheckId::DnsLookup, COMET);
    assert!(lookup.fact("said").unwrap().contains("refused"), "{lookup:?}");
}

#[tokio::test]
async fn a_resolver_that_answers_where_none_is_stands_on_the_path() {
    let town = Town::healthy().await;
    let here = DnsServer::start_at("127.77.7.9:53".parse().unwrap()).await;
    let report = town
        .test_as(|plan| {
            without_line(plan);
            by_name(plan);
            plan.probe.nobody = here.address.ip();
        })
        .await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::DnsRedirected));
    let blame = check(&report, CheckId::DnsHijack, "127.77.7.9").blame.clone().unwrap();
    assert_eq!((blame.who, blame.confidence), (Culprit::DnsInterceptor, Confidence::Certain));
}

#[tokio::test]
async fn invented_addresses_are_a_warning() {
    let town = Town::healthy().await;
    town.dns.is(|zone| zone.wild = Some(NOBODY));
    let report = town.test_by_name().await;
    let wild = check(&report, CheckId::DnsWildcard, "127.0.0.1");
    assert_eq!((wild.verdict, wild.code), (Verdict::Warn, Some(Code::DnsWildcard)));
    assert!(wild.fact("invented").unwrap().contains(".invalid. 127.77.7.7"));
}

#[tokio::test]
async fn a_question_that_comes_back_in_other_letters_is_only_remarked() {
    let town = Town::healthy().await;
    town.dns.is(|zone| zone.lower_case = true);
    let report = town.test_by_name().await;
    assert_eq!(wrong(&report), []);
    let case = check(&report, CheckId::DnsCase, "127.0.0.1");
    assert_eq!((case.verdict, case.code), (Verdict::Pass, Some(Code::DnsCaseChanged)));
}

/// REQ NET-7.
#[tokio::test]
async fn an_address_outside_the_published_blocks_is_named() {
    let town = Town::healthy().await;
    let text = format!(
        "id = \"blocks\"\nversion = 2026112401\neffective_from = \"2026-11-24\"\n\
         title.fr = \"blocs\"\ntitle.en = \"blocks\"\nlet_out = [443]\nblocks = [[\"199.231.32.0\", \"199.231.47.255\"]]\n\
         [[endpoint]]\nid = \"comet.refill\"\nsection = \"Comet\"\npurpose.fr = \"essai\"\npurpose.en = \"trial\"\n\
         group = \"required\"\ndefault = \"on\"\nprinted.urls = [\"https://{COMET}:{port}/\"]\n\
         uses = [\"https://{COMET}:{port}/\"]\n",
        port = town.comet.address.port(),
    );
    let catalogue = timbre_catalogue::Catalogue::read("blocks.toml", &text).unwrap();
    let report = town
        .test_as(|plan| {
            without_line(plan);
            by_name(plan);
            plan.catalogue = catalogue;
            (plan.probe.clear, plan.probe.secure) = (None, None);
        })
        .await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::AddressOutsideBlocks));
    assert_eq!(check(&report, CheckId::BlockCover, COMET).fact("outside"), Some("127.0.0.1"));
    // Without a probe server, what it alone can tell is said to be left out.
    assert_eq!(check(&report, CheckId::HttpMedia, "probe").code, Some(Code::NotConfigured));
}

#[tokio::test]
async fn a_name_for_everybodys_proxy_is_a_warning() {
    let town = Town::healthy().await;
    town.dns.say("wpad.town.test", Says::Addresses(vec![NOBODY]));
    let report = town.test_by_name().await;
    assert_eq!(wrong(&report), [(CheckId::ProxyWpad, Code::WpadPresent, "wpad.town.test")]);
}
