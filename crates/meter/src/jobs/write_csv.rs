//! The CSV files that a run leaves: `franked.csv` and `<name>.rejected.csv`.
//!
//! They are opened in spreadsheets, so a cell that a spreadsheet would run as a formula gets an
//! apostrophe in front; [`plain`] takes it off again when a corrected file comes back.

use csv::{ByteRecord, WriterBuilder};
use timbre_indicium::Mark;
use timbre_postage::Language;

use super::reject::Rejection;
use super::source::Row;
use crate::piece::PieceRequest;

/// The cell as a spreadsheet shows it and does not run it.
pub(crate) fn harmless(cell: &str) -> String {
    let mut safe = String::with_capacity(cell.len() + 1);
    if runs(cell) {
        safe.push('\'');
    }
    safe.push_str(cell);
    safe
}

/// The cell without the apostrophe that [`harmless`] put there.
pub(crate) fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| runs(rest)).unwrap_or(cell)
}

fn runs(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%'])
}

/// `franked.csv`: one line per mark.
pub(crate) struct FrankedFile(Lines);

impl FrankedFile {
    pub(crate) fn new() -> FrankedFile {
        let mut lines = writer(b',');
        lines.put([
            "line",
            "serial",
            "piece",
            "amount",
            "currency",
            "product",
            "date",
            "service",
            "destination",
            "weight_g",
            "table",
            "mark",
            "account",
            "reference",
        ]);
        FrankedFile(lines)
    }

    pub(crate) fn add(
        &mut self,
        row: &Row,
        request: &PieceRequest,
        mark: &Mark,
        table: &str,
        name: &str,
    ) {
        let data = mark.data();
        let piece = &request.piece;
        self.0.put([
            row.line.to_string(),
            data.serial.to_string(),
            data.pieces.to_string(),
            data.amount.decimal(),
            data.amount.currency().to_string(),
            data.product.to_string(),
            data.date.to_string(),
            piece.service.to_string(),
            piece.destination.to_string(),
            grams(piece.weight.milligrams_rounded_up()),
            harmless(table),
            harmless(name),
            harmless(request.account.as_deref().unwrap_or_default()),
            harmless(request.reference.as_deref().unwrap_or_default()),
        ]);
    }

    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        self.0.bytes()
    }
}

fn grams(milligrams: u64) -> String {
    let (grams, rest) = (milligrams / 1000, milligrams % 1000);
    let decimals = format!("{rest:03}");
    match decimals.trim_end_matches('0') {
        "" => grams.to_string(),
        decimals => format!("{grams}.{decimals}"),
    }
}

/// `<name>.rejected.csv`: the rows as they were, then line, column and reason; corrected, it can be run.
pub(crate) struct RejectedFile {
    lines: Lines,
    width: usize,
    language: Language,
}

impl RejectedFile {
    pub(crate) fn new(header: &ByteRecord, delimiter: u8, language: Language) -> RejectedFile {
        let mut lines = writer(delimiter);
        let own = match language {
            Language::French => ["rejet_ligne", "rejet_colonne", "rejet_motif"],
            Language::English => ["rejected_line", "rejected_column", "rejected_reason"],
        };
        let cells = header.iter().map(<[u8]>::to_vec);
        lines.put(cells.chain(own.map(|cell| cell.as_bytes().to_vec())));
        RejectedFile { lines, width: header.len(), language }
    }

    pub(crate) fn add(&mut self, cells: &ByteRecord, rejection: &Rejection) {
        // Short rows are filled and long ones kept, so that our three columns stay the last.
        let missing = self.width.saturating_sub(cells.len());
        let mut row: Vec<Vec<u8>> = cells.iter().map(harmless_bytes).collect();
        row.extend(std::iter::repeat_n(Vec::new(), missing));
        row.push(rejection.line.to_string().into_bytes());
        row.push(harmless(rejection.column.as_deref().unwrap_or_default()).into_bytes());
        row.push(rejection.reason.text(self.language).as_bytes().to_vec());
        self.lines.put(row);
    }

    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        self.lines.bytes()
    }
}

/// As [`harmless`], for bytes that need not be text: they go back as they came.
fn harmless_bytes(cell: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(cell) {
        Ok(text) => harmless(text).into_bytes(),
        Err(_) => cell.to_vec(),
    }
}

/// Writing to memory, which does not fail.
struct Lines(csv::Writer<Vec<u8>>);

fn writer(delimiter: u8) -> Lines {
    Lines(WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new()))
}

impl Lines {
    fn put<C: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.0.write_record(cells).expect("invariant: writing to memory does not fail");
    }

    /// All lines so far.
    fn bytes(&mut self) -> Vec<u8> {
        self.0.flush().expect("invariant: writing to memory does not fail");
        self.0.get_ref().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_made_harmless_and_comes_back_as_it_was() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "|cmd", "%0A", "=cmd|' /C calc'!A0"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
            assert_eq!(plain(&harmless(cell)), cell);
        }
        for cell in ["", "Ventes", "l'an 2025", "'quoted'", "1-2"] {
            assert_eq!(harmless(cell), cell);
            assert_eq!(plain(cell), cell);
        }
    }

    #[test]
    fn weights_are_written_in_grams_without_idle_zeros() {
        for (milligrams, grams_text) in [(42_000, "42"), (42_500, "42.5"), (1, "0.001")] {
            assert_eq!(grams(milligrams), grams_text);
        }
    }
}
