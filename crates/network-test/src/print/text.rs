//! A report for a person at a terminal: one line per heading of the document, the verdict, and what to ask of the
//! people who run the network. It reads the same without its colours.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::sheet::{self, Ask, Line, Row};
use super::words;
use super::{Change, Comparison, Difference, Language, Settings};
use crate::{Check, Report, Verdict};

const WIDTH: usize = 92;

/// Colours, or none.
#[derive(Clone, Copy)]
struct Ink {
    is_coloured: bool,
}

impl Ink {
    fn of(self, style: Style, text: &str) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn verdict(self, verdict: Verdict, text: &str) -> String {
        let colour = match verdict {
            Verdict::Pass => AnsiColor::Green,
            Verdict::Warn | Verdict::Inconclusive => AnsiColor::Yellow,
            Verdict::Fail => AnsiColor::Red,
            Verdict::Skip => return self.soft(text),
        };
        self.of(colour.on_default(), text)
    }

    fn bold(self, text: &str) -> String {
        self.of(Style::new().bold(), text)
    }

    fn soft(self, text: &str) -> String {
        self.of(Style::new().dimmed(), text)
    }

    /// The sign and the word of a verdict, in columns.
    fn badge(self, verdict: Verdict, language: Language) -> String {
        let word = verdict.word(language);
        self.verdict(verdict, &format!("{} {word:<13}", verdict.sign()))
    }
}

/// The whole report.
pub(super) fn report(report: &Report, settings: &Settings) -> String {
    let language = settings.language;
    let ink = Ink { is_coloured: settings.is_coloured };
    let mut text = String::new();
    head(&mut text, report, ink, language);
    for service in &report.services {
        let row = Row::of(report, service, language);
        service_line(&mut text, &row, ink, language);
        if settings.is_verbose {
            row.lines.iter().for_each(|line| details(&mut text, line, ink, language));
        }
    }
    network(&mut text, report, settings, ink);
    let verdict = report.verdict.as_verdict();
    let headline = sheet::headline(report.verdict, language).to_uppercase();
    let headline = ink.verdict(verdict, &ink.bold(&format!("{} {headline}", verdict.sign())));
    let _ = write!(text, "\n{headline}\n");
    paragraph(&mut text, "  ", &sheet::lead(report, language));
    requests(&mut text, report, ink, language);
    text
}

fn head(text: &mut String, report: &Report, ink: Ink, language: Language) {
    let _ = writeln!(text, "{}", ink.bold(&sheet::title(report, language)));
    let when = words::moment(report.started, language);
    let catalogue = format!("{} {}", report.catalogue.id, report.catalogue.version);
    let report_word = language.pick("rapport", "report");
    let _ = writeln!(
        text,
        "{}",
        ink.soft(&format!("{catalogue} · {when} · {report_word} {}", report.id))
    );
    let mut way = words::way_out(report, language);
    if !report.resolvers.is_empty() {
        let _ = write!(way, " · DNS {}", report.resolvers.join(", "));
    }
    let _ =
        write!(text, "{}\n\n", ink.soft(&format!("{way} · {}", sheet::counted(report, language))));
}

fn service_line(text: &mut String, row: &Row<'_>, ink: Ink, language: Language) {
    let group = ink.soft(&format!("({})", row.group));
    let _ = writeln!(text, "{} {} {group}", ink.badge(row.verdict, language), row.title);
    if row.verdict.is_problem() {
        for found in &row.found {
            let found = format!("{} ({})", found.title, found.places());
            paragraph(text, "                ", &found);
        }
    }
}

/// What concerns no service alone: in the short form, only what is wrong with it.
fn network(text: &mut String, report: &Report, settings: &Settings, ink: Ink) {
    let language = settings.language;
    let whole: Vec<_> = report.checks.iter().filter(|c| c.endpoints.is_empty()).collect();
    let problems: Vec<_> = whole.iter().filter(|check| check.verdict.is_problem()).collect();
    let worst = whole.iter().map(|check| check.verdict).max_by_key(|verdict| verdict.weight());
    let Some(worst) = worst else { return };
    let title = language.pick("Le réseau lui-même", "The network itself");
    let _ = writeln!(text, "{} {title}", ink.badge(worst, language));
    if settings.is_verbose {
        for check in whole {
            details(text, &Line::of(check, language), ink, language);
        }
        return;
    }
    for check in problems {
        let line = Line::of(check, language);
        let what = line.wrong.as_ref().map_or(&line.name, |wrong| &wrong.title);
        paragraph(text, "                ", &format!("{what} ({})", line.target));
    }
}

/// One check, in one line without its end: for live telling.
#[must_use]
pub fn check_line(check: &Check, settings: &Settings) -> String {
    let ink = Ink { is_coloured: settings.is_coloured };
    line_of(&Line::of(check, settings.language), ink, settings.language)
}

