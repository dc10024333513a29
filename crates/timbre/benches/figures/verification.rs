//! Verification at the sorting centre: what the rules, the meters in memory and the store of copies cost beside the bare
//! check of a signature, and how long an answer takes when two thousand pieces a second come in.
//!
//! The pieces are judged in this process, without the network: every mark is of another piece, signed by one of a thousand
//! meters, and is durably noted before it counts.

mod store;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use timbre_indicium::verify::{
    self, DateWindow, Evidence, KnownKey, KnownMeter, Progress, ScannedPiece,
};
use timbre_indicium::{Mark, MarkData, MarkKind, RateTableTag};
use timbre_infrastructure::sorting::{Post, ScannedItem, SortingRules, Verifier};
use timbre_infrastructure::{Config, Staff};
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys};
use timbre_postage::{IndiciaNumber, MeterSerial};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Ground;
use crate::device::dollars;
use crate::figure::{Aim, Figure, Quantity};
use crate::machine;
use crate::measure::{Contender, Times, in_turns};
use crate::postgres::Postgres;

const METERS: u32 = 1000;
/// What comes in of a second, five times a national peak.
const OFFERED: u32 = 2000;
const SECONDS: u32 = 15;
const TOGETHER: usize = 32;
const ROUNDS: usize = 5;
const IN_A_ROUND: usize = 4000;

/// A meter of the figures: its key, and what it printed so far.
struct Franker {
    serial: MeterSerial,
    keys: MemoryKeys,
    pieces: u64,
}

impl Franker {
    fn new(number: u32) -> Result<Franker> {
        let keys = MemoryKeys::generate(&[KeyRole::Device, KeyRole::Indicium])?;
        Ok(Franker { serial: MeterSerial::new(number)?, keys, pieces: 0 })
    }

    fn frank(&mut self, day: Date) -> Result<Mark> {
        self.pieces += 1;
        let price = dollars(1);
        let spent = dollars(i64::try_from(self.pieces)?);
        let data = MarkData {
            kind: MarkKind::Postage,
            serial: self.serial,
            indicia_number: IndiciaNumber::new(self.serial.number())?,
            pieces: self.pieces,
            amount: price,
            date: day,
            ascending: spent,
            descending: dollars(store::FUNDS).checked_sub(spent)?,
            product: 101,
            postal_code: store::POSTAL_CODE.parse()?,
            weight_grams: 27,
            rate_table: RateTableTag::of("figures"),
            key_id: self.keys.public_key(KeyRole::Indicium)?.key_id(),
        };
        Ok(Mark::sign(data, &self.keys)?)
    }

    fn known(&self, day: Date) -> Result<KnownMeter> {
        let key = self.keys.public_key(KeyRole::Indicium)?;
        Ok(KnownMeter {
            serial: self.serial,
            indicia_number: IndiciaNumber::new(self.serial.number())?,
            postal_codes: vec![store::POSTAL_CODE.parse()?],
            keys: vec![KnownKey { key, valid_from: day, valid_until: None }],
            interruptions: Vec::new(),
            control_sums: vec![dollars(0), dollars(store::FUNDS)],
        })
    }
}

/// On SQLite, with as many marks as were asked for.
pub(crate) fn on_sqlite(ground: &Ground) -> Result<Vec<Figure>> {
    let mut figures = rules(ground)?;
    for millions in &ground.marks {
        let config = Config::for_directory(ground.dir.join(format!("sqlite-{millions}")));
        let what = format!("SQLite, {millions} M marks");
        figures.extend(on(ground, config, &what, u64::from(*millions))?);
    }
    Ok(figures)
}

/// On a PostgreSQL of its own, with the least.
pub(crate) fn on_postgresql(ground: &Ground) -> Result<Vec<Figure>> {
    let postgres = Postgres::start()?;
    let millions = ground.marks.iter().copied().min().unwrap_or(1);
    let mut config = Config::for_directory(ground.dir.join("postgresql"));
    config.database = postgres.new_database("sorting")?.parse()?;
    on(ground, config, &format!("PostgreSQL, {millions} M marks"), u64::from(millions))
}

/// The rules alone, everything they need at hand.
fn rules(ground: &Ground) -> Result<Vec<Figure>> {
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let mut franker = Franker::new(1)?;
    let (known, key) = (franker.known(today)?, franker.keys.public_key(KeyRole::Indicium)?);
    let marks: Vec<Mark> = (0..1000).map(|_| franker.frank(today)).collect::<Result<_>>()?;
    let count = ground.amount(IN_A_ROUND);
    let mut contenders = [
        Contender::new(|| {
            let mut marks = marks.iter().cycle();
            Times::of(count, || Ok(marks.next().map_or(Ok(()), |mark| mark.verify(&key))?))
        }),
        Contender::new(|| {
            let mut marks = marks.iter().cycle();
            Times::of(count, || {
                let mark = std::slice::from_ref(marks.next().expect("invariant: without end"));
                let price = Some(dollars(1));
                let piece = ScannedPiece { marks: mark, scanned_on: today, price, posted_in: &[] };
                let evidence = [Evidence {
                    meter: Some(&known),
                    progress: Progress::default(),
                    ..Evidence::default()
                }];
                ensure!(verify::judge(&piece, &evidence, DateWindow::default()).is_accepted());
                Ok(())
            })
        }),
    ];
    in_turns(ground.amount(ROUNDS), &mut contenders)?;
    let [bare, rules] = &contenders;
    let figure = Figure::new("verdicts by the rules, one core", Quantity::PerSecond(rules.rate()));
    Ok(vec![
        figure
            .beside_at(
                "bare ECDSA P-256 verifications, one core",
                Quantity::PerSecond(bare.rate()),
                rules.ratio_to(bare),
            )
            .aim(Aim::OfReference(0.8)),
    ])
}

