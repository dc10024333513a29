//! Pictures come out of a PDF in grey, however they are stored.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use timbre_indicium::pdf::{ImageFault, images};

use super::fixture::{pdf, picture, readable, stream};

/// One row of pixels, or the reason why there is none.
fn row(entries: &str, data: &[u8]) -> Result<Vec<u8>, ImageFault> {
    let mut found: Vec<_> = images(&picture(entries, data)).unwrap().collect();
    assert_eq!(found.len(), 1);
    found.remove(0).pixels.map(|pixels| pixels.into_raw())
}

#[test]
fn every_usual_way_to_store_samples_is_read() {
    let rgb = "/ColorSpace/DeviceRGB /BitsPerComponent 8";
    for (name, entries, data, expected) in [
        (
            "bits",
            "/Width 4 /Height 1 /ColorSpace/DeviceGray /BitsPerComponent 1",
            &[0b1010_0000][..],
            &[255, 0, 255, 0][..],
        ),
        ("a stencil", "/Width 4 /Height 1 /ImageMask true", &[0b1010_0000], &[255, 0, 255, 0]),
        (
            "an inverse stencil",
            "/Width 4 /Height 1 /ImageMask true /Decode[1 0]",
            &[0b1010_0000],
            &[0, 255, 0, 255],
        ),
        (
            "two bits",
            "/Width 4 /Height 1 /ColorSpace/DeviceGray /BitsPerComponent 2",
            &[0b00_01_10_11],
            &[0, 85, 170, 255],
        ),
        (
            "bytes",
            "/Width 3 /Height 1 /ColorSpace/DeviceGray /BitsPerComponent 8",
            &[0, 99, 255],
            &[0, 99, 255],
        ),
        (
            "words",
            "/Width 2 /Height 1 /ColorSpace/CalGray /BitsPerComponent 16",
            &[0, 0, 255, 255],
            &[0, 255],
        ),
        (
            "rows padded to bytes",
            "/Width 1 /Height 2 /ColorSpace/DeviceGray /BitsPerComponent 1",
            &[0x80, 0x00],
            &[255, 0],
        ),
        (
            "red is as dark as black",
            &format!("/Width 3 /Height 1 {rgb}"),
            &[255, 0, 0, 0, 0, 0, 255, 255, 255],
            &[0, 0, 255],
        ),
        (
            "inks",
            "/Width 2 /Height 1 /ColorSpace/DeviceCMYK /BitsPerComponent 8",
            &[0, 255, 255, 0, 0, 0, 0, 0],
            &[0, 255],
        ),
        (
            "one ink",
            "/Width 2 /Height 1 /ColorSpace[/Separation/Red/DeviceRGB 9 0 R] /BitsPerComponent 8",
            &[255, 0],
            &[0, 255],
        ),
        (
            "a palette",
            "/Width 4 /Height 1 /ColorSpace[/Indexed/DeviceRGB 1 <FF0000FFFFFF>] /BitsPerComponent 4",
            &[0x01, 0x10],
            &[0, 255, 255, 0],
        ),
        (
            "hexadecimal",
            "/Width 2 /Height 1 /ColorSpace/DeviceGray /BitsPerComponent 8 /Filter/ASCIIHexDecode",
            b"00 FF>",
            &[0, 255],
        ),
        (
            "run lengths",
            "/Width 4 /Height 1 /ColorSpace/DeviceGray /BitsPerComponent 8 /Filter[/RunLengthDecode]",
            &[253, 7, 128],
            &[7, 7, 7, 7],
        ),
        (
            "cut short",
            "/Width 1 /Height 3 /ColorSpace/DeviceGray /BitsPerComponent 8",
            &[7],
            &[7, 255, 255],
        ),
    ] {
        assert_eq!(row(entries, data).as_deref(), Ok(expected), "{name}");
    }
}

