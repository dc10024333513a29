//! Power cuts at every operation of a whole life, with every image that may be left on the disk.
//!
//! After each: no cent is lost or spent twice, every mark that was released is paid, at most one
//! piece is paid and not released and that one is listed, and a refill counts exactly once.
//! The suite is itself tried: a journal that does not flush, one that flushes too late, and one that names a
//! segment before its content is durable are caught by it.

use std::collections::{BTreeMap, HashMap, HashSet};

use timbre_protocol::refill;
use timbre_protocol::transaction_upload::RecordKind;
use timbre_psd::journal::Segments;
use timbre_psd::{Applied, Journal as _, JournalError, OpenError, Psd, PsdError};

use crate::disks::{CrashDisk, Image, ImageDisk, Op, Sector};
use crate::fixture::*;
use crate::lifetime::{Life, SLOTS, Seen, a_life, live};
use crate::power::{At, Overlay, Power, difference, with};

/// As long as a life is that is searched: each of the refills in it has another companion.
const ROUNDS: i64 = 12;

/// `TIMBRE_THOROUGH=20 cargo test --release -p timbre-psd --test integration crash` searches a life twenty times as long.
fn thoroughness() -> i64 {
    std::env::var("TIMBRE_THOROUGH").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

#[derive(Default)]
struct World {
    manufactured: bool,
    /// Marks released to the printer: record and cents.
    released: BTreeMap<u64, i64>,
    printed: HashSet<u64>,
    booked: BTreeMap<u64, refill::Reply>,
    /// The refill request that left the device last.
    sent: Option<refill::Request>,
    applied: u64,
    contact: u64,
    installed: u32,
    returned: bool,
    withdrawn: bool,
}

impl World {
    fn of<'a>(seen: impl Iterator<Item = &'a Seen>) -> World {
        let mut world = World::default();
        for seen in seen.cloned() {
            match seen {
                Seen::Manufactured => world.manufactured = true,
                Seen::Released(record, cents) => _ = world.released.insert(record, cents),
                Seen::Printed(record) => _ = world.printed.insert(record),
                Seen::Booked(request, reply) => {
                    world.booked.insert(request.sequence, reply);
                    world.sent = Some(*request);
                }
                Seen::Applied(sequence) => world.applied = sequence,
                Seen::Contacted(contact) => world.contact = contact,
                Seen::Installed(version) => world.installed = version,
                Seen::Returned => world.returned = true,
                Seen::Withdrawn => world.withdrawn = true,
            }
        }
        world
    }

    fn booked_cents(&self) -> i64 {
        self.booked.values().map(|reply| reply.amount.mills() / 10).sum()
    }
}

fn open(image: Image) -> Result<Psd<Segments<ImageDisk>>, OpenError> {
    let journal = Segments::on_existing(ImageDisk::of(image), SLOTS).map_err(OpenError::Journal)?;
    Psd::open(journal, device_keys())
}

/// What is wrong with a device that was opened after a power cut, as the world sees it.
fn judge(image: &Image, world: &World) -> Result<(), String> {
    let mut psd = match open(image.clone()) {
        Err(OpenError::Journal(JournalError::Absent { .. })) if !world.manufactured => {
            return Ok(());
        }
        Err(error) => return Err(format!("it does not open: {error}")),
        Ok(psd) => psd,
    };
    if psd.registers().control_sum() != Ok(psd.control_sum()) {
        return Err("the control sum is broken".to_owned());
    }
    let records = psd.records_after(0, usize::MAX).map_err(|error| error.to_string())?;
    let debits: BTreeMap<u64, i64> = records
        .iter()
        .filter(|record| record.kind == RecordKind::Debit)
        .map(|record| (record.sequence, record.amount.mills() / 10))
        .collect();
    if let Some((record, _)) = world.released.iter().find(|(r, c)| debits.get(r) != Some(c)) {
        return Err(format!("the mark of record {record} was released and is not paid"));
    }
    let waiting: Vec<u64> = psd
        .unprinted()
        .map_err(|error| error.to_string())?
        .iter()
        .map(|piece| piece.record_sequence)
        .collect();
    let unreleased: Vec<u64> =
        debits.keys().filter(|record| !world.released.contains_key(record)).copied().collect();
    if unreleased.len() > 1 || unreleased.iter().any(|record| !waiting.contains(record)) {
        return Err(format!("paid, not released, not listed: {unreleased:?} of {waiting:?}"));
    }
    if psd.block().map_or(0, |block| block.version) < world.installed {
        return Err("an operational block is gone".to_owned());
    }
    if let Some(record) =
        world.released.keys().find(|r| !world.printed.contains(r) && !waiting.contains(r))
    {
        return Err(format!("record {record} was never printed and is not listed"));
    }
    let spent: i64 = debits.values().sum();
    if psd.registers().ascending != cents(spent) {
        return Err("the ascending register is not the sum of the debits".to_owned());
    }
    if psd.contact() < world.contact {
        return Err("the number of a contact is gone".to_owned());
    }
    if psd.withdrawal().is_some() {
        let nothing_left = psd.registers().descending.is_zero() && world.returned;
        return if nothing_left {
            Ok(())
        } else {
            Err("it is withdrawn and holds funds".to_owned())
        };
    }
    if world.withdrawn || (world.returned && psd.pending_withdrawal().is_none()) {
        return Err("a withdrawal is forgotten".to_owned());
    }
    settle_refill(&mut psd, world)?;
    if psd.registers().control_sum() != Ok(cents(world.booked_cents())) {
        return Err("the device does not hold what the server booked".to_owned());
    }
    Ok(())
}

