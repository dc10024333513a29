//! One rule of nftables, from words to a condition and a verdict. A word that is not known makes
//! the condition unclear; a rule without a known verdict after it is unclear as a whole.

use super::super::dnsmasq::Feeds;
use super::super::flow::Condition;
use super::super::program::{Action, Rule};
use super::field::{Field, field};
use super::tables::{Set, Table, elements, words};
use super::tokens::Token;

/// The table that a rule stands in.
pub(super) struct Scope<'a> {
    pub(super) family: &'a str,
    pub(super) name: &'a str,
    pub(super) table: &'a Table,
    pub(super) feeds: &'a Feeds,
    /// Whether the chain is called before connections are tracked: what it says of their states,
    /// itself or by a chain that it calls, is not judged.
    pub(super) early: bool,
}

pub(super) fn chain_key(family: &str, table: &str, chain: &str) -> String {
    format!("{family} {table} {chain}")
}

impl Scope<'_> {
    pub(super) fn chain(&self, name: &str) -> String {
        chain_key(self.family, self.name, name)
    }
}

/// The rules that one rule of nftables comes to; a verdict map is several.
pub(super) fn lower(scope: &Scope<'_>, tokens: &[Token]) -> Vec<Rule> {
    let mut parser = Parser { scope, tokens, next: 0, conditions: Vec::new(), cases: Vec::new() };
    let mut action = parser.statements();
    if scope.early {
        if tokens.iter().any(|token| token.is("ct")) {
            parser.conditions = vec![Condition::Unclear];
            parser.cases.iter_mut().for_each(|(condition, _)| *condition = Condition::Unclear);
        }
        if let Action::Jump(_) | Action::Goto(_) = action {
            action = Action::Unclear;
        }
    }
    let (at, text) = (tokens.first().map_or_else(Default::default, |t| t.at), words(tokens));
    let base = parser.conditions;
    let case = |(extra, action): (Condition, Action)| {
        let mut all = base.clone();
        all.push(extra);
        Rule { at, text: text.as_str().into(), condition: Condition::All(all), action }
    };
    let mut rules: Vec<Rule> = parser.cases.into_iter().map(case).collect();
    if rules.is_empty() || action != Action::Continue {
        rules.push(Rule { at, text: text.into(), condition: Condition::All(base), action });
    }
    rules
}

struct Parser<'a> {
    scope: &'a Scope<'a>,
    tokens: &'a [Token],
    next: usize,
    conditions: Vec<Condition>,
    /// The entries of a verdict map.
    cases: Vec<(Condition, Action)>,
}

