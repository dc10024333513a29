//! nftables, as `nft list ruleset` prints it or as files for `nft -f` are written. The kernel's
//! path is followed: a packet that crosses a router meets every base chain of its hooks, in order
//! of priority, and an `accept` ends one chain only. Without a chain that forwards, the machine's
//! own traffic is judged.
//!
//! A name in a rule is never believed: nft froze its address when the rule was loaded.

mod field;
mod rule;
mod tables;
mod tokens;

use timbre_catalogue::Text;

use super::Input;
use super::dnsmasq::Feeds;
use super::flow::Condition;
use super::program::{self, Action, Chain, Program};
use super::words::At;
use tables::{Base, Tables};

pub(super) fn read(files: &[Input<'_>]) -> Program {
    let feeds = Feeds::read(files);
    let tokens = tokens::read(files);
    let mut program = Program::default();
    let tables = tables::read(&tokens, &mut |at, text| program.skip(at, text));
    for ((family, name), table) in &tables {
        for (chain_name, chain) in &table.chains {
            let early = chain.base.as_ref().is_some_and(is_early);
            let scope = rule::Scope { family, name, table, feeds: &feeds, early };
            let lowered = lower(&scope, chain_name, chain);
            program.chains.insert(scope.chain(chain_name), lowered);
        }
    }
    let crosses = path(&tables, &["prerouting", "forward", "postrouting"]);
    let forwards = tables.values().flat_map(|table| table.chains.values());
    let forwards = forwards.filter_map(|chain| chain.base.as_ref());
    if forwards.clone().any(|base| base.hook == "forward") {
        program.answers.clone_from(&crosses);
        program.entries = crosses;
    } else if forwards.clone().any(|base| base.hook == "output") {
        program.entries = path(&tables, &["output", "postrouting"]);
        program.answers = path(&tables, &["prerouting", "input"]);
    } else {
        let missing = Text::fixed(
            "aucune chaîne de «\u{a0}hook forward\u{a0}» ni «\u{a0}hook output\u{a0}»",
            "no chain of the hook forward or output",
        );
        program.skip(At::default(), missing);
    }
    for ((family, name), table) in &tables {
        let hooked = table.chains.values().find(|chain| chain.base.is_some());
        if let Some(chain) = hooked.filter(|_| family == "bridge" || family == "netdev") {
            program.skip(chain.at, format!("table {family} {name}"));
        }
    }
    program
}

/// Whether a packet meets the chain before the kernel has tracked its connection.
fn is_early(base: &Base) -> bool {
    const TRACKING: i64 = -200;
    ["prerouting", "output"].contains(&base.hook.as_str()) && base.priority <= TRACKING
}

/// The base chains of some hooks, in the order in which a packet meets them.
fn path(tables: &Tables, hooks: &[&str]) -> Vec<String> {
    let mut chains = Vec::new();
    for ((family, table_name), table) in tables {
        if !["inet", "ip", "ip6"].contains(&family.as_str()) {
            continue;
        }
        for (name, chain) in &table.chains {
            let Some(Base { hook, priority, .. }) = &chain.base else { continue };
            if let Some(order) = hooks.iter().position(|known| known == hook) {
                chains.push((order, *priority, rule::chain_key(family, table_name, name)));
            }
        }
    }
    chains.sort();
    chains.into_iter().map(|(_, _, key)| key).collect()
}

fn lower(scope: &rule::Scope<'_>, name: &str, chain: &tables::Chain) -> Chain {
    let decides = chain.base.as_ref().is_some_and(|base| base.hook != "postrouting");
    let (end, word) =
        if chain.policy_drop { (Action::Block, "drop") } else { (Action::Allow, "accept") };
    // The silent end of a chain that lets everything through is not worth naming.
    let at = if chain.policy_drop || decides { chain.at } else { At::default() };
    let mut lowered = Chain::new(end, at, format!("chain {name}: policy {word}"));
    let other_family = match scope.family {
        "ip" => Some(Condition::Family(false)),
        "ip6" => Some(Condition::Family(true)),
        _ => None,
    };
    if let Some(base) = &chain.base {
        lowered.rules.extend(other_family.map(program::not_for));
        if base.kind == "nat" {
            lowered.rules.push(program::first_packet_only());
        }
    }
    for tokens in &chain.rules {
        lowered.rules.extend(rule::lower(scope, tokens));
    }
    lowered
}