/// The device comes back, asks again for what is pending, and the server answers as it did.
fn settle_refill(psd: &mut Psd<Segments<ImageDisk>>, world: &World) -> Result<(), String> {
    if psd.last_refill_sequence() < world.applied {
        return Err("a refill that was applied is gone".to_owned());
    }
    let Some(sent) = &world.sent else { return Ok(()) };
    if psd.last_refill_sequence() < sent.sequence {
        let Some(pending) = psd.pending_refill().cloned() else {
            return Err("a request that left the device is not pending".to_owned());
        };
        if pending != *sent {
            return Err("the request is not sent again as it was".to_owned());
        }
        let reply = &world.booked[&pending.sequence];
        let applied = psd.apply_refill(reply, at(20)).map_err(|error| error.to_string())?;
        if applied != Applied::Now {
            return Err("a pending refill had been applied".to_owned());
        }
    }
    Ok(())
}

/// What recovery makes of a base and its sectors: in what the result differs from the base, and
/// whether a torn slot was blanked.
type Recovered = (Vec<(At, Sector)>, bool);

pub(crate) fn recover(base: &Image, sectors: &[(At, Sector)]) -> Result<Recovered, JournalError> {
    let overlay = Overlay::on(base, sectors);
    let recovery = Segments::on_existing(overlay.clone(), SLOTS)?.replay(&mut |_| Ok(()))?;
    Ok((overlay.difference(), recovery.torn_tail.is_some()))
}

/// What a search has gone through and found.
#[derive(Default)]
pub(crate) struct Tally {
    images: usize,
    /// Of them, those left by a second cut, while the device was being opened.
    second_cuts: usize,
    /// Images that recovery makes different, and so were judged one by one.
    judged: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn add(mut self, other: Tally) -> Tally {
        self.images += other.images;
        self.second_cuts += other.second_cuts;
        self.judged += other.judged;
        self.wrong.extend(other.wrong);
        self
    }
}

/// Cuts the power after each operation of `life`, on both cores; a sector is torn at every `step`-th byte.
fn search(life: &Life, step: usize) -> Tally {
    let mut power = Power::default();
    let mut cuts = vec![(0, power.clone())];
    for (number, op) in (1..).zip(&life.trace) {
        power.take(op);
        cuts.push((number, power.clone()));
    }
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            let cuts = cuts.iter().skip(half).step_by(2);
            scope.spawn(move || {
                cuts.map(|(cut, power)| search_cut(life, *cut, power, step))
                    .fold(Tally::default(), Tally::add)
            })
        });
        halves.into_iter().map(|half| half.join().unwrap()).fold(Tally::default(), Tally::add)
    })
}

fn search_cut(life: &Life, cut: usize, power: &Power, step: usize) -> Tally {
    // The world may or may not have seen what the device did between this operation and the next.
    let worlds =
        [cut, cut + 1].map(|end| World::of(life.seen.iter().filter(|s| s.0 < end).map(|s| &s.1)));
    let mut tally = Tally::default();
    for base in power.bases() {
        // Most images are made the same by recovery: what it makes is judged once.
        let mut known: HashMap<Recovered, Vec<(At, Sector)>> = HashMap::new();
        for sectors in power.outcomes(&base, step) {
            tally.images += 1;
            match recover(&base, &sectors) {
                Ok(recovered) => _ = known.entry(recovered).or_insert(sectors),
                Err(JournalError::Absent { .. }) if !worlds[1].manufactured => {}
                Err(error) => {
                    tally.wrong.push(format!("cut after {cut}: it does not open: {error}"))
                }
            }
        }
        for ((recovered, _), sectors) in known {
            tally.judged += 1;
            for image in [with(&base, &sectors), with(&base, &recovered)] {
                let wrong = worlds.iter().find_map(|world| judge(&image, world).err());
                tally.wrong.extend(wrong.map(|wrong| format!("cut after {cut}: {wrong}")));
            }
            second_cuts(&base, &sectors, &recovered, &mut tally);
        }
    }
    tally
}

