//! The text that is signed and hashed: one line per field, in the order of the message, under a heading that names it.
//! It depends on the values only, never on how the XML was written.

use crate::VERSION;
use crate::content::Content;
use crate::writer::representable;

/// The text being built.
pub struct Canonical {
    text: String,
    /// The dotted path of the element that is being written, with a dot at its end unless it is empty.
    prefix: String,
    /// The one outermost field that is left out: what the text is for.
    omitted: &'static str,
}

impl Canonical {
    /// The text of everything in `content` but the outermost field `omitted`.
    pub(crate) fn bytes_of<T: Content>(content: &T, omitted: &'static str) -> Vec<u8> {
        let heading = format!("{}/{VERSION}\n", T::ITEM);
        let mut canonical = Canonical { text: heading, prefix: String::new(), omitted };
        content.canonical("", &mut canonical);
        canonical.text.into_bytes()
    }

    /// One value. Backslashes and line breaks are escaped, so that no value can pass for another line.
    pub(crate) fn value(&mut self, name: &str, value: &str) {
        if self.prefix.is_empty() && name == self.omitted {
            return;
        }
        self.text.push_str(&self.prefix);
        self.text.push_str(name);
        self.text.push('=');
        for character in representable(value).chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                other => self.text.push(other),
            }
        }
        self.text.push('\n');
    }

    /// Whatever `inside` writes gets `name.` before it; no name, nothing.
    pub(crate) fn nested(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let outer = self.prefix.len();
        if !name.is_empty() {
            self.prefix.push_str(name);
            self.prefix.push('.');
        }
        inside(self);
        self.prefix.truncate(outer);
    }
}
