//! What is known of the meters whose marks come in, kept in memory.
//!
//! Staff deeds (a suspension, a theft, a new key) stand in the audit log, and whoever serves follows it: they are known here
//! within [`FOLLOWED_EVERY`]. Whatever else changes is known within [`TRUSTED_FOR`]; and nobody is condemned on what was
//! read more than [`CONDEMNED_AFTER`] ago.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use timbre_funds::MeterState;
use timbre_indicium::Mark;
use timbre_indicium::verify::{
    Interruption, KnownKey, KnownMeter, Progress, Reason, RegisterPoint,
};
use timbre_key_store::PublicKey;
use timbre_postage::{Amount, Currency, MeterSerial, PieceCount, PostalCode};

use super::generations::Generations;
use crate::call::today;
use crate::store::many::{self, Missing, RefillPoint, StateChange};
use crate::store::mark_runs::{self, Run};
use crate::store::meters::{self, Meter};
use crate::store::{Store, StoreError};

/// How often the audit log is followed.
pub(crate) const FOLLOWED_EVERY: Duration = Duration::from_secs(1);
/// How long what was read of a meter is believed.
const TRUSTED_FOR: Duration = Duration::from_secs(60);
/// How old what was read may be for a verdict against the piece.
const CONDEMNED_AFTER: Duration = Duration::from_secs(1);
/// How far back the log is read each time: a line is dated before it is committed, and clocks differ.
const OVERLAP: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);
/// Meters in memory, at about one kilobyte each; at most twice as many.
const CAPACITY: usize = 65_536;
/// Pieces of a meter that this process saw last.
const RECENT: usize = 16;

/// A meter as it was read, or that there is none.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) known: Option<KnownMeter>,
    currency: Currency,
    /// Its registers at its refills and as it last showed them.
    shown: Vec<RegisterPoint>,
    /// The marks whose postage was paid back, and when.
    refunded: BTreeMap<PieceCount, Date>,
    seen: Mutex<Seen>,
    read: Instant,
}

/// What was accepted of a meter's marks.
#[derive(Debug)]
struct Seen {
    runs: Vec<Run>,
    recent: Vec<RegisterPoint>,
}

/// What the store knows of a meter besides its row.
#[derive(Default)]
struct Facts {
    refills: Vec<RefillPoint>,
    changes: Vec<StateChange>,
    missing: Vec<Missing>,
    postal_codes: Vec<PostalCode>,
    /// Of a meter that renewed its keys, and when each was proposed.
    indicium_keys: Vec<(Timestamp, PublicKey)>,
    refunded: BTreeMap<PieceCount, Date>,
    runs: Vec<Run>,
}

impl Entry {
    fn of(meter: Option<Meter>, facts: Facts, read: Instant) -> Self {
        let currency = meter.as_ref().map_or(Currency::Cad, |meter| meter.currency);
        let last = meter.iter().map(|meter| meter.registers);
        let last = last.map(|at| (at.pieces, at.ascending.mills()));
        let refills = facts.refills.iter().map(|refill| (refill.pieces, refill.ascending));
        let shown = last.chain(refills).map(|at| point(at, currency)).collect();
        let known = meter.map(|meter| known_meter(meter, &facts));
        let Facts { refunded, runs, .. } = facts;
        let seen = Mutex::new(Seen { runs, recent: Vec::new() });
        Entry { known, currency, shown, refunded, seen, read }
    }

    /// When the postage of a mark was paid back, if it was.
    pub(super) fn refunded_on(&self, pieces: PieceCount) -> Option<Date> {
        self.refunded.get(&pieces).copied()
    }

