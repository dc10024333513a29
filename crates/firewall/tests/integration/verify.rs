//! What the readers understand, what they refuse to understand, and that nothing makes them fail.

use std::sync::LazyLock;

use proptest::prelude::*;
use timbre_catalogue::Catalogue;
use timbre_firewall::{Input, Judgement, Kind, Mode, Resolved, Verdict, verify};

use crate::judges::everything;

/// Judges the distributor's row, at 199.231.44.11 and 12 for one meter.
fn judged(kind: Kind, texts: &[&str]) -> Judgement {
    let names = ["one", "two", "three"];
    let inputs: Vec<Input<'_>> =
        texts.iter().zip(names).map(|(text, name)| Input { name, text }).collect();
    let resolved = Resolved::from([(
        "distservp1.pb.com".to_owned(),
        vec!["199.231.44.11".parse().unwrap(), "199.231.44.12".parse().unwrap()],
    )]);
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let all = verify(kind, &inputs, &catalogue, &everything(Mode::Names), &resolved);
    all.into_iter().find(|one| one.endpoint.as_str() == "distributor.sign-in").unwrap()
}

fn is(kind: Kind, text: &str, verdict: Verdict, line: usize) {
    let judgement = judged(kind, &[text]);
    assert_eq!(judgement.verdict, verdict, "{judgement:#?}\n{text}");
    assert_eq!(
        judgement.line.map_or(0, |line| line.number),
        line,
        "{}\n{text}",
        judgement.reason.en
    );
}

fn nft(rules: &str, verdict: Verdict, line: usize) {
    let text = format!(
        "table inet corp {{\n chain forward {{\n type filter hook forward priority 0; policy drop;\n ct state established,related accept\n{rules}\n }}\n}}\n"
    );
    is(Kind::Nftables, &text, verdict, line);
}

use Verdict::{Allowed, Blocked, Unknown};

#[test]
fn nftables_rules_of_the_usual_kinds() {
    nft("ip daddr 199.231.32.0/20 tcp dport 443 accept", Allowed, 5);
    nft(
        "ip saddr 198.51.100.0/24 ip daddr { 199.231.44.11, 199.231.44.12 } tcp dport { 80, https } counter packets 3 bytes 180 accept comment \"x accept\"",
        Allowed,
        5,
    );
    nft(
        "ip daddr 199.231.44.0-199.231.45.255 meta l4proto tcp th dport 400-500 log prefix \"drop\" accept",
        Allowed,
        5,
    );
    nft("tcp dport 80 accept", Blocked, 3);
    nft("ip daddr 199.231.44.11 tcp dport 443 accept", Blocked, 3);
    nft("ip daddr != 10.0.0.0/8 tcp dport 443 accept", Allowed, 5);
    nft("ip saddr 198.51.100.11 tcp dport 443 accept", Blocked, 3);
    nft("udp dport 443 accept", Blocked, 3);
    nft("ip6 daddr ::/0 accept", Blocked, 3);
    nft("icmp type echo-request accept", Blocked, 3);
    nft("accept", Allowed, 5);
    nft("tcp dport 443 reject with tcp reset\naccept", Blocked, 5);
    nft("tcp dport vmap { 80 : accept, 443 : drop }", Blocked, 5);
}

#[test]
fn nftables_what_is_not_understood_is_never_allowed() {
    nft("tcp dport 443 fib daddr type unicast accept", Unknown, 5);
    nft("tcp flags & (fin|syn) == syn accept", Unknown, 5);
    nft("iifname \"lan0\" tcp dport 443 accept", Unknown, 5);
    nft("ip daddr distservp1.pb.com tcp dport 443 accept", Unknown, 5);
    nft("tcp dport 443 limit rate 10/second accept", Unknown, 5);
    nft("ip daddr @missing tcp dport 443 accept", Unknown, 5);
    nft("tcp dport 443 queue num 1", Unknown, 5);
    nft("tcp dport 443 jump missing", Unknown, 5);
    nft("meta mark 7 drop\naccept", Unknown, 5);
    nft("frobnicate\naccept", Unknown, 5);
    nft("jump a\n }\n chain a {\n jump b\n }\n chain b {\n jump a", Unknown, 8);
    is(Kind::Nftables, "table inet t {\n chain c {\n accept\n }\n}", Unknown, 0);
    is(Kind::Nftables, "include \"more.nft\"\n", Unknown, 1);
    is(Kind::Nftables, "", Unknown, 0);
}

