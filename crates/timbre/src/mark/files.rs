//! Scans as they lie on a disk: pictures, PDF files and folders of them, read on all processors. What cannot be
//! read comes with the reason and what to do, and stops nothing else.
//!
//! Memory is bounded: a processor holds one picture at a time, and results are handed on in the order of the
//! files as they come.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use timbre_indicium::format::Published;
use timbre_indicium::pdf::{self, PageImage};
use timbre_indicium::scan::{Picture, Reading, ScanError};
use timbre_postage::Language;

use crate::cli::{in_english, in_french};
use crate::outcome::{Failure, Kind};

/// Names that a folder is searched for.
const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "pdf"];
/// Folders within folders that are entered.
const DEPTH: usize = 64;

/// Which scans.
#[derive(Args)]
pub(crate) struct FileArgs {
    /// Pictures (PNG, JPEG), PDF files, and folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// Search the folders within folders too
    #[arg(long)]
    recursive: bool,
}

/// What one picture, or one page of a PDF, showed.
pub(crate) struct Scan {
    /// The file, and the page of a PDF.
    pub(crate) place: String,
    pub(crate) result: Result<Vec<Reading>, Unread>,
}

/// Why there is nothing, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    pub(crate) code: &'static str,
    pub(crate) fr: String,
    pub(crate) en: String,
    /// The environment failed, not the scan.
    is_fault: bool,
}

impl Unread {
    /// A symbol that is not ours to judge.
    pub(crate) fn of_another_operator(published: &Published) -> Unread {
        let name = published.format();
        Unread {
            code: "cannot-be-judged",
            fr: format!(
                "{}\u{a0}: seul son exploitant peut dire si c’est authentique; timbre mark show en montre les champs",
                name.name(Language::French)
            ),
            en: format!(
                "{}: only its operator can tell whether it is genuine; timbre mark show shows its fields",
                name.name(Language::English)
            ),
            is_fault: false,
        }
    }

    fn of_scan(error: &ScanError) -> Unread {
        let [fr, en] = [Language::French, Language::English].map(|at| error.message(at));
        Unread { code: error.code(), fr, en, is_fault: false }
    }

    fn of_file(error: &io::Error) -> Unread {
        let (fr, en) = (in_french(error), in_english(error));
        Unread { code: "unreadable-file", fr, en, is_fault: true }
    }

    /// The failure of a command that was about this scan alone.
    pub(crate) fn failure(&self, place: &str) -> Failure {
        let (kind, code) =
            if self.is_fault { (Kind::Fault, self.code) } else { (Kind::Refusal, "no-mark") };
        let (fr, en) = if self.is_fault {
            (format!("{place}\u{a0}: {}", self.fr), format!("{place}: {}", self.en))
        } else {
            (
                format!("{place}\u{a0}: aucune empreinte lue ({})", self.fr),
                format!("{place}: no mark read ({})", self.en),
            )
        };
        Failure::new(kind, code, fr, en)
    }
}

impl FileArgs {
    /// Hands every scan to `each`, in the order of the files, until it says that it has enough.
    ///
    /// # Errors
    /// If a folder that was named cannot be searched, or holds no scan.
    pub(crate) fn read(
        &self,
        language: Language,
        mut each: impl FnMut(Scan) -> bool,
    ) -> Result<(), Failure> {
        let files = self.list()?;
        let bar = progress(files.len(), language);
        in_parallel(&files, &bar, &mut each);
        bar.finish_and_clear();
        Ok(())
    }

    /// The files, folders opened.
    fn list(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for path in &self.files {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let before = files.len();
            let depth = if self.recursive { DEPTH } else { 0 };
            search(path, depth, &mut files).map_err(|(folder, error)| {
                Unread::of_file(&error).failure(&folder.display().to_string())
            })?;
            if files.len() == before {
                let folder = path.display();
                return Err(Failure::new(
                    Kind::Refusal,
                    "no-scans",
                    format!(
                        "{folder}\u{a0}: aucun fichier PNG, JPEG ou PDF (--recursive cherche aussi dans les sous-dossiers)"
                    ),
                    format!(
                        "{folder}: no PNG, JPEG or PDF file in it (--recursive searches the folders within it too)"
                    ),
                ));
            }
        }
        Ok(files)
    }
}

