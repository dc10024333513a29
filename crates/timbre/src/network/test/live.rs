//! A run as it goes: a bar on a terminal, with a line for each problem as soon as it is found; silence elsewhere.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use timbre_network_test::print::{self, Settings};
use timbre_network_test::{Check, Event, Verdict};
use timbre_postage::Language;

use super::paper::Paper;
use crate::cli::{answer, say};

/// What is shown while a run goes on, and what it has found so far.
pub(super) struct Live {
    bar: ProgressBar,
    settings: Settings,
    is_streamed: bool,
    checks: Mutex<Vec<Check>>,
}

impl Live {
    pub(super) fn new(paper: &Paper) -> Live {
        // Drawn on standard error, and only when that is a terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(12));
        let style = ProgressStyle::with_template("{spinner} {bar:32} {pos}/{len}  {wide_msg}")
            .expect("invariant: the template is a constant and reads");
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_millis(250));
        let is_coloured = paper.settings.is_coloured;
        let settings = Settings { is_coloured, ..paper.settings.clone() };
        let is_streamed = paper.is_streamed();
        Live { bar, settings, is_streamed, checks: Mutex::default() }
    }

    /// Takes an event in.
    pub(super) fn event(&self, event: &Event) {
        if self.is_streamed {
            let line = print::event_line(event);
            let language = self.settings.language;
            let language = language.pick(Language::French, Language::English);
            self.bar.suspend(|| answer(&(line + "\n"), language));
        }
        match event {
            Event::Started { checks } => self.bar.set_length(u64::try_from(*checks).unwrap_or(0)),
            Event::Begun { id, target } => {
                let title = id.title();
                let name = self.settings.language.of(&title).to_owned();
                self.bar.set_message(format!("{name} · {target}"));
            }
            Event::Done { check } => self.done(check),
            Event::Finished { .. } => self.bar.finish_and_clear(),
        }
    }

    fn done(&self, check: &Check) {
        self.bar.inc(1);
        // A required thing that fails is worth a line at once; the report has the last word on the rest.
        if check.verdict == Verdict::Fail && !self.bar.is_hidden() {
            let line = print::check_line(check, &self.settings);
            self.bar.suspend(|| say(&line));
        }
        if let Ok(mut checks) = self.checks.lock() {
            checks.push(check.clone());
        }
    }

    /// The checks that were made until now, by number.
    pub(super) fn checks(&self) -> Vec<Check> {
        let mut checks = self.checks.lock().map(|checks| checks.clone()).unwrap_or_default();
        checks.sort_by_key(|check| check.number);
        checks
    }
}
