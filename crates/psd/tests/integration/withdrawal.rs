//! Withdrawal (REQ FUNDS-1): what is left goes back once and whole, and the device is done.

use timbre_postage::{Amount, MeterSerial};
use timbre_protocol::inspection::Instruction;
use timbre_protocol::transaction_upload::RecordKind;
use timbre_protocol::withdrawal::{self, Reply};
use timbre_psd::journal::{MemoryDisk, Segments};
use timbre_psd::{Applied, Psd, PsdError, State};

use crate::disks::{CrashDisk, Image, ImageDisk};
use crate::fixture::*;
use crate::power::{Power, with};

#[test]
fn all_that_is_left_is_given_back_and_the_device_is_itself_after_every_step() {
    let mut psd = operational();
    let paid = frank(&mut psd, cents(1_44), at(10)).unwrap();
    psd.complete(paid.record_sequence).unwrap();
    let request = psd.withdrawal_request(at(11), nonce(9)).unwrap();
    assert_eq!((request.sequence, request.record_sequence), (1, 3));
    assert_eq!(request.registers, paid.registers);
    assert_eq!(psd.state(TODAY), State::WithdrawPending);
    psd = reopened(psd);
    assert_eq!(psd.pending_withdrawal(), Some(&request));
    let reply = withdrawal_reply(&request);
    assert_eq!(psd.apply_withdrawal(&reply, at(12)).unwrap(), Applied::Now);
    for _ in 0..2 {
        assert_eq!(psd.state(TODAY), State::Withdrawn);
        assert_eq!(
            (psd.registers().ascending, psd.registers().descending),
            (cents(1_44), cents(0))
        );
        assert_eq!(psd.control_sum(), cents(1_44));
        assert_eq!(psd.withdrawal(), Some(&reply));
        assert_eq!(psd.apply_withdrawal(&reply, at(13)).unwrap(), Applied::Before);
        psd = reopened(psd);
    }
    let last = psd.records_after(3, 9).unwrap();
    assert_eq!((last[0].kind, last[0].amount), (RecordKind::Withdrawal, cents(98_56)));
    assert_eq!(last[0].chain, last[0].chain_after(&psd.chain_at(3).unwrap().unwrap()));
}

#[test]
fn a_lost_reply_is_asked_for_again_with_the_same_bytes() {
    let mut psd = operational();
    let first = psd.withdrawal_request(at(10), nonce(9)).unwrap();
    assert_eq!(psd.withdrawal_request(at(60), nonce(8)).unwrap(), first);
    psd = reopened(psd);
    assert_eq!(psd.withdrawal_request(at(90), nonce(7)).unwrap(), first);
}

#[test]
fn it_can_be_asked_for_before_the_first_refill_when_locked_and_when_suspended() {
    let mut authorised = manufactured(MemoryDisk::default(), 64);
    install(&mut authorised);
    let mut suspended = operational();
    let request = suspended.inspection_request(at(6), nonce(3)).unwrap();
    let stop = inspection_reply(&request, Instruction::Suspend);
    suspended.apply_inspection(&stop, at(7)).unwrap();
    let mut locked = operational();
    let much_later = at(60 * 86_400);
    assert_eq!(locked.state("2026-05-01".parse().unwrap()), State::Locked);
    for (psd, now) in [(&mut authorised, at(8)), (&mut suspended, at(8)), (&mut locked, much_later)]
    {
        let request = psd.withdrawal_request(now, nonce(9)).unwrap();
        psd.apply_withdrawal(&withdrawal_reply(&request), now).unwrap();
        assert_eq!(psd.state(TODAY), State::Withdrawn);
        assert!(psd.registers().descending.is_zero());
    }
}

#[test]
fn a_pending_refill_is_settled_first() {
    let mut psd = operational();
    let refill = psd.refill_request(cents(50_00), at(10), nonce(3)).unwrap();
    assert_eq!(code(psd.withdrawal_request(at(11), nonce(9))), "refill-pending");
    assert_eq!(psd.state(TODAY), State::Operational);
    psd.apply_refill(&refill_reply(&refill), at(12)).unwrap();
    let request = psd.withdrawal_request(at(13), nonce(9)).unwrap();
    assert_eq!((request.registers.descending, request.last_refill_sequence), (cents(150_00), 2));
}

#[test]
fn a_refused_withdrawal_leaves_the_device_suspended_until_it_is_inspected() {
    let mut psd = operational();
    let refused = psd.withdrawal_request(at(10), nonce(9)).unwrap();
    psd.cancel_withdrawal(refused.sequence, at(11)).unwrap();
    assert_eq!(psd.state(TODAY), State::Suspended);
    assert_eq!(code(psd.cancel_withdrawal(refused.sequence, at(12))), "no-withdrawal-pending");
    assert_eq!(code(psd.apply_withdrawal(&withdrawal_reply(&refused), at(12))), "suspended");
    assert_eq!(code(frank(&mut psd, cents(1_44), at(12))), "suspended");
    psd = reopened(psd);
    let request = psd.inspection_request(at(13), nonce(3)).unwrap();
    psd.apply_inspection(&inspection_reply(&request, Instruction::Continue), at(14)).unwrap();
    frank(&mut psd, cents(1_44), at(15)).unwrap();
    let second = psd.withdrawal_request(at(16), nonce(8)).unwrap();
    assert_eq!(second.sequence, 2, "the next attempt has the next number");
    let old = signed(Reply { sequence: 1, ..bare_withdrawal_reply(&second) });
    assert_eq!(code(psd.apply_withdrawal(&old, at(17))), "no-withdrawal-pending");
    psd.apply_withdrawal(&withdrawal_reply(&second), at(18)).unwrap();
}

