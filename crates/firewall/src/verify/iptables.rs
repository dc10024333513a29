//! iptables, as `iptables-save` prints it, with `ipset save` and dnsmasq's files beside it. Each
//! table that a packet crosses must let it through. A file is of IPv6 when `ip6tables-save` signed
//! it or an address in it is.

use std::collections::BTreeMap;

use timbre_catalogue::Text;

use super::Input;
use super::dnsmasq::Feeds;
use super::flow::Condition;
use super::program::{self, Action, Chain, Program, Rule};
use super::words::{self, At};
use crate::Net;

/// The chains that a packet crosses, in order, with their tables.
const CROSSED: [(&str, &str); 7] = [
    ("raw", "PREROUTING"),
    ("mangle", "PREROUTING"),
    ("nat", "PREROUTING"),
    ("mangle", "FORWARD"),
    ("filter", "FORWARD"),
    ("mangle", "POSTROUTING"),
    ("nat", "POSTROUTING"),
];

pub(super) fn read(files: &[Input<'_>]) -> Program {
    let mut program = Program::default();
    let sets = Sets::read(files);
    for (file, input) in files.iter().enumerate() {
        let Some(first) = input.text.lines().find(|line| line.starts_with('*')) else { continue };
        let six = is_v6(input.text);
        let mut reader = Reader { file, six, table: first[1..].trim().to_owned(), sets: &sets };
        reader.read(input.text, &mut program);
    }
    for (table, chain) in CROSSED {
        for digit in ['4', '6'] {
            let key = key(digit, table, chain);
            if program.chains.contains_key(&key) {
                program.entries.push(key);
            }
        }
    }
    for digit in ['4', '6'] {
        let forward = key(digit, "filter", "FORWARD");
        if !program.chains.contains_key(&forward) {
            let mut missing = Chain::new(Action::Allow, At::default(), "");
            missing.rules.push(Rule {
                at: At::default(),
                text: Text::new(
                    format!("IPv{digit}\u{a0}: pas de table filter avec une chaîne FORWARD"),
                    format!("IPv{digit}: no table filter with a chain FORWARD"),
                )
                .into(),
                condition: Condition::Family(digit == '4'),
                action: Action::Unclear,
            });
            program.chains.insert(forward.clone(), missing);
            program.entries.push(forward);
        }
    }
    program.answers = program.entries.clone();
    program
}

fn is_v6(text: &str) -> bool {
    let addressed = |line: &str| {
        let mut words = line.split_whitespace();
        words.any(|word| words::nets(word).is_some_and(|nets| nets.iter().any(|net| !net.is_v4())))
    };
    let signed = |line: &str| line.starts_with('#') && line.contains("ip6tables-save");
    text.lines().any(|line| signed(line) || (line.starts_with("-A ") && addressed(line)))
        || text.contains("icmp6-")
}

fn key(digit: char, table: &str, chain: &str) -> String {
    format!("{digit} {table} {chain}")
}

struct Reader<'a> {
    file: usize,
    six: bool,
    table: String,
    sets: &'a Sets,
}

