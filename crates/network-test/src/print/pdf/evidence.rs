//! The evidence of what is wrong, and the rules that go with it. What passed is in the tables; its evidence is in the
//! HTML and JSON forms.

use krilla::tagging::Tag;

use super::layout::{COLUMN, Layout, MARGIN, Style};
use super::{MONO, SMALL, STRONG, TEXT, colours, heading, sign};
use crate::Verdict;
use crate::print::sheet::{Line, Sheet};

/// What is shown of one kind of problem before the rest is only counted: a ticket is read, not studied.
const SHOWN_OF_A_KIND: usize = 3;

/// Every problem with its evidence.
pub(super) fn problems(layout: &mut Layout, sheet: &Sheet<'_>) {
    let mut lines: Vec<&Line<'_>> =
        sheet.rows.iter().flat_map(|row| &row.lines).chain(&sheet.network).collect();
    lines.retain(|line| line.verdict.is_problem());
    lines.sort_by_key(|line| line.number);
    lines.dedup_by_key(|line| line.number);
    lines.sort_by_key(|line| std::cmp::Reverse(line.verdict.weight()));
    if lines.is_empty() {
        return;
    }
    heading(layout, sheet.pick("Les faits", "Evidence"));
    let code = |line: &Line<'_>| line.wrong.as_ref().map(|wrong| wrong.code);
    let mut shown: Vec<Option<&str>> = Vec::new();
    let mut left_out = 0_usize;
    for line in lines {
        if shown.iter().filter(|one| **one == code(line)).count() >= SHOWN_OF_A_KIND {
            left_out += 1;
            continue;
        }
        shown.push(code(line));
        problem(layout, sheet, line);
    }
    if left_out > 0 {
        let text = sheet.language.pick(
            format!("De mêmes sortes, dans le rapport HTML ou JSON\u{a0}: {left_out} de plus."),
            format!("Of the same kinds, in the HTML or JSON report: {left_out} more."),
        );
        layout.tagged(Tag::P, |layout| layout.lines(MARGIN, SMALL, &text, COLUMN));
    }
}

fn problem(layout: &mut Layout, sheet: &Sheet<'_>, line: &Line<'_>) {
    let x = MARGIN + 16.0;
    let column = COLUMN - 16.0;
    layout.need(STRONG.leading() + 2.0 * TEXT.leading());
    sign(layout, line.verdict, MARGIN + 5.0, layout.y + STRONG.leading() * 0.5, 4.6);
    let (dark, _) = colours(line.verdict);
    let head = format!("{} · {} — {}", line.name, line.target, line.verdict.word(sheet.language));
    layout.tagged(Tag::P, |layout| {
        layout.lines(x, Style { colour: dark, ..STRONG }, &head, column);
    });
    if let Some(wrong) = &line.wrong {
        let text = format!("{} ({})", wrong.title, wrong.code);
        layout.tagged(Tag::P, |layout| layout.lines(x, TEXT, &text, column));
    }
    let colon = sheet.pick("\u{a0}:", ":");
    if let Some(blame) = &line.blame {
        let text = format!("{}{colon} {blame}", sheet.pick("Fait obstacle", "In the way"));
        layout.tagged(Tag::P, |layout| layout.lines(x, TEXT, &text, column));
    }
    for (name, value) in &line.evidence {
        let text = format!("{name}{colon} {value}");
        layout.tagged(Tag::P, |layout| layout.lines(x, MONO, &text, column));
    }
    layout.y += if line.verdict == Verdict::Fail { 7.0 } else { 6.0 };
}

/// The rules that go with the report, as they are.
pub(super) fn attachments(layout: &mut Layout, sheet: &Sheet<'_>) {
    if sheet.attachments.is_empty() {
        return;
    }
    heading(layout, sheet.pick("Règles de pare-feu proposées", "Proposed firewall rules"));
    for file in sheet.attachments {
        layout.need(60.0);
        layout.y += 4.0;
        layout.tagged(Tag::P, |layout| layout.lines(MARGIN, STRONG, &file.name, COLUMN));
        layout.y += 2.0;
        for line in file.text.lines() {
            layout.tagged(Tag::Code, |layout| layout.lines(MARGIN, MONO, line, COLUMN));
        }
    }
}
