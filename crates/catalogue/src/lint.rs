//! Finds where a catalogue contradicts itself, before a firewall or a machine is built from it.
//!
//! Each rule is declared once, beside its check: code, severity, title, what to do. The lint reads
//! the document only; whether a network agrees with it is another question, asked elsewhere.
//! A code is stable: people search for it and scripts match it.

mod addresses;
mod hosts;
mod urls;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Catalogue, Endpoint, EndpointId, Text};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Harmless once it is known; tools that compare text may stumble over it.
    Notice,
    /// Two readings are possible; a person must choose one.
    Warning,
    /// A firewall or a machine built from the document as printed fails or is unsafe.
    Error,
}

impl Severity {
    /// In lower case: `notice`, `warning`, `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One kind of contradiction.
#[derive(Debug)]
pub struct Rule {
    /// Its stable code, in kebab case: `address-outside-blocks`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is called.
    pub title: Text,
    /// What whoever builds a firewall from the document should do.
    pub advice: Text,
    check: fn(&Catalogue, &mut Found),
}

/// Every rule, in the order in which its findings are listed.
pub static RULES: &[&Rule] = &[
    &urls::NO_URL,
    &urls::MIXED_SCHEMES,
    &urls::CLEAR_TEXT,
    &urls::FTP_URL,
    &urls::PORT_NOT_LET_OUT,
    &urls::PORT_DIFFERS,
    &hosts::DOMAIN_DIFFERS,
    &hosts::DOMAIN_IS_URL,
    &hosts::RESOLVER_NOT_NAMED,
    &hosts::WILDCARD_HOST,
    &hosts::ANY_HOST,
    &hosts::HOST_MIXED_CASE,
    &addresses::OUTSIDE_BLOCKS,
    &addresses::NETWORK_ADDRESS,
    &addresses::LEADING_ZEROS,
    &addresses::NO_ADDRESS,
    &addresses::ADDRESSES_DIFFER,
];

/// One contradiction in one place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule: its code, severity, title and advice.
    pub rule: &'static Rule,
    /// The row, or none when the document as a whole is meant.
    pub endpoint: Option<EndpointId>,
    /// What exactly contradicts what.
    pub message: Text,
}

/// `{code, severity, endpoint, title, message, advice}`: the rule's words beside the finding's own, so
/// that a program needs no table of rules.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Finding", 6)?;
        fields.serialize_field("code", self.rule.code)?;
        fields.serialize_field("severity", &self.rule.severity)?;
        fields.serialize_field("endpoint", &self.endpoint)?;
        fields.serialize_field("title", &self.rule.title)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("advice", &self.rule.advice)?;
        fields.end()
    }
}

/// Collects what one rule finds.
struct Found {
    rule: &'static Rule,
    findings: Vec<Finding>,
}

impl Found {
    fn in_document(&mut self, message: Text) {
        self.findings.push(Finding { rule: self.rule, endpoint: None, message });
    }

    fn in_row(&mut self, endpoint: &Endpoint, message: Text) {
        let endpoint = Some(endpoint.id.clone());
        self.findings.push(Finding { rule: self.rule, endpoint, message });
    }
}

impl Catalogue {
    /// Every contradiction: first those of the document as a whole, then row by row in its order.
    #[must_use]
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in RULES {
            let mut found = Found { rule, findings };
            (rule.check)(self, &mut found);
            findings = found.findings;
        }
        let row = |finding: &Finding| {
            let id = finding.endpoint.as_ref()?;
            self.endpoints.iter().position(|endpoint| endpoint.id == *id)
        };
        findings.sort_by_key(row);
        findings
    }
}

/// Names in a row, for messages: `a, b, c`.
fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_declared_once_and_said_in_both_languages() {
        let mut codes: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RULES.len());
        for rule in RULES {
            assert!(
                rule.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{}",
                rule.code
            );
            for text in [&rule.title, &rule.advice] {
                assert!(!text.fr.is_empty() && !text.en.is_empty(), "{}", rule.code);
                assert_ne!(text.fr, text.en, "{}", rule.code);
            }
        }
    }
}
