//! From scans of every sort to the mark, or to the reason why there is none.

use std::f64::consts::PI;
use std::io::Cursor;

use datamatrix::{DataMatrix, SymbolList};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage, imageops};
use timbre_indicium::scan::{self, ScanError};
use timbre_indicium::{Artwork, Bitmap, Mark, MarkError, Resolution};
use timbre_key_store::{KeyRole, MemoryKeys};
use timbre_postage::Language;

use crate::golden;

const WHITE: Rgb<u8> = Rgb([255, 255, 255]);
const KRAFT: Rgb<u8> = Rgb([196, 154, 108]);
const RED_INK: Rgb<u8> = Rgb([232, 62, 70]);

fn drawn(resolution: Resolution) -> Bitmap {
    Artwork::new(resolution, Language::French).render(&golden::mark())
}

/// The golden mark in red on paper of that colour, with some of the paper around it.
fn on_paper(resolution: Resolution, paper: Rgb<u8>) -> RgbImage {
    let (drawn, margin) = (drawn(resolution), 60);
    RgbImage::from_fn(drawn.width() + 2 * margin, drawn.height() + 2 * margin, |x, y| {
        let inside = x.checked_sub(margin).zip(y.checked_sub(margin));
        if inside.is_some_and(|(x, y)| drawn.is_ink(x, y)) { RED_INK } else { paper }
    })
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut file = Vec::new();
    picture.write_to(&mut Cursor::new(&mut file), ImageFormat::Png).unwrap();
    file
}

fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut file = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality)).unwrap();
    file
}

/// The picture turned by some degrees about its middle, on a sheet that holds it whole.
fn turned(picture: &RgbImage, degrees: f64) -> RgbImage {
    let (sin, cos) = (degrees * PI / 180.0).sin_cos();
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let side = width.hypot(height).ceil() as u32;
    let paper = *picture.get_pixel(0, 0);
    RgbImage::from_fn(side, side, |x, y| {
        let (x, y) = (f64::from(x) - f64::from(side) / 2.0, f64::from(y) - f64::from(side) / 2.0);
        let (u, v) = (x * cos + y * sin + width / 2.0, y * cos - x * sin + height / 2.0);
        if (0.0..width).contains(&u) && (0.0..height).contains(&v) {
            *picture.get_pixel(u as u32, v as u32)
        } else {
            paper
        }
    })
}

/// A Data Matrix of other content, four pixels to a module.
fn other_symbol(content: &[u8]) -> GrayImage {
    let matrix = DataMatrix::encode(content, SymbolList::default()).unwrap();
    let bitmap = matrix.bitmap();
    let side = u32::try_from(bitmap.width()).unwrap();
    let mut picture = GrayImage::from_pixel(4 * side + 40, 4 * side + 40, Luma([255]));
    for (x, y) in bitmap.pixels() {
        for dot in 0..16 {
            let (x, y) = (4 * x as u32 + 20 + dot % 4, 4 * y as u32 + 20 + dot / 4);
            picture.put_pixel(x, y, Luma([0]));
        }
    }
    picture
}

#[track_caller]
fn assert_reads(file: &[u8], what: &str) {
    assert_eq!(scan::read_image(file), Ok(vec![golden::mark()]), "{what}");
}

#[test]
fn our_own_pictures_read_in_red_and_in_black() {
    for resolution in [Resolution::Dpi300, Resolution::Dpi600] {
        assert_reads(&drawn(resolution).to_png_red(), "red");
        assert_reads(&drawn(resolution).to_png_black(), "black");
    }
}

#[test]
fn red_ink_reads_on_white_and_on_kraft_paper_in_png_and_jpeg() {
    for resolution in [Resolution::Dpi300, Resolution::Dpi600] {
        for paper in [WHITE, KRAFT] {
            let picture = on_paper(resolution, paper);
            assert_reads(&png(&picture), "png");
            for quality in [90, 50] {
                assert_reads(&jpeg(&picture, quality), "jpeg");
            }
        }
    }
}

#[test]
fn a_mark_reads_at_any_angle() {
    let picture = on_paper(Resolution::Dpi300, WHITE);
    for degrees in [-12, -3, 1, 7, 30, 45, 90, 135, 180, 200, 270] {
        assert_reads(&png(&turned(&picture, degrees.into())), &format!("{degrees}°"));
    }
}

