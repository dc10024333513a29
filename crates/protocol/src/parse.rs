//! Reads XML that a peer sent: first the gate, which bounds what a hostile document can cost, then the tree, from which
//! messages take their elements by name.
//!
//! The gate refuses by size, encoding, document type, depth and number of attributes before a parser sees the text; the
//! parser refuses all that is not well-formed. Values are taken from the very tree that passed, never by a second parser.

use roxmltree::{Document, Node, NodeType, ParsingOptions};

use crate::error::ReadError;
use crate::message::Limits;
use crate::{NAMESPACE, VERSION};

/// How deep elements may be nested.
const MAXIMUM_DEPTH: usize = 16;
/// How many attributes one element may have; checking them for duplicates takes the square of it.
const MAXIMUM_ATTRIBUTES: usize = 32;
/// How much of a bad value an error repeats, in characters.
const SHOWN: usize = 60;

/// Parses what may be the message `element`.
pub(crate) fn parse<'a>(
    bytes: &'a [u8],
    element: &'static str,
    limits: Limits,
) -> Result<Document<'a>, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooLarge { element, bytes: bytes.len(), limit: limits.bytes });
    }
    // U+0000 is in no XML; where it stands, the text is UTF-16 or no text.
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(ReadError::NotUtf8 { offset });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ReadError::NotUtf8 { offset: error.valid_up_to() })?;
    scan(text)?;
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: limits.nodes, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => {
            let (line, column) = position(text, text.len());
            let limit = usize::try_from(limits.nodes).unwrap_or(usize::MAX);
            ReadError::TooMuch { line, column, what: "elements and texts", limit }
        }
        error => ReadError::NotXml(error.to_string()),
    })
}

/// Looks at every tag once and refuses document types, deep nesting and tags with many attributes. It need not find
/// what is malformed: it stops there, and so will the parser.
fn scan(text: &str) -> Result<(), ReadError> {
    let mut depth = 0_usize;
    let mut rest = 0;
    while let Some(found) = text[rest..].find('<') {
        let start = rest + found;
        let tag = &text[start..];
        let too_much = |what, limit| {
            let (line, column) = position(text, start);
            ReadError::TooMuch { line, column, what, limit }
        };
        let length = if let Some(comment) = tag.strip_prefix("<!--") {
            comment.find("-->").map(|at| at + "<!---->".len())
        } else if tag.starts_with("<![CDATA[") {
            tag.find("]]>").map(|at| at + 3)
        } else if tag.starts_with("<?") {
            tag.find("?>").map(|at| at + 2)
        } else if tag.starts_with("<!") {
            let (line, column) = position(text, start);
            return Err(ReadError::DoctypeRefused { line, column });
        } else {
            let (length, attributes) = start_tag(tag);
            if attributes > MAXIMUM_ATTRIBUTES {
                return Err(too_much("attributes in one element", MAXIMUM_ATTRIBUTES));
            }
            if tag.starts_with("</") {
                depth = depth.saturating_sub(1);
            } else if !tag[..length].ends_with("/>") {
                depth += 1;
            }
            if depth > MAXIMUM_DEPTH {
                return Err(too_much("levels of elements", MAXIMUM_DEPTH));
            }
            Some(length)
        };
        let Some(length) = length else { return Ok(()) };
        rest = start + length;
    }
    Ok(())
}

/// The length of the tag that `text` begins with, up to its `>` or the end, and how many attributes it has.
fn start_tag(text: &str) -> (usize, usize) {
    let mut quote = None;
    let mut attributes = 0;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                attributes += 1;
            }
            (None, b'>') => return (at + 1, attributes),
            (None, _) => {}
        }
    }
    (text.len(), attributes)
}

/// Line and column, in characters and from 1, of a byte of `text`.
fn position(text: &str, byte: usize) -> (u32, u32) {
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let count = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    (count(before.matches('\n').count()), count(before[line_start..].chars().count()))
}

/// One element of a message that is being read.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    node: Node<'a, 'a>,
}

