//! Drawing the parts of a mark that never change: shapes with smooth edges, made one bit deep at
//! the end.

use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use crate::{Bitmap, Resolution};

/// A rectangle in units of the layout.
#[derive(Clone, Copy)]
pub(super) struct Rectangle {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// White paper to draw on in units of the layout.
pub(super) struct Canvas {
    pixmap: Pixmap,
    transform: Transform,
    resolution: Resolution,
}

impl Canvas {
    pub(super) fn new((width, height): (u32, u32), resolution: Resolution) -> Self {
        let scale = resolution.scale();
        let mut pixmap = Pixmap::new(width * scale, height * scale)
            .expect("invariant: the size of a mark is neither zero nor huge");
        pixmap.fill(tiny_skia::Color::WHITE);
        let transform = Transform::from_scale(scale as f32, scale as f32);
        Canvas { pixmap, transform, resolution }
    }

    /// Fills a rectangle with ink.
    pub(super) fn fill(&mut self, rectangle: Rectangle) {
        let path = PathBuilder::from_rect(rectangle.rect());
        self.fill_path(&path, true);
    }

    /// Fills a shape with ink, or clears it back to paper.
    pub(super) fn fill_path(&mut self, path: &Path, ink: bool) {
        let paint = paint(ink);
        self.pixmap.fill_path(path, &paint, FillRule::Winding, self.transform, None);
    }

    /// Draws along a line with paper, in a stroke with round ends.
    pub(super) fn clear_along(&mut self, path: &Path, width: f32) {
        let stroke = Stroke { width, line_cap: tiny_skia::LineCap::Round, ..Stroke::default() };
        self.pixmap.stroke_path(path, &paint(false), &stroke, self.transform, None);
    }

    /// Draws the outline of a rectangle with rounded corners; the line is centred on its sides.
    pub(super) fn outline(&mut self, rectangle: Rectangle, radius: f32, width: f32) {
        let stroke = Stroke { width, ..Stroke::default() };
        let path = rounded(rectangle, radius);
        self.pixmap.stroke_path(&path, &paint(true), &stroke, self.transform, None);
    }

    /// One bit per pixel: what is more ink than paper is ink.
    pub(super) fn into_bitmap(self) -> Bitmap {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let mut bitmap = Bitmap::new(width, height, self.resolution);
        let stride = bitmap.stride();
        let rows = self.pixmap.pixels().chunks_exact(width as usize);
        for (row, bits) in rows.zip(bitmap.bytes_mut().chunks_exact_mut(stride)) {
            for (x, pixel) in row.iter().enumerate() {
                if pixel.red() < 128 {
                    bits[x / 8] |= 0x80 >> (x % 8);
                }
            }
        }
        bitmap
    }
}

impl Rectangle {
    fn rect(self) -> Rect {
        Rect::from_xywh(self.left, self.top, self.width, self.height)
            .expect("invariant: rectangles of the layout are finite and not empty")
    }
}

fn paint(ink: bool) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(if ink { tiny_skia::Color::BLACK } else { tiny_skia::Color::WHITE });
    paint
}

/// A rectangle whose corners are quarter circles, near enough.
fn rounded(rectangle: Rectangle, radius: f32) -> Path {
    // The distance of the control points of a cubic that comes within 0.03 % of a quarter circle.
    let control = radius * (1.0 - 0.552_285);
    let Rectangle { left, top, width, height } = rectangle;
    let (right, bottom) = (left + width, top + height);
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - control, top, right, top + control, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - control, right - control, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.cubic_to(left + control, bottom, left, bottom - control, left, bottom - radius);
    path.line_to(left, top + radius);
    path.cubic_to(left, top + control, left + control, top, left + radius, top);
    path.close();
    path.finish().expect("invariant: a path with lines is not empty")
}
