//! Why a PDF was refused, said to the person who can do something about it.

use thiserror::Error;
use timbre_postage::Language;

/// Why a PDF, or a page of it, cannot take a mark. Pages are counted from 1 here, as people do.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum PdfError {
    /// The file does not start as a PDF does.
    #[error("this is not a PDF file: export or print the letters to PDF")]
    NotPdf,
    /// The file is larger than is read.
    #[error("the PDF is larger than {limit_mib} MiB: split it into smaller files")]
    TooLarge {
        /// The limit in mebibytes.
        limit_mib: usize,
    },
    /// The file is protected, if only against changes.
    #[error(
        "the PDF is protected, so nothing may be added to it: save it without a password and \
         without restrictions, or print it to a new PDF"
    )]
    Encrypted,
    /// The file's structure cannot be read.
    #[error("the PDF is damaged ({reason}): open it in a PDF reader and save or print it anew")]
    Broken {
        /// What could not be read.
        reason: String,
    },
    /// The file holds no page.
    #[error("the PDF has no pages: export the letters again")]
    NoPages,
    /// A page was asked for that the file does not have.
    #[error("there is no page {page}: the PDF has {pages}")]
    NoSuchPage {
        /// The page asked for.
        page: usize,
        /// How many there are.
        pages: usize,
    },
    /// One page cannot be read.
    #[error("page {page} of the PDF is damaged ({reason}): save or print the letters anew")]
    PageBroken {
        /// The page.
        page: usize,
        /// What could not be read.
        reason: String,
    },
    /// The mark and its clear zone do not fit on the page.
    #[error(
        "page {page} is {width_mm:.0} × {height_mm:.0} mm; the mark needs at least \
         {needed_width_mm:.0} × {needed_height_mm:.0} mm: use a larger page, or print the mark \
         on the envelope"
    )]
    PageTooSmall {
        /// The page.
        page: usize,
        /// Its width as seen.
        width_mm: f64,
        /// Its height as seen.
        height_mm: f64,
        /// The smallest width that holds mark, margin and clear zone.
        needed_width_mm: f64,
        /// The smallest height that holds mark, margin and clear zone.
        needed_height_mm: f64,
    },
    /// The mark is larger than the place kept for it.
    #[error(
        "the mark is {width_mm:.0} × {height_mm:.0} mm, larger than the place for it, \
         {place_width_mm:.0} × {place_height_mm:.0} mm"
    )]
    MarkTooLarge {
        /// The mark's width.
        width_mm: f64,
        /// The mark's height.
        height_mm: f64,
        /// The widest mark.
        place_width_mm: f64,
        /// The highest mark.
        place_height_mm: f64,
    },
    /// The page carries a mark of this system.
    #[error("page {page} already carries a mark: frank the letters, not the franked copy")]
    AlreadyStamped {
        /// The page.
        page: usize,
    },
}

impl PdfError {
    /// A stable name for programs and support.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PdfError::NotPdf => "pdf-not-a-pdf",
            PdfError::TooLarge { .. } => "pdf-too-large",
            PdfError::Encrypted => "pdf-protected",
            PdfError::Broken { .. } => "pdf-damaged",
            PdfError::NoPages => "pdf-no-pages",
            PdfError::NoSuchPage { .. } => "pdf-no-such-page",
            PdfError::PageBroken { .. } => "pdf-page-damaged",
            PdfError::PageTooSmall { .. } => "pdf-page-too-small",
            PdfError::MarkTooLarge { .. } => "pdf-mark-too-large",
            PdfError::AlreadyStamped { .. } => "pdf-already-stamped",
        }
    }

    /// The message in the reader's language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::French => self.french(),
        }
    }

    fn french(&self) -> String {
        match self {
            PdfError::NotPdf => "ce fichier n’est pas un PDF : exportez ou imprimez les lettres \
                                 en PDF"
                .to_owned(),
            PdfError::TooLarge { limit_mib } => {
                format!("le PDF dépasse {limit_mib} Mio : divisez-le en fichiers plus petits")
            }
            PdfError::Encrypted => "le PDF est protégé, rien ne peut y être ajouté : \
                                    enregistrez-le sans mot de passe ni restriction, ou \
                                    imprimez-le dans un nouveau PDF"
                .to_owned(),
            PdfError::Broken { reason } => format!(
                "le PDF est endommagé ({reason}) : ouvrez-le dans un lecteur de PDF et \
                 enregistrez-le ou imprimez-le de nouveau"
            ),
            PdfError::NoPages => {
                "le PDF n’a aucune page : exportez les lettres de nouveau".to_owned()
            }
            PdfError::NoSuchPage { page, pages } => {
                format!("la page {page} n’existe pas : le PDF en compte {pages}")
            }
            PdfError::PageBroken { page, reason } => format!(
                "la page {page} du PDF est endommagée ({reason}) : enregistrez ou imprimez les \
                 lettres de nouveau"
            ),
            PdfError::PageTooSmall {
                page,
                width_mm,
                height_mm,
                needed_width_mm,
                needed_height_mm,
            } => format!(
                "la page {page} mesure {width_mm:.0} × {height_mm:.0} mm ; l’empreinte demande \
                 au moins {needed_width_mm:.0} × {needed_height_mm:.0} mm : prenez une page plus \
                 grande ou imprimez l’empreinte sur l’enveloppe"
            ),
            PdfError::MarkTooLarge { width_mm, height_mm, place_width_mm, place_height_mm } => {
                format!(
                    "l’empreinte mesure {width_mm:.0} × {height_mm:.0} mm, plus que la place \
                     qui lui est réservée, {place_width_mm:.0} × {place_height_mm:.0} mm"
                )
            }
            PdfError::AlreadyStamped { page } => format!(
                "la page {page} porte déjà une empreinte : affranchissez les lettres, non la \
                 copie affranchie"
            ),
        }
    }
}
