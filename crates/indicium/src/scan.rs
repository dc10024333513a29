//! From a picture to the marks on it, and to the symbols of other operators.
//!
//! A scan is read in shades of grey in which red ink is dark: of a colour picture the green channel is looked
//! at first. If it shows nothing, other views are tried: without what is black (a postmark over a red mark),
//! the other channels (ink and paper of unlucky colours), fainter texture. Whatever is found is a [`Mark`] that
//! parses, or a symbol of a [published format](crate::format); whether a mark is genuine is for
//! [`crate::verify`]. This module refuses pictures past [`MAXIMUM_PIXELS`], does a bounded amount of work on
//! each, and never guesses bytes that error correction could not restore.

mod attempt;
mod contrast;
mod equaliser;
mod grid;
mod locate;
mod plane;
mod shape;
mod sides;
mod views;

use image::GrayImage;
use timbre_postage::Language;

use self::attempt::Seen;
use self::plane::Pyramid;
pub use self::views::Picture;
use crate::format::{self, Published};
use crate::{Mark, MarkError};

/// The most pixels a picture may have: an A3 page at 600 dpi, rounded up.
pub const MAXIMUM_PIXELS: u64 = 80_000_000;

/// Why a picture yields no mark.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScanError {
    /// The bytes are not a PNG or JPEG picture that can be read.
    #[error("not a PNG or JPEG picture: {0}")]
    NotAPicture(String),
    /// More pixels than any page has.
    #[error(
        "the picture of {width} × {height} pixels is too large: scan at 600 dpi or less, a page at a time"
    )]
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// There is nothing on the picture that looks like a Data Matrix.
    #[error("no Data Matrix found: scan the whole mark, sharp, at 300 dpi or more")]
    NoSymbol,
    /// A symbol of the right size is there, but too much of it is wrong.
    #[error(
        "the Data Matrix of the mark is damaged beyond repair: scan again, or read the printed text"
    )]
    Damaged,
    /// A Data Matrix was read and it is something else.
    #[error("a Data Matrix was read, but it is no mark: {0}")]
    NotAMark(#[from] MarkError),
}

impl ScanError {
    /// A stable name for programs and support.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ScanError::NotAPicture(_) => "not-a-picture",
            ScanError::TooLarge { .. } => "picture-too-large",
            ScanError::NoSymbol => "no-symbol",
            ScanError::Damaged => "symbol-damaged",
            ScanError::NotAMark(_) => "not-a-mark",
        }
    }

    /// What happened and what to do, for a person.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::French => self.in_french(),
        }
    }

    fn in_french(&self) -> String {
        match self {
            ScanError::NotAPicture(reason) => {
                format!("ce n’est pas une image PNG ou JPEG\u{a0}: {reason}")
            }
            ScanError::TooLarge { width, height } => format!(
                "l’image de {width} × {height} pixels est trop grande\u{a0}: numérisez à 600 ppp ou moins, une page à la fois"
            ),
            ScanError::NoSymbol => "aucun code Data Matrix\u{a0}: numérisez l’empreinte entière, nette, à 300 ppp ou plus".to_owned(),
            ScanError::Damaged => "le code Data Matrix de l’empreinte est trop abîmé\u{a0}: numérisez de nouveau, ou lisez le texte imprimé".to_owned(),
            ScanError::NotAMark(error) => {
                format!("un code Data Matrix a été lu, mais ce n’est pas une empreinte\u{a0}: {error}")
            }
        }
    }
}

/// A symbol that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// A mark of ours.
    Mark(Box<Mark>),
    /// A symbol of another operator, in a published format.
    Published(Published),
}

/// The marks on a PNG or JPEG picture, each once.
///
/// # Errors
/// A [`ScanError`] that says why there is none. If at least one mark reads, what else is on the
/// picture does not matter.
pub fn read_image(bytes: &[u8]) -> Result<Vec<Mark>, ScanError> {
    Picture::open(bytes)?.marks()
}

/// The marks on a picture in shades of grey in which ink is dark, each once.
///
/// # Errors
/// As [`read_image`].
pub fn read_gray(image: &GrayImage) -> Result<Vec<Mark>, ScanError> {
    Picture::from_gray(image.clone())?.marks()
}

impl Picture {
    /// The marks on it, each once.
    ///
    /// # Errors
    /// As [`read_image`].
    pub fn marks(&self) -> Result<Vec<Mark>, ScanError> {
        let mut findings = Findings::default();
        self.look(&mut findings, |findings| !findings.marks().is_empty());
        findings.conclude_marks()
    }

    /// Every symbol on it that is a mark or of a published format, each once.
    ///
    /// # Errors
    /// As [`read_image`].
    pub fn read(&self) -> Result<Vec<Reading>, ScanError> {
        let mut findings = Findings::default();
        // A mark that does not read yet is worth another look, whoever's symbol lies beside it.
        self.look(&mut findings, |findings| {
            !findings.marks().is_empty() || !findings.readings.is_empty() && !findings.damaged
        });
        findings.conclude()
    }

    /// Looks in one way after the other, the cheapest and likeliest first, until there is enough.
    fn look(&self, findings: &mut Findings, enough: impl Fn(&Findings) -> bool) {
        let main = Pyramid::of(self.ink());
        for share in [0.45, 0.2] {
            let mut seen = Seen::default();
            seen.search(&main, share);
            findings.take(seen);
            if enough(findings) {
                return;
            }
        }
        let mut seen = Seen::default();
        seen.search(&main.levelled(), 0.45);
        findings.take(seen);
        if enough(findings) {
            return;
        }
        for view in self.other_views() {
            let mut seen = Seen::default();
            seen.search(&Pyramid::of(&view), 0.45);
            findings.take(seen);
            if enough(findings) {
                return;
            }
        }
        let mut seen = Seen::default();
        seen.ask_rxing(self.ink());
        findings.take(seen);
    }
}

/// What was seen so far, over all ways of looking.
#[derive(Default)]
struct Findings {
    readings: Vec<Reading>,
    other: Option<MarkError>,
    damaged: bool,
}

impl Findings {
    fn take(&mut self, seen: Seen) {
        self.damaged |= seen.damaged;
        for payload in seen.payloads {
            let reading = match Mark::parse(&payload) {
                Ok(mark) => Reading::Mark(Box::new(mark)),
                Err(error) => {
                    self.other = Some(error);
                    let Some(published) = format::read(&payload) else { continue };
                    Reading::Published(published)
                }
            };
            if !self.readings.contains(&reading) {
                self.readings.push(reading);
            }
        }
    }

    fn marks(&self) -> Vec<Mark> {
        let marks = self.readings.iter().filter_map(|reading| match reading {
            Reading::Mark(mark) => Some((**mark).clone()),
            Reading::Published(_) => None,
        });
        marks.collect()
    }

    fn conclude(self) -> Result<Vec<Reading>, ScanError> {
        if self.readings.is_empty() { Err(self.reason()) } else { Ok(self.readings) }
    }

    fn conclude_marks(self) -> Result<Vec<Mark>, ScanError> {
        let marks = self.marks();
        if marks.is_empty() { Err(self.reason()) } else { Ok(marks) }
    }

    fn reason(self) -> ScanError {
        match self {
            Findings { other: Some(error), .. } => ScanError::NotAMark(error),
            Findings { damaged: true, .. } => ScanError::Damaged,
            _ => ScanError::NoSymbol,
        }
    }
}
