//! A report as one file for a browser: no script, nothing loaded from anywhere, readable in the dark, on a telephone, on
//! paper and by a screen reader.

mod figure;

use askama::Template;

use super::sheet::Sheet;
use super::words::{self, COLUMNS};
use super::{Change, Comparison, Difference, Language, Settings};
use crate::{Report, Verdict};

const STYLE: &str = include_str!("style.css");

#[derive(Template)]
#[template(path = "html/report.html")]
struct Page<'a> {
    sheet: Sheet<'a>,
    style: &'static str,
    figure: String,
    counted: String,
}

/// The whole report.
pub(super) fn report(report: &Report, settings: &Settings) -> Result<String, String> {
    let sheet = Sheet::of(report, settings);
    let figure = figure::svg(&sheet.way, settings.language);
    let counted = super::sheet::counted(report, settings.language);
    let page = Page { sheet, style: STYLE, figure, counted };
    page.render().map_err(|error| error.to_string())
}

impl Page<'_> {
    fn pick(&self, french: &'static str, english: &'static str) -> &'static str {
        self.sheet.pick(french, english)
    }

    fn verdict(&self) -> Verdict {
        self.sheet.overall.as_verdict()
    }

    fn badge(&self, verdict: &Verdict) -> String {
        badge(*verdict, self.sheet.language)
    }

    fn colon(&self) -> &'static str {
        self.pick("\u{a0}:", ":")
    }

    fn columns(&self) -> [&'static str; COLUMNS.len()] {
        COLUMNS
    }

    /// The class and the sign of the whole.
    fn class(&self) -> &'static str {
        class(self.verdict())
    }

    fn counts(&self, lines: &[super::sheet::Line<'_>]) -> String {
        let language = self.sheet.language;
        let (one, many) = language.pick(("vérification", "vérifications"), ("check", "checks"));
        let all = words::count(lines.len(), one, many, language);
        let wrong = lines.iter().filter(|line| line.verdict.is_problem()).count();
        if wrong == 0 {
            return all;
        }
        language.pick(format!("{all}, dont {wrong} à voir"), format!("{all}, {wrong} to look at"))
    }
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::Skip => "skip-v",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// The sign and the word of a verdict; both are constants without any mark-up.
fn badge(verdict: Verdict, language: Language) -> String {
    let (class, sign, word) = (class(verdict), verdict.sign(), verdict.word(language));
    format!("<span class=\"badge {class}\"><span aria-hidden=\"true\">{sign} </span>{word}</span>")
}

#[derive(Template)]
#[template(path = "html/comparison.html")]
struct Changes<'a> {
    language: Language,
    style: &'static str,
    comparison: &'a Comparison,
    sides: [Told; 2],
    groups: Vec<(&'static str, Vec<&'a Difference>)>,
    unchanged: usize,
}

/// A report of the two, in words.
struct Told {
    label: &'static str,
    badge: String,
    id: String,
    moment: String,
    catalogue: String,
}

/// What changed between two reports.
pub(super) fn comparison(comparison: &Comparison, settings: &Settings) -> Result<String, String> {
    let language = settings.language;
    let labels = [language.pick("Avant", "Before"), language.pick("Après", "After")];
    let sides = [(&comparison.old, labels[0]), (&comparison.new, labels[1])];
    let page = Changes {
        language,
        style: STYLE,
        comparison,
        sides: sides.map(|(side, label)| Told {
            label,
            badge: overall(side.verdict, language),
            id: side.id.clone(),
            moment: words::moment(side.started, language),
            catalogue: side.catalogue.clone(),
        }),
        groups: Change::SHOWN
            .into_iter()
            .map(|change| (change.title(language), comparison.of(change).collect::<Vec<_>>()))
            .filter(|(_, differences)| !differences.is_empty())
            .collect(),
        unchanged: comparison.of(Change::Unchanged).count(),
    };
    page.render().map_err(|error| error.to_string())
}

fn overall(overall: crate::Overall, language: Language) -> String {
    let verdict = overall.as_verdict();
    let word = super::sheet::headline(overall, language);
    let (class, sign) = (class(verdict), verdict.sign());
    format!("<span class=\"badge {class}\"><span aria-hidden=\"true\">{sign} </span>{word}</span>")
}

impl Changes<'_> {
    fn pick(&self, french: &'static str, english: &'static str) -> &'static str {
        self.language.pick(french, english)
    }

    fn cell(&self, verdict: &Option<Verdict>) -> String {
        verdict.map_or_else(|| "–".to_owned(), |verdict| badge(verdict, self.language))
    }

    fn name(&self, difference: &Difference) -> String {
        self.language.owned(difference.id.title()).into_owned()
    }

    fn what(&self, difference: &Difference) -> String {
        let code = difference.told_code();
        code.map(|code| self.language.of(&code.title()).to_owned()).unwrap_or_default()
    }
}
