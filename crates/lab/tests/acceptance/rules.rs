//! The rules that `timbre network rules` writes, in a firewall: they are enough, each of them is needed, and they let out
//! nothing else.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use timbre_catalogue::Group;
use timbre_lab::Lab;
use timbre_lab::plan::{FORBIDDEN, NAME_SERVER};
use timbre_network_test::{CheckId, Code, Layer, Overall, Report, Verdict};

use crate::day::Day;
use crate::network::{Machine, Rules, complaints, listed, report, told};
use crate::{in_lanes, lab};

#[test]
fn with_the_generated_rules_and_nothing_else_a_whole_day_works() {
    let mut lab = lab();
    Rules::generate(&lab, Machine::Timbre).load(&mut lab);
    Day::begin(&lab, 3).live();
    let report = quick(&lab, Machine::Timbre);
    assert_eq!(report.verdict, Overall::Ready, "\n{}", listed(&complaints(&report)));
}

#[test]
fn without_any_one_rule_the_test_names_the_endpoints_of_that_rule_and_no_other() {
    let lab = lab();
    let missing: Vec<(Machine, Rules, String)> = [Machine::Timbre, Machine::ConnectPlus]
        .into_iter()
        .flat_map(|machine| {
            let rules = Rules::generate(&lab, machine);
            let openings = rules.openings();
            assert!(openings.len() >= 5, "{}", rules.nftables);
            let without = |(opening, comment): (&str, &str)| {
                (machine, rules.without(opening), comment.to_owned())
            };
            openings.into_iter().map(without).collect::<Vec<_>>()
        })
        .collect();
    let wrong = in_lanes(&missing, 3, |lab, (machine, rules, comment)| {
        rules.load(lab);
        let report = quick(lab, *machine);
        let is_transport = |code: Code| matches!(code.layer(), Layer::Transport | Layer::Tool);
        let right = named(&report) == concerned(*machine, comment)
            && report.checks.iter().filter_map(|check| check.code).all(is_transport);
        if right {
            String::new()
        } else {
            format!("without “{comment}”:\n{}", listed(&complaints(&report)))
        }
    });
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn with_rules_by_blocks_what_is_required_works_and_each_dns_rule_is_needed() {
    let mut lab = lab();
    let rules = Rules::by_blocks(&lab, Machine::ConnectPlus);
    let run = |lab: &Lab| {
        let mut command = lab.timbre();
        command.args([
            "network",
            "test",
            "--scope",
            "required",
            "--resolver",
            &NAME_SERVER.to_string(),
        ]);
        command.args(["--only", "dns.a,dns.udp_edns,dns.tcp,tcp.connect,http.expect"]);
        report(told(lab, Machine::ConnectPlus, &mut command))
    };
    rules.load(&mut lab);
    let whole = run(&lab);
    assert_eq!(whole.verdict, Overall::Ready, "\n{}", listed(&complaints(&whole)));
    for (protocol, check, code) in [
        ("udp", CheckId::DnsUdp, Code::DnsUdpBlocked),
        ("tcp", CheckId::DnsTcp, Code::DnsTcpBlocked),
    ] {
        let is_it = |line: &&str| line.contains(&format!("{protocol} dport 53"));
        let opening = rules.nftables.lines().find(is_it).expect("a rule for DNS");
        rules.without(opening).load(&mut lab);
        let report = run(&lab);
        let said = report.checks.iter().any(|one| one.id == check && one.code == Some(code));
        assert!(said, "without {protocol} 53:\n{}", listed(&complaints(&report)));
    }
}

/// The endpoints that a rule's comment names and that are tested unless somebody asks for more.
fn concerned(machine: Machine, comment: &str) -> BTreeSet<String> {
    let usual = |group| matches!(group, Group::Required | Group::OptionalOn | Group::NetworkTest);
    let catalogue = machine.catalogue();
    let named = catalogue.endpoints().iter().filter(|endpoint| {
        usual(endpoint.group) && comment.split([' ', ',']).any(|word| word == endpoint.id.as_str())
    });
    named.map(|endpoint| endpoint.id.to_string()).collect()
}

/// The endpoints that a report says a firewall forbids.
fn named(report: &Report) -> BTreeSet<String> {
    let blocked = report.checks.iter().filter(|check| {
        check.id == CheckId::TcpConnect && check.code == Some(Code::ConnectionProhibited)
    });
    blocked.flat_map(|check| check.endpoints.iter().map(ToString::to_string)).collect()
}

#[test]
fn a_destination_that_no_catalogue_names_is_never_reached() {
    let mut lab = lab();
    let machine = Machine::ConnectPlus;
    Rules::generate(&lab, machine).load(&mut lab);
    let allowed: BTreeSet<SocketAddr> = machine
        .catalogue()
        .endpoints()
        .iter()
        .flat_map(|endpoint| &endpoint.uses)
        .filter_map(|target| Some((lab.hosts().get(target.host.name()?)?, target.port).into()))
        .collect();
    let report = quick(&lab, machine);
    assert!(report.checks.iter().any(|check| check.verdict == Verdict::Pass));
    try_to_leak(&lab);
    let visits = lab.visits().unwrap();
    let visited: BTreeSet<_> = visits.iter().map(|visit| visit.to).collect();
    assert!(!visited.is_empty(), "the services were reached");
    assert_eq!(
        visited.difference(&allowed).collect::<Vec<_>>(),
        [] as [&SocketAddr; 0],
        "nothing else was"
    );
    // The same attempts are seen when the firewall is open, so that what was not seen was really stopped.
    lab.rules().clear().unwrap();
    try_to_leak(&lab);
    let seen = lab.visits().unwrap().iter().filter(|visit| visit.to.ip() == FORBIDDEN).count();
    assert_eq!(seen, TCP.len() + UDP.len());
}

/// Ports on which the forbidden destination listens.
const TCP: [u16; 6] = [53, 80, 443, 5938, 8080, 8443];
const UDP: [u16; 3] = [53, 123, 443];

/// Everything that a program on the meter might try, at the forbidden destination and at other ports of the allowed ones.
fn try_to_leak(lab: &Lab) {
    let neighbour = lab.hosts().get("distservp1.pb.com").expect("a host of the document");
    let others = [8080, 8443, 22].map(|port| SocketAddr::from((neighbour, port)));
    let addresses = TCP.map(|port| SocketAddr::from((FORBIDDEN, port))).into_iter().chain(others);
    lab.meter()
        .inside(|| {
            for address in addresses {
                // Whether it works is seen at the other end.
                let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
            }
            for port in UDP {
                let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
                let _ = socket.send_to(b"secret", (FORBIDDEN, port));
            }
        })
        .expect("the meter's namespace");
}

/// Names, connections, certificates and answers only: what a firewall's rules decide.
fn quick(lab: &Lab, machine: Machine) -> Report {
    let mut command = lab.timbre();
    command.args(["network", "test", "--only", "dns.a,tcp.connect,tls.pin,http.expect"]);
    report(told(lab, machine, &mut command))
}
