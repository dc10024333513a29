//! How a world is made: the infrastructure on an empty store, its customers, their meters, enrolled and not yet installed.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use timbre_infrastructure::in_process::{Commits, InProcess};
use timbre_infrastructure::staff::{NewCustomer, NewMeter};
use timbre_infrastructure::{DatabaseUrl, MeterLimits};
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use timbre_postage::{Currency, Language, MeterSerial};
use timbre_protocol::installation::InspectionPolicy;
use timbre_psd::TrustAnchors;

use super::hostile::Fraud;
use super::weather::Weather;
use super::{Customer, Event, Plan, Seat, Services, World};
use crate::machine::{Machine, cad};
use crate::random::Random;
use crate::reference::CustomerModel;
use crate::trace::{Log, Trace};

/// A Monday morning.
const START: Timestamp = Timestamp::constant(1_772_438_400, 0);
/// Memory that looks like a folder; where there is none, the system's temporary folder.
const MEMORY: &str = "/dev/shm";
/// The file of an SQLite store.
const DATABASE: &str = "infrastructure.db";

impl World {
    pub(crate) async fn make(seed: u64, plan: Plan, log: Log) -> anyhow::Result<World> {
        let mut random = Random::new(seed);
        let weather = Weather::of(&mut random);
        let commits = *random.pick(&[Commits::InGroups, Commits::OneByOne]);
        let services = services(commits).await?;
        let mut world = World {
            plan,
            now: START,
            random,
            queue: BinaryHeap::new(),
            order: 0,
            calls: 0,
            seats: Vec::new(),
            customers: Vec::new(),
            models: BTreeMap::new(),
            services,
            weather,
            overheard: Vec::new(),
            done: BTreeSet::new(),
            references: 0,
            quiet: false,
            steps: 0,
            trace: Trace::new(log),
            counts: BTreeMap::new(),
        };
        world.say(
            "world",
            format_args!("seed {seed}, commits {commits:?}, {:?}", world.weather.clone()),
        );
        world.settle_in().await?;
        Ok(world)
    }

    async fn settle_in(&mut self) -> anyhow::Result<()> {
        let dishonest = if self.random.chance(800) { self.random.between(1, 3) } else { 0 };
        let honest = i64::from(self.plan.meters);
        for number in 0..honest + dishonest {
            // Two machines share a customer.
            if number % 2 == 0 {
                self.make_customer().await?;
            }
            let fraud = (number >= honest).then(|| Fraud::of(&mut self.random));
            self.make_meter(u32::try_from(number + 1)?, fraud).await?;
        }
        for event in [Event::Staff, Event::Weather, Event::Hostile] {
            let pause = self.random.between(1_000, 3_600_000);
            self.later(pause, event);
        }
        Ok(())
    }

    async fn make_customer(&mut self) -> anyhow::Result<()> {
        let credit = *self.random.pick(&[0, 0, 500_000]);
        let new = NewCustomer {
            name: "Imprimerie Tremblay".to_owned(),
            postal_code: "T2P 1J9".parse()?,
            language: Language::French,
            currency: Currency::Cad,
            credit_limit: cad(credit),
        };
        let now = self.now;
        let services = self.services.up.as_mut().context("the services are up")?;
        let staff = services.staff("staff", now);
        let customer = services.carry_out(staff.create_customer(new)).await?;
        self.customers.push(Customer {
            account: customer.account,
            serials: Vec::new(),
            model: CustomerModel::default(),
            undecided: Vec::new(),
            locked: false,
        });
        Ok(())
    }

    async fn make_meter(&mut self, number: u32, fraud: Option<Fraud>) -> anyhow::Result<()> {
        let serial = MeterSerial::new(number)?;
        let keys = &self.services.keys;
        let anchors = TrustAnchors {
            funds: keys.public_key(KeyRole::Funds)?,
            rates: keys.public_key(KeyRole::Rates)?,
        };
        let random = self.random.fork();
        let machine = Rc::new(Machine::make(serial, anchors, self.now, random)?);
        let customer = self.customers.last_mut().context("there is a customer")?;
        customer.serials.push(serial);
        let new = NewMeter {
            customer: customer.account,
            serial,
            device_key: machine.public_key(KeyRole::Device),
            indicium_key: None,
            postal_code: "T2P 1J9".parse()?,
            limits: MeterLimits::usual(Currency::Cad),
            policy: InspectionPolicy { interval_days: 2, warn_days: 1, grace_days: 1 },
        };
        let now = self.now;
        let services = self.services.up.as_mut().context("the services are up")?;
        let staff = services.staff("staff", now);
        services.carry_out(staff.enrol_meter(new)).await?;
        let name = serial.to_string();
        self.say(
            &name,
            format_args!("is enrolled{}", fraud.as_ref().map_or("", |_| ", dishonest")),
        );
        self.add_seat(name, machine, fraud);
        Ok(())
    }

    pub(super) fn add_seat(&mut self, name: String, machine: Rc<Machine>, fraud: Option<Fraud>) {
        let seat = self.seats.len();
        self.seats.push(Seat {
            name,
            machine,
            skew: SignedDuration::ZERO,
            talk: None,
            cut_until: self.now,
            fraud,
            starting: false,
        });
        let pause = self.random.between(1_000, 3_600_000);
        self.later(pause, Event::Work(seat));
    }
}

async fn services(commits: Commits) -> anyhow::Result<Services> {
    let folder = folder()?;
    let keys = Arc::new(MemoryKeys::generate(&KeyRole::INFRASTRUCTURE_SIDE)?);
    let url = DatabaseUrl::sqlite_in(folder.path());
    std::fs::write(folder.path().join(DATABASE), empty_store().await?)?;
    let up = InProcess::open(&url, keys.clone(), commits).await?;
    Ok(Services {
        up: Some(up),
        url,
        keys,
        commits,
        underway: Vec::new(),
        commit_due: false,
        skew: SignedDuration::ZERO,
        _folder: folder,
    })
}

fn folder() -> std::io::Result<TempDir> {
    match Path::new(MEMORY).is_dir() {
        true => tempfile::tempdir_in(MEMORY),
        false => tempfile::tempdir(),
    }
}

/// The file of a store with its schema and nothing in it: made once in a process.
async fn empty_store() -> anyhow::Result<&'static [u8]> {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(empty) = EMPTY.get() {
        return Ok(empty);
    }
    let folder = folder()?;
    let keys = Arc::new(MemoryKeys::generate(&KeyRole::INFRASTRUCTURE_SIDE)?);
    let url = DatabaseUrl::sqlite_in(folder.path());
    InProcess::open(&url, keys, Commits::InGroups).await?.close().await;
    let bytes = std::fs::read(folder.path().join(DATABASE))?;
    Ok(EMPTY.get_or_init(|| bytes))
}
