//! What a resolver and the path to it do to DNS: transports and sizes, redirection, inventions (REQ NET-3).

use core::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::{join, join_all, join3, join4};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RecordType};

use super::lookup::addresses_in;
use super::{Dns, NoReply, Reply, Transport};
use timbre_catalogue::Scheme;

use crate::recorder::{About, Outcome, Recorder};
use crate::site;
use crate::{CheckId, CheckNumber, Code, Confidence, Culprit, DnsSample, Plan, SampleKind};

/// A label that nobody has registered.
pub(crate) fn random_label() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 10];
    // Without randomness the label is only less surprising.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t{hex}{count}")
}

/// Every check of the network’s DNS, with `name` as the name that is asked for.
pub(crate) async fn network(dns: &Dns, plan: &Plan, recorder: &Recorder<'_>, name: &str) {
    if dns.servers.is_empty() {
        let outcome =
            Outcome::trouble(Code::NoResolver).blame(Culprit::ThisMachine, Confidence::Certain);
        recorder.note(CheckId::DnsUdp, &about(plan, "/etc/resolv.conf", "direct"), outcome);
        return;
    }
    // The system asks few servers; a fourth is not asked by anybody.
    let servers = dns.servers.iter().take(3);
    let each = join_all(servers.map(|server| transports(dns, plan, recorder, name, *server)));
    join4(
        each,
        redirection(dns, plan, recorder, name),
        inventions(dns, plan, recorder),
        echo(dns, plan, recorder, name),
    )
    .await;
}

/// DNS is the whole network’s, and the rows’ of the catalogue that ask for it.
fn about(plan: &Plan, target: impl Into<String>, way: &str) -> About {
    let rows = site::endpoints(plan).filter(|row| row.target().scheme == Scheme::Dns);
    About { endpoints: rows.map(|row| row.id.clone()).collect(), ..About::network(target, way) }
}

fn shown(reply: &Result<Reply, NoReply>) -> String {
    match reply {
        Ok(reply) => {
            let cut = if reply.message.metadata.truncation { ", truncated" } else { "" };
            let code = reply.message.metadata.response_code;
            let took = reply.took.as_millis();
            format!(
                "{} bytes, {} records, {code}{cut}, {took} ms",
                reply.bytes,
                reply.message.answers.len()
            )
        }
        Err(error) => error.to_string(),
    }
}

/// The matrix: a short, a longer and a long answer, by UDP of two sizes and by TCP.
async fn transports(
    dns: &Dns,
    plan: &Plan,
    recorder: &Recorder<'_>,
    name: &str,
    server: SocketAddr,
) {
    let about = about(plan, format!("{server}"), "direct");
    let (udp, tcp) =
        (recorder.begin(CheckId::DnsUdp, &about), recorder.begin(CheckId::DnsTcp, &about));
    let long = recorder.begin(CheckId::DnsTruncation, &about);
    let ask = |kind, transport| dns.ask(server, name, kind, transport);
    let samples = async {
        match &plan.probe.dns {
            Some(samples) => Some(
                join(sizes(dns, server, &samples.medium), sizes(dns, server, &samples.long)).await,
            ),
            None => None,
        }
    };
    let ((plain, edns, by_tcp), samples) = join(
        join3(
            ask(RecordType::A, Transport::Udp(None)),
            ask(RecordType::A, Transport::Udp(Some(1232))),
            ask(RecordType::A, Transport::Tcp),
        ),
        samples,
    )
    .await;
    let silent = plain.is_err() && edns.is_err() && by_tcp.is_err();
    let medium = samples.as_ref().map(|(medium, _)| medium);
    let lost = medium.filter(|sizes| sizes.small.is_ok() && sizes.large.is_err());
    let outcome = if silent {
        Outcome::trouble(Code::ResolverSilent).blame(Culprit::Firewall, Confidence::Possible)
    } else if plain.is_err() && edns.is_err() {
        Outcome::trouble(Code::DnsUdpBlocked).blame(Culprit::Firewall, Confidence::Likely)
    } else if edns.is_err() || lost.is_some() {
        Outcome::warn(Code::DnsLargeUdpBlocked).blame(Culprit::Firewall, Confidence::Likely)
    } else {
        Outcome::pass()
    };
    let mut outcome = outcome.fact("udp", shown(&plain)).fact("udp-edns-1232", shown(&edns));
    if let Some(medium) = medium {
        outcome = outcome
            .fact("longer-udp-512", shown(&medium.small))
            .fact("longer-udp-1232", shown(&medium.large));
    }
    let udp = recorder.end(udp, outcome);
    let outcome = match (&by_tcp, silent) {
        (Ok(_), _) => Outcome::pass(),
        (Err(_), true) => Outcome::because(udp),
        // Who refuses or hangs up is there: more likely the server itself than somebody before it.
        (Err(NoReply::Refused(_) | NoReply::Garbled), false) => {
            Outcome::trouble(Code::DnsTcpBlocked).blame(Culprit::Resolver, Confidence::Possible)
        }
        (Err(NoReply::Silent), false) => {
            Outcome::trouble(Code::DnsTcpBlocked).blame(Culprit::Firewall, Confidence::Likely)
        }
    };
    let tcp = recorder.end(tcp, outcome.fact("tcp", shown(&by_tcp)));
    let lower = if silent { Some(udp) } else { by_tcp.is_err().then_some(tcp) };
    let outcome = truncation(samples.map(|(_, long)| long), lower);
    recorder.end(long, outcome);
}

