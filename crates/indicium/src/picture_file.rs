//! A bitmap as a PNG file: one bit per pixel with a palette of two colours, and its resolution.

use std::borrow::Cow;

use png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};

use crate::Bitmap;

/// Meter ink is fluorescent red (SOR/2010-220, s. 5); on a screen and an office printer this comes near.
pub(crate) const RED: [u8; 3] = [0xe8, 0x17, 0x2c];
const BLACK: [u8; 3] = [0x00; 3];

impl Bitmap {
    /// A PNG of red ink on white paper, the way it is printed.
    #[must_use]
    pub fn to_png_red(&self) -> Vec<u8> {
        self.to_png(RED)
    }

    /// A PNG of black ink on white paper, for printers whose red is in the ribbon.
    #[must_use]
    pub fn to_png_black(&self) -> Vec<u8> {
        self.to_png(BLACK)
    }

    fn to_png(&self, [red, green, blue]: [u8; 3]) -> Vec<u8> {
        // Paper, then ink.
        let palette = vec![0xff, 0xff, 0xff, red, green, blue];
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.width(), self.height());
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::One);
        encoder.set_palette(Cow::Owned(palette));
        encoder.set_compression(Compression::Fast);
        // Rows of a mark repeat, module by module: the difference to the row above is mostly nothing.
        encoder.set_filter(Filter::Up);
        // 39.37 inches to a metre: 11 811 pixels at 300 dpi, 23 622 at 600.
        let per_metre = (self.resolution().dpi() * 10_000 + 127) / 254;
        encoder.set_pixel_dims(Some(PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: Unit::Meter,
        }));
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(self.bytes()))
            .expect("invariant: writing to memory does not fail and the size is right");
        file
    }
}
