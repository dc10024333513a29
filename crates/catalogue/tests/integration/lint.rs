//! What the lint says, in full: every contradiction of the source document, none of ours.

use std::fmt::Write as _;

use timbre_catalogue::lint::RULES;
use timbre_catalogue::{Catalogue, Finding};

fn report(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let place = finding.endpoint.as_ref().map_or("document", |id| id.as_str());
        let (rule, message) = (finding.rule, &finding.message);
        format!(
            "{place}: {} ({})\n    fr {}\n    en {}\n",
            rule.code,
            rule.severity.as_str(),
            message.fr,
            message.en
        )
    });
    lines.collect()
}

#[test]
fn every_contradiction_of_the_source_document_is_found() {
    insta::assert_snapshot!(report(&Catalogue::connect_plus_sendpro_p().lint()));
}

#[test]
fn the_findings_of_the_excerpts_are_known() {
    let of = |name| report(&Catalogue::open_shipped(name).unwrap().lint());
    let both = ["connect-plus-sendpro-p-de", "sendpro-c"].map(of);
    insta::assert_snapshot!(both.join("\n"));
}

#[test]
fn our_own_catalogue_contradicts_nothing() {
    assert_eq!(report(&Catalogue::timbre().lint()), "");
}

/// A rule that finds nothing in the document it was made for is dead.
#[test]
fn every_rule_finds_something_in_the_source_document() {
    let findings = Catalogue::connect_plus_sendpro_p().lint();
    for rule in RULES {
        assert!(findings.iter().any(|finding| finding.rule.code == rule.code), "{}", rule.code);
    }
}

#[test]
fn a_finding_as_json_stands_by_itself() {
    let findings = Catalogue::open_shipped("sendpro-c").unwrap().lint();
    let json = serde_json::to_string_pretty(&findings[..1]).unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn every_rule_says_what_to_do_in_both_languages() {
    let mut texts = String::new();
    for rule in RULES {
        writeln!(texts, "{} ({})", rule.code, rule.severity.as_str()).unwrap();
        for text in [&rule.title, &rule.advice] {
            writeln!(texts, "    fr {}\n    en {}", text.fr, text.en).unwrap();
        }
    }
    insta::assert_snapshot!(texts);
}
