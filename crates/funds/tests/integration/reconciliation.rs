//! Whether registers, ledger and records tell the same story.

use timbre_funds::reconcile::{
    self, Audit, Figure, LedgerSide, MeterBooks, Pending, Quantity, Records,
};
use timbre_postage::{Currency, Language};

use crate::support::{cad, registers, serial};

/// A meter that was refilled for 800 and franked 371 pieces for 495.86, all of it uploaded.
fn books() -> MeterBooks {
    MeterBooks {
        serial: serial(),
        currency: Currency::Cad,
        ledger: LedgerSide {
            issued: cad("800"),
            refunded: cad("0"),
            refund_in_flight: cad("0"),
            unconfirmed: cad("0"),
            used: Some(cad("495.86")),
        },
        audit: Some(Audit {
            registers: registers("495.86", "304.14", 371),
            control_sum: cad("800"),
            record_sequence: 387,
        }),
        records: Records {
            count: 387,
            last_sequence: 387,
            chain_broken_at: None,
            debit_count: 371,
            debits: cad("495.86"),
            refills: cad("800"),
            refunds: cad("0"),
            last_registers: registers("495.86", "304.14", 371),
        },
    }
}

#[test]
fn three_witnesses_that_agree_are_settled_to_the_mill() {
    let reconciliation = reconcile::meter(&books());
    assert!(reconciliation.is_settled());
    assert!(reconciliation.lines.iter().all(reconcile::Line::agrees));
    let line =
        |quantity| *reconciliation.lines.iter().find(|line| line.quantity == quantity).unwrap();
    assert_eq!(line(Quantity::Left).ledger, Some(Figure::Money(cad("304.14"))));
    assert_eq!(line(Quantity::Pieces).registers, Some(Figure::Count(371)));
    assert_eq!(line(Quantity::Pieces).ledger, None);
    assert_eq!(reconciliation.to_string(), "meter TM0000042: registers, ledger and records agree");
}

#[test]
fn a_meter_that_never_did_anything_waits_for_its_first_report() {
    let nothing = cad("0");
    let zero = registers("0", "0", 0);
    let books = MeterBooks {
        ledger: LedgerSide {
            issued: nothing,
            refunded: nothing,
            refund_in_flight: nothing,
            unconfirmed: nothing,
            used: Some(nothing),
        },
        audit: None,
        records: Records {
            count: 0,
            last_sequence: 0,
            chain_broken_at: None,
            debit_count: 0,
            debits: nothing,
            refills: nothing,
            refunds: nothing,
            last_registers: zero,
        },
        ..books()
    };
    let reconciliation = reconcile::meter(&books);
    assert_eq!(reconciliation.pending, [Pending::NoAudit]);
    assert!(reconciliation.discrepancies.is_empty() && !reconciliation.is_settled());
}

type Change = fn(&mut MeterBooks);

