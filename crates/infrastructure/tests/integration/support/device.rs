//! A device for the scenarios: keys of its own, registers, a chain of records, and nothing that refuses to be wrong.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys, PublicKey};
use timbre_postage::{Amount, Currency, MeterSerial, Registers};
use timbre_protocol::transaction_upload::{Reason, RecordKind, TransactionRecord};
use timbre_protocol::{
    Hash, Nonce, Signed, UNSIGNED, inspection, installation, refill, replacement, sign_in,
    transaction_upload, withdrawal,
};

pub(crate) struct Device {
    pub(crate) serial: MeterSerial,
    pub(crate) keys: MemoryKeys,
    pub(crate) token: Option<String>,
    /// The version of the block that it obeys.
    pub(crate) block_version: u32,
    pub(crate) registers: Registers,
    /// The number of the last refill applied.
    pub(crate) refills: u64,
    pub(crate) inspections: u64,
    pub(crate) records: Vec<TransactionRecord>,
}

pub(crate) fn nonce() -> Nonce {
    let mut bytes = Nonce::default();
    aws_lc_rs::rand::fill(&mut bytes).expect("randomness");
    bytes
}

/// The day on which the provider keeps its books.
pub(crate) fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

pub(crate) fn cad(text: &str) -> Amount {
    Amount::parse(text, Currency::Cad).expect("an amount")
}

impl Device {
    pub(crate) fn new(serial: u32) -> Device {
        Device {
            serial: MeterSerial::new(serial).expect("a serial"),
            keys: MemoryKeys::generate(&KeyRole::DEVICE_SIDE).expect("keys"),
            token: None,
            block_version: 0,
            registers: Registers { ascending: cad("0"), descending: cad("0"), pieces: 0 },
            refills: 0,
            inspections: 0,
            records: Vec::new(),
        }
    }

    pub(crate) fn key(&self, role: KeyRole) -> PublicKey {
        self.keys.public_key(role).expect("a key")
    }

    pub(crate) fn sign<M: Signed>(&self, message: M) -> M {
        message.sign(&self.keys).expect("a signature")
    }

    pub(crate) fn sign_in(&self, time: Timestamp) -> sign_in::Request {
        let software = "scenario 1.0".to_owned();
        let (serial, nonce) = (self.serial, nonce());
        let (block_version, standing) = (Some(self.block_version), None);
        let signature = UNSIGNED;
        self.sign(sign_in::Request {
            serial,
            time,
            nonce,
            software,
            block_version,
            standing,
            signature,
        })
    }

    pub(crate) fn installation(&self) -> installation::Request {
        self.sign(installation::Request {
            serial: self.serial,
            nonce: nonce(),
            time: Timestamp::now(),
            device_key: self.key(KeyRole::Device),
            indicium_key: self.key(KeyRole::Indicium),
            renews: None,
            signature: UNSIGNED,
        })
    }

    pub(crate) fn control_sum(&self) -> Amount {
        self.registers.control_sum().expect("a sum")
    }

    /// The request for the next refill, unsigned, for a scenario to alter.
    pub(crate) fn refill_draft(&self, amount: &str) -> refill::Request {
        refill::Request {
            serial: self.serial,
            sequence: self.refills + 1,
            amount: cad(amount),
            registers: self.registers,
            control_sum: self.control_sum(),
            block_version: self.block_version,
            time: Timestamp::now(),
            nonce: nonce(),
            signature: UNSIGNED,
        }
    }

    pub(crate) fn refill(&self, amount: &str) -> refill::Request {
        self.sign(self.refill_draft(amount))
    }

    /// Takes the funds of a reply.
    pub(crate) fn apply(&mut self, reply: &refill::Reply) {
        assert_eq!(reply.sequence, self.refills + 1);
        self.refills = reply.sequence;
        self.registers.descending =
            self.registers.descending.checked_add(reply.amount).expect("a sum");
        assert_eq!(self.control_sum(), reply.control_sum_after);
        self.record(RecordKind::Refill, reply.amount);
    }