impl Reader<'_> {
    fn key(&self, chain: &str) -> String {
        key(if self.six { '6' } else { '4' }, &self.table, chain)
    }

    fn read(&mut self, text: &str, program: &mut Program) {
        for (number, line) in text.lines().enumerate() {
            let at = At { file: self.file, line: number + 1 };
            let line = line.trim();
            if let Some(table) = line.strip_prefix('*') {
                self.table = table.trim().to_owned();
            } else if let Some(chain) = line.strip_prefix(':') {
                self.declare(chain, at, line, program);
            } else if line.starts_with("-A ") || line.starts_with("-I ") || line.starts_with('[') {
                self.rule(line, at, program);
            } else if !(line.is_empty() || line.starts_with('#') || line == "COMMIT") {
                program.skip(at, line);
            }
        }
    }

    /// `:FORWARD DROP [0:0]`; a chain of the user's has no policy.
    fn declare(&self, chain: &str, at: At, line: &str, program: &mut Program) {
        let mut words = chain.split_whitespace();
        let (Some(name), policy) = (words.next(), words.next()) else { return };
        let end = match policy {
            Some("DROP") => Action::Block,
            _ => Action::Allow,
        };
        let silent = self.table != "filter" && end == Action::Allow;
        let mut chain = Chain::new(end, if silent { At::default() } else { at }, line);
        if policy != Some("-") {
            chain.rules.push(program::not_for(Condition::Family(self.six)));
            if self.table == "nat" {
                chain.rules.push(program::first_packet_only());
            }
        }
        program.chains.insert(self.key(name), chain);
    }

    fn rule(&self, line: &str, at: At, program: &mut Program) {
        // Counters before a rule, `[12:720]`, are those of `iptables-save -c`.
        let rule = match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((_, rest)) => rest.trim(),
            None => line,
        };
        let words = quoted_words(rule);
        let Some(name) = words.get(1) else { return program.skip(at, line) };
        let first = words[0] == "-I";
        let mut arguments = &words[2..];
        if first && arguments.first().is_some_and(|word| word.parse::<u32>().is_ok()) {
            if arguments[0] != "1" {
                return program.skip(at, line);
            }
            arguments = &arguments[1..];
        }
        let mut parsed =
            Arguments { reader: self, conditions: Vec::new(), action: Action::Continue };
        parsed.read(arguments);
        let condition = Condition::All(parsed.conditions);
        let rule = Rule { at, text: line.into(), condition, action: parsed.action };
        match program.chains.get_mut(&self.key(name)) {
            // The rules about packets that this chain is not for stay the first.
            Some(chain) if first => {
                let at = chain.rules.iter().take_while(|rule| rule.text.is_silent()).count();
                chain.rules.insert(at, rule);
            }
            Some(chain) => chain.rules.push(rule),
            None => program.skip(at, line),
        }
    }
}

/// The words of a line; quotation marks keep words together.
fn quoted_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

struct Arguments<'a> {
    reader: &'a Reader<'a>,
    conditions: Vec<Condition>,
    action: Action,
}

/// Targets that note something and let a packet go on.
const NOTES: [&str; 14] = [
    "LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TCPMSS", "SET", "TOS", "DSCP", "CLASSIFY", "TTL",
    "NOTRACK", "CT", "AUDIT",
];

impl Arguments<'_> {
    fn read(&mut self, words: &[String]) {
        let mut words = words.iter().map(String::as_str).peekable();
        let mut negated = false;
        while let Some(option) = words.next() {
            if option == "!" {
                negated = true;
                continue;
            }
            if option == "-m" || option == "--match" {
                words.next();
                continue;
            }
            if let "-j" | "--jump" | "-g" | "--goto" = option {
                let target = words.next().unwrap_or_default();
                self.action = self.target(target, option.contains('g'));
                // What follows are the target's own options.
                return;
            }
            let mut values = Vec::new();
            while let Some(value) = words.next_if(|word| !word.starts_with('-') && *word != "!") {
                values.push(value);
            }
            if let Some(condition) = self.option(option, &values) {
                self.conditions.push(if negated { condition.not() } else { condition });
            }
            negated = false;
        }
    }

    fn target(&self, target: &str, goto: bool) -> Action {
        match target {
            "ACCEPT" | "MASQUERADE" | "SNAT" => Action::Allow,
            "DROP" | "REJECT" => Action::Block,
            "RETURN" => Action::Return,
            "DNAT" | "REDIRECT" | "TPROXY" | "NFQUEUE" | "QUEUE" | "NETMAP" | "" => Action::Unclear,
            note if NOTES.contains(&note) => Action::Continue,
            chain if goto => Action::Goto(self.reader.key(chain)),
            chain => Action::Jump(self.reader.key(chain)),
        }
    }

    /// What an option asks; `None` when it asks nothing.
    fn option(&self, option: &str, values: &[&str]) -> Option<Condition> {
        let one = values.first().copied().unwrap_or_default();
        Some(match option {
            "-s" | "--source" | "--src" => nets(one).map_or(Condition::Unclear, Condition::From),
            "-d" | "--destination" | "--dst" => nets(one).map_or(Condition::Unclear, Condition::To),
            "--src-range" => nets(one).map_or(Condition::Unclear, Condition::From),
            "--dst-range" => nets(one).map_or(Condition::Unclear, Condition::To),
            "-p" | "--protocol" => protocol(one),
            "-i" | "--in-interface" | "-o" | "--out-interface" if one == "lo" => Condition::Never,
            "--dport" | "--destination-port" | "--dports" | "--destination-ports" => {
                ports(one).map_or(Condition::Unclear, Condition::ToPort)
            }
            "--sport" | "--source-port" | "--sports" | "--source-ports" => {
                ports(one).map_or(Condition::Unclear, Condition::FromPort)
            }
            // The table raw is asked before connections are tracked.
            "--ctstate" | "--state" if self.reader.table == "raw" => Condition::Unclear,
            "--ctstate" | "--state" => state(one),
            "--syn" => Condition::State(true, false),
            "--match-set" => self.reader.sets.condition(one, values.get(1).copied()),
            "--comment" | "--limit-burst" => return None,
            _ => Condition::Unclear,
        })
    }
}