/// What is changed in settled books, the one code that follows, and its words.
const DISCREPANCIES: &[(&str, Change, &str, &str)] = &[
    (
        "record-chain-broken",
        |books| books.records.chain_broken_at = Some(12),
        "record 12 does not follow from the one before it",
        "l’enregistrement 12 ne découle pas de celui qui le précède",
    ),
    (
        "records-missing",
        |books| books.records.count = 380,
        "there are 380 records, and the last is number 387",
        "il y a 380 enregistrements, alors que le dernier porte le numéro 387",
    ),
    (
        "recorded-use-differs",
        |books| {
            let wrong = registers("495.861", "304.14", 371);
            books.records.last_registers = wrong;
            audit(books).registers = wrong;
            audit(books).control_sum = cad("800.001");
            books.ledger.issued = cad("800.001");
            books.records.refills = cad("800.001");
            books.records.refunds = cad("0.001");
            books.ledger.refunded = cad("0.001");
            books.ledger.refund_in_flight = cad("0.001");
        },
        "the debits recorded come to $495.86, and the last record’s ascending register is $495.861",
        "les débits enregistrés font 495,86 $, et le totalisateur du dernier enregistrement est de 495,861 $",
    ),
    (
        "recorded-balance-differs",
        |books| {
            books.records.refunds = cad("1");
            books.ledger.refunded = cad("1");
            books.ledger.refund_in_flight = cad("1");
        },
        "the refills less the debits recorded come to $303.14, and the last record’s descending register is $304.14",
        "les recharges moins les débits enregistrés font 303,14 $, et le soustracteur du dernier enregistrement est de 304,14 $",
    ),
    (
        "recorded-pieces-differ",
        |books| books.records.debit_count = 370,
        "370 debits are recorded, and the last record’s piece count is 371",
        "370 débits sont enregistrés, et le compteur de pièces du dernier enregistrement est de 371",
    ),
    (
        "ledger-use-differs",
        |books| books.ledger.used = Some(cad("495")),
        "the ledger has $495.00 of postage used, and the records $495.86",
        "le grand livre compte 495,00 $ d’affranchissement utilisé, et les enregistrements 495,86 $",
    ),
    (
        "refills-not-booked",
        |books| {
            books.ledger.issued = cad("700");
            books.audit = None;
        },
        "the refills that the meter recorded come to $800.00, and only $700.00 was booked",
        "les recharges enregistrées par la machine font 800,00 $, alors que 700,00 $ seulement ont été comptabilisés",
    ),
    (
        "refills-not-recorded",
        |books| {
            books.ledger.issued = cad("900");
            books.ledger.refunded = cad("100");
        },
        "the meter has applied $900.00 of refills, and recorded $800.00",
        "la machine a reçu 900,00 $ de recharges, et en a enregistré 800,00 $",
    ),
    (
        "refunds-not-booked",
        |books| {
            books.records.refunds = cad("304.14");
            books.records.last_registers = registers("495.86", "0", 371);
            books.audit = None;
        },
        "the withdrawals that the meter recorded come to $304.14, and only $0.00 was booked",
        "les retraits enregistrés par la machine font 304,14 $, alors que 0,00 $ seulement ont été comptabilisés",
    ),
    (
        "control-sum-differs",
        |books| audit(books).control_sum = cad("810"),
        "the control sum is $810.00, and the ledger says $800.00",
        "le total de contrôle est de 810,00 $, alors que le grand livre donne 800,00 $",
    ),
    (
        "registers-differ",
        |books| audit(books).registers = registers("495.85", "304.15", 371),
        "the meter reports (ascending $495.85, descending $304.15, 371 pieces), and its record says (ascending $495.86, descending $304.14, 371 pieces)",
        "la machine déclare (totalisateur 495,85 $, soustracteur 304,15 $, 371 pièces), et son enregistrement dit (totalisateur 495,86 $, soustracteur 304,14 $, 371 pièces)",
    ),
    (
        "registers-went-backwards",
        |books| {
            audit(books).registers = registers("495.86", "304.14", 372);
            audit(books).record_sequence = 386;
        },
        "a register went backwards, from (ascending $495.86, descending $304.14, 372 pieces) to (ascending $495.86, descending $304.14, 371 pieces)",
        "un registre a reculé, de (totalisateur 495,86 $, soustracteur 304,14 $, 372 pièces) à (totalisateur 495,86 $, soustracteur 304,14 $, 371 pièces)",
    ),
];

fn audit(books: &mut MeterBooks) -> &mut Audit {
    books.audit.as_mut().unwrap()
}

#[test]
fn every_discrepancy_is_found_alone_and_named_in_both_languages() {
    for (code, change, english, french) in DISCREPANCIES {
        let mut books = books();
        change(&mut books);
        let found = reconcile::meter(&books).discrepancies;
        let codes: Vec<_> = found.iter().map(reconcile::Discrepancy::code).collect();
        assert_eq!(codes, [*code]);
        let plain = |language| found[0].message(language).replace('\u{a0}', " ");
        assert_eq!(plain(Language::English), *english);
        assert_eq!(plain(Language::French), *french);
    }
}

