//! The payloads of the journal's slots, field by field in the order below.
//!
//! The serial and the currency are the device's and are not repeated. A debit with every text at its
//! limit takes 412 of the 444 bytes of a payload.

use timbre_indicium::MarkKind;
use timbre_postage::{Currency, MeterSerial, Weight};

use super::messages::{
    read_inspection_reply, read_inspection_request, read_installation, read_refill_reply,
    read_refill_request, read_withdrawal_reply, read_withdrawal_request, write_inspection_reply,
    write_inspection_request, write_installation, write_refill_reply, write_refill_request,
    write_withdrawal_reply, write_withdrawal_request,
};
use super::{Debited, Entry, Reprinted, Stamp};
use crate::codec::{Reader, Writer};
use crate::journal::{SlotFault, SlotKind};
use crate::{JobId, Memo, MemoFields};

type Read<T> = Result<T, SlotFault>;
const BAD: SlotFault = SlotFault::Contents;

impl Entry {
    /// The payload.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        let w = &mut writer;
        match self {
            Entry::Initialised { time, device, indicium }
            | Entry::KeysProposed { time, device, indicium } => {
                w.time(*time);
                w.key(device);
                w.key(indicium);
            }
            Entry::Installed { stamp, reply } => {
                write_stamp(w, stamp);
                write_installation(w, reply);
            }
            Entry::RefillRequested(request) => write_refill_request(w, request),
            Entry::RefillApplied { stamp, reply } => {
                write_stamp(w, stamp);
                write_refill_reply(w, reply);
            }
            Entry::RefillCancelled { time, sequence }
            | Entry::InspectionCancelled { time, sequence }
            | Entry::WithdrawalCancelled { time, sequence } => {
                w.time(*time);
                w.u64(*sequence);
            }
            Entry::InspectionRequested(request) => write_inspection_request(w, request),
            Entry::InspectionApplied { stamp, reply } => {
                write_stamp(w, stamp);
                write_inspection_reply(w, reply);
            }
            Entry::Debited(debited) => write_debited(w, debited),
            Entry::Completed(records) => w.numbers(records),
            Entry::Reprinted(reprinted) => write_reprinted(w, reprinted),
            Entry::Tampered { time } => w.time(*time),
            Entry::Contacted { time, contact } => {
                w.time(*time);
                w.u64(*contact);
            }
            Entry::WithdrawalRequested(request) => write_withdrawal_request(w, request),
            Entry::Withdrawn { stamp, reply } => {
                write_stamp(w, stamp);
                write_withdrawal_reply(w, reply);
            }
        }
        writer.finish()
    }

    /// Reads a payload of the device `serial`, whose registers are in `currency`.
    pub(crate) fn decode(
        kind: SlotKind,
        payload: &[u8],
        serial: MeterSerial,
        currency: Currency,
    ) -> Read<Entry> {
        let mut reader = Reader::new(payload, currency);
        let r = &mut reader;
        let entry = match kind {
            SlotKind::Initialised => {
                Entry::Initialised { time: r.time()?, device: r.key()?, indicium: r.key()? }
            }
            SlotKind::Installed => Entry::Installed {
                stamp: read_stamp(r)?,
                reply: Box::new(read_installation(r, serial)?),
            },
            SlotKind::RefillRequested => Entry::RefillRequested(read_refill_request(r, serial)?),
            SlotKind::RefillApplied => {
                Entry::RefillApplied { stamp: read_stamp(r)?, reply: read_refill_reply(r, serial)? }
            }
            SlotKind::RefillCancelled => {
                Entry::RefillCancelled { time: r.time()?, sequence: r.u64()? }
            }
            SlotKind::InspectionRequested => {
                Entry::InspectionRequested(read_inspection_request(r, serial)?)
            }
            SlotKind::InspectionApplied => Entry::InspectionApplied {
                stamp: read_stamp(r)?,
                reply: read_inspection_reply(r, serial)?,
            },
            SlotKind::InspectionCancelled => {
                Entry::InspectionCancelled { time: r.time()?, sequence: r.u64()? }
            }
            SlotKind::Debited => Entry::Debited(Box::new(read_debited(r)?)),
            SlotKind::Completed => Entry::Completed(r.numbers()?),
            SlotKind::Reprinted => Entry::Reprinted(Box::new(read_reprinted(r)?)),
            SlotKind::Tampered => Entry::Tampered { time: r.time()? },
            SlotKind::KeysProposed => {
                Entry::KeysProposed { time: r.time()?, device: r.key()?, indicium: r.key()? }
            }
            SlotKind::Contacted => Entry::Contacted { time: r.time()?, contact: r.u64()? },
            SlotKind::WithdrawalRequested => {
                Entry::WithdrawalRequested(read_withdrawal_request(r, serial)?)
            }
            SlotKind::Withdrawn => {
                Entry::Withdrawn { stamp: read_stamp(r)?, reply: read_withdrawal_reply(r, serial)? }
            }
            SlotKind::WithdrawalCancelled => {
                Entry::WithdrawalCancelled { time: r.time()?, sequence: r.u64()? }
            }
            SlotKind::Checkpoint | SlotKind::Seal => return Err(BAD),
        };
        reader.finish()?;
        Ok(entry)
    }
}