/// Cuts the power again after each operation of an opening: opened once more, the device is the same.
fn second_cuts(
    base: &Image,
    sectors: &[(At, Sector)],
    recovered: &[(At, Sector)],
    tally: &mut Tally,
) {
    let first = with(base, sectors);
    let disk = CrashDisk::holding(first.clone());
    if Psd::open(Segments::on_existing(disk.clone(), SLOTS).unwrap(), device_keys()).is_err() {
        return;
    }
    let made = with(base, recovered);
    let mut power = Power::holding(first);
    for op in disk.trace() {
        power.take(&op);
        let expected = difference(&power.durable, &made);
        for sectors in power.outcomes(&power.durable, 2) {
            tally.second_cuts += 1;
            let again = recover(&power.durable, &sectors);
            if again.map(|(difference, _)| difference).ok().as_ref() != Some(&expected) {
                tally.wrong.push("a second cut changes what recovery makes".to_owned());
            }
        }
    }
}

#[test]
fn no_power_cut_at_any_operation_loses_or_doubles_anything() {
    let tally = search(&a_life(ROUNDS * thoroughness()), 1);
    let Tally { images, second_cuts, judged, wrong } = &tally;
    eprintln!("{images} images, {judged} different, {second_cuts} of second cuts");
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong[0]);
    assert!(images + second_cuts > 1_000_000 && *judged > 900, "{images}, {second_cuts}, {judged}");
}

/// The life of a journal with another habit, told by changing what it asked of the disk.
fn with_habit(keeps: impl Fn(&Op) -> bool) -> Life {
    let mut life = a_life(4);
    for op in life.trace.iter_mut().filter(|op| !keeps(op)) {
        // It still counts as an operation, so that the world sees what it saw; it does nothing.
        *op = Op::Flush { segment: u32::MAX };
    }
    life
}

#[test]
fn a_journal_that_does_not_flush_is_caught() {
    let tally = search(&with_habit(|op| !matches!(op, Op::Flush { .. })), 64);
    assert!(tally.wrong.len() > 100, "{} wrong of {}", tally.wrong.len(), tally.images);
}

#[test]
fn a_journal_that_flushes_after_the_mark_is_released_is_caught() {
    let mut life = a_life(4);
    for (after, seen) in &mut life.seen {
        if matches!(seen, Seen::Released(..)) {
            *after -= 1;
        }
    }
    let tally = search(&life, 64);
    assert!(tally.wrong.len() > 20, "{} wrong of {}", tally.wrong.len(), tally.images);
    assert!(
        tally.wrong.iter().all(|wrong| wrong.contains("released and is not paid")),
        "{:?}",
        tally.wrong.first()
    );
}

#[test]
fn a_segment_that_is_named_before_its_content_is_durable_is_caught() {
    let tally = search(&with_habit(|op| !matches!(op, Op::FlushContent)), 64);
    assert!(tally.wrong.len() > 4, "{} wrong of {}", tally.wrong.len(), tally.images);
}
#[test]
fn after_a_failed_flush_nothing_is_paid_until_the_device_is_opened_again() {
    let trace = a_life(4).trace;
    let flushes = (0..).zip(&trace).filter(|(_, op)| matches!(op, Op::Flush { .. }));
    for (flush, _) in flushes {
        let disk = CrashDisk::default().fail_flush_at(flush);
        let (life, end) = live(disk.clone(), 4);
        let error = end.expect_err("the flush fails");
        let world = World::of(life.seen.iter().map(|(_, seen)| seen));
        let PsdError::Fault(timbre_psd::Fault::Journal(JournalError::Unflushed { .. })) = error
        else {
            panic!("flush {flush}: {error}");
        };
        // Opened again it reads what the system still holds, and makes that durable before anything
        // counts on it: a power cut right after must find the same.
        let journal = Segments::on_existing(disk.clone(), SLOTS).unwrap();
        let psd = Psd::open(journal, device_keys()).unwrap();
        let after_cut = open(disk.durable()).unwrap();
        assert_eq!(psd.registers(), after_cut.registers(), "flush {flush}");
        assert_eq!(psd.record_chain(), after_cut.record_chain(), "flush {flush}");
        judge(&disk.durable(), &world).unwrap_or_else(|wrong| panic!("flush {flush}: {wrong}"));
    }
}

#[test]
fn a_device_whose_flush_failed_refuses_every_further_debit() {
    let disk = CrashDisk::default();
    let mut psd = operational_on(disk.clone(), 64);
    let disk = disk.clone().fail_flush_at(disk.operations() + 1);
    let registers = psd.registers();
    assert!(frank(&mut psd, cents(1_44), at(10)).is_err());
    for _ in 0..3 {
        let error = frank(&mut psd, cents(1_44), at(11)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the journal is closed since an earlier write could not be made durable: open the device again"
        );
    }
    assert_eq!(psd.registers(), registers);
    assert!(psd.records_after(0, 10).is_ok(), "uploads go on");
    let journal = Segments::on_existing(disk, 64).unwrap();
    let mut psd = Psd::open(journal, device_keys()).unwrap();
    assert_eq!(psd.unprinted_count(), 1, "the piece that was not released is listed");
    assert!(frank(&mut psd, cents(1_44), at(12)).is_ok());
}
