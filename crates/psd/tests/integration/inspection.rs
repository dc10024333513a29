//! Inspection (REQ FUNDS-3, FUNDS-6): warned, locked, inspected, suspended and let go on.

use jiff::ToSpan;
use timbre_postage::{Language, MeterSerial};
use timbre_protocol::inspection::{Instruction, Reply, SuspensionCause};
use timbre_psd::{Applied, Psd, Refusal, State};

use crate::fixture::*;

#[test]
fn the_device_warns_from_day_21_and_locks_on_day_28() {
    let psd = operational();
    for (day, expected) in [
        (0, State::Operational),
        (20, State::Operational),
        (21, State::InspectionDue),
        (27, State::InspectionDue),
        (28, State::Locked),
        (400, State::Locked),
    ] {
        assert_eq!(psd.state(TODAY + day.days()), expected, "day {day}");
    }
}

#[test]
fn an_inspection_shows_the_whole_history_and_moves_the_date() {
    let mut psd = operational();
    frank(&mut psd, cents(1_44), at(10)).unwrap();
    let request = psd.inspection_request(at(11), nonce(3)).unwrap();
    assert_eq!(request.record_sequence, 3, "installation, refill, debit");
    assert_eq!(request.record_chain, psd.record_chain());
    assert_eq!(request.last_refill_sequence, 1);
    let reply = Reply {
        next_inspection: TODAY + 42.days(),
        ..inspection_reply(&request, Instruction::Continue)
    };
    assert_eq!(psd.apply_inspection(&signed(reply), at(12)).unwrap(), Applied::Now);
    assert_eq!(psd.next_inspection(), Some(TODAY + 42.days()));
    assert_eq!(psd.state(TODAY + 28.days()), State::Operational);
}

#[test]
fn a_lost_reply_is_asked_for_again_with_the_same_bytes() {
    let mut psd = operational();
    let first = psd.inspection_request(at(10), nonce(3)).unwrap();
    psd = reopened(psd);
    assert_eq!(psd.inspection_request(at(99), nonce(4)).unwrap(), first);
    let reply = inspection_reply(&first, Instruction::Continue);
    assert_eq!(psd.apply_inspection(&reply, at(100)).unwrap(), Applied::Now);
    assert_eq!(psd.apply_inspection(&reply, at(101)).unwrap(), Applied::Before);
}

#[test]
fn what_was_franked_since_is_shown_by_an_inspection_that_is_asked_for_anew() {
    let mut psd = operational();
    let first = psd.inspection_request(at(10), nonce(3)).unwrap();
    frank(&mut psd, cents(1_44), at(11)).unwrap();
    let anew = psd.inspection_request(at(12), nonce(4)).unwrap();
    assert_eq!((anew.sequence, anew.nonce), (first.sequence, nonce(4)));
    assert_eq!(anew.registers, psd.registers());
    assert_eq!(anew.record_sequence, first.record_sequence + 1);
    psd = reopened(psd);
    assert_eq!(psd.pending_inspection(), Some(&anew));
    let late = inspection_reply(&first, Instruction::Continue);
    assert_eq!(code(psd.apply_inspection(&late, at(13))), "wrong-nonce");
    let reply = inspection_reply(&anew, Instruction::Continue);
    assert_eq!(psd.apply_inspection(&reply, at(14)).unwrap(), Applied::Now);
}

#[test]
fn suspended_means_nothing_is_franked_until_a_later_inspection_lifts_it() {
    let mut psd = operational();
    let request = psd.inspection_request(at(10), nonce(3)).unwrap();
    psd.apply_inspection(&inspection_reply(&request, Instruction::Suspend), at(11)).unwrap();
    assert_eq!(code(frank(&mut psd, cents(1_44), at(12))), "suspended");
    psd = reopened(psd);
    assert_eq!(code(frank(&mut psd, cents(1_44), at(13))), "suspended");
    let request = psd.inspection_request(at(14), nonce(4)).unwrap();
    psd.apply_inspection(&inspection_reply(&request, Instruction::Continue), at(15)).unwrap();
    assert!(frank(&mut psd, cents(1_44), at(16)).is_ok());
}

#[test]
fn a_reply_that_is_not_exactly_right_is_refused() {
    type Alter = fn(&mut Reply);
    let cases: [(&str, Alter); 4] = [
        ("wrong-serial", |r| r.serial = MeterSerial::new(7).unwrap()),
        ("wrong-nonce", |r| r.nonce = nonce(99)),
        ("inspection-out-of-order", |r| r.sequence = 9),
        ("inspection-replayed", |r| r.sequence = 0),
    ];
    for (expected, alter) in cases {
        let mut psd = operational();
        let request = psd.inspection_request(at(10), nonce(3)).unwrap();
        let mut reply = inspection_reply(&request, Instruction::Continue);
        alter(&mut reply);
        assert_eq!(code(psd.apply_inspection(&signed(reply), at(11))), expected);
        let mut reply = inspection_reply(&request, Instruction::Continue);
        reply.instruction = Instruction::Suspend;
        assert_eq!(code(psd.apply_inspection(&reply, at(11))), "bad-signature");
        assert_eq!(psd.pending_inspection(), Some(&request), "{expected}");
    }
}

#[test]
fn a_refused_inspection_makes_room_for_another() {
    let mut psd = operational();
    let refused = psd.inspection_request(at(10), nonce(3)).unwrap();
    psd.cancel_inspection(refused.sequence, at(11)).unwrap();
    assert_eq!(code(psd.cancel_inspection(refused.sequence, at(12))), "no-inspection-pending");
    let reply = inspection_reply(&refused, Instruction::Continue);
    assert_eq!(code(psd.apply_inspection(&reply, at(13))), "no-inspection-pending");
    assert_ne!(psd.inspection_request(at(14), nonce(4)).unwrap().nonce, refused.nonce);
}

#[test]
fn an_order_to_stop_tells_the_person_at_the_meter_why_and_what_to_do() {
    for cause in SuspensionCause::ALL {
        let mut psd = operational();
        let request = psd.inspection_request(at(10), nonce(3)).unwrap();
        let reply =
            Reply { cause: Some(cause), ..inspection_reply(&request, Instruction::Suspend) };
        psd.apply_inspection(&signed(reply), at(11)).unwrap();
        let mut psd = Psd::open(psd.into_journal(), device_keys()).unwrap();
        assert_eq!(psd.suspension(), Some(Refusal::Suspended(cause)), "the journal keeps it");
        let refused = refusal(frank(&mut psd, cents(1_44), at(12)));
        assert_eq!((refused.code(), &refused), ("suspended", &Refusal::Suspended(cause)));
        for language in [Language::French, Language::English] {
            assert!(refused.message(language).contains(language.pick("machine", "meter")));
        }
        let request = psd.inspection_request(at(13), nonce(4)).unwrap();
        let lifted = inspection_reply(&request, Instruction::Continue);
        psd.apply_inspection(&lifted, at(14)).unwrap();
        assert_eq!(psd.suspension(), None);
        frank(&mut psd, cents(1_44), at(15)).unwrap();
    }
}
