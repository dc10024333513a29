//! What is wrong with the text of a rate table, and where.

use std::ops::Range;

/// A rate table that cannot be used. Nothing of such a table is ever applied.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}, {field}: {reason}")]
pub struct RateTableError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key at fault, such as `up_to`; `table` when the text as a whole is.
    pub field: String,
    /// What is wrong and what is expected.
    pub reason: String,
}

impl RateTableError {
    /// An error about the bytes `span` of `text`.
    pub(super) fn at(text: &str, span: &Range<usize>, field: &str, reason: String) -> Self {
        let before = before(text, span.start);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        RateTableError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            field: field.to_owned(),
            reason,
        }
    }

    /// The reader's own error: not TOML, or a key or a type that the format does not have.
    pub(super) fn from_toml(text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let missing = error.message().strip_prefix("missing field `");
        let field = match missing.and_then(|rest| rest.split_once('`')) {
            Some((field, _)) => field,
            None => key_at(text, span.start),
        };
        RateTableError::at(text, &span, field, error.message().trim().replace('\n', "; "))
    }
}

/// The text before byte `index`, or all of it where the index is none of its boundaries.
fn before(text: &str, index: usize) -> &str {
    text.get(..index).unwrap_or(text)
}

/// The key whose value, or which itself, begins at byte `index`.
fn key_at(text: &str, index: usize) -> &str {
    let is_key = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let before = before(text, index).trim_end();
    let key = match before.strip_suffix('=') {
        Some(before) => {
            let before = before.trim_end();
            &before[before.trim_end_matches(is_key).len()..]
        }
        None => {
            let after = text.get(index..).unwrap_or_default();
            &after[..after.len() - after.trim_start_matches(is_key).len()]
        }
    };
    if key.is_empty() { "table" } else { key }
}