#[test]
fn nftables_an_accept_ends_one_chain_and_every_chain_must_agree() {
    let accept =
        "table inet a {\n chain f {\n type filter hook forward priority 0; policy accept;\n }\n}\n";
    is(Kind::Nftables, accept, Allowed, 3);
    let drop = "table ip b {\n chain f {\n type filter hook forward priority 10; policy accept;\n tcp dport 443 drop\n }\n}\n";
    is(Kind::Nftables, &format!("{accept}{drop}"), Blocked, 9);
    let raw = "table ip c {\n chain p {\n type filter hook prerouting priority raw; policy accept;\n ip saddr 198.51.100.10 drop\n }\n}\n";
    is(Kind::Nftables, &format!("{accept}{raw}"), Blocked, 9);
    let redirect = "table ip d {\n chain p {\n type nat hook prerouting priority dstnat;\n tcp dport 443 redirect to :3130\n }\n}\n";
    is(Kind::Nftables, &format!("{accept}{redirect}"), Unknown, 9);
    let six =
        "table ip6 e {\n chain f {\n type filter hook forward priority 10; policy drop;\n }\n}\n";
    is(Kind::Nftables, &format!("{accept}{six}"), Allowed, 3);
}

#[test]
fn nftables_answers_must_come_back() {
    let text = "table inet a {\n chain f {\n type filter hook forward priority 0; policy drop;\n ip daddr 199.231.32.0/20 tcp dport 443 accept\n }\n}\n";
    is(Kind::Nftables, text, Blocked, 3);
    let back =
        text.replace("443 accept", "443 accept\n ip saddr 199.231.32.0/20 tcp sport 443 accept");
    is(Kind::Nftables, &back, Allowed, 4);
}

#[test]
fn nftables_sets_variables_and_commands() {
    let set = |elements: &str, rule: &str| {
        format!(
            "define WEB = {{ 80, 443 }}\nflush ruleset\ntable inet t {{\n set s {{\n type ipv4_addr\n flags interval\n elements = {{ {elements},\n 10.0.0.1 }}\n }}\n chain f {{\n type filter hook forward priority filter; policy drop;\n ct state vmap {{ established : accept, invalid : drop }}\n {rule}\n }}\n}}\n"
        )
    };
    is(Kind::Nftables, &set("199.231.44.0/24", "ip daddr @s tcp dport $WEB accept"), Allowed, 13);
    is(Kind::Nftables, &set("199.231.45.0/24", "ip daddr @s tcp dport $WEB accept"), Blocked, 11);
    let added = "add table inet t\nadd chain inet t f { type filter hook forward priority 0; policy drop; }\nadd rule inet t f ct state established accept\nadd rule inet t f tcp dport 443 accept\n";
    is(Kind::Nftables, added, Allowed, 4);
    is(Kind::Nftables, &format!("{added}flush chain inet t f\n"), Blocked, 2);
    is(Kind::Nftables, &format!("{added}insert rule inet t f drop\n"), Blocked, 5);
    is(Kind::Nftables, &format!("{added}delete rule inet t f handle 4\n"), Unknown, 5);
}

#[test]
fn nftables_a_set_that_dnsmasq_feeds_is_known_by_its_names() {
    let text = "table inet corp {\n set pb4 {\n type ipv4_addr; flags dynamic,timeout; timeout 1h;\n }\n chain f {\n type filter hook forward priority 0; policy drop;\n ct state established accept\n ip daddr @pb4 tcp dport 443 accept\n }\n}\n";
    let verdict = |dnsmasq: &str| judged(Kind::Nftables, &[text, dnsmasq]).verdict;
    assert_eq!(verdict("nftset=/pb.com/4#inet#corp#pb4\n"), Allowed);
    assert_eq!(
        verdict("nftset=/a.com/distservp1.pb.com/4#inet#corp#pb4,6#inet#corp#pb6 # note\n"),
        Allowed
    );
    assert_eq!(verdict("nftset=/xpb.com/4#inet#corp#pb4\n"), Blocked);
    // dnsmasq obeys the longest entry only.
    assert_eq!(
        verdict("nftset=/pb.com/4#inet#corp#pb4\nnftset=/distservp1.pb.com/4#inet#corp#other\n"),
        Blocked
    );
    // Without dnsmasq's file nobody knows what the set holds.
    assert_eq!(judged(Kind::Nftables, &[text]).verdict, Unknown);
}

