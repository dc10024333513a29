//! Where things stand on the pages of the PDF report, and what they mean: every mark drawn belongs to a tag (a
//! heading, a cell, a paragraph) or is decoration, so that a screen reader reads what a person sees.

use std::num::NonZeroU16;

use krilla::Document;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, Tag, TagGroup, TagKind, TagTree,
};

use super::typeface::{Face, Typefaces};

/// US Letter, the paper of Canada and the United States.
pub(super) const PAGE: (f32, f32) = (612.0, 792.0);
/// The margin on the left and right.
pub(super) const MARGIN: f32 = 50.0;
/// The width between the margins.
pub(super) const COLUMN: f32 = PAGE.0 - 2.0 * MARGIN;
const TOP: f32 = 52.0;
const BOTTOM: f32 = PAGE.1 - 58.0;

/// A colour, red, green and blue.
pub(super) type Colour = (u8, u8, u8);

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) colour: Colour,
}

impl Style {
    /// The distance from one base line to the next.
    pub(super) fn leading(self) -> f32 {
        (self.size * 1.38).round()
    }
}

enum Mark {
    Text { at: (f32, f32), style: Style, text: String },
    Fill { shape: Path, colour: Colour },
    Stroke { shape: Path, colour: Colour, width: f32 },
}

struct Placed {
    page: usize,
    /// The tag that it belongs to; decoration has none.
    owner: Option<usize>,
    mark: Mark,
}

enum Child {
    Group(usize),
    Mark(usize),
}

struct Group {
    tag: TagKind,
    children: Vec<Child>,
}

/// Pages in the making.
pub(super) struct Layout {
    pub(super) typefaces: Typefaces,
    /// Where the next thing goes, from the top of the page.
    pub(super) y: f32,
    page: usize,
    placed: Vec<Placed>,
    groups: Vec<Group>,
    roots: Vec<usize>,
    open: Vec<usize>,
    /// The headings, for the outline: text, page, place.
    headings: Vec<(String, usize, f32)>,
}

impl Layout {
    pub(super) fn new() -> Layout {
        Layout {
            typefaces: Typefaces::shipped(),
            y: TOP,
            page: 0,
            placed: Vec::new(),
            groups: Vec::new(),
            roots: Vec::new(),
            open: Vec::new(),
            headings: Vec::new(),
        }
    }

    /// Everything that `write` draws belongs to this tag.
    pub(super) fn tagged(&mut self, tag: impl Into<TagKind>, write: impl FnOnce(&mut Layout)) {
        let index = self.groups.len();
        self.groups.push(Group { tag: tag.into(), children: Vec::new() });
        match self.open.last() {
            Some(&parent) => self.groups[parent].children.push(Child::Group(index)),
            None => self.roots.push(index),
        }
        self.open.push(index);
        write(self);
        self.open.pop();
    }

    /// A heading, of the first level or the second; it stands in the outline too.
    pub(super) fn heading(
        &mut self,
        level: NonZeroU16,
        x: f32,
        style: Style,
        text: &str,
        column: f32,
    ) {
        self.need(style.leading());
        self.headings.push((text.to_owned(), self.page, self.y));
        self.tagged(Tag::Hn(level, Some(text.to_owned())), |layout| {
            layout.lines(x, style, text, column);
        });
    }

    /// Goes to the next page unless this much of the current one is left; says whether it did.
    pub(super) fn need(&mut self, height: f32) -> bool {
        let is_full = self.y + height > BOTTOM;
        if is_full {
            self.page += 1;
            self.y = TOP;
        }
        is_full
    }

    /// Whatever `write` draws is decoration, although it is text: it repeats what was read already.
    pub(super) fn decorated(&mut self, write: impl FnOnce(&mut Layout)) {
        let open = std::mem::take(&mut self.open);
        write(self);
        self.open = open;
    }

    fn place(&mut self, mark: Mark, is_decoration: bool) {
        let owner = if is_decoration { None } else { self.open.last().copied() };
        let index = self.placed.len();
        self.placed.push(Placed { page: self.page, owner, mark });
        if let Some(owner) = owner {
            self.groups[owner].children.push(Child::Mark(index));
        }
    }

    /// One line of text, its base line at `y`.
    pub(super) fn line(&mut self, x: f32, y: f32, style: Style, text: &str) {
        let text = self.typefaces.printable(style.face, text);
        if !text.is_empty() {
            self.place(Mark::Text { at: (x, y), style, text }, false);
        }
    }

    /// A filled shape behind or beside text.
    pub(super) fn fill(&mut self, shape: Option<Path>, colour: Colour) {
        if let Some(shape) = shape {
            self.place(Mark::Fill { shape, colour }, true);
        }
    }

    /// A line that separates or joins.
    pub(super) fn stroke(&mut self, shape: Option<Path>, colour: Colour, width: f32) {
        if let Some(shape) = shape {
            self.place(Mark::Stroke { shape, colour, width }, true);
        }
    }

    /// Lines of text from the current place on, each with a space after it that is read as one.
    pub(super) fn lines(&mut self, x: f32, style: Style, text: &str, column: f32) {
        let lines = self.typefaces.wrap(style.face, style.size, text, column);
        let count = lines.len();
        for (index, line) in lines.into_iter().enumerate() {
            self.need(style.leading());
            self.y += style.leading();
            let goes_on = index + 1 < count;
            let line = if goes_on { format!("{line} ") } else { line };
            self.line(x, self.y - style.leading() * 0.28, style, &line);
        }
    }

