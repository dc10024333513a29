//! The picture of a mark: what a print head puts on the envelope.
//!
//! All that marks of a resolution and a language have in common is drawn once, in
//! [`Artwork::new`]; a mark then costs a copy of that and the stamping of its modules and letters,
//! bit by bit, with no drawing left to do. The picture is the same, to the bit, for the same mark.

mod blit;
mod canvas;
mod emblem;
mod glyphs;
mod layout;

use timbre_postage::{Currency, Language};

use self::blit::Ink;
use self::glyphs::GlyphSet;
use self::layout as at;
use crate::symbol::{MODULES, Symbol};
use crate::{Bitmap, Mark, MarkKind, Resolution};

/// What all marks of a resolution and a language have in common, and the letters for the rest.
pub struct Artwork {
    language: Language,
    resolution: Resolution,
    postage: Bitmap,
    redate: Bitmap,
    correction: Bitmap,
    amounts: [(GlyphSet, (i32, i32)); 2],
    heading: GlyphSet,
    date: GlyphSet,
    small: GlyphSet,
}

impl Artwork {
    /// Draws what is common. It takes some milliseconds: make one and keep it.
    #[must_use]
    pub fn new(resolution: Resolution, language: Language) -> Self {
        let letters = |cap_height| GlyphSet::new(cap_height, resolution);
        let small = letters(at::SMALL_CAP);
        let labels = letters(at::LABEL_CAP);
        let base = |kind| draw_base(resolution, language, kind, &small, &labels);
        Artwork {
            language,
            resolution,
            postage: base(MarkKind::Postage),
            redate: base(MarkKind::Redate),
            correction: base(MarkKind::Correction),
            amounts: at::AMOUNTS.map(|(cap_height, place)| (letters(cap_height), place)),
            heading: letters(at::HEADING_CAP),
            date: letters(at::DATE_CAP),
            small,
        }
    }

    /// The language of its words.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// The resolution of its pictures.
    #[must_use]
    pub const fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// The picture of `mark`.
    #[must_use]
    pub fn render(&self, mark: &Mark) -> Bitmap {
        let data = mark.data();
        let mut picture = match data.kind {
            MarkKind::Postage => self.postage.clone(),
            MarkKind::Redate => self.redate.clone(),
            MarkKind::Correction => self.correction.clone(),
        };
        stamp_symbol(&mut picture, &Symbol::of(mark.payload()));
        let country = match data.amount.currency() {
            Currency::Cad => "CANADA",
            Currency::Usd => "UNITED STATES",
        };
        self.heading.stamp(&mut picture, country, at::HEADING, Ink::Put);
        let amount = data.amount.format(self.language);
        let [large, narrow] = &self.amounts;
        let (figures, place) =
            if large.0.width(&amount) <= at::AMOUNT_WIDTH { large } else { narrow };
        figures.stamp(&mut picture, &amount, *place, Ink::Put);
        self.date.stamp(&mut picture, &data.date.to_string(), at::DATE, Ink::Put);
        self.date.stamp_left_of(&mut picture, data.postal_code.as_str(), at::POSTAL_CODE);
        let number = format!("{} {:08}", self.language.pick("N°", "No"), data.pieces);
        self.small.stamp(&mut picture, &data.serial.to_string(), at::SERIAL, Ink::Put);
        self.small.stamp_centred(&mut picture, &data.indicia_number.to_string(), at::INDICIA);
        self.small.stamp_left_of(&mut picture, &number, at::PIECES);
        picture
    }
}

/// Everything but the symbol, the amount, the date and the numbers.
fn draw_base(
    resolution: Resolution,
    language: Language,
    kind: MarkKind,
    small: &GlyphSet,
    labels: &GlyphSet,
) -> Bitmap {
    let mut canvas = canvas::Canvas::new(at::SIZE, resolution);
    at::frame(&mut canvas);
    emblem::draw(&mut canvas, at::EMBLEM);
    let mut base = canvas.into_bitmap();
    let (french, english) = match kind {
        MarkKind::Postage => ("PORT PAYÉ", "POSTAGE PAID"),
        MarkKind::Redate => ("NOUVELLE DATE", "REDATED"),
        MarkKind::Correction => ("COMPLÉMENT", "CORRECTION"),
    };
    let (first, second) = (language.pick(french, english), language.pick(english, french));
    small.stamp_in_band(&mut base, &format!("{first} · {second}"), at::BAND_TEXT);
    labels.stamp(&mut base, language.pick("AAAA-MM-JJ", "YYYY-MM-DD"), at::DATE_LABEL, Ink::Put);
    labels.stamp_centred(&mut base, "TIMBRE", at::WORDMARK);
    base
}

/// Puts the Data Matrix in its place. Its left side falls on a whole byte at every resolution, so a
/// row of modules is made once and laid down as often as a module is high.
fn stamp_symbol(picture: &mut Bitmap, symbol: &Symbol) {
    let scale = picture.resolution().scale();
    let side = (at::MODULE * scale) as usize;
    let (left, top) = ((at::SYMBOL.0 * scale / 8) as usize, (at::SYMBOL.1 * scale) as usize);
    let stride = picture.stride();
    let mut line = vec![0; MODULES * side / 8];
    for (row, modules) in symbol.rows().iter().enumerate() {
        expand(*modules, side, &mut line);
        for y in 0..side {
            let start = (top + row * side + y) * stride + left;
            picture.bytes_mut()[start..start + line.len()].copy_from_slice(&line);
        }
    }
}

/// Writes each module of a row as `side` pixels.
fn expand(modules: u64, side: usize, line: &mut [u8]) {
    let (mut pending, mut bits) = (0u32, 0);
    let mut bytes = line.iter_mut();
    for module in (0..MODULES).rev() {
        let ink = if modules >> module & 1 == 1 { (1 << side) - 1 } else { 0 };
        pending = pending << side | ink;
        bits += side;
        while bits >= 8 {
            bits -= 8;
            if let Some(byte) = bytes.next() {
                *byte = (pending >> bits & 0xff) as u8;
            }
        }
    }
}
