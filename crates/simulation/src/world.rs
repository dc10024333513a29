//! The world: a queue of things to come, ordered by time, and one random number generator that decides all of them. One
//! step takes the first thing from the queue, does it, and holds everything against the reference model.

mod ending;
mod hostile;
mod making;
mod meters;
mod network;
mod services;
mod staff;
mod weather;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use timbre_infrastructure::DatabaseUrl;
use timbre_infrastructure::in_process::{Answering, Commits, InProcess};
use timbre_key_store::MemoryKeys;
use timbre_postage::{AccountNumber, Amount, MeterSerial};

use crate::books::{CustomerBooks, MeterBooks};
use crate::fact::Fact;
use crate::machine::Machine;
use crate::random::Random;
use crate::reference::{Broken, Checked, CustomerModel, DeviceModel};
use crate::trace::Trace;
use hostile::{Fraud, Overheard};
use weather::Weather;

/// What a run is made of, besides its seed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many steps before the faults end.
    pub steps: u64,
    /// How many honest meters.
    pub meters: u32,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { steps: 600, meters: 3 }
    }
}

/// Something that comes about at its time.
enum Event {
    /// Somebody does something at a machine.
    Work(usize),
    /// A request reaches the infrastructure.
    Request(network::Request),
    /// An answer reaches a machine.
    Answer { seat: usize, call: u64, body: Vec<u8> },
    /// A machine waits no longer for the answer to a call.
    GiveUp { seat: usize, call: u64 },
    /// Somebody hostile answers a call.
    Forged(u64),
    /// The infrastructure commits what has queued up.
    Commit,
    /// The infrastructure starts again.
    Restart,
    /// A machine starts again.
    Boot(usize),
    /// Somebody of the staff does something.
    Staff,
    /// The line, the clocks, the disks and the power change their mind.
    Weather,
    /// Somebody hostile does something.
    Hostile,
}

/// When, and in which order at that time.
type When = (Timestamp, u64);

/// A place where a machine stands.
struct Seat {
    name: String,
    machine: Rc<Machine>,
    /// By how much its clock is off.
    skew: SignedDuration,
    talk: Option<Talk>,
    /// No line before then.
    cut_until: Timestamp,
    fraud: Option<Fraud>,
    /// Whether a start is on its way.
    starting: bool,
}

/// What a machine is in the middle of.
struct Talk {
    doing: Pin<Box<dyn Future<Output = ()>>>,
    call: Option<u64>,
}

/// A customer, and whose machines are whose.
struct Customer {
    account: AccountNumber,
    serials: Vec<MeterSerial>,
    model: CustomerModel,
    /// Deposits whose outcome the staff do not know: reference and amount.
    undecided: Vec<(String, Amount)>,
    locked: bool,
}

/// The infrastructure and what it is in the middle of.
struct Services {
    up: Option<InProcess>,
    url: DatabaseUrl,
    keys: Arc<MemoryKeys>,
    commits: Commits,
    underway: Vec<Underway>,
    commit_due: bool,
    skew: SignedDuration,
    _folder: TempDir,
}

/// A request that the infrastructure works on.
struct Underway {
    request: network::Request,
    asked: Answering,
    /// Whether its sender must be found out by it.
    exposes: bool,
}

pub(crate) struct World {
    plan: Plan,
    now: Timestamp,
    random: Random,
    queue: BinaryHeap<Reverse<(When, Box<Queued>)>>,
    order: u64,
    calls: u64,
    seats: Vec<Seat>,
    customers: Vec<Customer>,
    models: BTreeMap<MeterSerial, DeviceModel>,
    services: Services,
    weather: Weather,
    overheard: Vec<Overheard>,
    /// The calls that were done as they asked.
    done: BTreeSet<u64>,
    references: u64,
    /// Faults are over.
    quiet: bool,
    pub(crate) steps: u64,
    pub(crate) trace: Trace,
    pub(crate) counts: BTreeMap<&'static str, u64>,
}

/// An event in the queue, which is ordered by time alone.
struct Queued(Event);

