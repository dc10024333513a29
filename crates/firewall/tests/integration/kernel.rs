//! The readers against the kernel. Random rules are loaded on a real router between two network
//! namespaces and a real connection is tried through it: what the reader calls allowed must get
//! through, and what it calls blocked must not.

use std::fmt::Write as _;
use std::path::Path;

use tempfile::tempdir;
use timbre_catalogue::{Catalogue, Scheme};
use timbre_firewall::{Dialect, Input, Kind, Mode, Resolved, Verdict, verify};

use crate::judges::{content, everything, in_a_namespace, rules, save};
use crate::router::{ECHO, on_a_router};

/// For each line it reads: tries both ports at once, and says which echoed.
const CLIENT: &str = "
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def reach(port):
    try:
        with socket.create_connection(('203.0.113.10', port), timeout=0.4) as s:
            s.sendall(b'x')
            return s.recv(1) == b'x'
    except OSError:
        return False
with ThreadPoolExecutor(2) as pool:
    for line in sys.stdin:
        print(*map(int, pool.map(reach, (443, 80))), flush=True)
";

/// Loads each file on the router and asks the client.
const DRIVER: &str = "
import subprocess, sys
server = subprocess.Popen(['nsenter', '-t', sys.argv[2], '-n', 'python3', '-c', sys.argv[4]], stdout=subprocess.PIPE)
server.stdout.readline()
client = subprocess.Popen(['nsenter', '-t', sys.argv[1], '-n', 'python3', '-c', sys.argv[3]],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
try:
    for path in sys.argv[5:]:
        subprocess.run(['nft', 'flush', 'ruleset'], check=True)
        tool = ['iptables-restore', path] if path.endswith('.v4') else ['nft', '-f', path]
        # Random rules may contradict themselves, such as tcp and udp at once: nft refuses them.
        if subprocess.run(tool).returncode:
            print('refused', flush=True)
            continue
        client.stdin.write('go\\n'); client.stdin.flush()
        print(client.stdout.readline().strip(), flush=True)
finally:
    client.kill(); server.kill()
";

/// Which of HTTPS and HTTP really get through each file; none for a file that is refused.
fn real(folder: &Path, files: &[String]) -> Vec<Option<[bool; 2]>> {
    for (name, text) in [("server.py", ECHO), ("client.py", CLIENT), ("driver.py", DRIVER)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let script = format!(
        "python3 driver.py $meter $far \"$(cat client.py)\" \"$(cat server.py)\" {}",
        files.join(" ")
    );
    let said = on_a_router(folder, &script);
    let result = |line: &str| {
        let (secure, clear) = line.split_once(' ')?;
        Some([secure == "1", clear == "1"])
    };
    let results: Vec<Option<[bool; 2]>> = said.lines().map(result).collect();
    assert_eq!(results.len(), files.len(), "{said}");
    results
}

/// What the reader says of HTTPS and of HTTP to the same host.
fn judged(kind: Kind, text: &str) -> [Verdict; 2] {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let host = "cometservc1.pb.com".to_owned();
    let resolved = Resolved::from([(host, vec!["203.0.113.10".parse().unwrap()])]);
    let input = [Input { name: "rules", text }];
    let all = verify(kind, &input, &catalogue, &everything(Mode::Names), &resolved);
    [Scheme::Https, Scheme::Http].map(|scheme| {
        let mut of_row = all.iter().filter(|one| one.endpoint.as_str() == "comet.funds");
        of_row.find(|one| one.target.scheme == scheme).unwrap().verdict
    })
}

/// Rules and reality: never a contradiction, seldom an “unknown”, and both verdicts in plenty.
fn compare(kind: Kind, extension: &str, texts: &[String]) {
    let folder = tempdir().unwrap();
    let name = |number: usize| format!("{number:03}.{extension}");
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(folder.path().join(name(number)), text).unwrap();
    }
    let files: Vec<String> = (0..texts.len()).map(name).collect();
    let (mut allowed, mut blocked, mut unknown) = (0, 0, 0);
    for (text, real) in texts.iter().zip(real(folder.path(), &files)) {
        let Some(real) = real else { continue };
        for ((verdict, real), port) in judged(kind, text).into_iter().zip(real).zip([443, 80]) {
            match verdict {
                Verdict::Allowed => allowed += 1,
                Verdict::Blocked => blocked += 1,
                Verdict::Unknown => unknown += 1,
            }
            let contradiction = match verdict {
                Verdict::Allowed => !real,
                Verdict::Blocked => real,
                Verdict::Unknown => false,
            };
            assert!(!contradiction, "port {port}: {verdict:?}, but really {real}\n{text}");
        }
    }
    let all = allowed + blocked + unknown;
    assert!(all > texts.len(), "more than half of the rules are loaded");
    println!("{kind:?}: {allowed} allowed, {blocked} blocked, {unknown} unknown");
    assert!(allowed * 8 > all, "{allowed} allowed of {all}");
    assert!(blocked * 8 > all, "{blocked} blocked of {all}");
    assert!(unknown * 8 < all, "{unknown} unknown of {all}");
}

/// The same numbers in every run, so that a failure can be found again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const NFT_CONDITIONS: &[&str] = &[
    "ip daddr 203.0.113.10",
    "ip daddr 203.0.113.0/24",
    "ip daddr { 203.0.113.9, 203.0.113.10 }",
    "ip daddr != 203.0.113.10",
    "ip daddr 203.0.113.8-203.0.113.11",
    "ip daddr @some",
    "ip saddr @some",
    "ip saddr 198.51.100.0/24",
    "ip saddr != 198.51.100.10",
    "tcp dport 443",
    "tcp dport { 80, 443 }",
    "tcp dport != 80",
    "tcp dport 400-500",
    "tcp dport $WEB",
    "tcp sport { 80, 443 }",
    "tcp sport 1024-65535",
    "udp dport 443",
    "meta l4proto tcp",
    "meta l4proto { tcp, udp } th dport 443",
    "ip daddr . tcp dport { 203.0.113.10 . 443, 203.0.113.11 . 80 }",
    "ct state new",
    "ct state established,related",
    "ct state { new, established }",
    "ct state != new",
    "meta nfproto ipv4",
    "ip6 daddr ::/0",
    "icmp type echo-request",
    "ip protocol tcp",
];