    /// Franks pieces of one value.
    pub(crate) fn frank(&mut self, pieces: usize, amount: &str) {
        let amount = cad(amount);
        for _ in 0..pieces {
            let registers = &mut self.registers;
            registers.ascending = registers.ascending.checked_add(amount).expect("a sum");
            registers.descending = registers.descending.checked_sub(amount).expect("a sum");
            registers.pieces += 1;
            self.record(RecordKind::Debit, amount);
        }
    }

    pub(crate) fn chain(&self) -> Hash {
        self.records.last().map_or([0; 32], |record| record.chain)
    }

    fn record(&mut self, kind: RecordKind, amount: Amount) {
        let debit = kind == RecordKind::Debit;
        let mut record = TransactionRecord {
            sequence: self.records.len() as u64 + 1,
            time: Timestamp::now(),
            kind,
            amount,
            ascending: self.registers.ascending,
            descending: self.registers.descending,
            pieces: self.registers.pieces,
            product: debit.then_some(101),
            weight_mg: debit.then_some(30_000),
            destination: debit.then(|| "CA".parse().expect("a country")),
            service: debit.then(|| "lettermail".to_owned()),
            account: debit.then(|| "Comptabilité".to_owned()),
            reference: None,
            mark_date: debit.then(today),
            table: debit.then(|| "ca-2025-01-13".to_owned()),
            chain: [0; 32],
        };
        record.chain = record.chain_after(&self.chain());
        self.records.push(record);
    }

    pub(crate) fn inspection_draft(&self) -> inspection::Request {
        inspection::Request {
            serial: self.serial,
            sequence: self.inspections + 1,
            registers: self.registers,
            control_sum: self.control_sum(),
            last_refill_sequence: self.refills,
            record_sequence: self.records.len() as u64,
            record_chain: self.chain(),
            time: Timestamp::now(),
            nonce: nonce(),
            signature: UNSIGNED,
        }
    }

    /// The request to give back what is left, unsigned, for a scenario to alter.
    pub(crate) fn withdrawal_draft(&self) -> withdrawal::Request {
        withdrawal::Request {
            serial: self.serial,
            sequence: 1,
            registers: self.registers,
            control_sum: self.control_sum(),
            last_refill_sequence: self.refills,
            record_sequence: self.records.len() as u64,
            record_chain: self.chain(),
            time: Timestamp::now(),
            nonce: nonce(),
            signature: UNSIGNED,
        }
    }

    /// Gives back what the reply says.
    pub(crate) fn withdraw(&mut self, reply: &withdrawal::Reply) {
        assert_eq!(reply.amount, self.registers.descending);
        self.registers.descending = cad("0");
        assert_eq!(self.control_sum(), reply.control_sum_after);
        self.record(RecordKind::Withdrawal, reply.amount);
    }

    pub(crate) fn replacement(&self) -> replacement::Request {
        let (serial, time, nonce) = (self.serial, Timestamp::now(), nonce());
        self.sign(replacement::Request { serial, time, nonce, signature: UNSIGNED })
    }

    /// The records from `first` on, unsigned, for a scenario to alter.
    pub(crate) fn upload_draft(&self, first: u64) -> transaction_upload::Request {
        let before = usize::try_from(first - 1).expect("a small number");
        let records = self.records[before..].to_vec();
        transaction_upload::Request {
            serial: self.serial,
            first,
            last: self.records.len() as u64,
            chain_before: match before {
                0 => [0; 32],
                _ => self.records[before - 1].chain,
            },
            records,
            registers: self.registers,
            reason: Reason::Sleep,
            time: Timestamp::now(),
            signature: UNSIGNED,
        }
    }

    pub(crate) fn upload(&self, first: u64) -> transaction_upload::Request {
        self.sign(self.upload_draft(first))
    }
}
