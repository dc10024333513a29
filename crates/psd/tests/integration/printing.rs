//! Paid and not printed: listed after a restart, printed once more at most, never forgotten.

use timbre_protocol::transaction_upload::RecordKind;

use crate::fixture::*;

#[test]
fn a_paid_piece_is_listed_until_it_is_printed() {
    let mut psd = operational();
    let first = frank(&mut psd, cents(1_44), at(10)).unwrap();
    let second = frank(&mut psd, cents(2_61), at(11)).unwrap();
    psd.complete(first.record_sequence).unwrap();
    psd = reopened(psd);
    let waiting = psd.unprinted().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].record_sequence, second.record_sequence);
    assert_eq!(waiting[0].mark, second.mark);
    assert_eq!(waiting[0].memo.fields().reference, "facture 2026-113");
}

#[test]
fn a_piece_is_completed_once() {
    let mut psd = operational();
    let paid = frank(&mut psd, cents(1_44), at(10)).unwrap();
    psd.complete(paid.record_sequence).unwrap();
    assert_eq!(code(psd.complete(paid.record_sequence)), "not-unprinted");
    assert_eq!(code(psd.complete(999)), "not-unprinted");
}

#[test]
fn completions_survive_the_process_and_ride_on_the_next_debit() {
    let mut psd = operational();
    for piece in 0..200 {
        let paid = frank(&mut psd, cents(10), at(10 + piece)).unwrap();
        psd.complete(paid.record_sequence).unwrap();
        psd = if piece % 7 == 0 { reopened(psd) } else { psd };
    }
    assert_eq!(psd.unprinted_count(), 0);
    psd = reopened(psd);
    assert_eq!(psd.unprinted_count(), 0);
}

#[test]
fn a_whole_run_may_be_completed_at_its_end() {
    let mut psd = operational();
    let paid: Vec<u64> = (0..100)
        .map(|piece| frank(&mut psd, cents(10), at(10 + piece)).unwrap().record_sequence)
        .collect();
    assert_eq!(psd.unprinted_count(), 100);
    for record in &paid[..99] {
        psd.complete(*record).unwrap();
    }
    psd.settle().unwrap();
    psd = reopened(psd);
    assert_eq!(psd.unprinted_count(), 1);
    assert_eq!(psd.unprinted().unwrap()[0].record_sequence, paid[99]);
}

#[test]
fn an_unprinted_piece_is_printed_once_more_without_paying() {
    let mut psd = operational();
    let paid = frank(&mut psd, cents(1_44), at(10)).unwrap();
    let registers = psd.registers();
    psd = reopened(psd);
    let again = psd.reprint(paid.record_sequence, at(20)).unwrap();
    assert_eq!(again.mark, paid.mark);
    assert_eq!(psd.registers(), registers);
    psd = reopened(psd);
    assert_eq!(code(psd.reprint(paid.record_sequence, at(21))), "already-reprinted");
    psd.complete(paid.record_sequence).unwrap();
    assert_eq!(code(psd.reprint(paid.record_sequence, at(22))), "not-unprinted");
    let last = psd.records_after(psd.record_sequence() - 1, 1).unwrap().remove(0);
    assert_eq!((last.kind, last.amount), (RecordKind::Reprint, cents(0)));
    assert_eq!(last.reference.as_deref(), Some("facture 2026-113"));
}

#[test]
fn a_locked_device_reprints_nothing() {
    let mut psd = operational();
    let paid = frank(&mut psd, cents(1_44), at(10)).unwrap();
    assert_eq!(code(psd.reprint(paid.record_sequence, at(28 * 86_400))), "inspection-overdue");
}
