//! The file as text, before it is a table: whether it is one, its delimiter, its lines.

use csv::{ByteRecord, ReaderBuilder};

use super::Column;
use crate::jobs::reject::FileError;

pub(super) fn refuse_what_is_not_csv(body: &[u8]) -> Result<(), FileError> {
    let whole = |code, fr: &str, en: &str| Err(FileError::new(None, code, fr, en));
    match body {
        [b'P', b'K', 3, 4, ..] => whole(
            "spreadsheet",
            "c’est un classeur (.xlsx, .ods) : enregistrez-le en CSV UTF-8",
            "this is a spreadsheet (.xlsx, .ods): save it as CSV UTF-8",
        ),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => whole(
            "utf-16",
            "le fichier est en UTF-16 : enregistrez-le en CSV UTF-8",
            "the file is UTF-16: save it as CSV UTF-8",
        ),
        _ if body.trim_ascii().is_empty() => {
            whole("file-empty", "le fichier est vide", "the file is empty")
        }
        _ if body.contains(&0) => whole(
            "binary",
            "ce n’est pas un fichier texte (il contient des octets nuls)",
            "this is not a text file (it contains zero bytes)",
        ),
        _ => Ok(()),
    }
}

/// The delimiter under which the header names the most columns.
pub(super) fn best_header(body: &[u8]) -> (u8, ByteRecord) {
    let header_with = |delimiter: u8| {
        let mut header = ByteRecord::new();
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(body);
        // Reading from memory with `flexible` has no error left.
        let _read = reader.read_byte_record(&mut header);
        let known = header
            .iter()
            .filter(|cell| {
                std::str::from_utf8(cell).is_ok_and(|text| Column::of_header(text).is_some())
            })
            .count();
        (known, delimiter, header)
    };
    let candidates = [b',', b';', b'\t', b'|'].map(header_with);
    // On a tie the widest header wins: it shows best what was found.
    let best = candidates.into_iter().max_by_key(|(known, _, header)| (*known, header.len()));
    let (_, delimiter, header) = best.expect("invariant: there are four candidates");
    (delimiter, header)
}

/// The line of a quotation mark that is opened and never closed, by the same rules as the reader's.
///
/// Such a mark would swallow every row after it without a word.
pub(super) fn unclosed_quote(body: &[u8], delimiter: u8) -> Option<u64> {
    let (mut line, mut opened) = (1, None);
    let mut cell_start = true;
    let mut bytes = body.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\n' {
            line += 1;
        }
        match (opened, byte) {
            (None, b'"') if cell_start => opened = Some(line),
            (Some(_), b'"') => {
                let doubled = bytes.next_if(|b| **b == b'"').is_some();
                opened = opened.filter(|_| doubled);
            }
            _ => {}
        }
        let ends_cell = byte == delimiter || matches!(byte, b'\n' | b'\r');
        cell_start = opened.is_none() && ends_cell;
    }
    opened
}

/// Counts lines forward once, however many rows ask.
#[derive(Default)]
pub(super) struct LineCounter {
    bytes: usize,
    lines: u64,
}

impl LineCounter {
    /// The line of the first byte at or after `start` that is not an empty line's.
    pub(super) fn line_of_row(&mut self, text: &[u8], start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
        let blank = text[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let upto = start + blank;
        for at in self.bytes..upto {
            let lone_return = text[at] == b'\r' && text.get(at + 1) != Some(&b'\n');
            self.lines += u64::from(text[at] == b'\n' || lone_return);
        }
        self.bytes = self.bytes.max(upto);
        self.lines + 1
    }
}