    /// Whether it is fresh enough to condemn a piece.
    pub(super) fn is_fresh(&self) -> bool {
        self.read.elapsed() < CONDEMNED_AFTER
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The registers on either side of a mark.
    pub(super) fn progress(&self, pieces: PieceCount) -> Progress {
        let mut progress = Progress::around(pieces, self.shown.iter().copied());
        let seen = self.seen();
        for run in &seen.runs {
            progress.learn(pieces, point(run.first, self.currency));
            progress.learn(pieces, point(run.last, self.currency));
        }
        for point in &seen.recent {
            progress.learn(pieces, *point);
        }
        progress
    }

    /// Dates other than its own under which the count of a mark may have been seen.
    pub(super) fn elsewhere(&self, day: Date, pieces: PieceCount) -> Vec<Date> {
        let covers = |run: &&Run| run.day != day && (run.first.0..=run.last.0).contains(&pieces);
        self.seen().runs.iter().filter(covers).map(|run| run.day).collect()
    }

    /// Takes note of a mark that was accepted.
    pub(super) fn learn(&self, mark: &Mark) {
        let data = mark.data();
        let mut seen = self.seen();
        if seen.recent.len() >= RECENT {
            seen.recent.remove(0);
        }
        seen.recent.push(RegisterPoint { pieces: data.pieces, ascending: data.ascending });
        let point = (data.pieces, data.ascending.mills());
        match seen.runs.iter_mut().find(|run| run.day == data.date) {
            Some(run) => {
                run.first = run.first.min(point);
                run.last = run.last.max(point);
            }
            None => seen.runs.push(Run { day: data.date, first: point, last: point }),
        }
    }
}

fn point((pieces, mills): (PieceCount, i64), currency: Currency) -> RegisterPoint {
    RegisterPoint { pieces, ascending: Amount::from_mills(mills, currency) }
}

#[derive(Debug)]
pub(super) struct KnownMeters {
    store: Store,
    entries: Mutex<Generations<MeterSerial, Arc<Entry>>>,
    followed_to: Mutex<Timestamp>,
}

impl KnownMeters {
    pub(super) fn new(store: Store, now: Timestamp) -> Self {
        let entries = Mutex::new(Generations::new(CAPACITY));
        KnownMeters { store, entries, followed_to: Mutex::new(now) }
    }

