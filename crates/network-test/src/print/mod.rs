//! A report, told to whoever needs it: a person at a terminal, the people who run the network, a script, a monitor.
//! Every form says the same thing, because all are made from the same [`Report`]; none adds a finding of its own.
//!
//! Nothing is written or opened here: a report goes in, bytes come out.

mod compare;
mod html;
mod json;
mod junit;
mod path;
mod pdf;
mod prometheus;
mod redact;
mod schema;
mod sheet;
mod text;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use timbre_catalogue::Text;

pub use compare::{COMPARISON_SCHEMA, Change, Comparison, Difference, NotComparable, Side};
pub use json::{ReadError, event_line, read};
pub use redact::redact;
pub use schema::schema;
pub use text::check_line;

use crate::Report;

/// The language of a printed report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// Canadian English.
    #[default]
    English,
    /// Canadian French.
    French,
}

impl Language {
    /// The one of two that is in this language.
    #[must_use]
    pub fn pick<T>(self, french: T, english: T) -> T {
        match self {
            Language::French => french,
            Language::English => english,
        }
    }

    /// A text in this language.
    #[must_use]
    pub fn of(self, text: &Text) -> &str {
        self.pick(&text.fr, &text.en)
    }

    fn owned(self, text: Text) -> Cow<'static, str> {
        self.pick(text.fr, text.en)
    }

    /// Its name in documents, a BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Language::French => "fr-CA",
            Language::English => "en-CA",
        }
    }
}

/// A form of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// The whole report, by the published schema ([`schema`]).
    Json,
    /// Events, one a line, as they come.
    Jsonl,
    /// For build servers: a suite for each service, a case for each check.
    Junit,
    /// For the textfile collector of the Prometheus node exporter.
    Prometheus,
    /// One file for a browser, to be attached to a ticket.
    Html,
    /// Pages to be attached to a ticket.
    Pdf,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 7] = [
        Format::Text,
        Format::Json,
        Format::Jsonl,
        Format::Junit,
        Format::Prometheus,
        Format::Html,
        Format::Pdf,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Junit => "junit",
            Format::Prometheus => "prometheus",
            Format::Html => "html",
            Format::Pdf => "pdf",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is the name of no format.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not a format: write text, json, jsonl, junit, prometheus, html or pdf")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Format::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A file that goes with a report: firewall rules that answer its requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// How a report is printed.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// For texts, HTML and PDF; forms for programs have none.
    pub language: Language,
    /// Every check with its evidence, where the short form leaves it out.
    pub is_verbose: bool,
    /// Colours of a terminal, beside the symbols and the words.
    pub is_coloured: bool,
    /// Files to attach to HTML and PDF.
    pub attachments: Vec<Attachment>,
}

/// A report could not be printed in a form.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The form’s own library refused it.
    #[error("the report cannot be written as {format}: {reason}")]
    Refused {
        /// The form.
        format: Format,
        /// What its library says.
        reason: String,
    },
    /// A comparison does not exist in that form.
    #[error("a comparison is written as text, json or html, not as {format}")]
    NoSuchForm {
        /// The form that was asked for.
        format: Format,
    },
}

impl PrintError {
    fn of(format: Format) -> impl FnOnce(String) -> PrintError {
        move |reason| PrintError::Refused { format, reason }
    }
}

/// Prints a report.
///
/// # Errors
/// If the library behind a form refuses what the report holds; no report of a run is known to cause that.
pub fn print(report: &Report, format: Format, settings: &Settings) -> Result<Vec<u8>, PrintError> {
    let told = PrintError::of(format);
    match format {
        Format::Text => Ok(text::report(report, settings).into_bytes()),
        Format::Json => Ok(json::report(report).into_bytes()),
        Format::Jsonl => Ok(json::lines(report).into_bytes()),
        Format::Junit => junit::report(report).map_err(told),
        Format::Prometheus => Ok(prometheus::report(report).into_bytes()),
        Format::Html => html::report(report, settings).map(String::into_bytes).map_err(told),
        Format::Pdf => pdf::report(report, settings).map_err(told),
    }
}

/// Prints what changed between two reports, as text, JSON or HTML.
///
/// # Errors
/// If the form is another.
pub fn print_comparison(
    comparison: &Comparison,
    format: Format,
    settings: &Settings,
) -> Result<Vec<u8>, PrintError> {
    match format {
        Format::Text => Ok(text::comparison(comparison, settings).into_bytes()),
        Format::Json => Ok(json::pretty(comparison).into_bytes()),
        Format::Html => html::comparison(comparison, settings)
            .map(String::into_bytes)
            .map_err(PrintError::of(format)),
        format => Err(PrintError::NoSuchForm { format }),
    }
}
