//! From the stored form of a PDF image to grey pixels.
//!
//! Reads Flate, LZW, run-length and ASCII coded samples of 1 to 16 bits in the device, calibrated,
//! profiled, indexed and single-ink colour spaces, and JPEG. It does not read fax, JBIG2 or JPEG
//! 2000 data, and ignores masks and profiles: a mark is ink on paper, not a photograph.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits};
use lopdf::{DecompressError, Document, Error, Object, Stream};

use super::images::ImageFault;
use super::{MAX_DEPTH, MAX_STREAM_BYTES};

/// The largest picture: an A4 page at 1200 dpi has 139 million pixels.
const MAX_PIXELS: u64 = 150_000_000;

/// How samples become a grey value.
enum Colour {
    /// One component, light added.
    Gray,
    /// Red, green, blue. Green is taken: red ink is dark in it, and so is black.
    Rgb,
    /// Four inks.
    Cmyk,
    /// One ink of any name: the more, the darker.
    Ink,
    /// A number that stands for one of these grey values.
    Indexed(Vec<u8>),
}

impl Colour {
    fn components(&self) -> usize {
        match self {
            Colour::Gray | Colour::Ink | Colour::Indexed(_) => 1,
            Colour::Rgb => 3,
            Colour::Cmyk => 4,
        }
    }

    /// From component values between 0 and 1.
    fn gray(&self, values: &[f32]) -> u8 {
        let light = match (self, values) {
            (Colour::Gray, [gray]) => *gray,
            (Colour::Rgb, [_, green, _]) => *green,
            // What the inks leave of green light.
            (Colour::Cmyk, [_, magenta, _, black]) => (1.0 - magenta) * (1.0 - black),
            (Colour::Ink, [ink]) => 1.0 - ink,
            _ => 1.0,
        };
        (light.clamp(0.0, 1.0) * 255.0).round() as u8
    }
}

/// Decodes one image.
pub(super) fn decode(document: &Document, stream: &Stream) -> Result<GrayImage, ImageFault> {
    let filters = match stream.dict.get(b"Filter") {
        Ok(_) => stream.filters().map_err(|error| ImageFault::Damaged(error.to_string()))?,
        Err(_) => Vec::new(),
    };
    match filters.last() {
        Some(&b"DCTDecode") => jpeg(&undo(stream, filters.len() - 1)?),
        _ => {
            let data = undo(stream, filters.len())?;
            samples(document, stream, &data)
        }
    }
}

/// Undoes the first filters of a stream.
fn undo(stream: &Stream, filters: usize) -> Result<Vec<u8>, ImageFault> {
    let mut partial = stream.clone();
    if filters == 0 {
        partial.dict.remove(b"Filter");
    } else if let Ok(Object::Array(names)) = partial.dict.get_mut(b"Filter") {
        names.truncate(filters);
    }
    partial.get_plain_content_with_limit(MAX_STREAM_BYTES).map_err(|error| match error {
        Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) => ImageFault::TooLarge,
        Error::Unimplemented(_) => {
            let names = stream.filters().unwrap_or_default();
            let names: Vec<_> = names.iter().map(|name| String::from_utf8_lossy(name)).collect();
            ImageFault::Unsupported(names.join(" and "))
        }
        other => ImageFault::Damaged(other.to_string()),
    })
}

fn jpeg(data: &[u8]) -> Result<GrayImage, ImageFault> {
    let damaged = |error: image::ImageError| ImageFault::Damaged(error.to_string());
    let (width, height) = ImageReader::with_format(Cursor::new(data), ImageFormat::Jpeg)
        .into_dimensions()
        .map_err(damaged)?;
    check_size(width, height)?;
    let mut reader = ImageReader::with_format(Cursor::new(data), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_alloc = Some(4 * MAX_PIXELS);
    reader.limits(limits);
    Ok(match reader.decode().map_err(damaged)? {
        DynamicImage::ImageLuma8(gray) => gray,
        colour => {
            let rgb = colour.to_rgb8();
            GrayImage::from_fn(width, height, |x, y| image::Luma([rgb.get_pixel(x, y).0[1]]))
        }
    })
}

fn check_size(width: u32, height: u32) -> Result<(), ImageFault> {
    if width == 0 || height == 0 {
        return Err(ImageFault::Damaged("it has no pixels".to_owned()));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ImageFault::TooLarge);
    }
    Ok(())
}

fn samples(document: &Document, stream: &Stream, data: &[u8]) -> Result<GrayImage, ImageFault> {
    let dictionary = &stream.dict;
    let whole = |key: &[u8]| {
        let value = dictionary.get_deref(key, document).and_then(Object::as_i64);
        value.ok().and_then(|value| u32::try_from(value).ok())
    };
    let size = |key: &[u8]| {
        let name = String::from_utf8_lossy(key).to_lowercase();
        whole(key).ok_or_else(|| ImageFault::Damaged(format!("it has no {name}")))
    };
    let (width, height) = (size(b"Width")?, size(b"Height")?);
    check_size(width, height)?;

    let stencil = dictionary.get_deref(b"ImageMask", document).and_then(Object::as_bool);
    let stencil = stencil.unwrap_or(false);
    // A stencil paints where its samples are 0, which reads as ink on white like grey does.
    let bits = if stencil { 1 } else { whole(b"BitsPerComponent").unwrap_or(8) };
    if !matches!(bits, 1 | 2 | 4 | 8 | 16) {
        return Err(ImageFault::Damaged(format!("it has {bits} bits to a sample")));
    }
    let colour = if stencil {
        Colour::Gray
    } else {
        let space = dictionary.get_deref(b"ColorSpace", document);
        let space = space.map_err(|_| ImageFault::Damaged("it has no colour space".to_owned()))?;
        colour(document, space, 0)?
    };
    let decode = dictionary.get_deref(b"Decode", document).and_then(Object::as_array).ok();
    let ranges = ranges(document, decode, &colour, bits);
    unpack(width, height, bits, &colour, &ranges, data)
}

