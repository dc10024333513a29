//! Letters in a PDF: stamped, weighed, set aside, and whole after an interruption.

use std::fs;
use std::path::Path;

use timbre_indicium::pdf::{Letters, images};
use timbre_indicium::scan;
use timbre_meter::{
    FirstPages, LetterOptions, LetterWeight, Meter, Progress, RunOptions, RunSummary, Stopped,
};
use timbre_postage::Weight;

use crate::stage::{Stage, wait};

/// A PDF of empty pages of these sizes, in points.
fn pdf(pages: &[(u32, u32)]) -> Vec<u8> {
    pdf_that_paints("", pages)
}

/// A PDF of pages of these sizes, in points, with the same `content` on each.
fn pdf_that_paints(content: &str, pages: &[(u32, u32)]) -> Vec<u8> {
    let contents = 3 + pages.len();
    let kids: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 3 + n)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Count {} /Kids [{}] >>", pages.len(), kids.join(" ")),
    ];
    for (width, height) in pages {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Resources << >> \
             /Contents {contents} 0 R >>"
        ));
    }
    objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).into_bytes());
    }
    let start = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for offset in offsets {
        bytes.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    let trailer = format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    bytes.extend(trailer.into_bytes());
    bytes
}

const LETTER: (u32, u32) = (612, 792);
const STAMP_SIZED: (u32, u32) = (100, 100);

fn options(output: &Path) -> RunOptions {
    RunOptions {
        service: Some("lettermail".parse().unwrap()),
        output: Some(output.to_owned()),
        ..RunOptions::default()
    }
}

fn two_pages_each() -> LetterOptions {
    LetterOptions { first_pages: FirstPages::Every(2), ..LetterOptions::default() }
}

fn run(
    meter: &mut Meter,
    file: &Path,
    letters: &LetterOptions,
    options: &RunOptions,
) -> Result<RunSummary, Stopped> {
    wait(meter.run_pdf(file, letters, options, &mut ()))
}

/// The pages (from 0) that carry a mark, all genuine and different.
fn stamped(meter: &Meter, file: &Path) -> Vec<usize> {
    let bytes = fs::read(file).unwrap();
    let letters = Letters::open(&bytes).unwrap();
    let pages = (0..letters.page_count()).filter(|page| letters.is_stamped(*page).unwrap());
    let key = meter.enrolment().unwrap().indicium_key;
    let marks: Vec<_> = images(&bytes)
        .unwrap()
        .flat_map(|image| scan::read_gray(&image.pixels.unwrap()).unwrap())
        .collect();
    let mut counters: Vec<u64> = Vec::new();
    for mark in &marks {
        mark.verify(&key).unwrap();
        counters.push(mark.data().pieces);
    }
    counters.sort_unstable();
    counters.dedup();
    assert_eq!(counters.len(), marks.len(), "no mark is there twice");
    let pages: Vec<usize> = pages.collect();
    assert_eq!(pages.len(), marks.len());
    pages
}

#[test]
fn every_letter_gets_a_mark_on_its_first_page() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let file = stage.file("letters.pdf", pdf(&[LETTER; 5]));
    let summary = run(&mut meter, &file, &two_pages_each(), &options(&stage.output())).unwrap();
    assert_eq!((summary.pieces, summary.franked), (3, 3));
    let out = summary.pdf.unwrap();
    assert_eq!(out, stage.output().join("letters.franked.pdf"));
    assert_eq!(stamped(&meter, &out), [0, 2, 4]);
    assert_eq!(meter.status().unwrap().unprinted, 0);
    let report = fs::read_to_string(summary.franked_csv).unwrap();
    assert!(report.contains("letters.franked.pdf#page=3"), "{report}");
}

#[test]
fn sheets_and_envelope_make_the_weight_and_so_the_price() {
    let stage = Stage::new();
    let meter = &mut stage.ready(100);
    let file = stage.file("letters.pdf", pdf(&[LETTER; 8]));
    let sheets = |duplex| LetterOptions {
        first_pages: FirstPages::Every(8),
        weight: LetterWeight::Sheets {
            sheet: Weight::from_grams(5),
            envelope: Weight::from_grams(5),
            duplex,
        },
        ..LetterOptions::default()
    };
    let mut cost = |letters: &LetterOptions| {
        meter.estimate_pdf(&file, letters, &options(&stage.output())).unwrap().amount
    };
    let heavy =
        LetterOptions { weight: LetterWeight::Each(Weight::from_grams(45)), ..sheets(false) };
    let light =
        LetterOptions { weight: LetterWeight::Each(Weight::from_grams(25)), ..sheets(false) };
    assert_eq!(cost(&sheets(false)), cost(&heavy));
    assert_eq!(cost(&sheets(true)), cost(&light));
    assert_ne!(cost(&heavy), cost(&light));
}

