//! Scans that are bad in a known way: a real mark, stamped on a real letter, drawn by a PDF reader that is not
//! ours, then harmed by a seed. Nothing is stored: the same seed makes the same picture.

use std::path::Path;
use std::process::Command;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage, imageops};
use timbre_indicium::pdf::Letters;
use timbre_indicium::{Artwork, Mark, Resolution};
use timbre_key_store::Signature;
use timbre_postage::Language;

use crate::golden;

/// The worst level of every harm; the least is 0, which is none.
pub(crate) const WORST: usize = 5;

/// Random numbers that are the same on every machine (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Between 0 and 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.part() * (high - low)
    }

    /// Normally distributed, with deviation 1 (the sum of twelve).
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.part()).sum::<f64>() - 6.0
    }
}

/// A mark whose signature is made up: scans are read, not verified, here.
pub(crate) fn mark(seed: u64) -> Mark {
    let mut dice = Dice::of(seed ^ 0x006d_6172_6b00);
    let mut data = golden::data();
    data.pieces = dice.next() % 100_000_000;
    let signature = std::array::from_fn(|_| dice.next() as u8);
    Mark::from_parts(data, Signature::from_bytes(signature)).unwrap()
}

/// The upper right corner of a letter with its mark, as scanned.
pub(crate) struct Sheet {
    pub(crate) mark: Mark,
    pub(crate) dpi: u32,
    picture: RgbImage,
    /// Left, top and side of the symbol, in pixels.
    symbol: [f64; 3],
}

impl Sheet {
    /// Stamps a letter with the mark of `seed`, and has it drawn.
    pub(crate) fn print(seed: u64, dpi: u32) -> Sheet {
        let mark = mark(seed);
        let letter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/letters.pdf");
        let mut letters = Letters::open(&std::fs::read(letter).unwrap()).unwrap();
        let drawn = Artwork::new(Resolution::Dpi600, Language::French).render(&mark);
        letters.stamp(0, &drawn).unwrap();
        let width_mm = letters.page_size_mm(0).unwrap().0;
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("letter.pdf"), letters.save().unwrap()).unwrap();
        let pixels = |mm: f64| ((mm * f64::from(dpi) / 25.4) as u32).to_string();
        let output = Command::new("pdftoppm")
            .args(["-r", &dpi.to_string(), "-f", "1", "-l", "1", "-singlefile", "-png"])
            .args(["-x", &pixels(width_mm - 100.0), "-y", "0"])
            .args(["-W", &pixels(100.0), "-H", &pixels(42.0), "letter.pdf", "page"])
            .current_dir(directory.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("pdftoppm does not start ({error}): `cargo xtask setup`")
            });
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let picture = image::open(directory.path().join("page.png")).unwrap().to_rgb8();
        let (left, top) = first_ink(&picture);
        // Where the layout has the symbol, from the corner of the frame (artwork/layout.rs).
        let unit = f64::from(dpi) / 300.0;
        let symbol = [f64::from(left) + 40.0 * unit, f64::from(top) + 36.0 * unit, 240.0 * unit];
        Sheet { mark, dpi, picture, symbol }
    }

    /// The side of a module, in pixels.
    fn module(&self) -> f64 {
        self.symbol[2] / 40.0
    }
}

/// The left and upper end of what is red.
fn first_ink(picture: &RgbImage) -> (u32, u32) {
    let red =
        picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 150 && pixel.0[1] < 140);
    red.fold((u32::MAX, u32::MAX), |(left, top), (x, y, _)| (left.min(x), top.min(y)))
}

/// What can happen to a mark between print head and reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Harm {
    Turned,
    RightAngles,
    Skewed,
    Perspective,
    Blurred,
    Moved,
    Pale,
    Paper,
    Jpeg,
    Noise,
    InkSpread,
    InkThin,
    DeadNozzles,
    Postmark,
    Glare,
    Cropped,
    Everything,
}

