//! Disks that break their promises: flushes that were reported and not done, and sectors that were not
//! written to and are spoilt all the same.
//!
//! Whatever such a disk leaves is refused as damage, with one exception that no journal can see alone: all is
//! lost from some moment on, and the device is as it was then. That is what the infrastructure is for, which
//! knows the last refill and the last record, and the position that it has acknowledged.

use timbre_psd::JournalError;
use timbre_psd::journal::SLOT_BYTES;

use crate::crash::recover;
use crate::disks::{Image, Op, Sector};
use crate::lifetime::{SLOTS, a_life};
use crate::power::{At, Power, noise, place};

/// So many writes in a row may be lost although their flushes were reported.
const WINDOW: usize = 8;

/// The writes of a life, in order, and what lies on the disk when the first of them have been made. A window
/// never reaches back beyond the making of a segment.
fn windows() -> Vec<(Image, Vec<(At, Sector)>)> {
    let mut windows = Vec::new();
    let mut base = Image::new();
    let mut recent: Vec<(At, Sector)> = Vec::new();
    for op in a_life(12).trace {
        match op {
            Op::Write { segment, slot, sector } => {
                recent.push(((segment, slot), *sector));
                if recent.len() > WINDOW {
                    let (at, sector) = recent.remove(0);
                    place(&mut base, at, &sector);
                }
                windows.push((base.clone(), recent.clone()));
            }
            Op::Content { segment, bytes } => {
                recent.drain(..).for_each(|(at, sector)| place(&mut base, at, &sector));
                base.insert(segment, bytes);
            }
            Op::Flush { .. } | Op::FlushContent | Op::Name | Op::FlushNames => {}
        }
    }
    windows
}

#[test]
fn flushes_that_were_not_done_are_noticed_unless_all_is_lost_from_a_moment_on() {
    let (mut images, mut noticed, mut earlier) = (0, 0, 0);
    for (base, writes) in windows() {
        // What the device was after each of these writes, were it the last.
        let honest: Vec<_> =
            (0..=writes.len()).filter_map(|end| recover(&base, &writes[..end]).ok()).collect();
        for kept in 0..1_usize << writes.len() {
            images += 1;
            let sectors: Vec<(At, Sector)> = (0..)
                .zip(&writes)
                .filter(|(bit, _)| kept >> bit & 1 == 1)
                .map(|(_, write)| *write)
                .collect();
            match recover(&base, &sectors) {
                Err(JournalError::Damaged(_)) => noticed += 1,
                Err(error) => panic!("another fault: {error}"),
                Ok(recovered) => {
                    let known = honest.iter().any(|state| state.0 == recovered.0);
                    assert!(known, "a state that the device never was in is believed");
                    earlier += 1;
                }
            }
        }
    }
    eprintln!("{images} images, {noticed} noticed, {earlier} as the device once was");
    assert!(images > 30_000 && noticed > images / 2, "{images} images, {noticed} noticed");
}

#[test]
fn a_segment_of_which_anything_was_lost_is_noticed() {
    let mut power = Power::default();
    let mut segments = 0;
    for op in a_life(4).trace {
        let before = power.clone();
        power.take(&op);
        let Op::Content { segment, bytes } = op else { continue };
        segments += 1;
        let head = bytes.chunks(SLOT_BYTES).take_while(|slot| slot.iter().any(|b| *b != 0)).count();
        for lost in 0..head {
            for (from, to) in [(lost, lost + 1), (lost, head)] {
                let mut partial = bytes.clone();
                partial[from * SLOT_BYTES..to * SLOT_BYTES].fill(0);
                let mut image = before.durable.clone();
                image.insert(segment, partial);
                let error = recover(&image, &[]).expect_err("it is noticed");
                assert!(matches!(error, JournalError::Damaged(_)), "{error}");
            }
        }
        if segment > 1 {
            // The seal of the one before is there, and what it announces is not.
            let mut sealed = power.clone();
            sealed.durable.insert(segment, bytes);
            let seal = recover(&sealed.durable, &[]).expect("a sound segment").0;
            let seal: Vec<_> = seal.into_iter().filter(|(at, _)| at.1 == SLOTS - 1).collect();
            assert_eq!(seal.len(), 1);
            let error = recover(&before.durable, &seal).expect_err("it is noticed");
            assert!(matches!(error, JournalError::MissingSegment { .. }), "{error}");
        }
    }
    assert!(segments > 4, "{segments}");
}

/// A disk whose smallest unit is a page of eight sectors may spoil them all. What they held was promised, so
/// it is refused, and never taken for the torn end of the journal.
#[test]
fn a_page_that_is_spoilt_around_the_slot_that_was_being_written_is_refused() {
    const PAGE: u64 = 8;
    let mut refused = 0;
    for (mut image, writes) in windows() {
        writes.iter().for_each(|(at, sector)| place(&mut image, *at, sector));
        let ((segment, slot), _) = writes[writes.len() - 1];
        let page = slot / PAGE * PAGE..(slot / PAGE + 1) * PAGE;
        let spoilt: Vec<_> = page
            .filter(|slot| *slot < SLOTS)
            .map(|slot| ((segment, slot), noise(usize::try_from(slot).unwrap())))
            .collect();
        let error = recover(&image, &spoilt).expect_err("it is refused");
        assert!(matches!(error, JournalError::Damaged(_)), "{error}");
        refused += 1;
    }
    assert!(refused > 100, "{refused}");
}
