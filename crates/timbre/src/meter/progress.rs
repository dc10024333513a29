//! The bar of a run: on a terminal it shows how far the run is; elsewhere it is silent.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use timbre_meter::{Estimate, Progress, RefillReceipt, Rejection};
use timbre_postage::Language;

use super::story::line_of;

/// Draws a run on standard error.
pub(crate) struct Bar {
    bar: ProgressBar,
    file: String,
    language: Language,
    /// Only the bar: the rows that are set aside are told at the end.
    is_quiet: bool,
}

impl Bar {
    /// A bar alone.
    pub(crate) fn quiet(file: &Path, language: Language) -> Self {
        Bar { is_quiet: true, ..Bar::new(file, language) }
    }

    /// A bar, and above it a line for whatever a person should know at once.
    pub(crate) fn new(file: &Path, language: Language) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(12));
        let style = ProgressStyle::with_template("{bar:32} {pos}/{len}  {per_sec}  {eta}  {msg}")
            .expect("the template is a constant and reads");
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_millis(250));
        Bar { bar, file: file.display().to_string(), language, is_quiet: false }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, text: String) {
        if self.is_quiet {
            return;
        }
        // `suspend` keeps the line apart from the bar, and prints it even when no bar is drawn.
        self.bar.suspend(|| anstream::eprintln!("{text}"));
    }
}

impl Progress for Bar {
    fn estimated(&mut self, estimate: &Estimate) {
        self.bar.set_length(u64::from(estimate.pieces));
        if let Some(missing) = estimate.missing {
            let [missing, all] =
                [missing, estimate.amount].map(|amount| amount.format(self.language));
            self.line(self.language.pick(
                format!("Attention : le tout coûte {all}; il manque {missing} de fonds."),
                format!("Note: all of it costs {all}; funds are {missing} short."),
            ));
        }
    }

    fn piece(&mut self, done: u32, total: u32) {
        self.bar.set_length(u64::from(total));
        self.bar.set_position(u64::from(done));
    }

    fn rejected(&mut self, rejection: &Rejection) {
        self.line(line_of(&self.file, rejection, self.language));
    }

    fn refilled(&mut self, receipt: &RefillReceipt) {
        let [added, now] =
            [receipt.amount, receipt.available].map(|amount| amount.format(self.language));
        self.line(self.language.pick(
            format!("Recharge : {added} ajoutés; {now} disponibles."),
            format!("Refilled: {added} added; {now} available."),
        ));
    }
}
