//! The four straight sides of a symbol within a rectangle around it: each is the line that most of the first
//! dark pixels from outside agree on, so that a blot, a gap or every other module of a clock track moves none
//! of them.

use super::grid::Corners;
use super::plane::{Plane, Point};

/// Lines along which a side is looked for.
const PROBES: usize = 72;

/// The four sides laid against what is dark within a rectangle around a symbol; nothing if they make no
/// quadrilateral.
pub(super) fn sides(plane: &Plane, rectangle: &Corners) -> Option<Corners> {
    let border = middle_shade(plane, rectangle);
    let mut lines = [(Point { x: 0.0, y: 0.0 }, Point { x: 0.0, y: 0.0 }); 4];
    for (index, line) in lines.iter_mut().enumerate() {
        let from = rectangle[index];
        let to = rectangle[(index + 1) % 4];
        let inwards = rectangle[(index + 2) % 4];
        *line = side(plane, from, to, inwards, border)?;
    }
    let mut corners = *rectangle;
    for (index, corner) in corners.iter_mut().enumerate() {
        *corner = crossing(lines[(index + 3) % 4], lines[index])?;
    }
    let reach = rectangle[0].distance(rectangle[2]);
    let near = corners.iter().zip(rectangle).all(|(a, b)| a.distance(*b) < 0.35 * reach);
    near.then_some(corners)
}

/// Half way between the shades of paper and of ink within a rectangle.
fn middle_shade(plane: &Plane, rectangle: &Corners) -> f32 {
    let mut shades = Vec::with_capacity(48 * 48);
    for row in 0..48 {
        let down = (row as f32 + 0.5) / 48.0;
        let left = rectangle[0].towards(rectangle[3], down);
        let right = rectangle[1].towards(rectangle[2], down);
        for column in 0..48 {
            shades.push(plane.at(left.towards(right, (column as f32 + 0.5) / 48.0)));
        }
    }
    shades.sort_by(f32::total_cmp);
    // Thin ink leaves little that is dark, ink that ran little that is light.
    let rare = shades.len() / 24;
    let (dark, light) = (shades[rare], shades[shades.len() - 1 - rare]);
    (dark + light) / 2.0
}

/// The line that most of the first dark pixels behind a side of the rectangle lie on.
fn side(
    plane: &Plane,
    from: Point,
    to: Point,
    opposite: Point,
    border: f32,
) -> Option<(Point, Point)> {
    let depth = to.distance(opposite);
    let inwards = Point { x: (opposite.x - to.x) / depth, y: (opposite.y - to.y) / depth };
    // From a little outside to almost the middle.
    let mut hits: Vec<(f32, f32)> = Vec::with_capacity(PROBES);
    for probe in 0..PROBES {
        let along = (probe as f32 + 0.5) / PROBES as f32;
        let start = from.towards(to, along);
        let mut before = f32::MAX;
        let mut distance = -4.0;
        while distance < 0.45 * depth {
            let place =
                Point { x: start.x + inwards.x * distance, y: start.y + inwards.y * distance };
            let shade = plane.at(place);
            if shade < border {
                let part = if before > border && before < 256.0 {
                    (before - border) / (before - shade)
                } else {
                    1.0
                };
                hits.push((along, distance - (1.0 - part)));
                break;
            }
            before = shade;
            distance += 1.0;
        }
    }
    let (slope, offset) = consensus(&hits)?;
    let place = |along: f32| {
        let start = from.towards(to, along);
        let distance = offset + slope * along;
        Point { x: start.x + inwards.x * distance, y: start.y + inwards.y * distance }
    };
    Some((place(0.0), place(1.0)))
}

/// The line on which most points lie, to within a pixel or so; a point further out counts for more than one
/// further in.
fn consensus(points: &[(f32, f32)]) -> Option<(f32, f32)> {
    if points.len() < PROBES / 4 {
        return None;
    }
    let mut best = (0.0f32, 0.0f32, 0.0f32);
    for (index, first) in points.iter().enumerate().step_by(2) {
        for second in points[index + 1..].iter().step_by(3) {
            let run = second.0 - first.0;
            if run < 0.25 {
                continue;
            }
            let slope = (second.1 - first.1) / run;
            let offset = first.1 - slope * first.0;
            let near = points.iter().map(|(along, distance)| {
                let error = (distance - offset - slope * along).abs();
                (1.0 - error / 1.2).max(0.0)
            });
            let weight: f32 = near.sum();
            if weight > best.0 {
                best = (weight, slope, offset);
            }
        }
    }
    (best.0 > 0.0).then_some((best.1, best.2))
}

fn crossing(first: (Point, Point), second: (Point, Point)) -> Option<Point> {
    let (a, b) = first;
    let (c, d) = second;
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let (ex, ey) = (d.x - c.x, d.y - c.y);
    let area = dx * ey - dy * ex;
    if area.abs() < 1e-3 {
        return None;
    }
    let part = ((c.x - a.x) * ey - (c.y - a.y) * ex) / area;
    Some(Point { x: a.x + dx * part, y: a.y + dy * part })
}