fn iptables(rules: &str, verdict: Verdict, line: usize) {
    let text = format!(
        "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:CHAIN - [0:0]\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n{rules}\nCOMMIT\n"
    );
    is(Kind::Iptables, &text, verdict, line);
}

#[test]
fn iptables_rules_of_the_usual_kinds() {
    iptables("-A FORWARD -d 199.231.32.0/20 -p tcp -m tcp --dport 443 -j ACCEPT", Allowed, 7);
    iptables(
        "-A FORWARD -p tcp -m multiport --dports 80,443 -m comment --comment \"a -j DROP\" -j ACCEPT",
        Allowed,
        7,
    );
    iptables("-A FORWARD -m iprange --dst-range 199.231.44.1-199.231.44.99 -j ACCEPT", Allowed, 7);
    iptables("[3:180] -A FORWARD -s 198.51.100.0/255.255.255.0 -j ACCEPT", Allowed, 7);
    iptables("-A FORWARD ! -d 10.0.0.0/8 -j ACCEPT", Allowed, 7);
    iptables("-A FORWARD -p udp --dport 443 -j ACCEPT", Blocked, 3);
    iptables(
        "-A FORWARD -j CHAIN\n-A CHAIN -p tcp --dport 443 -j RETURN\n-A CHAIN -j ACCEPT",
        Blocked,
        3,
    );
    iptables(
        "-A FORWARD -j LOG --log-prefix \"x\"\n-A FORWARD -j CHAIN\n-A CHAIN -p tcp --dport 443 -j ACCEPT",
        Allowed,
        9,
    );
    iptables(
        "-A FORWARD -p tcp --dport 443 -j REJECT --reject-with tcp-reset\n-A FORWARD -j ACCEPT",
        Blocked,
        7,
    );
}

#[test]
fn iptables_what_is_not_understood_is_never_allowed() {
    iptables("-A FORWARD -i eth1 -j ACCEPT", Unknown, 7);
    iptables("-A FORWARD -m string --string pb.com --algo bm -j ACCEPT", Unknown, 7);
    iptables("-A FORWARD -m set --match-set pb dst -j ACCEPT", Unknown, 7);
    iptables("-A FORWARD -j NFQUEUE --queue-num 1", Unknown, 7);
    iptables("-A FORWARD -j MISSING", Unknown, 7);
    iptables("-A FORWARD -m time --timestart 09:00 -j DROP\n-A FORWARD -j ACCEPT", Unknown, 7);
    iptables("what is this\n-A FORWARD -j ACCEPT", Unknown, 7);
    is(Kind::Iptables, "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n", Unknown, 0);
}

#[test]
fn iptables_sets_of_addresses_and_of_names() {
    let rules = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -p tcp -m set --match-set pb dst --dport 443 -j ACCEPT\nCOMMIT\n";
    let verdict =
        |ipset: &str, dnsmasq: &str| judged(Kind::Iptables, &[rules, ipset, dnsmasq]).verdict;
    assert_eq!(verdict("create pb hash:net\nadd pb 199.231.32.0/20\n", ""), Allowed);
    assert_eq!(verdict("create pb hash:net\nadd pb 199.231.48.0/20\n", ""), Blocked);
    assert_eq!(
        verdict("create pb hash:net\nadd pb 199.231.32.0/20\nadd pb 199.231.44.11 nomatch\n", ""),
        Unknown
    );
    assert_eq!(verdict("create pb hash:ip timeout 60\n", ""), Unknown);
    assert_eq!(verdict("create pb hash:ip timeout 60\n", "ipset=/pb.com/pb\n"), Allowed);
    assert_eq!(verdict("create pb list:set\n", "ipset=/x.com/pb\n"), Unknown);
}

fn asa(lines: &str, verdict: Verdict, line: usize) {
    is(Kind::CiscoAsa, lines, verdict, line);
}