fn write_stamp(w: &mut Writer, stamp: &Stamp) {
    w.time(stamp.time);
    w.registers(&stamp.registers);
    w.raw(&stamp.chain);
}

fn read_stamp(r: &mut Reader<'_>) -> Read<Stamp> {
    Ok(Stamp { time: r.time()?, registers: r.registers()?, chain: r.raw()? })
}

fn write_debited(w: &mut Writer, debited: &Debited) {
    write_stamp(w, &debited.stamp);
    w.u8(match debited.kind {
        MarkKind::Postage => 0,
        MarkKind::Redate => 1,
        MarkKind::Correction => 2,
    });
    w.amount(debited.amount);
    w.date(debited.date);
    w.u16(debited.product);
    write_memo(w, &debited.memo);
    w.raw(&debited.mark);
    w.numbers(&debited.completed);
}

fn read_debited(r: &mut Reader<'_>) -> Read<Debited> {
    Ok(Debited {
        stamp: read_stamp(r)?,
        kind: match r.u8()? {
            0 => MarkKind::Postage,
            1 => MarkKind::Redate,
            2 => MarkKind::Correction,
            _ => return Err(BAD),
        },
        amount: r.amount()?,
        date: r.date()?,
        product: r.u16()?,
        memo: read_memo(r)?,
        mark: r.raw()?,
        completed: r.numbers()?,
    })
}

fn write_reprinted(w: &mut Writer, reprinted: &Reprinted) {
    write_stamp(w, &reprinted.stamp);
    w.u64(reprinted.of);
    w.date(reprinted.date);
    w.u16(reprinted.product);
    write_memo(w, &reprinted.memo);
}

fn read_reprinted(r: &mut Reader<'_>) -> Read<Reprinted> {
    Ok(Reprinted {
        stamp: read_stamp(r)?,
        of: r.u64()?,
        date: r.date()?,
        product: r.u16()?,
        memo: read_memo(r)?,
    })
}

fn write_memo(w: &mut Writer, memo: &Memo) {
    let fields = memo.fields();
    w.option(fields.job, |w, (job, row)| {
        w.raw(&job.0);
        w.u32(row);
    });
    w.country(fields.destination);
    w.option(memo.weight_mg(), Writer::u32);
    for text in [&fields.service, &fields.account, &fields.reference, &fields.table] {
        w.text(text);
    }
}

fn read_memo(r: &mut Reader<'_>) -> Read<Memo> {
    let fields = MemoFields {
        job: r.option(|r| Ok((JobId(r.raw()?), r.u32()?)))?,
        destination: r.country()?,
        weight: r.option(Reader::u32)?.map(Weight::from_milligrams),
        service: r.text()?,
        account: r.text()?,
        reference: r.text()?,
        table: r.text()?,
    };
    Memo::new(fields).map_err(|_| BAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{CARRIED, COMPLETIONS};
    use crate::journal::PAYLOAD_BYTES;
    use timbre_postage::{Amount, Registers};

    fn stamp() -> Stamp {
        let amount = |mills| Amount::from_mills(mills, Currency::Cad);
        let registers =
            Registers { ascending: amount(i64::MAX), descending: amount(7), pieces: u64::MAX };
        Stamp { time: "2026-03-02T14:00:00.123456789Z".parse().unwrap(), registers, chain: [9; 32] }
    }

    fn longest_memo() -> Memo {
        Memo::new(MemoFields {
            job: Some((JobId([255; 8]), u32::MAX)),
            destination: Some("FR".parse().unwrap()),
            weight: Some(Weight::from_grams(4_000)),
            service: "s".repeat(Memo::SERVICE_BYTES),
            account: "a".repeat(Memo::ACCOUNT_BYTES),
            reference: "r".repeat(Memo::REFERENCE_BYTES),
            table: "t".repeat(Memo::TABLE_BYTES),
        })
        .unwrap()
    }

    #[test]
    fn the_longest_entries_fit_their_slots_and_read_back() {
        let serial = MeterSerial::new(42).unwrap();
        let date = jiff::civil::date(2026, 3, 2);
        let debited = Entry::Debited(Box::new(Debited {
            stamp: stamp(),
            kind: MarkKind::Correction,
            amount: Amount::from_mills(1_440, Currency::Cad),
            date,
            product: u16::MAX,
            memo: longest_memo(),
            mark: [5; 112],
            completed: vec![u64::MAX; CARRIED],
        }));
        let reprinted = Entry::Reprinted(Box::new(Reprinted {
            stamp: stamp(),
            of: 3,
            date,
            product: 1,
            memo: longest_memo(),
        }));
        let completed = Entry::Completed(vec![u64::MAX; COMPLETIONS]);
        for (entry, bytes) in [(debited, 412), (reprinted, 266), (completed, 257)] {
            let payload = entry.encode();
            assert_eq!(payload.len(), bytes);
            assert!(payload.len() <= PAYLOAD_BYTES);
            let read = |payload| Entry::decode(entry.kind(), payload, serial, Currency::Cad);
            assert_eq!(read(&payload), Ok(entry.clone()));
            assert!(read(&payload[..bytes - 1]).is_err(), "a byte too few");
            assert!(read(&[&payload[..], &[0]].concat()).is_err(), "a byte too many");
        }
    }
}
