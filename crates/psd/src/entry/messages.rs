//! Messages of the protocol inside payloads and checkpoints, field by field.
//!
//! What the device already knows (its serial) is left out; what was signed comes back bit for bit, so
//! that a pending request is sent again with the signature it had.

use timbre_key_store::KeyId;
use timbre_postage::{AccountNumber, IndiciaNumber, MeterSerial, PostalCode};
use timbre_protocol::inspection::{Instruction, SuspensionCause};
use timbre_protocol::installation::{InspectionPolicy, OperationalBlock};
use timbre_protocol::{inspection, installation, refill, withdrawal};

use crate::codec::{Reader, Writer};
use crate::journal::SlotFault;

type Read<T> = Result<T, SlotFault>;
const BAD: SlotFault = SlotFault::Contents;

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
        indicium_certificate: KeyId::from_bytes(r.raw()?),
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
    w.u8(match (reply.instruction, reply.cause) {
        (Instruction::Continue, _) => 0,
        (Instruction::Suspend, None) => 1,
        (Instruction::Suspend, Some(cause)) => order_to_stop(cause),
    });
    w.signature(reply.signature);
}

/// How an order to stop is written that tells its cause.
const fn order_to_stop(cause: SuspensionCause) -> u8 {
    match cause {
        SuspensionCause::Account => 2,
        SuspensionCause::Registers => 3,
        SuspensionCause::Lost => 4,
        SuspensionCause::Stolen => 5,
        SuspensionCause::Malfunction => 6,
        SuspensionCause::Customer => 7,
    }
}

fn read_order(r: &mut Reader<'_>) -> Read<(Instruction, Option<SuspensionCause>)> {
    match r.u8()? {
        0 => Ok((Instruction::Continue, None)),
        1 => Ok((Instruction::Suspend, None)),
        order => {
            let cause =
                SuspensionCause::ALL.into_iter().find(|cause| order_to_stop(*cause) == order);
            cause.map(|cause| (Instruction::Suspend, Some(cause))).ok_or(BAD)
        }
    }
}

pub(crate) fn read_inspection_reply(
    r: &mut Reader<'_>,
    serial: MeterSerial,
) -> Read<inspection::Reply> {
    let (sequence, next_inspection, nonce) = (r.u64()?, r.date()?, r.raw()?);
    let (instruction, cause) = read_order(r)?;
    let signature = r.signature()?;
    Ok(inspection::Reply {
        serial,
        sequence,
        next_inspection,
        nonce,
        instruction,
        cause,
        signature,
    })
}

pub(crate) fn write_withdrawal_request(w: &mut Writer, request: &withdrawal::Request) {
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

pub(crate) fn read_withdrawal_request(
    r: &mut Reader<'_>,
    serial: MeterSerial,
) -> Read<withdrawal::Request> {
    Ok(withdrawal::Request {
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

pub(crate) fn write_withdrawal_reply(w: &mut Writer, reply: &withdrawal::Reply) {
    w.u64(reply.sequence);
    w.amount(reply.amount);
    w.amount(reply.control_sum_after);
    w.raw(&reply.nonce);
    w.signature(reply.signature);
}

pub(crate) fn read_withdrawal_reply(
    r: &mut Reader<'_>,
    serial: MeterSerial,
) -> Read<withdrawal::Reply> {
    Ok(withdrawal::Reply {
        serial,
        sequence: r.u64()?,
        amount: r.amount()?,
        control_sum_after: r.amount()?,
        nonce: r.raw()?,
        signature: r.signature()?,
    })
}
