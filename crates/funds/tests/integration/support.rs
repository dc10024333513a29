//! A meter in Ottawa with a customer who has money, and what it asks for.

use jiff::Timestamp;
use jiff::civil::date;
use timbre_funds::refill::{RefillContext, RefillRequest};
use timbre_funds::{
    AccountStanding, BlockLimits, Deposit, MeterStanding, MeterState, RequestId, Transfer, deposit,
};
use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial, Registers};

/// Canadian dollars.
pub(crate) fn cad(text: &str) -> Amount {
    Amount::parse(text, Currency::Cad).unwrap()
}

pub(crate) fn usd(text: &str) -> Amount {
    Amount::parse(text, Currency::Usd).unwrap()
}

pub(crate) fn customer() -> AccountNumber {
    AccountNumber::new(10_000_001).unwrap()
}

pub(crate) fn serial() -> MeterSerial {
    MeterSerial::new(42).unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

pub(crate) fn registers(ascending: &str, descending: &str, pieces: u64) -> Registers {
    Registers { ascending: cad(ascending), descending: cad(descending), pieces }
}

/// A customer with 1000 prepaid and 500 of credit, none of it used.
pub(crate) fn account() -> AccountStanding {
    AccountStanding {
        locked: false,
        prepaid: cad("1000"),
        credit_limit: cad("500"),
        credit_used: cad("0"),
        advanced_today: cad("0"),
        daily_advance_limit: None,
    }
}

/// An installed meter that was refilled 16 times, for 800 in all, and has used 495.86 of it.
pub(crate) fn standing() -> MeterStanding {
    MeterStanding {
        serial: serial(),
        state: MeterState::Installed,
        customer: customer(),
        postal_code: "K1A 0B1".parse().unwrap(),
        block: BlockLimits {
            version: 3,
            currency: Currency::Cad,
            minimum_refill: cad("10"),
            maximum_refill: cad("5000"),
            maximum_descending: cad("8000"),
        },
        last_sequence: 16,
        last_registers: registers("400", "400", 300),
        control_sum: cad("800"),
        account: account(),
    }
}

pub(crate) fn context(meter: MeterStanding) -> RefillContext {
    RefillContext { now: now(), today: date(2026, 11, 24), meter: Some(meter) }
}

/// The 17th refill, of 100.
pub(crate) fn request() -> RefillRequest {
    RefillRequest {
        serial: serial(),
        sequence: 17,
        amount: cad("100"),
        registers: registers("495.86", "304.14", 371),
        control_sum: cad("800"),
        block_version: 3,
    }
}

pub(crate) fn request_for(amount: &str) -> RefillRequest {
    RefillRequest { amount: cad(amount), ..request() }
}

/// A deposit of `amount` under a reference.
pub(crate) fn paid_in(reference: &str, amount: Amount) -> Transfer {
    deposit(Deposit {
        id: reference.parse::<RequestId>().unwrap(),
        customer: customer(),
        currency: Currency::Cad,
        amount,
        time: now(),
        memo: "cheque".to_owned(),
    })
    .unwrap()
}

/// The postings as `account amount`, in their order.
pub(crate) fn written(transfer: &Transfer) -> Vec<String> {
    let line = |posting: &timbre_funds::Posting| {
        format!("{} {}", posting.account, posting.amount.decimal())
    };
    transfer.postings().iter().map(line).collect()
}