const NFT_VERDICTS: &[&str] = &[
    "accept",
    "accept",
    "accept",
    "drop",
    "reject",
    "reject with tcp reset",
    "return",
    "continue",
    "counter",
    "log prefix \"x \" accept",
    "counter accept comment \"a drop\"",
];

fn nft_rule(dice: &mut Dice, jumps: &[&str]) -> String {
    let mut rule = String::from("  ");
    for _ in 0..dice.roll(3) {
        write!(rule, "{} ", dice.pick(NFT_CONDITIONS)).unwrap();
    }
    let verdict = match (dice.roll(6), jumps) {
        (0, [_, ..]) => format!("jump {}", dice.pick(jumps)),
        (1, [_, ..]) => format!("goto {}", dice.pick(jumps)),
        (2, _) if dice.roll(2) == 0 => "tcp dport vmap { 80 : drop, 443 : accept }".to_owned(),
        (2, _) => "ct state vmap { established : accept, invalid : drop }".to_owned(),
        // Resets are of TCP only.
        _ => match dice.pick(NFT_VERDICTS) {
            reset if reset.contains("reset") => format!("meta l4proto tcp {reset}"),
            verdict => verdict.to_owned(),
        },
    };
    rule + &verdict + "\n"
}

fn nft_rules(dice: &mut Dice, jumps: &[&str]) -> String {
    (0..dice.roll(5)).map(|_| nft_rule(dice, jumps)).collect()
}

fn nft_ruleset(dice: &mut Dice) -> String {
    let mut text = String::from(
        "define WEB = { 80, 443 }\ntable inet t {\n set some {\n  type ipv4_addr; flags interval\n  elements = { 203.0.113.10,\n   198.51.100.0/25 }\n }\n",
    );
    for (chain, jumps) in [("c2", &[][..]), ("c1", &["c2"])] {
        write!(text, " chain {chain} {{\n{} }}\n", nft_rules(dice, jumps)).unwrap();
    }
    for (hook, priority) in [
        ("forward", "filter"),
        ("forward", "filter + 10"),
        ("prerouting", "mangle"),
        ("prerouting", "raw"),
    ] {
        if priority != "filter" && dice.roll(4) > 0 {
            continue;
        }
        let policy = dice.pick(&["accept", "drop"]);
        let established = ["", "  ct state established accept\n"][dice.roll(2)];
        let name = format!("b{}", priority.replace([' ', '+'], ""));
        let rules = nft_rules(dice, &["c1", "c2"]);
        writeln!(
            text,
            " chain {name} {{\n  type filter hook {hook} priority {priority}; policy {policy};\n{established}{rules} }}"
        )
        .unwrap();
    }
    text + "}\n"
}

#[test]
fn nftables_means_to_the_reader_what_it_means_to_the_kernel() {
    let mut dice = Dice(20_261_124);
    let texts: Vec<String> = (0..80).map(|_| nft_ruleset(&mut dice)).collect();
    compare(Kind::Nftables, "nft", &texts);
}

