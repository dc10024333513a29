//! Reads the symbols of one plane: own search first, then rxing's detector.
//!
//! The search is bounded: so many patches a size, so many sizes, so many ways of telling dark from light. Bytes
//! are handed out only if the fixed pattern of the symbol is there and error correction restored every
//! codeword.

use std::sync::OnceLock;

use image::GrayImage;
use rxing::common::{
    BitMatrix, DetectorRXingResult as _, GlobalHistogramBinarizer, HybridBinarizer,
};
use rxing::datamatrix::detector::zxing_cpp_detector;
use rxing::{Binarizer as _, Luma8Source};

use super::contrast::{SHARP, WAYS, levelled, modules};
use super::equaliser::solve;
use super::grid::{Corners, Pattern, module_size, shades, widened};
use super::locate::patches;
use super::plane::{Point, Pyramid};
use super::shape::{SHAPES, Shape};
use super::sides::sides;
use crate::symbol::MODULES;

/// The least agreement with the fixed pattern at which a symbol is believed to be there, and the least of a
/// small one.
const BELIEVED: f32 = 0.4;
const BELIEVED_SMALL: f32 = 0.65;
/// The least agreement before the corners have settled at which a symbol is likely, at which none is sure to be
/// there, and at which they need not settle.
const LIKELY: f32 = 0.4;
const PROMISING: f32 = 0.2;
const SURE: f32 = 0.8;
/// The least agreement of another symbol beside one that was read.
const PROMISING_BESIDE: f32 = 0.1;
/// The module size, in pixels, at which a quiet zone is wide enough to keep symbols apart.
const APART: f32 = 2.5;
/// Doubtful patches that are looked at with patience.
const MOST_DOUBTFUL: usize = 10;
/// The module size, in pixels, at which corners settle.
const SETTLING: f32 = 3.0;

/// What one plane showed.
#[derive(Default)]
pub(super) struct Seen {
    /// The bytes of every symbol that was read.
    pub(super) payloads: Vec<Vec<u8>>,
    /// Where they are, in the full picture.
    places: Vec<Corners>,
    /// The module size of the last of them, in the full picture.
    module: f32,
    /// A symbol of the mark's size is there that does not decode.
    pub(super) damaged: bool,
}

impl Seen {
    /// Looks for symbols at every size of the picture, the smallest first, until one is read: at each patch
    /// with what is cheap first, and only then with all that can be tried.
    pub(super) fn search(&mut self, picture: &Pyramid, share: f32) {
        let mut doubtful = Vec::new();
        for level in (0..picture.levels.len()).rev() {
            let scale = 2.0f32.powi(level as i32);
            for patch in patches(&picture.levels[level], share) {
                let middle = patch[0].towards(patch[2], 0.5).scaled(scale);
                if self.has_read(middle) {
                    continue;
                }
                let Some(mut candidate) = Candidate::of(picture, level, &patch) else { continue };
                match candidate.read_at_once(picture) {
                    Some(read) => self.take(read),
                    None => doubtful.push(candidate),
                }
            }
            // Where modules are so small, what stands near a symbol may not be told from it.
            if self.module < APART * scale {
                continue;
            }
            // What else is as large as a symbol that was read may be one.
            let Some(least) = self.places.iter().map(area).min_by(f32::total_cmp) else { continue };
            doubtful.retain(|candidate| {
                area(&candidate.place) >= 0.5 * least && candidate.promise() >= PROMISING_BESIDE
            });
            break;
        }
        doubtful.sort_by(|one, other| other.promise().total_cmp(&one.promise()));
        for candidate in doubtful.into_iter().take(MOST_DOUBTFUL) {
            let middle = candidate.place[0].towards(candidate.place[2], 0.5);
            let holds_one =
                |place: &Corners| within(&candidate.place, place[0].towards(place[2], 0.5));
            if self.has_read(middle) || self.places.iter().any(holds_one) {
                continue;
            }
            match candidate.read_with_patience(picture) {
                Ok(read) => self.take(read),
                Err(is_symbol) => self.damaged |= is_symbol,
            }
        }
    }

    fn has_read(&self, point: Point) -> bool {
        self.places.iter().any(|place| within(place, point))
    }

