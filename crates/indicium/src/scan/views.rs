//! A picture as it came, and the shades of grey in which it may be looked at.
//!
//! Meter ink is red: it is dark in the green channel and hardly there in the red one. Black (a postmark, a pen)
//! is dark in both, so that it can be told from the mark and left out.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageReader, RgbImage};

use super::{MAXIMUM_PIXELS, ScanError};

/// How many pixels deep black is painted over from its edges; what lies deeper becomes paper.
const MOST_LAYERS: usize = 12;

/// A picture that can be searched for marks.
pub struct Picture {
    /// The channel in which red is dark.
    ink: GrayImage,
    /// All channels, if it has colours.
    colours: Option<RgbImage>,
}

impl Picture {
    /// Opens a PNG or JPEG file; what is transparent is paper.
    ///
    /// # Errors
    /// [`ScanError::NotAPicture`] and [`ScanError::TooLarge`].
    pub fn open(bytes: &[u8]) -> Result<Picture, ScanError> {
        let refuse = |error: &dyn std::fmt::Display| ScanError::NotAPicture(error.to_string());
        let open = || ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let (width, height) =
            open().map_err(|e| refuse(&e))?.into_dimensions().map_err(|e| refuse(&e))?;
        check_size(width, height)?;
        let image = open().map_err(|e| refuse(&e))?.decode().map_err(|e| refuse(&e))?;
        match image {
            DynamicImage::ImageLuma8(gray) => Picture::from_gray(gray),
            DynamicImage::ImageRgb8(rgb) => Picture::from_rgb(rgb),
            other => {
                let rgba = other.to_rgba8();
                Picture::from_rgb(RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
                    let [red, green, blue, alpha] = rgba.get_pixel(x, y).0.map(u16::from);
                    let over = |shade: u16| ((shade * alpha + 255 * (255 - alpha)) / 255) as u8;
                    image::Rgb([over(red), over(green), over(blue)])
                }))
            }
        }
    }

    /// A picture in shades of grey in which ink is dark.
    ///
    /// # Errors
    /// [`ScanError::TooLarge`].
    pub fn from_gray(ink: GrayImage) -> Result<Picture, ScanError> {
        check_size(ink.width(), ink.height())?;
        Ok(Picture { ink, colours: None })
    }

    /// A picture in colours.
    ///
    /// # Errors
    /// [`ScanError::TooLarge`].
    pub fn from_rgb(colours: RgbImage) -> Result<Picture, ScanError> {
        check_size(colours.width(), colours.height())?;
        Ok(Picture { ink: view(&colours, |[_, green, _]| green), colours: Some(colours) })
    }

    pub(super) const fn ink(&self) -> &GrayImage {
        &self.ink
    }

    /// The views to try when the first shows nothing, each made when it is its turn.
    pub(super) fn other_views(&self) -> impl Iterator<Item = GrayImage> {
        const VIEWS: [fn(&RgbImage) -> GrayImage; 3] = [
            without_black,
            |colours| view(colours, |[red, ..]| red),
            |colours| view(colours, |[_, _, blue]| blue),
        ];
        let colours = self.colours.iter();
        colours.flat_map(|colours| VIEWS.iter().map(|make| make(colours)))
    }
}

/// The channel in which red is dark, and what is black painted over from its edges inwards: a line that is
/// thinner than a module hides little of it.
fn without_black(colours: &RgbImage) -> GrayImage {
    let mut ink = view(colours, |[_, green, _]| green);
    let red = view(colours, |[red, ..]| red);
    let mut histogram = [0usize; 256];
    for pixel in red.pixels() {
        histogram[usize::from(pixel.0[0])] += 1;
    }
    // The red of paper, which red ink has nearly all of.
    let mut left = red.len() / 4;
    let paper = (0..256).rev().find(|shade| {
        let count = histogram[*shade];
        let reached = left <= count;
        left = left.saturating_sub(count);
        reached
    });
    let black = paper.unwrap_or(255) * 3 / 4;
    let (width, height) = (ink.width() as usize, ink.height() as usize);
    let mut covered: Vec<bool> =
        red.pixels().map(|pixel| usize::from(pixel.0[0]) < black).collect();
    let mut rest: Vec<usize> = (0..covered.len()).filter(|at| covered[*at]).collect();
    let shades: &mut [u8] = &mut ink;
    for _ in 0..MOST_LAYERS {
        let painted: Vec<(usize, u8)> = rest
            .iter()
            .filter_map(|at| {
                let (x, y) = (at % width, at / width);
                let (mut sum, mut count) = (0u32, 0u32);
                for y in y.saturating_sub(1)..(y + 2).min(height) {
                    for x in x.saturating_sub(1)..(x + 2).min(width) {
                        if !covered[y * width + x] {
                            sum += u32::from(shades[y * width + x]);
                            count += 1;
                        }
                    }
                }
                (count > 0).then(|| (*at, (sum / count) as u8))
            })
            .collect();
        for (at, shade) in &painted {
            shades[*at] = *shade;
            covered[*at] = false;
        }
        rest.retain(|at| covered[*at]);
    }
    for at in rest {
        shades[at] = 255;
    }
    ink
}

fn view(colours: &RgbImage, shade: impl Fn([u8; 3]) -> u8) -> GrayImage {
    let (pixels, _) = colours.as_raw().as_chunks::<3>();
    let shades = pixels.iter().map(|pixel| shade(*pixel)).collect();
    GrayImage::from_raw(colours.width(), colours.height(), shades)
        .expect("invariant: a shade for every pixel")
}

fn check_size(width: u32, height: u32) -> Result<(), ScanError> {
    if u64::from(width) * u64::from(height) > MAXIMUM_PIXELS {
        return Err(ScanError::TooLarge { width, height });
    }
    Ok(())
}
