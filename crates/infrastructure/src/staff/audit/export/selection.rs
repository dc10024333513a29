//! Which rows of each table an export takes. Only numbers and dates of ours stand in the statements.

use timbre_postage::MeterSerial;

use super::{ExportFilter, start_of};
use crate::staff::StaffError;
use crate::store::seals::{Book, By};

/// The column of each table that says when; a table without one is exported whole.
const WHEN: [(&str, &str); 8] = [
    ("audit", "at"),
    ("case_events", "at"),
    ("cases", "opened"),
    ("inspections", "made"),
    ("postings", "t.booked"),
    ("refills", "booked"),
    ("refunded_marks", "booked"),
    ("transfers", "booked"),
];

/// An instant before any, and well within what both databases take as a whole number.
const BEFORE_ALL: i64 = -1_000_000_000_000_000_000;

/// A filter, made ready.
pub(super) struct Selection {
    pub(super) filter: ExportFilter,
    /// The first instant, in microseconds.
    from: Option<i64>,
    /// The first instant after the last.
    before: Option<i64>,
}

impl Selection {
    pub(super) fn of(filter: ExportFilter) -> Result<Selection, StaffError> {
        let from = filter.from.map(start_of).transpose()?;
        let after = filter.to.map(jiff::civil::Date::tomorrow).transpose();
        let after = after.map_err(|error| StaffError::Export(error.to_string()))?;
        let before = after.map(start_of).transpose()?;
        Ok(Selection { filter, from, before })
    }

    /// The statement for a table.
    pub(super) fn table(&self, table: &str) -> String {
        let mut conditions = Vec::new();
        conditions.extend(self.meter(table));
        if let Some((_, column)) = WHEN.iter().find(|(known, _)| *known == table) {
            conditions.extend(self.between(column));
        }
        if table == "records" {
            // The meter’s own text of the time, which begins with the day.
            conditions.extend(self.filter.from.map(|day| format!("made >= '{day}'")));
            let after = self.filter.to.and_then(|day| day.tomorrow().ok());
            conditions.extend(after.map(|day| format!("made < '{day}'")));
        }
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        match table {
            "postings" => format!(
                "SELECT p.* FROM postings p JOIN transfers t ON t.customer = p.customer AND t.id = p.transfer{conditions}
                 ORDER BY p.customer, p.transfer, p.line"
            ),
            "records" => format!("SELECT * FROM records{conditions} ORDER BY meter, sequence"),
            "seals" => format!("SELECT * FROM seals{conditions} ORDER BY subject, sequence"),
            _ => {
                let key = Book::named(table).map(|book| book.key.join(", "));
                let key = key.expect("invariant: every other table is a book");
                format!("SELECT * FROM {table}{conditions} ORDER BY {key}")
            }
        }
    }

    /// When a column lies in the time that was asked for.
    pub(super) fn between(&self, column: &str) -> Vec<String> {
        let from = self.from.map(|from| format!("{column} >= {from}"));
        let before = self.before.map(|before| format!("{column} < {before}"));
        from.into_iter().chain(before).collect()
    }

    /// The first instant that was asked for, as SQL; before all time where there is none.
    pub(super) fn start(&self) -> i64 {
        self.from.unwrap_or(BEFORE_ALL)
    }

    fn meter(&self, table: &str) -> Option<String> {
        let serial: MeterSerial = self.filter.meter?;
        let number = serial.number();
        match table {
            "records" => return Some(format!("meter = {number}")),
            "seals" => return Some(format!("subject = '{serial}'")),
            _ => {}
        }
        Some(match Book::named(table)?.by {
            By::Meter(column) => format!("{column} = {number}"),
            By::MeterOrCustomer => format!("meter = {number}"),
            By::Transfer => format!("t.meter = {number}"),
            By::Account(column) => {
                format!("{column} = (SELECT account FROM meters WHERE serial = {number})")
            }
            By::Name("subject", _) => format!("subject = '{serial}'"),
            By::Name(..) | By::Whole(_) => return None,
        })
    }
}