#[test]
fn a_mark_reads_on_a_whole_page_of_text() {
    let mut page = RgbImage::from_pixel(2550, 3300, WHITE);
    // Lines of “letters”: dark strokes of many widths, where no two lines are alike.
    for line in 0..60u32 {
        let mut x = 300;
        for stroke in 0..90u32 {
            let width = 3 + (line * 7 + stroke * 13) % 9;
            let rise = 10 + (line * 5 + stroke * 11) % 22;
            let top = 600 + line * 42 + 32 - rise;
            for (dx, dy) in (0..width).flat_map(|dx| (0..rise).map(move |dy| (dx, dy))) {
                page.put_pixel(x + dx, top + dy, Rgb([20, 20, 30]));
            }
            x += width + 4 + stroke % 7;
        }
    }
    imageops::overlay(&mut page, &on_paper(Resolution::Dpi300, WHITE), 1440, 40);
    assert_reads(&png(&page), "page");
}

#[test]
fn two_marks_on_one_picture_are_both_read_and_a_copy_once() {
    let keys = MemoryKeys::generate(&[KeyRole::Indicium]).unwrap();
    let other = Mark::sign(golden::data(), &keys).unwrap();
    let artwork = Artwork::new(Resolution::Dpi300, Language::French);
    let mut picture = GrayImage::from_pixel(1100, 1200, Luma([255]));
    for (top, mark) in [(40, golden::mark()), (400, other.clone()), (800, golden::mark())] {
        let drawn = artwork.render(&mark);
        for (x, y) in (0..drawn.height()).flat_map(|y| (0..drawn.width()).map(move |x| (x, y))) {
            if drawn.is_ink(x, y) {
                picture.put_pixel(60 + x, top + y, Luma([0]));
            }
        }
    }
    let mut serials: Vec<_> =
        scan::read_gray(&picture).unwrap().iter().map(|mark| *mark.signature()).collect();
    let mut expected = vec![*golden::mark().signature(), *other.signature()];
    serials.sort_by_key(|signature| signature.to_bytes());
    expected.sort_by_key(|signature| signature.to_bytes());
    assert_eq!(serials, expected);
}

#[test]
fn a_pen_stroke_through_the_symbol_is_repaired() {
    let mut picture = on_paper(Resolution::Dpi300, WHITE);
    for x in 130..330 {
        for y in 0..5 {
            picture.put_pixel(x, 140 + x / 4 + y, Rgb([30, 30, 90]));
        }
    }
    assert_reads(&png(&picture), "stroke");
}

#[test]
fn a_blot_over_a_third_of_the_symbol_is_damage() {
    let mut picture = on_paper(Resolution::Dpi300, WHITE);
    for (x, y) in (0..130).flat_map(|x| (0..130).map(move |y| (x, y))) {
        picture.put_pixel(160 + x, 150 + y, Rgb([20, 20, 20]));
    }
    assert_eq!(scan::read_image(&png(&picture)), Err(ScanError::Damaged));
}

#[test]
fn a_page_without_a_symbol_has_none() {
    let blank = RgbImage::from_pixel(600, 400, WHITE);
    assert_eq!(scan::read_image(&png(&blank)), Err(ScanError::NoSymbol));
    let mut stripes = RgbImage::from_pixel(600, 400, WHITE);
    for (x, y, pixel) in stripes.enumerate_pixels_mut() {
        if (x / 9 + y / 31) % 3 == 0 {
            *pixel = RED_INK;
        }
    }
    assert_eq!(scan::read_image(&png(&stripes)), Err(ScanError::NoSymbol));
}

#[test]
fn another_data_matrix_is_not_called_a_mark() {
    let label = other_symbol(b"JGB 012345678901234567890");
    let refusal = scan::read_gray(&label).unwrap_err();
    assert_eq!(refusal, ScanError::NotAMark(MarkError::NotTimbre(b'J')));
    assert_eq!(
        refusal.to_string(),
        "a Data Matrix was read, but it is no mark: not a timbre mark: it begins with byte 0x4a instead of 0x54"
    );
    let mut later = golden::payload();
    later[1] = 2;
    let refusal = scan::read_gray(&other_symbol(&later)).unwrap_err();
    assert_eq!(refusal, ScanError::NotAMark(MarkError::UnsupportedVersion(2)));
}

#[test]
fn what_is_no_picture_is_refused() {
    let cut = &drawn(Resolution::Dpi300).to_png_red()[..900];
    for file in [b"".as_slice(), b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", cut] {
        let refusal = scan::read_image(file).unwrap_err();
        assert!(matches!(refusal, ScanError::NotAPicture(_)), "{refusal}");
    }
}

/// A PNG header can promise more than memory holds; it is refused before a pixel is unpacked.
#[test]
fn a_picture_larger_than_any_page_is_refused_unopened() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 100_000, 100_000);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_chunk(png::chunk::IDAT, b"").unwrap();
    let refusal = scan::read_image(&file).unwrap_err();
    assert_eq!(refusal, ScanError::TooLarge { width: 100_000, height: 100_000 });
}
