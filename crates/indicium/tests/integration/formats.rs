//! Symbols of other operators: the vectors that were published, as bytes and through a picture.

use std::io::Write as _;
use std::process::Command;

use datamatrix::data::EncodationType;
use datamatrix::{DataMatrixBuilder, SymbolList, SymbolSize};
use image::{GrayImage, Luma};
use timbre_indicium::format::{self, Certainty, Format};
use timbre_indicium::scan::{Picture, Reading, ScanError};
use timbre_indicium::{MarkError, format::Published};

const DV: &str = "444541121c012bb7456d00be578d00b600000e011556000000000000";
const IBI_LITE: &str = "ff4713270011f50fce96010000009aca2921e3f1";
const MAILMARK: &str = "JGB 01Z999999900000001EC1A1AA1A0SN35TQ";
const STAMP: &str = "JGB S11221017031747295130006618032201               BA4953A5854820B601";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A Frankit symbol as far as its layout is public, with a made-up cryptogram that fills 36 × 36.
fn frankit() -> Vec<u8> {
    let mut payload = bytes("44454103154d0012d687005f2723000b");
    payload.extend((0..68u8).map(|i| i.wrapping_mul(73).wrapping_add(5)));
    payload
}

#[track_caller]
fn read(payload: &[u8]) -> Published {
    format::read(payload).unwrap()
}

#[track_caller]
fn assert_says<const N: usize>(published: &Published, expected: [(&str, &str); N]) {
    for (code, value) in expected {
        assert_eq!(published.value(code), Some(value), "{code}");
    }
}

#[test]
fn dv_freimachung_says_customer_value_date_and_item() {
    for tail in [0, 14] {
        let mut payload = bytes(DV);
        payload.extend(vec![7; tail]);
        let published = read(&payload);
        assert_eq!(published.format(), Format::DvFreimachung);
        assert_says(
            &published,
            [
                ("franking-type", "12h DV-Freimachung"),
                ("price-list", "28"),
                ("customer", "5028398445"),
                ("value", "1.90 EUR"),
                ("date", "2013-08-12"),
                ("product", "182"),
                ("item", "14"),
                ("participation", "1"),
                ("posting-list", "5462"),
            ],
        );
    }
}

#[test]
fn frankit_says_its_machine_and_shows_the_cryptogram_raw() {
    let published = read(&frankit());
    assert_eq!(published.format(), Format::Frankit);
    assert_says(
        &published,
        [
            ("maker", "Pitney Bowes"),
            ("machine", "4D0012D687"),
            ("value", "0.95 EUR"),
            ("date", "2019-04-10"),
            ("product", "11"),
        ],
    );
    let cryptogram = published.fields().last().unwrap();
    assert_eq!((cryptogram.code, cryptogram.certainty), ("cryptogram", Certainty::Unverified));
    assert_eq!(cryptogram.value.len(), 2 * 68);
}

#[test]
fn other_franking_of_deutsche_post_keeps_what_has_no_meaning_raw() {
    let mut payload = bytes(DV);
    payload[3] = 0x85;
    let published = read(&payload);
    assert_eq!(published.format(), Format::DeutschePost);
    assert_says(&published, [("franking-type", "85h Internetmarke"), ("value", "1.90 EUR")]);
    assert_eq!(published.value("rest"), Some("00000e011556000000000000"));
    payload[12..14].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(read(&payload).value("date"), Some("65535 ?"), "no such day");
}

#[test]
fn ibi_lite_says_the_serial_of_its_vector() {
    let published = read(&bytes(IBI_LITE));
    assert_eq!(published.format(), Format::IbiLite);
    assert_says(
        &published,
        [
            ("version", "FFh"),
            ("pieces", "2560839"),
            ("vendor-model", "17"),
            ("psd", "13504501"),
            ("postage", "0.406 USD"),
            ("service", "0"),
            ("mac", "9aca2921e3f1"),
        ],
    );
}

#[test]
fn ibi_is_shown_with_every_field_unverified_but_the_signature() {
    let published = read(&[0x81; 89]);
    assert_eq!(published.format(), Format::Ibi);
    let published_fields: Vec<_> = published
        .fields()
        .iter()
        .filter(|field| field.certainty == Certainty::Published)
        .map(|field| field.code)
        .collect();
    assert_eq!(published_fields, ["signature"]);
    assert_eq!(published.fields().len(), 15);
}

#[test]
fn mailmark_says_supply_chain_item_and_destination() {
    for text in [MAILMARK.to_owned(), format!("{MAILMARK:<51}"), format!("{MAILMARK:<90}")] {
        let published = read(text.as_bytes());
        assert_eq!(published.format(), Format::Mailmark);
        assert_says(
            &published,
            [
                ("country", "JGB"),
                ("information-type", "0 Domestic"),
                ("version", "1"),
                ("class", "Z"),
                ("supply-chain", "9999999"),
                ("item", "00000001"),
                ("destination", "EC1A1AA1A"),
                ("service", "0"),
                ("return-postcode", "SN35TQ"),
                ("customer", ""),
            ],
        );
    }
}

