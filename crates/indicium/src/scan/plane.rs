//! Pixels in shades of grey, and the same picture at half, a quarter and less of its size. Places are
//! continuous: the middle of the first pixel is (0.5, 0.5), so that a place at one size is that place divided
//! by two at the next.

use image::GrayImage;

/// A point of a picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Point {
    pub(super) fn towards(self, other: Point, part: f32) -> Point {
        Point { x: self.x + (other.x - self.x) * part, y: self.y + (other.y - self.y) * part }
    }

    pub(super) fn distance(self, other: Point) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    pub(super) fn scaled(self, factor: f32) -> Point {
        Point { x: self.x * factor, y: self.y * factor }
    }
}

/// Shades of grey in which ink is dark.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Plane {
    /// The shade at a place, between its four neighbours; beyond the edge the picture goes on as it ends.
    pub(super) fn at(&self, place: Point) -> f32 {
        let x = (place.x - 0.5).clamp(0.0, (self.width - 1) as f32);
        let y = (place.y - 0.5).clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as u32 as usize, y as u32 as usize);
        let (dx, dy) = (x - left as f32, y - top as f32);
        let start = top * self.width + left;
        // In the last row and column the next neighbour weighs nothing.
        let right = usize::from(left + 1 < self.width);
        let below = if top + 1 < self.height { self.width } else { 0 };
        let shade = |at: usize| f32::from(self.pixels[at]);
        let upper = shade(start) * (1.0 - dx) + shade(start + right) * dx;
        let lower = shade(start + below) * (1.0 - dx) + shade(start + below + right) * dx;
        upper * (1.0 - dy) + lower * dy
    }

    pub(super) fn contains(&self, place: Point) -> bool {
        (0.0..self.width as f32).contains(&place.x) && (0.0..self.height as f32).contains(&place.y)
    }

    /// The same with one brightness and one contrast everywhere, as within windows of `reach` pixels each way:
    /// without shadows and glare. Where there is next to no contrast, none is made.
    fn levelled(&self, reach: usize) -> Plane {
        let sums = Sums::of(self);
        let (width, height) = (self.width, self.height);
        let deviation = |x, y| sums.around(x, y, reach).1;
        let strongest =
            (0..height).step_by(8).flat_map(|y| (0..width).step_by(8).map(move |x| (x, y)));
        let strongest = strongest.map(|(x, y)| deviation(x, y)).fold(0.0, f32::max);
        let least = (0.06 * strongest).max(3.0);
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..height {
            for x in 0..width {
                let (mean, deviation) = sums.around(x, y, reach);
                let shade = f32::from(self.pixels[y * width + x]) - mean;
                pixels.push((140.0 + 60.0 * shade / deviation.max(least)).clamp(0.0, 255.0) as u8);
            }
        }
        Plane { width, height, pixels }
    }

    fn half(&self) -> Plane {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let [upper, lower] = [2 * y, 2 * y + 1]
                .map(|row| &self.pixels[row * self.width..row * self.width + 2 * width]);
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            pixels.extend(pairs.map(|(a, b)| {
                let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
                ((sum + 2) / 4) as u8
            }));
        }
        Plane { width, height, pixels }
    }
}

/// Sums over rectangles of a plane, each in four steps.
pub(super) struct Sums {
    width: usize,
    height: usize,
    sums: Vec<(u32, u64)>,
}

impl Sums {
    pub(super) fn of(plane: &Plane) -> Sums {
        let (width, height) = (plane.width, plane.height);
        let mut sums = vec![(0u32, 0u64); (width + 1) * (height + 1)];
        for y in 0..height {
            let (mut line, mut squares) = (0u32, 0u64);
            for x in 0..width {
                let shade = u32::from(plane.pixels[y * width + x]);
                line += shade;
                squares += u64::from(shade * shade);
                let above = sums[y * (width + 1) + x + 1];
                // Sums may wrap: differences of them do not.
                sums[(y + 1) * (width + 1) + x + 1] =
                    (above.0.wrapping_add(line), above.1 + squares);
            }
        }
        Sums { width, height, sums }
    }

    /// Mean and deviation of the shades up to `reach` pixels away.
    pub(super) fn around(&self, x: usize, y: usize, reach: usize) -> (f32, f32) {
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(self.height));
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(self.width));
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        let (a, b, c, d) = (at(right, bottom), at(left, top), at(right, top), at(left, bottom));
        let sum = a.0.wrapping_add(b.0).wrapping_sub(c.0).wrapping_sub(d.0);
        let squares = a.1 + b.1 - c.1 - d.1;
        let count = ((bottom - top) * (right - left)) as f32;
        let mean = sum as f32 / count;
        (mean, (squares as f32 / count - mean * mean).max(0.0).sqrt())
    }
}

/// A picture at its own size and at every half of it down to [`Pyramid::SMALLEST`].
pub(super) struct Pyramid {
    /// The first is the picture as it came.
    pub(super) levels: Vec<Plane>,
}

impl Pyramid {
    /// The longer side below which no smaller copy is made.
    const SMALLEST: usize = 160;

    pub(super) fn of(image: &GrayImage) -> Pyramid {
        let full = Plane {
            width: image.width() as usize,
            height: image.height() as usize,
            pixels: image.as_raw().clone(),
        };
        let mut levels = vec![full];
        while let Some(last) = levels.last()
            && last.width.max(last.height) >= 2 * Self::SMALLEST
            && last.width.min(last.height) >= 32
        {
            levels.push(last.half());
        }
        Pyramid { levels }
    }

    /// The same without shadows and glare. The window is of a size in which a symbol that is found at this size
    /// has some modules.
    pub(super) fn levelled(&self) -> Pyramid {
        Pyramid { levels: self.levels.iter().map(|plane| plane.levelled(16)).collect() }
    }

    /// The smallest copy in which something of that size (in the full picture) still has `pixels`.
    pub(super) fn level_for(&self, size: f32, pixels: f32) -> usize {
        let halvings = (size / pixels).max(1.0).log2() as usize;
        halvings.min(self.levels.len() - 1)
    }
}