#[test]
fn a_reply_that_is_not_exactly_right_moves_nothing() {
    type Alter = fn(&mut Reply);
    let cases: [(&str, Alter); 6] = [
        ("wrong-serial", |r| r.serial = MeterSerial::new(7).unwrap()),
        ("no-withdrawal-pending", |r| r.sequence = 2),
        ("wrong-nonce", |r| r.nonce = nonce(99)),
        ("wrong-amount", |r| r.amount = cents(99_99)),
        ("wrong-control-sum", |r| r.control_sum_after = cents(1)),
        ("wrong-currency", |r| r.amount = Amount::zero(timbre_postage::Currency::Usd)),
    ];
    let mut psd = operational();
    let request = psd.withdrawal_request(at(10), nonce(9)).unwrap();
    for (expected, alter) in cases {
        let mut reply = bare_withdrawal_reply(&request);
        alter(&mut reply);
        assert_eq!(code(psd.apply_withdrawal(&signed(reply), at(11))), expected);
    }
    let mut forged = withdrawal_reply(&request);
    forged.amount = cents(1);
    assert_eq!(code(psd.apply_withdrawal(&forged, at(11))), "bad-signature");
    assert_eq!(psd.pending_withdrawal(), Some(&request));
    assert_eq!(psd.registers().descending, cents(100_00));
}

#[test]
fn a_pending_or_done_withdrawal_outlives_the_segment_that_tells_of_it() {
    let mut psd = operational_on(MemoryDisk::default(), 16);
    for round in 1..=3_u8 {
        let request = psd.withdrawal_request(at(10), nonce(round)).unwrap();
        assert_eq!(request.sequence, u64::from(round));
        psd.cancel_withdrawal(request.sequence, at(11)).unwrap();
        for _ in 0..4 {
            let request = psd.inspection_request(at(12), nonce(3)).unwrap();
            let go_on = inspection_reply(&request, Instruction::Continue);
            psd.apply_inspection(&go_on, at(13)).unwrap();
        }
        psd = reopened(psd);
    }
    let request = psd.withdrawal_request(at(20), nonce(9)).unwrap();
    assert_eq!(request.sequence, 4);
    psd.apply_withdrawal(&withdrawal_reply(&request), at(21)).unwrap();
    let seen = Psd::examine(psd.into_journal(), TODAY).unwrap();
    assert_eq!((seen.state, seen.control_sum), (State::Withdrawn, cents(0)));
}

/// What the world saw of a withdrawal, and after how many operations of the disk.
#[derive(Default)]
struct Seen {
    operational: usize,
    sent: Option<(usize, withdrawal::Request)>,
    applied: usize,
}

/// A life that ends in a refused withdrawal, an inspection, and a withdrawal.
fn live(disk: &CrashDisk) -> Result<Seen, PsdError> {
    let mut seen = Seen::default();
    let mut psd = operational_on(disk.clone(), 12);
    seen.operational = disk.operations();
    let refused = psd.withdrawal_request(at(6), nonce(7))?;
    psd.cancel_withdrawal(refused.sequence, at(7))?;
    let request = psd.inspection_request(at(8), nonce(3))?;
    psd.apply_inspection(&inspection_reply(&request, Instruction::Continue), at(9))?;
    let paid = frank(&mut psd, cents(1_44), at(10))?;
    psd.complete(paid.record_sequence)?;
    let request = psd.withdrawal_request(at(11), nonce(9))?;
    seen.sent = Some((disk.operations(), request.clone()));
    psd.apply_withdrawal(&withdrawal_reply(&request), at(12))?;
    seen.applied = disk.operations();
    Ok(seen)
}

#[test]
fn no_power_cut_at_any_operation_gives_back_too_much_too_little_or_twice() {
    let disk = CrashDisk::default();
    let seen = live(&disk).unwrap();
    let (mut power, mut judged) = (Power::default(), 0);
    for (cut, op) in (1..).zip(disk.trace()) {
        power.take(&op);
        if cut < seen.operational {
            continue;
        }
        for base in power.bases() {
            for sectors in power.outcomes(&base, 32) {
                judge(with(&base, &sectors), &seen, cut);
                judged += 1;
            }
        }
    }
    assert!(judged > 500, "{judged}");
}

fn judge(image: Image, seen: &Seen, cut: usize) {
    let journal = Segments::on_existing(ImageDisk::of(image), 12).unwrap();
    let mut psd = Psd::open(journal, device_keys()).unwrap();
    assert_eq!(psd.registers().control_sum(), Ok(psd.control_sum()), "cut at {cut}");
    let sent = seen.sent.as_ref().filter(|(after, _)| *after <= cut).map(|(_, sent)| sent);
    match (sent, psd.withdrawal()) {
        (_, Some(done)) => assert_eq!(done.amount, cents(98_56), "cut at {cut}"),
        (Some(sent), None) => {
            assert!(cut < seen.applied, "a withdrawal that was applied is gone, cut at {cut}");
            // What left the device is asked again, unchanged, and finishes it.
            let again = psd.withdrawal_request(at(50), nonce(50)).unwrap();
            assert_eq!(again, *sent, "cut at {cut}");
            psd.apply_withdrawal(&withdrawal_reply(&again), at(51)).unwrap();
        }
        // Nothing left the device that the server could have booked.
        (None, None) => return,
    }
    assert_eq!(psd.state(TODAY), State::Withdrawn);
    assert!(psd.registers().descending.is_zero());
}