    fn entries(&self) -> MutexGuard<'_, Generations<MeterSerial, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These meters, read where they are not known well enough.
    pub(super) async fn get(
        &self,
        serials: &BTreeSet<MeterSerial>,
        fresh: bool,
    ) -> Result<BTreeMap<MeterSerial, Arc<Entry>>, StoreError> {
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        {
            let mut entries = self.entries();
            for serial in serials {
                let good = |entry: &Arc<Entry>| {
                    entry.is_fresh()
                        || !fresh && entry.known.is_some() && entry.read.elapsed() < TRUSTED_FOR
                };
                match entries.get(serial).filter(good) {
                    Some(entry) => drop(found.insert(*serial, entry)),
                    None => missing.push(*serial),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let read = self.read(&missing).await?;
        let mut entries = self.entries();
        for (serial, entry) in read {
            entries.insert(serial, entry.clone());
            found.insert(serial, entry);
        }
        Ok(found)
    }

    async fn read(
        &self,
        serials: &[MeterSerial],
    ) -> Result<Vec<(MeterSerial, Arc<Entry>)>, StoreError> {
        let read = Instant::now();
        let mut connection = self.store.reader().await?;
        let meters = meters::some(&mut connection, serials).await?;
        let known: Vec<MeterSerial> = meters.iter().map(|meter| meter.serial).collect();
        let mut facts: BTreeMap<MeterSerial, Facts> = BTreeMap::new();
        for (serial, refill) in many::refills(&mut connection, &known).await? {
            facts.entry(serial).or_default().refills.push(refill);
        }
        for (serial, change) in many::state_changes(&mut connection, &known).await? {
            facts.entry(serial).or_default().changes.push(change);
        }
        for (serial, missing) in many::missing(&mut connection, &known).await? {
            facts.entry(serial).or_default().missing.push(missing);
        }
        for (serial, code) in many::postal_codes(&mut connection, &known).await? {
            facts.entry(serial).or_default().postal_codes.push(code);
        }
        for (serial, key) in many::indicium_keys(&mut connection, &known).await? {
            facts.entry(serial).or_default().indicium_keys.push(key);
        }
        for (serial, (pieces, at)) in many::refunded(&mut connection, &known).await? {
            facts.entry(serial).or_default().refunded.insert(pieces, today(at));
        }
        for (serial, run) in mark_runs::of(&mut connection, &known).await? {
            facts.entry(serial).or_default().runs.push(run);
        }
        drop(connection);
        let mut by_serial: BTreeMap<MeterSerial, Meter> =
            meters.into_iter().map(|meter| (meter.serial, meter)).collect();
        let entry = |serial: &MeterSerial| {
            let meter = by_serial.remove(serial);
            let facts = facts.remove(serial).unwrap_or_default();
            (*serial, Arc::new(Entry::of(meter, facts, read)))
        };
        Ok(serials.iter().map(entry).collect())
    }

    /// Forgets what the staff changed since this was last called; says whether the rates were among it.
    pub(super) async fn follow(&self, now: Timestamp) -> Result<bool, StoreError> {
        let since = *self.followed_to.lock().unwrap_or_else(PoisonError::into_inner);
        let since = since.checked_sub(OVERLAP).unwrap_or(since);
        let subjects = many::changed_since(&mut *self.store.reader().await?, since).await?;
        let mut entries = self.entries();
        for serial in subjects.iter().filter_map(|subject| subject.parse().ok()) {
            entries.remove(&serial);
        }
        drop(entries);
        *self.followed_to.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(subjects.iter().any(|subject| subject == "rates"))
    }
}

/// A meter's keys, its times out of service and every sum of its registers.
fn known_meter(meter: Meter, facts: &Facts) -> KnownMeter {
    // The meter's day may be a day behind that of the books.
    let enrolled = today(meter.enrolled);
    let valid_from = enrolled.yesterday().unwrap_or(enrolled);
    let mut keys = renewed_keys(facts);
    if keys.is_empty() {
        let key = meter.indicium_key;
        keys.extend(key.map(|key| KnownKey { key, valid_from, valid_until: None }));
    }
    let mut sums = vec![0, meter.control_sum.mills()];
    let after = |refill: &RefillPoint| refill.ascending + refill.descending + refill.amount;
    sums.extend(facts.refills.iter().map(after));
    let sum = |mills| Amount::from_mills(mills, meter.currency);
    let mut postal_codes = facts.postal_codes.clone();
    postal_codes.push(meter.postal_code);
    KnownMeter {
        serial: meter.serial,
        indicia_number: meter.indicia_number,
        interruptions: interruptions(meter.state, enrolled, facts),
        control_sums: sums.into_iter().map(sum).collect(),
        postal_codes,
        keys,
    }
}

/// The keys of a meter that renewed them, each from when it was proposed until the next one was, and for as long after that
/// as a mark may be dated ahead.
fn renewed_keys(facts: &Facts) -> Vec<KnownKey> {
    const DATED_AHEAD: i64 = 31;
    let mut keys = facts.indicium_keys.clone();
    keys.sort_by_key(|(proposed, _)| *proposed);
    let until = keys.iter().skip(1).map(|(next, _)| Some(today(*next))).chain([None]);
    let known = |((proposed, key), until): (&(Timestamp, PublicKey), Option<Date>)| {
        let from = today(*proposed);
        KnownKey {
            key: *key,
            valid_from: from.yesterday().unwrap_or(from),
            valid_until: until.map(|until| until.saturating_add(DATED_AHEAD.days())),
        }
    };
    keys.iter().zip(until).map(known).collect()
}

fn interruptions(state: MeterState, enrolled: Date, facts: &Facts) -> Vec<Interruption> {
    let missing = facts.missing.iter().map(|missing| Interruption {
        since: missing.since,
        until: missing.found.map(today),
        reason: Reason::Stolen,
    });
    let mut interruptions: Vec<Interruption> = missing.collect();
    let mut stopped: Option<Date> = None;
    for StateChange { what, at } in &facts.changes {
        let day = today(*at);
        match (what.as_str(), stopped) {
            ("suspended" | "device-tampered", None) => stopped = Some(day),
            ("resumed", Some(since)) => {
                let reason = Reason::Stopped;
                interruptions.push(Interruption { since, until: Some(day), reason });
                stopped = None;
            }
            _ => {}
        }
    }
    let withdrawn =
        facts.changes.iter().find(|change| ["withdrawn", "replaced"].contains(&&*change.what));
    // A meter that is suspended because it is lost has no line of its own for that.
    let lost = interruptions.iter().find(|one| one.until.is_none()).map(|one| one.since);
    let since = match state {
        MeterState::Installed => None,
        MeterState::Suspended => Some((stopped.or(lost).unwrap_or(enrolled), Reason::Stopped)),
        MeterState::Enrolled => Some((enrolled, Reason::Stopped)),
        MeterState::Withdrawn => {
            Some((withdrawn.map_or(enrolled, |change| today(change.at)), Reason::Withdrawn))
        }
    };
    let since = since.map(|(since, reason)| Interruption { since, until: None, reason });
    interruptions.extend(since);
    interruptions
}
