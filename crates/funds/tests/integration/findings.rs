//! Findings: everything that a reconciliation can call a discrepancy has its kind and its evidence (REQ FUNDS-6).

use timbre_funds::FundsRefusal;
use timbre_funds::finding::{Evidence, Finding, KINDS, Kind, Severity};
use timbre_funds::reconcile::Discrepancy;
use timbre_postage::Language;

use crate::support::{cad, registers};

#[test]
fn every_discrepancy_is_a_finding_of_a_grave_kind_with_evidence() {
    let (more, less) = (cad("2.88"), cad("1.44"));
    let (now, before) = (registers("2.88", "7.12", 2), registers("1.44", "8.56", 1));
    let discrepancies = [
        Discrepancy::RecordChainBroken { sequence: 3 },
        Discrepancy::RecordsMissing { expected: 3, found: 2 },
        Discrepancy::RecordedUseDiffers { debits: more, ascending: less },
        Discrepancy::RecordedBalanceDiffers { expected: more, descending: less },
        Discrepancy::RecordedPiecesDiffer { debits: 2, pieces: 1 },
        Discrepancy::LedgerUseDiffers { ledger: more, records: less },
        Discrepancy::RefillsNotBooked { booked: less, recorded: more },
        Discrepancy::RefillsNotRecorded { applied: more, recorded: less },
        Discrepancy::RefundsNotBooked { booked: less, recorded: more },
        Discrepancy::ControlSumDiffers { expected: more, given: less },
        Discrepancy::RegistersDiffer { reported: now, recorded: before },
        Discrepancy::RegistersWentBackwards { earlier: now, later: before },
    ];
    for discrepancy in &discrepancies {
        let finding = Finding::from(discrepancy);
        assert!(finding.kind().severity >= Severity::Serious, "{}", finding.code);
        assert_ne!(finding.evidence, Evidence::default(), "{}", finding.code);
        assert_ne!(finding.message(Language::French), finding.message(Language::English));
    }
}

#[test]
fn every_suspicious_refusal_has_its_kind() {
    let (expected, given) = (cad("5"), cad("4"));
    let refusals = [
        FundsRefusal::SequenceAhead { next: 3, given: 5 },
        FundsRefusal::ControlSumMismatch { expected, given },
    ];
    for refusal in refusals {
        assert!(refusal.is_suspicious());
        assert!(Kind::of(refusal.code()).is_some(), "{}", refusal.code());
    }
    for code in ["register-negative", "register-went-backwards"] {
        assert!(Kind::of(code).is_some(), "{code}");
    }
}

#[test]
fn french_sentences_keep_their_punctuation_on_the_line() {
    for kind in KINDS {
        for text in [kind.title_fr, kind.action_fr] {
            let loose = [" ;", " :", " !", " ?", " »", "« "].iter().any(|mark| text.contains(mark));
            assert!(!loose, "{}: {text}", kind.code);
        }
    }
}
