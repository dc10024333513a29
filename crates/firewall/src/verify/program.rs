//! The rules of a packet filter or a proxy as chains of conditions, and their judge. The judge
//! follows every branch that a packet may take and keeps every outcome; it is bounded, and what it
//! could not finish is unknown.

use core::cell::Cell;
use std::collections::BTreeMap;

use timbre_catalogue::Text;

use super::Verdict;
use super::flow::{Condition, Flow, Truth, Way};
use super::words::At;

/// What decides: a rule as it is written, or a sentence where none is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Why(Text);

impl Why {
    /// Whether it is that of [`not_for`], which nobody wrote.
    pub(super) fn is_silent(&self) -> bool {
        self.0.en.is_empty()
    }
}

impl From<&str> for Why {
    fn from(rule: &str) -> Why {
        Why(Text::new(rule, rule))
    }
}

impl From<String> for Why {
    fn from(rule: String) -> Why {
        rule.as_str().into()
    }
}

impl From<&String> for Why {
    fn from(rule: &String) -> Why {
        rule.as_str().into()
    }
}

impl From<Text> for Why {
    fn from(sentence: Text) -> Why {
        Why(sentence)
    }
}

/// What a rule does to a packet that it matches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Allow,
    Block,
    /// Something that is not understood.
    Unclear,
    Continue,
    Return,
    Jump(String),
    Goto(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    pub(super) at: At,
    /// As it is written, for the reason.
    pub(super) text: Why,
    pub(super) condition: Condition,
    pub(super) action: Action,
}

/// Rules in order, and what happens after the last; only the first chains need that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Chain {
    pub(super) rules: Vec<Rule>,
    pub(super) end: Rule,
}

/// What lets some packets pass a chain whose rules are not for them.
pub(super) fn not_for(condition: Condition) -> Rule {
    Rule { at: At::default(), text: "".into(), condition, action: Action::Allow }
}

/// Addresses are translated for the first packet of a connection only.
pub(super) fn first_packet_only() -> Rule {
    not_for(Condition::State(false, true))
}

impl Chain {
    pub(super) fn new(end: Action, at: At, text: impl Into<Why>) -> Chain {
        let end = Rule { at, text: text.into(), condition: Condition::Always, action: end };
        Chain { rules: Vec::new(), end }
    }
}

/// A whole firewall.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Program {
    pub(super) chains: BTreeMap<String, Chain>,
    /// The chains that a packet meets, in order; each must let it through.
    pub(super) entries: Vec<String>,
    /// The same for the answers; none where the firewall remembers connections by itself.
    pub(super) answers: Vec<String>,
    /// What could not be read and might decide anything.
    pub(super) unread: Option<(At, Why)>,
}

/// An outcome with the rule that led to it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Because {
    at: At,
    text: Why,
}

/// Every outcome that is possible.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Outcomes {
    allow: Option<Because>,
    block: Option<Because>,
    unclear: Option<Because>,
    /// The first rule of which nobody knows whether it matches.
    doubt: Option<Because>,
}

impl Outcomes {
    pub(super) fn verdict(&self) -> Verdict {
        match (&self.allow, &self.block, &self.unclear) {
            (Some(_), None, None) => Verdict::Allowed,
            (None, Some(_), None) => Verdict::Blocked,
            _ => Verdict::Unknown,
        }
    }

    fn because(&self) -> Option<&Because> {
        match self.verdict() {
            Verdict::Allowed => self.allow.as_ref(),
            Verdict::Blocked => self.block.as_ref(),
            Verdict::Unknown => self.doubt.as_ref().or(self.unclear.as_ref()),
        }
    }

    pub(super) fn at(&self) -> Option<At> {
        self.because().map(|because| because.at)
    }

    pub(super) fn why(&self) -> Text {
        let nothing = || Text::fixed("aucune règle n’a été lue", "no rule was read");
        self.because().map_or_else(nothing, |because| because.text.0.clone())
    }

    fn add(&mut self, action: &Action, rule: &Rule) {
        let place = match action {
            Action::Allow => &mut self.allow,
            Action::Block => &mut self.block,
            _ => &mut self.unclear,
        };
        if place.is_none() {
            *place = Some(Because { at: rule.at, text: rule.text.clone() });
        }
    }

