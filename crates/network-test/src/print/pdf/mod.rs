//! A report as pages to attach to a change ticket: tagged for screen readers (PDF/UA-1), the same to the byte for the
//! same report, and without anything that the HTML form does not say.

mod evidence;
mod figure;
mod layout;
mod table;
mod typeface;

use std::num::NonZeroU16;

use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::metadata::{DateTime, Metadata};
use krilla::tagging::{ListNumbering, Tag};
use krilla::{Document, SerializeSettings};

use self::layout::{COLUMN, Colour, Layout, MARGIN, Style, disc, polyline, rectangle};
use self::typeface::Face;
use super::sheet::{Ask, Sheet};
use super::{Language, Settings};
use crate::{Report, Verdict};

const INK: Colour = (22, 25, 31);
const SOFT: Colour = (81, 90, 105);
const RULE: Colour = (205, 210, 218);
const GROUND: Colour = (245, 246, 248);
const WHITE: Colour = (255, 255, 255);

const TEXT: Style = Style { face: Face::Regular, size: 9.5, colour: INK };
const SMALL: Style = Style { face: Face::Regular, size: 8.5, colour: SOFT };
const STRONG: Style = Style { face: Face::Bold, size: 9.5, colour: INK };
const HEADING: Style = Style { face: Face::Bold, size: 13.0, colour: INK };
const MONO: Style = Style { face: Face::Mono, size: 7.5, colour: INK };

/// The whole report.
pub(super) fn report(report: &Report, settings: &Settings) -> Result<Vec<u8>, String> {
    let sheet = Sheet::of(report, settings);
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| format!("{error:?}"))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        enable_tagging: true,
        ..SerializeSettings::default()
    });
    document.set_metadata(metadata(report, &sheet));
    let mut layout = Layout::new();
    head(&mut layout, &sheet);
    asks(&mut layout, &sheet);
    figure::draw(&mut layout, &sheet);
    table::services(&mut layout, &sheet);
    table::network(&mut layout, &sheet);
    evidence::problems(&mut layout, &sheet);
    evidence::attachments(&mut layout, &sheet);
    let (id, tool, language) = (sheet.id, sheet.tool, sheet.language);
    layout.finish(&mut document, |page, pages| {
        let name = language.pick("Rapport", "Report");
        [format!("{name} {id} · {tool}"), format!("{page} / {pages}")]
    });
    document.finish().map_err(|error| format!("{error:?}"))
}

fn metadata(report: &Report, sheet: &Sheet<'_>) -> Metadata {
    let at = jiff::tz::TimeZone::UTC.to_datetime(report.started);
    let part = |value: i8| value.unsigned_abs();
    let date = DateTime::new(at.year().unsigned_abs())
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(format!("{} — {}", sheet.headline, sheet.title))
        .language(sheet.language.tag().to_owned())
        .creator(report.tool.clone())
        .document_id(report.id.clone())
        .creation_date(date)
}

/// The dark and the light colour of a verdict.
fn colours(verdict: Verdict) -> (Colour, Colour) {
    match verdict {
        Verdict::Pass => ((23, 99, 52), (227, 244, 232)),
        Verdict::Warn => ((122, 75, 0), (253, 240, 211)),
        Verdict::Fail => ((163, 22, 28), (253, 230, 230)),
        Verdict::Skip | Verdict::Inconclusive => (SOFT, (236, 238, 242)),
    }
}

/// The sign of a verdict in a disc: decoration, since its word always stands beside it.
fn sign(layout: &mut Layout, verdict: Verdict, x: f32, y: f32, radius: f32) {
    let (dark, _) = colours(verdict);
    layout.fill(disc(x, y, radius), dark);
    let at = |dx: f32, dy: f32| (x + dx * radius, y + dy * radius);
    let strokes: Vec<Vec<(f32, f32)>> = match verdict {
        Verdict::Pass => vec![vec![at(-0.45, 0.05), at(-0.1, 0.4), at(0.48, -0.35)]],
        Verdict::Fail => {
            vec![vec![at(-0.38, -0.38), at(0.38, 0.38)], vec![at(-0.38, 0.38), at(0.38, -0.38)]]
        }
        Verdict::Warn => {
            vec![vec![at(0.0, -0.55), at(0.0, 0.15)], vec![at(0.0, 0.38), at(0.0, 0.56)]]
        }
        Verdict::Skip => vec![vec![at(-0.45, 0.0), at(0.45, 0.0)]],
        Verdict::Inconclusive => vec![
            vec![
                at(-0.3, -0.25),
                at(-0.2, -0.5),
                at(0.15, -0.52),
                at(0.3, -0.25),
                at(0.0, 0.0),
                at(0.0, 0.15),
            ],
            vec![at(0.0, 0.4), at(0.0, 0.58)],
        ],
    };
    for stroke in strokes {
        layout.stroke(polyline(&stroke, false), WHITE, radius * 0.26);
    }
}