fn on(ground: &Ground, config: Config, what: &str, millions: u64) -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    let mut frankers: Vec<Franker> = (1..=METERS).map(Franker::new).collect::<Result<_>>()?;
    let folder = config.data_dir.clone();
    let verifier = runtime.block_on(async {
        let staff = Staff::open(&config, "figures").await?;
        store::enrol(&staff, &config, &frankers).await?;
        store::fill(&config, ground.amount(usize::try_from(millions * 1_000_000)?)).await?;
        anyhow::Ok(Arc::new(staff.verifier(SortingRules::default()).await?))
    })?;
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let mut figures = Vec::new();
    // What one core does: the processor time of many batches, each after the other.
    let batches = ground.amount(600);
    let mut marks = pieces(&mut frankers, today, batches * TOGETHER)?;
    let bare = bare(&marks, &frankers)?;
    let before = processor()?;
    let begin = Instant::now();
    runtime.block_on(async {
        while !marks.is_empty() {
            let batch = marks.split_off(marks.len().saturating_sub(TOGETHER));
            accepted(&verifier, &batch).await?;
        }
        anyhow::Ok(())
    })?;
    let count = u32::try_from(batches * TOGETHER)?;
    let each = (processor()? - before) / count;
    let rate = f64::from(count) / begin.elapsed().as_secs_f64();
    let per_core = Quantity::PerSecond(1.0 / each.as_secs_f64());
    figures.push(
        Figure::new(format!("pieces per second of processor time, {what}"), per_core)
            .beside("bare ECDSA P-256 verifications", Quantity::PerSecond(bare))
            .aim(Aim::OfReference(0.8)),
    );
    let name = format!("pieces judged and noted, one stream of {TOGETHER} at a time, {what}");
    figures.push(Figure::new(name, Quantity::PerSecond(rate)));
    // Two thousand a second, each by itself, however long the others take.
    let count = OFFERED * if ground.amount(50) < 50 { 1 } else { SECONDS };
    let marks = pieces(&mut frankers, today, usize::try_from(count)?)?;
    let times = runtime.block_on(offered(&verifier, marks))?;
    for (percent, aim) in
        [(50, None), (99, Some(Aim::AtMost(Quantity::Time(Duration::from_millis(5)))))]
    {
        let name = format!("one piece of {OFFERED} a second, p{percent}, {what}");
        let figure = Figure::new(name, Quantity::Time(times.percentile(percent)));
        figures.push(match aim {
            Some(aim) => figure.aim(aim),
            None => figure,
        });
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    figures.push(Figure::new(
        format!("memory, {what}"),
        Quantity::Bytes(machine::field(&status, "VmRSS")?),
    ));
    if let Ok(file) = std::fs::metadata(folder.join("infrastructure.db")) {
        figures.push(Figure::new(format!("disk, {what}"), Quantity::Bytes(file.len())));
    }
    Ok(figures)
}

/// Marks of all meters in turn.
fn pieces(frankers: &mut [Franker], day: Date, count: usize) -> Result<Vec<ScannedItem>> {
    let mut items = Vec::with_capacity(count);
    let meters = frankers.len();
    for number in 0..count {
        let mark = frankers[number % meters].frank(day)?;
        items.push(ScannedItem {
            scan: format!("f1-{:06}", mark.data().pieces * 1000 + number as u64 % 1000),
            item: None,
            scanned_on: None,
            marks: vec![mark],
            not_marks: Vec::new(),
            measured: None,
        });
    }
    Ok(items)
}

/// The same signatures, checked and nothing else, on one core.
fn bare(items: &[ScannedItem], frankers: &[Franker]) -> Result<f64> {
    let some = items.get(..items.len().min(IN_A_ROUND)).unwrap_or(items);
    let before = processor()?;
    for mark in some.iter().flat_map(|item| &item.marks) {
        let at = usize::try_from(mark.data().serial.number() - 1)?;
        mark.verify(&frankers[at].keys.public_key(KeyRole::Indicium)?)?;
    }
    Ok(some.len() as f64 / (processor()? - before).as_secs_f64())
}

/// The processor time of this process; not that of a database elsewhere.
fn processor() -> Result<Duration> {
    Ok(machine::processor_time("no such thread")?.iter().sum())
}

async fn accepted(verifier: &Verifier, items: &[ScannedItem]) -> Result<()> {
    let post = Post { sorter: 1, area: Vec::new(), notes: true };
    for judged in verifier.verify(items, &post, Timestamp::now()).await? {
        ensure!(judged.verdict.is_accepted(), "{:?}", judged.verdict);
    }
    Ok(())
}

/// Each piece comes at its time, whether or not those before it are done; its time runs from when it came.
async fn offered(verifier: &Arc<Verifier>, items: Vec<ScannedItem>) -> Result<Times> {
    let start = Instant::now();
    let mut under_way = JoinSet::new();
    for (number, item) in (0..).zip(items) {
        let due = start + Duration::from_secs(1) * number / OFFERED;
        tokio::time::sleep_until(due.into()).await;
        let verifier = Arc::clone(verifier);
        under_way.spawn(async move {
            accepted(&verifier, std::slice::from_ref(&item)).await?;
            anyhow::Ok(due.elapsed())
        });
    }
    let mut times = Times::default();
    while let Some(time) = under_way.join_next().await {
        times.push(time??);
    }
    Ok(times)
}