#[test]
fn compressed_rows_with_a_predictor_are_read() {
    // Sub-filtered rows (type 1) of grey: 10, 20, 30 and 5, 5, 5.
    let mut filtered =
        lopdf::Stream::new(lopdf::dictionary! {}, [1, 10, 10, 10, 1, 5, 0, 0].repeat(40));
    filtered.compress().unwrap();
    let entries = "/Width 3 /Height 80 /ColorSpace/DeviceGray /BitsPerComponent 8 /Filter/FlateDecode \
                   /DecodeParms<</Predictor 15 /Colors 1 /BitsPerComponent 8 /Columns 3>>";
    assert_eq!(row(entries, &filtered.content).unwrap()[..6], [10, 20, 30, 5, 5, 5]);
}

#[test]
fn a_jpeg_is_read_and_red_is_dark_in_it() {
    let red_on_white =
        RgbImage::from_fn(32, 16, |x, _| if x < 16 { Rgb([232, 18, 44]) } else { Rgb([255; 3]) });
    let mut jpeg = Vec::new();
    DynamicImage::from(red_on_white)
        .write_to(&mut Cursor::new(&mut jpeg), ImageFormat::Jpeg)
        .unwrap();
    let pixels =
        row("/Width 32 /Height 16 /Filter/DCTDecode /ColorSpace/DeviceRGB", &jpeg).unwrap();
    assert!(pixels[4] < 60 && pixels[28] > 240, "{} {}", pixels[4], pixels[28]);
}

#[test]
fn pictures_come_page_by_page_and_out_of_forms() {
    let image = |gray: u8| {
        stream(
            "/Type/XObject /Subtype/Image /Width 1 /Height 1 /ColorSpace/DeviceGray /BitsPerComponent 8",
            [gray],
        )
    };
    let document = pdf(&[
        b"<</Type/Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages /Kids[3 0 R 4 0 R] /Count 2 /MediaBox[0 0 99 99]>>".to_vec(),
        b"<</Type/Page /Parent 2 0 R /Resources<</XObject<</A 5 0 R /B 7 0 R>>>>>>".to_vec(),
        b"<</Type/Page /Parent 2 0 R /Resources<</XObject<</A 6 0 R>>>>>>".to_vec(),
        image(b'a'),
        image(b'b'),
        // A form that holds a picture, and itself.
        stream(
            "/Type/XObject /Subtype/Form /BBox[0 0 9 9] /Resources<</XObject<</C 6 0 R /D 7 0 R>>>>",
            "",
        ),
    ]);
    let found = readable(images(&document).unwrap());
    let seen: Vec<(usize, u8)> =
        found.iter().map(|(page, .., pixels)| (*page, pixels[0])).collect();
    assert_eq!(seen, [(0, b'a'), (0, b'b'), (1, b'b')]);
}

#[test]
fn what_cannot_be_read_says_why_and_hides_nothing_else() {
    let gray = "/ColorSpace/DeviceGray /BitsPerComponent 8";
    for (entries, data, expected) in [
        (
            format!("/Width 9 /Height 9 {gray} /Filter/CCITTFaxDecode"),
            &b"x"[..],
            "stored as CCITTFaxDecode",
        ),
        (format!("/Width 9 /Height 9 {gray} /Filter/JPXDecode"), b"x", "stored as JPXDecode"),
        (
            "/Width 9 /Height 9 /ColorSpace/Pattern /BitsPerComponent 8".to_owned(),
            b"x",
            "colours of Pattern",
        ),
        (format!("/Width 99999 /Height 99999 {gray}"), b"x", "too large"),
        (format!("/Width 0 /Height 9 {gray}"), b"x", "it has no pixels"),
        (format!("/Height 9 {gray}"), b"x", "it has no width"),
        (format!("/Width 9 /Height 9 {gray}"), b"x", "it has no samples"),
        (
            "/Width 9 /Height 9 /ColorSpace/DeviceGray /BitsPerComponent 7".to_owned(),
            b"x",
            "7 bits to a sample",
        ),
        ("/Width 9 /Height 9 /Filter/DCTDecode".to_owned(), b"no jpeg", "damaged"),
    ] {
        let fault = row(&entries, data).unwrap_err().to_string();
        assert!(fault.contains(expected), "{entries}: {fault}");
    }
}
