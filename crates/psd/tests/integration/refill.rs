//! Refill (REQ FUNDS-1, FUNDS-2): exactly once, whatever the network and the power do.

use jiff::ToSpan;
use timbre_postage::{Amount, Currency, MeterSerial};
use timbre_protocol::Signed;
use timbre_protocol::inspection::Instruction;
use timbre_protocol::refill::Reply;
use timbre_psd::{Applied, State};

use crate::fixture::*;

#[test]
fn a_refill_raises_the_descending_register_and_the_control_sum() {
    let mut psd = operational();
    refill(&mut psd, cents(50_00));
    assert_eq!(psd.registers().descending, cents(150_00));
    assert_eq!(psd.control_sum(), cents(150_00));
    assert_eq!(psd.last_refill_sequence(), 2);
    assert_eq!(psd.last_refill().unwrap().tax, cents(65_00));
}

#[test]
fn amounts_are_refused_in_the_order_of_the_rules() {
    let usd = Amount::from_mills(100_000, Currency::Usd);
    for (amount, expected) in [
        (usd, "wrong-currency"),
        (cents(0), "zero-amount"),
        (cents(-1), "negative-amount"),
        (cents(9_99), "below-minimum-refill"),
        (cents(5000_01), "above-maximum-refill"),
    ] {
        let mut psd = operational();
        assert_eq!(code(psd.refill_request(amount, at(10), nonce(7))), expected, "{amount}");
        assert_eq!(psd.pending_refill(), None);
    }
    let mut psd = operational();
    refill(&mut psd, cents(5000_00));
    assert_eq!(code(psd.refill_request(cents(3900_01), at(10), nonce(7))), "over-capacity");
    assert!(psd.refill_request(cents(3900_00), at(10), nonce(7)).is_ok());
}

#[test]
fn a_lost_reply_costs_nothing_the_same_bytes_ask_again() {
    let mut psd = operational();
    let first = psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    let reply = refill_reply(&first);
    // The reply is lost, the machine is switched off, a day passes, pieces are franked.
    psd = reopened(psd);
    frank(&mut psd, cents(1_44), at(20)).unwrap();
    let again = psd.refill_request(cents(50_00), at(86_400), nonce(8)).unwrap();
    assert_eq!(timbre_protocol::write(&again), timbre_protocol::write(&first));
    assert_eq!(psd.apply_refill(&reply, at(86_401)).unwrap(), Applied::Now);
    assert_eq!(psd.registers().descending, cents(148_56));
    assert_eq!(psd.control_sum(), cents(150_00));
}

#[test]
fn while_a_refill_is_pending_another_amount_is_refused() {
    let mut psd = operational();
    psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    let refused = refusal(psd.refill_request(cents(60_00), at(11), nonce(8)));
    assert_eq!(refused.to_string(), "refill 2 of $50.00 is pending: settle it first");
}

#[test]
fn a_reply_counts_once_even_after_a_restart() {
    let mut psd = operational();
    let request = psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    let reply = refill_reply(&request);
    assert_eq!(psd.apply_refill(&reply, at(11)).unwrap(), Applied::Now);
    assert_eq!(psd.apply_refill(&reply, at(12)).unwrap(), Applied::Before);
    psd = reopened(psd);
    assert_eq!(psd.apply_refill(&reply, at(13)).unwrap(), Applied::Before);
    assert_eq!(psd.registers().descending, cents(150_00));
}

#[test]
fn replayed_and_reordered_replies_are_refused_by_name() {
    let mut psd = operational();
    let second = psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    let second_reply = refill_reply(&second);
    psd.apply_refill(&second_reply, at(11)).unwrap();
    let third = psd.refill_request(cents(60_00), at(12), nonce(8)).unwrap();
    psd.apply_refill(&refill_reply(&third), at(13)).unwrap();
    assert_eq!(code(psd.apply_refill(&second_reply, at(14))), "refill-replayed");

    let fourth = psd.refill_request(cents(70_00), at(15), nonce(9)).unwrap();
    let ahead = signed(Reply { sequence: 5, ..bare_refill_reply(&fourth) });
    assert_eq!(code(psd.apply_refill(&ahead, at(16))), "refill-out-of-order");
    let forged_past = signed(Reply { sequence: 3, ..bare_refill_reply(&fourth) });
    assert_eq!(code(psd.apply_refill(&forged_past, at(17))), "refill-replayed");
    assert_eq!(psd.registers().descending, cents(210_00));
}