    fn take(&mut self, Read { corners, module, payload }: Read) {
        self.places.push(corners);
        self.module = module;
        if !self.payloads.contains(&payload) {
            self.payloads.push(payload);
        }
    }

    /// Asks rxing's detector, under a local and a global threshold.
    pub(super) fn ask_rxing(&mut self, image: &GrayImage) {
        for matrix in [local_threshold, global_threshold] {
            let Some(matrix) = matrix(image) else { continue };
            for candidate in zxing_cpp_detector::detect(&matrix, true, true).unwrap_or_default() {
                let bits = candidate.getBits();
                let (columns, rows) = (bits.getWidth() as usize, bits.getHeight() as usize);
                let Some(shape) = Shape::of(columns, rows) else { continue };
                let modules = (0..rows * columns)
                    .map(|at| bits.get((at % columns) as u32, (at / columns) as u32))
                    .collect();
                match shape.decode(modules) {
                    Some(payload) if !self.payloads.contains(&payload) => {
                        self.payloads.push(payload);
                    }
                    Some(_) => {}
                    None => self.damaged |= columns == MODULES && rows == MODULES,
                }
            }
            if !self.payloads.is_empty() {
                return;
            }
        }
    }
}

/// A symbol that was read, and where it is in the full picture.
struct Read {
    corners: Corners,
    module: f32,
    payload: Vec<u8>,
}

/// A patch with four sides, and the shapes that may lie on it, the likeliest first.
struct Candidate {
    /// In the full picture.
    place: Corners,
    guesses: Vec<Guess>,
}

impl Candidate {
    fn of(picture: &Pyramid, level: usize, patch: &Corners) -> Option<Candidate> {
        // A finer copy shows where the sides are to half a pixel of this one.
        let finer = level.saturating_sub(1);
        let step = 2.0f32.powi((level - finer) as i32);
        let quadrilateral =
            sides(&picture.levels[finer], &patch.map(|corner| corner.scaled(step)))?;
        let place = quadrilateral.map(|corner| corner.scaled(2.0f32.powi(finer as i32)));
        let mut guesses: Vec<Guess> = patterns()
            .iter()
            .filter_map(|pattern| Guess::first(picture, pattern, &place))
            .collect();
        guesses.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
        guesses.truncate(2);
        Some(Candidate { place, guesses })
    }

    fn promise(&self) -> f32 {
        self.guesses.first().map_or(0.0, |guess| guess.agreement)
    }

    /// What most symbols need.
    fn read_at_once(&mut self, picture: &Pyramid) -> Option<Read> {
        let guess = self.guesses.first_mut().filter(|guess| guess.agreement >= LIKELY)?;
        if guess.agreement >= SURE
            && let Some(payload) = guess.decode(picture)
        {
            return Some(guess.read(payload));
        }
        guess.settle(picture);
        let payload = guess.decode(picture)?;
        Some(guess.read(payload))
    }

    /// All that can be tried; if nothing helps, whether a symbol of the mark's size is there.
    fn read_with_patience(self, picture: &Pyramid) -> Result<Read, bool> {
        let mut is_symbol = false;
        for mut guess in self.guesses {
            if guess.agreement < LIKELY {
                guess.shift_sides(picture);
            }
            if guess.agreement < PROMISING {
                continue;
            }
            guess.settle(picture);
            let payload = guess.decode(picture).or_else(|| guess.decode_through_blur(picture));
            if let Some(payload) = payload {
                return Ok(guess.read(payload));
            }
            let shape = guess.pattern.shape();
            is_symbol |=
                shape.columns == MODULES && shape.rows == MODULES && guess.agreement >= 0.55;
        }
        Err(is_symbol)
    }
}

/// A shape, laid one way round on a quadrilateral of the full picture.
struct Guess {
    pattern: &'static Pattern,
    corners: Corners,
    agreement: f32,
}

