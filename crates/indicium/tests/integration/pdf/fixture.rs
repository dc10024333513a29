//! PDFs written by hand, as small as they can be, and a mark to print on them.

use std::sync::LazyLock;

use jiff::civil::date;
use timbre_indicium::pdf::Images;
use timbre_indicium::{Artwork, Bitmap, Mark, MarkData, MarkKind, RateTableTag, Resolution};
use timbre_key_store::Signature;
use timbre_postage::{Amount, Currency, IndiciaNumber, Language, MeterSerial};

/// A document of these objects, numbered from 1; the first is the catalog.
pub(super) fn pdf<T: AsRef<[u8]>>(objects: &[T]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n", number + 1).into_bytes());
        file.extend(object.as_ref());
        file.extend(b"\nendobj\n");
    }
    let xref = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    let size = objects.len() + 1;
    let end = format!("trailer\n<</Root 1 0 R /Size {size}>>\nstartxref\n{xref}\n%%EOF\n");
    file.extend(end.into_bytes());
    file
}

/// A stream object.
pub(super) fn stream(entries: &str, data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    let mut object = format!("<<{entries} /Length {}>>\nstream\n", data.len()).into_bytes();
    object.extend(data);
    object.extend(b"\nendstream");
    object
}

/// A document of one page with these entries and this content.
pub(super) fn page(entries: &str, content: &str) -> Vec<u8> {
    pdf(&[
        b"<</Type/Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages /Kids[3 0 R] /Count 1>>".to_vec(),
        format!("<</Type/Page /Parent 2 0 R /Contents 4 0 R {entries}>>").into_bytes(),
        stream("", content),
    ])
}

/// A letter-size page with nothing on it.
pub(super) fn blank() -> Vec<u8> {
    page("/MediaBox[0 0 612 792] /Resources<<>>", "")
}

/// A document of one page with one image, given by its dictionary entries and data.
pub(super) fn picture(entries: &str, data: impl AsRef<[u8]>) -> Vec<u8> {
    pdf(&[
        b"<</Type/Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages /Kids[3 0 R] /Count 1>>".to_vec(),
        b"<</Type/Page /Parent 2 0 R /MediaBox[0 0 99 99] /Resources<</XObject<</A 4 0 R>>>>>>"
            .to_vec(),
        stream(&format!("/Type/XObject /Subtype/Image {entries}"), data),
    ])
}

/// A mark. Nobody has signed it: here only its picture matters.
pub(super) fn mark() -> Mark {
    let cad = |text: &str| Amount::parse(text, Currency::Cad).unwrap();
    let data = MarkData {
        kind: MarkKind::Postage,
        serial: MeterSerial::new(1_004_217).unwrap(),
        indicia_number: IndiciaNumber::new(30_881).unwrap(),
        pieces: 1_234,
        amount: cad("1.44"),
        date: date(2026, 11, 24),
        ascending: cad("5120.37"),
        descending: cad("879.63"),
        product: 101,
        postal_code: "K1A 0B1".parse().unwrap(),
        weight_grams: 28,
        rate_table: RateTableTag::of("ca-retail-2025-01-13"),
        key_id: "0011223344556677".parse().unwrap(),
    };
    // Every byte value that may trouble a decoder.
    let signature = std::array::from_fn(|n| (n as u8).wrapping_mul(37));
    Mark::from_parts(data, Signature::from_bytes(signature)).unwrap()
}

/// The picture of [`mark`].
pub(super) fn drawn() -> &'static Bitmap {
    static DRAWN: LazyLock<Bitmap> =
        LazyLock::new(|| Artwork::new(Resolution::Dpi600, Language::French).render(&mark()));
    &DRAWN
}

/// What [`readable`] returns for a mark on the first page.
pub(super) fn picture_of(mark: &Bitmap) -> (usize, u32, u32, Vec<u8>) {
    let gray = |x, y| if mark.is_ink(x, y) { 0 } else { 255 };
    let pixels = (0..mark.height()).flat_map(|y| (0..mark.width()).map(move |x| gray(x, y)));
    (0, mark.width(), mark.height(), pixels.collect())
}

/// The pictures of a document that can be read, as (page, width, height, grey pixels).
pub(super) fn readable(images: Images) -> Vec<(usize, u32, u32, Vec<u8>)> {
    images
        .map(|image| {
            let pixels = image.pixels.expect("a readable picture");
            (image.page, pixels.width(), pixels.height(), pixels.into_raw())
        })
        .collect()
}