impl Harm {
    pub(crate) const ALL: [Harm; 17] = [
        Harm::Turned,
        Harm::RightAngles,
        Harm::Skewed,
        Harm::Perspective,
        Harm::Blurred,
        Harm::Moved,
        Harm::Pale,
        Harm::Paper,
        Harm::Jpeg,
        Harm::Noise,
        Harm::InkSpread,
        Harm::InkThin,
        Harm::DeadNozzles,
        Harm::Postmark,
        Harm::Glare,
        Harm::Cropped,
        Harm::Everything,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Harm::Turned => "turned 0, 1, 5, 10, 30, 45°",
            Harm::RightAngles => "turned 0, 90, 180, 270, 200, 290°",
            Harm::Skewed => "skewed 0, 2, 4, 7, 10, 15°",
            Harm::Perspective => "perspective 0, 2, 4, 6, 9, 12 %",
            Harm::Blurred => "blurred, σ 0, 0.2, 0.35, 0.5, 0.65, 0.8 modules",
            Harm::Moved => "moved 0, 0.4, 0.8, 1.2, 1.6, 2 modules while scanned",
            Harm::Pale => "contrast 100, 50, 25, 12, 6, 3 %",
            Harm::Paper => "paper white, kraft, grey, green, salmon, red",
            Harm::Jpeg => "JPEG quality 100, 60, 40, 25, 15, 8",
            Harm::Noise => "noise, σ 0, 10, 20, 35, 50, 70 shades",
            Harm::InkSpread => "ink spread 0, 8, 16, 24, 32, 40 % of a module each way",
            Harm::InkThin => "ink thin by 0, 8, 16, 24, 32, 40 % of a module each way",
            Harm::DeadNozzles => {
                "dead nozzles: 0, 2, 4, 6, 8, 10 gaps of up to 0, 2, 3, 4, 5, 6 dots"
            }
            Harm::Postmark => "postmark waves: 0, 1, 2, 3, 4, 5 black lines of 0.3 to 0.5 mm",
            Harm::Glare => "glare of 0, 30, 50, 70, 80, 90 %",
            Harm::Cropped => "cut off: nothing, the quiet zone, 0, 1, 2, 3 modules",
            Harm::Everything => "a third of each, at once",
        }
    }

    /// The sheet with this harm at a level.
    pub(crate) fn done_to(self, sheet: &Sheet, level: usize, dice: &mut Dice) -> RgbImage {
        let picture = sheet.picture.clone();
        let module = sheet.module();
        if level == 0 {
            return picture;
        }
        match self {
            Harm::Turned => {
                let degrees = [0.0, 1.0, 5.0, 10.0, 30.0, 45.0][level];
                turned(&picture, if dice.part() < 0.5 { degrees } else { -degrees })
            }
            Harm::RightAngles => turned(&picture, [0.0, 90.0, 180.0, 270.0, 200.0, 290.0][level]),
            Harm::Skewed => {
                let shift = [0.0f64, 2.0, 4.0, 7.0, 10.0, 15.0][level].to_radians().tan();
                warped(&picture, |x, y, _, height| (x + shift * (y - height / 2.0), y))
            }
            Harm::Perspective => {
                perspective(&picture, [0.0, 0.02, 0.04, 0.06, 0.09, 0.12][level], dice)
            }
            Harm::Blurred => {
                let sigma = [0.0, 0.2, 0.35, 0.5, 0.65, 0.8][level] * module;
                imageops::blur(&picture, sigma as f32)
            }
            Harm::Moved => moved(&picture, [0.0, 0.4, 0.8, 1.2, 1.6, 2.0][level] * module, dice),
            Harm::Pale => {
                let contrast = [1.0, 0.5, 0.25, 0.12, 0.06, 0.03][level];
                each(picture, |shade| 235.0 - (235.0 - shade) * contrast + dice.normal() * 0.7)
            }
            Harm::Paper => {
                let papers = [
                    [255, 255, 255],
                    [196, 154, 108],
                    [165, 165, 165],
                    [96, 160, 104],
                    [240, 150, 130],
                    [205, 70, 70],
                ];
                on_paper(&picture, papers[level])
            }
            Harm::Jpeg => jpeg(&picture, [100, 60, 40, 25, 15, 8][level]),
            Harm::Noise => {
                let sigma = [0.0, 10.0, 20.0, 35.0, 50.0, 70.0][level];
                each(picture, |shade| shade + dice.normal() * sigma)
            }
            Harm::InkSpread => inked(&picture, 0.08 * level as f64 * module),
            Harm::InkThin => inked(&picture, -0.08 * level as f64 * module),
            Harm::DeadNozzles => dead_nozzles(picture, sheet, level, dice),
            Harm::Postmark => postmark(picture, sheet, level, dice),
            Harm::Glare => glare(picture, sheet, [0.0, 0.3, 0.5, 0.7, 0.8, 0.9][level], dice),
            Harm::Cropped => cropped(&picture, sheet, level, dice),
            Harm::Everything => everything(sheet, level, dice),
        }
    }
}

