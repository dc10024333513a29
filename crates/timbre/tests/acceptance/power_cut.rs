//! The power goes at any system call of a real command, and the file system keeps what it had promised and no more.
//!
//! Each command is recorded by the kernel's own account. Then, for every prefix of what it asked, every image that the
//! file system may be left with is put back on the disk and opened: the meter is whole, what was told to anybody still
//! holds, and the command can be given again. `TIMBRE_THOROUGH=1` tries every image in every way, which takes minutes.

mod file_system;
mod recording;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use timbre_meter::{Meter, RunOptions, Status, system_clock};

use self::file_system::{FileSystem, put};
use self::recording::{Call, record};
use crate::site::Site;

const ROWS: u32 = 40;

/// What was known outside when the power went.
#[derive(Clone, Copy)]
struct Known {
    /// The command had given its answer.
    answered: bool,
    /// Something went to the infrastructure after the device had asked for a refill.
    asked: bool,
}

/// A site and what was found out about its commands.
struct Bench {
    site: Site,
    thorough: bool,
    /// The file system forgets what it was asked to make durable: the suite must notice.
    deaf: bool,
}

impl Bench {
    /// In memory: what a disk keeps is this test's to say, so that its flushes need not take any time.
    fn folder() -> TempDir {
        tempfile::tempdir_in("/dev/shm").expect("a folder in memory")
    }

    fn new(site: Site) -> Bench {
        let thorough = std::env::var_os("TIMBRE_THOROUGH").is_some();
        Bench { site, thorough, deaf: false }
    }

    fn watched(&self) -> Vec<PathBuf> {
        vec![self.site.meter_dir(), self.site.path("out")]
    }

    /// Records `command`, which must succeed, and hands images that a cut in it may leave to `judge`, as the files of the
    /// meter: one of `sample`, or all when it is thorough. The command is then as if it had not been interrupted.
    fn cut<const N: usize>(
        &mut self,
        name: &'static str,
        command: [&str; N],
        sample: usize,
        judge: &mut dyn FnMut(&Site, Known) -> Result<(), String>,
    ) {
        let watched = self.watched();
        let mut system = FileSystem::holding(&watched);
        let log = self.site.path("strace.log");
        let (told, calls) = record(&self.site.meter_command(command), &log);
        assert_eq!(told.code(), 0, "{name}: {}{}", told.stdout, told.stderr);
        let mut known = Known { answered: false, asked: false };
        let (mut requested, mut seen, mut count) = (false, HashSet::new(), 0);
        let mut wrong = Vec::new();
        for (number, call) in calls.iter().enumerate() {
            let before = (known.answered, known.asked);
            match call {
                Call::Answered => known.answered |= !told.stdout.is_empty(),
                Call::Sent => known.asked |= requested,
                Call::Write { bytes, .. } if is_refill_request(bytes) => requested = true,
                _ => {}
            }
            if before != (known.answered, known.asked) {
                // What is known outside changes what an image must hold: all are looked at anew.
                seen.clear();
            } else if (self.deaf && matches!(call, Call::Sync { .. })) || !system.take(call) {
                continue;
            }
            for image in system.images(&mut seen) {
                count += 1;
                if !self.thorough && count % sample != 0 {
                    continue;
                }
                put(&image, &watched);
                if let Err(why) = judge(&self.site, known) {
                    let paths: Vec<_> = image.keys().collect();
                    wrong.push(format!("call {number}, {}: {why}\n{paths:?}", call.brief()));
                }
            }
        }
        put(&system.whole(), &watched);
        eprintln!("{name}: {} calls, {count} images, {} wrong", calls.len(), wrong.len());
        for wrong in wrong.iter().take(if self.deaf { 0 } else { 6 }) {
            eprintln!("{wrong}");
        }
        assert_eq!(wrong.is_empty(), !self.deaf, "{name}: {} of {count} images", wrong.len());
    }
}

