//! Where everything stands. The unit is 1/300 inch, so 300 and 600 dpi are both whole pixels.
//!
//! The mark is 81.3 × 26.4 mm: it fits within 100 mm of the right edge and 40 mm of the top edge of
//! an envelope with its clear zone (SOR/88-430, s. 13).

use super::canvas::{Canvas, Rectangle};

/// Width and height.
pub(super) const SIZE: (u32, u32) = (960, 312);

/// A module is 6 units, 0.508 mm, at 300 dpi and 12 dots at 600.
pub(super) const MODULE: u32 = 6;
/// Left and top of the symbol; the left is a multiple of 8 so that rows are whole bytes. Around it
/// there are at least five modules of quiet zone.
pub(super) const SYMBOL: (u32, u32) = (40, 36);

/// Left end of the baseline, as for all text below unless it says otherwise.
pub(super) const HEADING: (i32, i32) = (328, 52);
pub(super) const HEADING_CAP: u32 = 28;
/// The large figures, and those for amounts that are too long for them: cap height, place.
pub(super) const AMOUNTS: [(u32, (i32, i32)); 2] = [(90, (325, 168)), (58, (327, 152))];
pub(super) const AMOUNT_WIDTH: i32 = 486;
pub(super) const DATE: (i32, i32) = (328, 223);
pub(super) const DATE_CAP: u32 = 28;
pub(super) const DATE_LABEL: (i32, i32) = (530, 223);
pub(super) const LABEL_CAP: u32 = 13;
/// Right end of the baseline.
pub(super) const POSTAL_CODE: (i32, i32) = (936, 223);
/// Centre of the baseline.
pub(super) const BAND_TEXT: (i32, i32) = (632, 260);
pub(super) const SMALL_CAP: u32 = 17;
pub(super) const SERIAL: (i32, i32) = (328, 289);
/// Centre of the baseline.
pub(super) const INDICIA: (i32, i32) = (632, 289);
/// Right end of the baseline.
pub(super) const PIECES: (i32, i32) = (936, 289);

/// The supplier's emblem, and the centre of the baseline of its name.
pub(super) const EMBLEM: Rectangle =
    Rectangle { left: 826.0, top: 24.0, width: 110.0, height: 130.0 };
pub(super) const WORDMARK: (i32, i32) = (881, 175);

const BAND: Rectangle = Rectangle { left: 328.0, top: 237.0, width: 608.0, height: 29.0 };

/// The rules around and within the mark.
pub(super) fn frame(canvas: &mut Canvas) {
    canvas.outline(Rectangle { left: 2.0, top: 2.0, width: 956.0, height: 308.0 }, 10.0, 4.0);
    canvas.outline(Rectangle { left: 8.0, top: 8.0, width: 944.0, height: 296.0 }, 6.0, 1.0);
    canvas.fill(Rectangle { left: 310.0, top: 24.0, width: 2.0, height: 264.0 });
    canvas.fill(BAND);
}