fn nets(value: &str) -> Option<Vec<Net>> {
    value.split(',').map(words::nets).collect::<Option<Vec<_>>>().map(|nets| nets.concat())
}

fn ports(value: &str) -> Option<Vec<words::Ports>> {
    value.split(',').map(|ports| words::ports(ports, ':')).collect()
}

fn protocol(value: &str) -> Condition {
    match value {
        "tcp" | "6" => Condition::Protocol(true, false),
        "udp" | "17" => Condition::Protocol(false, true),
        "all" | "0" => Condition::Always,
        "icmp" | "icmpv6" | "ipv6-icmp" | "igmp" | "gre" | "esp" | "ah" | "sctp" | "ospf"
        | "vrrp" => Condition::Never,
        _ => Condition::Unclear,
    }
}

fn state(value: &str) -> Condition {
    let one = |state: &str| match state {
        "NEW" => Condition::State(true, false),
        "ESTABLISHED" => Condition::State(false, true),
        "RELATED" | "INVALID" | "UNTRACKED" => Condition::Never,
        _ => Condition::Unclear,
    };
    Condition::Any(value.split(',').map(one).collect())
}

/// The sets of ipset, and the names that dnsmasq feeds them with.
struct Sets {
    sets: BTreeMap<String, Set>,
    feeds: Feeds,
}

#[derive(Default)]
struct Set {
    nets: Vec<Net>,
    /// Understood as a whole.
    known: bool,
    /// Filled while the firewall runs.
    changes: bool,
}

impl Sets {
    fn read(files: &[Input<'_>]) -> Sets {
        let mut sets: BTreeMap<String, Set> = BTreeMap::new();
        for line in files.iter().flat_map(|file| file.text.lines()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["create", name, kind, ..] => {
                    let known = matches!(kind, "hash:ip" | "hash:net");
                    let changes = words.contains(&"timeout");
                    sets.insert(name.to_owned(), Set { nets: Vec::new(), known, changes });
                }
                ["add", name, element, ..] => {
                    let set = sets.entry(name.to_owned()).or_default();
                    match words::nets(element).filter(|_| !words.contains(&"nomatch")) {
                        Some(nets) => set.nets.extend(nets),
                        None => set.known = false,
                    }
                }
                _ => {}
            }
        }
        Sets { sets, feeds: Feeds::read(files) }
    }

    fn condition(&self, name: &str, direction: Option<&str>) -> Condition {
        let (Some(set), Some(direction @ ("src" | "dst"))) = (self.sets.get(name), direction)
        else {
            return Condition::Unclear;
        };
        // An exception, or an element of another kind, changes what the whole set means.
        if !set.known {
            return Condition::Unclear;
        }
        let to = direction == "dst";
        let nets = set.nets.clone();
        let mut any = vec![if to { Condition::To(nets) } else { Condition::From(nets) }];
        match self.feeds.of_set(name) {
            Some(names) if to => any.push(Condition::ToName(names.clone())),
            Some(names) => any.push(Condition::FromName(names.clone())),
            None if set.changes => any.push(Condition::Unclear),
            None => {}
        }
        Condition::Any(any)
    }
}
