//! A document of letters that takes marks.
//!
//! A sound file is saved as its own bytes with a revision appended, so nothing of it can be
//! lost; only a file whose index was not where it says is written anew. Pages that share resources
//! or content with a stamped page are not touched: the stamped page gets its own dictionary.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::xref::XrefRecovery;
use lopdf::{Dictionary, Document, IncrementalDocument, Object, ObjectId, Stream, dictionary};

use super::content::{self, Balance};
use super::geometry::{Frame, Placement, Turn, mark_size_mm};
use super::plane::{Matrix, Rect};
use super::{MAX_STREAM_BYTES, PdfError, inherited, numbers, pages, read};
use crate::Bitmap;
use crate::picture_file::RED;

/// The name of the mark among a page's pictures, by which a franked copy is known again.
const MARK_NAME: &[u8] = b"TimbreMark";
/// What a revision keeps of the trailer before it; the rest describes that revision's own index.
const TRAILER_KEYS: [&[u8]; 4] = [b"Root", b"Info", b"ID", b"Prev"];

/// An open PDF whose pages can be stamped. Pages are counted from 0.
#[derive(Debug)]
pub struct Letters {
    file: IncrementalDocument,
    pages: Vec<ObjectId>,
}

/// All that is found out about a page before it is changed.
struct Plan {
    id: ObjectId,
    frame: Frame,
    placement: Placement,
    balance: Balance,
    resources: Dictionary,
}

impl Letters {
    /// Opens a PDF.
    ///
    /// # Errors
    /// A file that is not a PDF, is protected, is damaged or has no pages.
    pub fn open(bytes: &[u8]) -> Result<Letters, PdfError> {
        let (document, bytes) = read(bytes)?;
        // What is left of a file that was cut off may look whole, and lack fonts and lines of text.
        // Nobody should pay postage for that.
        if document.xref_recovery == Some(XrefRecovery::Reconstructed) {
            return Err(PdfError::Broken { reason: "its index is missing".to_owned() });
        }
        let pages = pages(&document)?;
        let mut file = IncrementalDocument::create_from(bytes.to_vec(), document);
        keep_trailer_keys(&mut file.new_document);
        Ok(Letters { file, pages })
    }

    /// How many pages the document has; at least one.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// Width and height of a page as a reader sees it, in millimetres.
    ///
    /// # Errors
    /// There is no such page, or it does not say how large it is.
    pub fn page_size_mm(&self, page: usize) -> Result<(f64, f64), PdfError> {
        Ok(self.frame(page)?.size_mm())
    }

    /// Whether a page carries a mark, from this franking or an earlier one.
    ///
    /// # Errors
    /// There is no such page, or it cannot be read.
    pub fn is_stamped(&self, page: usize) -> Result<bool, PdfError> {
        let resources = self.resources(self.page(page)?);
        let pictures = resources.get_deref(b"XObject", self.original()).and_then(Object::as_dict);
        Ok(pictures.is_ok_and(|pictures| pictures.has(MARK_NAME)))
    }

    /// Where a mark of this size, in millimetres, would go. [`Letters::stamp`] refuses nothing
    /// that this has accepted, so it can be asked before money is spent.
    ///
    /// # Errors
    /// As [`Letters::stamp`].
    pub fn placement(&self, page: usize, mark_mm: (f64, f64)) -> Result<Placement, PdfError> {
        Ok(self.plan(page, mark_mm)?.placement)
    }

    /// Prints a mark on a page.
    ///
    /// # Errors
    /// There is no such page, it cannot be read, carries a mark already or is too small, or the
    /// mark is larger than its place. The document is then as it was.
    pub fn stamp(&mut self, page: usize, mark: &Bitmap) -> Result<Placement, PdfError> {
        let Plan { id, frame, placement, balance, mut resources } =
            self.plan(page, mark_size_mm(mark))?;
        let mut dictionary = self.page(page)?.clone();
        let mut content = contents(self.original(), &dictionary);
        let mut pictures = resources
            .get_deref(b"XObject", self.original())
            .and_then(Object::as_dict)
            .cloned()
            .unwrap_or_default();

        let before = "q\n".repeat(balance.saves).into_bytes();
        let after = painting(&balance, &frame.mark_matrix(&placement));
        let picture = self.add(page, image(mark))?;
        let before = self.add(page, Stream::new(Dictionary::new(), before))?;
        let after = self.add(page, Stream::new(Dictionary::new(), after))?;

        pictures.set(MARK_NAME, picture);
        resources.set("XObject", pictures);
        content.insert(0, before.into());
        content.push(after.into());
        dictionary.set("Resources", resources);
        dictionary.set("Contents", content);
        self.file.new_document.set_object(id, dictionary);
        Ok(placement)
    }

    /// The document with all its marks; without one, exactly the file that was opened.
    ///
    /// # Errors
    /// [`PdfError::Broken`] when the file has no numbers left for new objects.
    pub fn save(&mut self) -> Result<Vec<u8>, PdfError> {
        if self.file.new_document.objects.is_empty() {
            return Ok(self.file.get_prev_documents_bytes().to_vec());
        }
        let mut bytes = Vec::new();
        let saved = if self.original().xref_recovery.is_none() {
            self.file.save_to(&mut bytes)
        } else {
            // A revision would refer to the index that could not be read.
            let mut whole = self.original().clone();
            whole.objects.extend(self.file.new_document.objects.clone());
            whole.max_id = self.file.new_document.max_id;
            keep_trailer_keys(&mut whole);
            whole.trailer.remove(b"Prev");
            whole.save_to(&mut bytes)
        };
        saved.map_err(|error| PdfError::Broken { reason: error.to_string() })?;
        Ok(bytes)
    }

    fn original(&self) -> &Document {
        self.file.get_prev_documents()
    }

