//! `ssl_bump`: what squid does to a TLS connection, step by step. `peek` and `stare` read a little
//! and go to the next step; `splice` lets the connection alone; `bump` opens it; `terminate` ends it.

use super::super::flow::Condition;
use super::super::program::{Action, Chain, Rule, not_for};
use super::super::words::At;
use super::Directive;
use super::acl::Acls;

struct Line<'a> {
    at: At,
    text: &'a str,
    verb: &'a str,
    names: Vec<&'a str>,
}

/// More lines than this are not followed through all three steps.
const MOST: usize = 20_000;

/// A chain that a request passes when squid does not look inside it.
pub(super) fn read(lines: &[Directive], acls: &Acls) -> Chain {
    let mut chain = Chain::new(Action::Allow, At::default(), "");
    let opens = lines.iter().any(|line| {
        let mut words = line.text.split_whitespace();
        matches!(words.next(), Some("http_port" | "https_port")) && words.any(|w| w == "ssl-bump")
    });
    let bumps: Vec<Line<'_>> = lines.iter().filter_map(line).collect();
    // Only a tunnel holds TLS; and without a port that opens it the lines do nothing.
    if opens {
        chain.rules.push(not_for(Condition::Tunnel.not()));
        step(&bumps, 1, &[], acls, &mut chain.rules);
    }
    chain
}

fn line(directive: &Directive) -> Option<Line<'_>> {
    let text = directive.text.as_str();
    let mut words = text.split_whitespace();
    let verb = (words.next() == Some("ssl_bump")).then(|| words.next()).flatten()?;
    Some(Line { at: directive.at, text, verb, names: words.collect() })
}

/// The rules of one step, under the conditions that led to it.
fn step(bumps: &[Line<'_>], number: u8, so_far: &[Condition], acls: &Acls, rules: &mut Vec<Rule>) {
    for line in bumps {
        let Some(condition) = at_step(line, number, acls) else { continue };
        let all = Condition::All(so_far.iter().cloned().chain([condition]).collect());
        let action = match line.verb {
            _ if rules.len() > MOST => Action::Unclear,
            "splice" | "none" => Action::Allow,
            "bump" | "terminate" => Action::Block,
            "peek" | "stare" if number < 3 => {
                step(bumps, number + 1, core::slice::from_ref(&all), acls, rules);
                // Nothing said at the next step: peeking ends in splice, staring in bump.
                if line.verb == "peek" { Action::Allow } else { Action::Block }
            }
            "peek" | "stare" => continue,
            _ => Action::Unclear,
        };
        rules.push(Rule { at: line.at, text: line.text.into(), condition: all, action });
        if rules.len() > MOST {
            return;
        }
    }
}

/// What a line asks at a step besides that; `None` when it does not apply there.
fn at_step(line: &Line<'_>, number: u8, acls: &Acls) -> Option<Condition> {
    let mut names = Vec::new();
    for name in &line.names {
        let (bare, wanted) = name.strip_prefix('!').map_or((*name, true), |bare| (bare, false));
        match acls.steps.get(bare) {
            Some(steps) if steps.contains(&number) == wanted => {}
            Some(_) => return None,
            None => names.push(*name),
        }
    }
    Some(acls.all(&names))
}
