//! Takes the pictures out of a PDF, so that a scan or a franked letter can be searched for marks.
//!
//! Every picture on every page comes once per page, forms included, one at a time: a long scan
//! is never wholly in memory. What cannot be read comes too, with the reason. It does not render:
//! a mark drawn as lines or letters is not found.

use std::collections::HashSet;
use std::vec::IntoIter;

use image::GrayImage;
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::samples::decode;
use super::{MAX_DEPTH, PdfError, inherited, pages, read};

/// How many pictures are looked at in one document.
const MAX_IMAGES: usize = 20_000;

/// One picture of a page.
#[derive(Clone, PartialEq, Debug)]
pub struct PageImage {
    /// The page, counted from 0.
    pub page: usize,
    /// Dark where there is ink: red counts as dark, since marks are red.
    pub pixels: Result<GrayImage, ImageFault>,
}

/// Why a picture could not be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImageFault {
    /// Its compression or colour space is one that is not read.
    #[error("the picture is stored as {0}, which is not read: save or scan the page as JPEG")]
    Unsupported(String),
    /// It is larger than any page scanned at 1200 dpi.
    #[error("the picture is too large: scan the page at 600 dpi or less")]
    TooLarge,
    /// Its data do not make sense.
    #[error("the picture is damaged: {0}")]
    Damaged(String),
}

/// The pictures of a document, page by page; each is unpacked when it is its turn.
#[derive(Debug)]
pub struct Images {
    document: Document,
    queue: IntoIter<(usize, ObjectId)>,
}

/// The pictures of a PDF, in the order of its pages.
///
/// # Errors
/// As [`super::Letters::open`].
pub fn images(bytes: &[u8]) -> Result<Images, PdfError> {
    let (document, _) = read(bytes)?;
    let mut queue = Vec::new();
    for (page, id) in pages(&document)?.into_iter().enumerate() {
        let Ok(dictionary) = document.get_dictionary(id) else { continue };
        let resources = inherited(&document, dictionary, b"Resources");
        if let Some(resources) = resources.and_then(|object| object.as_dict().ok()) {
            let mut seen = HashSet::new();
            collect(&document, resources, &mut seen, 0, &mut |id| {
                if queue.len() < MAX_IMAGES {
                    queue.push((page, id));
                }
            });
        }
    }
    Ok(Images { document, queue: queue.into_iter() })
}

/// Finds the images among resources, those of forms included; `seen` are the objects of this page.
fn collect(
    document: &Document,
    resources: &Dictionary,
    seen: &mut HashSet<ObjectId>,
    depth: usize,
    found: &mut impl FnMut(ObjectId),
) {
    let Ok(externals) = resources.get_deref(b"XObject", document).and_then(Object::as_dict) else {
        return;
    };
    for (_, external) in externals {
        let Ok((Some(id), Object::Stream(stream))) = document.dereference(external) else {
            continue;
        };
        if !seen.insert(id) {
            continue;
        }
        match stream.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") => found(id),
            Ok(b"Form") if depth < MAX_DEPTH => {
                let inner = stream.dict.get_deref(b"Resources", document).and_then(Object::as_dict);
                if let Ok(inner) = inner {
                    collect(document, inner, seen, depth + 1, found);
                }
            }
            _ => {}
        }
    }
}

impl Iterator for Images {
    type Item = PageImage;

    fn next(&mut self) -> Option<PageImage> {
        let (page, id) = self.queue.next()?;
        let pixels = match self.document.get_object(id).and_then(Object::as_stream) {
            Ok(stream) => decode(&self.document, stream),
            Err(error) => Err(ImageFault::Damaged(error.to_string())),
        };
        Some(PageImage { page, pixels })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.queue.size_hint()
    }
}
