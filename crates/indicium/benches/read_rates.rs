//! `cargo xtask read-rates`: how many marks of the corpus are read at each level of each harm, by this program,
//! by zxing-cpp and by libdmtx, on the same pictures; and how much processor time each takes (libdmtx with the
//! start of its program and the opening of the file). It measures and judges nothing; the floors are in the
//! tests.

#![expect(clippy::unwrap_used, reason = "a benchmark that meets trouble stops")]

#[path = "../tests/integration/corpus.rs"]
mod corpus;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/integration/golden.rs"]
mod golden;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use image::{GrayImage, Luma, RgbImage};
use timbre_indicium::scan::Picture;

use self::corpus::{Dice, Harm, Sheet, WORST};

/// The dots per inch at which envelopes are scanned.
const SCANNED: [u32; 3] = [200, 300, 600];
/// How long libdmtx may look at a picture.
const LIMIT: &str = "--milliseconds=1500";
const READERS: [&str; 3] = ["timbre", "zxing-cpp", "libdmtx"];

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let quick = arguments.iter().any(|word| word == "--quick");
    let alone = arguments.iter().any(|word| word == "--alone");
    let keep = arguments.iter().find_map(|word| word.strip_prefix("--keep=")).map(PathBuf::from);
    let part = arguments.iter().find(|word| !word.starts_with("--"));
    let marks = if quick { 1 } else { 3 };
    let sheets: Vec<Sheet> =
        (0..marks).flat_map(|seed| SCANNED.map(|dpi| Sheet::print(seed, dpi))).collect();
    let mut bench = Bench::new(!alone, keep);
    println!("{} pictures a level ({marks} marks at {SCANNED:?} dpi)\n", sheets.len());
    println!("| harm, at levels 0 to {WORST} | reader | 0 | 1 | 2 | 3 | 4 | 5 |");
    println!("|---|---|---|---|---|---|---|---|");
    for harm in Harm::ALL {
        if part.is_none_or(|part| format!("{harm:?}").to_lowercase().contains(&part.to_lowercase()))
        {
            bench.harm(harm, &sheets);
        }
    }
    if part.is_none() {
        bench.several(&sheets);
    }
    bench.times();
}

struct Bench {
    folder: tempfile::TempDir,
    zxing: Option<Zxing>,
    keep: Option<PathBuf>,
    taken: [Vec<Duration>; 3],
    clean: [Vec<Duration>; 3],
    wrong: [usize; 3],
}

