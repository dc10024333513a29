//! Refills per second: a real infrastructure in this process, and meters that sign every request and wait for its reply. Once
//! by its services alone, which are asked without a socket; once over HTTPS, where each meter keeps one connection. Server
//! and meters share the processors, so it is less than a server alone gives.
//!
//! The reference is the same SQL transaction and nothing else: by pgbench with as many clients, or by a bare rusqlite loop.

mod audit;
mod client;
mod transaction;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use timbre_catalogue::Catalogue;
use timbre_infrastructure::staff::{NewCustomer, NewMeter};
use timbre_infrastructure::{Config, MeterLimits, Running, Staff, serve};
use timbre_key_store::KeyRole;
use timbre_postage::{AccountNumber, Currency, Language};
use timbre_protocol::installation::InspectionPolicy;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use self::client::Client;
use self::transaction::{OnSqlite, Rows};
use crate::Ground;
use crate::device::dollars;
use crate::disk::Loop;
use crate::figure::{Aim, Figure, Quantity};
use crate::machine;
use crate::measure::{Contender, Times, in_turns};
use crate::postgres::Postgres;

const CLIENTS: [usize; 3] = [1, 8, 32];
const MOST: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const AIM: f64 = 0.6;

/// The threads of the server and those of the meters, apart, so that their work can be told apart.
struct Stage {
    server: Runtime,
    meters: Runtime,
}

const METERS: &str = "meters";
const REFERENCE: &str = "reference";

/// On SQLite.
pub(crate) fn on_sqlite(ground: &Ground) -> Result<Vec<Figure>> {
    let mut raw = Loop::overwriting(&ground.dir.join("overwritten"))?;
    let flushes = Times::of(ground.amount(5000), || Ok(raw.write()?))?;
    let flush = "512 bytes over a preallocated file, fdatasync";
    let mut figures = vec![Figure::new(flush, Quantity::PerSecond(flushes.rate()))];
    let ours = Config::for_directory(ground.dir.join("SQLite"));
    let others = Config::for_directory(ground.dir.join(REFERENCE));
    let file = ground.dir.join(REFERENCE).join("infrastructure.db");
    let bare = |rows: Rows| {
        let mut bare = OnSqlite::open(&file, rows)?;
        let round = move |_, time| bare.round(time);
        Ok(Reference { name: "SQLite", by: "rusqlite", round: Box::new(round) })
    };
    figures.extend(on(ground, ours, None, others, bare)?);
    Ok(figures)
}

/// On a PostgreSQL of its own.
pub(crate) fn on_postgresql(ground: &Ground) -> Result<Vec<Figure>> {
    let postgres = Postgres::start()?;
    let url = postgres.new_database("infrastructure")?;
    let mut ours = Config::for_directory(ground.dir.join("PostgreSQL"));
    ours.database = url.parse()?;
    let mut others = Config::for_directory(ground.dir.join(REFERENCE));
    others.database = postgres.new_database(REFERENCE)?.parse()?;
    let bare = |rows: Rows| {
        let postgres = &postgres;
        let round = move |clients, time| {
            transaction::on_postgresql(postgres, REFERENCE, rows, clients, time)
        };
        Ok(Reference { name: "PostgreSQL", by: "pgbench", round: Box::new(round) })
    };
    on(ground, ours, Some(&url), others, bare)
}

/// The same SQL alone, `clients` at a time for a while.
struct Reference<'a> {
    name: &'static str,
    by: &'static str,
    round: Box<dyn FnMut(usize, Duration) -> Result<Times> + 'a>,
}

fn on<'a>(
    ground: &Ground,
    config: Config,
    url: Option<&str>,
    others: Config,
    bare: impl FnOnce(Rows) -> Result<Reference<'a>>,
) -> Result<Vec<Figure>> {
    let threads = Builder::new_multi_thread().enable_all().thread_name(METERS).build()?;
    let stage = Stage { server: Runtime::new()?, meters: threads };
    let rows = rows_in(&stage, others)?;
    let database = config.database.clone();
    let running = Arc::new(stage.server.block_on(serve(config))?);
    let mut meters = meters(&stage, &running, MOST)?;
    let mut reference = bare(rows)?;
    let round = if ground.amount(ROUNDS) < ROUNDS { ROUND / 10 } else { ROUND };
    let mut figures = Vec::new();
    for clients in CLIENTS {
        figures.extend(measure(ground, &stage, &mut meters, &mut reference, clients, round)?);
    }
    let name = reference.name;
    figures.push(audit::audit(name, &stage.server, &running, &database, url)?);
    // The meters' connections go first, or the server waits for them.
    drop(meters);
    let running = Arc::into_inner(running).context("a meter still holds the server")?;
    stage.server.block_on(running.shutdown());
    Ok(figures)
}

/// A database of the reference's own, with the same tables and as many meters: what it writes there nobody has sealed.
fn rows_in(stage: &Stage, config: Config) -> Result<Rows> {
    let running = Arc::new(stage.server.block_on(serve(config))?);
    let meters = meters(stage, &running, MOST)?;
    let rows = Rows {
        first_meter: i64::from(meters[0].serial.number()),
        first_account: i64::from(meters[0].account.number()),
    };
    drop(meters);
    let running = Arc::into_inner(running).context("a meter still holds the server")?;
    stage.server.block_on(running.shutdown());
    Ok(rows)
}

