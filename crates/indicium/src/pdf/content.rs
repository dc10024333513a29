//! Reads the content of a page for two questions: how it leaves the graphics state behind, and
//! what it seems to paint where a mark goes.
//!
//! It follows positions, not looks: no fonts are measured, nothing is rendered, clipping is
//! ignored. So it can see too much (a clipped drawing) or too little (a shading), and says
//! *seems*.

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, Stream};

use super::plane::{Matrix, Rect};
use super::{MAX_DEPTH, MAX_STREAM_BYTES, numbers};

/// What the page's own content seems to have where the mark and its clear zone go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Beneath {
    /// Nothing was seen there.
    Nothing,
    /// Lines or filled shapes, such as a drawn logo.
    Drawing,
    /// A picture; it may be blank just there, as the scan of a whole page is.
    Picture,
    /// Text.
    Text,
}

/// What to write after a page's content so that what follows starts as on an empty page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Balance {
    /// How many states must be saved before the content: one, and one for each that it restores
    /// without having saved it.
    pub(super) saves: usize,
    /// How many states must be restored after the content.
    pub(super) restores: usize,
    /// Whether it leaves a text object open.
    pub(super) in_text: bool,
    /// How many marked-content sequences it leaves open.
    pub(super) marked: usize,
}

/// How many operations inside forms are followed: forms within forms multiply.
const FORM_OPERATIONS: usize = 1_000_000;
/// What a character is taken to be wide, in parts of its size: most text is a little narrower.
const CHARACTER_WIDTH: f64 = 0.5;

/// Reads the content of a page; `watched`, in user space, is where the mark goes.
pub(super) fn read(
    document: &Document,
    content: &[u8],
    resources: &Dictionary,
    watched: Rect,
) -> (Balance, Beneath) {
    let mut walk = Walk { document, watched, seen: Beneath::Nothing, left: FORM_OPERATIONS };
    let balance = walk.run(content, resources, Matrix::IDENTITY, 0);
    (balance, walk.seen)
}

/// The part of the graphics state that positions depend on.
#[derive(Clone)]
struct State {
    to_user: Matrix,
    fill_is_white: bool,
    stroke_is_white: bool,
    font_size: f64,
    bytes_per_character: usize,
    leading: f64,
    text_is_invisible: bool,
}

/// One content stream being read.
struct Reading<'a> {
    resources: &'a Dictionary,
    state: State,
    saved: Vec<State>,
    unmatched_restores: usize,
    in_text: bool,
    marked: usize,
    /// Where the next character goes, and where its line began.
    text: Matrix,
    line: Matrix,
    /// Around the path under construction, in user space.
    path: Option<Rect>,
}

struct Walk<'a> {
    document: &'a Document,
    watched: Rect,
    seen: Beneath,
    left: usize,
}

