//! Stamping changes one page and nothing else, and says why when it cannot.

use proptest::prelude::*;
use timbre_indicium::pdf::{Beneath, Letters, PdfError, images};
use timbre_postage::Language;

use super::fixture::{blank, drawn, page, pdf, picture_of, readable, stream};

fn stamped(original: &[u8]) -> Vec<u8> {
    let mut letters = Letters::open(original).unwrap();
    letters.stamp(0, drawn()).unwrap();
    letters.save().unwrap()
}

#[test]
fn the_original_is_kept_byte_for_byte_and_the_mark_appended() {
    let original = blank();
    let franked = stamped(&original);
    assert!(franked.starts_with(&original));
    assert_eq!(Letters::open(&franked).unwrap().page_count(), 1);
}

#[test]
fn without_a_mark_the_file_is_saved_as_it_was() {
    let original = blank();
    assert_eq!(Letters::open(&original).unwrap().save().unwrap(), original);
}

#[test]
fn the_pixels_of_the_mark_come_back_exactly() {
    let found = readable(images(&stamped(&blank())).unwrap());
    assert_eq!(found, [picture_of(drawn())]);
}

#[test]
fn the_place_is_within_40_mm_of_the_top_and_100_mm_of_the_right() {
    let mut letters = Letters::open(&blank()).unwrap();
    let placement = letters.stamp(0, drawn()).unwrap();
    assert!(placement.is_legal(), "{placement:?}");
    assert!(placement.top_mm + placement.height_mm <= 40.0);
    assert!(placement.right_mm + placement.width_mm <= 100.0);
    assert_eq!(placement.beneath, Beneath::Nothing);
}

#[test]
fn a_place_can_be_asked_for_before_anything_is_paid() {
    let mut letters =
        Letters::open(&page("/MediaBox[0 0 612 792]", "BT /F 10 Tf 400 750 Td (Acme) Tj ET"))
            .unwrap();
    let mark = drawn();
    let (across, down) = mark.size_micrometres();
    let size = (f64::from(across) / 1000.0, f64::from(down) / 1000.0);
    let asked = letters.placement(0, size).unwrap();
    let done = letters.stamp(0, mark).unwrap();
    assert_eq!(asked.beneath, Beneath::Text);
    assert_eq!((asked.top_mm, asked.right_mm), (done.top_mm, done.right_mm));
}

#[test]
fn the_letters_that_ship_as_an_example_leave_room_for_the_mark() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/letters.pdf");
    let mut letters = Letters::open(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(letters.page_count(), 12);
    for page in 0..12 {
        assert_eq!(letters.stamp(page, drawn()).unwrap().beneath, Beneath::Nothing);
    }
    assert_eq!(images(&letters.save().unwrap()).unwrap().count(), 12);
}

/// Three pages: two share their resources by reference, one inherits them.
fn sharing() -> Vec<u8> {
    let content = stream("", "0 0 1 rg 50 50 100 100 re f");
    let page = |resources: &str| {
        format!("<</Type/Page /Parent 2 0 R /Contents 6 0 R {resources}>>").into_bytes()
    };
    pdf(&[
        b"<</Type/Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages /Kids[3 0 R 4 0 R 5 0 R] /Count 3 /MediaBox[0 0 612 792] /Resources 7 0 R>>"
            .to_vec(),
        page("/Resources 7 0 R"),
        page("/Resources 7 0 R"),
        page(""),
        content,
        b"<</XObject 8 0 R /ProcSet[/PDF]>>".to_vec(),
        b"<</Logo 9 0 R>>".to_vec(),
        stream("/Type/XObject /Subtype/Image /Width 1 /Height 1 /ColorSpace/DeviceGray /BitsPerComponent 8", "x"),
    ])
}

