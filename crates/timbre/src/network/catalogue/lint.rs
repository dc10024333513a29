//! `timbre network catalogue lint`: where a document contradicts itself. Status 1 when a firewall or a machine built
//! from it as printed fails or is unsafe.

use clap::Args;
use timbre_catalogue::{Finding, Severity};
use timbre_postage::Language;

use super::{Document, Scope, said};
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre network catalogue lint
  timbre network catalogue lint --catalogue our-network.toml --json

Exit status: 0 no error was found · 1 errors were found · 64 wrong usage, or the file does not read")]
pub(super) struct LintArgs {
    #[command(flatten)]
    document: Document,
    /// Which groups to look at: required, on, all, or names with commas
    #[arg(long, alias = "group", value_name = "GROUPS", default_value = "all")]
    scope: Scope,
}

pub(super) fn execute(args: &LintArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let catalogue = args.document.open(&args.scope)?;
    let findings = catalogue.lint();
    let language = output.language();
    output.show(&findings, || text(&findings, language));
    let errors = findings.iter().any(|finding| finding.rule.severity == Severity::Error);
    Ok(if errors { Outcome::Verdict(1) } else { Outcome::Done })
}

/// The findings by place, each with its advice once, and how many there are.
fn text(findings: &[Finding], language: Language) -> String {
    let mut text = String::new();
    let mut place = None;
    for finding in findings {
        let here = finding.endpoint.as_ref().map_or_else(
            || language.pick("le document", "the document"),
            timbre_catalogue::EndpointId::as_str,
        );
        if place != Some(here) {
            text.push_str(&format!("{here}\n"));
            place = Some(here);
        }
        let rule = finding.rule;
        text.push_str(&format!(
            "  {:<15}{}  [{}]\n{:17}→ {}\n",
            severity(rule.severity, language),
            said(&finding.message, language),
            rule.code,
            "",
            said(&rule.advice, language),
        ));
    }
    let count = |wanted| findings.iter().filter(|f| f.rule.severity == wanted).count();
    let [errors, warnings, notices] =
        [Severity::Error, Severity::Warning, Severity::Notice].map(count);
    text.push_str(&language.pick(
        format!("erreurs\u{a0}: {errors} · avertissements\u{a0}: {warnings} · remarques\u{a0}: {notices}"),
        format!("errors: {errors} · warnings: {warnings} · notices: {notices}"),
    ));
    text
}

fn severity(severity: Severity, language: Language) -> &'static str {
    match severity {
        Severity::Error => language.pick("erreur", "error"),
        Severity::Warning => language.pick("avertissement", "warning"),
        Severity::Notice => language.pick("remarque", "notice"),
    }
}

#[cfg(test)]
mod tests {
    use timbre_catalogue::Catalogue;

    use super::*;

    #[test]
    fn findings_are_told_by_place_with_what_to_do() {
        let findings = Catalogue::connect_plus_sendpro_p().lint();
        let text = text(&findings, Language::English);
        assert!(text.starts_with("the document\n  notice  "), "{text}");
        assert!(text.contains("\ncomet.funds\n  error "), "{text}");
        assert_eq!(text.matches("→").count(), findings.len());
        assert_eq!(text.matches("\ncomet.funds\n").count(), 1);
    }

    #[test]
    fn a_clean_document_is_told_in_one_line() {
        let text = text(&Catalogue::timbre().lint(), Language::French);
        assert_eq!(text, "erreurs\u{a0}: 0 · avertissements\u{a0}: 0 · remarques\u{a0}: 0");
    }
}
