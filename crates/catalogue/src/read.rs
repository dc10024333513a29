//! Reads a catalogue from TOML or JSON and says, when it cannot, which line and which field to
//! correct. Both are the same fields; JSON is what programs exchange, TOML what people write.

mod check;
mod place;
mod raw;

use crate::Catalogue;

pub(crate) use raw::{RawCatalogue, Reach};

/// The name and version of the JSON form: it changes when a field changes its meaning or goes.
pub(crate) const SCHEMA: &str = "timbre-catalogue/1";

/// Why a catalogue file was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}:{line}: {field}: {reason}")]
pub struct ReadError {
    /// The name of the file, as given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field to correct; `file` when the text is not TOML or JSON at all.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

pub(crate) fn toml(file: &str, text: &str) -> Result<Catalogue, ReadError> {
    let raw: RawCatalogue = toml::from_str(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        let reason = error.message().to_owned();
        ReadError { file: file.to_owned(), line, field: field_of(&reason, text, line), reason }
    })?;
    checked(file, text, raw, place::in_toml)
}

pub(crate) fn json(file: &str, text: &str) -> Result<Catalogue, ReadError> {
    let raw: RawCatalogue = serde_json::from_str(text).map_err(|error| {
        let line = error.line().max(1);
        let told = error.to_string();
        // The library says the place in its message too.
        let reason = told.rsplit_once(" at line ").map_or(told.as_str(), |(reason, _)| reason);
        let field = field_of(reason, text, line);
        ReadError { file: file.to_owned(), line, field, reason: reason.to_owned() }
    })?;
    if raw.schema.is_none() {
        return Err(ReadError {
            file: file.to_owned(),
            line: 1,
            field: "schema".to_owned(),
            reason: format!("missing: write \"schema\": \"{SCHEMA}\""),
        });
    }
    checked(file, text, raw, place::in_json)
}

fn checked(
    file: &str,
    text: &str,
    raw: RawCatalogue,
    find: fn(&str, &place::Place) -> usize,
) -> Result<Catalogue, ReadError> {
    check::check(raw).map_err(|refused| ReadError {
        file: file.to_owned(),
        line: line_of(text, find(text, &refused.place)),
        field: refused.place.to_string(),
        reason: refused.reason,
    })
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|b| *b == b'\n').count()
}

/// The field that a parser's error is about: the one it names (`missing field`, `unknown field`),
/// or the key written on its line.
fn field_of(reason: &str, text: &str, line: usize) -> String {
    let named = reason.split_once("field `").and_then(|(_, rest)| rest.split_once('`'));
    if let Some((field, _)) = named {
        return field.to_owned();
    }
    let line = text.lines().nth(line - 1).unwrap_or_default();
    let key = line.split_once(['=', ':']).map_or("", |(key, _)| key.trim().trim_matches('"'));
    let word = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if key.is_empty() || !word(key) { "file".to_owned() } else { key.to_owned() }
}