#[test]
fn a_letter_whose_page_takes_no_mark_is_set_aside_unpaid() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let file = stage.file("letters.pdf", pdf(&[LETTER, STAMP_SIZED, LETTER]));
    let letters = LetterOptions::default();
    let summary = run(&mut meter, &file, &letters, &options(&stage.output())).unwrap();
    assert_eq!((summary.franked, meter.registers().pieces), (2, 2));
    let [rejection] = <[_; 1]>::try_from(summary.rejected).unwrap();
    assert_eq!((rejection.piece, rejection.line), (2, 2));
    assert_eq!(rejection.reason.code, "pdf-page-too-small");
    assert_eq!(stamped(&meter, &summary.pdf.unwrap()), [0, 2]);
}

#[test]
fn a_letter_with_text_where_the_mark_goes_is_set_aside_unpaid() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let text = |x, y| format!("BT /F1 12 Tf {x} {y} Td (Dear Sir) Tj ET");
    for (place, franked) in [(text(72, 600), 1), (text(500, 750), 0)] {
        let output = stage.output().join(franked.to_string());
        let file = stage.file("letters.pdf", pdf_that_paints(&place, &[LETTER]));
        let summary = run(&mut meter, &file, &LetterOptions::default(), &options(&output)).unwrap();
        assert_eq!(summary.franked, franked);
        let codes: Vec<_> = summary.rejected.iter().map(|r| r.reason.code.as_str()).collect();
        assert_eq!(codes, vec!["text-under-mark"; 1 - franked as usize]);
    }
    assert_eq!(meter.registers().pieces, 1);
}

#[test]
fn what_is_not_a_pdf_that_takes_marks_is_refused_and_nothing_is_paid() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let whole = pdf(&[LETTER]);
    let table: [(&[u8], RunOptions, &str); 3] = [
        (b"Dear Sir", options(&stage.output()), "pdf-not-a-pdf"),
        (b"%PDF-1.7\nnothing more", options(&stage.output()), "pdf-damaged"),
        (&whole, RunOptions::default(), "service-missing"),
    ];
    for (bytes, options, code) in table {
        let file = stage.file("letters.pdf", bytes);
        let stopped = run(&mut meter, &file, &LetterOptions::default(), &options).unwrap_err();
        assert_eq!(stopped.why.code(), code);
        assert!(stopped.to_string().contains("letters.pdf"), "{stopped}");
    }
    assert_eq!(meter.registers().pieces, 0);
}

#[test]
fn a_franked_copy_is_not_franked_again() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let file = stage.file("letters.pdf", pdf(&[LETTER; 2]));
    let letters = LetterOptions::default();
    let copy = run(&mut meter, &file, &letters, &options(&stage.output())).unwrap().pdf.unwrap();
    let again = options(&stage.folder.path().join("again"));
    let summary = run(&mut meter, &copy, &letters, &again).unwrap();
    assert_eq!(summary.franked, 0);
    assert!(summary.rejected.iter().all(|r| r.reason.code == "pdf-already-stamped"));
}

struct StopAfter(u32);

impl Progress for StopAfter {
    fn piece(&mut self, _done: u32, _total: u32) {
        self.0 -= 1;
    }

    fn keep_going(&self) -> bool {
        self.0 > 0
    }
}

#[test]
fn an_interrupted_pdf_appears_only_when_it_is_whole_and_no_letter_is_paid_twice() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let file = stage.file("letters.pdf", pdf(&[LETTER; 6]));
    let (letters, options) = (LetterOptions::default(), options(&stage.output()));
    let stopped = wait(meter.run_pdf(&file, &letters, &options, &mut StopAfter(4))).unwrap_err();
    assert_eq!(stopped.so_far.unwrap().franked, 4);
    assert_eq!(fs::read_dir(stage.output()).unwrap().count(), 0);
    assert_eq!(meter.status().unwrap().unprinted, 4);
    drop(meter);
    let mut meter = stage.open().unwrap();
    let summary = run(&mut meter, &file, &letters, &options).unwrap();
    assert_eq!((summary.franked, summary.printed_again), (6, 4));
    assert_eq!(stamped(&meter, &summary.pdf.unwrap()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(meter.registers().pieces, 6);
    assert_eq!(meter.status().unwrap().unprinted, 0);
}
