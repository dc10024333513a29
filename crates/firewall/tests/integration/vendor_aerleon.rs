//! Another generator as a judge: the same blocks and ports, written by aerleon for FortiGate, Palo
//! Alto, Juniper SRX and Windows, let out exactly the addresses and ports that our files do. Only
//! addresses are compared: aerleon writes names for one of these products and not in rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use timbre_catalogue::Catalogue;
use timbre_firewall::{Dialect, Language, Mode, Net, Policy, write};

use crate::judges;
use crate::vendor_samples::{every_kind, file};

/// What a file means: for each set of ports, the addresses, as ranges that neither meet nor touch.
type Meaning = BTreeMap<BTreeSet<u16>, Vec<(u64, u64)>>;

fn add(meaning: &mut Meaning, ports: BTreeSet<u16>, nets: impl IntoIterator<Item = Net>) {
    let ranges = meaning.entry(ports).or_default();
    ranges.extend(nets.into_iter().map(|net| match net.address() {
        std::net::IpAddr::V4(first) => {
            let first = u64::from(u32::from(first));
            (first, first + (1 << (32 - net.prefix())))
        }
        std::net::IpAddr::V6(_) => panic!("{net}: the blocks are IPv4"),
    }));
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (first, end) in ranges.drain(..) {
        match merged.last_mut() {
            Some(last) if last.1 >= first => last.1 = last.1.max(end),
            _ => merged.push((first, end)),
        }
    }
    *ranges = merged;
}

fn ports(text: &str) -> BTreeSet<u16> {
    text.split([',', ' ']).map(|port| port.parse().unwrap()).collect()
}

fn policies() -> Vec<Policy> {
    let catalogues = [every_kind(), Catalogue::connect_plus_sendpro_p()];
    let selection = judges::everything(Mode::Blocks);
    catalogues.iter().map(|catalogue| Policy::of(catalogue, &selection)).collect()
}

/// The program, in a virtual environment beside the build.
fn aclgen() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let venv = root.join("target/judges/venv");
    let program = venv.join("bin/aclgen");
    assert!(program.exists(), "{}: not there. cargo xtask setup installs it", program.display());
    program
}

/// What aerleon writes for a target, from the policy's own networks and ports.
pub(crate) fn aerleon(policy: &Policy, target: &str, file: &str) -> String {
    let mut by_ports: BTreeMap<&BTreeSet<u16>, Vec<Net>> = BTreeMap::new();
    for rule in &policy.addresses {
        by_ports.entry(&rule.ports).or_default().push(rule.net);
    }
    let mut networks = String::from("networks:\n  METER:\n    values:\n");
    for source in &policy.sources {
        writeln!(networks, "      - address: {}/{}", source.address(), source.prefix()).unwrap();
    }
    let mut services = String::from("services:\n");
    let mut terms = String::new();
    for (number, (ports, nets)) in by_ports.iter().enumerate() {
        writeln!(networks, "  NET_{number}:\n    values:").unwrap();
        for net in nets {
            writeln!(networks, "      - address: {}/{}", net.address(), net.prefix()).unwrap();
        }
        writeln!(services, "  PORT_{number}:").unwrap();
        for port in *ports {
            writeln!(services, "    - protocol: tcp\n      port: {port}").unwrap();
        }
        writeln!(
            terms,
            "      - name: term-{number}\n        source-address: METER\n        destination-address: NET_{number}\n        destination-port: PORT_{number}\n        protocol: tcp\n        action: accept"
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["def", "pol", "out"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    std::fs::write(path("def/net.yaml"), format!("{networks}{services}")).unwrap();
    let text =
        format!("filters:\n  - header:\n      targets:\n        {target}\n    terms:\n{terms}");
    std::fs::write(path("pol/p.yaml"), text).unwrap();
    let output = Command::new(aclgen())
        .current_dir(folder.path())
        .args(["--base_directory", "pol", "--policy_file", "pol/p.yaml"])
        .args(["--definitions_directory", "def", "--output_directory", "out"])
        .output()
        .unwrap();
    judges::content(&output, "aclgen");
    let written = std::fs::read_to_string(path("out").join(file));
    written.unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)))
}

fn expected(policy: &Policy) -> Meaning {
    let mut meaning = Meaning::new();
    for rule in &policy.addresses {
        add(&mut meaning, rule.ports.clone(), [rule.net]);
    }
    meaning
}

fn same(dialect: Dialect, policy: &Policy, ours: &Meaning, theirs: &Meaning) {
    assert_eq!(ours, theirs, "{dialect}, {}: aerleon lets out something else", policy.catalogue);
    assert_eq!(*ours, expected(policy), "{dialect}, {}", policy.catalogue);
}

