//! A figure: what was measured, beside what it is to be compared with. Prints as a Markdown table, to be pasted into
//! `docs/PERFORMANCE.md` as it is.

use std::fmt;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

/// A measured quantity.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quantity {
    PerSecond(f64),
    Time(Duration),
    Bytes(u64),
}

impl Quantity {
    fn number(self) -> f64 {
        match self {
            Quantity::PerSecond(rate) => rate,
            Quantity::Time(time) => time.as_secs_f64(),
            Quantity::Bytes(bytes) => bytes as f64,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Quantity::PerSecond(rate) if rate < 100.0 => write!(f, "{rate:.1}/s"),
            Quantity::PerSecond(rate) => write!(f, "{rate:.0}/s"),
            Quantity::Time(time) if time < Duration::from_millis(1) => {
                write!(f, "{:.1} µs", time.as_secs_f64() * 1e6)
            }
            Quantity::Time(time) => write!(f, "{:.2} ms", time.as_secs_f64() * 1e3),
            Quantity::Bytes(bytes) => write!(f, "{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        }
    }
}

/// What is wanted of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    /// At least so much of the reference.
    OfReference(f64),
    /// At most this.
    AtMost(Quantity),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    name: String,
    value: Quantity,
    reference: Option<(String, Quantity, f64)>,
    aim: Option<Aim>,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, value: Quantity) -> Figure {
        Figure { name: name.into(), value, reference: None, aim: None }
    }

    /// Beside a reference of the same kind.
    pub(crate) fn beside(self, name: impl Into<String>, reference: Quantity) -> Figure {
        let ratio = self.value.number() / reference.number();
        self.beside_at(name, reference, ratio)
    }

    /// Beside a reference, with a ratio that was taken round by round, which noise disturbs less.
    pub(crate) fn beside_at(
        mut self,
        name: impl Into<String>,
        reference: Quantity,
        ratio: f64,
    ) -> Figure {
        self.reference = Some((name.into(), reference, ratio));
        self
    }

    pub(crate) fn aim(mut self, aim: Aim) -> Figure {
        self.aim = Some(aim);
        self
    }

    fn met(&self) -> Option<bool> {
        Some(match self.aim? {
            Aim::OfReference(least) => self.reference.as_ref()?.2 >= least,
            Aim::AtMost(most) => self.value.number() <= most.number(),
        })
    }

    fn row(&self) -> [String; 7] {
        let (reference, against, ratio) = match &self.reference {
            Some((name, value, ratio)) => (name.clone(), value.to_string(), format!("{ratio:.2}")),
            None => Default::default(),
        };
        let aim = match self.aim {
            Some(Aim::OfReference(least)) => format!("ratio ≥ {least}"),
            Some(Aim::AtMost(most)) => format!("≤ {most}"),
            None => String::new(),
        };
        let met = self.met().map_or("", |met| if met { "yes" } else { "NO" });
        [self.name.clone(), self.value.to_string(), reference, against, ratio, aim, met.to_owned()]
    }
}

/// All of them, for a person and for Markdown.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["figure", "value", "reference", "its value", "ratio", "aim", "met"]);
    for figure in figures {
        table.add_row(figure.row());
    }
    for column in [1, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}