fn everything(sheet: &Sheet, level: usize, dice: &mut Dice) -> RgbImage {
    let module = sheet.module();
    let third = level as f64 / 15.0;
    let mut picture =
        inked(&sheet.picture, if dice.part() < 0.5 { 0.4 } else { -0.4 } * third * module);
    picture = dead_nozzles(picture, sheet, level.div_ceil(3), dice);
    picture = on_paper(
        &picture,
        [255 - level as u8 * 10, 255 - level as u8 * 16, 255 - level as u8 * 25],
    );
    picture = perspective(&picture, 0.12 * third, dice);
    picture = turned(&picture, dice.between(0.0, 360.0));
    picture = imageops::blur(&picture, (0.05 + 0.8 * third) as f32 * module as f32);
    let contrast = 1.0 - 1.8 * third;
    picture =
        each(picture, |shade| 235.0 - (235.0 - shade) * contrast + dice.normal() * 40.0 * third);
    jpeg(&picture, (90.0 - 150.0 * third) as u8)
}

/// Every channel of every pixel changed alone.
fn each(mut picture: RgbImage, mut change: impl FnMut(f64) -> f64) -> RgbImage {
    for pixel in picture.pixels_mut() {
        for shade in &mut pixel.0 {
            *shade = change(f64::from(*shade)).round().clamp(0.0, 255.0) as u8;
        }
    }
    picture
}

/// The shade between four neighbours; paper beyond the edge.
fn between(picture: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (x, y) = (x - 0.5, y - 0.5);
    let at = |x: f64, y: f64| {
        let inside = x >= 0.0
            && y >= 0.0
            && x < f64::from(picture.width())
            && y < f64::from(picture.height());
        if inside { picture.get_pixel(x as u32, y as u32).0 } else { picture.get_pixel(0, 0).0 }
    };
    let (left, top) = (x.floor(), y.floor());
    let (dx, dy) = (x - left, y - top);
    let corners =
        [at(left, top), at(left + 1.0, top), at(left, top + 1.0), at(left + 1.0, top + 1.0)];
    Rgb(std::array::from_fn(|channel| {
        let [a, b, c, d] = corners.map(|corner| f64::from(corner[channel]));
        let shade = (a * (1.0 - dx) + b * dx) * (1.0 - dy) + (c * (1.0 - dx) + d * dx) * dy;
        shade.round() as u8
    }))
}

/// The picture drawn anew, each pixel from where `source` says.
fn warped(picture: &RgbImage, source: impl Fn(f64, f64, f64, f64) -> (f64, f64)) -> RgbImage {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let (x, y) = source(f64::from(x) + 0.5, f64::from(y) + 0.5, width, height);
        between(picture, x, y)
    })
}

/// Turned about its middle, on a sheet that holds it whole.
fn turned(picture: &RgbImage, degrees: f64) -> RgbImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let across = width * cos.abs() + height * sin.abs();
    let down = width * sin.abs() + height * cos.abs();
    RgbImage::from_fn(across.ceil() as u32, down.ceil() as u32, |x, y| {
        let (x, y) = (f64::from(x) + 0.5 - across / 2.0, f64::from(y) + 0.5 - down / 2.0);
        between(picture, x * cos + y * sin + width / 2.0, y * cos - x * sin + height / 2.0)
    })
}

