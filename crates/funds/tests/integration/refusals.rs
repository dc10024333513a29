//! Every refusal of a refill, its words, and which comes first when several apply.

use timbre_funds::refill::{RefillContext, RefillRequest, decide};
use timbre_funds::{AccountStanding, BlockLimits, FundsRefusal, MeterStanding, MeterState};
use timbre_postage::{Amount, Currency, Language, Registers};

use crate::support::{account, cad, context, registers, request, request_for, standing, usd};

/// A fault that a context or a request can have.
type Fault = fn(&mut MeterStanding, &mut RefillRequest);

struct Case {
    code: &'static str,
    fault: Fault,
    english: &'static str,
    french: &'static str,
    suspicious: bool,
}

/// Every refusal of an enrolled meter, in the order of precedence.
const CASES: &[Case] = &[
    Case {
        code: "meter-not-installed",
        fault: |meter, _| meter.state = MeterState::Enrolled,
        english: "meter TM0000042 is not installed: request its operational block first",
        french: "la machine TM0000042 n’est pas installée : demandez d’abord son bloc opérationnel",
        suspicious: false,
    },
    Case {
        code: "meter-suspended",
        fault: |meter, _| meter.state = MeterState::Suspended,
        english: "meter TM0000042 is suspended: call the provider",
        french: "la machine TM0000042 est suspendue : appelez le fournisseur",
        suspicious: false,
    },
    Case {
        code: "meter-withdrawn",
        fault: |meter, _| meter.state = MeterState::Withdrawn,
        english: "meter TM0000042 was withdrawn from service: it cannot be refilled any more",
        french: "la machine TM0000042 a été retirée du service : elle ne peut plus être rechargée",
        suspicious: false,
    },
    Case {
        code: "account-locked",
        fault: |meter, _| meter.account.locked = true,
        english: "account 10000001 is locked: contact the provider to settle it",
        french: "le compte 10000001 est bloqué : communiquez avec le fournisseur pour le régler",
        suspicious: false,
    },
    Case {
        code: "wrong-currency",
        fault: |_, request| request.amount = usd("6000.001"),
        english: "the amount is in USD, and the account and the registers are in CAD",
        french: "le montant est en USD, alors que le compte et les registres sont en CAD",
        suspicious: false,
    },
    Case {
        code: "stale-block",
        fault: |_, request| request.block_version = 2,
        english: "the meter’s operational block is version 2, and version 3 is in force: request the installation again",
        french: "le bloc opérationnel de la machine est la version 2, et la version 3 est en vigueur : redemandez l’installation",
        suspicious: false,
    },
    Case {
        code: "sequence-too-old",
        fault: |_, request| request.sequence = 15,
        english: "refill 15 is booked already, and the next is 17: start the refill again",
        french: "la recharge 15 est déjà comptabilisée, et la suivante est la 17 : relancez la recharge",
        suspicious: false,
    },
    Case {
        code: "sequence-ahead",
        fault: |_, request| request.sequence = 19,
        english: "the meter asks for refill 19, and the next is 17: call the provider",
        french: "la machine demande la recharge 19, alors que la suivante est la 17 : appelez le fournisseur",
        suspicious: true,
    },
    Case {
        code: "control-sum-mismatch",
        fault: |_, request| request.registers = registers("-1", "302", 0),
        english: "the control sum is $301.00, and the refills booked come to $800.00: stop using the meter and call the provider",
        french: "le total de contrôle est de 301,00 $, alors que les recharges comptabilisées font 800,00 $ : cessez d’utiliser la machine et appelez le fournisseur",
        suspicious: true,
    },
    Case {
        code: "register-negative",
        fault: |_, request| request.registers = registers("-1", "801", 0),
        english: "a register is negative (ascending -$1.00, descending $801.00): stop using the meter and call the provider",
        french: "un registre est négatif (totalisateur -1,00 $, soustracteur 801,00 $) : cessez d’utiliser la machine et appelez le fournisseur",
        suspicious: true,
    },
    Case {
        code: "register-went-backwards",
        fault: |_, request| request.registers = registers("399.999", "400.001", 300),
        english: "a register went backwards: ascending from $400.00 to $399.999, pieces from 300 to 300; stop using the meter and call the provider",
        french: "un registre a reculé : totalisateur de 400,00 $ à 399,999 $, pièces de 300 à 300; cessez d’utiliser la machine et appelez le fournisseur",
        suspicious: false,
    },
    Case {
        code: "fraction-of-a-cent",
        fault: |_, request| request.amount = cad("5.001"),
        english: "$5.001 is not a whole number of cents",
        french: "5,001 $ n’est pas un nombre entier de cents",
        suspicious: false,
    },
    Case {
        code: "below-minimum",
        fault: |_, request| request.amount = cad("9.99"),
        english: "$9.99 is too little: the least is $10.00",
        french: "9,99 $ est trop peu : le minimum est de 10,00 $",
        suspicious: false,
    },
    Case {
        code: "above-maximum",
        fault: |_, request| request.amount = cad("5000.01"),
        english: "$5,000.01 is too much for one refill: the most is $5,000.00",
        french: "5 000,01 $ est trop pour une seule recharge : le maximum est de 5 000,00 $",
        suspicious: false,
    },
    Case {
        code: "would-exceed-maximum-descending",
        fault: |meter, _| meter.block.maximum_descending = cad("304.14"),
        english: "the meter holds $304.14 and may hold $304.14 at most: ask for at most $0.00",
        french: "la machine contient 304,14 $ et peut contenir 304,14 $ au plus : demandez au plus 0,00 $",
        suspicious: false,
    },
    Case {
        code: "daily-advance-limit-reached",
        fault: |meter, _| {
            meter.account.prepaid = cad("13");
            meter.account.advanced_today = cad("150");
            meter.account.daily_advance_limit = Some(cad("200"));
        },
        english: "the refill would draw $100.00 on credit, $150.00 was drawn today, and the limit for one day is $200.00: deposit funds or wait until tomorrow",
        french: "la recharge prendrait 100,00 $ à crédit, 150,00 $ y ont déjà été pris aujourd’hui, et la limite d’une journée est de 200,00 $ : déposez des fonds ou attendez à demain",
        suspicious: false,
    },
    Case {
        code: "insufficient-funds",
        fault: |meter, _| {
            meter.account.prepaid = cad("13");
            meter.account.credit_used = cad("450");
        },
        english: "the refill and its tax cost $113.00, and there is $13.00 prepaid and $50.00 of credit: $50.00 is missing; deposit funds or ask for less",
        french: "la recharge et sa taxe coûtent 113,00 $, et il y a 13,00 $ prépayés et 50,00 $ de crédit : il manque 50,00 $; déposez des fonds ou demandez moins",
        suspicious: false,
    },
];

