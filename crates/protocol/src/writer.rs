//! Writes XML: elements and text, indented, so that a person who captures a message can read it. It knows nothing of
//! messages and cannot write anything that is not well-formed.

use std::borrow::Cow;

use crate::{NAMESPACE, VERSION};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// One document being written.
pub struct Writer {
    xml: String,
    depth: usize,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Writer { xml: DECLARATION.to_owned(), depth: 0 }
    }

    /// Opens an element that will hold others. The outermost one carries the namespace and the version.
    pub(crate) fn open(&mut self, name: &str) {
        self.start(name);
        if self.depth == 0 {
            self.attribute("xmlns", NAMESPACE);
            self.attribute("version", VERSION);
        }
        self.xml.push_str(">\n");
        self.depth += 1;
    }

    /// Closes the element that was opened last, whose name this must be.
    pub(crate) fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.indent();
        self.end(name);
    }

    /// Writes an element that holds only text, with at most one attribute.
    pub(crate) fn text(&mut self, name: &str, attribute: Option<(&str, &str)>, text: &str) {
        self.start(name);
        if let Some((attribute, value)) = attribute {
            self.attribute(attribute, value);
        }
        self.xml.push('>');
        self.escape(text);
        self.end(name);
    }

    /// The finished document.
    pub(crate) fn finish(self) -> String {
        self.xml
    }

    fn start(&mut self, name: &str) {
        self.indent();
        self.xml.push('<');
        self.xml.push_str(name);
    }

    fn end(&mut self, name: &str) {
        self.xml.push_str("</");
        self.xml.push_str(name);
        self.xml.push_str(">\n");
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.xml.push(' ');
        self.xml.push_str(name);
        self.xml.push_str("=\"");
        self.escape(value);
        self.xml.push('"');
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.xml.push_str("  ");
        }
    }

    /// A carriage return must be written as a reference, or a reader takes it for a line feed (XML 1.0 § 2.11).
    fn escape(&mut self, text: &str) {
        for character in representable(text).chars() {
            match character {
                '&' => self.xml.push_str("&amp;"),
                '<' => self.xml.push_str("&lt;"),
                '>' => self.xml.push_str("&gt;"),
                '"' => self.xml.push_str("&quot;"),
                '\r' => self.xml.push_str("&#13;"),
                other => self.xml.push(other),
            }
        }
    }
}

/// The text with U+FFFD for each character that XML 1.0 cannot carry at all, such as U+0000. What is signed goes through
/// this as well, so that a signature survives the journey.
pub(crate) fn representable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if is_xml_char(c) { c } else { '\u{fffd}' }).collect())
    }
}

/// XML 1.0 § 2.2, production 2.
fn is_xml_char(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => other >= ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_what_xml_cannot_carry_is_replaced() {
        let mut writer = Writer::new();
        writer.text("t", None, "a<b>&\"c\"\r\n\u{0}\u{ffff}é");
        let expected = "<t>a&lt;b&gt;&amp;&quot;c&quot;&#13;\n\u{fffd}\u{fffd}é</t>\n";
        assert_eq!(writer.finish(), format!("{DECLARATION}{expected}"));
    }

    #[test]
    fn the_outermost_element_carries_namespace_and_version() {
        let mut writer = Writer::new();
        writer.open("outer");
        writer.text("inner", Some(("currency", "CAD")), "1.44");
        writer.close("outer");
        let expected = "<outer xmlns=\"urn:timbre:protocol:1\" version=\"1\">\n  \
                        <inner currency=\"CAD\">1.44</inner>\n</outer>\n";
        assert_eq!(writer.finish(), format!("{DECLARATION}{expected}"));
    }
}