/// Seen from the side: each part of the sheet is nearer or further.
fn perspective(picture: &RgbImage, strength: f64, dice: &mut Dice) -> RgbImage {
    let (across, down) = (dice.between(-1.0, 1.0), dice.between(-1.0, 1.0));
    let length = across.hypot(down).max(0.1);
    let (across, down) = (4.0 * strength * across / length, 4.0 * strength * down / length);
    warped(picture, |x, y, width, height| {
        let (u, v) = (x / width - 0.5, y / height - 0.5);
        let nearer = 1.0 + across * u + down * v;
        (width * (u / nearer + 0.5), height * (v / nearer + 0.5))
    })
}

/// Smeared along a line.
fn moved(picture: &RgbImage, length: f64, dice: &mut Dice) -> RgbImage {
    let (sin, cos) = dice.between(0.0, 360.0).to_radians().sin_cos();
    let steps = (2.0 * length).ceil().max(2.0);
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let mut sums = [0.0; 3];
        for step in 0..steps as u32 {
            let way = (f64::from(step) / (steps - 1.0) - 0.5) * length;
            let there =
                between(picture, f64::from(x) + 0.5 + way * cos, f64::from(y) + 0.5 + way * sin);
            for (sum, shade) in sums.iter_mut().zip(there.0) {
                *sum += f64::from(shade) / steps;
            }
        }
        Rgb(sums.map(|sum| sum.round() as u8))
    })
}

/// Paper of that colour shines through everything, as it does through ink.
fn on_paper(picture: &RgbImage, paper: [u8; 3]) -> RgbImage {
    let mut picture = picture.clone();
    for pixel in picture.pixels_mut() {
        for (shade, paper) in pixel.0.iter_mut().zip(paper) {
            *shade = (u16::from(*shade) * u16::from(paper) / 255) as u8;
        }
    }
    picture
}

fn jpeg(picture: &RgbImage, quality: u8) -> RgbImage {
    let mut file = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality)).unwrap();
    image::load_from_memory(&file).unwrap().to_rgb8()
}

/// Ink that ran by so many pixels each way, or (below zero) did not reach as far.
fn inked(picture: &RgbImage, reach: f64) -> RgbImage {
    let around = reach.abs();
    let steps: Vec<(f64, f64)> = (0..16)
        .map(|step| f64::from(step).mul_add(22.5, 0.0).to_radians().sin_cos())
        .map(|(sin, cos)| (around * sin, around * cos))
        .chain([(0.0, 0.0)])
        .collect();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let near = steps
            .iter()
            .map(|(dx, dy)| between(picture, f64::from(x) + 0.5 + dx, f64::from(y) + 0.5 + dy));
        let green = |pixel: &Rgb<u8>| pixel.0[1];
        let taken = if reach > 0.0 { near.min_by_key(green) } else { near.max_by_key(green) };
        taken.unwrap()
    })
}

/// Rows that the print head did not print, across the whole mark.
fn dead_nozzles(mut picture: RgbImage, sheet: &Sheet, level: usize, dice: &mut Dice) -> RgbImage {
    let paper = *picture.get_pixel(0, 0);
    let dot = f64::from(sheet.dpi) / 600.0;
    let [_, top, side] = sheet.symbol;
    for _ in 0..2 * level {
        let thick = (1.0 + dice.part() * level as f64) * dot;
        let from = top + dice.part() * side;
        for y in 0..picture.height() {
            // A row of pixels that is covered in part is paler.
            let covered =
                ((f64::from(y) + 1.0).min(from + thick) - f64::from(y).max(from)).clamp(0.0, 1.0);
            for x in 0..picture.width() {
                let pixel = picture.get_pixel_mut(x, y);
                for (shade, paper) in pixel.0.iter_mut().zip(paper.0) {
                    *shade =
                        (f64::from(*shade) * (1.0 - covered) + f64::from(paper) * covered) as u8;
                }
            }
        }
    }
    picture
}

