//! Reads the symbols of one plane: own search first, then rxing's detector.
//!
//! The search is bounded: so many patches a size, so many sizes, so many ways of telling dark from light. Bytes are handed out only if the fixed pattern of the symbol is there
//! and error correction restored every codeword.

use image::GrayImage;
use rxing::common::{
    BitMatrix, DetectorRXingResult as _, GlobalHistogramBinarizer, HybridBinarizer,
};
use rxing::datamatrix::detector::zxing_cpp_detector;
use rxing::{Binarizer as _, Luma8Source};

use super::contrast::{WAYS, modules};
use super::grid::{Corners, Pattern, module_size, shades, widened};
use super::locate::{patches, sides};
use super::plane::{Point, Pyramid};
use super::shape::{SHAPES, Shape};
use crate::symbol::MODULES;

/// The least agreement with the fixed pattern at which a symbol is believed to be there, and the least of a small one.
const BELIEVED: f32 = 0.45;
const BELIEVED_SMALL: f32 = 0.7;
/// The least agreement before the corners have settled that is worth settling.
const PROMISING: f32 = 0.2;
/// The module size, in pixels, at which corners settle.
const SETTLING: f32 = 3.0;

/// What one plane showed.
#[derive(Default)]
pub(super) struct Seen {
    /// The bytes of every symbol that was read.
    pub(super) payloads: Vec<Vec<u8>>,
    /// Where they are, in the full picture.
    places: Vec<Corners>,
    /// A symbol of the mark's size is there that does not decode.
    pub(super) damaged: bool,
}

impl Seen {
    /// Looks for symbols at every size of the picture, the smallest first, until one is read.
    pub(super) fn search(&mut self, picture: &Pyramid, share: f32) {
        let patterns = SHAPES.map(Pattern::of);
        for level in (0..picture.levels.len()).rev() {
            let scale = 2.0f32.powi(level as i32);
            for patch in patches(&picture.levels[level], share) {
                let middle = patch[0].towards(patch[2], 0.5).scaled(scale);
                if self.places.iter().any(|place| within(place, middle)) {
                    continue;
                }
                self.read_patch(picture, level, &patch, &patterns);
            }
            if !self.payloads.is_empty() && !self.damaged {
                return;
            }
        }
    }

    fn read_patch(
        &mut self,
        picture: &Pyramid,
        level: usize,
        patch: &Corners,
        patterns: &[Pattern],
    ) {
        // A finer copy shows where the sides are to half a pixel of this one.
        let finer = level.saturating_sub(1);
        let step = 2.0f32.powi((level - finer) as i32);
        let patch = patch.map(|corner| corner.scaled(step));
        let Some(quadrilateral) = sides(&picture.levels[finer], &patch) else { return };
        let full = quadrilateral.map(|corner| corner.scaled(2.0f32.powi(finer as i32)));
        let mut guesses: Vec<Guess> =
            patterns.iter().filter_map(|pattern| Guess::first(picture, pattern, &full)).collect();
        guesses.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
        guesses.truncate(2);
        for guess in guesses {
            let Some((corners, agreement)) = guess.settled(picture) else { continue };
            let shape = guess.pattern.shape();
            if let Some(payload) = decode(picture, &corners, &shape) {
                self.places.push(corners);
                if !self.payloads.contains(&payload) {
                    self.payloads.push(payload);
                }
                return;
            }
            self.damaged |= shape.columns == MODULES && shape.rows == MODULES && agreement >= 0.55;
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

/// A shape, laid one way round on a quadrilateral.
struct Guess<'a> {
    pattern: &'a Pattern,
    corners: Corners,
    agreement: f32,
}

impl<'a> Guess<'a> {
    /// The best way round, if the proportions are those of the shape.
    fn first(picture: &Pyramid, pattern: &'a Pattern, full: &Corners) -> Option<Guess<'a>> {
        let shape = pattern.shape();
        let mut best: Option<Guess<'a>> = None;
        for turn in 0..4 {
            let mut corners = *full;
            corners.rotate_left(turn);
            let (across, down) = (corners[0].distance(corners[1]), corners[1].distance(corners[2]));
            let stretch = across * shape.rows as f32 / (down * shape.columns as f32);
            if !(0.6..1.67).contains(&stretch) {
                continue;
            }
            let agreement = at_level(picture, pattern, &corners, |plane, corners| {
                pattern.agreement(plane, &corners)
            });
            if best.as_ref().is_none_or(|best| agreement > best.agreement) {
                best = Some(Guess { pattern, corners, agreement });
            }
        }
        best
    }

    /// The corners where the pattern agrees best; nothing if it does not agree enough.
    fn settled(&self, picture: &Pyramid) -> Option<(Corners, f32)> {
        let shape = self.pattern.shape();
        let mut start = (self.corners, self.agreement);
        if start.1 < 0.5 {
            // A side may lie a module too far in or out: its outermost row may be missing, or something stand before it.
            for turn in 0..4 {
                let mut turned = self.corners;
                turned.rotate_left(turn);
                for code in 0..81u8 {
                    let sides = [code % 3, code / 3 % 3, code / 9 % 3, code / 27]
                        .map(|side| f32::from(side) - 1.0);
                    let corners = widened(&turned, &shape, sides);
                    let agreement = at_level(picture, self.pattern, &corners, |plane, corners| {
                        self.pattern.agreement(plane, &corners)
                    });
                    if agreement > start.1 {
                        start = (corners, agreement);
                    }
                }
            }
        }
        if start.1 < PROMISING {
            return None;
        }
        let level = picture.level_for(module_size(&start.0, &shape), SETTLING);
        let scale = 0.5f32.powi(level as i32);
        let (corners, agreement) =
            self.pattern.settle(&picture.levels[level], start.0.map(|corner| corner.scaled(scale)));
        let believed = if shape.is_strong() { BELIEVED } else { BELIEVED_SMALL };
        (agreement >= believed)
            .then(|| (corners.map(|corner| corner.scaled(1.0 / scale)), agreement))
    }
}

/// Does something with corners of the full picture in the copy where a module is a few pixels.
fn at_level(
    picture: &Pyramid,
    pattern: &Pattern,
    corners: &Corners,
    act: impl FnOnce(&super::plane::Plane, Corners) -> f32,
) -> f32 {
    let level = picture.level_for(module_size(corners, &pattern.shape()), SETTLING);
    let scale = 0.5f32.powi(level as i32);
    act(&picture.levels[level], corners.map(|corner| corner.scaled(scale)))
}

fn decode(picture: &Pyramid, corners: &Corners, shape: &Shape) -> Option<Vec<u8>> {
    let shades = shades(picture, corners, shape);
    WAYS.into_iter().find_map(|way| shape.decode(modules(&shades, shape, way)))
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