/// A slot of the journal whose kind says that a refill is asked for: see docs/JOURNAL.md.
fn is_refill_request(bytes: &[u8]) -> bool {
    bytes.len() == 512 && bytes.starts_with(b"TPSD") && bytes[5] == 32
}

fn opened(site: &Site) -> Result<Meter, String> {
    Meter::open(&site.meter_dir(), system_clock())
        .map_err(|error| format!("it does not open: {error}"))
}

fn status(site: &Site) -> Result<Status, String> {
    status_of(&opened(site)?)
}

fn status_of(meter: &Meter) -> Result<Status, String> {
    let status = meter.status().map_err(|error| format!("it has no status: {error}"))?;
    let funds = &status.funds;
    match funds.available.checked_add(funds.used) == Ok(funds.control_sum) {
        true => Ok(status),
        false => Err("the control sum is broken".to_owned()),
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn marks_in(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "png")).collect()
}

/// Whether the picture is all there: a PNG says where it ends.
fn is_whole(mark: &Path) -> bool {
    std::fs::read(mark).is_ok_and(|bytes| bytes.ends_with(b"IEND\xaeB`\x82"))
}

#[test]
fn a_meter_that_is_being_made_is_made_or_can_be_made_again() {
    let mut bench = Bench::new(Site::with_customer_in(Bench::folder()));
    let anchors = bench.site.anchors();
    let address = bench.site.serving.as_ref().unwrap().address.clone();
    let create = ["create", "--serial", "TM0000042", "--connect", &address, "--anchors", &anchors];
    let mut judged = 0;
    let every = if bench.thorough { 5 } else { 4 };
    bench.cut("create", create, 9, &mut |site, known| {
        let certificate = site.meter_dir().join("ca.pem");
        if site.meter_dir().join("meter.toml").exists() {
            ensure(status(site)?.state == "initialised", "it is not new")?;
            let certificate = std::fs::read_to_string(&certificate).unwrap_or_default();
            return ensure(
                certificate.ends_with("-----END CERTIFICATE-----\n"),
                "its root certificate is cut off",
            );
        }
        ensure(!known.answered, "a meter whose enrolment was told is gone")?;
        judged += 1;
        if judged % every != 0 {
            return Ok(());
        }
        let again = site.meter(create);
        ensure(again.code() == 0, &format!("it cannot be made again: {}", again.stderr))?;
        let certificate = std::fs::read_to_string(&certificate).unwrap_or_default();
        ensure(
            certificate.ends_with("-----END CERTIFICATE-----\n"),
            "the root certificate stays cut off",
        )
    });
}

#[test]
fn a_meter_in_service_keeps_what_it_told_anybody_at_every_cut() {
    let mut bench = Bench::new(Site::with_customer_in(Bench::folder()).with_its_meter());
    let state = |site: &Site| status(site).map(|status| status.state);
    bench.cut("install", ["install"], 5, &mut |site, known| match state(site)? {
        "authorised" | "operational" => Ok(()),
        "initialised" => ensure(!known.answered, "it said that it was installed"),
        other => Err(format!("it is {other}")),
    });
    bench.cut("power-on", ["power-on"], 3, &mut |site, known| {
        let status = status(site)?;
        ensure(status.rate_problems.is_empty(), "a rate table is spoilt")?;
        ensure(!known.answered || !status.rates.is_empty(), "the rates that it fetched are gone")
    });
    bench.cut("refill", ["refill", "500"], 4, &mut |site, known| {
        let status = status(site)?;
        let available = status.funds.available.mills();
        let pending = status.pending_refill.map_or(0, |amount| amount.mills());
        ensure(
            [(0, 0), (0, 500_000), (500_000, 0)].contains(&(available, pending)),
            "not one refill",
        )?;
        ensure(
            available + pending > 0 || !known.asked,
            "a refill that was asked for is forgotten",
        )?;
        ensure(available > 0 || !known.answered, "a refill that was told is gone")
    });
    bench.deaf = true;
    franked(&mut bench);
    bench.deaf = false;
    franked(&mut bench);
    run(&mut bench);
    bench.cut("sleep", ["sleep"], 5, &mut |site, known| {
        let status = status(site)?;
        ensure(status.unacknowledged == 0 || !known.answered, "what was acknowledged is forgotten")
    });
    bench.site.expect_reconciled();
}

