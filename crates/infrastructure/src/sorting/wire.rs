//! The lines that sorting machines and the verification service exchange: JSON, one line for each piece, one for each answer.
//!
//! Strict in what it reads: an unknown field is a mistake, and a mistake in one line is the answer to that line and to no other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use timbre_indicium::verify::Decision;
use timbre_indicium::{Mark, MarkError};
use timbre_postage::{Country, Dimensions, Piece, Weight};

use super::{Judged, ScannedItem};
use crate::call::today;

/// The longest line.
pub const LONGEST_LINE: usize = 16 * 1024;
const MOST_SYMBOLS: usize = 8;
const LONGEST_NUMBER: usize = 64;
/// How far the day of a scan may be behind ours: copies are remembered two days longer than marks are accepted.
const DAYS_BEHIND: i32 = 2;

/// One piece, as a machine tells of it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The machine's own number of this scan.
    pub scan: String,
    /// The number that the piece itself bears, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The day of the scan where the machine stands, if it is not today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
    /// The bytes of every symbol that was read, in Base64.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// What it weighs: `42g`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// How large it is: `245x156x5`, in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// The country it goes to; Canada unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The postal service; `lettermail` unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Whether it is registered mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub registered: bool,
}

/// What is to be done with one piece.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnswerLine {
    /// The number of the scan; empty where the line could not be read.
    pub scan: String,
    /// `accept`, `accept-with-note`, `short-paid`, `duplicate`, `counterfeit`, `unreadable`; none where the line was not
    /// judged, and then `error` says why.
    pub decision: Option<String>,
    /// What is missing, in units of the currency; of a short-paid piece alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The currency of what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Whether this same piece was accepted before: the same scan once more, or its number before another machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// All that is to be said, the gravest first.
    #[serde(default)]
    pub findings: Vec<FindingLine>,
    /// Why the line was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<FindingLine>,
}

/// One thing that is to be said, in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FindingLine {
    /// A stable name for programs.
    pub code: String,
    /// How much it weighs: `note`, `deficiency`, `unreadable`, `duplicate`, `breach`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub gravity: String,
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

/// A line that cannot be judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BadLine {
    /// Its scan, if that much could be read.
    pub(crate) scan: String,
    pub(crate) reason: String,
}

impl BadLine {
    pub(crate) fn answer(self) -> AnswerLine {
        let BadLine { scan, reason } = self;
        let fr = format!("Ligne refusée\u{a0}: {reason}");
        let en = format!("Line refused: {reason}");
        AnswerLine::error(scan, "malformed-line", fr, en)
    }
}

impl Question {
    /// The line that tells of this piece. What was read and is no mark is not told.
    #[must_use]
    pub fn of(item: &ScannedItem) -> Question {
        let measured = item.measured.as_ref();
        Question {
            scan: item.scan.clone(),
            item: item.item.clone(),
            on: item.scanned_on,
            symbols: item.marks.iter().map(|mark| STANDARD.encode(mark.payload())).collect(),
            weight: measured.map(|piece| piece.weight.to_string()),
            size: measured.and_then(|piece| piece.dimensions).map(|size| size.to_string()),
            to: measured.map(|piece| piece.destination.to_string()),
            service: measured.map(|piece| piece.service.to_string()),
            registered: measured.is_some_and(|piece| piece.registered),
        }
    }

    /// The piece that one line tells of.
    pub(crate) fn read(line: &[u8], now: Timestamp) -> Result<ScannedItem, BadLine> {
        let question: Question = serde_json::from_slice(line)
            .map_err(|error| BadLine { scan: String::new(), reason: error.to_string() })?;
        let scan = question.scan.clone();
        question.item(now).map_err(|reason| BadLine { scan, reason })
    }

    fn item(self, now: Timestamp) -> Result<ScannedItem, String> {
        for (field, number) in [("scan", Some(&self.scan)), ("item", self.item.as_ref())] {
            let bad = |text: &String| {
                text.is_empty() || text.len() > LONGEST_NUMBER || text.contains(char::is_control)
            };
            if number.is_some_and(bad) {
                return Err(format!(
                    "{field}: 1 to {LONGEST_NUMBER} bytes without control characters"
                ));
            }
        }
        if let Some(day) = self.on {
            let earliest = today(now).saturating_sub(DAYS_BEHIND.days());
            let latest = today(now).saturating_add(1.day());
            if !(earliest..=latest).contains(&day) {
                return Err(format!("on: {day} is not between {earliest} and {latest}"));
            }
        }
        if self.symbols.len() > MOST_SYMBOLS {
            return Err(format!("symbols: at most {MOST_SYMBOLS}"));
        }
        let measured = self.measured()?;
        let (mut marks, mut not_marks) = (Vec::new(), Vec::new());
        for symbol in &self.symbols {
            let bytes = STANDARD.decode(symbol).map_err(|error| format!("symbols: {error}"))?;
            match Mark::parse(&bytes) {
                Ok(mark) => marks.push(mark),
                Err(error) => not_marks.push(error),
            }
        }
        let Question { scan, item, on: scanned_on, .. } = self;
        Ok(ScannedItem { scan, item, scanned_on, marks, not_marks, measured })
    }

