//! Why a message was not read. Every message says where, what was found and what is expected, because the person who
//! reads it has only the bytes of another machine.

/// A message that is not taken. Nothing of it was used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// More bytes than this message may have.
    #[error("the message has {bytes} bytes, and {element} may have at most {limit}")]
    TooLarge {
        /// The root element that was expected.
        element: &'static str,
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Every message is UTF-8.
    #[error("byte {offset} of the message is not UTF-8, the only encoding that is read")]
    NotUtf8 {
        /// Where the first byte stands that is none, from 0.
        offset: usize,
    },
    /// A document type declaration, with which bombs are built; entities come only with one.
    #[error("line {line}, column {column}: a document type declaration is not allowed here")]
    DoctypeRefused {
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
    },
    /// More than a reader should have to hold.
    #[error("line {line}, column {column}: more than {limit} {what}")]
    TooMuch {
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Not well-formed XML.
    #[error("the message is not well-formed XML: {0}")]
    NotXml(String),
    /// Another message, or no message of this protocol.
    #[error(
        "line {line}, column {column}: the root element is {found}, and <{expected}> of namespace \
         {namespace} is expected",
        namespace = crate::NAMESPACE
    )]
    WrongRoot {
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// Its name and namespace.
        found: String,
        /// The name of the message.
        expected: &'static str,
    },
    /// A version of the protocol that this software does not speak.
    #[error(
        "line {line}, column {column}: <{element}> has {found}, and version=\"{supported}\" is what is read here",
        supported = crate::VERSION
    )]
    UnsupportedVersion {
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// The root element.
        element: &'static str,
        /// What it says of its version.
        found: String,
    },
    /// An element or attribute that must be there.
    #[error("line {line}, column {column}: {path} lacks {what}")]
    Missing {
        /// Where the parent begins, from 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// The parent.
        path: String,
        /// What it lacks, such as `<amount>`.
        what: String,
    },
    /// An element that may be there only once. Which of two amounts counts is not for a reader to guess.
    #[error("line {line}, column {column}: {path} stands here a second time")]
    Duplicate {
        /// Where the second one begins, from 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// The element.
        path: String,
    },
    /// Something other than elements between elements, or other than text in a value.
    #[error("line {line}, column {column}: {path} must hold only {expected}")]
    Structure {
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// The element.
        path: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// A value that does not say what it should.
    #[error("line {line}, column {column}: {path} is “{text}”, and that is not accepted: {reason}")]
    BadValue {
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// The element, from the root: `refill-request/registers/ascending`.
        path: String,
        /// What is there, shortened.
        text: String,
        /// What is expected.
        reason: String,
    },
}