/// One piece, printed: its mark is there or it is listed, and never is there a mark that is not paid.
fn franked(bench: &mut Bench) {
    let whole = |site: &Site| {
        let marks = marks_in(&site.meter_dir().join("output"));
        marks.into_iter().filter(|mark| is_whole(mark)).count() as u64
    };
    let (before, printed) = (status(&bench.site).unwrap().funds.pieces, whole(&bench.site));
    bench.cut("frank", ["frank", "--weight", "20g"], 7, &mut |site, known| {
        let mut meter = opened(site)?;
        let marks = whole(site) - printed;
        let paid = status_of(&meter)?.funds.pieces - before;
        let waiting = meter.unprinted().map_err(|error| error.to_string())?;
        ensure(marks <= paid, "there is a mark that is not paid")?;
        ensure(
            marks + waiting.len() as u64 >= paid,
            "a piece is paid, not printed and not listed",
        )?;
        ensure(!known.answered || marks == 1, "a mark that was told of is gone")?;
        for piece in waiting.iter().filter(|_| marks == 0) {
            // What is left of the mark's file does not keep it from being printed.
            meter.print_again(piece.record, None).map_err(|error| format!("not again: {error}"))?;
        }
        ensure(whole(site) - printed == paid, "after printing again there is one mark a piece")
    });
}

/// A whole run: the same command goes on, and at its end each row has one mark of its own that was paid once.
fn run(bench: &mut Bench) {
    let csv = bench.site.letters_csv(ROWS);
    let output = bench.site.path("out");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (file, folder) = (text(&csv), text(&output));
    let before = status(&bench.site).unwrap().funds.pieces;
    let mut judged = 0;
    let every = if bench.thorough { 10 } else { 5 };
    let options = RunOptions { output: Some(output.clone()), ..RunOptions::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    bench.cut("run", ["run", &file, "--output", &folder], 101, &mut |site, known| {
        let mut meter = opened(site)?;
        let paid = status_of(&meter)?.funds.pieces - before;
        let waiting = meter.unprinted().map_err(|error| error.to_string())?.len() as u64;
        let marks = marks_in(&output.join("marks"));
        let whole = marks.iter().filter(|mark| is_whole(mark)).count() as u64;
        ensure(whole <= paid, "there is a mark that is not paid")?;
        ensure(whole + waiting >= paid, "a piece is paid, not printed and not listed")?;
        ensure(!known.answered || whole == u64::from(ROWS), "marks that were told of are gone")?;
        let unfinished = !status_of(&meter)?.unfinished_runs.is_empty();
        ensure(unfinished || paid == 0 || whole == u64::from(ROWS), "the run is forgotten")?;
        judged += 1;
        if judged % every != 0 || whole == u64::from(ROWS) && !unfinished {
            return Ok(());
        }
        let gone_on = runtime.block_on(meter.run_csv(&csv, &options, &mut Quiet));
        gone_on.map_err(|stopped| format!("it does not go on: {}", stopped.why))?;
        ensure(status_of(&meter)?.funds.pieces - before == u64::from(ROWS), "a row is paid twice")?;
        let marks: HashSet<Vec<u8>> = marks_in(&output.join("marks"))
            .iter()
            .map(|mark| std::fs::read(mark).unwrap())
            .collect();
        ensure(marks.len() == ROWS as usize, "not every row has a mark of its own")?;
        ensure(status_of(&meter)?.unprinted == 0, "a piece is listed as unprinted for ever")
    });
}

struct Quiet;

impl timbre_meter::Progress for Quiet {}
