//! Letters in a PDF: which pages make a letter, what it weighs, and whether its first page takes a mark.
//!
//! Every first page is tried before anything is paid: a page that cannot take a mark makes one letter
//! that is set aside, a PDF that cannot be stamped at all is refused whole.

use std::path::{Path, PathBuf};

use csv::ByteRecord;
use timbre_indicium::pdf::{Beneath, Letters, PdfError};
use timbre_postage::{Country, Dimensions, Piece, PriceRefusal, Service, Weight};

use super::reject::{Reason, Where, Wrong};
use super::source::{Printer, Row, Source};
use super::state::Identity;
use super::write_pdf::StampedLetters;
use crate::error::{Fault, MeterError, RunRefusal};
use crate::piece::{PieceRequest, TextField};

/// Which pages of a PDF make one letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FirstPages {
    /// A letter begins every so many pages; the last may be shorter. At least 1.
    Every(u32),
    /// Letters begin on these pages, counted from 1, rising; the first must be 1.
    At(Vec<u32>),
}

/// What a letter weighs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterWeight {
    /// Each letter the same.
    Each(Weight),
    /// An envelope, and a sheet for each page, or for each two pages if both sides are printed.
    Sheets {
        /// One sheet of paper.
        sheet: Weight,
        /// The envelope.
        envelope: Weight,
        /// Two pages on a sheet.
        duplex: bool,
    },
}

/// What is the same for all letters of a PDF, beside the run's options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterOptions {
    /// Which pages make one letter.
    pub first_pages: FirstPages,
    /// What a letter weighs.
    pub weight: LetterWeight,
    /// The size of the envelope, when the service asks for it.
    pub dimensions: Option<Dimensions>,
    /// Registered mail.
    pub registered: bool,
    /// The customer's own reference.
    pub reference: Option<String>,
}

impl Default for LetterOptions {
    /// Every page a letter, of a 5 g sheet (80 g/m²) in a 5 g envelope.
    fn default() -> LetterOptions {
        let (sheet, envelope) = (Weight::from_grams(5), Weight::from_grams(5));
        LetterOptions {
            first_pages: FirstPages::Every(1),
            weight: LetterWeight::Sheets { sheet, envelope, duplex: false },
            dimensions: None,
            registered: false,
            reference: None,
        }
    }
}

/// Pages of one letter, from 1, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    first: u32,
    last: u32,
}

/// A PDF of letters.
pub(crate) struct LetterFile<'a> {
    file: PathBuf,
    bytes: &'a [u8],
    letters: Letters,
    spans: Vec<Span>,
    header: ByteRecord,
    identity: Identity,
    options: &'a LetterOptions,
    service: Service,
    destination: Country,
    account: Option<String>,
    mark_mm: (f64, f64),
}

/// What all letters of a file share.
pub(crate) struct Common<'a> {
    pub(crate) service: Option<&'a Service>,
    pub(crate) destination: Country,
    pub(crate) account: Option<&'a str>,
    /// The size of this meter's marks on paper, in millimetres.
    pub(crate) mark_mm: (f64, f64),
}

