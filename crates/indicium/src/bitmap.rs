//! A picture of one bit per pixel, as a print head takes it. It has no colours until it becomes a
//! PNG, and no physical size but its resolution.

use std::fmt;

/// The resolutions at which marks are drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resolution {
    /// 300 dots per inch.
    Dpi300,
    /// 600 dots per inch.
    Dpi600,
}

impl Resolution {
    /// Dots per inch.
    #[must_use]
    pub const fn dpi(self) -> u32 {
        300 * self.scale()
    }

    /// Pixels per unit of the layout, which is 1/300 inch.
    pub(crate) const fn scale(self) -> u32 {
        match self {
            Resolution::Dpi300 => 1,
            Resolution::Dpi600 => 2,
        }
    }
}

/// One bit per pixel: 1 is ink, 0 is paper. Rows run from top to bottom, each padded with paper to
/// whole bytes, the leftmost pixel in the highest bit.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    resolution: Resolution,
    bits: Vec<u8>,
}

impl Bitmap {
    /// Blank paper.
    #[must_use]
    pub fn new(width: u32, height: u32, resolution: Resolution) -> Self {
        let bits = vec![0; width.div_ceil(8) as usize * height as usize];
        Bitmap { width, height, resolution, bits }
    }

    /// The width in pixels.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// The height in pixels.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The resolution it is drawn for.
    #[must_use]
    pub const fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// Bytes per row.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.width.div_ceil(8) as usize
    }

    /// All rows, `stride` bytes each.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bits
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bits
    }

    /// Whether the pixel is ink; outside the picture there is none.
    #[must_use]
    pub fn is_ink(&self, x: u32, y: u32) -> bool {
        x < self.width
            && y < self.height
            && self.bits[y as usize * self.stride() + (x / 8) as usize] & (0x80 >> (x % 8)) != 0
    }

    /// Whole micrometres of paper that the picture covers, across and down.
    #[must_use]
    pub const fn size_micrometres(&self) -> (u32, u32) {
        let dpi = self.resolution.dpi();
        (self.width * 25_400 / dpi, self.height * 25_400 / dpi)
    }
}

impl fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bitmap({} × {} at {} dpi)", self.width, self.height, self.resolution.dpi())
    }
}
