//! Postage taken back, given back, and used.

use timbre_funds::refund::{Refund, release, take_back};
use timbre_funds::usage::{self, Usage};
use timbre_funds::{LedgerError, TransferKind};

use crate::support::{cad, customer, now, serial, written};

fn refund(reference: &str, amount: &str) -> Refund {
    Refund {
        id: reference.parse().unwrap(),
        customer: customer(),
        meter: serial(),
        amount: cad(amount),
        time: now(),
        memo: "withdrawn".to_owned(),
    }
}

#[test]
fn unused_postage_leaves_the_meter_and_then_becomes_prepaid_money() {
    let taken = take_back(refund("withdrawal-1", "304.14")).unwrap();
    assert_eq!(written(&taken), ["meter:TM0000042 -304.14", "refunds:10000001 304.14"]);
    assert_eq!(taken.kind(), TransferKind::Refund);
    let released = release(refund("withdrawal-1-release", "304.14")).unwrap();
    assert_eq!(written(&released), ["refunds:10000001 -304.14", "prepaid:10000001 304.14"]);
    assert_eq!(released.kind(), TransferKind::RefundRelease);
}

#[test]
fn a_refund_never_puts_postage_into_a_meter() {
    for amount in ["0", "-1"] {
        let error = take_back(refund("wrong", amount)).unwrap_err();
        assert!(matches!(error, LedgerError::NothingMoves { .. }), "{error}");
    }
}

#[test]
fn used_postage_becomes_payable_to_the_post() {
    let usage = Usage {
        meter: serial(),
        customer: customer(),
        first: 12,
        last: 250,
        amount: cad("311.04"),
        time: now(),
    };
    let transfer = usage::book(&usage).unwrap();
    assert_eq!(written(&transfer), ["meter:TM0000042 -311.04", "post:TM0000042 311.04"]);
    assert_eq!(transfer.id().as_str(), "usage:TM0000042:12-250");
    assert_eq!(transfer.memo(), "postage used by meter TM0000042: 311.04 CAD, records 12 to 250");
}