fn ours(dialect: Dialect, policy: &Policy, name: &str) -> String {
    file(&write(dialect, policy, Language::English), name).text.clone()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// FortiGate's CLI, as much of it as addresses, groups, services and policies need.
fn read_fortigate(text: &str) -> Meaning {
    let mut objects: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut config, mut name, mut to) = ("", String::new(), Vec::new());
    let mut meaning = Meaning::new();
    for line in text.lines().map(str::trim) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, rest) {
            ("config", rest) => config = rest,
            ("edit", rest) => name = format!("{config} {}", rest.trim_matches('"')),
            ("set", rest) => match rest.split_once(' ').unwrap() {
                ("subnet", net) => {
                    let (address, mask) = net.split_once(' ').unwrap();
                    let mask: std::net::Ipv4Addr = mask.parse().unwrap();
                    let net = format!("{address}/{}", u32::from(mask).count_ones());
                    objects.insert(name.clone(), vec![net]);
                }
                ("tcp-portrange", ports) => {
                    let ports = ports.split(' ').map(str::to_owned).collect();
                    objects.insert(name.clone(), ports);
                }
                ("member", members) => {
                    let members = quoted(members).into_iter();
                    let members =
                        members.flat_map(|m| objects[&format!("firewall address {m}")].clone());
                    let members = members.collect();
                    objects.insert(name.replace("addrgrp", "address"), members);
                }
                ("dstaddr", rest) => to = quoted(rest),
                ("service", rest) if to != ["all"] && rest != "\"DNS\"" => {
                    let of = |kind: &str, names: &[String]| -> Vec<String> {
                        names.iter().flat_map(|n| objects[&format!("{kind} {n}")].clone()).collect()
                    };
                    let nets =
                        of("firewall address", &to).into_iter().map(|net| net.parse().unwrap());
                    let services = of("firewall service custom", &quoted(rest));
                    add(&mut meaning, ports(&services.join(",")), nets);
                }
                _ => {}
            },
            _ => {}
        }
    }
    meaning
}

#[test]
fn fortigate_lets_out_the_same_addresses() {
    for policy in policies() {
        let text = aerleon(&policy, "fortigate: from-zone INSIDE to-zone OUTSIDE", "p.fgacl");
        // aerleon sets the service after the destination too, but writes “srcaddr” between them.
        let ours = ours(Dialect::Fortigate, &policy, "timbre-fortigate.conf");
        same(Dialect::Fortigate, &policy, &read_fortigate(&ours), &read_fortigate(&text));
    }
}

/// The words of `set` commands, by the path before a word.
fn after<'a>(text: &'a str, path: &str) -> Vec<Vec<&'a str>> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(path));
    lines.map(|rest| rest.split(' ').filter(|word| !["[", "]"].contains(word)).collect()).collect()
}

fn read_palo_alto(text: &str) -> Meaning {
    let nets: BTreeMap<_, _> = after(text, "set address ").iter().map(|w| (w[0], w[2])).collect();
    let services: BTreeMap<_, _> =
        after(text, "set service ").iter().map(|w| (w[0], w[4])).collect();
    let mut meaning = Meaning::new();
    for group in after(text, "set address-group ") {
        let members = group[2..].iter().map(|name| nets[name].parse().unwrap());
        let rules = after(text, "set rulebase security rules ");
        let rule = rules.iter().find(|rule| rule.contains(&group[0])).unwrap();
        let service = rule.iter().position(|word| *word == "service").unwrap();
        add(&mut meaning, ports(services[rule[service + 1]]), members);
    }
    meaning
}

fn read_palo_alto_xml(text: &str) -> Meaning {
    let document = roxmltree::Document::parse(text).unwrap();
    let entries = |kind: &str| {
        let list = document.descendants().find(|node| node.has_tag_name(kind)).unwrap();
        list.children().filter(|node| node.has_tag_name("entry")).collect::<Vec<_>>()
    };
    let named = |kind: &str, name: &str| {
        entries(kind).into_iter().find(|entry| entry.attribute("name") == Some(name)).unwrap()
    };
    let below = |node: roxmltree::Node<'_, '_>, tag: &str| -> Vec<String> {
        let found = node.descendants().filter(|child| child.has_tag_name(tag));
        found.map(|child| child.text().unwrap().to_owned()).collect()
    };
    let mut meaning = Meaning::new();
    for rule in entries("rules") {
        let part = |tag: &str| rule.children().find(|child| child.has_tag_name(tag)).unwrap();
        let group = &below(part("destination"), "member")[0];
        let members = below(named("address-group", group), "member").into_iter();
        let nets =
            members.map(|name| below(named("address", &name), "ip-netmask")[0].parse().unwrap());
        let service = &below(part("service"), "member")[0];
        let service = &below(named("service", service), "port")[0];
        add(&mut meaning, ports(service), nets.collect::<Vec<_>>());
    }
    meaning
}

