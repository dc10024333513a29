//! Refills per second over HTTPS: a real infrastructure in this process, and meters that each keep one connection, sign
//! every request and wait for its reply. Server and meters share the processors, so it is less than a server alone gives.
//!
//! The reference is a row of a journal slot's size, inserted and committed through the same library into a database of the
//! same kind and settings, by as many connections: what the database itself leaves room for.

mod audit;
mod client;
mod inserts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use timbre_catalogue::Catalogue;
use timbre_infrastructure::staff::{NewCustomer, NewMeter};
use timbre_infrastructure::{Config, MeterLimits, Running, Staff, serve};
use timbre_key_store::KeyRole;
use timbre_postage::{Currency, Language};
use timbre_protocol::installation::InspectionPolicy;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use self::client::Client;
use self::inserts::Engine;
use crate::Ground;
use crate::device::dollars;
use crate::disk::Loop;
use crate::figure::{Figure, Quantity};
use crate::machine;
use crate::measure::{Contender, Times, in_turns};
use crate::postgres::Postgres;

const CLIENTS: [usize; 3] = [1, 8, 32];
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1500);

/// Something that does the same thing over and over.
trait Worker: Send + 'static {
    fn work(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// The threads of the server and those of the meters, apart, so that their work can be told apart.
struct Stage {
    server: Runtime,
    meters: Runtime,
}

const METERS: &str = "meters";

/// On SQLite.
pub(crate) fn on_sqlite(ground: &Ground) -> Result<Vec<Figure>> {
    let mut raw = Loop::overwriting(&ground.dir.join("overwritten"))?;
    let flushes = Times::of(ground.amount(5000), || Ok(raw.write()?))?;
    let flush = "512 bytes over a preallocated file, fdatasync";
    let mut figures = vec![Figure::new(flush, Quantity::PerSecond(flushes.rate()))];
    figures.extend(on(ground, &Engine::Sqlite(ground.dir.join("reference.db")), None)?);
    Ok(figures)
}

/// On a PostgreSQL of its own.
pub(crate) fn on_postgresql(ground: &Ground) -> Result<Vec<Figure>> {
    let postgres = Postgres::start()?;
    let url = postgres.new_database("infrastructure")?;
    let reference = Engine::Postgres(postgres.new_database("reference")?);
    on(ground, &reference, Some(url))
}

fn on(ground: &Ground, reference: &Engine, url: Option<String>) -> Result<Vec<Figure>> {
    let threads = Builder::new_multi_thread().enable_all().thread_name(METERS).build()?;
    let stage = Stage { server: Runtime::new()?, meters: threads };
    let name = reference.name();
    let mut config = Config::for_directory(ground.dir.join(name));
    if let Some(url) = &url {
        config.database = url.parse()?;
    }
    let database = config.database.clone();
    let running = stage.server.block_on(serve(config))?;
    let mut meters = meters(&stage, &running, CLIENTS.into_iter().max().unwrap_or(1))?;
    let mut inserters = stage.meters.block_on(reference.inserters(meters.len()))?;
    let round = if ground.amount(ROUNDS) < ROUNDS { ROUND / 10 } else { ROUND };
    let mut figures = Vec::new();
    for clients in CLIENTS {
        let connections = clients.min(inserters.len());
        let (mut processor, mut count) = ([Duration::ZERO; 2], 0);
        let mut contenders = [
            Contender::new(|| stage.meters.block_on(crowd(&mut inserters, connections, round))),
            Contender::new(|| {
                let before = machine::processor_time(METERS)?;
                let times = stage.meters.block_on(crowd(&mut meters, clients, round))?;
                let after = machine::processor_time(METERS)?;
                for (sum, (after, before)) in
                    processor.iter_mut().zip(after.into_iter().zip(before))
                {
                    *sum += after.saturating_sub(before);
                }
                count += u32::try_from(times.count())?;
                Ok(times)
            }),
        ];
        in_turns(ground.amount(ROUNDS), &mut contenders)?;
        let [inserts, refills] = &contenders;
        let insert = format!("one INSERT and its commit, {connections} at a time");
        let rate = Quantity::PerSecond(refills.rate());
        let others = Quantity::PerSecond(inserts.rate());
        let (p50, p99) = (refills.times().percentile(50), refills.times().percentile(99));
        let what = format!("{name}, {clients} at a time");
        figures.push(Figure::new(format!("refills on {what}"), rate).beside_at(
            insert,
            others,
            refills.ratio_to(inserts),
        ));
        figures.push(Figure::new(format!("one refill on {what}, p50"), Quantity::Time(p50)));
        figures.push(Figure::new(format!("one refill on {what}, p99"), Quantity::Time(p99)));
        drop(contenders);
        for (whose, time) in [("meter", processor[0]), ("server", processor[1])] {
            let time = Quantity::Time(time / count.max(1));
            let name = format!("the {whose}’s processor time for one on {what}");
            figures.push(Figure::new(name, time));
        }
    }
    figures.push(audit::audit(name, &stage.server, &running, &database, url.as_deref())?);
    // The meters' connections go first, or the server waits for them.
    drop(meters);
    stage.server.block_on(running.shutdown());
    Ok(figures)
}

/// Lets the first `count` of `workers` work side by side for about as long as `time`.
async fn crowd<W: Worker>(workers: &mut Vec<W>, count: usize, time: Duration) -> Result<Times> {
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
fn meters(stage: &Stage, running: &Running, count: usize) -> Result<Vec<Client>> {
    let staff = running.staff("figures");
    let catalogue = Arc::new(Catalogue::timbre());
    let mut meters = Vec::new();
    for number in 1..=u32::try_from(count)? {
        let mut meter = Client::new(number, running, Arc::clone(&catalogue))?;
        stage.server.block_on(enrol(&staff, &meter))?;
        stage.meters.block_on(meter.install())?;
        meters.push(meter);
    }
    Ok(meters)
}

async fn enrol(staff: &Staff, meter: &Client) -> Result<()> {
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
    Ok(())
}
