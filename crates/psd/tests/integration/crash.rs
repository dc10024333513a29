//! Power cuts at every operation of a whole life, with every image that may be left on the disk.
//!
//! After each: no cent is lost or spent twice, every mark that was released is paid, at most one
//! piece is paid and not released and that one is listed, and a refill counts exactly once.

use std::collections::BTreeMap;

use timbre_protocol::inspection::Instruction;
use timbre_protocol::refill;
use timbre_protocol::transaction_upload::RecordKind;
use timbre_psd::journal::Segments;
use timbre_psd::{Applied, JournalError, OpenError, Psd, PsdError};

use crate::disks::{CrashDisk, Image, ImageDisk};
use crate::fixture::*;

const SLOTS: u64 = 14;

/// What the world outside has seen of a device.
#[derive(Default)]
struct World {
    manufactured: bool,
    /// Marks released to the printer: record and cents.
    released: BTreeMap<u64, i64>,
    /// Pieces that came out of the printer.
    printed: Vec<u64>,
    /// Refills as the server booked them, with its reply.
    booked: BTreeMap<u64, refill::Reply>,
    /// The refill request that left the device last.
    sent: Option<refill::Request>,
    applied: u64,
}

impl World {
    /// The server: books a refill once and repeats its reply for ever.
    fn serve(&mut self, request: &refill::Request) -> refill::Reply {
        self.sent = Some(request.clone());
        self.booked.entry(request.sequence).or_insert_with(|| refill_reply(request)).clone()
    }

    fn booked_cents(&self) -> i64 {
        self.booked.values().map(|reply| reply.amount.mills() / 10).sum()
    }
}

/// A life, until it ends or the power goes.
fn live(disk: CrashDisk, world: &mut World) -> Result<(), PsdError> {
    let stop = |error: OpenError| {
        PsdError::from(JournalError::Io {
            action: "open",
            file: error.to_string().into(),
            source: std::io::Error::other("stop"),
        })
    };
    let journal = Segments::on_new(disk, SLOTS)?;
    let mut psd = Psd::manufacture(birth(), journal, device_keys(), at(0)).map_err(stop)?;
    world.manufactured = true;
    psd.initialise(at(1))?;
    let request = psd.installation_request(at(2), nonce(1))?;
    psd.install(&installation_reply(block_for(&request)), at(3))?;
    for round in 0..4_i64 {
        let request = psd.refill_request(cents(20_00 + round), at(4), nonce(2))?;
        let reply = world.serve(&request);
        if round == 2 {
            let pre_debit = psd.pre_debit(letter(cents(5)), at(5))?;
            release(psd.perform(pre_debit)?, 5, world);
        }
        psd.apply_refill(&reply, at(6))?;
        world.applied = request.sequence;
        for piece in 0..5 {
            let price = 100 + 10 * round + piece;
            let pre_debit = psd.pre_debit(letter(cents(price)), at(7))?;
            let paid = psd.perform(pre_debit)?;
            let record = paid.record_sequence;
            release(paid, price, world);
            if piece != 3 {
                world.printed.push(record);
                psd.complete(record)?;
            }
        }
        let waiting = *world.released.keys().last().expect("pieces were released");
        if round == 1 {
            let paid = psd.pre_debit(letter(cents(7)), at(8)).and_then(|pre| psd.perform(pre))?;
            let record = paid.record_sequence;
            release(paid, 7, world);
            psd.reprint(record, at(9))?;
        }
        let request = psd.inspection_request(at(10), nonce(4))?;
        psd.apply_inspection(&inspection_reply(&request, Instruction::Continue), at(11))?;
        assert!(waiting <= psd.record_sequence());
        psd.settle()?;
    }
    Ok(())
}

fn release(paid: timbre_psd::Performed, cents: i64, world: &mut World) {
    world.released.insert(paid.record_sequence, cents);
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
    if let Some(record) =
        world.released.keys().find(|r| !world.printed.contains(r) && !waiting.contains(r))
    {
        return Err(format!("record {record} was never printed and is not listed"));
    }
    let spent: i64 = debits.values().sum();
    if psd.registers().ascending != cents(spent) {
        return Err("the ascending register is not the sum of the debits".to_owned());
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

fn operations_of_a_life() -> usize {
    let disk = CrashDisk::default();
    live(disk.clone(), &mut World::default()).expect("a life without a power cut");
    disk.operations()
}

#[test]
fn no_power_cut_at_any_operation_loses_or_doubles_anything() {
    let operations = operations_of_a_life();
    assert!(operations > 100, "{operations}");
    let (mut images, mut recoveries) = (0, 0);
    for cut in 1..=operations {
        let disk = CrashDisk::default().cut_at(cut);
        let mut world = World::default();
        assert!(live(disk.clone(), &mut world).is_err(), "the power goes at {cut}");
        for (number, image) in disk.images().into_iter().enumerate() {
            judge(&image, &world).unwrap_or_else(|wrong| panic!("cut at {cut}: {wrong}"));
            images += 1;
            if number % 7 == 0 && !image.is_empty() {
                recoveries += cut_during_recovery(&image, &world, cut);
            }
        }
    }
    assert!(images > 1000 && recoveries > 1000, "{images} images, {recoveries} recoveries");
}

/// Cuts the power again while the device is being opened, at each operation.
fn cut_during_recovery(image: &Image, world: &World, first_cut: usize) -> usize {
    let mut count = 0;
    for cut in 1.. {
        let disk = CrashDisk::holding(image.clone()).cut_at(cut);
        let journal = Segments::on_existing(disk.clone(), SLOTS).expect("segments are listed");
        let opened = Psd::open(journal, device_keys());
        for image in disk.images() {
            judge(&image, world)
                .unwrap_or_else(|wrong| panic!("cut at {first_cut}, then at {cut}: {wrong}"));
            count += 1;
        }
        if opened.is_ok() {
            return count;
        }
    }
    count
}

#[test]
fn a_disk_that_lies_about_its_flushes_is_caught_by_this_very_test() {
    let operations = operations_of_a_life();
    let caught = (1..=operations)
        .filter(|cut| {
            let disk = CrashDisk::default().lying().cut_at(*cut);
            let mut world = World::default();
            let _ = live(disk.clone(), &mut world);
            judge(&disk.durable(), &world).is_err()
        })
        .count();
    assert!(caught > operations / 2, "{caught} of {operations}");
}

#[test]
fn after_a_failed_flush_nothing_is_paid_until_the_device_is_opened_again() {
    for flush in 1..=operations_of_a_life() {
        let disk = CrashDisk::default().fail_flush_at(flush);
        let mut world = World::default();
        let Err(error) = live(disk.clone(), &mut world) else { continue };
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
    let disk = disk.clone().fail_flush_at(disk.operations() + 2);
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
