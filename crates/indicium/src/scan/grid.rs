//! A grid of modules laid over a picture: how well it fits, how to move it until it fits best, and the shade of
//! every module.
//!
//! The fixed modules of a symbol and the blank ring around it are a known pattern of hundreds of modules. How
//! well the picture agrees with it, as a correlation, says whether a symbol is there, which way it is turned,
//! and to a tenth of a module where its corners are, whatever the contrast.

use super::plane::{Plane, Point, Pyramid};
use super::shape::Shape;

/// The corners of a symbol as it would be read: upper left, upper right, lower right, lower left.
pub(super) type Corners = [Point; 4];

/// Where each module of a symbol is.
struct Projection {
    coefficients: [f32; 8],
    columns: f32,
    rows: f32,
}

impl Projection {
    /// The projective map that takes the corners of the unit square to `corners`.
    fn of(corners: &Corners, shape: &Shape) -> Projection {
        let [a, b, c, d] = *corners;
        let (dx1, dx2, sx) = (b.x - c.x, d.x - c.x, a.x - b.x + c.x - d.x);
        let (dy1, dy2, sy) = (b.y - c.y, d.y - c.y, a.y - b.y + c.y - d.y);
        let area = dx1 * dy2 - dx2 * dy1;
        let (g, h) = if area.abs() < 1e-6 {
            (0.0, 0.0)
        } else {
            ((sx * dy2 - dx2 * sy) / area, (dx1 * sy - sx * dy1) / area)
        };
        let coefficients = [
            b.x - a.x + g * b.x,
            d.x - a.x + h * d.x,
            a.x,
            b.y - a.y + g * b.y,
            d.y - a.y + h * d.y,
            a.y,
            g,
            h,
        ];
        Projection { coefficients, columns: shape.columns as f32, rows: shape.rows as f32 }
    }

    /// The place of a point given in modules from the upper left corner.
    fn place(&self, column: f32, row: f32) -> Point {
        let [a, b, c, d, e, f, g, h] = self.coefficients;
        let (u, v) = (column / self.columns, row / self.rows);
        let w = 1.0 / (g * u + h * v + 1.0);
        Point { x: (a * u + b * v + c) * w, y: (d * u + e * v + f) * w }
    }
}

/// The known pattern of a shape: middles of modules in modules, and whether they are dark.
pub(super) struct Pattern {
    shape: Shape,
    /// The modules of the symbol, then the blank ring around it.
    modules: Vec<(f32, f32, bool)>,
    /// How many of them are in the symbol.
    inner: usize,
}

impl Pattern {
    pub(super) fn of(shape: Shape) -> Pattern {
        let mut modules = Vec::new();
        for row in 0..shape.rows {
            for column in 0..shape.columns {
                if let Some(dark) = shape.fixed(column, row) {
                    modules.push((column as f32 + 0.5, row as f32 + 0.5, dark));
                }
            }
        }
        let inner = modules.len();
        let (columns, rows) = (shape.columns as f32, shape.rows as f32);
        for column in 0..shape.columns {
            let column = column as f32 + 0.5;
            modules.extend([(column, -0.6, false), (column, rows + 0.6, false)]);
        }
        for row in 0..shape.rows {
            let row = row as f32 + 0.5;
            modules.extend([(-0.6, row, false), (columns + 0.6, row, false)]);
        }
        Pattern { shape, modules, inner }
    }

    pub(super) const fn shape(&self) -> Shape {
        self.shape
    }

    /// How well the picture agrees with the fixed modules at `corners`: 1 is wholly, 0 by chance.
    pub(super) fn agreement(&self, plane: &Plane, corners: &Corners) -> f32 {
        self.correlation(plane, corners, &self.modules[..self.inner])
    }

    /// The same with the blank ring, which any dark patch on paper has: it says where the symbol is, not that
    /// it is one.
    fn fit(&self, plane: &Plane, corners: &Corners) -> f32 {
        self.correlation(plane, corners, &self.modules)
    }

