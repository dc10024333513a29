//! The journal as the outbox: records, their chain, and the pieces of a job.

use timbre_protocol::inspection::Instruction;
use timbre_protocol::transaction_upload::RecordKind;
use timbre_psd::journal::MemoryDisk;
use timbre_psd::{JobId, Postage};

use crate::fixture::*;

#[test]
fn every_transaction_is_a_record_chained_to_the_one_before() {
    let mut psd = operational_on(MemoryDisk::default(), 16);
    for piece in 0..40 {
        let paid = frank(&mut psd, cents(10), at(10 + piece)).unwrap();
        psd.complete(paid.record_sequence).unwrap();
    }
    let request = psd.inspection_request(at(100), nonce(3)).unwrap();
    psd.apply_inspection(&inspection_reply(&request, Instruction::Continue), at(101)).unwrap();
    let records = psd.records_after(0, usize::MAX).unwrap();
    let kinds: Vec<_> = records.iter().map(|record| record.kind).collect();
    assert_eq!(kinds[..3], [RecordKind::Installation, RecordKind::Refill, RecordKind::Debit]);
    assert_eq!(kinds.last(), Some(&RecordKind::Inspection));
    let mut chain = [0; 32];
    for (sequence, record) in (1..).zip(&records) {
        assert_eq!(record.sequence, sequence);
        chain = record.chain_after(&chain);
        assert_eq!(record.chain, chain, "record {sequence}");
        assert_eq!(psd.chain_at(sequence).unwrap(), Some(chain));
    }
    assert_eq!(chain, psd.record_chain());
    assert_eq!(psd.chain_at(0).unwrap(), Some([0; 32]));
    assert_eq!(psd.chain_at(sequence_after(&psd)).unwrap(), None);
}

fn sequence_after(psd: &timbre_psd::Psd<timbre_psd::MemoryJournal>) -> u64 {
    psd.record_sequence() + 1
}

#[test]
fn records_are_read_from_anywhere_in_any_portion() {
    let mut psd = operational_on(MemoryDisk::default(), 16);
    for piece in 0..60 {
        frank(&mut psd, cents(10), at(10 + piece)).unwrap();
    }
    let all = psd.records_after(0, usize::MAX).unwrap();
    assert_eq!(all.len(), 62);
    for from in 0..=all.len() {
        for limit in [0, 1, 7, 100] {
            let end = all.len().min(from + limit);
            let portion = psd.records_after(from as u64, limit).unwrap();
            assert_eq!(portion, all[from..end], "{limit} after {from}");
        }
    }
    assert_eq!(psd.records_after(1_000_000, 5).unwrap(), []);
}

#[test]
fn a_record_of_a_debit_holds_all_that_accounting_needs() {
    let mut psd = operational();
    frank(&mut psd, cents(1_44), at(10)).unwrap();
    let record = psd.records_after(2, 1).unwrap().remove(0);
    assert_eq!(record.amount, cents(1_44));
    assert_eq!((record.ascending, record.descending), (cents(1_44), cents(98_56)));
    assert_eq!((record.pieces, record.product, record.weight_mg), (1, Some(101), Some(28_000)));
    assert_eq!(record.account.as_deref(), Some("Ventes"));
    assert_eq!(record.service.as_deref(), Some("lettermail"));
    assert_eq!(record.table.as_deref(), Some("ca-lettermail-2025-01-13"));
    assert_eq!(record.mark_date, Some(TODAY));
}

#[test]
fn the_pieces_of_a_job_are_found_again_and_only_those() {
    let mut psd = operational_on(MemoryDisk::default(), 16);
    let jobs = [JobId(*b"job-0001"), JobId(*b"job-0002")];
    let mut started = [0; 2];
    for row in 0..30 {
        let which = usize::from(row % 3 == 0);
        if started[which] == 0 {
            started[which] = psd.record_sequence();
        }
        let postage = Postage { memo: memo(jobs[which], row), ..letter(cents(10)) };
        let pre_debit = psd.pre_debit(postage, at(10 + i64::from(row))).unwrap();
        psd.perform(pre_debit).unwrap();
    }
    psd = reopened(psd);
    for (job, after) in jobs.into_iter().zip(started) {
        let rows: Vec<u32> = psd
            .pieces_of_job(job, after)
            .unwrap()
            .map(|piece| piece.unwrap().memo.fields().job.unwrap().1)
            .collect();
        let expected: Vec<u32> = (0..30)
            .filter(|row| usize::from(row % 3 == 0) == usize::from(job == jobs[1]))
            .collect();
        assert_eq!(rows, expected);
    }
    assert_eq!(psd.pieces_of_job(JobId([0; 8]), 0).unwrap().count(), 0);
}
