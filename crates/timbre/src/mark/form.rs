//! In which form the answers about many scans are written. CSV and JSON lines are written as scans are read;
//! JSON and text at the end.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::OutputArgs;

/// How to write the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Form {
    /// For a person.
    Text,
    /// One JSON document, as --json.
    Json,
    /// A JSON document a line, as each is known.
    Jsonl,
    /// RFC 4180, with a heading.
    Csv,
}

#[derive(Args)]
pub(super) struct FormArgs {
    /// text, json, jsonl (a line for each, as it is known) or csv [default: text]
    #[arg(long, value_name = "text|json|jsonl|csv", hide_possible_values = true)]
    format: Option<Form>,
}

impl FormArgs {
    pub(super) fn of(&self, output: &OutputArgs) -> Form {
        self.format.unwrap_or(if output.json { Form::Json } else { Form::Text })
    }
}

/// One record, with the end of its line.
pub(super) fn csv_line<T: AsRef<[u8]>>(record: impl IntoIterator<Item = T>) -> String {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(record).expect("invariant: writing to memory does not fail");
    let bytes = writer.into_inner().expect("invariant: writing to memory does not fail");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One document, with the end of its line.
pub(super) fn json_line(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("answers are plain data and always serialise") + "\n"
}