impl Walk<'_> {
    fn run(
        &mut self,
        data: &[u8],
        resources: &Dictionary,
        to_user: Matrix,
        depth: usize,
    ) -> Balance {
        let state = State {
            to_user,
            fill_is_white: false,
            stroke_is_white: false,
            font_size: 1.0,
            bytes_per_character: 1,
            leading: 0.0,
            text_is_invisible: false,
        };
        let mut reading = Reading {
            resources,
            state,
            saved: Vec::new(),
            unmatched_restores: 0,
            in_text: false,
            marked: 0,
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            path: None,
        };
        for operation in Content::decode_iter(data) {
            // What cannot be parsed, readers skip as well.
            let Ok(operation) = operation else { break };
            if depth > 0 {
                if self.left == 0 {
                    break;
                }
                self.left -= 1;
            }
            self.step(&mut reading, &operation, depth);
        }
        Balance {
            saves: 1 + reading.unmatched_restores,
            restores: 1 + reading.saved.len(),
            in_text: reading.in_text,
            marked: reading.marked,
        }
    }

    fn step(&mut self, reading: &mut Reading<'_>, operation: &Operation, depth: usize) {
        match operation.operator.as_str() {
            "q" => reading.saved.push(reading.state.clone()),
            "Q" => match reading.saved.pop() {
                Some(state) => reading.state = state,
                None => reading.unmatched_restores += 1,
            },
            "cm" => {
                if let Some(matrix) = matrix(self.document, operation) {
                    reading.state.to_user = matrix.then(&reading.state.to_user);
                }
            }
            "BMC" | "BDC" => reading.marked += 1,
            "EMC" => reading.marked = reading.marked.saturating_sub(1),
            "g" | "rg" | "k" | "sc" | "scn" => reading.state.fill_is_white = is_white(operation),
            "G" | "RG" | "K" | "SC" | "SCN" => reading.state.stroke_is_white = is_white(operation),
            "cs" => reading.state.fill_is_white = false,
            "CS" => reading.state.stroke_is_white = false,
            "m" | "l" | "c" | "v" | "y" | "re" => reading.extend_path(operation),
            "f" | "F" | "f*" => self.paint(reading, !reading.state.fill_is_white),
            "S" | "s" => self.paint(reading, !reading.state.stroke_is_white),
            "B" | "B*" | "b" | "b*" => {
                self.paint(
                    reading,
                    !(reading.state.fill_is_white && reading.state.stroke_is_white),
                );
            }
            "n" => reading.path = None,
            "BI" => self.note(&reading.state.to_user, &UNIT_SQUARE, Beneath::Picture),
            "Do" => self.external(reading, operation, depth),
            "Tj" | "TJ" | "'" | "\"" => self.show(reading, operation),
            _ => reading.text_state(self.document, operation),
        }
    }

    fn note(&mut self, to_user: &Matrix, rect: &Rect, what: Beneath) {
        if to_user.apply_rect(rect).touches(&self.watched) {
            self.seen = self.seen.max(what);
        }
    }

    fn paint(&mut self, reading: &mut Reading<'_>, visible: bool) {
        if let Some(path) = reading.path.take()
            && visible
        {
            self.note(&Matrix::IDENTITY, &path, Beneath::Drawing);
        }
    }

    fn show(&mut self, reading: &mut Reading<'_>, operation: &Operation) {
        if matches!(operation.operator.as_str(), "'" | "\"") {
            reading.next_line(0.0, -reading.state.leading);
        }
        let (mut bytes, mut kerning, mut blank) = (0, 0.0, true);
        let mut string = |text: &[u8]| {
            bytes += text.len();
            blank &= text.iter().all(|byte| *byte == b' ');
        };
        match operation.operands.last() {
            Some(Object::String(text, _)) => string(text),
            Some(Object::Array(parts)) => {
                for part in parts {
                    match part {
                        Object::String(text, _) => string(text),
                        number => kerning += f64::from(number.as_float().unwrap_or(0.0)),
                    }
                }
            }
            _ => return,
        }
        let size = reading.state.font_size;
        let characters = bytes / reading.state.bytes_per_character;
        let width = size * (characters as f64 * CHARACTER_WIDTH - kerning / 1000.0);
        let to_user = reading.text.then(&reading.state.to_user);
        if !blank && !reading.state.text_is_invisible {
            let extent = Rect::from_corners([0.0, 0.0, width, size * 0.7]);
            self.note(&to_user, &extent, Beneath::Text);
        }
        reading.text = Matrix([1.0, 0.0, 0.0, 1.0, width, 0.0]).then(&reading.text);
    }

    /// An image is where it is painted; a form is read like a page.
    fn external(&mut self, reading: &Reading<'_>, operation: &Operation, depth: usize) {
        let found =
            operation.operands.first().and_then(|name| name.as_name().ok()).and_then(|name| {
                let externals = reading.resources.get_deref(b"XObject", self.document).ok()?;
                externals.as_dict().ok()?.get_deref(name, self.document).ok()?.as_stream().ok()
            });
        let Some(stream) = found else { return };
        match stream.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") => self.note(&reading.state.to_user, &UNIT_SQUARE, Beneath::Picture),
            Ok(b"Form") if depth < MAX_DEPTH => self.form(reading, stream, depth),
            _ => {}
        }
    }

    fn form(&mut self, reading: &Reading<'_>, form: &Stream, depth: usize) {
        let own = form.dict.get_deref(b"Matrix", self.document).and_then(Object::as_array).ok();
        let own =
            own.and_then(|array| numbers(self.document, array)).map_or(Matrix::IDENTITY, Matrix);
        let to_user = own.then(&reading.state.to_user);
        let bounds = form.dict.get_deref(b"BBox", self.document).and_then(Object::as_array).ok();
        if let Some(bounds) =
            bounds.and_then(|array| numbers(self.document, array)).map(Rect::from_corners)
            && !to_user.apply_rect(&bounds).touches(&self.watched)
        {
            return;
        }
        let resources = form.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict);
        let resources = resources.unwrap_or(reading.resources);
        if let Ok(data) = form.get_plain_content_with_limit(MAX_STREAM_BYTES) {
            self.run(&data, resources, to_user, depth + 1);
        }
    }
}

