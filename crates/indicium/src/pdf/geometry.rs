//! Where on a page the mark goes, whatever box, rotation and unit the page uses.
//!
//! Two frames: the *view*, in millimetres as a reader or a printer shows the page, and *user
//! space*, in which a page's content is written. It knows nothing of files.

use super::Beneath;
use super::error::PdfError;
use super::plane::{Matrix, Rect};
use crate::Bitmap;

/// How far from the top edge the mark may reach (SOR/88-430 s. 13).
pub const ZONE_HEIGHT_MM: f64 = 40.0;
/// How far from the right edge the mark may reach (SOR/88-430 s. 13).
pub const ZONE_WIDTH_MM: f64 = 100.0;
/// What stays free left of the mark and below it: half an inch, rounded up.
pub const CLEAR_ZONE_MM: f64 = 13.0;
/// From the top and right edges to the mark: beyond what office printers cannot reach.
const MARGIN_MM: f64 = 8.0;

const MM_PER_INCH: f64 = 25.4;
const POINTS_PER_INCH: f64 = 72.0;
/// Half a hundredth of a millimetre: what rounding to the numbers of a PDF may cost.
const TOLERANCE_MM: f64 = 0.005;

/// Where a mark lies, in millimetres, on the page as a reader sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Placement {
    /// From the top edge of the page to the top of the mark.
    pub top_mm: f64,
    /// From the right edge of the page to the right side of the mark.
    pub right_mm: f64,
    /// The mark's width.
    pub width_mm: f64,
    /// The mark's height.
    pub height_mm: f64,
    /// What the page's own content seems to have where the mark and its clear zone go.
    pub beneath: Beneath,
}

impl Placement {
    /// Whether the whole mark lies where the regulations want it.
    #[must_use]
    pub fn is_legal(&self) -> bool {
        self.top_mm >= 0.0
            && self.right_mm >= 0.0
            && self.top_mm + self.height_mm <= ZONE_HEIGHT_MM + TOLERANCE_MM
            && self.right_mm + self.width_mm <= ZONE_WIDTH_MM + TOLERANCE_MM
    }
}

/// How large a mark is on paper.
pub(super) fn mark_size_mm(mark: &Bitmap) -> (f64, f64) {
    let mm = |dots: u32| f64::from(dots) * MM_PER_INCH / f64::from(mark.resolution().dpi());
    (mm(mark.width()), mm(mark.height()))
}

/// How far a page is turned clockwise when it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Turn {
    /// From a page's `/Rotate`: any multiple of 90, negative ones too.
    pub(super) fn from_degrees(degrees: i64) -> Option<Turn> {
        match degrees.rem_euclid(360) {
            0 => Some(Turn::None),
            90 => Some(Turn::Quarter),
            180 => Some(Turn::Half),
            270 => Some(Turn::ThreeQuarters),
            _ => None,
        }
    }
}

/// A page: the visible box in user space, its turn, and the length of its unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Frame {
    pub(super) visible: Rect,
    pub(super) turn: Turn,
    /// How many points one unit of user space is (`/UserUnit`).
    pub(super) user_unit: f64,
}

impl Frame {
    fn mm_per_unit(&self) -> f64 {
        self.user_unit * MM_PER_INCH / POINTS_PER_INCH
    }

    /// Width and height of the page as seen, in millimetres.
    pub(super) fn size_mm(&self) -> (f64, f64) {
        let width = self.visible.width() * self.mm_per_unit();
        let height = self.visible.height() * self.mm_per_unit();
        match self.turn {
            Turn::None | Turn::Half => (width, height),
            Turn::Quarter | Turn::ThreeQuarters => (height, width),
        }
    }

    /// Finds the place of a mark on this page; `page` is for the message.
    pub(super) fn place(
        &self,
        page: usize,
        (mark_width_mm, mark_height_mm): (f64, f64),
    ) -> Result<Placement, PdfError> {
        let (place_width_mm, place_height_mm) =
            (ZONE_WIDTH_MM - MARGIN_MM, ZONE_HEIGHT_MM - MARGIN_MM);
        if mark_width_mm > place_width_mm + TOLERANCE_MM
            || mark_height_mm > place_height_mm + TOLERANCE_MM
        {
            return Err(PdfError::MarkTooLarge {
                width_mm: mark_width_mm,
                height_mm: mark_height_mm,
                place_width_mm,
                place_height_mm,
            });
        }
        let (width_mm, height_mm) = self.size_mm();
        let needed_width_mm = MARGIN_MM + mark_width_mm + CLEAR_ZONE_MM;
        let needed_height_mm = MARGIN_MM + mark_height_mm + CLEAR_ZONE_MM;
        if width_mm < needed_width_mm || height_mm < needed_height_mm {
            return Err(PdfError::PageTooSmall {
                page,
                width_mm,
                height_mm,
                // Rounded up, since the message shows whole millimetres.
                needed_width_mm: needed_width_mm.ceil(),
                needed_height_mm: needed_height_mm.ceil(),
            });
        }
        Ok(Placement {
            top_mm: MARGIN_MM,
            right_mm: MARGIN_MM,
            width_mm: mark_width_mm,
            height_mm: mark_height_mm,
            beneath: Beneath::Nothing,
        })
    }

