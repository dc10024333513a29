//! The way from the machine to the services as an inline SVG. Colours are the page's; the blamed hop has a sign, a word
//! and a thick border too.

use std::fmt::Write as _;

use super::super::Language;
use super::super::path::{Hop, Way, broken};
use crate::Verdict;

const BOX: (u32, u32) = (148, 66);
const GAP: u32 = 34;
const TOP: u32 = 26;
/// The base line of the row beside the way.
const BESIDE: u32 = TOP + BOX.1 + 46;

/// The figure.
pub(super) fn svg(way: &Way, language: Language) -> String {
    let on_the_way: Vec<_> = way.hops.iter().filter(|hop| !hop.is_beside).collect();
    let count = u32::try_from(on_the_way.len()).unwrap_or(1);
    let width = count * BOX.0 + count.saturating_sub(1) * GAP + 4;
    let beside = way.hops.iter().find(|hop| hop.is_beside);
    let height = if beside.is_some() { BESIDE + BOX.1 + 6 } else { TOP + BOX.1 + 6 };
    let title =
        escape(language.pick(
            "Le chemin de la machine aux services",
            "The way from the machine to the services",
        ));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}. {}\" \
         style=\"min-width:36rem;font-family:inherit\">",
        escape(&way.caption)
    );
    for (index, hop) in (0..).zip(&on_the_way) {
        let x = 2 + index * (BOX.0 + GAP);
        if index > 0 {
            let (from, y) = (x - GAP, TOP + BOX.1 / 2);
            let is_cut = hop.blamed == Some(Verdict::Fail);
            link(&mut svg, &format!("M{from} {y}H{x}"), is_cut);
        }
        station(&mut svg, hop, x, TOP, language);
    }
    if let Some(hop) = beside {
        // Under the firewall, which its questions cross.
        let x = 2 + BOX.0 + GAP;
        let (middle, from) = (x + BOX.0 / 2, TOP + BOX.1);
        let is_cut = hop.blamed == Some(Verdict::Fail);
        link(&mut svg, &format!("M{middle} {from}V{BESIDE}"), is_cut);
        station(&mut svg, hop, x, BESIDE, language);
    }
    svg.push_str("</svg>");
    svg
}

fn link(svg: &mut String, path: &str, is_cut: bool) {
    let (colour, dashes) =
        if is_cut { ("--fail", " stroke-dasharray=\"4 4\"") } else { ("--soft", "") };
    let _ = write!(
        svg,
        "<path d=\"{path}\" fill=\"none\" stroke=\"var({colour})\" stroke-width=\"2\"{dashes}/>"
    );
}

fn station(svg: &mut String, hop: &Hop, x: u32, y: u32, language: Language) {
    let (border, ground, width) = match hop.blamed {
        Some(Verdict::Fail) => ("--fail", "--fail-bg", 3),
        Some(_) => ("--warn", "--warn-bg", 3),
        None => ("--rule", "--sheet", 1),
    };
    let _ = write!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"var({ground})\" \
         stroke=\"var({border})\" stroke-width=\"{width}\"/>",
        BOX.0, BOX.1
    );
    let middle = x + BOX.0 / 2;
    let mut line = |y: u32, size: u32, weight: u32, colour: &str, text: &str| {
        let _ = write!(
            svg,
            "<text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\" font-size=\"{size}\" \
             font-weight=\"{weight}\" fill=\"var({colour})\">{}</text>",
            escape(text)
        );
    };
    let notes = broken(&hop.note, 20);
    let first = if notes.is_empty() { y + 38 } else { y + 26 };
    line(first, 12, 600, "--ink", hop.name);
    for (offset, note) in (0..).zip(&notes) {
        line(y + 42 + offset * 13, 11, 400, "--ink", note);
    }
    if let Some(verdict) = hop.blamed {
        let word = language.pick("fait obstacle", "in the way");
        line(y - 9, 12, 700, border, &format!("{} {word}", verdict.sign()));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
