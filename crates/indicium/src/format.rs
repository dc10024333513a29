//! Symbols of other postal operators whose layout is public, or public in part.
//!
//! [`read`] says which format the bytes of a symbol are of, and what their fields say. It never says that a
//! symbol is genuine: the keys, the customer registers and the price lists behind these formats are their
//! operators'. A field whose meaning was never published, or only recalled, is marked [`Certainty::Unverified`]
//! or shown as raw bytes.
//!
//! | format | recognised by | file |
//! |---|---|---|
//! | DV-Freimachung | `DEA`, franking type 12h, 28 or 42 bytes | `dv_freimachung.rs` |
//! | Frankit | `DEA`, franking type 03h or 0Ch | `frankit.rs` |
//! | other franking of Deutsche Post | `DEA` | `deutsche_post.rs` |
//! | Royal Mail Mailmark 2D, types 7, 9 and 29 | `JGB `, 45 to 90 characters | `mailmark.rs` |
//! | Royal Mail stamp | `JGB S`, 70 characters | `mailmark_stamp.rs` |
//! | UPU S10 item identifier | thirteen characters with their check digit | `s10.rs` |
//! | USPS IBI-Lite | twenty bytes that are no text: it has nothing else to be known by | `ibi_lite.rs` |
//! | USPS IBI | eighty-nine bytes that are no text | `ibi.rs` |

mod deutsche_post;
mod dv_freimachung;
mod frankit;
mod ibi;
mod ibi_lite;
mod mailmark;
mod mailmark_stamp;
mod s10;

use timbre_postage::Language;

/// A published format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// Deutsche Post, bulk franking by data processing.
    DvFreimachung,
    /// Deutsche Post, franking machines.
    Frankit,
    /// Deutsche Post, another franking type.
    DeutschePost,
    /// Royal Mail, 2D Mailmark (Complex Mail Data Mark).
    Mailmark,
    /// Royal Mail, barcoded stamp.
    MailmarkStamp,
    /// UPU S10, item identifier.
    S10,
    /// USPS, Information-Based Indicia with a truncated MAC.
    IbiLite,
    /// USPS, Information-Based Indicia with a signature.
    Ibi,
}

impl Format {
    /// A stable name for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::DvFreimachung => "dv-freimachung",
            Format::Frankit => "frankit",
            Format::DeutschePost => "deutsche-post",
            Format::Mailmark => "mailmark-2d",
            Format::MailmarkStamp => "royal-mail-stamp",
            Format::S10 => "upu-s10",
            Format::IbiLite => "ibi-lite",
            Format::Ibi => "ibi",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Format::DvFreimachung => "Deutsche Post DV-Freimachung",
            Format::Frankit => "Deutsche Post Frankit",
            Format::DeutschePost => "Deutsche Post",
            Format::Mailmark => "Royal Mail Mailmark 2D",
            Format::MailmarkStamp => {
                language.pick("Timbre-poste Royal Mail", "Royal Mail barcoded stamp")
            }
            Format::S10 => language.pick("Identifiant d’envoi UPU S10", "UPU S10 item identifier"),
            Format::IbiLite => "USPS IBI-Lite",
            Format::Ibi => "USPS IBI",
        }
    }
}

/// How well the meaning of a field is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certainty {
    /// A published description says so.
    Published,
    /// No description that can be read says so: do not act upon it.
    Unverified,
}

/// One field of a symbol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// A stable name for programs.
    pub code: &'static str,
    /// What it is called in French.
    pub fr: &'static str,
    /// What it is called in English.
    pub en: &'static str,
    /// What it says; bytes without a published meaning are hexadecimal.
    pub value: String,
    /// How well its meaning is known.
    pub certainty: Certainty,
}

/// What a symbol of a published format says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    format: Format,
    payload: Vec<u8>,
    fields: Vec<Field>,
}

impl Published {
    /// Which format it is of.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The bytes of the symbol.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The fields, in the order of the symbol.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// What the field with that code says.
    #[must_use]
    pub fn value(&self, code: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.code == code).map(|field| field.value.as_str())
    }
}

/// The fields of a symbol, if its bytes are of a published format.
#[must_use]
pub fn read(payload: &[u8]) -> Option<Published> {
    // What names itself comes before what is known by its length alone.
    const READERS: [Reader; 8] = [
        dv_freimachung::read,
        frankit::read,
        deutsche_post::read,
        mailmark_stamp::read,
        mailmark::read,
        s10::read,
        ibi_lite::read,
        ibi::read,
    ];
    let Fields { format, fields } = READERS.iter().find_map(|read| read(payload))?;
    Some(Published { format, payload: payload.to_vec(), fields })
}

/// Reads one format; nothing if the bytes are of another.
type Reader = fn(&[u8]) -> Option<Fields>;

/// The fields that a reader has collected.
struct Fields {
    format: Format,
    fields: Vec<Field>,
}

impl Fields {
    fn of(format: Format) -> Self {
        Fields { format, fields: Vec::new() }
    }

    fn published(
        &mut self,
        code: &'static str,
        [fr, en]: [&'static str; 2],
        value: impl ToString,
    ) -> &mut Self {
        let certainty = Certainty::Published;
        self.fields.push(Field { code, fr, en, value: value.to_string(), certainty });
        self
    }

    fn unverified(
        &mut self,
        code: &'static str,
        [fr, en]: [&'static str; 2],
        value: impl ToString,
    ) -> &mut Self {
        let certainty = Certainty::Unverified;
        self.fields.push(Field { code, fr, en, value: value.to_string(), certainty });
        self
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number whose first byte weighs most.
fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A number whose last byte weighs most.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Whether the bytes could have been typed: then they are no binary format.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| (0x20..0x7f).contains(byte))
}