impl PartialEq for Queued {
    fn eq(&self, _: &Queued) -> bool {
        true
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Queued) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, _: &Queued) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl World {
    /// Runs until its steps are over, then lets everything come to rest and looks once more.
    pub(crate) async fn run(&mut self) -> Checked {
        while self.steps < self.plan.steps {
            self.step().await?;
        }
        self.come_to_rest().await
    }

    /// Ends the run: the store is closed.
    pub(crate) async fn end(mut self) -> (Trace, u64, BTreeMap<&'static str, u64>) {
        self.services.underway.clear();
        if let Some(services) = self.services.up.take() {
            services.close().await;
        }
        (self.trace, self.steps, self.counts)
    }

    async fn step(&mut self) -> Checked {
        let Some(Reverse(((time, _), event))) = self.queue.pop() else {
            return Err(Broken {
                rule: "something-happens",
                found: "the queue is empty".to_owned(),
            });
        };
        self.now = self.now.max(time);
        self.steps += 1;
        match event.0 {
            Event::Work(seat) => self.work(seat),
            Event::Request(request) => self.take_request(request).await,
            Event::Answer { seat, call, body } => self.take_answer(seat, call, Some(body)),
            Event::GiveUp { seat, call } => self.take_answer(seat, call, None),
            Event::Forged(call) => self.forge_answer(call),
            Event::Commit => self.commit().await,
            Event::Restart => self.restart().await,
            Event::Boot(seat) => self.boot(seat),
            Event::Staff => self.staff_works().await,
            Event::Weather => self.weather_changes().await,
            Event::Hostile => self.somebody_hostile(),
        }
    }

    /// Puts something into the queue.
    fn later(&mut self, milliseconds: i64, event: Event) {
        let time = self.now.saturating_add(SignedDuration::from_millis(milliseconds));
        let time = time.unwrap_or(self.now);
        self.order += 1;
        self.queue.push(Reverse(((time, self.order), Box::new(Queued(event)))));
    }

    fn say(&mut self, who: &str, what: impl std::fmt::Display) {
        self.trace.line(self.now, who, what);
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Takes in what a machine did since it was last looked at, and its readings.
    fn look_at(&mut self, seat: usize, started: bool) -> Checked {
        let machine = self.seats[seat].machine.clone();
        let name = self.seats[seat].name.clone();
        let facts = machine.facts.take();
        let is_true = self.device_is_true(seat);
        for fact in &facts {
            if !matches!(fact, Fact::Tries(_) | Fact::Franked { .. }) {
                self.trace.line(self.now, &name, fact);
            }
            if matches!(fact, Fact::Printed { .. }) {
                self.count("marks");
            }
            if is_true {
                let model = self.models.entry(machine.serial).or_default();
                model.saw(fact).map_err(|broken| of(&name, broken))?;
            }
        }
        let reading = machine.reading().filter(|_| is_true && !machine.disk().is_gone());
        let failed = machine.has_failed.get();
        if let Some(reading) = reading.filter(|_| !failed) {
            let model = self.models.entry(machine.serial).or_default();
            model.reads(&reading, started).map_err(|broken| of(&name, broken))?;
        }
        Ok(())
    }

    /// Whether the machine's device is as its maker made it, whatever its user sends.
    fn device_is_true(&self, seat: usize) -> bool {
        !self.seats[seat].fraud.as_ref().is_some_and(Fraud::is_of_the_device)
    }

    /// Holds the store against the model: the customers of these meters.
    async fn audit(&mut self, serials: &BTreeSet<MeterSerial>) -> Checked {
        for customer in 0..self.customers.len() {
            if self.customers[customer].serials.iter().any(|serial| serials.contains(serial)) {
                self.audit_customer(customer).await?;
            }
        }
        Ok(())
    }

    async fn audit_all(&mut self) -> Checked {
        let serials = self.customers.iter().flat_map(|customer| customer.serials.clone()).collect();
        self.audit(&serials).await
    }

    async fn books(&self, customer: usize) -> Result<Option<CustomerBooks>, Broken> {
        let Some(services) = &self.services.up else { return Ok(None) };
        let staff = services.staff("auditor", self.now);
        let Customer { account, serials, .. } = &self.customers[customer];
        let books = crate::books::read(&staff, *account, serials).await;
        books
            .map(Some)
            .map_err(|error| Broken { rule: "the-store-can-be-read", found: error.to_string() })
    }

    async fn audit_customer(&mut self, customer: usize) -> Checked {
        let Some(books) = self.books(customer).await? else { return Ok(()) };
        let name = self.customers[customer].account.to_string();
        self.customers[customer].model.books(&books).map_err(|broken| of(&name, broken))?;
        for meter in &books.meters {
            self.audit_meter(meter).map_err(|broken| of(&meter.serial.to_string(), broken))?;
        }
        Ok(())
    }

    fn audit_meter(&mut self, books: &MeterBooks) -> Checked {
        let serial = books.serial;
        let seats = || self.seats.iter().filter(|seat| seat.machine.serial == serial);
        let honest = seats().all(|seat| seat.fraud.is_none());
        let machine = seats().next().map(|seat| seat.machine.clone());
        let model = self.models.entry(serial).or_default();
        model.never_fall(books)?;
        let (Some(machine), true) = (machine, honest) else { return Ok(()) };
        model.books(books)?;
        model.trusted(books)?;
        let failed = machine.has_failed.get() || machine.disk().is_gone();
        let Some(reading) = machine.reading().filter(|_| !failed) else { return Ok(()) };
        model.conserved(&reading, books)?;
        stored_is_what_happened(&machine, books)
    }
}

/// The stored records are the device's own, and what they say was used is what the ledger says.
fn stored_is_what_happened(machine: &Machine, books: &MeterBooks) -> Checked {
    let last = books.record_sequence;
    let known = machine.chain_at(last);
    crate::reference::ensure(known == Some(books.record_chain), "stored-is-what-happened", || {
        format!(
            "record {last} is stored and is not the device's own (it has it: {})",
            known.is_some()
        )
    })?;
    let used = match last {
        0 => 0,
        _ => machine
            .records_after(last - 1, 1)
            .and_then(|records| records.first().map(|record| record.ascending.mills()))
            .unwrap_or_default(),
    };
    crate::reference::ensure(books.on_post == used, "no-piece-counted-twice", || {
        format!("the ledger has {} used, the records up to {last} say {used}", books.on_post)
    })
}

fn of(who: &str, broken: Broken) -> Broken {
    Broken { found: format!("{who}: {}", broken.found), ..broken }
}