impl<'a> LetterFile<'a> {
    pub(crate) fn open(
        file: &Path,
        bytes: &'a [u8],
        options: &'a LetterOptions,
        common: &Common<'_>,
    ) -> Result<LetterFile<'a>, MeterError> {
        let refused = |reason: Reason| RunRefusal::file(file, None, reason);
        let letters = Letters::open(bytes).map_err(|error| refused(pdf_reason(&error)))?;
        let pages = u32::try_from(letters.page_count()).unwrap_or(u32::MAX);
        let spans = spans(&options.first_pages, pages).map_err(refused)?;
        let service = common.service.cloned().ok_or_else(|| {
            refused(Reason::new(
                "service-missing",
                "dites par quel service partent les lettres, comme lettermail",
                "say by which service the letters go, like lettermail",
            ))
        })?;
        let texts = [
            (TextField::Account, common.account),
            (TextField::Reference, options.reference.as_deref()),
        ];
        for (field, text) in texts {
            field.check(text.unwrap_or_default()).map_err(refused)?;
        }
        let account = common.account.map(str::to_owned);
        let destination = common.destination;
        let identity =
            Identity::of(bytes, &spelled(options, &service, destination, common.account));
        Ok(LetterFile {
            file: file.to_owned(),
            bytes,
            letters,
            spans,
            header: ByteRecord::from(vec!["letter", "first_page", "last_page"]),
            identity,
            options,
            service,
            destination,
            account,
            mark_mm: common.mark_mm,
        })
    }

    fn row(&self, index: usize, span: Span) -> Row {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let cells = [number, span.first, span.last].map(|n| n.to_string());
        let page = span.first as usize - 1;
        let request = match self.letters.placement(page, self.mark_mm) {
            Ok(place) if place.beneath == Beneath::Text => Err((Where::Row, text_beneath())),
            Ok(_) => self.request(span),
            Err(error) => Err((Where::Row, pdf_reason(&error))),
        };
        Row {
            number,
            line: u64::from(span.first),
            cells: ByteRecord::from(cells.to_vec()),
            request,
        }
    }

    fn request(&self, span: Span) -> Result<PieceRequest, Wrong> {
        let weight = weight(&self.options.weight, span).ok_or_else(|| {
            let pages = span.last - span.first + 1;
            let reason = Reason::new(
                "not-a-weight",
                format!("une lettre de {pages} pages dépasse ce qui peut être pesé"),
                format!("a letter of {pages} pages is more than can be weighed"),
            );
            (Where::Row, reason)
        })?;
        Ok(PieceRequest {
            piece: Piece {
                service: self.service.clone(),
                destination: self.destination,
                weight,
                dimensions: self.options.dimensions,
                registered: self.options.registered,
            },
            account: self.account.clone(),
            reference: self.options.reference.clone(),
        })
    }
}

impl Source for LetterFile<'_> {
    fn file(&self) -> &Path {
        &self.file
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn place_of(&self, _: &PriceRefusal) -> Where {
        Where::Row
    }

    fn header(&self) -> &ByteRecord {
        &self.header
    }

    fn delimiter(&self) -> u8 {
        b','
    }

    fn rows(&self) -> Box<dyn Iterator<Item = Row> + '_> {
        Box::new(self.spans.iter().enumerate().map(|(index, span)| self.row(index, *span)))
    }

    fn printer(&self, output: &Path) -> Result<Box<dyn Printer>, MeterError> {
        let letters = Letters::open(self.bytes).map_err(Fault::Pdf)?;
        Ok(Box::new(StampedLetters::into_folder(letters, &self.file, output)?))
    }
}

/// The options that decide what is franked, spelled the same in every release: a run that was interrupted
/// must be known again.
fn spelled(
    options: &LetterOptions,
    service: &Service,
    destination: Country,
    account: Option<&str>,
) -> String {
    let LetterOptions { first_pages, weight, dimensions, registered, reference } = options;
    let first_pages = match first_pages {
        FirstPages::Every(step) => format!("every {step}"),
        FirstPages::At(starts) => {
            let starts: Vec<String> = starts.iter().map(u32::to_string).collect();
            format!("at {}", starts.join(" "))
        }
    };
    let weight = match weight {
        LetterWeight::Each(weight) => format!("each {}", weight.nanograms()),
        LetterWeight::Sheets { sheet, envelope, duplex } => {
            format!("sheets {} {} {duplex}", sheet.nanograms(), envelope.nanograms())
        }
    };
    let dimensions = dimensions
        .map_or_else(String::new, |d| format!("{} {} {}", d.length(), d.width(), d.thickness()));
    let (account, reference) =
        (account.unwrap_or_default(), reference.as_deref().unwrap_or_default());
    [
        "pdf",
        service.as_str(),
        destination.code(),
        &first_pages,
        &weight,
        &dimensions,
        if *registered { "registered" } else { "" },
        // Texts without control characters: a line each cannot be mistaken.
        account,
        reference,
    ]
    .join("\n")
}