    fn id(&self, page: usize) -> Result<ObjectId, PdfError> {
        self.pages
            .get(page)
            .copied()
            .ok_or(PdfError::NoSuchPage { page: page + 1, pages: self.pages.len() })
    }

    /// The page's dictionary as it now is.
    fn page(&self, page: usize) -> Result<&Dictionary, PdfError> {
        let id = self.id(page)?;
        let changed = self.file.new_document.get_dictionary(id);
        changed
            .or_else(|_| self.original().get_dictionary(id))
            .map_err(|_| broken(page, "it cannot be read"))
    }

    fn resources(&self, page: &Dictionary) -> Dictionary {
        inherited(self.original(), page, b"Resources")
            .and_then(|object| object.as_dict().ok())
            .cloned()
            .unwrap_or_default()
    }

    fn frame(&self, page: usize) -> Result<Frame, PdfError> {
        let document = self.original();
        let dictionary = self.page(page)?;
        let rectangle = |key: &[u8]| {
            let array = inherited(document, dictionary, key)?.as_array().ok()?;
            numbers(document, array).map(Rect::from_corners)
        };
        let media = rectangle(b"MediaBox").ok_or_else(|| broken(page, "it has no size"))?;
        let crop = rectangle(b"CropBox").unwrap_or(media);
        let visible = media
            .intersection(&crop)
            .ok_or_else(|| broken(page, "its crop box leaves nothing visible"))?;
        let degrees = inherited(document, dictionary, b"Rotate").map_or(Ok(0.0), Object::as_float);
        let turn = degrees
            .ok()
            .and_then(|degrees| Turn::from_degrees(degrees as i64))
            .ok_or_else(|| broken(page, "it is turned by something else than quarters"))?;
        let unit = dictionary.get_deref(b"UserUnit", document).map_or(Ok(1.0), Object::as_float);
        let user_unit = unit
            .ok()
            .filter(|unit| unit.is_finite() && *unit > 0.0)
            .map(f64::from)
            .ok_or_else(|| broken(page, "its unit of length is not a length"))?;
        Ok(Frame { visible, turn, user_unit })
    }

    fn plan(&self, page: usize, mark_mm: (f64, f64)) -> Result<Plan, PdfError> {
        let id = self.id(page)?;
        if self.pages.iter().filter(|other| **other == id).count() > 1 {
            return Err(broken(page, "the document shows it more than once"));
        }
        if self.is_stamped(page)? {
            return Err(PdfError::AlreadyStamped { page: page + 1 });
        }
        let frame = self.frame(page)?;
        let placement = frame.place(page + 1, mark_mm)?;
        let resources = self.resources(self.page(page)?);
        let content = self
            .original()
            .get_page_content_with_limit(id, MAX_STREAM_BYTES)
            .map_err(|error| broken(page, &error.to_string()))?;
        let (balance, beneath) =
            content::read(self.original(), &content, &resources, frame.kept_clear(&placement));
        Ok(Plan { id, frame, placement: Placement { beneath, ..placement }, balance, resources })
    }

    fn add(&mut self, page: usize, stream: Stream) -> Result<ObjectId, PdfError> {
        self.file
            .new_document
            .try_add_object(stream)
            .map_err(|error| broken(page, &error.to_string()))
    }
}

fn broken(page: usize, reason: &str) -> PdfError {
    PdfError::PageBroken { page: page + 1, reason: reason.to_owned() }
}

fn keep_trailer_keys(document: &mut Document) {
    let trailer = std::mem::take(&mut document.trailer);
    for (key, value) in trailer {
        if TRAILER_KEYS.contains(&key.as_slice()) {
            document.trailer.set(key, value);
        }
    }
}

/// The content streams of a page, as references.
fn contents(document: &Document, page: &Dictionary) -> Vec<Object> {
    match page.get(b"Contents") {
        Ok(Object::Array(streams)) => streams.clone(),
        Ok(reference @ Object::Reference(_)) => match document.dereference(reference) {
            Ok((_, Object::Array(streams))) => streams.clone(),
            Ok((_, Object::Stream(_))) => vec![reference.clone()],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The content that closes what the page left open and paints the mark.
fn painting(balance: &Balance, place: &Matrix) -> Vec<u8> {
    let mut content = String::from("\n");
    if balance.in_text {
        content.push_str("ET\n");
    }
    content.push_str(&"EMC\n".repeat(balance.marked));
    content.push_str(&"Q\n".repeat(balance.restores));
    let [a, b, c, d, e, f] = place.0;
    let [red, green, blue] = RED.map(|part| f64::from(part) / 255.0);
    content.push_str(&format!(
        "q\n{red:.3} {green:.3} {blue:.3} rg\n{a:.6} {b:.6} {c:.6} {d:.6} {e:.6} {f:.6} cm\n/{} Do\nQ\n",
        String::from_utf8_lossy(MARK_NAME)
    ));
    content.into_bytes()
}

/// The mark as a stencil: what is not ink lets the page show through.
fn image(mark: &Bitmap) -> Stream {
    let dictionary = dictionary! {
        "Type" => "XObject",
        "Subtype" => "Image",
        "Width" => i64::from(mark.width()),
        "Height" => i64::from(mark.height()),
        "BitsPerComponent" => 1,
        "ImageMask" => true,
        // A set bit is ink.
        "Decode" => vec![1.into(), 0.into()],
        "Interpolate" => false,
        "Filter" => "FlateDecode",
    };
    // A long run of letters waits for this: a third of the size costs five times the time.
    let mut data = ZlibEncoder::new(Vec::new(), Compression::new(3));
    let data = data.write_all(mark.bytes()).and_then(|()| data.finish());
    Stream::new(dictionary, data.expect("invariant: writing to memory does not fail"))
}
