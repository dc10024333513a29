//! The way from the machine to the services, drawn: the same hops and the same blame as in the HTML form.

use krilla::tagging::Tag;

use super::layout::{COLUMN, Layout, MARGIN, Style, polyline, rectangle};
use super::typeface::Face;
use super::{GROUND, INK, RULE, SMALL, SOFT, colours, heading, sign};
use crate::Verdict;
use crate::print::path::Hop;
use crate::print::sheet::Sheet;

const BOX: (f32, f32) = (84.0, 44.0);
const BESIDE: f32 = BOX.1 + 26.0;

/// The figure and its caption, kept together.
pub(super) fn draw(layout: &mut Layout, sheet: &Sheet<'_>) {
    let height = BESIDE + BOX.1 + 30.0;
    layout.need(height + 90.0);
    heading(layout, sheet.pick("Le chemin vers les services", "The way to the services"));
    let top = layout.y + 16.0;
    layout.tagged(Tag::Figure(Some(sheet.way.caption.clone())), |layout| hops(layout, sheet, top));
    layout.y = top + BESIDE + BOX.1 + 6.0;
    layout.tagged(Tag::P, |layout| layout.lines(MARGIN, SMALL, &sheet.way.caption, COLUMN));
}

fn hops(layout: &mut Layout, sheet: &Sheet<'_>, top: f32) {
    let on_the_way: Vec<_> = sheet.way.hops.iter().filter(|hop| !hop.is_beside).collect();
    let gaps = f32::from(u8::try_from(on_the_way.len().max(2) - 1).unwrap_or(1));
    let step = ((COLUMN - BOX.0) / gaps).min(BOX.0 + 48.0);
    let mut x = MARGIN;
    let mut second = MARGIN;
    for (index, hop) in on_the_way.into_iter().enumerate() {
        if index > 0 {
            let y = top + BOX.1 / 2.0;
            link(layout, (x - step + BOX.0, y), (x, y), hop);
        }
        if index == 1 {
            second = x;
        }
        station(layout, sheet, hop, x, top);
        x += step;
    }
    if let Some(hop) = sheet.way.hops.iter().find(|hop| hop.is_beside) {
        let middle = second + BOX.0 / 2.0;
        link(layout, (middle, top + BOX.1), (middle, top + BESIDE), hop);
        station(layout, sheet, hop, second, top + BESIDE);
    }
}

fn link(layout: &mut Layout, from: (f32, f32), to: (f32, f32), hop: &Hop) {
    if hop.blamed != Some(Verdict::Fail) {
        layout.stroke(polyline(&[from, to], false), SOFT, 1.2);
        return;
    }
    // Two short ends: the way is cut.
    let (dark, _) = colours(Verdict::Fail);
    let part = |share: f32| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
    layout.stroke(polyline(&[from, part(0.35)], false), dark, 1.2);
    layout.stroke(polyline(&[part(0.65), to], false), dark, 1.2);
}

fn station(layout: &mut Layout, sheet: &Sheet<'_>, hop: &Hop, x: f32, y: f32) {
    let (border, ground, width) = match hop.blamed {
        Some(verdict) => {
            let (dark, light) = colours(verdict);
            (dark, light, 1.8)
        }
        None => (RULE, GROUND, 0.8),
    };
    let frame = || rectangle(x, y, BOX.0, BOX.1);
    layout.fill(frame(), ground);
    layout.stroke(frame(), border, width);
    let mut line = |y: f32, style: Style, text: &str| {
        let text_width = layout.typefaces.width(style.face, style.size, text);
        layout.line(x + (BOX.0 - text_width) / 2.0, y, style, text);
    };
    let name = Style { face: Face::Bold, size: 8.0, colour: INK };
    let note = Style { face: Face::Regular, size: 7.0, colour: INK };
    let notes = crate::print::path::broken(&hop.note, 22);
    let first = if notes.is_empty() { y + 25.0 } else { y + 17.0 };
    line(first, name, &format!("{} ", hop.name));
    let mut at = y + 28.0;
    for text in &notes {
        line(at, note, &format!("{text} "));
        at += 9.0;
    }
    if let Some(verdict) = hop.blamed {
        let style = Style { face: Face::Bold, size: 7.5, colour: border };
        let word = sheet.pick("fait obstacle", "in the way");
        line(y - 5.0, style, word);
        let text_width = layout.typefaces.width(style.face, style.size, word);
        sign(layout, verdict, x + (BOX.0 - text_width) / 2.0 - 8.0, y - 7.6, 4.2);
    }
}