/// Black waves of a cancelling machine across the mark.
fn postmark(mut picture: RgbImage, sheet: &Sheet, level: usize, dice: &mut Dice) -> RgbImage {
    let mm = f64::from(sheet.dpi) / 25.4;
    let [left, top, side] = sheet.symbol;
    let slope = dice.between(-0.2, 0.2);
    let first = top + dice.between(0.05, 0.25) * side;
    for line in 0..level {
        let thick = (0.3 + 0.04 * level as f64) * mm;
        for x in 0..picture.width() {
            let along = f64::from(x) - left;
            let wave = (along / (9.0 * mm) * std::f64::consts::TAU).sin() * 1.2 * mm;
            let middle = first + line as f64 * 3.6 * mm + slope * along + wave;
            for y in ((middle - thick) as u32)
                ..=((middle + thick).max(0.0) as u32).min(picture.height() - 1)
            {
                let covered =
                    (thick / 2.0 + 0.5 - (f64::from(y) + 0.5 - middle).abs()).clamp(0.0, 1.0);
                let pixel = picture.get_pixel_mut(x, y);
                for shade in &mut pixel.0 {
                    *shade = (f64::from(*shade) * (1.0 - covered) + 40.0 * covered) as u8;
                }
            }
        }
    }
    picture
}

/// The window of an envelope mirrors a lamp: a soft bright band across the symbol.
fn glare(mut picture: RgbImage, sheet: &Sheet, strength: f64, dice: &mut Dice) -> RgbImage {
    let [left, top, side] = sheet.symbol;
    let (sin, cos) = dice.between(0.0, 360.0).to_radians().sin_cos();
    let (x0, y0) = (left + side * dice.between(0.3, 0.7), top + side * dice.between(0.3, 0.7));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let away = ((f64::from(x) - x0) * cos + (f64::from(y) - y0) * sin) / (0.25 * side);
        let light = strength * (-away * away).exp();
        for shade in &mut pixel.0 {
            *shade = (f64::from(*shade) + (255.0 - f64::from(*shade)) * light) as u8;
        }
    }
    picture
}

/// One side of the symbol, or its quiet zone, is off the picture.
fn cropped(picture: &RgbImage, sheet: &Sheet, level: usize, dice: &mut Dice) -> RgbImage {
    let modules = [0.0, -2.0, 0.0, 1.0, 2.0, 3.0][level];
    let [left, top, side] = sheet.symbol;
    let depth = modules * sheet.module();
    let (mut x, mut y) = (0.0, 0.0);
    let (mut width, mut height) = (f64::from(picture.width()), f64::from(picture.height()));
    match dice.next() % 4 {
        0 => (x, width) = (left + depth, width - left - depth),
        1 => (y, height) = (top + depth, height - top - depth),
        2 => width = left + side - depth,
        _ => height = top + side - depth,
    }
    imageops::crop_imm(picture, x as u32, y as u32, width as u32, height as u32).to_image()
}

/// A page on which several marks lie at all angles, and who they are.
pub(crate) fn several(sheets: &[&Sheet], dice: &mut Dice) -> RgbImage {
    let side = sheets.iter().map(|sheet| sheet.picture.width()).max().unwrap() + 40;
    let columns = 2;
    let rows = (sheets.len() as u32).div_ceil(columns);
    let mut page = RgbImage::from_pixel(columns * side, rows * side, Rgb([250, 248, 244]));
    for (index, sheet) in sheets.iter().enumerate() {
        let degrees = dice.between(0.0, 360.0);
        let (width, height) = (f64::from(sheet.picture.width()), f64::from(sheet.picture.height()));
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (across, down) = (index as u32 % columns * side, index as u32 / columns * side);
        for y in 0..side {
            for x in 0..side {
                let (u, v) =
                    (f64::from(x) - f64::from(side) / 2.0, f64::from(y) - f64::from(side) / 2.0);
                let (u, v) = (u * cos + v * sin + width / 2.0, v * cos - u * sin + height / 2.0);
                if u >= 1.0 && v >= 1.0 && u < width - 1.0 && v < height - 1.0 {
                    page.put_pixel(across + x, down + y, between(&sheet.picture, u, v));
                }
            }
        }
    }
    page
}