    /// How high a text is in a column.
    pub(super) fn height(&self, style: Style, text: &str, column: f32) -> f32 {
        let lines = self.typefaces.wrap(style.face, style.size, text, column);
        f32::from(u16::try_from(lines.len()).unwrap_or(u16::MAX)) * style.leading()
    }

    /// The finished document, with a line at the foot of every page.
    pub(super) fn finish(
        self,
        document: &mut Document,
        foot: impl Fn(usize, usize) -> [String; 2],
    ) {
        let pages = self.page + 1;
        let mut names: Vec<Option<Identifier>> = self.placed.iter().map(|_| None).collect();
        for page in 0..pages {
            let settings =
                PageSettings::from_wh(PAGE.0, PAGE.1).expect("invariant: the paper has a size");
            let mut sheet = document.start_page_with(settings);
            let mut surface = sheet.surface();
            for (index, placed) in self.placed.iter().enumerate().filter(|(_, p)| p.page == page) {
                names[index] = self.draw(&mut surface, placed);
            }
            self.draw_foot(&mut surface, &foot(page + 1, pages));
            surface.finish();
            sheet.finish();
        }
        let mut tree = TagTree::new();
        for &root in &self.roots {
            if let Some(group) = self.group(root, &mut names) {
                tree.push(group);
            }
        }
        document.set_tag_tree(tree);
        let mut outline = Outline::new();
        for (text, page, y) in self.headings {
            let place = XyzDestination::new(page, Point::from_xy(MARGIN, y));
            outline.push_child(OutlineNode::new(text, place));
        }
        document.set_outline(outline);
    }

    fn group(&self, index: usize, names: &mut [Option<Identifier>]) -> Option<TagGroup> {
        let Group { tag, children } = &self.groups[index];
        let mut nodes: Vec<Node> = Vec::new();
        for child in children {
            match child {
                Child::Group(group) => nodes.extend(self.group(*group, names).map(Node::from)),
                Child::Mark(mark) => nodes.extend(names[*mark].take().map(Node::from)),
            }
        }
        if nodes.is_empty() {
            return None;
        }
        let mut group = TagGroup::new(tag.clone());
        nodes.into_iter().for_each(|node| group.push(node));
        Some(group)
    }

    fn draw(&self, surface: &mut Surface<'_>, placed: &Placed) -> Option<Identifier> {
        let tag = match placed.owner {
            Some(_) => ContentTag::Span(SpanTag::empty()),
            None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
        };
        let name = surface.start_tagged(tag);
        match &placed.mark {
            Mark::Text { at, style, text } => self.draw_text(surface, *at, *style, text),
            Mark::Fill { shape, colour } => {
                surface.set_stroke(None);
                surface.set_fill(Some(ink(*colour)));
                surface.draw_path(shape);
            }
            Mark::Stroke { shape, colour, width } => {
                surface.set_fill(None);
                surface.set_stroke(Some(Stroke {
                    paint: rgb::Color::new(colour.0, colour.1, colour.2).into(),
                    width: *width,
                    ..Stroke::default()
                }));
                surface.draw_path(shape);
            }
        }
        surface.end_tagged();
        placed.owner.map(|_| name)
    }

    fn draw_text(&self, surface: &mut Surface<'_>, at: (f32, f32), style: Style, text: &str) {
        surface.set_stroke(None);
        surface.set_fill(Some(ink(style.colour)));
        let glyphs = self.typefaces.glyphs(style.face, text);
        let font = self.typefaces.font(style.face);
        surface.draw_glyphs(Point::from_xy(at.0, at.1), &glyphs, font, text, style.size, false);
    }

    fn draw_foot(&self, surface: &mut Surface<'_>, [left, right]: &[String; 2]) {
        let style = Style { face: Face::Regular, size: 7.5, colour: (95, 100, 110) };
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
        let y = PAGE.1 - 34.0;
        let [left, right] = [left, right].map(|text| self.typefaces.printable(style.face, text));
        let width = self.typefaces.width(style.face, style.size, &right);
        self.draw_text(surface, (MARGIN, y), style, &left);
        self.draw_text(surface, (PAGE.0 - MARGIN - width, y), style, &right);
        surface.end_tagged();
    }
}

fn ink(colour: Colour) -> Fill {
    Fill {
        paint: rgb::Color::new(colour.0, colour.1, colour.2).into(),
        opacity: NormalizedF32::ONE,
        ..Fill::default()
    }
}

/// A rectangle.
pub(super) fn rectangle(x: f32, y: f32, width: f32, height: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, width, height)?);
    path.finish()
}

/// Straight strokes from point to point.
pub(super) fn polyline(points: &[(f32, f32)], is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(first.0, first.1);
    rest.iter().for_each(|point| path.line_to(point.0, point.1));
    if is_closed {
        path.close();
    }
    path.finish()
}

/// A disc.
pub(super) fn disc(x: f32, y: f32, radius: f32) -> Option<Path> {
    // The usual approximation of a quarter of a circle by one cubic curve.
    let k = radius * 0.552_285;
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.cubic_to(x + radius, y + k, x + k, y + radius, x, y + radius);
    path.cubic_to(x - k, y + radius, x - radius, y + k, x - radius, y);
    path.cubic_to(x - radius, y - k, x - k, y - radius, x, y - radius);
    path.cubic_to(x + k, y - radius, x + radius, y - k, x + radius, y);
    path.close();
    path.finish()
}
