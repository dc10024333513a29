//! From a picture to the marks on it.
//!
//! A scan is read in shades of grey in which red ink is dark: of a colour picture only the green
//! channel is looked at. Whatever is found is a [`Mark`] that parses; whether it is genuine is for
//! [`crate::verify`]. This module refuses pictures past [`MAXIMUM_PIXELS`] and never guesses bytes
//! that error correction could not restore.

use std::collections::BTreeSet;
use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageReader, Luma};
use rxing::common::{
    BitMatrix, DetectorRXingResult as _, GlobalHistogramBinarizer, HybridBinarizer,
};
use rxing::datamatrix::decoder::Decoder;
use rxing::datamatrix::detector::zxing_cpp_detector;
use rxing::{Binarizer as _, Luma8Source};

use crate::symbol::MODULES;
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

/// The marks on a PNG or JPEG picture, each once.
///
/// # Errors
/// A [`ScanError`] that says why there is none. If at least one mark reads, what else is on the
/// picture does not matter.
pub fn read_image(bytes: &[u8]) -> Result<Vec<Mark>, ScanError> {
    read_gray(&ink_of_file(bytes)?)
}

/// The marks on a picture in shades of grey in which ink is dark, each once.
///
/// # Errors
/// As [`read_image`].
pub fn read_gray(image: &GrayImage) -> Result<Vec<Mark>, ScanError> {
    check_size(image.width(), image.height())?;
    let mut findings = Findings::default();
    // The local threshold copes with shadows and paper; the global one with marks that fill the
    // picture. The second is asked only when the first saw no mark.
    for matrix in [local_threshold, global_threshold] {
        if let Some(matrix) = matrix(image) {
            findings.look_at(&matrix);
        }
        if !findings.marks.is_empty() {
            break;
        }
    }
    findings.conclude()
}

/// What was seen so far, over all ways of looking.
#[derive(Default)]
struct Findings {
    marks: Vec<Mark>,
    other: Option<MarkError>,
    damaged: bool,
}

impl Findings {
    fn look_at(&mut self, matrix: &BitMatrix) {
        let decoder = Decoder::new();
        let mut seen = BTreeSet::new();
        for candidate in zxing_cpp_detector::detect(matrix, true, true).unwrap_or_default() {
            let bits = candidate.getBits();
            match decoder.decode(bits) {
                Ok(decoded) => {
                    let payload = match decoded.getByteSegments().as_slice() {
                        [] => decoded.getText().as_bytes().to_vec(),
                        segments => segments.concat(),
                    };
                    if seen.insert(payload.clone()) {
                        self.take(&payload);
                    }
                }
                // A shape of the right size that does not decode is a mark gone wrong; shapes of other
                // sizes are type and rules.
                Err(_) => {
                    let size = [bits.getWidth() as usize, bits.getHeight() as usize];
                    self.damaged |= size == [MODULES; 2];
                }
            }
        }
    }

    fn take(&mut self, payload: &[u8]) {
        match Mark::parse(payload) {
            Ok(mark) => self.marks.push(mark),
            Err(error) => self.other = Some(error),
        }
    }

    fn conclude(self) -> Result<Vec<Mark>, ScanError> {
        match self {
            Findings { marks, .. } if !marks.is_empty() => Ok(marks),
            Findings { other: Some(error), .. } => Err(ScanError::NotAMark(error)),
            Findings { damaged: true, .. } => Err(ScanError::Damaged),
            _ => Err(ScanError::NoSymbol),
        }
    }
}

fn source(image: &GrayImage) -> Option<Luma8Source<'_>> {
    Luma8Source::new_with_slice(image.as_raw(), image.width(), image.height()).ok()
}

fn local_threshold(image: &GrayImage) -> Option<BitMatrix> {
    HybridBinarizer::new(source(image)?).get_black_matrix().ok().cloned()
}

fn global_threshold(image: &GrayImage) -> Option<BitMatrix> {
    GlobalHistogramBinarizer::new(source(image)?).get_black_matrix().ok().cloned()
}

/// A PNG or JPEG file as shades of grey in which red ink is dark, and what is transparent paper.
fn ink_of_file(bytes: &[u8]) -> Result<GrayImage, ScanError> {
    let refuse = |error: &dyn std::fmt::Display| ScanError::NotAPicture(error.to_string());
    let open = || ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let (width, height) =
        open().map_err(|e| refuse(&e))?.into_dimensions().map_err(|e| refuse(&e))?;
    check_size(width, height)?;
    let image = open().map_err(|e| refuse(&e))?.decode().map_err(|e| refuse(&e))?;
    Ok(ink_of(image))
}

fn ink_of(image: DynamicImage) -> GrayImage {
    match image {
        DynamicImage::ImageLuma8(gray) => gray,
        DynamicImage::ImageRgb8(rgb) => {
            GrayImage::from_fn(rgb.width(), rgb.height(), |x, y| Luma([rgb.get_pixel(x, y).0[1]]))
        }
        other => {
            let rgba = other.to_rgba8();
            GrayImage::from_fn(rgba.width(), rgba.height(), |x, y| {
                let [_, green, _, alpha] = rgba.get_pixel(x, y).0.map(u16::from);
                Luma([((green * alpha + 255 * (255 - alpha)) / 255) as u8])
            })
        }
    }
}

fn check_size(width: u32, height: u32) -> Result<(), ScanError> {
    if u64::from(width) * u64::from(height) > MAXIMUM_PIXELS {
        return Err(ScanError::TooLarge { width, height });
    }
    Ok(())
}
