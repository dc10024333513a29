//! The typefaces of the PDF report: how wide a text is, where its lines break, which glyphs it is made of. A character
//! that a typeface lacks becomes a question mark: a report never loses a character silently.

use std::ops::Range;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

/// The three hands of the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Face {
    /// Running text.
    Regular,
    /// Headings and verdicts.
    Bold,
    /// Evidence, host names, rules.
    Mono,
}

/// The typefaces, read once for a document.
pub(super) struct Typefaces([Typeface; 3]);

struct Typeface {
    font: Font,
    bytes: &'static [u8],
    units_per_em: f32,
}

impl Typeface {
    fn read(bytes: &'static [u8]) -> Typeface {
        let font = Font::new(bytes.into(), 0)
            .expect("invariant: the typefaces are shipped and read by the tests");
        let units_per_em = font.units_per_em();
        Typeface { font, bytes, units_per_em }
    }
}

impl Typefaces {
    pub(super) fn shipped() -> Typefaces {
        Typefaces([
            Typeface::read(include_bytes!("fonts/Roboto-Regular.subset.ttf")),
            Typeface::read(include_bytes!("fonts/Roboto-Bold.subset.ttf")),
            Typeface::read(include_bytes!("fonts/DejaVuSansMono.subset.ttf")),
        ])
    }

    fn of(&self, face: Face) -> &Typeface {
        match face {
            Face::Regular => &self.0[0],
            Face::Bold => &self.0[1],
            Face::Mono => &self.0[2],
        }
    }

    pub(super) fn font(&self, face: Face) -> Font {
        self.of(face).font.clone()
    }

    /// The text as it will be printed: what the typeface lacks is replaced.
    pub(super) fn printable(&self, face: Face, text: &str) -> String {
        let typeface = self.of(face);
        let charmap = FontRef::new(typeface.bytes).map(|font| font.charmap());
        let has = |c: char| charmap.as_ref().is_ok_and(|charmap| charmap.map(c).is_some());
        text.chars()
            .map(|c| match c {
                '\u{202f}' | '\u{a0}' => '\u{a0}',
                c if c.is_control() => ' ',
                c if has(c) => c,
                _ => '?',
            })
            .collect()
    }

    /// The glyphs of a printable text, with advances in parts of the size.
    pub(super) fn glyphs(&self, face: Face, text: &str) -> Vec<KrillaGlyph> {
        let typeface = self.of(face);
        let Ok(font) = FontRef::new(typeface.bytes) else { return Vec::new() };
        let charmap = font.charmap();
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        let glyph = |(start, c): (usize, char)| {
            let id = charmap.map(c).unwrap_or_default();
            let advance = metrics.advance_width(id).unwrap_or_default() / typeface.units_per_em;
            let text_range: Range<usize> = start..start + c.len_utf8();
            KrillaGlyph {
                glyph_id: GlyphId::new(id.to_u32()),
                text_range,
                x_advance: advance,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        };
        text.char_indices().map(glyph).collect()
    }

    /// How wide a text is, in points.
    pub(super) fn width(&self, face: Face, size: f32, text: &str) -> f32 {
        let text = self.printable(face, text);
        self.glyphs(face, &text).iter().map(|glyph| glyph.x_advance * size).sum()
    }

    /// The lines of a text in a column: broken at spaces, and inside a word only when the word alone is too wide.
    pub(super) fn wrap(&self, face: Face, size: f32, text: &str, column: f32) -> Vec<String> {
        text.split('\n').flat_map(|line| self.wrap_line(face, size, line, column)).collect()
    }

    fn wrap_line(&self, face: Face, size: f32, text: &str, column: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let words = text.trim_start_matches(' ');
        // Rules are indented, and stay so.
        let mut line = " ".repeat(text.len() - words.len());
        for word in words.split(' ') {
            let is_start = line.trim_start_matches(' ').is_empty();
            let longer = if is_start { format!("{line}{word}") } else { format!("{line} {word}") };
            if self.width(face, size, &longer) <= column {
                line = longer;
                continue;
            }
            if is_start {
                line.clear();
            } else {
                lines.push(std::mem::take(&mut line));
            }
            line = self.break_word(face, size, word, column, &mut lines);
        }
        lines.push(line);
        lines
    }

    /// Breaks a word that is wider than the column; its last part is given back, so that the line goes on.
    fn break_word(
        &self,
        face: Face,
        size: f32,
        word: &str,
        column: f32,
        lines: &mut Vec<String>,
    ) -> String {
        let mut part = String::new();
        for c in word.chars() {
            part.push(c);
            if part.chars().count() > 1 && self.width(face, size, &part) > column {
                part.pop();
                lines.push(std::mem::replace(&mut part, c.to_string()));
            }
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accent_and_mark_of_french_is_in_the_typefaces() {
        let typefaces = Typefaces::shipped();
        let text = "àâæçéèêëîïôœùûüÿÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸ«»’“”–—…€°·≤≥";
        for face in [Face::Regular, Face::Bold, Face::Mono] {
            assert_eq!(typefaces.printable(face, text), text, "{face:?}");
        }
    }

    #[test]
    fn a_character_that_is_not_there_is_shown_to_be_missing() {
        let typefaces = Typefaces::shipped();
        assert_eq!(typefaces.printable(Face::Regular, "a\u{202f}: 漢\tb"), "a\u{a0}: ? b");
    }

    #[test]
    fn lines_break_at_spaces_and_no_line_is_wider_than_its_column() {
        let typefaces = Typefaces::shipped();
        let text = "open TCP 443 to pbgdspp1.pb.com.a-very-long-domain-name-that-never-ends.example.com now";
        let lines = typefaces.wrap(Face::Mono, 9.0, text, 120.0);
        assert!(
            lines.iter().all(|line| typefaces.width(Face::Mono, 9.0, line) <= 120.0),
            "{lines:?}"
        );
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""), "nothing is lost");
        assert_eq!(lines[0], "open TCP 443 to");
    }
}
