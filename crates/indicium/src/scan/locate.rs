//! Where on a picture a symbol may be: patches of dense texture, bounded by four straight sides.
//!
//! A Data Matrix is dark and light everywhere, its quiet zone is neither. So the deviation of shades within a small window is high all over a symbol and low around it; what is too thin to be a
//! symbol (rules, lines of type, a postmark's waves) is eroded away. Sides are then laid against the patch from outside: the line that most of the first dark pixels agree on.

use super::grid::Corners;
use super::plane::{Plane, Point, Sums};

/// Half the window in which texture is measured, in pixels.
const REACH: usize = 3;
/// Half the thickness below which a patch is no symbol, in pixels.
const THIN: usize = 6;
/// The fewest pixels of a patch.
const FEWEST: usize = 700;
/// The most patches of a picture that are looked at, the largest first.
const MOST: usize = 24;
/// Lines along which a side is looked for.
const PROBES: usize = 72;

/// Patches of texture as quadrilaterals, the largest first; `share` is the part of the strongest texture that counts.
pub(super) fn patches(plane: &Plane, share: f32) -> Vec<Corners> {
    let texture = texture(plane);
    let strongest = upper_end(&texture);
    let border = (strongest * share).max(2.0);
    let mut mask: Vec<bool> = texture.iter().map(|value| *value >= border).collect();
    // Holes within a symbol close, then whatever is thin goes.
    spread(&mut mask, plane.width, plane.height, 2, true);
    spread(&mut mask, plane.width, plane.height, 2 + THIN, false);
    spread(&mut mask, plane.width, plane.height, THIN, true);
    let mut found = components(&mask, plane.width, plane.height);
    found.sort_by_key(|outline| std::cmp::Reverse(outline.count));
    found.truncate(MOST);
    found.into_iter().filter_map(|outline| outline.rectangle()).collect()
}

/// The deviation of shades around every pixel.
fn texture(plane: &Plane) -> Vec<f32> {
    let sums = Sums::of(plane);
    let mut texture = Vec::with_capacity(plane.pixels.len());
    for y in 0..plane.height {
        texture.extend((0..plane.width).map(|x| sums.around(x, y, REACH).1));
    }
    texture
}

/// The value that one pixel in two hundred is above.
fn upper_end(texture: &[f32]) -> f32 {
    let mut histogram = [0usize; 129];
    for value in texture {
        histogram[(*value as usize).min(128)] += 1;
    }
    let mut above = 0;
    for (value, count) in histogram.iter().enumerate().rev() {
        above += count;
        if above * 200 >= texture.len() {
            return value as f32;
        }
    }
    0.0
}

/// Grows (or shrinks) what is set by `reach` pixels each way.
fn spread(mask: &mut [bool], width: usize, height: usize, reach: usize, grow: bool) {
    let reach = reach as isize;
    let mut pass = |count: usize, length: usize, step: usize, stride: usize| {
        let mut line = vec![false; length];
        for index in 0..count {
            let start = index * stride;
            for (at, value) in line.iter_mut().enumerate() {
                *value = mask[start + at * step] == grow;
            }
            // The distance to the last pixel that spreads, from both ends.
            let mut last = isize::MIN / 2;
            for at in 0..length {
                if line[at] {
                    last = at as isize;
                }
                if at as isize - last <= reach {
                    mask[start + at * step] = grow;
                }
            }
            let mut next = isize::MAX / 2;
            for at in (0..length).rev() {
                if line[at] {
                    next = at as isize;
                }
                if next - at as isize <= reach {
                    mask[start + at * step] = grow;
                }
            }
        }
    };
    pass(height, width, 1, width);
    pass(width, height, width, 1);
}

/// The ends of every row of a connected patch.
struct Outline {
    count: usize,
    ends: Vec<Point>,
}

/// The connected patches.
fn components(mask: &[bool], width: usize, height: usize) -> Vec<Outline> {
    let mut left = mask.to_vec();
    let mut found = Vec::new();
    let mut queue = Vec::new();
    for start in 0..mask.len() {
        if !left[start] {
            continue;
        }
        left[start] = false;
        queue.push(start);
        let (mut count, mut rows) = (0, std::collections::BTreeMap::<usize, (usize, usize)>::new());
        while let Some(at) = queue.pop() {
            let (x, y) = (at % width, at / width);
            count += 1;
            let ends = rows.entry(y).or_insert((x, x));
            *ends = (ends.0.min(x), ends.1.max(x));
            let mut visit = |at: usize| {
                if left[at] {
                    left[at] = false;
                    queue.push(at);
                }
            };
            if x > 0 {
                visit(at - 1);
            }
            if x + 1 < width {
                visit(at + 1);
            }
            if y > 0 {
                visit(at - width);
            }
            if y + 1 < height {
                visit(at + width);
            }
        }
        if count >= FEWEST {
            let ends = rows.iter().flat_map(|(y, (first, last))| {
                [(*first, *y), (last + 1, *y), (*first, y + 1), (last + 1, y + 1)]
            });
            let ends = ends.map(|(x, y)| Point { x: x as f32, y: y as f32 }).collect();
            found.push(Outline { count, ends });
        }
    }
    found
}

impl Outline {
    /// The smallest rectangle around it, if it fills one.
    fn rectangle(&self) -> Option<Corners> {
        let hull = hull(&self.ends);
        let mut best: Option<(f32, Corners)> = None;
        for (index, from) in hull.iter().enumerate() {
            let to = hull[(index + 1) % hull.len()];
            let length = from.distance(to);
            if length < 1.0 {
                continue;
            }
            let (ux, uy) = ((to.x - from.x) / length, (to.y - from.y) / length);
            let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
            for point in &hull {
                let along = point.x * ux + point.y * uy;
                let across = point.y * ux - point.x * uy;
                low = (low.0.min(along), low.1.min(across));
                high = (high.0.max(along), high.1.max(across));
            }
            let area = (high.0 - low.0) * (high.1 - low.1);
            if best.is_none_or(|(least, _)| area < least) {
                let place = |along: f32, across: f32| Point {
                    x: along * ux - across * uy,
                    y: along * uy + across * ux,
                };
                let corners = [
                    place(low.0, low.1),
                    place(high.0, low.1),
                    place(high.0, high.1),
                    place(low.0, high.1),
                ];
                best = Some((area, corners));
            }
        }
        let (area, corners) = best?;
        let (across, down) = (corners[0].distance(corners[1]), corners[1].distance(corners[2]));
        let (short, long) = (across.min(down), across.max(down));
        (self.count as f32 >= 0.5 * area && short >= 20.0 && long <= 5.0 * short).then_some(corners)
    }
}

/// The convex hull, in order.
fn hull(points: &[Point]) -> Vec<Point> {
    let mut points = points.to_vec();
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let turn = |a: Point, b: Point, c: Point| (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && turn(a, b, point) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut points.iter().copied());
    hull.extend(half(&mut points.iter().rev().copied()));
    hull
}

/// The four sides laid against what is dark within a rectangle around a symbol; nothing if they make no quadrilateral.
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

/// The line on which most points lie, to within a pixel or so; a point further out counts for more than one further in.
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