#[test]
fn a_royal_mail_stamp_says_its_value_and_date() {
    let published = read(STAMP.as_bytes());
    assert_eq!(published.format(), Format::MailmarkStamp);
    assert_says(
        &published,
        [
            ("product", "12"),
            ("source", "2"),
            ("supply-chain", "1017031"),
            ("item", "74729513"),
            ("value", "0.66 GBP"),
            ("date", "2022-03-18"),
            ("campaign", "01"),
            ("signature", "BA4953A5854820B6"),
        ],
    );
}

#[test]
fn s10_is_taken_with_its_check_digit_only() {
    let published = read(b"EE876543216CA");
    assert_eq!(published.format(), Format::S10);
    assert_says(
        &published,
        [("service", "EE"), ("serial", "87654321"), ("check-digit", "6"), ("country", "CA")],
    );
    assert_eq!(format::read(b"EE876543215CA"), None);
    assert_eq!(format::read(b"EE000000000CA"), None, "11 becomes 5");
    assert_eq!(read(b"EE000000005CA").format(), Format::S10);
}

#[test]
fn what_is_of_no_format_is_not_taken_for_one() {
    let texts: [&[u8]; 6] = [b"", b"JGB", b"DEA", b"twenty letters right", b"JGB S1", &[b'x'; 89]];
    for other in texts {
        assert_eq!(format::read(other), None, "{other:?}");
    }
}

/// The symbol of a payload in the size its operator uses, four pixels to a module.
fn drawn(payload: &[u8], size: SymbolSize) -> GrayImage {
    let text = payload.iter().all(u8::is_ascii);
    let builder = DataMatrixBuilder::new();
    let builder =
        if text { builder } else { builder.with_encodation_types(EncodationType::Base256) };
    let matrix = builder.with_symbol_list(SymbolList::from(size)).encode(payload).unwrap();
    let bitmap = matrix.bitmap();
    let side = |modules: usize| 4 * modules as u32 + 40;
    let mut picture =
        GrayImage::from_pixel(side(bitmap.width()), side(bitmap.height()), Luma([240]));
    for (x, y) in bitmap.pixels() {
        for dot in 0..16 {
            let (x, y) = (4 * x as u32 + 20 + dot % 4, 4 * y as u32 + 20 + dot / 4);
            picture.put_pixel(x, y, Luma([30]));
        }
    }
    picture
}

/// A symbol of each format in each size that its operator prints.
fn symbols() -> Vec<(Format, SymbolSize, Vec<u8>)> {
    let mut longer = bytes(DV);
    longer.extend([0x5a; 14]);
    let seven = format!("{MAILMARK:<45}ABC123").into_bytes();
    let nine = format!("{MAILMARK:<45}{:<45}", "CUSTOMER 42").into_bytes();
    let twenty_nine = format!("{MAILMARK:<45}{:<25}", "CUSTOMER 42").into_bytes();
    let ibi = (0..89u8).map(|i| i.wrapping_mul(91) ^ 0x80).collect();
    vec![
        (Format::DvFreimachung, SymbolSize::Square22, bytes(DV)),
        (Format::DvFreimachung, SymbolSize::Square26, longer),
        (Format::Frankit, SymbolSize::Square36, frankit()),
        (Format::IbiLite, SymbolSize::Square20, bytes(IBI_LITE)),
        (Format::IbiLite, SymbolSize::Rect12x36, bytes(IBI_LITE)),
        (Format::Ibi, SymbolSize::Square40, ibi),
        (Format::Mailmark, SymbolSize::Square24, seven),
        (Format::Mailmark, SymbolSize::Square32, nine),
        (Format::Mailmark, SymbolSize::Rect16x48, twenty_nine),
        (Format::MailmarkStamp, SymbolSize::Rect16x48, STAMP.into()),
        (Format::S10, SymbolSize::Square18, b"EE876543216CA".to_vec()),
    ]
}

#[test]
fn every_format_reads_from_a_picture_and_libdmtx_reads_the_same_bytes() {
    for (format, size, payload) in symbols() {
        let picture = drawn(&payload, size);
        let readings = Picture::from_gray(picture.clone()).unwrap().read();
        let Ok([Reading::Published(published)]) = readings.as_deref() else {
            panic!("{format:?} {size:?}: {readings:?}");
        };
        assert_eq!((published.format(), published.payload()), (format, payload.as_slice()));
        let mut file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
        let mut png = Vec::new();
        picture.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
        file.write_all(&png).unwrap();
        let output = Command::new("dmtxread")
            .args(["--stop-after=1", "--milliseconds=20000"])
            .arg(file.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("dmtxread does not start ({error}): `cargo xtask setup`")
            });
        assert_eq!(output.stdout, payload, "{format:?} {size:?}: libdmtx");
    }
}

#[test]
fn another_operators_symbol_is_no_mark_of_ours() {
    let picture = Picture::from_gray(drawn(&bytes(DV), SymbolSize::Square22)).unwrap();
    assert_eq!(picture.marks(), Err(ScanError::NotAMark(MarkError::NotTimbre(b'D'))));
}