/// For each component, the values that its smallest and largest samples stand for.
fn ranges(
    document: &Document,
    decode: Option<&Vec<Object>>,
    colour: &Colour,
    bits: u32,
) -> Vec<(f32, f32)> {
    let largest = ((1_u32 << bits) - 1) as f32;
    let usual = if matches!(colour, Colour::Indexed(_)) { (0.0, largest) } else { (0.0, 1.0) };
    let number = |index: usize| {
        let object = decode?.get(index)?;
        document.dereference(object).ok()?.1.as_float().ok()
    };
    (0..colour.components())
        .map(|component| match (number(2 * component), number(2 * component + 1)) {
            (Some(low), Some(high)) => (low, high),
            _ => usual,
        })
        .collect()
}

fn unpack(
    width: u32,
    height: u32,
    bits: u32,
    colour: &Colour,
    ranges: &[(f32, f32)],
    data: &[u8],
) -> Result<GrayImage, ImageFault> {
    let components = colour.components();
    let row_bytes = (width as usize * components * bits as usize).div_ceil(8);
    let largest = ((1_u32 << bits) - 1) as f32;
    let mut values = vec![0.0; components];
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    // What is missing at the end stays white: readers show a cut picture too.
    for row in data.chunks_exact(row_bytes).take(height as usize) {
        for x in 0..width as usize {
            for (component, value) in values.iter_mut().enumerate() {
                let (low, high) = ranges[component];
                let sample = sample(row, x * components + component, bits) as f32;
                *value = low + sample * (high - low) / largest;
            }
            pixels.push(match colour {
                Colour::Indexed(table) => {
                    let index = values[0].max(0.0) as usize;
                    table.get(index).or_else(|| table.last()).copied().unwrap_or(255)
                }
                other => other.gray(&values),
            });
        }
    }
    if pixels.is_empty() {
        return Err(ImageFault::Damaged("it has no samples".to_owned()));
    }
    pixels.resize(width as usize * height as usize, 255);
    GrayImage::from_raw(width, height, pixels)
        .ok_or_else(|| ImageFault::Damaged("its size does not fit its samples".to_owned()))
}

/// One sample of a row, most significant bits first.
fn sample(row: &[u8], index: usize, bits: u32) -> u32 {
    match bits {
        8 => u32::from(row[index]),
        16 => u32::from(row[2 * index]) << 8 | u32::from(row[2 * index + 1]),
        _ => {
            let bit = index * bits as usize;
            let shift = 8 - bits as usize - bit % 8;
            u32::from(row[bit / 8]) >> shift & ((1 << bits) - 1)
        }
    }
}

fn colour(document: &Document, space: &Object, depth: usize) -> Result<Colour, ImageFault> {
    let unsupported = |name: &[u8]| {
        ImageFault::Unsupported(format!("colours of {}", String::from_utf8_lossy(name)))
    };
    let (name, array) = match space {
        Object::Name(name) => (name.as_slice(), &[][..]),
        Object::Array(array) => {
            (array.first().and_then(|o| o.as_name().ok()).unwrap_or(b"?"), array.as_slice())
        }
        _ => (b"?".as_slice(), &[][..]),
    };
    let part = |index: usize| Some(document.dereference(array.get(index)?).ok()?.1);
    match name {
        b"DeviceGray" | b"G" | b"CalGray" => Ok(Colour::Gray),
        b"DeviceRGB" | b"RGB" | b"CalRGB" => Ok(Colour::Rgb),
        b"DeviceCMYK" | b"CMYK" => Ok(Colour::Cmyk),
        b"Separation" => Ok(Colour::Ink),
        b"ICCBased" => {
            let profile = part(1).and_then(|object| object.as_stream().ok());
            let components = profile
                .and_then(|profile| profile.dict.get_deref(b"N", document).ok())
                .and_then(|number| number.as_i64().ok());
            match components {
                Some(1) => Ok(Colour::Gray),
                Some(3) => Ok(Colour::Rgb),
                Some(4) => Ok(Colour::Cmyk),
                _ => Err(unsupported(name)),
            }
        }
        b"Indexed" | b"I" if depth < MAX_DEPTH => {
            let base = part(1).ok_or_else(|| unsupported(name))?;
            let base = colour(document, base, depth + 1)?;
            let table = match part(3) {
                Some(Object::String(bytes, _)) => bytes.clone(),
                Some(Object::Stream(stream)) => {
                    undo(stream, stream.filters().map_or(0, |f| f.len()))?
                }
                _ => return Err(unsupported(name)),
            };
            let entries = table.chunks_exact(base.components()).map(|entry| {
                let values: Vec<f32> = entry.iter().map(|byte| f32::from(*byte) / 255.0).collect();
                base.gray(&values)
            });
            Ok(Colour::Indexed(entries.collect()))
        }
        other => Err(unsupported(other)),
    }
}