    fn correlation(&self, plane: &Plane, corners: &Corners, modules: &[(f32, f32, bool)]) -> f32 {
        let grid = Projection::of(corners, &self.shape);
        let (mut count, mut dark_count) = (0.0f32, 0.0f32);
        let (mut sum, mut squares, mut dark_sum) = (0.0f32, 0.0f32, 0.0f32);
        for (column, row, dark) in modules {
            let place = grid.place(*column, *row);
            if !plane.contains(place) {
                continue;
            }
            let shade = plane.at(place) - 128.0;
            count += 1.0;
            sum += shade;
            squares += shade * shade;
            if *dark {
                dark_count += 1.0;
                dark_sum += shade;
            }
        }
        // What is off the picture agrees with nothing.
        let seen = count / modules.len() as f32;
        let variance = squares * count - sum * sum;
        let spread = dark_count * (count - dark_count);
        if seen < 0.7 || variance <= 1.0 || spread <= 0.0 {
            return 0.0;
        }
        (sum * dark_count - dark_sum * count) / (variance * spread).sqrt() * seen
    }

    /// The corners moved to where the agreement is best, and that agreement.
    pub(super) fn settle(&self, plane: &Plane, corners: Corners) -> (Corners, f32) {
        let mut best = (corners, self.fit(plane, &corners));
        let module = module_size(&corners, &self.shape);
        for step in [0.6, 0.3, 0.15, 0.07] {
            for _ in 0..4 {
                if !self.move_once(plane, &mut best, module * step) {
                    break;
                }
            }
        }
        (best.0, self.agreement(plane, &best.0))
    }

    /// Tries to move each corner by `step`; whether anything became better.
    fn move_once(&self, plane: &Plane, best: &mut (Corners, f32), step: f32) -> bool {
        let mut moved = false;
        // Both ends of a side together, then each corner alone.
        const GROUPS: [&[usize]; 9] =
            [&[0, 1, 2, 3], &[0, 1], &[1, 2], &[2, 3], &[3, 0], &[0], &[1], &[2], &[3]];
        for group in GROUPS {
            for (dx, dy) in [(step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step)] {
                let mut corners = best.0;
                for corner in group {
                    corners[*corner].x += dx;
                    corners[*corner].y += dy;
                }
                let fit = self.fit(plane, &corners);
                if fit > best.1 {
                    *best = (corners, fit);
                    moved = true;
                }
            }
        }
        moved
    }
}

/// The side of a module, on average.
pub(super) fn module_size(corners: &Corners, shape: &Shape) -> f32 {
    let [a, b, c, d] = *corners;
    let across = a.distance(b) + d.distance(c);
    let down = a.distance(d) + b.distance(c);
    (across / shape.columns as f32 + down / shape.rows as f32) / 4.0
}

/// The corners with each side moved outwards by so many modules (upper, right, lower, left).
pub(super) fn widened(corners: &Corners, shape: &Shape, sides: [f32; 4]) -> Corners {
    let grid = Projection::of(corners, shape);
    let [upper, right, lower, left] = sides;
    let (columns, rows) = (shape.columns as f32, shape.rows as f32);
    [
        grid.place(-left, -upper),
        grid.place(columns + right, -upper),
        grid.place(columns + right, rows + lower),
        grid.place(-left, rows + lower),
    ]
}

/// The shade of every module, row by row: the mean of nine places in its middle.
pub(super) fn shades(picture: &Pyramid, corners: &Corners, shape: &Shape) -> Vec<f32> {
    let level = picture.level_for(module_size(corners, shape), 3.0);
    let (plane, scale) = (&picture.levels[level], 0.5f32.powi(level as i32));
    let corners = corners.map(|corner| corner.scaled(scale));
    let grid = Projection::of(&corners, shape);
    const WITHIN: [f32; 3] = [0.3, 0.5, 0.7];
    let mut shades = Vec::with_capacity(shape.rows * shape.columns);
    for row in 0..shape.rows {
        for column in 0..shape.columns {
            let mut sum = 0.0;
            for dy in WITHIN {
                for dx in WITHIN {
                    sum += plane.at(grid.place(column as f32 + dx, row as f32 + dy));
                }
            }
            shades.push(sum / 9.0);
        }
    }
    shades
}
