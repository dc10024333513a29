//! The configuration of a Cisco ASA: access lists with their objects and groups, as bound to
//! interfaces. The ASA remembers connections, so answers are not judged. When several lists are
//! bound inward, nobody can tell which interface the meter is behind: all must agree.

mod entry;
mod objects;

use std::collections::BTreeMap;

use timbre_catalogue::Text;

use super::Input;
use super::flow::Condition;
use super::program::{Action, Chain, Program, Rule, Why};
use super::words::At;
use objects::Objects;

pub(super) fn read(files: &[Input<'_>]) -> Program {
    let lines = lines(files);
    let objects = Objects::read(&lines);
    let mut program = Program::default();
    let mut lists: BTreeMap<String, Chain> = BTreeMap::new();
    let mut bound = Bound::default();
    for (at, line) in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["access-list", name, ref rest @ ..] => {
                let chain = lists
                    .entry(name.to_owned())
                    .or_insert_with(|| Chain::new(Action::Return, *at, name));
                add(chain, rest, *at, line, &objects);
            }
            ["clear", "configure", "access-list", name] => {
                lists.remove(name);
            }
            ["access-group", name, "in", "interface", ..] => bound.inward.push((*at, name)),
            ["access-group", name, "out", "interface", ..] => bound.outward.push((*at, name)),
            ["access-group", name, "global"] => bound.global = Some((*at, name)),
            ["access-group", ..] => program.skip(*at, *line),
            _ => {}
        }
    }
    if bound.inward.is_empty() && bound.global.is_none() {
        match lists.iter().next() {
            // A list alone, not yet bound: what it would do.
            Some((name, chain)) if lists.len() == 1 => {
                let at = chain.end.at;
                let name = name.clone();
                return bind(program, lists, &Bound { inward: vec![(at, &name)], ..bound });
            }
            _ => program.skip(
                At::default(),
                Text::fixed(
                    "aucun access-group ne lie une des listes d’accès",
                    "no access-group binds one of the access lists",
                ),
            ),
        }
    }
    bind(program, lists, &bound)
}

/// Every line with its place, as it stands; comments and empty lines left out.
fn lines<'a>(files: &[Input<'a>]) -> Vec<(At, &'a str)> {
    let mut all = Vec::new();
    for (file, input) in files.iter().enumerate() {
        for (number, line) in input.text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with(['!', ':']) {
                all.push((At { file, line: number + 1 }, line));
            }
        }
    }
    all
}

#[derive(Default)]
struct Bound<'a> {
    inward: Vec<(At, &'a str)>,
    outward: Vec<(At, &'a str)>,
    global: Option<(At, &'a str)>,
}

/// `line 3 extended permit tcp …` or `remark …`.
fn add(chain: &mut Chain, rest: &[&str], at: At, text: &str, objects: &Objects) {
    let (position, rest) = match rest {
        ["line", number, rest @ ..] => (number.parse::<usize>().ok(), rest),
        rest => (None, rest),
    };
    let (condition, action) = match rest {
        ["remark", ..] => (Condition::Never, Action::Continue),
        ["extended", rest @ ..] => entry::read(rest, objects),
        _ => (Condition::Unclear, Action::Unclear),
    };
    let rule = Rule { at, text: text.into(), condition, action };
    // `line 1` inserts before what is the first line now.
    let at = position.map_or(chain.rules.len(), |line| line.saturating_sub(1));
    chain.rules.insert(at.min(chain.rules.len()), rule);
}

fn rule(at: At, text: impl Into<Why>, condition: Condition, action: Action) -> Rule {
    Rule { at, text: text.into(), condition, action }
}

fn bind(mut program: Program, lists: BTreeMap<String, Chain>, bound: &Bound<'_>) -> Program {
    const IN: &str = "in";
    const OUT: &str = "out";
    let mut inward = Chain::new(
        Action::Unclear,
        At::default(),
        Text::fixed("aucune liste d’accès", "no access list"),
    );
    let mut lists_in = bound.inward.clone();
    if lists_in.is_empty() {
        lists_in.extend(bound.global);
    }
    let last = lists_in.len().saturating_sub(1);
    for (index, (at, name)) in lists_in.iter().enumerate() {
        let key = format!("{IN} {index}");
        let mut chain = Chain::new(Action::Block, *at, "");
        let end = lists.get(*name).and_then(|list| list.rules.last()).map_or(*at, |rule| rule.at);
        chain.rules.push(rule(*at, *name, Condition::Always, Action::Jump(list(name))));
        if let Some((at, global)) = bound.global.filter(|(_, global)| global != name) {
            chain.rules.push(rule(at, global, Condition::Always, Action::Jump(list(global))));
        }
        let implicit = end_denies(name);
        chain.rules.push(rule(end, implicit, Condition::Always, Action::Block));
        program.chains.insert(key.clone(), chain);
        let which = if index == last { Condition::Always } else { Condition::Unclear };
        let text = format!("access-group {name}");
        inward.rules.push(rule(*at, text, which, Action::Goto(key)));
    }
    let mut outward = Chain::new(Action::Allow, At::default(), "");
    for (at, name) in &bound.outward {
        let key = format!("{OUT} {name}");
        let mut chain = Chain::new(Action::Block, *at, "");
        chain.rules.push(rule(*at, *name, Condition::Always, Action::Jump(list(name))));
        let implicit = end_denies(name);
        chain.rules.push(rule(*at, implicit, Condition::Always, Action::Block));
        program.chains.insert(key.clone(), chain);
        // Which interface the destination is behind is not known either.
        let text = format!("access-group {name}");
        outward.rules.push(rule(*at, text, Condition::Unclear, Action::Goto(key)));
    }
    program.chains.insert(IN.to_owned(), inward);
    program.chains.insert(OUT.to_owned(), outward);
    program.chains.extend(lists.into_iter().map(|(name, chain)| (list(&name), chain)));
    program.entries = vec![IN.to_owned(), OUT.to_owned()];
    program
}

fn list(name: &str) -> String {
    format!("list {name}")
}

/// What an access list does without a line that says so.
fn end_denies(name: &str) -> Text {
    Text::new(
        format!("access-list {name}\u{a0}: la fin de la liste refuse"),
        format!("access-list {name}: the end of the list denies"),
    )
}