    fn doubt(&mut self, rule: &Rule) {
        if self.doubt.is_none() {
            self.doubt = Some(Because { at: rule.at, text: rule.text.clone() });
        }
    }

    /// What is possible when a packet must pass both.
    fn then(self, next: Outcomes) -> Outcomes {
        let Some(first) = self.allow else { return Outcomes { allow: None, ..self } };
        // A rule speaks rather than the silent end of another chain.
        let allow = next.allow.map(|second| if first.at.line == 0 { second } else { first });
        Outcomes {
            allow,
            block: self.block.or(next.block),
            unclear: self.unclear.or(next.unclear),
            doubt: self.doubt.or(next.doubt),
        }
    }
}

/// More than any real firewall needs for one packet; a loop of jumps ends here.
const STEPS: u32 = 200_000;
const DEPTH: u32 = 32;

impl Program {
    /// Remembers the first thing that could not be read and might decide anything.
    pub(super) fn skip(&mut self, at: At, text: impl Into<Why>) {
        if self.unread.is_none() {
            self.unread = Some((at, text.into()));
        }
    }

    pub(super) fn judge(&self, flow: &Flow) -> Outcomes {
        let mut outcomes = self.way(&self.entries, flow, Way::Out);
        if !self.answers.is_empty() {
            outcomes = outcomes.then(self.way(&self.answers, flow, Way::Back));
            outcomes = outcomes.then(self.way(&self.entries, flow, Way::On));
        }
        if let Some((at, text)) = &self.unread {
            let because = Because { at: *at, text: text.clone() };
            outcomes.doubt = Some(because.clone());
            outcomes.unclear = Some(because);
        }
        outcomes
    }

    fn way(&self, entries: &[String], flow: &Flow, way: Way) -> Outcomes {
        let steps = Cell::new(STEPS);
        let walk = Walk { program: self, flow, way, steps: &steps };
        let mut all: Option<Outcomes> = None;
        for name in entries {
            let mut outcomes = Outcomes::default();
            if let Some(chain) = self.chains.get(name)
                && walk.chain(chain, 0, &mut outcomes)
            {
                outcomes.add(&chain.end.action, &chain.end);
            }
            all = Some(match all {
                None => outcomes,
                Some(before) => before.then(outcomes),
            });
        }
        all.unwrap_or_default()
    }
}

struct Walk<'a> {
    program: &'a Program,
    flow: &'a Flow,
    way: Way,
    steps: &'a Cell<u32>,
}

impl Walk<'_> {
    /// Follows a packet through a chain; whether it may come out at the end.
    fn chain(&self, chain: &Chain, depth: u32, outcomes: &mut Outcomes) -> bool {
        let mut returned = false;
        for rule in &chain.rules {
            self.steps.set(self.steps.get().saturating_sub(1));
            if self.steps.get() == 0 || depth > DEPTH {
                outcomes.doubt(rule);
                outcomes.add(&Action::Unclear, rule);
                return true;
            }
            let truth = rule.condition.holds(self.flow, self.way);
            if truth == Truth::No || rule.action == Action::Continue {
                continue;
            }
            if truth == Truth::Maybe {
                outcomes.doubt(rule);
            }
            let goes_on = match &rule.action {
                Action::Continue => true,
                Action::Return => {
                    returned = true;
                    false
                }
                Action::Allow | Action::Block | Action::Unclear => {
                    outcomes.add(&rule.action, rule);
                    false
                }
                Action::Jump(name) => self.called(name, rule, depth, outcomes),
                Action::Goto(name) => {
                    returned |= self.called(name, rule, depth, outcomes);
                    false
                }
            };
            if truth == Truth::Yes && !goes_on {
                return returned;
            }
        }
        true
    }

    fn called(&self, name: &str, rule: &Rule, depth: u32, outcomes: &mut Outcomes) -> bool {
        match self.program.chains.get(name) {
            Some(chain) => self.chain(chain, depth + 1, outcomes),
            None => {
                outcomes.doubt(rule);
                outcomes.add(&Action::Unclear, rule);
                true
            }
        }
    }
}
