//! A report and its events as JSON, and back. What is read back is checked for its schema before anything else.

use serde::Serialize;

use crate::{Event, Report, SCHEMA};

pub(super) fn pretty<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value)
        .expect("invariant: reports are plain data and always serialise");
    text.push('\n');
    text
}

pub(super) fn report(report: &Report) -> String {
    pretty(report)
}

/// An event as one line, without its end.
#[must_use]
pub fn event_line(event: &Event) -> String {
    serde_json::to_string(event).expect("invariant: events are plain data and always serialise")
}

/// The events of a run that is over.
pub(super) fn lines(report: &Report) -> String {
    let started = Event::Started { checks: report.checks.len() };
    let done = report.checks.iter().map(|check| Event::Done { check: Box::new(check.clone()) });
    let finished = Event::Finished { report: Box::new(report.clone()) };
    let events = std::iter::once(started).chain(done).chain(std::iter::once(finished));
    events.map(|event| event_line(&event) + "\n").collect()
}

/// A text is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON, or a field is not what it should be.
    #[error("{file}: not a report of the network test: {reason}")]
    Unreadable {
        /// The file, as it was named.
        file: String,
        /// What is wrong, with line and column.
        reason: serde_json::Error,
    },
    /// It is another document, or of another version.
    #[error("{file}: its schema is “{found}”, and this program reads “{SCHEMA}”")]
    OtherSchema {
        /// The file, as it was named.
        file: String,
        /// What it says it is.
        found: String,
    },
}

/// Reads a report that [`super::print`] wrote as JSON.
///
/// # Errors
/// If the text is not such a report.
pub fn read(file: &str, text: &str) -> Result<Report, ReadError> {
    let unreadable = |reason| ReadError::Unreadable { file: file.to_owned(), reason };
    let value: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
    let found = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or("none");
    if found != SCHEMA {
        return Err(ReadError::OtherSchema { file: file.to_owned(), found: found.to_owned() });
    }
    // Read from the text again: only then does an error know its line.
    serde_json::from_str(text).map_err(unreadable)
}
