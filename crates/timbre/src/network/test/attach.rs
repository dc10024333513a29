//! The firewall rules that go with a report, so that one ticket holds both the fault and its cure.

use timbre_firewall::{Dialect, Mode, Net, Policy, Selection};
use timbre_network_test::Plan;
use timbre_network_test::print::Attachment;
use timbre_postage::Language;

use super::super::rules::comments;

/// The rules that let everything of the plan through, the exemption from TLS inspection, and the rollback.
pub(super) fn rules(
    dialect: Dialect,
    plan: &Plan,
    sources: &[Net],
    language: Language,
) -> Vec<Attachment> {
    let selection = Selection {
        groups: plan.groups.clone(),
        sources: sources.to_vec(),
        mode: Mode::Names,
        bypass: true,
        resolvers: plan.resolvers.iter().map(|resolver| resolver.ip()).collect(),
    };
    let policy = Policy::of(&plan.catalogue, &selection).told_in(dialect);
    let rules = timbre_firewall::write(dialect, &policy, comments(language));
    let attached = |file: &timbre_firewall::RuleFile| Attachment {
        name: file.name.clone(),
        text: file.text.clone(),
    };
    let mut attachments: Vec<_> = rules.every_file().map(attached).collect();
    // Most dialects have comments, and say there what to know; the others say it here.
    let is_said = |text: &str| {
        let start: Vec<_> = text.split_whitespace().take(3).collect();
        let start = start.join(" ");
        attachments.iter().any(|file| file.text.contains(&start))
    };
    let texts = rules.notes.iter().chain(rules.cannot.iter().map(|limit| &limit.text));
    let texts = texts.map(|text| language.pick(&text.fr, &text.en).as_ref());
    let notes: Vec<&str> = texts.filter(|text| !is_said(text)).collect();
    if !notes.is_empty() {
        let name = language.pick("À savoir sur ces règles", "What to know about these rules");
        attachments.insert(0, Attachment { name: name.to_owned(), text: notes.join("\n\n") });
    }
    attachments
}
