//! Durable debits per second, beside what the disk alone does with records of the same size.
//!
//! A debit is all that the device does for a piece: pre-debit (checks, next registers, signature), perform (one slot and
//! its flush) and complete (a note without a flush). Only perform must wait for the piece, so it is measured without the
//! signature as well. The journal alone, with a payload as long as a debit's, shows what of it is the disk's.

use std::time::Instant;

use anyhow::Result;
use jiff::Timestamp;
use timbre_psd::journal::{PAYLOAD_BYTES, SlotKind};
use timbre_psd::{FileJournal, Journal, MemoryJournal, Postage, Psd};

use crate::Ground;
use crate::device::{self, Provider};
use crate::disk::Loop;
use crate::figure::{Aim, Figure, Quantity};
use crate::measure::{Contender, Times, each, in_turns};

const ROUNDS: usize = 9;
const DEBITS: usize = 2000;
/// Of the same bytes at the end of a file, each made durable: what a ledger on any file system costs.
const AIM: Aim = Aim::OfReference(0.9);

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    let count = ground.amount(DEBITS);
    let provider = Provider::new()?;
    let (mut psd, _) = provider.device(&ground.dir.join("psd"))?;
    let (mut ahead, _) = provider.device(&ground.dir.join("signed-ahead"))?;
    let mut journal = FileJournal::create(&ground.dir.join("journal"))?;
    journal.begin(device::serial()?, b"no state")?;
    let mut overwriting = Loop::overwriting(&ground.dir.join("overwritten"))?;
    let mut growing = Loop::growing(&ground.dir.join("growing"))?;
    let now = Timestamp::now();
    let postage = device::letter_postage(now)?;
    let mut record = 0;
    let mut steps = <[Times; 3]>::default();

    let mut contenders = [
        Contender::new(|| Times::of(count, || Ok(overwriting.write()?))),
        Contender::new(|| Times::of(count, || Ok(growing.write()?))),
        Contender::new(|| {
            Times::of(count, || {
                record += 1;
                append(&mut journal, record)
            })
        }),
        Contender::new(|| signed_ahead(count, &mut ahead, &postage, now)),
        Contender::new(|| Times::of(count, || debit(&mut psd, postage.clone(), now, &mut steps))),
    ];
    in_turns(ROUNDS, &mut contenders)?;
    let [overwriting, growing, journal, ahead, debits] = &contenders;
    let raw = "512 bytes over a preallocated file, fdatasync";
    let beside = |name: &str, contender: &Contender<'_>| {
        Figure::new(name, Quantity::PerSecond(contender.rate())).beside_at(
            raw,
            Quantity::PerSecond(overwriting.rate()),
            contender.ratio_to(overwriting),
        )
    };
    let appended = "512 bytes at the end of a growing file, fdatasync";
    let beside_append = |name: &str, contender: &Contender<'_>| {
        Figure::new(name, Quantity::PerSecond(contender.rate())).beside_at(
            appended,
            Quantity::PerSecond(growing.rate()),
            contender.ratio_to(growing),
        )
    };
    let at = |name: &str, contender: &Contender<'_>, percent| {
        let reference = Quantity::Time(overwriting.times().percentile(percent));
        Figure::new(name, Quantity::Time(contender.times().percentile(percent)))
            .beside(raw, reference)
    };
    let figures = vec![
        beside_append("debits: pre-debit with signature, perform, complete", debits).aim(AIM),
        beside("debits: pre-debit with signature, perform, complete", debits),
        beside("debits signed ahead: perform, complete", ahead),
        beside("slots appended to the journal", journal).aim(AIM),
        beside(appended, growing),
        at("one debit, p50", debits, 50),
        at("one debit, p99", debits, 99),
        at("one slot, p50", journal, 50),
        at("one slot, p99", journal, 99),
    ];
    drop(contenders);
    let steps =
        ["pre-debit", "perform", "complete"].into_iter().zip(&steps).map(|(name, times)| {
            let name = format!("part of a debit: {name}, p50");
            Figure::new(name, Quantity::Time(times.percentile(50)))
        });
    let parts = parts(ground, &provider, &postage, now)?;
    Ok(figures.into_iter().chain(steps).chain(parts).collect())
}

/// What is left to do for a debit when its mark was signed before it was due: what no waiting for a piece can hide.
fn signed_ahead(
    count: usize,
    psd: &mut Psd<impl Journal>,
    postage: &Postage,
    now: Timestamp,
) -> Result<Times> {
    let mut times = Times::default();
    for _ in 0..count {
        let pre_debit = psd.pre_debit(postage.clone(), now)?;
        let start = Instant::now();
        let performed = psd.perform(pre_debit)?;
        psd.complete(performed.record_sequence)?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// The three steps of a debit, each timed.
fn debit(
    psd: &mut Psd<impl Journal>,
    postage: Postage,
    now: Timestamp,
    steps: &mut [Times; 3],
) -> Result<()> {
    let start = Instant::now();
    let pre_debit = psd.pre_debit(postage, now)?;
    let computed = Instant::now();
    let performed = psd.perform(pre_debit)?;
    let paid = Instant::now();
    psd.complete(performed.record_sequence)?;
    steps[0].push(computed - start);
    steps[1].push(paid - computed);
    steps[2].push(paid.elapsed());
    Ok(())
}

/// What the processor does for a debit, with a journal in memory.
fn parts(
    ground: &Ground,
    provider: &Provider,
    postage: &Postage,
    now: Timestamp,
) -> Result<[Figure; 2]> {
    let (mut psd, _) = provider.device_on(MemoryJournal::in_memory())?;
    let batches = ground.amount(200);
    let pre_debit = each(batches, 50, || psd.pre_debit(postage.clone(), now));
    let mut steps = <[Times; 3]>::default();
    let whole = Times::of(batches * 50, || debit(&mut psd, postage.clone(), now, &mut steps))?;
    Ok([
        Figure::new("processor: pre-debit, one after the other", Quantity::Time(pre_debit)),
        Figure::new(
            "processor: one debit, its journal in memory, p50",
            Quantity::Time(whole.percentile(50)),
        ),
    ])
}

fn append(journal: &mut FileJournal, record: u64) -> Result<()> {
    if journal.is_full() {
        journal.roll(record, b"no state")?;
    }
    let payload = [0x5a; PAYLOAD_BYTES];
    Ok(journal.append(SlotKind::Debited, record, &payload)?)
}
