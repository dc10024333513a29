//! From the shade of every module to dark and light, in several ways: what ink, paper and lens did to a symbol
//! is not known, so each way is tried until one decodes.

use super::shape::Shape;

/// How far a shade is compared with its surroundings, in modules each way.
const REACH: usize = 4;

/// One way of telling dark from light.
#[derive(Clone, Copy)]
pub(super) struct Way {
    /// How much a module's difference from its four neighbours is exaggerated: undoes blur.
    sharpening: f32,
    /// Where between light and dark the border is, as part of the contrast: negative for ink that ran.
    bias: f32,
}

const fn way(sharpening: f32, bias: f32) -> Way {
    Way { sharpening, bias }
}

/// The most likely first.
pub(super) const WAYS: [Way; 7] = [
    way(0.0, 0.0),
    way(0.5, 0.0),
    way(1.0, 0.0),
    way(0.5, -0.12),
    way(0.5, 0.12),
    way(2.0, 0.0),
    way(0.0, -0.2),
];

/// The guess from which blur is undone.
pub(super) const SHARP: Way = way(1.0, 0.0);

/// Dark as true, row by row.
pub(super) fn modules(shades: &[f32], shape: &Shape, way: Way) -> Vec<bool> {
    let sharp = sharpened(shades, shape, way.sharpening);
    let mean = surroundings(&sharp, shape);
    let deviation = sharp.iter().zip(&mean).map(|(shade, mean)| (shade - mean).abs()).sum::<f32>()
        / sharp.len() as f32;
    let shift = 2.0 * deviation * way.bias;
    sharp.iter().zip(&mean).map(|(shade, mean)| *shade < mean + shift).collect()
}

/// The shades without what they share with their surroundings: shadows and glare.
pub(super) fn levelled(shades: &[f32], shape: &Shape) -> Vec<f32> {
    let mean = surroundings(shades, shape);
    shades.iter().zip(mean).map(|(shade, mean)| shade - mean).collect()
}

fn sharpened(shades: &[f32], shape: &Shape, strength: f32) -> Vec<f32> {
    if strength == 0.0 {
        return shades.to_vec();
    }
    let (columns, rows) = (shape.columns, shape.rows);
    let mut sharp = Vec::with_capacity(shades.len());
    for row in 0..rows {
        for column in 0..columns {
            let at = row * columns + column;
            let neighbours = shades[row.saturating_sub(1) * columns + column]
                + shades[(row + 1).min(rows - 1) * columns + column]
                + shades[row * columns + column.saturating_sub(1)]
                + shades[row * columns + (column + 1).min(columns - 1)];
            sharp.push(shades[at] + strength * (shades[at] - neighbours / 4.0));
        }
    }
    sharp
}

/// The mean shade around every module, with dark and light in equal parts: a symbol has as much of one as of
/// the other.
fn surroundings(shades: &[f32], shape: &Shape) -> Vec<f32> {
    let (columns, rows) = (shape.columns, shape.rows);
    let mut sums = vec![0.0f32; (columns + 1) * (rows + 1)];
    for row in 0..rows {
        let mut line = 0.0;
        for column in 0..columns {
            line += shades[row * columns + column];
            sums[(row + 1) * (columns + 1) + column + 1] =
                sums[row * (columns + 1) + column + 1] + line;
        }
    }
    let mut means = Vec::with_capacity(shades.len());
    for row in 0..rows {
        let (top, bottom) = (row.saturating_sub(REACH), (row + REACH + 1).min(rows));
        for column in 0..columns {
            let (left, right) = (column.saturating_sub(REACH), (column + REACH + 1).min(columns));
            let sum = sums[bottom * (columns + 1) + right] + sums[top * (columns + 1) + left]
                - sums[top * (columns + 1) + right]
                - sums[bottom * (columns + 1) + left];
            means.push(sum / ((bottom - top) * (right - left)) as f32);
        }
    }
    means
}
