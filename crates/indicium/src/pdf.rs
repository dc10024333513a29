//! Letters as a PDF: a mark is put on a page that exists already, and pictures are taken out of
//! one to be searched for marks.
//!
//! The mark goes to the place the regulations keep for it: the upper right of the page as a
//! reader sees it, wholly within 40 mm of the top edge and 100 mm of the right edge (SOR/88-430
//! s. 13), with half an inch of page left of it and below it. Everything else in the document
//! stays: a sound file is kept byte for byte and the mark is appended to it as a revision.
//!
//! It refuses to open what is protected or cut off, to print a mark on a page that has one, and to cover
//! anything with white. It does not render pages: [`Placement::beneath`] tells the text and the
//! pictures that it can see in the place of the mark, and a person decides.

mod content;
mod error;
mod geometry;
mod images;
mod letters;
mod plane;
mod samples;

pub use content::Beneath;
pub use error::PdfError;
pub use geometry::{CLEAR_ZONE_MM, Placement, ZONE_HEIGHT_MM, ZONE_WIDTH_MM};
pub use images::{ImageFault, Images, PageImage, images};
pub use letters::Letters;

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

/// The largest file that is read.
const MAX_FILE_BYTES: usize = 512 << 20;
/// What one compressed part of a file may unpack to: an A4 page scanned in grey at 1200 dpi.
const MAX_STREAM_BYTES: usize = 160 << 20;
/// How many levels of page tree, form or reference are followed.
const MAX_DEPTH: usize = 32;

/// Reads a document; the slice is what remains of `bytes` without what precedes the header.
fn read(bytes: &[u8]) -> Result<(Document, &[u8]), PdfError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(PdfError::TooLarge { limit_mib: MAX_FILE_BYTES >> 20 });
    }
    // Some producers and mail gateways put lines before the header; readers look for it in the
    // first kilobyte, and every offset in the file counts from it.
    let head = &bytes[..bytes.len().min(1024)];
    let start = head.windows(5).position(|w| w == b"%PDF-").ok_or(PdfError::NotPdf)?;
    let bytes = &bytes[start..];
    let options = LoadOptions::with_max_decompressed_size(MAX_STREAM_BYTES);
    let document =
        Document::load_mem_with_options(bytes, options).map_err(|error| match error {
            lopdf::Error::Decryption(_)
            | lopdf::Error::InvalidPassword
            | lopdf::Error::UnsupportedSecurityHandler(_) => PdfError::Encrypted,
            other => PdfError::Broken { reason: other.to_string() },
        })?;
    // A file that opens with the empty password is still protected against changes.
    if document.is_encrypted() || document.was_encrypted() {
        return Err(PdfError::Encrypted);
    }
    Ok((document, bytes))
}

/// The page objects in reading order; at least one.
fn pages(document: &Document) -> Result<Vec<ObjectId>, PdfError> {
    let pages: Vec<ObjectId> = document.page_iter().collect();
    if pages.is_empty() { Err(PdfError::NoPages) } else { Ok(pages) }
}

/// An entry of a page that may stand in one of the nodes above it instead (ISO 32000-1, 7.7.3.4).
fn inherited<'a>(document: &'a Document, page: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut node = page;
    for _ in 0..MAX_DEPTH {
        if let Ok(object) = node.get_deref(key, document) {
            return Some(object);
        }
        node = node.get_deref(b"Parent", document).and_then(Object::as_dict).ok()?;
    }
    None
}

/// Exactly `N` numbers, or nothing.
fn numbers<const N: usize>(document: &Document, objects: &[Object]) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    if objects.len() != N {
        return None;
    }
    for (value, object) in values.iter_mut().zip(objects) {
        *value = f64::from(document.dereference(object).ok()?.1.as_float().ok()?);
    }
    Some(values)
}