/// Words after which nothing follows that changes a verdict.
const VERDICTS: [&str; 13] = [
    "accept",
    "drop",
    "reject",
    "return",
    "continue",
    "jump",
    "goto",
    "queue",
    "masquerade",
    "snat",
    "dnat",
    "redirect",
    "tproxy",
];

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn at_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.next += usize::from(found);
        found
    }

    fn statements(&mut self) -> Action {
        while let Some(token) = self.peek() {
            if VERDICTS.iter().any(|verdict| token.is(verdict)) {
                return self.verdict();
            }
            let before = self.next;
            if self.harmless() || self.comparison() {
                debug_assert!(self.next > before, "a statement has words");
                continue;
            }
            self.conditions.push(Condition::Unclear);
            while self.peek().is_some_and(|t| !VERDICTS.iter().any(|verdict| t.is(verdict))) {
                self.next += 1;
            }
            if self.peek().is_none() {
                return Action::Unclear;
            }
        }
        Action::Continue
    }

    fn verdict(&mut self) -> Action {
        let word = self.peek().map_or("", |token| token.text.as_str());
        self.next += 1;
        let target = self.peek().map(|token| token.text.as_str());
        action(self.scope, word, target)
    }

    /// Statements that count, log, or mark; a limit lets through what it pleases.
    fn harmless(&mut self) -> bool {
        let Some(token) = self.peek() else { return false };
        if token.quoted {
            return false;
        }
        match token.text.as_str() {
            "counter" => {
                self.next += 1;
                while self.peek().is_some_and(|t| t.is("packets") || t.is("bytes") || t.is("name"))
                {
                    self.next += 2;
                }
            }
            "comment" => self.next += 2,
            "notrack" => self.next += 1,
            "log" => {
                self.next += 1;
                let options = ["prefix", "group", "level", "snaplen", "queue-threshold"];
                while self.peek().is_some_and(|t| options.iter().any(|option| t.is(option))) {
                    self.next += 2;
                }
            }
            "limit" => {
                self.next += 1;
                self.conditions.push(Condition::Unclear);
                let words =
                    ["rate", "over", "burst", "packets", "bytes", "kbytes", "mbytes", "name"];
                let of_limit = |t: &Token| {
                    t.quoted
                        || t.text.starts_with(|c: char| c.is_ascii_digit())
                        || words.iter().any(|word| t.is(word))
                        || t.text.contains("bytes/")
                };
                while self.peek().is_some_and(of_limit) {
                    self.next += 1;
                }
            }
            "update" | "add" | "delete" if self.learns() => self.braces(),
            "meta" | "ct" if self.tokens.get(self.next + 2).is_some_and(|t| t.is("set")) => {
                self.next += 4;
            }
            _ => return false,
        }
        true
    }

    /// `update @set {`: the cursor goes to the brace.
    fn learns(&mut self) -> bool {
        let word = |at: usize| self.tokens.get(self.next + at);
        let found =
            word(1).is_some_and(|t| t.text.starts_with('@')) && word(2).is_some_and(|t| t.is("{"));
        self.next += if found { 2 } else { 0 };
        found
    }

    /// Everything to the closing brace.
    fn braces(&mut self) {
        let _ = self.braced();
    }

    fn braced(&mut self) -> &'a [Token] {
        let from = self.next;
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            self.next += 1;
            depth += usize::from(token.is("{"));
            depth -= usize::from(token.is("}") && depth > 0);
            if depth == 0 {
                break;
            }
        }
        &self.tokens[from..self.next]
    }

    /// `ip daddr 192.0.2.0/24`, `tcp dport { 80, 443 }`, `ip daddr . tcp dport @set`.
    fn comparison(&mut self) -> bool {
        let from = self.next;
        let mut fields: Vec<Field> = Vec::new();
        loop {
            let rest = &self.tokens[self.next.min(self.tokens.len())..];
            let Some((one, length)) = field(rest) else {
                self.next = from;
                return false;
            };
            fields.push(one);
            self.next += length;
            if !self.take(".") {
                break;
            }
        }
        let differs = self.take("!=");
        let _equals = self.take("==");
        if self.take("vmap") {
            self.map(&fields);
            return true;
        }
        let Some(value) = self.value(&fields) else {
            self.next = from;
            return false;
        };
        let implied = fields.iter().filter_map(Field::implied);
        self.conditions.extend(implied);
        self.conditions.push(if differs { value.not() } else { value });
        true
    }

    fn map(&mut self, fields: &[Field]) {
        let entries = match self.peek() {
            Some(token) if token.is("{") => elements(self.braced()),
            Some(token) => {
                self.next += 1;
                let set =
                    token.text.strip_prefix('@').and_then(|name| self.scope.table.sets.get(name));
                match set {
                    Some(set) if !set.changes => set.elements.clone(),
                    _ => Vec::new(),
                }
            }
            None => Vec::new(),
        };
        if entries.is_empty() {
            self.cases.push((Condition::Unclear, Action::Unclear));
        }
        self.conditions.extend(fields.iter().filter_map(Field::implied));
        for entry in entries {
            let mut halves = entry.split(|token| token.is(":"));
            let (key, verdict) = (halves.next().unwrap_or_default(), halves.next());
            let verdict = verdict.unwrap_or_default();
            let condition = element(fields, key);
            let word = verdict.first().map_or("", |token| token.text.as_str());
            let target = verdict.get(1).map(|token| token.text.as_str());
            self.cases.push((condition, action(self.scope, word, target)));
        }
    }

    fn value(&mut self, fields: &[Field]) -> Option<Condition> {
        let token = self.peek()?;
        if token.is("{") {
            let elements = elements(self.braced());
            return Some(Condition::Any(elements.iter().map(|e| element(fields, e)).collect()));
        }
        if !token.quoted && ["<", ">", "<=", ">=", "&", "|", "(", "}", ","].contains(&&*token.text)
        {
            return None;
        }
        if let Some(name) = token.text.strip_prefix('@') {
            self.next += 1;
            return Some(self.set(name, fields));
        }
        // A list without braces, `established,related`, or the parts of a concatenation.
        let mut elements: Vec<Vec<Token>> = vec![Vec::new()];
        loop {
            let token = self.peek()?.clone();
            self.next += 1;
            elements.last_mut()?.push(token);
            if self.take(",") {
                elements.push(Vec::new());
            } else if self.at_word(".") {
                let dot = self.peek()?.clone();
                self.next += 1;
                elements.last_mut()?.push(dot);
            } else {
                break;
            }
        }
        if self.at_word("&") || self.at_word("|") {
            return None;
        }
        Some(Condition::Any(elements.iter().map(|e| element(fields, e)).collect()))
    }

    fn set(&self, name: &str, fields: &[Field]) -> Condition {
        let Some(set) = self.scope.table.sets.get(name) else { return Condition::Unclear };
        let Set { elements, changes } = set;
        let mut any: Vec<Condition> = elements.iter().map(|e| element(fields, e)).collect();
        let key = format!("{}#{}#{name}", self.scope.family, self.scope.name);
        match (self.scope.feeds.of_set(&key), fields) {
            (Some(names), [Field::To(_)]) => any.push(Condition::ToName(names.clone())),
            (Some(names), [Field::From(_)]) => any.push(Condition::FromName(names.clone())),
            _ if *changes => any.push(Condition::Unclear),
            _ => {}
        }
        Condition::Any(any)
    }
}

/// One element, with a part for each field.
fn element(fields: &[Field], element: &[Token]) -> Condition {
    let mut parts = element.split(|token| token.is("."));
    let conditions: Vec<Condition> = fields
        .iter()
        .map(|field| {
            let first = parts.next().and_then(|part| part.first());
            first.map_or(Condition::Unclear, |token| field.is(&token.text))
        })
        .collect();
    Condition::All(conditions)
}

fn action(scope: &Scope<'_>, word: &str, target: Option<&str>) -> Action {
    match (word, target) {
        ("accept" | "masquerade" | "snat", _) => Action::Allow,
        ("drop" | "reject", _) => Action::Block,
        ("return", _) => Action::Return,
        ("continue", _) => Action::Continue,
        ("jump", Some(chain)) => Action::Jump(scope.chain(chain)),
        ("goto", Some(chain)) => Action::Goto(scope.chain(chain)),
        _ => Action::Unclear,
    }
}
