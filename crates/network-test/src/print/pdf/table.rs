//! The tables of the PDF report: services by layer, and the checks of the network as a whole.

use krilla::tagging::{TableHeaderScope, Tag};

use super::layout::{COLUMN, Layout, MARGIN, Style, polyline};
use super::typeface::Face;
use super::{RULE, SMALL, STRONG, TEXT, colours, heading, sign};
use crate::Verdict;
use crate::print::sheet::{Line, Row, Sheet};
use crate::print::words::COLUMNS;

const NAME: f32 = 178.0;
const LAYER: f32 = 42.0;
const PAD: f32 = 3.5;
const HEADER: Style = Style { face: Face::Bold, ..SMALL };
const CELL: Style = Style { size: 9.0, ..TEXT };
const NAMED: Style = Style { size: 9.0, ..STRONG };

fn rule(layout: &mut Layout, width: f32) {
    let y = layout.y;
    layout.stroke(polyline(&[(MARGIN, y), (MARGIN + COLUMN, y)], false), RULE, width);
}

/// Lines of a cell from `top` on; the pen of the page stays where it is.
fn cell(layout: &mut Layout, x: f32, top: f32, style: Style, text: &str, width: f32) -> f32 {
    let lines = layout.typefaces.wrap(style.face, style.size, text, width);
    let mut y = top;
    for line in lines {
        y += style.leading();
        layout.line(x, y - style.leading() * 0.28, style, &format!("{line} "));
    }
    y
}

/// The sign and the word of a verdict.
fn badge(layout: &mut Layout, sheet: &Sheet<'_>, x: f32, top: f32, verdict: Verdict) -> f32 {
    let (dark, _) = colours(verdict);
    sign(layout, verdict, x + 4.5, top + CELL.leading() * 0.5, 4.2);
    let style = Style { colour: dark, ..NAMED };
    cell(layout, x + 13.0, top, style, &verdict.word(sheet.language), COLUMN)
}

/// The services of the document by layer.
pub(super) fn services(layout: &mut Layout, sheet: &Sheet<'_>) {
    heading(layout, sheet.pick("Services", "Services"));
    layout.tagged(Tag::Table, |layout| {
        let mut titles = vec![(MARGIN, sheet.pick("Service", "Service"))];
        let mut x = MARGIN + NAME;
        for column in COLUMNS {
            titles.push((x, column));
            x += LAYER;
        }
        titles.push((x, sheet.pick("Résultat", "Result")));
        header(layout, &titles);
        for row in &sheet.rows {
            next_row(layout, &titles, row_height(layout, row));
            service(layout, sheet, row);
        }
    });
}

fn header(layout: &mut Layout, titles: &[(f32, &str)]) {
    let top = layout.y;
    layout.tagged(Tag::TR, |layout| {
        for (x, title) in titles {
            layout.tagged(Tag::TH(TableHeaderScope::Column), |layout| {
                cell(layout, *x, top, HEADER, title, COLUMN);
            });
        }
    });
    layout.y = top + HEADER.leading() + 2.0;
    rule(layout, 1.0);
}

fn result_column() -> (f32, f32) {
    let layers = f32::from(u8::try_from(COLUMNS.len()).unwrap_or(4)) * LAYER;
    let x = MARGIN + NAME + layers;
    (x, MARGIN + COLUMN - x)
}

fn row_height(layout: &Layout, row: &Row<'_>) -> f32 {
    let (_, width) = result_column();
    let name = layout.height(NAMED, &row.title, NAME - 8.0) + SMALL.leading();
    let found: f32 = row.found.iter().map(|found| layout.height(SMALL, &found.title, width)).sum();
    name.max(CELL.leading() + found) + 2.0 * PAD
}

fn service(layout: &mut Layout, sheet: &Sheet<'_>, row: &Row<'_>) {
    let height = row_height(layout, row);
    let top = layout.y + PAD;
    let (result, width) = result_column();
    layout.tagged(Tag::TR, |layout| {
        layout.tagged(Tag::TH(TableHeaderScope::Row), |layout| {
            let y = cell(layout, MARGIN, top, NAMED, &row.title, NAME - 8.0);
            cell(layout, MARGIN, y, SMALL, &row.group, NAME - 8.0);
        });
        let mut x = MARGIN + NAME;
        for verdict in row.cells {
            layout.tagged(Tag::TD, |layout| layer(layout, sheet, x, top, verdict));
            x += LAYER;
        }
        layout.tagged(Tag::TD, |layout| {
            let mut y = badge(layout, sheet, result, top, row.verdict);
            for found in &row.found {
                y = cell(layout, result, y, SMALL, &found.title, width);
            }
        });
    });
    layout.y = top - PAD + height;
    rule(layout, 0.5);
}