    fn measured(&self) -> Result<Option<Piece>, String> {
        let Some(weight) = &self.weight else {
            let alone = self.size.is_some() || self.to.is_some() || self.service.is_some();
            return if alone || self.registered {
                Err("size, to, service and registered say nothing without a weight".to_owned())
            } else {
                Ok(None)
            };
        };
        let weight: Weight = weight.parse().map_err(|error| format!("weight: {error}"))?;
        let service = self.service.as_deref().unwrap_or("lettermail");
        let to = self.to.as_deref().unwrap_or("CA");
        let size = self.size.as_deref().map(str::parse::<Dimensions>).transpose();
        Ok(Some(Piece {
            service: service.parse().map_err(|error| format!("service: {error}"))?,
            destination: to.parse::<Country>().map_err(|error| format!("to: {error}"))?,
            weight,
            dimensions: size.map_err(|error| format!("size: {error}"))?,
            registered: self.registered,
        }))
    }
}

impl AnswerLine {
    /// The answer about a piece.
    #[must_use]
    pub fn of(scan: String, judged: Judged) -> Self {
        let Judged { verdict, seen_on_its_way: again } = judged;
        let due = match verdict.decision {
            Decision::ShortPaid { due } => Some(due),
            _ => None,
        };
        let findings = verdict.findings.into_iter().map(|finding| FindingLine {
            code: finding.code.to_owned(),
            gravity: finding.gravity.as_str().to_owned(),
            fr: finding.fr,
            en: finding.en,
        });
        AnswerLine {
            scan,
            decision: Some(verdict.decision.as_str().to_owned()),
            due: due.map(|due| due.decimal()),
            currency: due.map(|due| due.currency().code().to_owned()),
            again,
            findings: findings.collect(),
            error: None,
        }
    }

    pub(crate) fn error(scan: String, code: &str, fr: String, en: String) -> Self {
        let error = FindingLine { code: code.to_owned(), gravity: String::new(), fr, en };
        AnswerLine {
            scan,
            decision: None,
            due: None,
            currency: None,
            again: false,
            findings: Vec::new(),
            error: Some(error),
        }
    }
}

/// Whether bytes that are no mark of ours are a lie, and not merely something else.
pub(crate) fn is_forged(error: &MarkError) -> bool {
    match error {
        MarkError::Impossible { .. } | MarkError::Inconsistent(_) => true,
        MarkError::WrongLength(_) | MarkError::NotTimbre(_) | MarkError::UnsupportedVersion(_) => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<ScannedItem, BadLine> {
        Question::read(line.as_bytes(), "2026-11-24T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_piece_is_a_line() {
        let line = r#"{"scan":"a1","item":"X7","symbols":["VA=="],"weight":"42g","to":"US","on":"2026-11-23"}"#;
        let item = read(line).unwrap();
        assert_eq!((item.scan.as_str(), item.item.as_deref()), ("a1", Some("X7")));
        assert_eq!(item.not_marks, [MarkError::WrongLength(1)]);
        assert_eq!(item.measured.unwrap().destination.to_string(), "US");
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let line =
            r#"{"scan":"a1","weight":"28.35g","size":"245x156x5mm","to":"US","registered":true}"#;
        let item = read(line).unwrap();
        let again = serde_json::to_string(&Question::of(&item)).unwrap();
        assert_eq!(read(&again).unwrap().measured, item.measured, "{again}");
    }

    #[test]
    fn a_mistake_is_named_with_its_scan() {
        for (line, reason) in [
            (r#"{"scan":"a","colour":"red"}"#, "unknown field"),
            (r#"{"scan":"","symbols":[]}"#, "scan: 1 to 64"),
            (r#"{"scan":"a","symbols":["*"]}"#, "symbols: Invalid"),
            (r#"{"scan":"a","on":"2026-11-20"}"#, "on: 2026-11-20 is not between"),
            (r#"{"scan":"a","to":"US"}"#, "without a weight"),
            (r#"{"scan":"a","weight":"heavy"}"#, "weight: "),
            ("7", "invalid type"),
        ] {
            let bad = read(line).unwrap_err();
            assert!(bad.reason.contains(reason), "{line}: {}", bad.reason);
        }
        let many = format!(r#"{{"scan":"a","symbols":[{}"VA=="]}}"#, "\"VA==\",".repeat(8));
        assert_eq!(read(&many).unwrap_err().reason, "symbols: at most 8");
        assert_eq!(read(r#"{"scan":"a7","weight":"x"}"#).unwrap_err().scan, "a7");
    }
}
