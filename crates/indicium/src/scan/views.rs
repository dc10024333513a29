//! A picture as it came, and the shades of grey in which it may be looked at.
//!
//! Meter ink is red: it is dark in the green channel and hardly there in the red one. Black (a postmark, a pen) is dark in both, so that it can be told from the mark and left out.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageReader, Luma, RgbImage};

use super::{MAXIMUM_PIXELS, ScanError};

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
        const VIEWS: [fn([u8; 3]) -> u8; 3] = [
            // Red stays dark, black becomes paper.
            |[red, green, _]| green.saturating_add(255 - red),
            |[red, _, _]| red,
            |[_, _, blue]| blue,
        ];
        let colours = self.colours.iter();
        colours.flat_map(|colours| VIEWS.iter().map(|shade| view(colours, shade)))
    }
}

fn view(colours: &RgbImage, shade: impl Fn([u8; 3]) -> u8) -> GrayImage {
    GrayImage::from_fn(colours.width(), colours.height(), |x, y| {
        Luma([shade(colours.get_pixel(x, y).0)])
    })
}

fn check_size(width: u32, height: u32) -> Result<(), ScanError> {
    if u64::from(width) * u64::from(height) > MAXIMUM_PIXELS {
        return Err(ScanError::TooLarge { width, height });
    }
    Ok(())
}
