//! The payloads of the journal's slots, field by field in the order below.
//!
//! The serial and the currency are the device's and are not repeated. A debit with every text at its
//! limit takes 411 of the 444 bytes of a payload.

use timbre_indicium::MarkKind;
use timbre_postage::{AccountNumber, Currency, IndiciaNumber, MeterSerial, PostalCode, Weight};
use timbre_protocol::inspection::Instruction;
use timbre_protocol::installation::{InspectionPolicy, OperationalBlock};
use timbre_protocol::{inspection, installation, refill};

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
            Entry::Initialised { time, device, indicium } => {
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
            | Entry::InspectionCancelled { time, sequence } => {
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

pub(crate) fn write_installation(w: &mut Writer, reply: &installation::Reply) {
    let block = &reply.block;
    w.u32(block.version);
    w.u32(block.account.number());
    w.u32(block.indicia_number.number());
    w.text(block.postal_code.as_str());
    w.currency(block.currency);
    for amount in [
        block.minimum_refill,
        block.maximum_refill,
        block.maximum_descending,
        block.maximum_postage,
        block.high_value_warning,
    ] {
        w.amount(amount);
    }
    w.u16(block.inspection.interval_days);
    w.u16(block.inspection.warn_days);
    w.u16(block.inspection.grace_days);
    w.date(block.next_inspection);
    w.key(&block.funds_key);
    w.key(&block.rates_key);
    w.raw(&block.indicium_certificate.to_bytes());
    w.time(block.issued);
    w.raw(&block.nonce);
    w.signature(reply.signature);
}

pub(crate) fn read_installation(
    r: &mut Reader<'_>,
    serial: MeterSerial,
) -> Read<installation::Reply> {
    let block = OperationalBlock {
        serial,
        version: r.u32()?,
        account: AccountNumber::new(r.u32()?).map_err(|_| BAD)?,
        indicia_number: IndiciaNumber::new(r.u32()?).map_err(|_| BAD)?,
        postal_code: r.text()?.parse::<PostalCode>().map_err(|_| BAD)?,
        currency: r.currency()?,
        minimum_refill: r.amount()?,
        maximum_refill: r.amount()?,
        maximum_descending: r.amount()?,
        maximum_postage: r.amount()?,
        high_value_warning: r.amount()?,
        inspection: InspectionPolicy {
            interval_days: r.u16()?,
            warn_days: r.u16()?,
            grace_days: r.u16()?,
        },
        next_inspection: r.date()?,
        funds_key: r.key()?,
        rates_key: r.key()?,
        indicium_certificate: timbre_key_store::KeyId::from_bytes(r.raw()?),
        issued: r.time()?,
        nonce: r.raw()?,
    };
    Ok(installation::Reply { block, signature: r.signature()? })
}

pub(crate) fn write_refill_request(w: &mut Writer, request: &refill::Request) {
    w.u64(request.sequence);
    w.amount(request.amount);
    w.registers(&request.registers);
    w.amount(request.control_sum);
    w.u32(request.block_version);
    w.time(request.time);
    w.raw(&request.nonce);
    w.signature(request.signature);
}

pub(crate) fn read_refill_request(
    r: &mut Reader<'_>,
    serial: MeterSerial,
) -> Read<refill::Request> {
    Ok(refill::Request {
        serial,
        sequence: r.u64()?,
        amount: r.amount()?,
        registers: r.registers()?,
        control_sum: r.amount()?,
        block_version: r.u32()?,
        time: r.time()?,
        nonce: r.raw()?,
        signature: r.signature()?,
    })
}

pub(crate) fn write_refill_reply(w: &mut Writer, reply: &refill::Reply) {
    w.u64(reply.sequence);
    w.amount(reply.amount);
    w.amount(reply.control_sum_after);
    w.date(reply.next_inspection);
    for amount in [reply.prepaid_left, reply.credit_left, reply.tax] {
        w.amount(amount);
    }
    w.raw(&reply.nonce);
    w.signature(reply.signature);
}

pub(crate) fn read_refill_reply(r: &mut Reader<'_>, serial: MeterSerial) -> Read<refill::Reply> {
    Ok(refill::Reply {
        serial,
        sequence: r.u64()?,
        amount: r.amount()?,
        control_sum_after: r.amount()?,
        next_inspection: r.date()?,
        prepaid_left: r.amount()?,
        credit_left: r.amount()?,
        tax: r.amount()?,
        nonce: r.raw()?,
        signature: r.signature()?,
    })
}

pub(crate) fn write_inspection_request(w: &mut Writer, request: &inspection::Request) {
    w.u64(request.sequence);
    w.registers(&request.registers);
    w.amount(request.control_sum);
    w.u64(request.last_refill_sequence);
    w.u64(request.record_sequence);
    w.raw(&request.record_chain);
    w.time(request.time);
    w.raw(&request.nonce);
    w.signature(request.signature);
}

pub(crate) fn read_inspection_request(
    r: &mut Reader<'_>,
    serial: MeterSerial,
) -> Read<inspection::Request> {
    Ok(inspection::Request {
        serial,
        sequence: r.u64()?,
        registers: r.registers()?,
        control_sum: r.amount()?,
        last_refill_sequence: r.u64()?,
        record_sequence: r.u64()?,
        record_chain: r.raw()?,
        time: r.time()?,
        nonce: r.raw()?,
        signature: r.signature()?,
    })
}

pub(crate) fn write_inspection_reply(w: &mut Writer, reply: &inspection::Reply) {
    w.u64(reply.sequence);
    w.date(reply.next_inspection);
    w.raw(&reply.nonce);
    w.u8(match reply.instruction {
        Instruction::Continue => 0,
        Instruction::Suspend => 1,
    });
    w.signature(reply.signature);
}

pub(crate) fn read_inspection_reply(
    r: &mut Reader<'_>,
    serial: MeterSerial,
) -> Read<inspection::Reply> {
    Ok(inspection::Reply {
        serial,
        sequence: r.u64()?,
        next_inspection: r.date()?,
        nonce: r.raw()?,
        instruction: match r.u8()? {
            0 => Instruction::Continue,
            1 => Instruction::Suspend,
            _ => return Err(BAD),
        },
        signature: r.signature()?,
    })
}
