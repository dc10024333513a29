//! Pixels in shades of grey, and the same picture at half, a quarter and less of its size. Places are continuous: the middle of the
//! first pixel is (0.5, 0.5), so that a place at one size is that place divided by two at the next.

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
        let (x, y) = ((place.x - 0.5).max(0.0), (place.y - 0.5).max(0.0));
        let (left, top) = ((x as usize).min(self.width - 1), (y as usize).min(self.height - 1));
        let (right, below) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (dx, dy) = ((x - left as f32).min(1.0), (y - top as f32).min(1.0));
        let shade = |x: usize, y: usize| f32::from(self.pixels[y * self.width + x]);
        let upper = shade(left, top) * (1.0 - dx) + shade(right, top) * dx;
        let lower = shade(left, below) * (1.0 - dx) + shade(right, below) * dx;
        upper * (1.0 - dy) + lower * dy
    }

    pub(super) fn contains(&self, place: Point) -> bool {
        (0.0..self.width as f32).contains(&place.x) && (0.0..self.height as f32).contains(&place.y)
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

    /// The smallest copy in which something of that size (in the full picture) still has `pixels`.
    pub(super) fn level_for(&self, size: f32, pixels: f32) -> usize {
        let halvings = (size / pixels).max(1.0).log2() as usize;
        halvings.min(self.levels.len() - 1)
    }
}
