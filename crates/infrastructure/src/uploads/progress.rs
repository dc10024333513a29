//! Whether the records of an upload follow from one another: numbers without a gap, each chained to the one before, the
//! registers moved by exactly what each record says. No database; a record is believed for nothing else.

use timbre_postage::{Amount, Registers};
use timbre_protocol::transaction_upload::{RecordKind, Request, TransactionRecord};

/// Where a run of records does not hold together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Break {
    /// The record.
    pub(super) sequence: u64,
    /// What is wrong with it.
    pub(super) reason: String,
}

/// Checks what the request says of itself: the numbers, the chain, the registers at its end.
pub(super) fn whole(request: &Request) -> Result<(), Break> {
    let count = request.last.checked_add(1).and_then(|end| end.checked_sub(request.first));
    if request.first == 0 || count != Some(request.records.len() as u64) {
        return Err(at(request.first, "the records are not those from first to last"));
    }
    let mut chain = request.chain_before;
    for (sequence, record) in (request.first..).zip(&request.records) {
        if record.sequence != sequence {
            return Err(at(record.sequence, format!("record {sequence} should stand here")));
        }
        if record.chain_after(&chain) != record.chain {
            return Err(at(sequence, "its chain value does not follow from its content"));
        }
        chain = record.chain;
    }
    match request.records.last() {
        Some(last) if registers_of(last) != request.registers => {
            Err(at(last.sequence, "the registers of the upload are not those of its last record"))
        }
        _ => Ok(()),
    }
}

/// Checks that the registers move by what the records say, from `before` on.
pub(super) fn moves(before: Registers, records: &[TransactionRecord]) -> Result<(), Break> {
    let mut registers = before;
    for record in records {
        let expected =
            after(registers, record).ok_or_else(|| at(record.sequence, "its amount cannot be"))?;
        let found = registers_of(record);
        if found != expected {
            let reason = format!(
                "the registers are {}, {} and {} pieces, and should be {}, {} and {} pieces",
                found.ascending,
                found.descending,
                found.pieces,
                expected.ascending,
                expected.descending,
                expected.pieces
            );
            return Err(at(record.sequence, reason));
        }
        registers = found;
    }
    Ok(())
}

/// What all debits come to.
pub(super) fn debits(records: &[TransactionRecord], nothing: Amount) -> Option<Amount> {
    let debits = records.iter().filter(|record| record.kind == RecordKind::Debit);
    debits.into_iter().try_fold(nothing, |sum, record| sum.checked_add(record.amount).ok())
}

pub(super) fn registers_of(record: &TransactionRecord) -> Registers {
    Registers { ascending: record.ascending, descending: record.descending, pieces: record.pieces }
}

fn after(registers: Registers, record: &TransactionRecord) -> Option<Registers> {
    let Registers { ascending, descending, pieces } = registers;
    let amount = record.amount;
    if amount.is_negative() || amount.currency() != ascending.currency() {
        return None;
    }
    Some(match record.kind {
        RecordKind::Debit => Registers {
            ascending: ascending.checked_add(amount).ok()?,
            descending: descending.checked_sub(amount).ok().filter(|left| !left.is_negative())?,
            pieces: pieces.checked_add(1)?,
        },
        RecordKind::Refill => {
            Registers { descending: descending.checked_add(amount).ok()?, ..registers }
        }
        RecordKind::Withdrawal => Registers {
            descending: descending.checked_sub(amount).ok().filter(|left| !left.is_negative())?,
            ..registers
        },
        RecordKind::Installation | RecordKind::Reprint | RecordKind::Inspection => registers,
    })
}

fn at(sequence: u64, reason: impl Into<String>) -> Break {
    Break { sequence, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use timbre_key_store::Signature;
    use timbre_postage::Currency;
    use timbre_protocol::transaction_upload::Reason;

    use super::*;

    fn cad(mills: i64) -> Amount {
        Amount::from_mills(mills, Currency::Cad)
    }

    const START: Registers = Registers {
        ascending: Amount::zero(Currency::Cad),
        descending: Amount::zero(Currency::Cad),
        pieces: 0,
    };

    /// A refill of 10.00 and two pieces of 1.44.
    fn upload() -> Request {
        let movements = [
            (RecordKind::Refill, 10_000, 0, 10_000, 0),
            (RecordKind::Debit, 1_440, 1_440, 8_560, 1),
            (RecordKind::Debit, 1_440, 2_880, 7_120, 2),
        ];
        let mut chain = [0; 32];
        let mut records = Vec::new();
        for (sequence, (kind, amount, ascending, descending, pieces)) in (1..).zip(movements) {
            let mut record = TransactionRecord {
                sequence,
                time: jiff::Timestamp::UNIX_EPOCH,
                kind,
                amount: cad(amount),
                ascending: cad(ascending),
                descending: cad(descending),
                pieces,
                product: None,
                weight_mg: None,
                destination: None,
                service: None,
                account: None,
                reference: None,
                mark_date: None,
                table: None,
                chain,
            };
            record.chain = record.chain_after(&chain);
            chain = record.chain;
            records.push(record);
        }
        Request {
            serial: "TM0000042".parse().unwrap(),
            first: 1,
            last: 3,
            chain_before: [0; 32],
            registers: registers_of(&records[2]),
            records,
            reason: Reason::Sleep,
            time: jiff::Timestamp::UNIX_EPOCH,
            signature: Signature::from_bytes([0; 64]),
        }
    }

    #[test]
    fn an_honest_upload_holds_together() {
        let upload = upload();
        whole(&upload).unwrap();
        moves(START, &upload.records).unwrap();
        assert_eq!(debits(&upload.records, cad(0)), Some(cad(2_880)));
        assert_eq!(whole(&Request { first: 4, last: 3, records: Vec::new(), ..upload }), Ok(()));
    }

    #[test]
    fn an_altered_record_is_found_where_it_is() {
        type Alteration = fn(&mut Request);
        let alterations: [(u64, Alteration); 5] = [
            (2, |upload| upload.records[1].amount = cad(440)),
            (3, |upload| upload.records[2].reference = Some("other".to_owned())),
            (3, |upload| upload.records.swap(1, 2)),
            (1, |upload| upload.chain_before = [1; 32]),
            (3, |upload| upload.registers.pieces = 3),
        ];
        for (sequence, alter) in alterations {
            let mut upload = upload();
            alter(&mut upload);
            assert_eq!(whole(&upload).unwrap_err().sequence, sequence);
        }
    }

    #[test]
    fn a_record_left_out_is_noticed() {
        let mut upload = upload();
        upload.records.remove(1);
        assert!(whole(&upload).is_err());
        upload.last = 2;
        assert_eq!(whole(&upload).unwrap_err().sequence, 3);
    }

    #[test]
    fn a_record_moves_the_registers_by_its_amount_and_no_more() {
        let records = upload().records;
        let mut wrong = records.clone();
        wrong[1].descending = cad(9_000);
        assert_eq!(moves(START, &wrong).unwrap_err().sequence, 2);
        let mut negative = records.clone();
        negative[0].amount = cad(-10_000);
        assert_eq!(moves(START, &negative).unwrap_err().sequence, 1);
        assert_eq!(moves(START, &records[1..]).unwrap_err().reason, "its amount cannot be");
    }
}