#[test]
fn pages_that_share_resources_and_content_are_not_stamped_with_it() {
    let original = sharing();
    for target in 0..3 {
        let mut letters = Letters::open(&original).unwrap();
        letters.stamp(target, drawn()).unwrap();
        let franked = letters.save().unwrap();
        let found = readable(images(&franked).unwrap());
        let marked: Vec<usize> = found.iter().filter(|f| f.1 > 1).map(|f| f.0).collect();
        assert_eq!(marked, [target]);
        // The logo that all three share is still there on each.
        assert_eq!(found.iter().filter(|f| f.1 == 1).count(), 3);
        let again = Letters::open(&franked).unwrap();
        for page in 0..3 {
            assert_eq!(again.is_stamped(page), Ok(page == target));
        }
    }
}

#[test]
fn many_pages_are_stamped_in_any_order_and_saved_at_any_time() {
    let mut letters = Letters::open(&sharing()).unwrap();
    letters.stamp(2, drawn()).unwrap();
    let after_one = letters.save().unwrap();
    letters.stamp(0, drawn()).unwrap();
    let after_two = letters.save().unwrap();
    assert_eq!(Letters::open(&after_one).unwrap().is_stamped(0), Ok(false));
    assert_eq!(Letters::open(&after_two).unwrap().is_stamped(0), Ok(true));
    assert_eq!(letters.stamp(0, drawn()), Err(PdfError::AlreadyStamped { page: 1 }));
}

#[test]
fn a_franked_copy_takes_no_second_mark_on_the_same_page() {
    let mut again = Letters::open(&stamped(&blank())).unwrap();
    assert_eq!(again.stamp(0, drawn()), Err(PdfError::AlreadyStamped { page: 1 }));
}

#[test]
fn compressed_object_and_reference_streams_are_read_and_continued() {
    let mut document = lopdf::Document::load_mem(&sharing()).unwrap();
    let mut modern = Vec::new();
    document.save_modern(&mut modern).unwrap();
    assert!(!modern.windows(7).any(|w| w == b"trailer"), "a file without a classic index");
    let franked = stamped(&modern);
    assert!(franked.starts_with(&modern));
    let reread = Letters::open(&franked).unwrap();
    assert_eq!((reread.page_count(), reread.is_stamped(0)), (3, Ok(true)));
}

#[test]
fn a_file_whose_index_is_not_where_it_says_is_written_anew() {
    let mut displaced = blank();
    let last_digit = displaced.len() - "\n%%EOF\n".len() - 1;
    displaced[last_digit] ^= 1;
    let franked = stamped(&displaced);
    let strict = lopdf::LoadOptions { strict: true, ..Default::default() };
    let document = lopdf::Document::load_mem_with_options(&franked, strict).unwrap();
    assert_eq!(document.xref_recovery, None);
    assert_eq!(Letters::open(&franked).unwrap().is_stamped(0), Ok(true));
}

#[test]
fn a_file_that_was_cut_off_is_refused_although_pages_are_left() {
    let whole = sharing();
    let cut = whole.windows(6).position(|bytes| bytes == b"xref\n0").unwrap();
    let error = Letters::open(&whole[..cut]).unwrap_err();
    assert_eq!(error.code(), "pdf-damaged");
    // A scan may still be searched for marks: that costs nothing.
    assert_eq!(images(&whole[..cut]).unwrap().count(), 3);
}

#[test]
fn what_a_mail_gateway_put_before_the_header_is_left_out() {
    let original = blank();
    let prefixed = [b"Content-Type: application/pdf\r\n\r\n".as_slice(), &original].concat();
    assert!(stamped(&prefixed).starts_with(&original));
}

#[test]
fn the_size_is_that_of_the_page_as_seen() {
    for (entries, expected) in [
        ("/MediaBox[0 0 612 792]", (215.9, 279.4)),
        ("/MediaBox[612 792 0 0]", (215.9, 279.4)),
        ("/MediaBox[0 0 612 792] /Rotate 90", (279.4, 215.9)),
        ("/MediaBox[0 0 612 792] /Rotate -270", (279.4, 215.9)),
        ("/MediaBox[0 0 306 396] /UserUnit 2", (215.9, 279.4)),
        ("/MediaBox[-72 -72 684 864] /CropBox[0 0 612 792]", (215.9, 279.4)),
        ("/MediaBox[0 0 612 792] /CropBox[-100 -100 9999 9999]", (215.9, 279.4)),
    ] {
        let (width, height) = Letters::open(&page(entries, "")).unwrap().page_size_mm(0).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 0.01;
        assert!(near(width, expected.0) && near(height, expected.1), "{entries}: {width} {height}");
    }
}

