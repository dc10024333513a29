//! The description of the messages, made from the same lists that write and read them; [`xsd`] writes it as a document of
//! XML Schema 1.0.

mod xsd;

pub use xsd::xsd;

/// A type whose values are text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SimpleType {
    /// Its name in the schema.
    pub name: &'static str,
    /// The XML Schema type that it restricts.
    pub base: &'static str,
    /// How it restricts it.
    pub facets: &'static [Facet],
}

/// One restriction of a [`SimpleType`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Facet {
    /// A regular expression of XML Schema.
    Pattern(&'static str),
    /// The length, in bytes for binary types.
    Length(usize),
    /// The greatest length in characters.
    MaxLength(usize),
    /// One of the words that are allowed.
    Word(&'static str),
}

/// What an element holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Text.
    Text(SimpleType),
    /// An amount, with the attribute `currency`.
    Money,
    /// Other elements.
    Record(Record),
}

/// The elements of a message or of a part of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its name: that of the root element, or of an item of a list.
    pub name: &'static str,
    /// Its elements, in the order in which they are written.
    pub fields: Vec<Field>,
}

/// One element of a [`Record`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The element's name.
    pub name: &'static str,
    /// How often it stands there.
    pub cardinality: Cardinality,
    /// The name of the elements in it, if it is a list.
    pub item: &'static str,
    /// What it holds, or what each item of the list holds.
    pub shape: Shape,
}

/// How often an element stands in its parent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cardinality {
    /// Exactly once.
    One,
    /// At most once.
    Optional,
    /// Once, and holds any number of items.
    List,
}