const IPT_CONDITIONS: &[&str] = &[
    "-d 203.0.113.10/32",
    "-d 203.0.113.0/24",
    "! -d 203.0.113.10/32",
    "-s 198.51.100.0/24",
    "! -s 198.51.100.10/32",
    "-p tcp -m tcp --dport 443",
    "-p tcp -m tcp ! --dport 80",
    "-p tcp -m tcp --dport 400:500",
    "-p tcp -m multiport --dports 80,443",
    "-p tcp -m multiport --sports 80,443",
    "-p udp -m udp --dport 443",
    "-p tcp",
    "-m conntrack --ctstate NEW",
    "-m conntrack --ctstate RELATED,ESTABLISHED",
    "-m conntrack ! --ctstate NEW",
    "-m iprange --dst-range 203.0.113.8-203.0.113.11",
    "-m comment --comment \"a -j DROP\"",
];

const IPT_TARGETS: &[&str] = &[
    "ACCEPT",
    "ACCEPT",
    "DROP",
    "REJECT --reject-with icmp-port-unreachable",
    "RETURN",
    "LOG --log-prefix \"x \"",
    "",
];

fn ipt_rules(dice: &mut Dice, chain: &str, jumps: &[&str]) -> String {
    let mut text = String::new();
    for _ in 0..dice.roll(5) {
        write!(text, "-A {chain}").unwrap();
        if dice.roll(4) > 0 {
            write!(text, " {}", dice.pick(IPT_CONDITIONS)).unwrap();
        }
        let target = match (dice.roll(4), jumps) {
            (0, [_, ..]) => format!("-j {}", dice.pick(jumps)),
            (1, [_, ..]) => format!("-g {}", dice.pick(jumps)),
            _ => match dice.pick(IPT_TARGETS) {
                "" => String::new(),
                target => format!("-j {target}"),
            },
        };
        writeln!(text, " {target}").unwrap();
    }
    text
}

fn ipt_ruleset(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.roll(3) == 0 {
        let rules = ipt_rules(dice, "PREROUTING", &[])
            .replace("REJECT --reject-with icmp-port-unreachable", "DROP");
        write!(text, "*mangle\n:PREROUTING ACCEPT [0:0]\n{rules}COMMIT\n").unwrap();
    }
    let policy = dice.pick(&["ACCEPT", "DROP"]);
    let established = ["", "-A FORWARD -m state --state ESTABLISHED -j ACCEPT\n"][dice.roll(2)];
    let (main, c1, c2) = (
        ipt_rules(dice, "FORWARD", &["c1", "c2"]),
        ipt_rules(dice, "c1", &["c2"]),
        ipt_rules(dice, "c2", &[]),
    );
    write!(
        text,
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n:c1 - [0:0]\n:c2 - [0:0]\n{established}{main}{c1}{c2}COMMIT\n"
    )
    .unwrap();
    text
}

#[test]
fn iptables_means_to_the_reader_what_it_means_to_the_kernel() {
    let mut dice = Dice(20_261_124);
    let texts: Vec<String> = (0..80).map(|_| ipt_ruleset(&mut dice)).collect();
    compare(Kind::Iptables, "v4", &texts);
}

/// What a tool prints of the rules that it has loaded.
fn printed(folder: &Path, script: &str) -> String {
    let output = in_a_namespace(&format!("cd {}\n{script}", folder.display()));
    content(&output, script);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_the_tools_print_of_our_rules_is_read_back_as_allowed() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    for mode in Mode::ALL {
        let selection = everything(mode);
        for (kind, dialect, names, script) in [
            (
                Kind::Nftables,
                Dialect::Nftables,
                "timbre-dnsmasq.conf",
                "nft -f timbre.nft; nft list ruleset",
            ),
            (
                Kind::Iptables,
                Dialect::Iptables,
                "timbre-ipset.conf",
                "test ! -e timbre.ipset || ipset restore < timbre.ipset
                iptables-restore timbre.v4; iptables-save -c; ipset save",
            ),
        ] {
            let folder = tempdir().unwrap();
            let rules = rules(dialect, &catalogue, &selection);
            save(&rules, folder.path());
            let printed = printed(folder.path(), script);
            let dnsmasq = std::fs::read_to_string(folder.path().join(names)).unwrap_or_default();
            // ipset's lines stand after those of iptables; each reader takes what is its own.
            let (filter, sets) = printed.split_at(printed.find("create ").unwrap_or(printed.len()));
            let inputs = [("printed", filter), ("sets", sets), ("names", &dnsmasq)]
                .map(|(name, text)| Input { name, text });
            for judgement in verify(kind, &inputs, &catalogue, &selection, &Resolved::new()) {
                let closed =
                    rules.cannot.iter().any(|limit| limit.endpoints.contains(&judgement.endpoint));
                let wanted = if closed { Verdict::Blocked } else { Verdict::Allowed };
                assert!(
                    judgement.verdict == wanted
                        || (closed && judgement.verdict == Verdict::Unknown),
                    "{kind:?} {mode}: {judgement:#?}\n{printed}"
                );
            }
        }
    }
}