/// One layer of a service: a sign, with a short word for those who do not see it or its colour.
fn layer(layout: &mut Layout, sheet: &Sheet<'_>, x: f32, top: f32, verdict: Option<Verdict>) {
    let Some(verdict) = verdict else {
        cell(layout, x + 2.0, top, SMALL, "·", LAYER);
        return;
    };
    let (french, english) = match verdict {
        Verdict::Pass => ("oui", "yes"),
        Verdict::Warn => ("att.", "warn"),
        Verdict::Fail => ("non", "no"),
        Verdict::Skip => ("–", "–"),
        Verdict::Inconclusive => ("?", "?"),
    };
    let (dark, _) = colours(verdict);
    sign(layout, verdict, x + 4.5, top + CELL.leading() * 0.5, 4.2);
    let style = Style { colour: dark, size: 8.0, ..NAMED };
    cell(layout, x + 12.0, top + 0.8, style, sheet.pick(french, english), LAYER);
}

/// The checks of the network as a whole.
pub(super) fn network(layout: &mut Layout, sheet: &Sheet<'_>) {
    if sheet.network.is_empty() {
        return;
    }
    heading(layout, sheet.pick("Le réseau lui-même", "The network itself"));
    layout.tagged(Tag::Table, |layout| {
        let titles = [
            (MARGIN, sheet.pick("Vérification", "Check")),
            (MARGIN + NAME, sheet.pick("Cible", "Target")),
            (MARGIN + NAME + TARGET, sheet.pick("Résultat", "Result")),
        ];
        header(layout, &titles);
        for line in sheet.tested() {
            next_row(layout, &titles, check_height(layout, line));
            check(layout, sheet, line);
        }
    });
    let untested = sheet.untested();
    if !untested.is_empty() {
        let text = format!("{} {untested}", sheet.pick("Non vérifié\u{a0}:", "Not tested:"));
        layout.y += 4.0;
        layout.tagged(Tag::P, |layout| layout.lines(MARGIN, SMALL, &text, COLUMN));
    }
}

const TARGET: f32 = 150.0;
const TARGET_STYLE: Style = Style { size: 8.0, ..TEXT };

fn wrong<'a>(line: &'a Line<'_>) -> &'a str {
    line.wrong.as_ref().map(|wrong| wrong.title.as_ref()).unwrap_or_default()
}

fn check_height(layout: &Layout, line: &Line<'_>) -> f32 {
    let found = wrong(line);
    let width = COLUMN - NAME - TARGET;
    let found = if found.is_empty() { 0.0 } else { layout.height(SMALL, found, width) };
    (CELL.leading() + found)
        .max(layout.height(TARGET_STYLE, line.target, TARGET - 8.0))
        .max(layout.height(NAMED, &line.name, NAME - 8.0))
        + 2.0 * PAD
}

/// Makes room for a row; a page that begins with one says again what its columns are.
fn next_row(layout: &mut Layout, titles: &[(f32, &str)], height: f32) {
    if layout.need(height) {
        layout.decorated(|layout| header(layout, titles));
    }
}

fn check(layout: &mut Layout, sheet: &Sheet<'_>, line: &Line<'_>) {
    let result = MARGIN + NAME + TARGET;
    let width = MARGIN + COLUMN - result;
    let found = wrong(line);
    let height = check_height(layout, line);
    let top = layout.y + PAD;
    layout.tagged(Tag::TR, |layout| {
        layout.tagged(Tag::TH(TableHeaderScope::Row), |layout| {
            cell(layout, MARGIN, top, NAMED, &line.name, NAME - 8.0);
        });
        layout.tagged(Tag::TD, |layout| {
            cell(layout, MARGIN + NAME, top, TARGET_STYLE, line.target, TARGET - 8.0);
        });
        layout.tagged(Tag::TD, |layout| {
            let y = badge(layout, sheet, result, top, line.verdict);
            if !found.is_empty() {
                cell(layout, result, y, SMALL, found, width);
            }
        });
    });
    layout.y = top - PAD + height;
    rule(layout, 0.5);
}
