//! Another generator as a judge: from the same addresses and ports aerleon writes rules for ASA,
//! iptables, nftables and pf. Read by our readers they let out and block exactly what ours do, so
//! that the writers and the readers are both judged by somebody else's text.

use std::collections::BTreeSet;

use timbre_catalogue::{Catalogue, Group, Host};
use timbre_firewall::{
    Dialect, Input, Judgement, Kind, Language, Mode, Net, Policy, Resolved, Selection, Verdict,
    verify, write,
};

use crate::judges::everything;
use crate::vendor_aerleon::aerleon;

/// Only the required rows are opened, and every row is asked about.
fn required() -> Selection {
    Selection { groups: BTreeSet::from([Group::Required]), ..everything(Mode::Blocks) }
}

/// What a text does to every row that has an address; DNS and `*` are not aerleon's.
fn judged(kind: Kind, text: &str) -> Vec<Judgement> {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let input = [Input { name: "judged", text }];
    let all = verify(kind, &input, &catalogue, &everything(Mode::Blocks), &Resolved::new());
    all.into_iter().filter(|one| matches!(one.target.host, Host::Name(_))).collect()
}

fn same(kind: Kind, theirs: &str) {
    let policy = Policy::of(&Catalogue::connect_plus_sendpro_p(), &required());
    let ours = write(kind.as_str().parse().unwrap(), &policy, Language::English);
    let (ours, theirs) = (judged(kind, &ours.files[0].text), judged(kind, theirs));
    let mut seen = BTreeSet::new();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        seen.insert(ours.verdict);
        assert_eq!(ours.verdict, theirs.verdict, "{kind:?}: {ours:#?}\n{theirs:#?}");
    }
    assert!(seen.contains(&Verdict::Allowed) && seen.contains(&Verdict::Blocked), "{seen:?}");
}

fn written(target: &str, file: &str) -> String {
    aerleon(&Policy::of(&Catalogue::connect_plus_sendpro_p(), &required()), target, file)
}

#[test]
fn the_asa_lets_out_the_same() {
    same(Kind::CiscoAsa, &written("ciscoasa: timbre", "p.asa"));
}

#[test]
fn nftables_lets_out_the_same() {
    // aerleon knows no chain that forwards.
    let text = written("nftables: inet output", "p.nft");
    same(Kind::Nftables, &text.replace("hook output", "hook forward"));
}

#[test]
fn iptables_lets_out_the_same() {
    // aerleon writes commands; iptables-save declares chains.
    let text = written("iptables: FORWARD DROP", "p");
    let rules: String = text
        .lines()
        .map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["-P", chain, policy] => format!(":{chain} {policy} [0:0]\n"),
            ["-N", chain] => format!(":{chain} - [0:0]\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let answers = "-A FORWARD -m state --state ESTABLISHED -j ACCEPT";
    same(Kind::Iptables, &format!("*filter\n{rules}{answers}\nCOMMIT\n"));
}

/// Every network in a text of pf that is not the meter's.
fn nets(text: &str) -> BTreeSet<Net> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    code.flat_map(|line| line.split([' ', ',', '{', '}', '\\']))
        .filter_map(|word| word.trim_end_matches("/32").parse().ok())
        .filter(|net: &Net| !net.address().to_string().starts_with("198.51.100."))
        .collect()
}

#[test]
fn pf_names_the_same_networks() {
    let policy = Policy::of(&Catalogue::connect_plus_sendpro_p(), &required());
    let ours = write(Dialect::Pf, &policy, Language::English);
    let theirs = written("packetfilter: timbre out", "p.pf");
    let wanted: BTreeSet<Net> = policy.addresses.iter().map(|rule| rule.net).collect();
    assert_eq!(nets(&ours.files[0].text), wanted);
    // aerleon joins neighbours: 210 and 211 are one network of two.
    let joined = |nets: BTreeSet<Net>| -> BTreeSet<std::net::IpAddr> {
        let small = nets.iter().filter(|net| net.prefix() >= 28);
        small.flat_map(addresses).collect()
    };
    assert_eq!(joined(nets(&theirs)), joined(wanted.clone()));
    let large =
        |nets: BTreeSet<Net>| nets.into_iter().filter(|net| net.prefix() < 28).collect::<Vec<_>>();
    assert_eq!(large(nets(&theirs)), large(wanted));
}

/// Every address of a small network.
fn addresses(net: &Net) -> Vec<std::net::IpAddr> {
    let std::net::IpAddr::V4(first) = net.address() else { panic!("{net}: the blocks are IPv4") };
    let count = 1_u32 << (32 - net.prefix());
    (0..count).map(|offset| std::net::Ipv4Addr::from(u32::from(first) + offset).into()).collect()
}