fn line_of(line: &Line<'_>, ink: Ink, language: Language) -> String {
    let badge = ink.badge(line.verdict, language);
    let wrong = match &line.wrong {
        Some(wrong) if line.verdict != Verdict::Pass => format!(" — {}", wrong.title),
        _ => String::new(),
    };
    let took = ink.soft(&line.took);
    format!("{badge} {} · {}{wrong} {took}", line.name, line.target)
}

/// A check with all that is known about it.
fn details(text: &mut String, line: &Line<'_>, ink: Ink, language: Language) {
    let number = ink.soft(&format!("{:>4}", line.number));
    let _ = writeln!(text, "{number}  {}", line_of(line, ink, language));
    let colon = language.pick("\u{a0}:", ":");
    let mut fact = |name: &str, value: &str| {
        let first = format!("          {}{colon} ", ink.soft(name));
        let rest = value.replace('\n', "\n            ");
        let _ = writeln!(text, "{first}{rest}");
    };
    if let Some(way) = line.way {
        fact(language.pick("voie", "way"), way);
    }
    for (name, value) in &line.evidence {
        fact(name, value);
    }
    if let Some(blame) = &line.blame {
        fact(language.pick("fait obstacle", "in the way"), blame);
    }
    if let Some(because) = line.wrong.as_ref().and_then(|wrong| wrong.because) {
        fact(language.pick("à cause de", "because of"), &because.to_string());
    }
    if let Some(wrong) = line.wrong.as_ref().filter(|_| line.verdict.is_problem()) {
        fact(language.pick("à faire", "to do"), &wrong.remedy);
    }
}

fn requests(text: &mut String, report: &Report, ink: Ink, language: Language) {
    if report.requests.is_empty() {
        return;
    }
    let title = language
        .pick("Ce qu’il faut demander à votre équipe réseau", "What to ask your network team");
    let _ = write!(text, "\n{}\n", ink.bold(title));
    for (index, request) in report.requests.iter().enumerate() {
        let ask = Ask::of(report, request, language);
        paragraph(text, &format!("{:>3}. ", index + 1), &ask.text);
        paragraph(text, "     ", &ask.why);
        for host in &ask.hosts {
            let _ = writeln!(text, "       · {host}");
        }
        if !ask.endpoints.is_empty() {
            let waits = language.pick("En dépend\u{a0}:", "Needed by:");
            paragraph(text, "     ", &format!("{waits} {}", ask.endpoints));
        }
    }
}

/// A text in lines of the usual width; the first begins with `first`, the others as far in.
fn paragraph(text: &mut String, first: &str, words: &str) {
    let margin = " ".repeat(first.chars().count());
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in words.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{}", line.trim_end());
            line.clone_from(&margin);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

/// What changed between two reports.
pub(super) fn comparison(comparison: &Comparison, settings: &Settings) -> String {
    let language = settings.language;
    let ink = Ink { is_coloured: settings.is_coloured };
    let mut text = String::new();
    let [old, new] = [comparison.old.verdict, comparison.new.verdict]
        .map(|overall| (overall.as_verdict(), language.owned(overall.title())));
    let before = ink.verdict(old.0, &format!("{} {}", old.0.sign(), old.1));
    let after = ink.verdict(new.0, &format!("{} {}", new.0.sign(), new.1));
    let labels = language.pick(["Avant\u{a0}:", "Après\u{a0}:"], ["Before:", "After:"]);
    let _ = writeln!(text, "{} {before}\n{} {after}", labels[0], labels[1]);
    for change in Change::SHOWN {
        let differences: Vec<_> = comparison.of(change).collect();
        if differences.is_empty() {
            continue;
        }
        let title = change.title(language);
        let _ = write!(text, "\n{}\n", ink.bold(&format!("{title} ({})", differences.len())));
        for difference in differences {
            let _ = writeln!(text, "{}", difference_line(difference, ink, language));
        }
    }
    let unchanged = comparison.of(Change::Unchanged).count();
    let _ =
        write!(text, "\n{} {unchanged}\n", language.pick("Sans changement\u{a0}:", "Unchanged:"));
    text
}

fn difference_line(difference: &Difference, ink: Ink, language: Language) -> String {
    let sign = |verdict: Option<Verdict>| {
        verdict.map_or_else(|| "·".to_owned(), |v| ink.verdict(v, v.sign()))
    };
    let name = language.owned(difference.id.title());
    let code = difference.told_code();
    let what = code.map(|code| format!(" — {}", language.of(&code.title()))).unwrap_or_default();
    let (old, new) = (sign(difference.old), sign(difference.new));
    format!("  {old} → {new}  {name} · {}{what}", difference.target)
}
