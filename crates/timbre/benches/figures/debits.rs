//! Durable debits per second, beside what the disk alone does with records of the same size.
//!
//! A debit is all that the device does for a piece: pre-debit (checks, next registers, signature), perform (one slot and
//! its flush) and complete (a note without a flush). The journal alone, with a payload as long as a debit's, shows what of it
//! is the disk's.

use anyhow::Result;
use jiff::Timestamp;
use timbre_psd::journal::{PAYLOAD_BYTES, SlotKind};
use timbre_psd::{FileJournal, Journal as _};

use crate::Ground;
use crate::device::{self, Provider};
use crate::disk::Loop;
use crate::figure::{Aim, Figure, Quantity};
use crate::measure::{Contender, Times, in_turns};

const ROUNDS: usize = 9;
const DEBITS: usize = 2000;
const AIM: Aim = Aim::OfReference(0.8);

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    let count = ground.amount(DEBITS);
    let provider = Provider::new()?;
    let (mut psd, _) = provider.device(&ground.dir.join("psd"))?;
    let mut journal = FileJournal::create(&ground.dir.join("journal"))?;
    journal.begin(device::serial()?, b"no state")?;
    let mut overwriting = Loop::overwriting(&ground.dir.join("overwritten"))?;
    let mut growing = Loop::growing(&ground.dir.join("growing"))?;
    let now = Timestamp::now();
    let postage = device::letter_postage(now)?;
    let mut record = 0;

    let mut contenders = [
        Contender::new(|| Times::of(count, || Ok(overwriting.write()?))),
        Contender::new(|| Times::of(count, || Ok(growing.write()?))),
        Contender::new(|| {
            Times::of(count, || {
                record += 1;
                append(&mut journal, record)
            })
        }),
        Contender::new(|| {
            Times::of(count, || {
                let pre_debit = psd.pre_debit(postage.clone(), now)?;
                let performed = psd.perform(pre_debit)?;
                Ok(psd.complete(performed.record_sequence)?)
            })
        }),
    ];
    in_turns(ROUNDS, &mut contenders)?;
    let [overwriting, growing, journal, debits] = &contenders;
    let raw = "512 bytes over a preallocated file, fdatasync";
    let beside = |name: &str, contender: &Contender<'_>| {
        Figure::new(name, Quantity::PerSecond(contender.rate())).beside_at(
            raw,
            Quantity::PerSecond(overwriting.rate()),
            contender.ratio_to(overwriting),
        )
    };
    let at = |name: &str, contender: &Contender<'_>, percent| {
        let reference = Quantity::Time(overwriting.times().percentile(percent));
        Figure::new(name, Quantity::Time(contender.times().percentile(percent)))
            .beside(raw, reference)
    };
    Ok(vec![
        beside("debits: pre-debit with signature, perform, complete", debits).aim(AIM),
        beside("slots appended to the journal", journal).aim(AIM),
        beside("512 bytes at the end of a growing file, fdatasync", growing),
        at("one debit, p50", debits, 50),
        at("one debit, p99", debits, 99),
        at("one slot, p50", journal, 50),
        at("one slot, p99", journal, 99),
    ])
}

fn append(journal: &mut FileJournal, record: u64) -> Result<()> {
    if journal.is_full() {
        journal.roll(record, b"no state")?;
    }
    let payload = [0x5a; PAYLOAD_BYTES];
    Ok(journal.append(SlotKind::Debited, record, &payload)?)
}
