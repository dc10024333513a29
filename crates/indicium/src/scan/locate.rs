//! Where on a picture a symbol may be: patches of dense texture.
//!
//! A Data Matrix is dark and light everywhere, its quiet zone is neither. So the deviation of shades within a
//! small window is high all over a symbol and low around it; what is too thin to be a symbol (rules, lines of
//! type, a postmark's waves) is eroded away.

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

/// Patches of texture as quadrilaterals, the largest first; `share` is the part of the strongest texture that
/// counts.
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
