//! From a picture to the marks on it.
//!
//! A scan is read in shades of grey in which red ink is dark: of a colour picture only the green
//! channel is looked at. Whatever is found is a [`Mark`] that parses; whether it is genuine is for
//! [`crate::verify`]. This module refuses pictures past [`MAXIMUM_PIXELS`] and never guesses bytes
//! that error correction could not restore.

use std::collections::BTreeSet;
use std::io::Cursor;

use image::{DynamicImage, ImageReader};
use rxing::common::{BitMatrix, GlobalHistogramBinarizer, HybridBinarizer};
use rxing::datamatrix::decoder::Decoder;
use rxing::datamatrix::detector::zxing_cpp_detector;
use rxing::{Binarizer as _, Luma8Source};

use crate::symbol::MODULES;
use crate::{Bitmap, Mark, MarkError};

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
    /// The number of pixels is not width × height.
    #[error("{found} pixels do not make a picture of {width} × {height}")]
    WrongPixelCount {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Pixels that were given.
        found: usize,
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

/// A picture in shades of grey, 0 black to 255 white, in which ink of any colour is dark.
#[derive(Clone)]
pub struct GrayImage {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl GrayImage {
    /// From rows of grey pixels, top to bottom.
    ///
    /// # Errors
    /// If the count of pixels is not `width` × `height`, or is too large.
    pub fn from_luma(width: u32, height: u32, pixels: Vec<u8>) -> Result<Self, ScanError> {
        check_size(width, height)?;
        if pixels.len() as u64 == u64::from(width) * u64::from(height) {
            Ok(GrayImage { width, height, pixels })
        } else {
            Err(ScanError::WrongPixelCount { width, height, found: pixels.len() })
        }
    }

    /// From rows of red, green and blue bytes: the green one sees red ink as dark.
    ///
    /// # Errors
    /// As [`GrayImage::from_luma`].
    pub fn from_rgb(width: u32, height: u32, rgb: &[u8]) -> Result<Self, ScanError> {
        check_size(width, height)?;
        if rgb.len() as u64 != 3 * u64::from(width) * u64::from(height) {
            return Err(ScanError::WrongPixelCount { width, height, found: rgb.len() / 3 });
        }
        let pixels = rgb.chunks_exact(3).map(|pixel| pixel[1]).collect();
        Self::from_luma(width, height, pixels)
    }

    /// From a PNG or JPEG file's bytes. What is transparent is paper.
    ///
    /// # Errors
    /// [`ScanError::NotAPicture`] or [`ScanError::TooLarge`].
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Self, ScanError> {
        let refuse = |error: &dyn std::fmt::Display| ScanError::NotAPicture(error.to_string());
        let reader =
            || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| refuse(&e));
        let (width, height) = reader()?.into_dimensions().map_err(|e| refuse(&e))?;
        check_size(width, height)?;
        let image = reader()?.decode().map_err(|e| refuse(&e))?;
        Self::from_luma(width, height, inked(&image))
    }

    /// The picture that a printed bitmap would give, with a margin of paper around it.
    #[must_use]
    pub fn from_bitmap(bitmap: &Bitmap) -> Self {
        const MARGIN: u32 = 32;
        let (width, height) = (bitmap.width() + 2 * MARGIN, bitmap.height() + 2 * MARGIN);
        let mut pixels = vec![0xff; width as usize * height as usize];
        for y in 0..bitmap.height() {
            let start = (y + MARGIN) as usize * width as usize + MARGIN as usize;
            for (x, pixel) in (0..bitmap.width()).zip(&mut pixels[start..]) {
                if bitmap.is_ink(x, y) {
                    *pixel = 0;
                }
            }
        }
        GrayImage { width, height, pixels }
    }

    /// Pixels across.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }
}

/// The marks on a PNG or JPEG picture, each once.
///
/// # Errors
/// A [`ScanError`] that says why there is none. If at least one mark reads, what else is on the
/// picture does not matter.
pub fn read_image(bytes: &[u8]) -> Result<Vec<Mark>, ScanError> {
    read_gray(&GrayImage::from_file_bytes(bytes)?)
}

/// The marks on a grey picture, each once.
///
/// # Errors
/// As [`read_image`].
pub fn read_gray(image: &GrayImage) -> Result<Vec<Mark>, ScanError> {
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
            use rxing::common::DetectorRXingResult as _;
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
                // Shapes of other sizes that do not decode are type and rules, not marks.
                Err(_) => {
                    let side = u32::try_from(MODULES).unwrap_or_default();
                    self.damaged |= (bits.getWidth(), bits.getHeight()) == (side, side);
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
    Luma8Source::new_with_slice(&image.pixels, image.width, image.height).ok()
}

fn local_threshold(image: &GrayImage) -> Option<BitMatrix> {
    HybridBinarizer::new(source(image)?).get_black_matrix().ok().cloned()
}

fn global_threshold(image: &GrayImage) -> Option<BitMatrix> {
    GlobalHistogramBinarizer::new(source(image)?).get_black_matrix().ok().cloned()
}

fn check_size(width: u32, height: u32) -> Result<(), ScanError> {
    if u64::from(width) * u64::from(height) > MAXIMUM_PIXELS {
        return Err(ScanError::TooLarge { width, height });
    }
    Ok(())
}

/// The shades in which red ink is dark.
fn inked(image: &DynamicImage) -> Vec<u8> {
    match image {
        DynamicImage::ImageLuma8(gray) => gray.as_raw().clone(),
        DynamicImage::ImageRgb8(rgb) => rgb.pixels().map(|pixel| pixel.0[1]).collect(),
        other => {
            let on_paper = |[_, green, _, alpha]: [u8; 4]| {
                let (green, alpha) = (u16::from(green), u16::from(alpha));
                u8::try_from((green * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255)
            };
            other.to_rgba8().pixels().map(|pixel| on_paper(pixel.0)).collect()
        }
    }
}
