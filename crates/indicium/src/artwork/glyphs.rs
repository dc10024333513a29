//! Letters as small pictures, drawn once per size and laid down as often as needed.
//!
//! The typeface is Roboto Condensed Bold, cut down to the letters of a mark (`fonts/`); a letter that
//! is not there leaves a gap. No shaping: a mark has capitals and figures only.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use tiny_skia::{FillRule, Mask, PathBuilder, Transform};

use super::blit::{self, Ink, Sprite};
use crate::{Bitmap, Resolution};

static TYPEFACE: &[u8] = include_bytes!("../../fonts/RobotoCondensed-Bold.subset.ttf");

/// The letters that a mark may need.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZÉo0123456789.,-$°·";

/// Fractions of a pixel in which letters advance.
const SUBPIXELS: i32 = 64;

/// The letters at one size, by their Latin-1 code.
pub(super) struct GlyphSet {
    glyphs: Vec<Option<Glyph>>,
    /// The advance of what has no picture: a space, hard or soft.
    space: i32,
    scale: i32,
}

struct Glyph {
    sprite: Sprite,
    left: i32,
    /// From the baseline up to the first row.
    rise: i32,
    /// In 1/64 pixel.
    advance: i32,
}

impl GlyphSet {
    /// Letters whose capitals are `cap_height` units high.
    pub(super) fn new(cap_height: u32, resolution: Resolution) -> Self {
        let font = FontRef::new(TYPEFACE).expect("invariant: the embedded typeface is sound");
        let wanted = (cap_height * resolution.scale()) as f32;
        let whole = font.metrics(Size::new(1000.0), LocationRef::default());
        let caps = whole.cap_height.expect("invariant: the typeface states its cap height");
        let size = wanted * 1000.0 / caps;
        let mut glyphs: Vec<Option<Glyph>> = (0..256).map(|_| None).collect();
        for letter in LETTERS.chars() {
            glyphs[letter as usize] = Glyph::draw(&font, letter, size);
        }
        let space = advance_of(&font, ' ', size).unwrap_or_default();
        GlyphSet { glyphs, space, scale: resolution.scale().cast_signed() }
    }

    /// The width of `text` in units of the layout, rounded up.
    pub(super) fn width(&self, text: &str) -> i32 {
        let pixels = self.subpixels(text, 0) / SUBPIXELS + 1;
        pixels / self.scale + 1
    }

    /// Lays `text` down from the left end of its baseline at `place`.
    pub(super) fn stamp(&self, picture: &mut Bitmap, text: &str, place: (i32, i32), ink: Ink) {
        self.lay(picture, text, place.0 * self.scale * SUBPIXELS, place.1, 0, ink);
    }

    /// Lays `text` down so that it ends at `place`.
    pub(super) fn stamp_left_of(&self, picture: &mut Bitmap, text: &str, place: (i32, i32)) {
        let left = place.0 * self.scale * SUBPIXELS - self.subpixels(text, 0);
        self.lay(picture, text, left, place.1, 0, Ink::Put);
    }

    /// Lays `text` down with its middle at `place`.
    pub(super) fn stamp_centred(&self, picture: &mut Bitmap, text: &str, place: (i32, i32)) {
        let left = place.0 * self.scale * SUBPIXELS - self.subpixels(text, 0) / 2;
        self.lay(picture, text, left, place.1, 0, Ink::Put);
    }

    /// Takes `text`, set wide, out of a dark band with its middle at `place`.
    pub(super) fn stamp_in_band(&self, picture: &mut Bitmap, text: &str, place: (i32, i32)) {
        let tracking = 4 * self.scale * SUBPIXELS;
        let left =
            place.0 * self.scale * SUBPIXELS - (self.subpixels(text, tracking) - tracking) / 2;
        self.lay(picture, text, left, place.1, tracking, Ink::Remove);
    }

    fn lay(
        &self,
        picture: &mut Bitmap,
        text: &str,
        left: i32,
        baseline: i32,
        tracking: i32,
        ink: Ink,
    ) {
        let mut pen = left;
        for letter in text.chars() {
            if let Some(glyph) = self.glyph(letter) {
                let x = (pen + SUBPIXELS / 2).div_euclid(SUBPIXELS) + glyph.left;
                blit::lay(picture, &glyph.sprite, x, baseline * self.scale - glyph.rise, ink);
            }
            pen += self.advance(letter) + tracking;
        }
    }

    fn subpixels(&self, text: &str, tracking: i32) -> i32 {
        text.chars().map(|letter| self.advance(letter) + tracking).sum()
    }

    fn advance(&self, letter: char) -> i32 {
        self.glyph(letter).map_or(self.space, |glyph| glyph.advance)
    }

    fn glyph(&self, letter: char) -> Option<&Glyph> {
        self.glyphs.get(letter as usize)?.as_ref()
    }
}

impl Glyph {
    fn draw(font: &FontRef<'_>, letter: char, size: f32) -> Option<Glyph> {
        let outline = font.outline_glyphs().get(font.charmap().map(letter)?)?;
        let mut pen = Pen(PathBuilder::new());
        let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
        outline.draw(settings, &mut pen).ok()?;
        let path = pen.0.finish()?;
        let bounds = path.bounds();
        let (left, top) = (bounds.left().floor(), bounds.top().floor());
        let width = (bounds.right() - left).ceil() as u32 + 1;
        let height = (bounds.bottom() - top).ceil() as u32 + 1;
        let mut coverage = Mask::new(width, height)?;
        let shift = Transform::from_translate(-left, -top);
        coverage.fill_path(&path, FillRule::Winding, true, shift);
        Some(Glyph {
            sprite: sprite_of(&coverage),
            left: left as i32,
            rise: -(top as i32),
            advance: advance_of(font, letter, size)?,
        })
    }
}

/// What is at least half covered is ink.
fn sprite_of(coverage: &Mask) -> Sprite {
    let width = coverage.width() as usize;
    let stride = width.div_ceil(8);
    let mut rows = vec![0; stride * coverage.height() as usize];
    for (row, bits) in coverage.data().chunks_exact(width).zip(rows.chunks_exact_mut(stride)) {
        for (x, covered) in row.iter().enumerate() {
            if *covered >= 128 {
                bits[x / 8] |= 0x80 >> (x % 8);
            }
        }
    }
    Sprite { stride, rows }
}

fn advance_of(font: &FontRef<'_>, letter: char, size: f32) -> Option<i32> {
    let glyph: GlyphId = font.charmap().map(letter)?;
    let metrics = font.glyph_metrics(Size::new(size), LocationRef::default());
    Some((metrics.advance_width(glyph)? * SUBPIXELS as f32).round() as i32)
}

/// Takes an outline (y upwards) over to a path (y downwards).
struct Pen(PathBuilder);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, -y);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.0.quad_to(cx0, -cy0, x, -y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.0.cubic_to(cx0, -cy0, cx1, -cy1, x, -y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