impl Bench {
    fn new(judges: bool, keep: Option<PathBuf>) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        Bench {
            folder,
            zxing: judges.then(Zxing::start),
            keep,
            taken: Default::default(),
            clean: Default::default(),
            wrong: [0; 3],
        }
    }

    fn harm(&mut self, harm: Harm, sheets: &[Sheet]) {
        let mut read = [[0usize; 3]; WORST + 1];
        for (level, read) in read.iter_mut().enumerate() {
            for (index, sheet) in sheets.iter().enumerate() {
                let mut dice = Dice::of((harm as u64) << 16 | (level as u64) << 8 | index as u64);
                let picture = harm.done_to(sheet, level, &mut dice);
                let payload = sheet.mark.payload().to_vec();
                let found = self.all(&picture, &[payload], level == 0);
                if found[0] == 0
                    && let Some(keep) = &self.keep
                {
                    std::fs::create_dir_all(keep).unwrap();
                    picture
                        .save(keep.join(format!("{harm:?}-{level}-{}-{index}.png", sheet.dpi)))
                        .unwrap();
                }
                for (reader, found) in found.into_iter().enumerate() {
                    read[reader] += found;
                }
            }
        }
        self.rows(harm.name(), &read, sheets.len());
    }

    /// Pages with one to six marks.
    fn several(&mut self, sheets: &[Sheet]) {
        let mut read = [[0usize; 3]; WORST + 1];
        for (level, read) in read.iter_mut().enumerate() {
            let of_one: Vec<&Sheet> =
                sheets.iter().filter(|sheet| sheet.dpi == 200).cycle().take(level + 1).collect();
            // A mark that stands there twice is one.
            let mut payloads: Vec<Vec<u8>> =
                of_one.iter().map(|sheet| sheet.mark.payload().to_vec()).collect();
            payloads.dedup();
            payloads.truncate(sheets.len() / SCANNED.len());
            let page = corpus::several(&of_one, &mut Dice::of(level as u64));
            let found = self.all(&page, &payloads, false);
            for (reader, found) in found.into_iter().enumerate() {
                read[reader] = found * 100 / payloads.len();
            }
        }
        self.rows("1, 2, 3, 4, 5, 6 marks on a page at any angle", &read, 100);
    }

    fn rows(&self, name: &str, read: &[[usize; 3]; WORST + 1], of: usize) {
        for (index, reader) in READERS.iter().enumerate() {
            if self.zxing.is_none() && *reader != READERS[0] {
                break;
            }
            let cells: Vec<String> =
                read.iter().map(|level| format!("{}", level[index] * 100 / of)).collect();
            let name = if *reader == READERS[0] { name } else { "" };
            println!("| {name} | {reader} | {} |", cells.join(" | "));
        }
        std::io::stdout().flush().unwrap();
    }

    /// How many of the payloads each reader reads.
    fn all(&mut self, picture: &RgbImage, payloads: &[Vec<u8>], clean: bool) -> [usize; 3] {
        let before = processor_time();
        let ours: Vec<Vec<u8>> = Picture::from_rgb(picture.clone()).unwrap().marks().map_or_else(
            |_| Vec::new(),
            |marks| marks.iter().map(|mark| mark.payload().to_vec()).collect(),
        );
        let ours = (processor_time() - before, ours);
        let mut results = vec![ours];
        if let Some(zxing) = &mut self.zxing {
            let file = self.folder.path().join("scan.png");
            let ink: GrayImage = ink(picture);
            ink.save(&file).unwrap();
            results.push(zxing.read(&file));
            results.push(libdmtx(&file, payloads));
        }
        let mut read = [0; 3];
        for (reader, (time, found)) in results.into_iter().enumerate() {
            let times = if clean { &mut self.clean[reader] } else { &mut self.taken[reader] };
            times.push(time);
            read[reader] = payloads.iter().filter(|payload| found.contains(payload)).count();
            self.wrong[reader] += found.iter().filter(|found| !payloads.contains(found)).count();
        }
        read
    }

    fn times(&mut self) {
        println!(
            "\n| reader | clean, p50 / p99 | harmed, p50 / p99 / most | wrong bytes |\n|---|---|---|---|"
        );
        for (reader, name) in READERS.iter().enumerate() {
            let (clean, harmed) = (&mut self.clean[reader], &mut self.taken[reader]);
            if harmed.is_empty() {
                continue;
            }
            clean.sort();
            harmed.sort();
            let at = |times: &[Duration], part: f64| {
                let index = (times.len() as f64 * part) as usize;
                let time = times.get(index.min(times.len().saturating_sub(1)));
                time.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
            };
            println!(
                "| {name} | {:.1} / {:.1} ms | {:.1} / {:.1} / {:.1} ms | {} |",
                at(clean, 0.5),
                at(clean, 0.99),
                at(harmed, 0.5),
                at(harmed, 0.99),
                at(harmed, 1.0),
                self.wrong[reader]
            );
        }
    }
}

/// What this thread took of its processor: what else runs does not count.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// libdmtx's own program, one picture a start.
fn libdmtx(file: &Path, payloads: &[Vec<u8>]) -> (Duration, Vec<Vec<u8>>) {
    let stop = format!("--stop-after={}", payloads.len());
    // The shell knows how much of the processor its child took.
    let timed = r#"TIMEFORMAT='%U %S'; time dmtxread "$@""#;
    let output = Command::new("bash").args(["-c", timed, "bash", &stop, LIMIT]).arg(file).output();
    let output = output.unwrap_or_else(|error| panic!("bash does not start: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    let parts = told.lines().last().unwrap_or_default().split(' ').map(str::parse::<f64>);
    let seconds: f64 = parts
        .map(|part| part.unwrap_or_else(|_| panic!("dmtxread: `cargo xtask setup` ({told})")))
        .sum();
    // It writes one symbol after the other; all are as long as a mark.
    let found = output.stdout.chunks(timbre_indicium::Mark::PAYLOAD_LENGTH).map(<[u8]>::to_vec);
    (Duration::from_secs_f64(seconds), found.collect())
}

/// zxing-cpp under Python, started once.
struct Zxing {
    program: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Zxing {
    fn start() -> Zxing {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut program = Command::new(root.join("../../target/judges/scans/bin/python"))
            .arg(root.join("benches/zxing_cpp.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("zxing-cpp does not start ({error}): `cargo xtask setup`")
            });
        let answers = BufReader::new(program.stdout.take().unwrap());
        Zxing { program, answers }
    }

    fn read(&mut self, file: &Path) -> (Duration, Vec<Vec<u8>>) {
        writeln!(self.program.stdin.as_mut().unwrap(), "{}", file.display()).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let (time, found) = line.trim_end_matches('\n').split_once('\t').unwrap();
        let found = found.split(',').filter(|hex| !hex.is_empty()).map(bytes);
        (Duration::from_secs_f64(time.parse::<f64>().unwrap() / 1000.0), found.collect())
    }
}

impl Drop for Zxing {
    fn drop(&mut self) {
        // Its input ends, so it does.
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The channel in which red ink is dark: readers that know nothing of ink are given this one.
fn ink(picture: &RgbImage) -> GrayImage {
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        Luma([picture.get_pixel(x, y).0[1]])
    })
}