/// One question at three sizes.
struct Sizes {
    small: Result<Reply, NoReply>,
    large: Result<Reply, NoReply>,
    tcp: Result<Reply, NoReply>,
}

async fn sizes(dns: &Dns, server: SocketAddr, sample: &DnsSample) -> Sizes {
    let kind = match sample.kind {
        SampleKind::Txt => RecordType::TXT,
        SampleKind::Dnskey => RecordType::DNSKEY,
    };
    let ask = |transport| dns.ask(server, &sample.name, kind, transport);
    // One after the other: a forwarder that still waits for the same question gives all who asked it one answer, whatever
    // size each of them could take.
    let large = ask(Transport::Udp(Some(1232))).await;
    let small = ask(Transport::Udp(Some(512))).await;
    let tcp = ask(Transport::Tcp).await;
    Sizes { small, large, tcp }
}

/// Short answers by UDP; a long one is cut there and comes whole by TCP (REQ NET-3).
fn truncation(long: Option<Sizes>, lower: Option<CheckNumber>) -> Outcome {
    let Some(long) = long else { return Outcome::skip(Code::NotConfigured) };
    let says_nothing = |reply: &Result<Reply, NoReply>| {
        reply.as_ref().is_ok_and(|reply| {
            !reply.message.metadata.truncation
                && (reply.message.answers.is_empty()
                    || reply.message.metadata.response_code != ResponseCode::NoError)
        })
    };
    let outcome = if let Some(lower) = lower {
        Outcome::because(lower)
    } else if says_nothing(&long.tcp) {
        // The sample is not to be had here: that is no fault of the path.
        Outcome::skip(Code::NotApplicable)
    } else if long.tcp.is_ok() && (long.small.is_ok() || long.large.is_ok()) {
        Outcome::pass()
    } else {
        Outcome::trouble(Code::DnsLongAnswerLost).blame(Culprit::Firewall, Confidence::Possible)
    };
    outcome
        .fact("long-udp-512", shown(&long.small))
        .fact("long-udp-1232", shown(&long.large))
        .fact("long-tcp", shown(&long.tcp))
}

/// An address that has no DNS server answers: something stands before all of them.
async fn redirection(dns: &Dns, plan: &Plan, recorder: &Recorder<'_>, name: &str) {
    let nobody = SocketAddr::new(plan.probe.nobody, 53);
    let about = about(plan, nobody.to_string(), "direct");
    let draft = recorder.begin(CheckId::DnsHijack, &about);
    let answer = dns.ask(nobody, name, RecordType::A, Transport::Udp(None)).await;
    let outcome = match &answer {
        Ok(_) => {
            Outcome::warn(Code::DnsRedirected).blame(Culprit::DnsInterceptor, Confidence::Certain)
        }
        Err(_) => Outcome::pass(),
    };
    recorder.end(draft, outcome.fact("answer", shown(&answer)));
}

/// Names that do not exist must not.
async fn inventions(dns: &Dns, plan: &Plan, recorder: &Recorder<'_>) {
    let Some(&server) = dns.servers.first() else { return };
    let draft = recorder.begin(CheckId::DnsWildcard, &about(plan, server.to_string(), "direct"));
    if plan.probe.nonexistent.is_empty() {
        recorder.end(draft, Outcome::skip(Code::NotConfigured));
        return;
    }
    let names: Vec<String> = plan
        .probe
        .nonexistent
        .iter()
        .map(|parent| format!("{}.{parent}.", random_label()))
        .collect();
    let replies =
        join_all(names.iter().map(|name| dns.with_retry(server, name, RecordType::A))).await;
    let mut invented = Vec::new();
    for (name, reply) in names.iter().zip(&replies) {
        for address in reply.as_ref().map(addresses_in).unwrap_or_default() {
            invented.push(format!("{name} {address}"));
        }
    }
    let outcome = if !invented.is_empty() {
        Outcome::warn(Code::DnsWildcard).blame(Culprit::Resolver, Confidence::Certain)
    } else if replies.iter().all(Result::is_err) {
        Outcome::inconclusive()
    } else {
        Outcome::pass()
    };
    recorder.end(draft, outcome.fact("invented", invented.join(", ")));
}

/// The question must come back in the letters it was asked in.
async fn echo(dns: &Dns, plan: &Plan, recorder: &Recorder<'_>, name: &str) {
    let Some(&server) = dns.servers.first() else { return };
    let draft = recorder.begin(CheckId::DnsCase, &about(plan, server.to_string(), "direct"));
    let mixed: String = name
        .chars()
        .enumerate()
        .map(|(i, c)| if i % 2 == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let reply = dns.ask(server, &mixed, RecordType::A, Transport::Udp(None)).await;
    let asked = Name::from_ascii(&mixed).map(|name| name.to_ascii()).unwrap_or_default();
    let outcome = match &reply {
        Err(_) => Outcome::inconclusive(),
        Ok(reply) => {
            let echoed = reply.message.queries.first().map(|query| query.name().to_ascii());
            let echoed = echoed.unwrap_or_default();
            let same = echoed.trim_end_matches('.') == asked.trim_end_matches('.');
            let outcome =
                if same { Outcome::pass() } else { Outcome::remark(Code::DnsCaseChanged) };
            outcome.fact("echoed", echoed)
        }
    };
    recorder.end(draft, outcome.fact("asked", asked));
}