/// The three in turns: the reference, the services alone, the services over HTTPS.
fn measure(
    ground: &Ground,
    stage: &Stage,
    meters: &mut Vec<Client>,
    reference: &mut Reference<'_>,
    clients: usize,
    round: Duration,
) -> Result<Vec<Figure>> {
    let (name, by) = (reference.name, reference.by);
    let meters = std::cell::RefCell::new(meters);
    let (mut processor, mut count) = ([Duration::ZERO; 2], 0);
    let ask = |over_https: bool| {
        let mut meters = meters.borrow_mut();
        meters.iter_mut().for_each(|meter| meter.over_https = over_https);
        stage.meters.block_on(crowd(&mut meters, clients, round))
    };
    let mut contenders = [
        Contender::new(|| (reference.round)(clients, round)),
        Contender::new(|| ask(false)),
        Contender::new(|| {
            let before = machine::processor_time(METERS)?;
            let times = ask(true)?;
            let after = machine::processor_time(METERS)?;
            for (sum, (after, before)) in processor.iter_mut().zip(after.into_iter().zip(before)) {
                *sum += after.saturating_sub(before);
            }
            count += u32::try_from(times.count())?;
            Ok(times)
        }),
    ];
    in_turns(ground.amount(ROUNDS), &mut contenders)?;
    let [bare, services, https] = &contenders;
    let same = format!("the same SQL by {by}");
    let what = format!("{name}, {clients} at a time");
    let beside = |figure: Figure, contender: &Contender<'_>| {
        figure.beside_at(same.clone(), Quantity::PerSecond(bare.rate()), contender.ratio_to(bare))
    };
    let rate = |contender: &Contender<'_>| Quantity::PerSecond(contender.rate());
    let alone = Figure::new(format!("refills on {what}, services alone"), rate(services));
    let over = Figure::new(format!("refills on {what}, over HTTPS"), rate(https));
    let mut figures = vec![beside(alone, services).aim(Aim::OfReference(AIM)), beside(over, https)];
    for (which, contender) in [("services alone", services), ("over HTTPS", https)] {
        for percent in [50, 99] {
            let time = Quantity::Time(contender.times().percentile(percent));
            figures.push(Figure::new(format!("one on {what}, {which}, p{percent}"), time));
        }
    }
    drop(contenders);
    for (whose, time) in [("meter", processor[0]), ("server", processor[1])] {
        let time = Quantity::Time(time / count.max(1));
        let name = format!("the {whose}’s processor time for one on {what}, over HTTPS");
        figures.push(Figure::new(name, time));
    }
    Ok(figures)
}

/// Lets the first `count` of `workers` work side by side for about as long as `time`.
async fn crowd(workers: &mut Vec<Client>, count: usize, time: Duration) -> Result<Times> {
    let start = Instant::now();
    let mut at_work = JoinSet::new();
    for mut worker in workers.drain(..count) {
        at_work.spawn(async move {
            let mut times = Times::default();
            while start.elapsed() < time {
                let begin = Instant::now();
                worker.work().await?;
                times.push(begin.elapsed());
            }
            anyhow::Ok((worker, times))
        });
    }
    let mut all = Vec::new();
    while let Some(done) = at_work.join_next().await {
        let (worker, times) = done??;
        workers.push(worker);
        all.push(times);
    }
    Ok(Times::side_by_side(all, start.elapsed()))
}

/// Meters in service, each of a customer of its own with more funds than it asks for.
fn meters(stage: &Stage, running: &Arc<Running>, count: usize) -> Result<Vec<Client>> {
    let staff = running.staff("figures");
    let catalogue = Arc::new(Catalogue::timbre());
    let mut meters = Vec::new();
    for number in 1..=u32::try_from(count)? {
        let mut meter = Client::new(number, running, Arc::clone(&catalogue))?;
        meter.account = stage.server.block_on(enrol(&staff, &meter))?;
        stage.meters.block_on(meter.install())?;
        meters.push(meter);
    }
    Ok(meters)
}

async fn enrol(staff: &Staff, meter: &Client) -> Result<AccountNumber> {
    let customer = NewCustomer {
        name: format!("Customer of {}", meter.serial),
        postal_code: "T2P 1J9".parse()?,
        language: Language::English,
        currency: Currency::Cad,
        credit_limit: dollars(0),
    };
    let account = staff.create_customer(customer).await?.account;
    staff.deposit(account, dollars(1_000_000_000), "figures".parse()?).await?;
    let new = NewMeter {
        customer: account,
        serial: meter.serial,
        device_key: meter.key(KeyRole::Device)?,
        indicium_key: None,
        postal_code: "T2P 1J9".parse()?,
        limits: MeterLimits::usual(Currency::Cad),
        policy: InspectionPolicy { interval_days: 28, warn_days: 7, grace_days: 7 },
    };
    staff.enrol_meter(new).await?;
    Ok(account)
}
