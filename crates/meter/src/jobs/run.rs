//! One run from its first piece to its last, through whatever stops it.
//!
//! For each piece: price, pay (durable), print, and now and then confirm to the device that what was
//! printed is on disk. The device's journal says which pieces are paid, so a run that was cut anywhere
//! goes on without paying or losing one. Funds are refilled only when they run out, never otherwise.

use std::collections::BTreeMap;

use timbre_indicium::Mark;
use timbre_postage::{Amount, Language};

use super::RunOptions;
use super::course::Course;
use super::estimate::{is_of_the_piece, refused, rejection};
use super::source::{Row, Source};
use super::state::{self, Job, Start};
use super::summary::{Progress, RunSummary, Stopped, Totals};
use super::write_csv::{FrankedFile, RejectedFile};
use crate::directory::create_folder;
use crate::error::{MeterError, Refusal, RunRefusal};
use crate::meter::{Meter, RefillReceipt};
use crate::piece::PieceRequest;
use crate::trigger::{Task, Trigger, plan};

/// So many marks are made durable together: one flush of all costs little more than one of each.
const SETTLE_EVERY: usize = 32;

/// A piece of this run that the journal knows as paid.
pub(crate) struct Done {
    pub(crate) record: u64,
    pub(crate) mark: Mark,
    pub(crate) table: String,
    pub(crate) printed: bool,
}

/// By row.
pub(crate) type DoneRows = BTreeMap<u32, Done>;

impl Meter {
    /// Runs `source` to its end, or to what stops it.
    pub(crate) async fn run(
        &mut self,
        source: &dyn Source,
        options: &RunOptions,
        progress: &mut dyn Progress,
    ) -> Result<RunSummary, Stopped> {
        let mut course = self.start(source, options, progress)?;
        let mut ended = self.go_through(source, options, &mut course, progress).await;
        if ended.is_ok() {
            ended = self.finish(&mut course);
        }
        match ended {
            Ok(()) => Ok(course.summary()),
            Err(why) => {
                // What is already printed is worth keeping; the reason to stop is worth more than a
                // failure to do so, which the journal makes good the next time.
                let _kept = self.settle(&mut course);
                if course.printer.keeps() {
                    let _told = course.write_reports();
                }
                Err(Stopped { why, so_far: Some(Box::new(course.summary())) })
            }
        }
    }

    fn start(
        &mut self,
        source: &dyn Source,
        options: &RunOptions,
        progress: &mut dyn Progress,
    ) -> Result<Course, MeterError> {
        let jobs = self.directory().jobs();
        let known = state::known(&jobs, &source.identity())?;
        let done = self.done_rows(known.unfinished.as_ref())?;
        let estimate = self.estimate_of(source, options, &known, &done)?;
        if options.strict
            && let Some(first) = estimate.rejected.first()
        {
            let place = format!("{}:{}", source.file().display(), first.line);
            let first = format!("{place}: {}", first.reason.text(Language::English));
            return Err(RunRefusal::Strict { rejected: estimate.rejected.len(), first }.into());
        }
        progress.estimated(&estimate);
        let resumed = known.unfinished.is_some();
        let total = estimate.pieces
            + u32::try_from(estimate.rejected.len() + done.len()).unwrap_or(u32::MAX);
        let job = known.job(
            &jobs,
            Start {
                identity: source.identity(),
                file: source.file(),
                wanted: options.output.as_deref(),
                default_output: &self.output_folder(),
                total,
                now: self.now(),
                after_record: self.record_sequence(),
            },
        )?;
        create_folder(&job.output)?;
        let printer = source.printer(&job.output)?;
        let currency = self.registers().descending.currency();
        Ok(Course {
            printer,
            done,
            resumed,
            repeat_of: estimate.repeat_of,
            printed: Vec::new(),
            totals: Totals::new(Amount::zero(currency)),
            printed_again: 0,
            refills: Vec::new(),
            rejected: Vec::new(),
            rejected_file: RejectedFile::new(
                source.header(),
                source.delimiter(),
                self.settings().language,
            ),
            franked_file: FrankedFile::new(),
            output: None,
            job,
        })
    }

