//! Refills that are granted: who pays what, and what the meter is told.

use jiff::civil::date;
use timbre_funds::refill::{RefillContext, RefillDecision, RefillRequest, decide};
use timbre_funds::tax::Tax;
use timbre_funds::{AccountId, AccountStanding, BlockLimits, MeterStanding, TransferKind};
use timbre_postage::Language;

use crate::support::{
    account, cad, context, customer, request, request_for, serial, standing, written,
};

fn granted(account: AccountStanding, amount: &str) -> RefillDecision {
    decide(&context(MeterStanding { account, ..standing() }), &request_for(amount)).unwrap()
}

#[test]
fn prepaid_money_pays_for_the_postage_and_its_tax() {
    let decision = decide(&context(standing()), &request()).unwrap();
    assert_eq!(
        written(&decision.transfer),
        ["prepaid:10000001 -113.00", "meter:TM0000042 100.00", "tax-hst:10000001 13.00"]
    );
    assert_eq!(decision.prepaid_part, cad("113"));
    assert_eq!(decision.credit_part, cad("0"));
    assert_eq!(decision.tax.total, cad("13"));
    assert_eq!(decision.control_sum_after, cad("900"));
    assert_eq!(decision.prepaid_left, cad("887"));
    assert_eq!(decision.credit_left, cad("500"));
}

#[test]
fn the_transfer_says_what_asked_for_it() {
    let transfer = decide(&context(standing()), &request()).unwrap().transfer;
    assert_eq!(transfer.id().as_str(), "refill:TM0000042:17");
    assert_eq!(transfer.kind(), TransferKind::Refill);
    assert_eq!((transfer.customer(), transfer.meter()), (customer(), Some(serial())));
    assert_eq!(transfer.memo(), "refill 17 of meter TM0000042: 100.00 CAD");
}

#[test]
fn credit_pays_what_prepaid_money_does_not() {
    let decision = granted(AccountStanding { prepaid: cad("100"), ..account() }, "100");
    assert_eq!(
        written(&decision.transfer),
        [
            "prepaid:10000001 -100.00",
            "credit:10000001 -13.00",
            "meter:TM0000042 100.00",
            "tax-hst:10000001 13.00"
        ]
    );
    assert_eq!((decision.prepaid_left, decision.credit_left), (cad("0"), cad("487")));
}

#[test]
fn credit_alone_pays_when_nothing_is_prepaid() {
    let used = AccountStanding { prepaid: cad("0"), credit_used: cad("274"), ..account() };
    let decision = granted(used, "200");
    assert_eq!(written(&decision.transfer)[0], "credit:10000001 -226.00");
    assert_eq!((decision.prepaid_part, decision.credit_left), (cad("0"), cad("0")));
}

#[test]
fn the_last_cent_can_be_spent_and_not_one_more() {
    let exact = AccountStanding { prepaid: cad("63"), credit_limit: cad("50"), ..account() };
    assert!(decide(&context(MeterStanding { account: exact, ..standing() }), &request()).is_ok());
    let short = AccountStanding { prepaid: cad("62.99"), ..exact };
    let refusal =
        decide(&context(MeterStanding { account: short, ..standing() }), &request()).unwrap_err();
    assert_eq!(refusal.code(), "insufficient-funds");
}

#[test]
fn money_owed_after_a_returned_payment_is_not_advanced_a_second_time() {
    let owing = AccountStanding { prepaid: cad("-400"), ..account() };
    let refusal =
        decide(&context(MeterStanding { account: owing, ..standing() }), &request()).unwrap_err();
    assert_eq!(
        refusal.message(Language::English),
        "the refill and its tax cost $113.00, and there is -$400.00 prepaid and $500.00 of credit: $13.00 is missing; deposit funds or ask for less"
    );
    let less = AccountStanding { prepaid: cad("-387"), ..account() };
    let decision = granted(less, "100");
    assert_eq!((decision.prepaid_part, decision.credit_part), (cad("0"), cad("113")));
}

#[test]
fn quebec_is_taxed_twice_and_each_tax_has_its_account() {
    let meter = MeterStanding { postal_code: "H2X 1Y4".parse().unwrap(), ..standing() };
    let decision = decide(&context(meter), &request_for("200.40")).unwrap();
    assert_eq!(
        written(&decision.transfer),
        [
            "prepaid:10000001 -230.41",
            "meter:TM0000042 200.40",
            "tax-gst:10000001 10.02",
            "tax-qst:10000001 19.99"
        ]
    );
    let lines = decision.tax.lines.iter();
    let rates: Vec<_> = lines.map(|line| (line.tax, line.millipercent)).collect();
    assert_eq!(rates, [(Tax::Gst, 5_000), (Tax::Qst, 9_975)]);
    assert_eq!(Tax::Qst.name(Language::French), "TVQ");
}

#[test]
fn the_tax_is_that_of_the_day() {
    let meter = MeterStanding { postal_code: "B3H 1A1".parse().unwrap(), ..standing() };
    for (day, tax) in [(date(2025, 3, 31), "15"), (date(2025, 4, 1), "14")] {
        let context = RefillContext { today: day, ..context(meter.clone()) };
        assert_eq!(decide(&context, &request()).unwrap().tax.total, cad(tax));
    }
}

#[test]
fn the_first_refill_of_a_meter_starts_from_nothing() {
    let nothing = cad("0");
    let zero = timbre_postage::Registers { ascending: nothing, descending: nothing, pieces: 0 };
    let meter = MeterStanding {
        last_sequence: 0,
        last_registers: zero,
        control_sum: nothing,
        ..standing()
    };
    let request = RefillRequest { sequence: 1, registers: zero, control_sum: nothing, ..request() };
    let decision = decide(&context(meter), &request).unwrap();
    assert_eq!(decision.control_sum_after, cad("100"));
}

#[test]
fn the_limits_themselves_are_allowed() {
    let block = BlockLimits {
        minimum_refill: cad("100"),
        maximum_refill: cad("100"),
        maximum_descending: cad("404.14"),
        ..standing().block
    };
    let account = AccountStanding {
        prepaid: cad("0"),
        advanced_today: cad("87"),
        daily_advance_limit: Some(cad("200")),
        ..account()
    };
    let meter = MeterStanding { block, account, ..standing() };
    let decision = decide(&context(meter), &request()).unwrap();
    assert_eq!(decision.transfer.gain_of(AccountId::Credit(customer())), cad("-113"));
}

#[test]
fn the_limit_of_the_day_does_not_touch_prepaid_money() {
    let account = AccountStanding {
        advanced_today: cad("500"),
        daily_advance_limit: Some(cad("200")),
        ..account()
    };
    assert_eq!(granted(account, "100").credit_part, cad("0"));
}