/// A heading of the second level, kept together with what follows.
fn heading(layout: &mut Layout, text: &str) {
    layout.need(104.0);
    layout.y += 16.0;
    let level = NonZeroU16::new(2).expect("invariant: two is not zero");
    layout.heading(level, MARGIN, HEADING, text, COLUMN);
    layout.y += 4.0;
}

fn head(layout: &mut Layout, sheet: &Sheet<'_>) {
    layout.tagged(Tag::P, |layout| layout.lines(MARGIN, SMALL, &sheet.title, COLUMN));
    layout.y += 6.0;
    let verdict = sheet.overall.as_verdict();
    let (dark, light) = colours(verdict);
    let headline = Style { face: Face::Bold, size: 20.0, colour: dark };
    let column = COLUMN - 66.0;
    let height = layout.height(headline, &sheet.headline, column)
        + layout.height(TEXT, &sheet.lead, column)
        + 18.0;
    let top = layout.y;
    layout.fill(rectangle(MARGIN, top, COLUMN, height), light);
    layout.fill(rectangle(MARGIN, top, 5.0, height), dark);
    sign(layout, verdict, MARGIN + 32.0, top + height / 2.0, 13.0);
    layout.y += 7.0;
    layout.heading(NonZeroU16::MIN, MARGIN + 56.0, headline, &sheet.headline, column);
    layout.tagged(Tag::P, |layout| layout.lines(MARGIN + 56.0, TEXT, &sheet.lead, column));
    layout.y = top + height + 10.0;
    facts(layout, sheet);
}

/// The facts in two columns.
fn facts(layout: &mut Layout, sheet: &Sheet<'_>) {
    let width = (COLUMN - 20.0) / 2.0;
    for pair in sheet.facts.chunks(2) {
        let top = layout.y;
        let mut bottom = top;
        for (column, (name, value)) in [0.0, width + 20.0].into_iter().zip(pair) {
            layout.y = top;
            layout.tagged(Tag::P, |layout| {
                layout.lines(MARGIN + column, SMALL, &format!("{name} "), width);
                layout.lines(MARGIN + column, TEXT, value, width);
            });
            bottom = bottom.max(layout.y);
        }
        layout.y = bottom + 3.0;
    }
}

fn asks(layout: &mut Layout, sheet: &Sheet<'_>) {
    if sheet.asks.is_empty() {
        return;
    }
    let title =
        sheet.pick("Ce qu’il faut demander à votre équipe réseau", "What to ask your network team");
    heading(layout, title);
    layout.tagged(Tag::L(ListNumbering::Decimal), |layout| {
        for (number, ask) in (1..).zip(&sheet.asks) {
            one_ask(layout, number, ask, sheet.language);
        }
    });
}

fn one_ask(layout: &mut Layout, number: u32, ask: &Ask<'_>, language: Language) {
    let x = MARGIN + 26.0;
    let column = COLUMN - 26.0;
    layout.need(layout.height(STRONG, &ask.text, column) + layout.height(SMALL, &ask.why, column));
    layout.tagged(Tag::LI, |layout| {
        let label = Style { colour: WHITE, ..STRONG };
        let y = layout.y;
        layout.fill(disc(MARGIN + 9.0, y + 8.0, 8.5), INK);
        let text = number.to_string();
        let width = layout.typefaces.width(label.face, label.size, &text);
        layout.tagged(Tag::Lbl, |layout| {
            layout.line(MARGIN + 9.0 - width / 2.0, y + 11.3, label, &text);
        });
        layout.tagged(Tag::LBody, |layout| {
            layout.tagged(Tag::P, |layout| layout.lines(x, STRONG, &ask.text, column));
            layout.tagged(Tag::P, |layout| layout.lines(x, SMALL, &ask.why, column));
            // A few hosts are easier to check line by line, many in a block.
            let is_short = ask.hosts.len() <= 6;
            let hosts = if is_short { ask.hosts.clone() } else { vec![ask.hosts.join(", ")] };
            for host in &hosts {
                layout.tagged(Tag::P, |layout| layout.lines(x, MONO, host, column));
            }
            if !ask.endpoints.is_empty() {
                let needed = language.pick("En dépend\u{a0}:", "Needed by:");
                let text = format!("{needed} {}", ask.endpoints);
                layout.tagged(Tag::P, |layout| layout.lines(x, SMALL, &text, column));
            }
        });
    });
    layout.y += 7.0;
}