    async fn go_through(
        &mut self,
        source: &dyn Source,
        options: &RunOptions,
        course: &mut Course,
        progress: &mut dyn Progress,
    ) -> Result<(), MeterError> {
        for row in source.rows() {
            if !progress.keep_going() {
                return Err(RunRefusal::Interrupted.into());
            }
            match &row.request {
                Err((place, reason)) => {
                    course.reject(&row, rejection(&row, place, reason.clone()), progress);
                }
                Ok(request) => match course.done.remove(&row.number) {
                    Some(done) => self.take_up(&row, request, &done, course)?,
                    None => self.piece(source, &row, request, options, course, progress).await?,
                },
            }
            progress.piece(row.number, course.job.total);
        }
        Ok(())
    }

    /// A piece that was paid before the run was interrupted: printed if it was not, never paid again.
    fn take_up(
        &mut self,
        row: &Row,
        request: &PieceRequest,
        done: &Done,
        course: &mut Course,
    ) -> Result<(), MeterError> {
        if !done.printed || !course.printer.keeps() {
            let picture = self.picture(done.record, &done.mark)?;
            // It may have been cut between printing and saying so: then only that is left to do.
            if !course.printer.has(row, &picture) {
                if !done.printed {
                    self.release_again(done.record)?;
                    course.printed_again += 1;
                }
                course.print(row, done.record, &picture)?;
            }
            if !done.printed {
                course.printed.push(done.record);
            }
            self.settle_now_and_then(course)?;
        }
        course.count(row, request, &done.mark, &done.table)
    }

    /// A piece that is not paid yet.
    async fn piece(
        &mut self,
        source: &dyn Source,
        row: &Row,
        request: &PieceRequest,
        options: &RunOptions,
        course: &mut Course,
        progress: &mut dyn Progress,
    ) -> Result<(), MeterError> {
        let memo_job = Some((course.job.id.job(), row.number));
        let mut refilled = false;
        let paid = loop {
            match self.pay(request, &options.franking, memo_job) {
                Ok(paid) => break paid,
                Err(error) if is_of_the_piece(&error) => {
                    course.reject(row, refused(source, row, &error), progress);
                    return Ok(());
                }
                Err(MeterError::Refusal(Refusal::Device(
                    timbre_psd::Refusal::InsufficientFunds { amount, available },
                ))) => {
                    let out = RunRefusal::FundsOut { needed: amount, available };
                    // A refill that was not enough once will not be enough twice.
                    if refilled {
                        return Err(out.into());
                    }
                    // What is printed is settled first: a refill takes as long as the network does.
                    self.settle(course)?;
                    let receipt = self.refill_for_run().await?.ok_or(out)?;
                    progress.refilled(&receipt);
                    course.refills.push(receipt);
                    refilled = true;
                }
                Err(error) => return Err(error),
            }
        };
        let picture = self.picture(paid.record, &paid.mark)?;
        course.print(row, paid.record, &picture)?;
        course.printed.push(paid.record);
        self.settle_now_and_then(course)?;
        course.count(row, request, &paid.mark, &paid.table)
    }

    fn settle_now_and_then(&mut self, course: &mut Course) -> Result<(), MeterError> {
        if course.printed.len() >= SETTLE_EVERY { self.settle(course) } else { Ok(()) }
    }

    /// Confirms to the device what is durably printed.
    fn settle(&mut self, course: &mut Course) -> Result<(), MeterError> {
        if !course.printed.is_empty() && course.printer.settle()? {
            self.complete(&mut course.printed)?;
        }
        Ok(())
    }

    /// Funds are out: a refill, if the settings want one.
    async fn refill_for_run(&mut self) -> Result<Option<RefillReceipt>, MeterError> {
        // A pending refill comes first; if it turns out never to have happened, there is still the other.
        for _ in 0..2 {
            match plan(Trigger::FundsLow, &self.snapshot()).first() {
                Some(Task::Refill(amount)) => return self.refill(*amount).await.map(Some),
                Some(Task::ResumeRefill) => {
                    if let Some(receipt) = self.resume_refill().await? {
                        return Ok(Some(receipt));
                    }
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn finish(&mut self, course: &mut Course) -> Result<(), MeterError> {
        course.output = Some(course.printer.finish()?);
        self.complete(&mut course.printed)?;
        course.write_reports()?;
        course.job.finished = Some(self.now());
        course.job.save(&self.directory().jobs())
    }

    pub(super) fn done_rows(&self, unfinished: Option<&Job>) -> Result<DoneRows, MeterError> {
        match unfinished {
            Some(job) => self.pieces_of(job.id.job(), job.after_record),
            None => Ok(DoneRows::new()),
        }
    }
}