#[test]
fn palo_alto_lets_out_the_same_addresses() {
    for policy in policies() {
        let text = aerleon(&policy, "paloalto: from-zone INSIDE to-zone OUTSIDE", "p.xml");
        let ours = ours(Dialect::PaloAlto, &policy, "timbre-palo-alto.set");
        same(Dialect::PaloAlto, &policy, &read_palo_alto(&ours), &read_palo_alto_xml(&text));
    }
}

fn read_juniper(text: &str) -> Meaning {
    let book = "set security address-book global ";
    let nets = after(text, &format!("{book}address "));
    let nets: BTreeMap<_, _> = nets.iter().map(|words| (words[0], words[1])).collect();
    let mut meaning = Meaning::new();
    let mut sets: BTreeMap<&str, Vec<Net>> = BTreeMap::new();
    for words in after(text, &format!("{book}address-set ")) {
        sets.entry(words[0]).or_default().push(nets[words[2]].parse().unwrap());
    }
    for (name, nets) in sets {
        let terms = after(text, &format!("set applications application {name} term "));
        let ports = terms.iter().map(|words| words.last().unwrap().parse().unwrap());
        add(&mut meaning, ports.collect(), nets);
    }
    meaning
}

/// Junos' own form, with braces, as aerleon indents it.
fn read_juniper_braces(text: &str) -> Meaning {
    let words = |line: &str| -> Vec<String> {
        line.trim_end_matches([';', '{', ' ']).split_whitespace().map(str::to_owned).collect()
    };
    let mut nets: BTreeMap<String, Vec<Net>> = BTreeMap::new();
    let mut applications: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    let (mut name, mut rules, mut to) = (String::new(), Vec::new(), String::new());
    for line in text.lines().map(str::trim) {
        let words = words(line);
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["address", name, net] => {
                drop(nets.insert(name.to_owned(), vec![net.parse().unwrap()]))
            }
            ["address-set" | "application" | "application-set", of] if line.ends_with('{') => {
                name = of.to_owned();
            }
            ["address", member] => {
                let member = nets[member].clone();
                nets.entry(name.clone()).or_default().extend(member);
            }
            ["term", _, "protocol", "tcp", "destination-port", port] => {
                applications.entry(name.clone()).or_default().insert(port.parse().unwrap());
            }
            ["destination-address", "[", of, "]"] => to = of.to_owned(),
            ["application", of]
                if rules.len() < 100 && text.contains("policies") && !to.is_empty() =>
            {
                rules.push((std::mem::take(&mut to), of.to_owned()));
            }
            ["application", member] => {
                let member = applications[member].clone();
                applications.entry(name.clone()).or_default().extend(member);
            }
            _ => {}
        }
    }
    let mut meaning = Meaning::new();
    for (to, application) in rules {
        add(&mut meaning, applications[&application].clone(), nets[&to].clone());
    }
    meaning
}

#[test]
fn juniper_lets_out_the_same_addresses() {
    for policy in policies() {
        let text = aerleon(&policy, "srx: from-zone INSIDE to-zone OUTSIDE", "p.srx");
        let ours = ours(Dialect::JuniperSrx, &policy, "timbre-juniper-srx.set");
        same(Dialect::JuniperSrx, &policy, &read_juniper(&ours), &read_juniper_braces(&text));
    }
}

fn read_words(text: &str, line: &str, to: &str, port: &str) -> Meaning {
    let mut meaning = Meaning::new();
    for rule in text.lines().filter(|rule| rule.starts_with(line)) {
        let value = |key: &str| rule.split(key).nth(1).unwrap().split(' ').next().unwrap();
        if !rule.contains("timbre-dns") && value(to) != "Any" {
            add(&mut meaning, ports(value(port)), [value(to).parse().unwrap()]);
        }
    }
    meaning
}

#[test]
fn windows_lets_out_the_same_addresses() {
    for policy in policies() {
        let text = aerleon(&policy, "windows_advfirewall: out inet", "p.bat");
        let text = text.replace("/32", "");
        let theirs = read_words(&text, "netsh ", "remoteip=", "remoteport=");
        let ours = ours(Dialect::WindowsDefender, &policy, "timbre-windows-defender.ps1");
        let ours = read_words(&ours, "New-NetFirewallRule ", "-RemoteAddress ", "-RemotePort ");
        same(Dialect::WindowsDefender, &policy, &ours, &theirs);
    }
}