#[test]
fn asa_access_lists_with_objects() {
    asa(
        "access-list a extended permit tcp any 199.231.32.0 255.255.240.0 eq https log",
        Allowed,
        1,
    );
    asa("access-list a extended permit tcp host 198.51.100.10 any eq 443", Allowed, 1);
    asa("access-list a extended permit tcp host 198.51.100.11 any eq 443", Blocked, 1);
    asa("access-list a extended permit tcp any gt 1023 any range 400 500", Allowed, 1);
    asa("access-list a extended permit ip any4 any4", Allowed, 1);
    asa("access-list a extended permit tcp any any eq www", Blocked, 1);
    asa(
        "access-list a remark eq 443\naccess-list a extended deny tcp any any eq 443\naccess-list a extended permit ip any any",
        Blocked,
        2,
    );
    asa("access-list a extended permit tcp any any eq 443 inactive", Blocked, 1);
    asa(
        "object network d\n fqdn v4 DISTSERVP1.pb.com\naccess-list a extended permit tcp any object d eq 443",
        Allowed,
        3,
    );
    asa(
        "object-group network g\n network-object host 199.231.44.11\n network-object 199.231.44.12 255.255.255.255\nobject-group service w tcp\n port-object eq https\naccess-list a extended permit tcp any object-group g object-group w",
        Allowed,
        6,
    );
    asa(
        "object service s\n service tcp destination eq 443\nobject-group network g\n group-object h\nobject-group network h\n network-object 199.231.32.0 255.255.240.0\naccess-list a extended permit object s any object-group g",
        Allowed,
        7,
    );
}

#[test]
fn asa_what_is_not_understood_is_never_allowed() {
    asa("access-list a extended permit tcp any object missing eq 443", Unknown, 1);
    asa("access-list a extended permit tcp any any eq 443 time-range office", Unknown, 1);
    asa("access-list a extended permit tcp interface inside any eq 443", Unknown, 1);
    asa("access-list a extended permit tcp user LAB\\x any any", Unknown, 1);
    asa(
        "object-group network g\n group-object g\naccess-list a extended permit tcp any object-group g",
        Unknown,
        3,
    );
    asa("access-list a standard permit any", Unknown, 1);
    let two = "access-list a extended permit ip any any\naccess-list b extended deny ip any any\n";
    asa(two, Unknown, 0);
    asa(&format!("{two}access-group a in interface inside\n"), Allowed, 1);
    asa(
        &format!("{two}access-group a in interface inside\naccess-group b in interface dmz\n"),
        Unknown,
        3,
    );
    asa(
        &format!("{two}access-group a in interface inside\naccess-group b out interface outside\n"),
        Unknown,
        4,
    );
}

#[test]
fn squid_lists_in_their_order() {
    let lists = "acl office src 198.51.100.0/24\nacl pb dstdomain .pb.com\nacl tls port 443\nacl CONNECT method CONNECT\n";
    let squid =
        |access: &str, verdict, line| is(Kind::Squid, &format!("{lists}{access}"), verdict, line);
    squid("http_access allow office pb\nhttp_access deny all", Allowed, 5);
    squid(
        "http_access deny CONNECT !tls\nhttp_access allow office CONNECT pb\nhttp_access deny all",
        Allowed,
        6,
    );
    squid("http_access deny pb\nhttp_access allow all", Blocked, 5);
    // After the last line squid does the opposite of it.
    squid("http_access deny !office", Allowed, 5);
    squid("http_access allow !office", Blocked, 5);
    squid("", Blocked, 0);
    squid("acl user proxy_auth REQUIRED\nhttp_access allow user\nhttp_access deny all", Unknown, 6);
    squid("acl r dstdom_regex pb\nhttp_access deny r\nhttp_access allow all", Unknown, 6);
    squid("http_access allow missing\nhttp_access deny all", Unknown, 5);
    squid("include /etc/squid/conf.d/*.conf\nhttp_access allow all", Unknown, 5);
    let listed = [
        "acl pb dstdomain \"/etc/squid/pb.txt\"\nhttp_access allow pb\nhttp_access deny all\n",
        "",
    ];
    assert_eq!(judged(Kind::Squid, &listed).verdict, Unknown);
}

#[test]
fn squid_a_connection_that_it_would_open_is_blocked() {
    let squid = |lines: &str, verdict, line| {
        let text = format!(
            "http_port 3128 ssl-bump tls-cert=x.pem\nacl step1 at_step SslBump1\nacl pb ssl::server_name .pb.com\nacl other ssl::server_name .example\nhttp_access allow all\n{lines}\n"
        );
        is(Kind::Squid, &text, verdict, line);
    };
    squid("ssl_bump peek step1\nssl_bump splice pb\nssl_bump bump all", Allowed, 5);
    squid("ssl_bump peek step1\nssl_bump splice other\nssl_bump bump all", Blocked, 8);
    squid("ssl_bump bump all", Blocked, 6);
    squid("ssl_bump splice all", Allowed, 5);
    squid("ssl_bump stare all", Blocked, 6);
    squid("ssl_bump peek all", Allowed, 5);
    squid("", Allowed, 5);
    let inert = "http_port 3128\nhttp_access allow all\nssl_bump bump all\n";
    is(Kind::Squid, inert, Allowed, 2);
}