#[test]
fn a_reply_that_is_not_exactly_right_is_refused_and_the_request_stays_pending() {
    type Alter = fn(&mut Reply);
    let cases: [(&str, Alter); 6] = [
        ("wrong-serial", |r| r.serial = MeterSerial::new(7).unwrap()),
        ("wrong-nonce", |r| r.nonce = nonce(99)),
        ("wrong-amount", |r| r.amount = cents(60_00)),
        ("wrong-control-sum", |r| r.control_sum_after = cents(150_01)),
        ("wrong-currency", |r| r.amount = Amount::from_mills(50_000, Currency::Usd)),
        ("refill-out-of-order", |r| r.sequence = 9),
    ];
    for (expected, alter) in cases {
        let mut psd = operational();
        let request = psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
        let mut reply = bare_refill_reply(&request);
        alter(&mut reply);
        assert_eq!(code(psd.apply_refill(&signed(reply), at(11))), expected);
        assert_eq!(psd.pending_refill(), Some(&request), "{expected}");
        assert_eq!(psd.registers().descending, cents(100_00), "{expected}");
    }
}

#[test]
fn any_change_to_a_signed_reply_is_a_breach() {
    let mut psd = operational();
    let request = psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    let reply = refill_reply(&request);
    for altered in [
        Reply { amount: cents(51_00), ..reply.clone() },
        Reply { next_inspection: TODAY + 9000.days(), ..reply.clone() },
        Reply { tax: cents(0), ..reply.clone() },
        bare_refill_reply(&request),
    ] {
        assert_eq!(code(psd.apply_refill(&altered, at(11))), "bad-signature");
    }
    assert_eq!(psd.apply_refill(&reply, at(12)).unwrap(), Applied::Now);
}

#[test]
fn nothing_is_applied_that_was_not_asked_for() {
    let mut psd = operational();
    let mut other = operational();
    let request = other.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    assert_eq!(code(psd.apply_refill(&refill_reply(&request), at(11))), "no-refill-pending");
}

#[test]
fn a_definite_refusal_makes_room_for_another_request_with_the_same_number() {
    let mut psd = operational();
    let refused = psd.refill_request(cents(500_00), at(10), nonce(7)).unwrap();
    assert_eq!(code(psd.cancel_refill(refused.sequence + 1, at(11))), "no-refill-pending");
    psd.cancel_refill(refused.sequence, at(11)).unwrap();
    psd = reopened(psd);
    assert_eq!(psd.pending_refill(), None);
    let smaller = psd.refill_request(cents(20_00), at(12), nonce(8)).unwrap();
    assert_eq!(smaller.sequence, refused.sequence);
    psd.apply_refill(&refill_reply(&smaller), at(13)).unwrap();
    assert_eq!(psd.registers().descending, cents(120_00));
}

#[test]
fn the_request_is_signed_and_tells_where_the_device_stands() {
    let mut psd = operational();
    frank(&mut psd, cents(1_44), at(9)).unwrap();
    let request = psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    let key = device_keys().public_key(timbre_key_store::KeyRole::Device).unwrap();
    assert!(request.verify(&key).is_ok());
    assert_eq!(request.registers, psd.registers());
    assert_eq!(request.control_sum, cents(100_00));
    assert_eq!((request.sequence, request.block_version), (2, 1));
}

#[test]
fn a_refill_is_an_inspection_and_unlocks_the_device() {
    let mut psd = operational();
    let late = TODAY + 28.days();
    assert_eq!(psd.state(late), State::Locked);
    let request = psd.refill_request(cents(50_00), at(28 * 86_400), nonce(7)).unwrap();
    let reply = Reply { next_inspection: late + 21.days(), ..bare_refill_reply(&request) };
    psd.apply_refill(&signed(reply), at(28 * 86_400 + 1)).unwrap();
    assert_eq!(psd.state(late), State::Operational);
}

#[test]
fn funds_booked_before_a_suspension_arrive_and_do_not_lift_it() {
    let mut psd = operational();
    let refill = psd.refill_request(cents(50_00), at(10), nonce(7)).unwrap();
    let inspection = psd.inspection_request(at(11), nonce(8)).unwrap();
    psd.apply_inspection(&inspection_reply(&inspection, Instruction::Suspend), at(12)).unwrap();
    assert_eq!(psd.apply_refill(&refill_reply(&refill), at(13)).unwrap(), Applied::Now);
    assert_eq!(psd.state(TODAY), State::Suspended);
    assert_eq!(psd.registers().descending, cents(150_00));
    assert_eq!(code(psd.refill_request(cents(50_00), at(14), nonce(9))), "suspended");
}
