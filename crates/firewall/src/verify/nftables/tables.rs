//! The tables of an nftables file, as its commands leave them: chains with their rules still in
//! words, and sets with their elements.

use std::collections::BTreeMap;

use super::super::words::At;
use super::tokens::{END, Token};

/// Tables by family and name.
pub(super) type Tables = BTreeMap<(String, String), Table>;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Table {
    pub(super) chains: BTreeMap<String, Chain>,
    pub(super) sets: BTreeMap<String, Set>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Chain {
    pub(super) at: At,
    pub(super) base: Option<Base>,
    pub(super) policy_drop: bool,
    pub(super) rules: Vec<Vec<Token>>,
}

/// Where the kernel calls a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Base {
    pub(super) kind: String,
    pub(super) hook: String,
    pub(super) priority: i64,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Set {
    pub(super) elements: Vec<Vec<Token>>,
    /// Filled by somebody while the firewall runs.
    pub(super) changes: bool,
}

/// Reads commands until the end; `skipped` is told what was not understood.
pub(super) fn read(tokens: &[Token], skipped: &mut dyn FnMut(At, String)) -> Tables {
    let mut reader = Reader { tokens, next: 0, tables: Tables::new() };
    while reader.next < tokens.len() {
        let from = reader.next;
        if reader.take(END).is_some() {
            continue;
        }
        if !reader.command() {
            let token = &tokens[from];
            skipped(token.at, words(reader.rest_of(from)));
        }
        // Whatever happened, the next command begins after this one.
        reader.next = reader.next.max(from + 1);
    }
    reader.tables
}

/// Words as a person would write them.
pub(super) fn words(tokens: &[Token]) -> String {
    let words = tokens.iter().filter(|token| !token.is(END)).map(|token| token.text.as_str());
    words.take(40).collect::<Vec<_>>().join(" ")
}

struct Reader<'a> {
    tokens: &'a [Token],
    next: usize,
    tables: Tables,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn word(&mut self) -> Option<&'a str> {
        let token = self.peek().filter(|token| !token.is(END))?;
        self.next += 1;
        Some(&token.text)
    }

    fn take(&mut self, text: &str) -> Option<&'a Token> {
        let token = self.peek().filter(|token| token.is(text))?;
        self.next += 1;
        Some(token)
    }

    /// The words of the command that began at `from`; the cursor goes to its end.
    fn rest_of(&mut self, from: usize) -> &'a [Token] {
        let mut depth = 0_usize;
        let mut end = from;
        while let Some(token) = self.tokens.get(end) {
            match token.text.as_str() {
                "{" if !token.quoted => depth += 1,
                "}" if !token.quoted => depth = depth.saturating_sub(1),
                END if depth == 0 => break,
                _ => {}
            }
            end += 1;
        }
        self.next = end;
        &self.tokens[from..end]
    }

    /// Statements between braces, the opening one already taken; the closing one is taken too.
    fn statements(&mut self) -> Vec<Vec<Token>> {
        let mut statements = Vec::new();
        let mut statement: Vec<Token> = Vec::new();
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            self.next += 1;
            match token.text.as_str() {
                "}" if !token.quoted && depth == 0 => break,
                END if depth == 0 && !token.quoted => {
                    if !statement.is_empty() {
                        statements.push(core::mem::take(&mut statement));
                    }
                    continue;
                }
                END if !token.quoted => continue,
                "{" if !token.quoted => depth += 1,
                "}" if !token.quoted => depth -= 1,
                _ => {}
            }
            statement.push(token.clone());
        }
        if !statement.is_empty() {
            statements.push(statement);
        }
        statements
    }

    fn family(&mut self) -> String {
        const FAMILIES: [&str; 6] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
        match self.peek() {
            Some(token) if FAMILIES.contains(&token.text.as_str()) => {
                self.next += 1;
                token.text.clone()
            }
            _ => "ip".to_owned(),
        }
    }

    fn key(&mut self) -> Option<(String, String)> {
        let family = self.family();
        Some((family, self.word()?.to_owned()))
    }

    fn command(&mut self) -> bool {
        let Some(verb) = self.word() else { return true };
        let done = match verb {
            "table" => self.table(),
            "add" | "create" => self.add(false),
            "insert" => self.add(true),
            "flush" => self.flush(),
            "delete" | "destroy" => self.delete(),
            "list" | "reset" | "undefine" | "monitor" => {
                self.rest_of(self.next);
                Some(())
            }
            _ => None,
        };
        done.is_some() && self.peek().is_none_or(|token| token.is(END))
    }

    fn table(&mut self) -> Option<()> {
        let key = self.key()?;
        let mut table = self.tables.remove(&key).unwrap_or_default();
        let mut sound = true;
        if self.take("{").is_some() {
            sound = self.body(&mut table);
        }
        self.tables.insert(key, table);
        sound.then_some(())
    }

    /// What stands between the braces of a table.
    fn body(&mut self, table: &mut Table) -> bool {
        let mut sound = true;
        while let Some(token) = self.peek() {
            if self.take("}").is_some() {
                return sound;
            }
            self.next += 1;
            match token.text.as_str() {
                END => {}
                "chain" => sound &= self.chain_block(table).is_some(),
                "set" | "map" => sound &= self.set_block(table).is_some(),
                "comment" => self.next += 1,
                "counter" | "limit" | "quota" | "ct" | "flowtable" | "synproxy" | "secmark" => {
                    while self.peek().is_some_and(|token| !token.is("{") && !token.is(END)) {
                        self.next += 1;
                    }
                    if self.take("{").is_some() {
                        self.statements();
                    }
                }
                // A dormant table decides nothing; whatever else this is, a person reads it.
                _ => sound = false,
            }
        }
        false
    }

    fn chain_block(&mut self, table: &mut Table) -> Option<()> {
        let at = self.peek()?.at;
        let name = self.word()?.to_owned();
        let chain = table.chains.entry(name).or_insert_with(|| Chain { at, ..Chain::default() });
        self.take("{")?;
        for statement in self.statements() {
            chain.add(statement);
        }
        Some(())
    }

    fn set_block(&mut self, table: &mut Table) -> Option<()> {
        let name = self.word()?.to_owned();
        self.take("{")?;
        let set = table.sets.entry(name).or_default();
        for statement in self.statements() {
            set.add(&statement);
        }
        Some(())
    }

    fn add(&mut self, first: bool) -> Option<()> {
        match self.word()? {
            "table" => self.table(),
            "chain" => {
                let key = self.key()?;
                let at = self.peek()?.at;
                let name = self.word()?.to_owned();
                let body = if self.take("{").is_some() { self.statements() } else { Vec::new() };
                let chains = &mut self.tables.entry(key).or_default().chains;
                let chain = chains.entry(name).or_insert_with(|| Chain { at, ..Chain::default() });
                body.into_iter().for_each(|statement| chain.add(statement));
                Some(())
            }
            "rule" => {
                let (key, chain) = (self.key()?, self.word()?.to_owned());
                let placed = |t: &Token| ["position", "handle", "index"].iter().any(|w| t.is(w));
                if self.peek().is_some_and(placed) {
                    return None;
                }
                let rule: Vec<Token> = self
                    .rest_of(self.next)
                    .iter()
                    .filter(|token| !token.is(END))
                    .cloned()
                    .collect();
                let chain = self.tables.entry(key).or_default().chains.entry(chain).or_default();
                let at = if first { 0 } else { chain.rules.len() };
                chain.rules.insert(at, rule);
                Some(())
            }
            "set" | "map" => {
                let (key, name) = (self.key()?, self.word()?.to_owned());
                let mut set = Set::default();
                if self.take("{").is_some() {
                    self.statements().iter().for_each(|statement| set.add(statement));
                }
                self.tables.entry(key).or_default().sets.entry(name).or_insert(set);
                Some(())
            }
            "element" => {
                let (key, name) = (self.key()?, self.word()?.to_owned());
                self.take("{")?;
                let elements = elements(&self.statements().concat());
                let set = self.tables.entry(key).or_default().sets.entry(name).or_default();
                set.elements.extend(elements);
                Some(())
            }
            _ => None,
        }
    }

    fn flush(&mut self) -> Option<()> {
        match self.word()? {
            "ruleset" => self.tables.clear(),
            "table" => {
                let key = self.key()?;
                if let Some(table) = self.tables.get_mut(&key) {
                    table.chains.values_mut().for_each(|chain| chain.rules.clear());
                }
            }
            "chain" => {
                let (key, name) = (self.key()?, self.word()?);
                if let Some(chain) = self.tables.get_mut(&key).and_then(|t| t.chains.get_mut(name))
                {
                    chain.rules.clear();
                }
            }
            "set" | "map" => {
                let (key, name) = (self.key()?, self.word()?);
                if let Some(set) = self.tables.get_mut(&key).and_then(|t| t.sets.get_mut(name)) {
                    set.elements.clear();
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn delete(&mut self) -> Option<()> {
        match self.word()? {
            "table" => {
                let key = self.key()?;
                self.tables.remove(&key);
            }
            "chain" => {
                let (key, name) = (self.key()?, self.word()?);
                self.tables.get_mut(&key)?.chains.remove(name);
            }
            "set" | "map" => {
                let (key, name) = (self.key()?, self.word()?);
                self.tables.get_mut(&key)?.sets.remove(name);
            }
            _ => return None,
        }
        Some(())
    }
}

impl Chain {
    fn add(&mut self, statement: Vec<Token>) {
        let Some(first) = statement.first() else { return };
        let word = |at: usize| statement.get(at).map_or("", |token| token.text.as_str());
        if first.is("type") && word(2) == "hook" {
            self.at = first.at;
            let (kind, hook) = (word(1).to_owned(), word(3).to_owned());
            self.base = Some(Base { kind, hook, priority: priority(&statement) });
        } else if first.is("policy") {
            self.policy_drop = word(1) != "accept";
            self.at = first.at;
        } else if !(first.is("comment") || first.is("flags") || first.is("devices")) {
            self.rules.push(statement);
        }
    }
}

/// `priority filter + 10`; a name that is not known counts as that of filters.
fn priority(statement: &[Token]) -> i64 {
    let after = statement.iter().skip_while(|token| !token.is("priority")).skip(1);
    let text: String = after.map(|token| token.text.as_str()).collect();
    let names = [
        ("raw", -300),
        ("mangle", -150),
        ("dstnat", -100),
        ("filter", 0),
        ("security", 50),
        ("srcnat", 100),
    ];
    let (base, rest) = names
        .into_iter()
        .find_map(|(name, value)| text.strip_prefix(name).map(|rest| (value, rest)))
        .unwrap_or((0, &text));
    base + rest.trim_start_matches('+').parse::<i64>().unwrap_or(0).clamp(-1_000_000, 1_000_000)
}

impl Set {
    fn add(&mut self, statement: &[Token]) {
        match statement.first() {
            Some(first) if first.is("elements") => self.elements.extend(elements(statement)),
            Some(first) if first.is("flags") => {
                self.changes |= statement.iter().any(|t| t.is("dynamic") || t.is("timeout"));
            }
            _ => {}
        }
    }
}

/// The elements of `= { a, b timeout 1d }`, each by its words; inner braces are opened.
pub(super) fn elements(tokens: &[Token]) -> Vec<Vec<Token>> {
    let mut elements = vec![Vec::new()];
    for token in tokens {
        match token.text.as_str() {
            _ if token.quoted => {}
            "{" | "}" | "=" | "elements" | END => {}
            "," => elements.push(Vec::new()),
            _ => {
                if let Some(last) = elements.last_mut() {
                    last.push(token.clone());
                }
            }
        }
    }
    elements.retain(|element| !element.is_empty());
    elements
}
