//! From what a reconciliation calls a discrepancy to a finding with its evidence.

use timbre_postage::{Language, Registers};

use super::{Evidence, Finding};
use crate::reconcile::Discrepancy;

impl From<&Discrepancy> for Finding {
    fn from(found: &Discrepancy) -> Finding {
        let about = match found {
            Discrepancy::RecordChainBroken { sequence } => format!("record {sequence}"),
            _ => String::new(),
        };
        Finding {
            code: found.code(),
            about,
            message_fr: found.message(Language::French),
            message_en: found.message(Language::English),
            evidence: evidence(found),
        }
    }
}

fn evidence(found: &Discrepancy) -> Evidence {
    use Discrepancy as D;
    match found {
        D::RecordChainBroken { sequence } => Evidence::default().at_record(*sequence),
        D::RecordsMissing { expected, found } => Evidence::differs(expected, found),
        D::RecordedUseDiffers { debits, ascending } => {
            Evidence::differs(debits.decimal(), ascending.decimal())
        }
        D::RecordedBalanceDiffers { expected, descending } => {
            Evidence::differs(expected.decimal(), descending.decimal())
        }
        D::RecordedPiecesDiffer { debits, pieces } => Evidence::differs(debits, pieces),
        D::LedgerUseDiffers { ledger, records } => {
            Evidence::differs(records.decimal(), ledger.decimal())
        }
        D::RefillsNotBooked { booked, recorded } | D::RefundsNotBooked { booked, recorded } => {
            Evidence::differs(booked.decimal(), recorded.decimal())
        }
        D::RefillsNotRecorded { applied, recorded } => {
            Evidence::differs(applied.decimal(), recorded.decimal())
        }
        D::ControlSumDiffers { expected, given } => {
            Evidence::differs(expected.decimal(), given.decimal())
        }
        D::RegistersDiffer { reported, recorded } => {
            Evidence::differs(plain(recorded), plain(reported))
        }
        D::RegistersWentBackwards { earlier, later } => {
            Evidence::differs(plain(earlier), plain(later))
        }
    }
}

/// Registers as evidence shows them: `ascending 5.76, descending 94.24, pieces 4`.
pub(crate) fn plain(registers: &Registers) -> String {
    let Registers { ascending, descending, pieces } = registers;
    format!(
        "ascending {}, descending {}, pieces {pieces}",
        ascending.decimal(),
        descending.decimal()
    )
}