fn refusal(faults: &[Fault]) -> FundsRefusal {
    let (mut meter, mut request) = (standing(), request());
    for fault in faults {
        fault(&mut meter, &mut request);
    }
    decide(&context(meter), &request).unwrap_err()
}

#[test]
fn every_refusal_gives_the_figures_and_what_to_do_in_both_languages() {
    for case in CASES {
        let refusal = refusal(&[case.fault]);
        let plain = |language| refusal.message(language).replace('\u{a0}', " ");
        assert_eq!(refusal.code(), case.code);
        assert_eq!(plain(Language::English), case.english);
        assert_eq!(plain(Language::French), case.french);
        assert_eq!(refusal.is_suspicious(), case.suspicious, "{}", case.code);
        assert_eq!(refusal.to_string(), refusal.message(Language::English));
    }
}

#[test]
fn a_meter_that_is_not_enrolled_comes_before_everything() {
    let nobody = RefillContext { meter: None, ..context(standing()) };
    let refusal = decide(&nobody, &request()).unwrap_err();
    assert_eq!(refusal.code(), "unknown-meter");
    assert_eq!(
        refusal.message(Language::English),
        "meter TM0000042 is not enrolled: ask the provider to enrol it"
    );
    assert_eq!(
        refusal.message(Language::French).replace('\u{a0}', " "),
        "la machine TM0000042 n’est pas inscrite : demandez au fournisseur de l’inscrire"
    );
}

#[test]
fn the_first_in_the_order_is_given_when_any_two_apply() {
    for (index, first) in CASES.iter().enumerate() {
        for second in &CASES[index + 1..] {
            // The later fault is made first, so that the earlier one stands where they touch the same field.
            let refusal = refusal(&[second.fault, first.fault]);
            assert_eq!(refusal.code(), first.code, "with {}", second.code);
        }
    }
}

#[test]
fn the_first_in_the_order_is_given_when_all_apply() {
    for (index, first) in CASES.iter().enumerate() {
        let faults: Vec<Fault> = CASES[index..].iter().rev().map(|case| case.fault).collect();
        assert_eq!(refusal(&faults).code(), first.code);
    }
}

#[test]
fn a_replay_that_reaches_the_decision_is_an_old_refill() {
    let again = RefillRequest { sequence: 16, ..request() };
    let refusal = decide(&context(standing()), &again).unwrap_err();
    assert_eq!(refusal, FundsRefusal::SequenceTooOld { next: 17, given: 16 });
}

#[test]
fn the_control_sum_a_meter_states_is_held_against_the_ledger_too() {
    let misstated = RefillRequest { control_sum: cad("801"), ..request() };
    let refusal = decide(&context(standing()), &misstated).unwrap_err();
    let (expected, given) = (cad("800"), cad("801"));
    assert_eq!(refusal, FundsRefusal::ControlSumMismatch { expected, given });
}

#[test]
fn registers_that_do_not_even_add_up_are_a_mismatch() {
    let most = Amount::from_mills(i64::MAX, Currency::Cad);
    let wild = Registers { ascending: most, descending: most, pieces: 371 };
    let request = RefillRequest { registers: wild, ..request() };
    assert_eq!(decide(&context(standing()), &request).unwrap_err().code(), "control-sum-mismatch");
}

#[test]
fn a_piece_count_that_fell_is_a_register_that_went_backwards() {
    let request = RefillRequest { registers: registers("495.86", "304.14", 299), ..request() };
    assert_eq!(
        decide(&context(standing()), &request).unwrap_err().code(),
        "register-went-backwards"
    );
}

#[test]
fn nothing_and_less_than_nothing_are_below_any_minimum() {
    for amount in ["0", "-50"] {
        let block = BlockLimits { minimum_refill: cad("-100"), ..standing().block };
        let meter = MeterStanding { block, ..standing() };
        let refusal = decide(&context(meter), &request_for(amount)).unwrap_err();
        assert_eq!(refusal.code(), "below-minimum", "{amount}");
    }
}

#[test]
fn figures_of_any_size_are_refused_and_never_panic() {
    let most = Amount::from_mills(i64::MAX / 10 * 10, Currency::Cad);
    let least = Amount::from_mills(i64::MIN / 10 * 10, Currency::Cad);
    for amount in [most, least] {
        let asked = RefillRequest { amount, ..request() };
        assert!(decide(&context(standing()), &asked).is_err());
    }
    let account = AccountStanding { credit_limit: most, credit_used: least, ..account() };
    let rich = MeterStanding { account, ..standing() };
    assert!(decide(&context(rich), &request()).is_ok());
}