fn protected() -> Vec<u8> {
    let mut document = lopdf::Document::load_mem(&blank()).unwrap();
    document.trailer.set("ID", vec![lopdf::Object::string_literal("0123456789abcdef"); 2]);
    let version = lopdf::EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "",
        key_length: 128,
        permissions: lopdf::Permissions::PRINTABLE,
    };
    let state = lopdf::EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_file_that_cannot_be_franked_is_refused_with_advice() {
    let no_pages = pdf(&["<</Type/Catalog /Pages 2 0 R>>", "<</Type/Pages /Kids[] /Count 0>>"]);
    let no_objects = b"%PDF-1.4\nhello\n%%EOF\n".to_vec();
    for (bytes, code, advice) in [
        (Vec::new(), "pdf-not-a-pdf", "export or print the letters to PDF"),
        (b"PK\x03\x04 a spreadsheet".to_vec(), "pdf-not-a-pdf", "export or print"),
        (no_objects, "pdf-damaged", "save or print it anew"),
        (no_pages, "pdf-no-pages", "export the letters again"),
        (protected(), "pdf-protected", "save it without a password"),
    ] {
        let error = Letters::open(&bytes).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(advice), "{error}");
        assert_ne!(error.message(Language::French), error.to_string());
    }
}

#[test]
fn a_page_that_cannot_be_franked_is_refused_and_the_file_stays_as_it_was() {
    for (entries, expected) in [
        ("", "page 1 of the PDF is damaged (it has no size)"),
        ("/MediaBox[0 0 612]", "it has no size"),
        ("/MediaBox[0 0 612 792] /CropBox[700 0 800 100]", "its crop box leaves nothing visible"),
        ("/MediaBox[0 0 612 792] /Rotate 45", "it is turned by something else than quarters"),
        ("/MediaBox[0 0 612 792] /UserUnit 0", "its unit of length is not a length"),
        ("/MediaBox[0 0 283.46 283.46]", "page 1 is 100 × 100 mm; the mark needs at least"),
        ("/MediaBox[0 0 612 100]", "page 1 is 216 × 35 mm"),
    ] {
        let original = page(entries, "");
        let mut letters = Letters::open(&original).unwrap();
        let error = letters.stamp(0, drawn()).unwrap_err().to_string();
        assert!(error.contains(expected), "{entries}: {error}");
        assert_eq!(letters.save().unwrap(), original);
    }
    let mut letters = Letters::open(&blank()).unwrap();
    assert_eq!(letters.stamp(7, drawn()), Err(PdfError::NoSuchPage { page: 8, pages: 1 }));
}

#[test]
fn a_page_that_stands_in_the_document_twice_is_refused() {
    let twice = pdf(&[
        b"<</Type/Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages /Kids[3 0 R 3 0 R] /Count 2>>".to_vec(),
        b"<</Type/Page /Parent 2 0 R /MediaBox[0 0 612 792]>>".to_vec(),
    ]);
    let error = Letters::open(&twice).unwrap().stamp(0, drawn()).unwrap_err();
    assert!(error.to_string().contains("more than once"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damage_anywhere_is_refused_or_survived(
        at in 0.0..1.0_f64,
        garbage in proptest::collection::vec(any::<u8>(), 1..40),
        cut in any::<bool>(),
    ) {
        let mut bytes = sharing();
        let at = (bytes.len() as f64 * at) as usize;
        if cut {
            bytes.truncate(at);
        } else {
            let end = (at + garbage.len()).min(bytes.len());
            bytes.splice(at..end, garbage);
        }
        if let Ok(mut letters) = Letters::open(&bytes)
            && letters.stamp(0, drawn()).is_ok()
        {
            let franked = letters.save().unwrap();
            prop_assert!(Letters::open(&franked).is_ok());
        }
        if let Ok(images) = images(&bytes) {
            prop_assert!(images.count() < 100);
        }
    }
}