#[test]
fn a_reply_that_was_lost_is_in_flight_and_no_discrepancy() {
    let mut books = books();
    books.ledger.issued = cad("900");
    books.ledger.unconfirmed = cad("100");
    let reconciliation = reconcile::meter(&books);
    assert!(reconciliation.discrepancies.is_empty(), "{reconciliation}");
    let amount = cad("100");
    assert_eq!(reconciliation.pending, [Pending::RefillsInFlight { amount }]);
    assert_eq!(
        reconciliation.pending[0].message(Language::French).replace('\u{a0}', " "),
        "100,00 $ de recharges sont comptabilisés sans que la machine les ait encore enregistrés"
    );
}

#[test]
fn pieces_that_were_franked_and_not_uploaded_are_outstanding() {
    let mut books = books();
    *audit(&mut books) = Audit {
        registers: registers("500", "300", 374),
        control_sum: cad("800"),
        record_sequence: 390,
    };
    let reconciliation = reconcile::meter(&books);
    assert!(reconciliation.discrepancies.is_empty(), "{reconciliation}");
    assert_eq!(reconciliation.pending, [Pending::RecordsOutstanding { after: 387, through: 390 }]);
    assert_eq!(
        reconciliation.to_string(),
        "meter TM0000042:\n  (records-outstanding: records 388 to 390 are not uploaded yet)"
    );
}

#[test]
fn records_that_came_after_the_report_may_have_gone_forward() {
    let mut books = books();
    *audit(&mut books) = Audit {
        registers: registers("400", "300", 300),
        control_sum: cad("700"),
        record_sequence: 310,
    };
    books.ledger.unconfirmed = cad("100");
    let reconciliation = reconcile::meter(&books);
    assert!(reconciliation.is_settled(), "{reconciliation}");
}

#[test]
fn a_refund_is_in_flight_until_the_meter_has_recorded_it() {
    let mut books = books();
    books.ledger.refunded = cad("304.14");
    books.ledger.refund_in_flight = cad("304.14");
    let reconciliation = reconcile::meter(&books);
    assert!(reconciliation.discrepancies.is_empty(), "{reconciliation}");
    assert_eq!(reconciliation.pending, [Pending::RefundInFlight { amount: cad("304.14") }]);
}

#[test]
fn a_refund_that_everyone_knows_is_settled() {
    let mut books = books();
    books.ledger.refunded = cad("304.14");
    books.records.refunds = cad("304.14");
    books.records.last_registers = registers("495.86", "0", 371);
    *audit(&mut books) = Audit {
        registers: registers("495.86", "0", 371),
        control_sum: cad("495.86"),
        record_sequence: 387,
    };
    assert!(reconcile::meter(&books).is_settled());
}

#[test]
fn a_meter_with_more_postage_than_it_was_given_is_found_whoever_looks() {
    // The device was tampered with: 50 more in the register, and in its own records.
    let mut books = books();
    books.records.refills = cad("850");
    books.records.last_registers = registers("495.86", "354.14", 371);
    *audit(&mut books) = Audit {
        registers: registers("495.86", "354.14", 371),
        control_sum: cad("850"),
        record_sequence: 387,
    };
    let found = reconcile::meter(&books).discrepancies;
    let codes: Vec<_> = found.iter().map(reconcile::Discrepancy::code).collect();
    assert_eq!(codes, ["refills-not-booked", "control-sum-differs"]);
}

#[test]
fn quantities_are_named_in_both_languages() {
    for (quantity, english, french) in [
        (Quantity::Used, "used (ascending)", "utilisé (totalisateur)"),
        (Quantity::Left, "available (descending)", "disponible (soustracteur)"),
        (Quantity::ControlSum, "control sum", "total de contrôle"),
        (Quantity::Pieces, "pieces", "pièces"),
    ] {
        assert_eq!(quantity.name(Language::English), english);
        assert_eq!(quantity.name(Language::French), french);
    }
}