fn spans(first_pages: &FirstPages, pages: u32) -> Result<Vec<Span>, Reason> {
    let starts: Vec<u32> = match first_pages {
        FirstPages::Every(0) => {
            return Err(Reason::new(
                "pages-per-letter",
                "une lettre a au moins une page",
                "a letter has at least one page",
            ));
        }
        FirstPages::Every(step) => (1..=pages).step_by(*step as usize).collect(),
        FirstPages::At(starts) => starts.clone(),
    };
    let rising = starts.first() == Some(&1) && starts.windows(2).all(|pair| pair[0] < pair[1]);
    if !rising || starts.last().is_some_and(|last| *last > pages) {
        return Err(Reason::new(
            "first-pages",
            format!(
                "les premières pages doivent commencer par 1, croître et ne pas dépasser {pages}"
            ),
            format!("first pages must begin with 1, rise, and not go beyond {pages}"),
        ));
    }
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([pages]);
    Ok(starts.iter().zip(ends).map(|(first, last)| Span { first: *first, last }).collect())
}

fn weight(weight: &LetterWeight, span: Span) -> Option<Weight> {
    match weight {
        LetterWeight::Each(weight) => Some(*weight),
        LetterWeight::Sheets { sheet, envelope, duplex } => {
            let pages = u64::from(span.last - span.first + 1);
            let sheets = if *duplex { pages.div_ceil(2) } else { pages };
            let total = sheet
                .milligrams_rounded_up()
                .checked_mul(sheets)?
                .checked_add(envelope.milligrams_rounded_up())?;
            // What cannot be a weight at all is refused here; what a service does not take, by its table.
            u32::try_from(total).ok().map(Weight::from_milligrams)
        }
    }
}

/// A mark over text is read by nobody, and the clear zone around a mark is the postal operator's rule.
fn text_beneath() -> Reason {
    Reason::new(
        "text-under-mark",
        "du texte se trouve là où va l’empreinte : laissez libre le coin supérieur droit de la première page",
        "there is text where the mark goes: leave the top right corner of the first page free",
    )
}

fn pdf_reason(error: &PdfError) -> Reason {
    use timbre_postage::Language::{English, French};
    Reason::new(error.code(), error.message(French), error.message(English))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: u32, last: u32) -> Span {
        Span { first, last }
    }

    #[test]
    fn every_so_many_pages_a_letter_begins_and_the_last_may_be_shorter() {
        assert_eq!(spans(&FirstPages::Every(2), 5).unwrap(), [span(1, 2), span(3, 4), span(5, 5)]);
        assert_eq!(spans(&FirstPages::Every(9), 5).unwrap(), [span(1, 5)]);
    }

    #[test]
    fn listed_first_pages_part_the_document() {
        assert_eq!(spans(&FirstPages::At(vec![1, 4]), 5).unwrap(), [span(1, 3), span(4, 5)]);
    }

    #[test]
    fn pages_that_belong_to_no_letter_or_do_not_exist_are_refused() {
        for starts in [vec![], vec![2], vec![1, 1], vec![1, 3, 2], vec![1, 6]] {
            let refused = spans(&FirstPages::At(starts.clone()), 5);
            assert_eq!(refused.unwrap_err().code, "first-pages", "{starts:?}");
        }
        assert_eq!(spans(&FirstPages::Every(0), 5).unwrap_err().code, "pages-per-letter");
    }

    #[test]
    fn a_letter_weighs_its_sheets_and_its_envelope() {
        let (sheet, envelope) = (Weight::from_milligrams(4_500), Weight::from_grams(6));
        let of = |duplex| weight(&LetterWeight::Sheets { sheet, envelope, duplex }, span(3, 5));
        assert_eq!(of(false), Some(Weight::from_milligrams(19_500)));
        assert_eq!(of(true), Some(Weight::from_milligrams(15_000)));
        let each = LetterWeight::Each(Weight::from_grams(30));
        assert_eq!(weight(&each, span(1, 40)), Some(Weight::from_grams(30)));
    }
}