/// The elements in an element, of our namespace.
pub(crate) struct Children<'a> {
    parent: Element<'a>,
    elements: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    /// The root, if it is one of `names` in this version of the protocol; the name comes with it.
    pub(crate) fn root(
        document: &'a Document<'a>,
        names: &[&'static str],
    ) -> Result<(Self, &'static str), ReadError> {
        let root = Element { node: document.root_element() };
        let (line, column) = root.position();
        let own = root.is_ours();
        let Some(name) = names.iter().find(|name| own && root.name() == **name) else {
            let found = match root.node.tag_name().namespace() {
                Some(namespace) => format!("<{}> of namespace {namespace}", root.name()),
                None => format!("<{}> without a namespace", root.name()),
            };
            return Err(ReadError::WrongRoot { line, column, found, expected: names[0] });
        };
        let found = match root.node.attribute("version") {
            Some(VERSION) => return Ok((root, name)),
            Some(other) => format!("version=\"{}\"", cut(other)),
            None => "no version".to_owned(),
        };
        Err(ReadError::UnsupportedVersion { line, column, element: name, found })
    }

    /// The elements in it; no text may stand between them.
    pub(crate) fn children(self) -> Result<Children<'a>, ReadError> {
        let stray = |node: &Node<'_, '_>| {
            node.is_text() && node.text().is_some_and(|text| !text.trim_ascii().is_empty())
        };
        if let Some(node) = self.node.children().find(stray) {
            return Err(self.structure(node, "elements"));
        }
        let elements = self.node.children().filter(Node::is_element);
        let elements = elements.map(|node| Element { node }).filter(Element::is_ours).collect();
        Ok(Children { parent: self, elements })
    }

    /// The text in it, which must be in one piece: what a comment splits could be read in two ways.
    pub(crate) fn text(self) -> Result<&'a str, ReadError> {
        let mut children = self.node.children();
        let Some(first) = children.next() else { return Ok("") };
        let stray = if first.node_type() == NodeType::Text { children.next() } else { Some(first) };
        match stray {
            None => Ok(first.text().unwrap_or_default()),
            Some(node) => Err(self.structure(node, "text")),
        }
    }

    /// An attribute that must be there.
    pub(crate) fn attribute(self, name: &str) -> Result<&'a str, ReadError> {
        self.node.attribute(name).ok_or_else(|| self.missing(format!("the attribute {name}")))
    }

    /// The error for a value in it.
    pub(crate) fn bad_value(self, text: &str, reason: &str) -> ReadError {
        let (line, column) = self.position();
        let reason = reason.to_owned();
        ReadError::BadValue { line, column, path: self.path(), text: cut(text), reason }
    }

    fn missing(self, what: String) -> ReadError {
        let (line, column) = self.position();
        ReadError::Missing { line, column, path: self.path(), what }
    }

    fn structure(self, at: Node<'a, 'a>, expected: &'static str) -> ReadError {
        let (line, column) = Element { node: at }.position();
        ReadError::Structure { line, column, path: self.path(), expected }
    }

    fn name(&self) -> &'a str {
        self.node.tag_name().name()
    }

    fn is_ours(&self) -> bool {
        self.node.tag_name().namespace() == Some(NAMESPACE)
    }

    fn position(self) -> (u32, u32) {
        let position = self.node.document().text_pos_at(self.node.range().start);
        (position.row, position.col)
    }

    /// The names from the root down to this element.
    fn path(self) -> String {
        let mut names: Vec<&str> =
            self.node.ancestors().filter(Node::is_element).map(|n| n.tag_name().name()).collect();
        names.reverse();
        names.join("/")
    }
}

impl<'a> Children<'a> {
    /// The element `name`, which must be there, once.
    pub(crate) fn one(&self, name: &str) -> Result<Element<'a>, ReadError> {
        self.optional(name)?.ok_or_else(|| self.parent.missing(format!("<{name}>")))
    }

    /// The element `name`, at most once.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<Element<'a>>, ReadError> {
        let mut found = self.all(name);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(second) => {
                let (line, column) = second.position();
                Err(ReadError::Duplicate { line, column, path: second.path() })
            }
        }
    }

    /// Every element `name`, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = Element<'a>> {
        self.elements.iter().copied().filter(move |element| element.name() == name)
    }
}

/// The beginning of a text, for a message to a person.
fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
