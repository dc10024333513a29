//! A message: something that can be the root of an XML document, with the limits within which it is read.

use crate::content::Content;
use crate::error::ReadError;
use crate::parse::{Element, parse};
use crate::writer::Writer;

/// What reading a message may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of XML.
    pub bytes: usize,
    /// Elements, texts and comments together.
    pub nodes: u32,
}

impl Limits {
    /// For all but uploads: 1 MiB.
    pub const ORDINARY: Limits = Limits { bytes: 1024 * 1024, nodes: 20_000 };
    /// For uploads: 4 MiB.
    pub const UPLOAD: Limits = Limits { bytes: 4 * 1024 * 1024, nodes: 300_000 };
}

/// A struct that is written and read as one XML document. Only this crate implements it.
pub trait Message: Content {
    /// The name of the root element.
    const ELEMENT: &'static str = Self::ITEM;
    /// What reading one may cost.
    const LIMITS: Limits = Limits::ORDINARY;
}

/// Makes a struct a message: `message!(Type as "root-element" { field, … })`.
macro_rules! message {
    ($type:ty as $element:literal { $($field:ident),+ $(,)? }) => {
        $crate::message::message!($type as $element within $crate::Limits::ORDINARY { $($field),+ });
    };
    ($type:ty as $element:literal within $limits:path { $($field:ident),+ $(,)? }) => {
        $crate::content::record!($type as $element { $($field),+ });

        impl $crate::Message for $type {
            const LIMITS: $crate::Limits = $limits;
        }
    };
}
pub(crate) use message;

/// The XML of a message.
#[must_use]
pub fn write<M: Message>(message: &M) -> String {
    let mut writer = Writer::new();
    Content::write(message, M::ELEMENT, &mut writer);
    writer.finish()
}

/// Reads a message that a peer sent. Elements it does not know, of this namespace or another, are passed over.
///
/// # Errors
/// [`ReadError`] for anything that is not exactly one message `M` within its limits.
pub fn read<M: Message>(xml: &[u8]) -> Result<M, ReadError> {
    let document = parse(xml, M::ELEMENT, M::LIMITS)?;
    let (root, _) = Element::root(&document, &[M::ELEMENT])?;
    <M as Content>::read(root)
}
