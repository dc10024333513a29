//! A place in a catalogue file: the way to a field, and the byte at which its value is written.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;
use toml::de::{DeTable, DeValue};

/// One step into a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Field(&'static str),
    Item(usize),
}

impl From<&'static str> for Step {
    fn from(name: &'static str) -> Step {
        Step::Field(name)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Step {
        Step::Item(index)
    }
}

/// The way from the top of the file to a value.
#[derive(Clone, Debug)]
pub(super) struct Place(Vec<Step>);

impl Place {
    pub(super) fn of<const N: usize>(steps: [Step; N]) -> Place {
        Place(steps.to_vec())
    }

    /// The same place inside the row with this index.
    pub(super) fn in_row(mut self, row: usize) -> Place {
        self.0.splice(0..0, [ROWS.into(), row.into()]);
        self
    }
}

/// What the list of rows is called in TOML; JSON adds an s.
const ROWS: &str = "endpoint";

/// The names of the fields, as in `printed.addresses`; the line says which row and item.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().filter_map(|step| match step {
            Step::Field(ROWS) | Step::Item(_) => None,
            Step::Field(name) => Some(*name),
        });
        f.write_str(&names.collect::<Vec<_>>().join("."))
    }
}

/// The byte where the value at this place, or what is nearest to it, begins.
pub(super) fn in_toml(text: &str, place: &Place) -> usize {
    let Ok(document) = DeTable::parse(text) else { return 0 };
    let mut at = 0;
    let mut value = &DeValue::Table(document.into_inner());
    for step in &place.0 {
        let next = match (step, value) {
            (Step::Field(name), DeValue::Table(table)) => {
                table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
            }
            (Step::Item(index), DeValue::Array(items)) => items.get(*index),
            _ => None,
        };
        let Some(next) = next else { break };
        at = next.span().start;
        value = next.get_ref();
    }
    at
}

/// The same in JSON.
pub(super) fn in_json(text: &str, place: &Place) -> usize {
    let mut value = text;
    for step in &place.0 {
        let next = match step {
            Step::Field(name) => {
                let fields: BTreeMap<String, &RawValue> =
                    serde_json::from_str(value).unwrap_or_default();
                let rows = (*name == ROWS).then(|| fields.get("endpoints").copied()).flatten();
                rows.or_else(|| fields.get(*name).copied())
            }
            Step::Item(index) => {
                let items: Vec<&RawValue> = serde_json::from_str(value).unwrap_or_default();
                items.get(*index).copied()
            }
        };
        let Some(next) = next else { break };
        value = next.get();
    }
    // Each value is a part of the text itself.
    value.as_ptr().addr() - text.as_ptr().addr()
}