impl Guess {
    /// The best way round, if the proportions are those of the shape.
    fn first(picture: &Pyramid, pattern: &'static Pattern, place: &Corners) -> Option<Guess> {
        let shape = pattern.shape();
        let mut best: Option<Guess> = None;
        for turn in 0..4 {
            let mut corners = *place;
            corners.rotate_left(turn);
            let (across, down) = (corners[0].distance(corners[1]), corners[1].distance(corners[2]));
            let stretch = across * shape.rows as f32 / (down * shape.columns as f32);
            if !(0.6..1.67).contains(&stretch) {
                continue;
            }
            let agreement = agreement(picture, pattern, &corners);
            if best.as_ref().is_none_or(|best| agreement > best.agreement) {
                best = Some(Guess { pattern, corners, agreement });
            }
        }
        best
    }

    /// A side may lie a module too far in or out: its outermost row may be missing, or something stand before
    /// it.
    fn shift_sides(&mut self, picture: &Pyramid) {
        let from = self.corners;
        for turn in 0..4 {
            let mut turned = from;
            turned.rotate_left(turn);
            for code in 0..81u8 {
                let sides = [code % 3, code / 3 % 3, code / 9 % 3, code / 27];
                let sides = sides.map(|side| f32::from(side) - 1.0);
                let corners = widened(&turned, &self.pattern.shape(), sides);
                let agreement = agreement(picture, self.pattern, &corners);
                if agreement > self.agreement {
                    (self.corners, self.agreement) = (corners, agreement);
                }
            }
        }
    }

    /// Moves the corners to where the pattern agrees best.
    fn settle(&mut self, picture: &Pyramid) {
        let level = picture.level_for(module_size(&self.corners, &self.pattern.shape()), SETTLING);
        let scale = 0.5f32.powi(level as i32);
        let from = self.corners.map(|corner| corner.scaled(scale));
        let (corners, agreement) = self.pattern.settle(&picture.levels[level], from);
        self.corners = corners.map(|corner| corner.scaled(1.0 / scale));
        self.agreement = agreement;
    }

    fn read(&self, payload: Vec<u8>) -> Read {
        let module = module_size(&self.corners, &self.pattern.shape());
        Read { corners: self.corners, module, payload }
    }

    fn is_believed(&self) -> bool {
        let least = if self.pattern.shape().is_strong() { BELIEVED } else { BELIEVED_SMALL };
        self.agreement >= least
    }

    fn decode(&self, picture: &Pyramid) -> Option<Vec<u8>> {
        if !self.is_believed() {
            return None;
        }
        let shape = self.pattern.shape();
        let shades = shades(picture, &self.corners, &shape);
        WAYS.into_iter().find_map(|way| shape.decode(modules(&shades, &shape, way)))
    }

    fn decode_through_blur(&self, picture: &Pyramid) -> Option<Vec<u8>> {
        let shape = self.pattern.shape();
        // Few modules are too few to tell blur from them.
        if !self.is_believed() || shape.columns.min(shape.rows) < 32 {
            return None;
        }
        let shades = shades(picture, &self.corners, &shape);
        let first = modules(&shades, &shape, SHARP);
        solve(&levelled(&shades, &shape), &first, &shape, |modules| shape.decode(modules))
    }
}

/// The pattern of every shape, made once.
fn patterns() -> &'static [Pattern] {
    static PATTERNS: OnceLock<Vec<Pattern>> = OnceLock::new();
    PATTERNS.get_or_init(|| SHAPES.into_iter().map(Pattern::of).collect())
}

/// How well a pattern agrees with corners in the full picture, in the copy where a module is a few pixels.
fn agreement(picture: &Pyramid, pattern: &Pattern, corners: &Corners) -> f32 {
    let level = picture.level_for(module_size(corners, &pattern.shape()), SETTLING);
    let scale = 0.5f32.powi(level as i32);
    pattern.agreement(&picture.levels[level], &corners.map(|corner| corner.scaled(scale)))
}

/// Twice the area, near enough.
fn area(corners: &Corners) -> f32 {
    corners[0].distance(corners[2]) * corners[1].distance(corners[3])
}

fn within(corners: &Corners, point: Point) -> bool {
    let turns = (0..4).map(|index| {
        let (a, b) = (corners[index], corners[(index + 1) % 4]);
        (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x)
    });
    let (mut left, mut right) = (false, false);
    for turn in turns {
        left |= turn < 0.0;
        right |= turn > 0.0;
    }
    !(left && right)
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
