//! The registers against a model of plain numbers, through any sequence of operations.

use std::collections::BTreeMap;

use proptest::prelude::*;
use timbre_psd::journal::MemoryDisk;
use timbre_psd::{Applied, PsdError};

use crate::fixture::*;

#[derive(Clone, Debug)]
enum Step {
    Frank(i64),
    Complete(usize),
    Reprint(usize),
    AskForRefill(i64),
    Reply,
    ReplyAgain,
    Refused,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..3000_i64).prop_map(Step::Frank),
        4 => (0..8_usize).prop_map(Step::Complete),
        1 => (0..8_usize).prop_map(Step::Reprint),
        1 => (1000..9000_i64).prop_map(Step::AskForRefill),
        2 => Just(Step::Reply),
        1 => Just(Step::ReplyAgain),
        1 => Just(Step::Refused),
        2 => Just(Step::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    ascending: i64,
    descending: i64,
    pieces: u64,
    refills: u64,
    pending: Option<i64>,
    /// Record and whether it was printed once more.
    unprinted: BTreeMap<u64, bool>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn registers_move_as_plain_numbers_do(steps in prop::collection::vec(step(), 1..120)) {
        let mut psd = operational_on(MemoryDisk::default(), 20);
        let mut model = Model { descending: 100_00, refills: 1, ..Model::default() };
        let mut last_reply = None;
        for (tick, step) in (10..).zip(steps) {
            let now = at(tick);
            match step {
                Step::Frank(price) => match frank(&mut psd, cents(price), now) {
                    Ok(paid) => {
                        prop_assert!(price <= model.descending);
                        model.ascending += price;
                        model.descending -= price;
                        model.pieces += 1;
                        model.unprinted.insert(paid.record_sequence, false);
                    }
                    Err(error) => {
                        prop_assert!(price > model.descending, "{}", error);
                        prop_assert_eq!(code::<()>(Err(error)), "insufficient-funds");
                    }
                },
                Step::Complete(index) => {
                    if let Some(record) = model.unprinted.keys().nth(index).copied() {
                        psd.complete(record).unwrap();
                        model.unprinted.remove(&record);
                    }
                }
                Step::Reprint(index) => {
                    if let Some((record, again)) = model.unprinted.iter_mut().nth(index) {
                        let done: Result<_, PsdError> = psd.reprint(*record, now);
                        prop_assert_eq!(done.is_ok(), !*again);
                        *again = true;
                    }
                }
                Step::AskForRefill(amount) => {
                    let asked = psd.refill_request(cents(amount), now, nonce(9));
                    match model.pending {
                        Some(pending) if pending != amount => {
                            prop_assert_eq!(code(asked), "refill-pending");
                        }
                        _ => {
                            prop_assert_eq!(asked.unwrap().sequence, model.refills + 1);
                            model.pending = Some(amount);
                        }
                    }
                }
                Step::Reply => if let Some(amount) = model.pending.take() {
                    let reply = refill_reply(psd.pending_refill().unwrap());
                    prop_assert_eq!(psd.apply_refill(&reply, now).unwrap(), Applied::Now);
                    model.descending += amount;
                    model.refills += 1;
                    last_reply = Some(reply);
                },
                Step::ReplyAgain => if let Some(reply) = &last_reply {
                    prop_assert_eq!(psd.apply_refill(reply, now).unwrap(), Applied::Before);
                },
                Step::Refused => if model.pending.take().is_some() {
                    psd.cancel_refill(model.refills + 1, now).unwrap();
                },
                Step::Reopen => psd = reopened(psd),
            }
            let registers = psd.registers();
            prop_assert_eq!(registers.ascending, cents(model.ascending));
            prop_assert_eq!(registers.descending, cents(model.descending));
            prop_assert_eq!(registers.pieces, model.pieces);
            prop_assert_eq!(psd.last_refill_sequence(), model.refills);
            prop_assert_eq!(psd.unprinted_count(), model.unprinted.len());
            prop_assert_eq!(psd.pending_refill().is_some(), model.pending.is_some());
        }
        let records = psd.records_after(0, usize::MAX).unwrap();
        prop_assert_eq!(records.len() as u64, psd.record_sequence());
        let mut chain = [0; 32];
        for record in &records {
            chain = record.chain_after(&chain);
        }
        prop_assert_eq!(chain, psd.record_chain());
    }
}
