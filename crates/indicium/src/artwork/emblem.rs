//! The supplier's identifying mark (SOR/2010-220, s. 1): a perforated stamp with a bell in it,
//! because *timbre* is the word for both.

use tiny_skia::{Path, PathBuilder};

use super::canvas::{Canvas, Rectangle};

/// Perforations along the shorter and the longer sides.
const HOLES: (u8, u8) = (7, 8);

/// Draws the emblem so that it fills `place`.
pub(super) fn draw(canvas: &mut Canvas, place: Rectangle) {
    canvas.fill(place);
    perforate(canvas, place);
    let (x, y) = (place.left + place.width / 2.0, place.top + place.height / 2.0);
    let unit = place.width / 100.0;
    canvas.fill_path(&bell(x, y, unit), false);
    canvas.fill_path(&circle(x, y + 33.0 * unit, 6.5 * unit), false);
    for side in [-1.0, 1.0] {
        canvas.clear_along(&sound(x, y, side * unit, unit), 4.0 * unit);
    }
}

/// Bites half circles out of the four sides, a whole number of them on each.
fn perforate(canvas: &mut Canvas, place: Rectangle) {
    let (across, down) = (f32::from(HOLES.0), f32::from(HOLES.1));
    let radius = place.width / across * 0.27;
    for hole in 0..=HOLES.0 {
        let x = place.left + place.width * f32::from(hole) / across;
        for y in [place.top, place.top + place.height] {
            canvas.fill_path(&circle(x, y, radius), false);
        }
    }
    for hole in 1..HOLES.1 {
        let y = place.top + place.height * f32::from(hole) / down;
        for x in [place.left, place.left + place.width] {
            canvas.fill_path(&circle(x, y, radius), false);
        }
    }
}

/// The body of a bell, its yoke above and its lip below; the clapper hangs free of it.
fn bell(x: f32, y: f32, unit: f32) -> Path {
    let at = |dx: f32, dy: f32| (x + dx * unit, y + dy * unit);
    let mut path = PathBuilder::new();
    let mut cubic = |c1: (f32, f32), c2: (f32, f32), to: (f32, f32)| {
        let (c1, c2, to) = (at(c1.0, c1.1), at(c2.0, c2.1), at(to.0, to.1));
        if path.is_empty() {
            let start = at(-5.0, -32.0);
            path.move_to(start.0, start.1);
        }
        path.cubic_to(c1.0, c1.1, c2.0, c2.1, to.0, to.1);
    };
    cubic((-5.0, -41.0), (5.0, -41.0), (5.0, -32.0));
    cubic((17.0, -29.0), (19.0, -16.0), (20.0, -4.0));
    cubic((21.0, 9.0), (24.0, 12.0), (31.0, 17.0));
    cubic((31.0, 20.0), (31.0, 21.0), (31.0, 24.0));
    cubic((10.0, 24.0), (-10.0, 24.0), (-31.0, 24.0));
    cubic((-31.0, 21.0), (-31.0, 20.0), (-31.0, 17.0));
    cubic((-24.0, 12.0), (-21.0, 9.0), (-20.0, -4.0));
    cubic((-19.0, -16.0), (-17.0, -29.0), (-5.0, -32.0));
    path.close();
    path.finish().expect("invariant: a path with curves is not empty")
}

/// An arc beside the bell.
fn sound(x: f32, y: f32, side: f32, unit: f32) -> Path {
    let mut path = PathBuilder::new();
    path.move_to(x + 26.0 * side, y - 29.0 * unit);
    path.quad_to(x + 35.0 * side, y - 17.0 * unit, x + 33.0 * side, y - 3.0 * unit);
    path.finish().expect("invariant: a path with a curve is not empty")
}

fn circle(x: f32, y: f32, radius: f32) -> Path {
    PathBuilder::from_circle(x, y, radius)
        .expect("invariant: circles of the emblem are finite and not empty")
}