    /// Maps the view (millimetres from its lower left corner) to user space.
    pub(super) fn view_to_user(&self) -> Matrix {
        let k = 1.0 / self.mm_per_unit();
        let Rect { left, bottom, right, top } = self.visible;
        match self.turn {
            Turn::None => Matrix([k, 0.0, 0.0, k, left, bottom]),
            Turn::Quarter => Matrix([0.0, k, -k, 0.0, right, bottom]),
            Turn::Half => Matrix([-k, 0.0, 0.0, -k, right, top]),
            Turn::ThreeQuarters => Matrix([0.0, -k, k, 0.0, left, top]),
        }
    }

    /// Maps the unit square, in which a PDF paints an image, to the mark's place in user space.
    pub(super) fn mark_matrix(&self, placement: &Placement) -> Matrix {
        let (width, height) = self.size_mm();
        let left = width - placement.right_mm - placement.width_mm;
        let bottom = height - placement.top_mm - placement.height_mm;
        Matrix([placement.width_mm, 0.0, 0.0, placement.height_mm, left, bottom])
            .then(&self.view_to_user())
    }

    /// The mark with its clear zone, in user space.
    pub(super) fn kept_clear(&self, placement: &Placement) -> Rect {
        let (width, height) = self.size_mm();
        let view = Rect {
            left: width - placement.right_mm - placement.width_mm - CLEAR_ZONE_MM,
            bottom: height - placement.top_mm - placement.height_mm - CLEAR_ZONE_MM,
            right: width,
            top: height,
        };
        self.view_to_user().apply_rect(&view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: (f64, f64) = (88.0, 25.0);

    fn letter(turn: Turn) -> Frame {
        Frame { visible: Rect::from_corners([0.0, 0.0, 612.0, 792.0]), turn, user_unit: 1.0 }
    }

    #[test]
    fn the_mark_lies_in_the_legal_zone() {
        let placement = letter(Turn::None).place(1, MARK).unwrap();
        assert!(placement.is_legal());
        assert_eq!((placement.top_mm, placement.right_mm), (8.0, 8.0));
    }

    #[test]
    fn a_turned_page_has_its_upper_right_elsewhere_in_user_space() {
        // The upper right corner of the mark, 8 mm (22.68 pt) from both edges as seen.
        let near = 8.0 * 72.0 / 25.4;
        for (turn, x, y) in [
            (Turn::None, 612.0 - near, 792.0 - near),
            (Turn::Quarter, near, 792.0 - near),
            (Turn::Half, near, near),
            (Turn::ThreeQuarters, 612.0 - near, near),
        ] {
            let frame = letter(turn);
            let placement = frame.place(1, MARK).unwrap();
            let (corner_x, corner_y) = frame.mark_matrix(&placement).apply(1.0, 1.0);
            assert!((corner_x - x).abs() < 1e-9, "{turn:?}: {corner_x} instead of {x}");
            assert!((corner_y - y).abs() < 1e-9, "{turn:?}: {corner_y} instead of {y}");
        }
    }

    #[test]
    fn the_unit_of_a_page_scales_it() {
        let frame = Frame { user_unit: 2.0, ..letter(Turn::None) };
        let (width, height) = frame.size_mm();
        assert!((width - 431.8).abs() < 1e-9 && (height - 558.8).abs() < 1e-9);
        let [a, ..] = frame.mark_matrix(&frame.place(1, MARK).unwrap()).0;
        assert!((a - 88.0 * 36.0 / 25.4).abs() < 1e-9);
    }

    #[test]
    fn rotation_is_any_multiple_of_ninety() {
        assert_eq!(Turn::from_degrees(-90), Some(Turn::ThreeQuarters));
        assert_eq!(Turn::from_degrees(450), Some(Turn::Quarter));
        assert_eq!(Turn::from_degrees(45), None);
    }

    #[test]
    fn too_small_a_page_and_too_large_a_mark_are_named_with_their_sizes() {
        let visible = Rect::from_corners([0.0, 0.0, 283.5, 283.5]);
        let small = Frame { visible, ..letter(Turn::None) };
        let text = small.place(3, MARK).unwrap_err().to_string();
        assert!(text.contains("page 3 is 100 × 100 mm"), "{text}");
        assert!(text.contains("at least 109 × 46 mm"), "{text}");
        let text = letter(Turn::None).place(1, (93.0, 25.0)).unwrap_err().to_string();
        assert!(text.contains("93 × 25 mm, larger than the place for it, 92 × 32 mm"), "{text}");
    }
}