impl Reading<'_> {
    fn text_state(&mut self, document: &Document, operation: &Operation) {
        let number = |index: usize| {
            let operand = operation.operands.get(index)?;
            operand.as_float().ok().map(f64::from)
        };
        match operation.operator.as_str() {
            "BT" => {
                self.in_text = true;
                (self.text, self.line) = (Matrix::IDENTITY, Matrix::IDENTITY);
            }
            "ET" => self.in_text = false,
            "Tf" => {
                self.state.font_size = number(1).unwrap_or(1.0);
                self.state.bytes_per_character = self.bytes_per_character(document, operation);
            }
            "TL" => self.state.leading = number(0).unwrap_or(0.0),
            "Tr" => self.state.text_is_invisible = number(0) == Some(3.0),
            "Td" | "TD" => {
                let (x, y) = (number(0).unwrap_or(0.0), number(1).unwrap_or(0.0));
                if operation.operator == "TD" {
                    self.state.leading = -y;
                }
                self.next_line(x, y);
            }
            "T*" => self.next_line(0.0, -self.state.leading),
            "Tm" => {
                if let Some(matrix) = matrix(document, operation) {
                    (self.text, self.line) = (matrix, matrix);
                }
            }
            _ => {}
        }
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.line = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(&self.line);
        self.text = self.line;
    }

    /// Composite fonts are written with two bytes a character, nearly always.
    fn bytes_per_character(&self, document: &Document, operation: &Operation) -> usize {
        let composite = || {
            let name = operation.operands.first()?.as_name().ok()?;
            let fonts = self.resources.get_deref(b"Font", document).ok()?.as_dict().ok()?;
            let font = fonts.get_deref(name, document).ok()?.as_dict().ok()?;
            Some(font.get(b"Subtype").ok()?.as_name().ok()? == b"Type0")
        };
        if composite() == Some(true) { 2 } else { 1 }
    }

    fn extend_path(&mut self, operation: &Operation) {
        let mut values = operation.operands.iter().map(|o| f64::from(o.as_float().unwrap_or(0.0)));
        let mut first = None;
        while let (Some(x), Some(y)) = (values.next(), values.next()) {
            // The second pair of a rectangle is its size.
            let (x, y) = match first {
                Some((x0, y0)) if operation.operator == "re" => (x0 + x, y0 + y),
                _ => (x, y),
            };
            first.get_or_insert((x, y));
            let (x, y) = self.state.to_user.apply(x, y);
            let point = Rect { left: x, bottom: y, right: x, top: y };
            self.path = Some(self.path.map_or(point, |path| path.union(&point)));
        }
    }
}

const UNIT_SQUARE: Rect = Rect { left: 0.0, bottom: 0.0, right: 1.0, top: 1.0 };

fn matrix(document: &Document, operation: &Operation) -> Option<Matrix> {
    numbers(document, &operation.operands).map(Matrix)
}

/// White as paper: one or three components full, or four inks absent.
fn is_white(operation: &Operation) -> bool {
    let all =
        |wanted: f32| operation.operands.iter().all(|o| o.as_float().is_ok_and(|v| v == wanted));
    match operation.operands.len() {
        1 | 3 => all(1.0),
        4 => all(0.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lopdf::dictionary;

    const WATCHED: [f64; 4] = [300.0, 700.0, 612.0, 792.0];

    fn look(content: &str) -> (Balance, Beneath) {
        let resources = dictionary! {};
        read(&Document::new(), content.as_bytes(), &resources, Rect::from_corners(WATCHED))
    }

    #[test]
    fn what_content_leaves_open_is_counted() {
        for (content, saves, restores, in_text, marked) in [
            ("", 1, 1, false, 0),
            ("q 1 0 0 1 5 5 cm Q", 1, 1, false, 0),
            ("q q 2 0 0 2 0 0 cm", 1, 3, false, 0),
            ("Q Q 2 0 0 2 0 0 cm q", 3, 2, false, 0),
            ("/OC /Layer BDC BT (q Q q) Tj", 1, 1, true, 1),
            ("% q q\n<71> Tj BI /W 1 /H 1 /BPC 8 /CS /G ID q EI", 1, 1, false, 0),
        ] {
            let expected = Balance { saves, restores, in_text, marked };
            assert_eq!(look(content).0, expected, "{content}");
        }
    }

    #[test]
    fn what_lies_beneath_the_mark_is_seen() {
        for (content, expected) in [
            ("", Beneath::Nothing),
            ("BT /F 12 Tf 72 600 Td (below the zone) Tj ET", Beneath::Nothing),
            ("BT /F 12 Tf 72 720 Td (left) Tj ET", Beneath::Nothing),
            (
                "BT /F 12 Tf 72 720 Td (a line that runs far into the zone of the mark) Tj ET",
                Beneath::Text,
            ),
            ("BT /F 12 Tf 14 TL 400 800 Td (above) ' ' (x) ' (y) ' (z) ' ET", Beneath::Text),
            ("BT 3 Tr /F 12 Tf 400 720 Td (recognised text under a scan) Tj ET", Beneath::Nothing),
            ("BT /F 12 Tf 400 720 Td (   ) Tj ET", Beneath::Nothing),
            ("1 g 0 0 612 792 re f", Beneath::Nothing),
            ("0 0 612 792 re W n", Beneath::Nothing),
            ("1 0 0 rg 400 750 20 20 re f", Beneath::Drawing),
            ("q 1 0 0 1 0 -500 cm 400 750 20 20 re f Q", Beneath::Nothing),
            ("0.5 0 0 0.5 0 0 cm 900 1500 m 950 1500 l S", Beneath::Drawing),
            ("612 0 0 792 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI", Beneath::Picture),
        ] {
            assert_eq!(look(content).1, expected, "{content}");
        }
    }
}
