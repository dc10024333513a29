//! PDFs written by hand, as small as they can be, and a mark to print on them.

use datamatrix::{DataMatrix, SymbolSize};
use timbre_indicium::pdf::Images;
use timbre_indicium::{Bitmap, Resolution};

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

/// What a mark's symbol says here: every byte value that may trouble a decoder.
pub(super) fn payload() -> Vec<u8> {
    (0..112).map(|n: u8| n.wrapping_mul(37)).collect()
}

/// As large as a mark: a frame around its whole and a symbol at its right.
pub(super) fn mark() -> Bitmap {
    let symbol = DataMatrix::encode(&payload(), SymbolSize::Square40).unwrap().bitmap();
    let (width, height, module, margin) = (1000, 280, 6, 20);
    let mut ink = vec![false; width * height];
    for x in 0..width {
        ink[x] = true;
        ink[(height - 1) * width + x] = true;
    }
    for y in 0..height {
        ink[y * width] = true;
        ink[y * width + width - 1] = true;
    }
    let left = width - margin - symbol.width() * module;
    for (x, y) in symbol.pixels() {
        for dy in 0..module {
            let row = (margin + y * module + dy) * width + left + x * module;
            ink[row..row + module].fill(true);
        }
    }
    bitmap(width, &ink)
}

fn bitmap(width: usize, ink: &[bool]) -> Bitmap {
    let height = ink.len() / width;
    let mut bytes = Vec::new();
    for row in ink.chunks(width) {
        for eight in row.chunks(8) {
            let bits = eight.iter().enumerate().map(|(n, ink)| u8::from(*ink) << (7 - n));
            bytes.push(bits.sum());
        }
    }
    Bitmap::from_bytes(width as u32, height as u32, Resolution::Dpi300, bytes).unwrap()
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