#[test]
fn dns_needs_both_protocols_at_the_given_resolver() {
    let judge = |rule: &str| {
        let text = format!(
            "table inet t {{\n chain f {{\n type filter hook forward priority 0; policy drop;\n ct state established accept\n {rule}\n }}\n}}\n"
        );
        let selection = everything(Mode::Names);
        let catalogue = Catalogue::connect_plus_sendpro_p();
        let input = [Input { name: "x", text: &text }];
        let all = verify(Kind::Nftables, &input, &catalogue, &selection, &Resolved::new());
        all.into_iter().find(|one| one.endpoint.as_str() == "dns.lookup").unwrap().verdict
    };
    assert_eq!(
        judge("ip daddr 198.51.100.53 meta l4proto { tcp, udp } th dport 53 accept"),
        Allowed
    );
    assert_eq!(judge("ip daddr 198.51.100.53 udp dport 53 accept"), Blocked);
    assert_eq!(
        judge("ip daddr 198.51.100.54 meta l4proto { tcp, udp } th dport domain accept"),
        Blocked
    );
}

#[test]
fn a_kind_is_guessed_from_its_words() {
    assert_eq!(Kind::guess("#!/usr/sbin/nft -f\n\ntable inet t {"), Some(Kind::Nftables));
    assert_eq!(Kind::guess("# Generated by iptables-save\n*filter\n"), Some(Kind::Iptables));
    assert_eq!(Kind::guess(": Saved\nASA Version 9.1"), Some(Kind::CiscoAsa));
    assert_eq!(Kind::guess("http_port 3128"), Some(Kind::Squid));
    assert_eq!(Kind::guess("hello"), None);
}

/// Words that the readers know, so that random texts get far into them.
const WORDS: &[&str] = &[
    "table",
    "chain",
    "inet",
    "ip",
    "{",
    "}",
    ";",
    "\n",
    "type",
    "filter",
    "hook",
    "forward",
    "priority",
    "policy",
    "drop",
    "accept",
    "tcp",
    "dport",
    "443",
    "80-",
    "-",
    "@",
    "@s",
    "set",
    "elements",
    "=",
    "!=",
    "define",
    "$X",
    "X",
    "vmap",
    ":",
    ",",
    "jump",
    "goto",
    "a",
    "add",
    "rule",
    "insert",
    "element",
    "flush",
    "delete",
    "ct",
    "state",
    "new",
    "log",
    "limit",
    "meta",
    "counter",
    "update",
    "\"",
    "#",
    "\\",
    ".",
    "*filter",
    ":FORWARD",
    "-A",
    "-I",
    "FORWARD",
    "-j",
    "-m",
    "-d",
    "1.2.3.4/0",
    "::/0",
    "255.255.255.255",
    "--dports",
    "!",
    "[",
    "]",
    "access-list",
    "line",
    "0",
    "extended",
    "permit",
    "object",
    "object-group",
    "network",
    "group-object",
    "eq",
    "range",
    "gt",
    "65535",
    "access-group",
    "in",
    "interface",
    "acl",
    "src",
    "dstdomain",
    "all-of",
    "http_access",
    "allow",
    "ssl_bump",
    "peek",
    "bump",
    "http_port",
    "ssl-bump",
    "at_step",
    "SslBump1",
    "create",
    "hash:ip",
    "nftset=/a/4#inet#t#s",
    "é",
    "\u{0}",
    "18446744073709551616",
];

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::timbre);

/// Reads a text as each kind of rules; every row must get a judgement.
fn read(text: &str) {
    let _ = Kind::guess(text);
    for kind in Kind::ALL {
        let inputs = [Input { name: "x", text }, Input { name: "y", text }];
        let all = verify(kind, &inputs, &CATALOGUE, &everything(Mode::Both), &Resolved::new());
        assert!(all.len() >= CATALOGUE.endpoints().len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn no_text_makes_a_reader_fail(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn no_words_make_a_reader_fail(words in prop::collection::vec(prop::sample::select(WORDS), 0..120)) {
        read(&words.join(" "));
    }
}