/// Adds the scans of a folder in the order of their names. A link to a folder is not followed: it may lead
/// back.
fn search(
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, io::Error)> {
    let at = |error| (folder.to_owned(), error);
    let mut entries = Vec::new();
    for entry in folder.read_dir().map_err(at)? {
        let entry = entry.map_err(at)?;
        entries.push((entry.path(), entry.file_type().map_err(at)?));
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    for (path, kind) in entries {
        if kind.is_dir() {
            if depth > 0 {
                search(&path, depth - 1, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads files on all processors and hands on the results in order.
fn in_parallel(files: &[PathBuf], bar: &ProgressBar, each: &mut impl FnMut(Scan) -> bool) {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let (next, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, results) = mpsc::sync_channel(2 * workers);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (next, enough, sender) = (&next, &enough, sender.clone());
            scope.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(index) else { return };
                    if sender.send((index, read_file(file))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut early, mut due) = (BTreeMap::new(), 0);
        for (index, scans) in results {
            early.insert(index, scans);
            while let Some(scans) = early.remove(&due) {
                due += 1;
                bar.set_position(due as u64);
                if !scans.into_iter().all(&mut *each) {
                    // Workers end with the scan that they are at; the channel closes when this loop ends.
                    enough.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    });
}

fn read_file(file: &Path) -> Vec<Scan> {
    let place = file.display().to_string();
    let result = match std::fs::read(file) {
        Err(error) => Err(Unread::of_file(&error)),
        Ok(bytes) if bytes.starts_with(b"%PDF") => return read_pdf(&place, &bytes),
        Ok(bytes) => Picture::open(&bytes)
            .and_then(|picture| picture.read())
            .map_err(|error| Unread::of_scan(&error)),
    };
    vec![Scan { place, result }]
}

/// The pages of a PDF on which something was read. A page holds logos and photographs too: only a document
/// without any symbol is worth a word.
fn read_pdf(place: &str, bytes: &[u8]) -> Vec<Scan> {
    let images = match pdf::images(bytes) {
        Ok(images) => images,
        Err(error) => {
            let [fr, en] = [Language::French, Language::English].map(|at| error.message(at));
            let unread = Unread { code: error.code(), fr, en, is_fault: false };
            return vec![Scan { place: place.to_owned(), result: Err(unread) }];
        }
    };
    let mut pages: BTreeMap<usize, Vec<Reading>> = BTreeMap::new();
    let mut last = Unread::of_scan(&ScanError::NoSymbol);
    for PageImage { page, pixels } in images {
        match pixels {
            Ok(pixels) => match Picture::from_gray(pixels).and_then(|picture| picture.read()) {
                Ok(readings) => pages.entry(page).or_default().extend(readings),
                Err(error) => last = Unread::of_scan(&error),
            },
            Err(fault) => {
                let text = fault.to_string();
                last = Unread { code: "pdf-picture", fr: text.clone(), en: text, is_fault: false };
            }
        }
    }
    if pages.is_empty() {
        return vec![Scan { place: place.to_owned(), result: Err(last) }];
    }
    let scan =
        |(page, readings)| Scan { place: format!("{place}:{}", page + 1), result: Ok(readings) };
    pages.into_iter().map(scan).collect()
}

/// A bar on a terminal, for what takes a while; elsewhere nothing.
fn progress(files: usize, language: Language) -> ProgressBar {
    if files < 2 {
        return ProgressBar::hidden();
    }
    let target = ProgressDrawTarget::stderr_with_hz(12);
    let bar = ProgressBar::with_draw_target(Some(files as u64), target);
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len}  {per_sec}  {eta}  {msg}")
        .expect("the template is a constant and reads");
    bar.set_style(style);
    bar.set_message(language.pick("lecture", "reading"));
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
