//! What can be in the ledger, and what never can.

use timbre_funds::{
    AccountId, Deposit, FundsRefusal, LedgerError, Posting, RequestId, Transfer, TransferDraft,
    TransferKind, TrialBalance, deposit,
};
use timbre_postage::{AccountNumber, Amount, Currency};

use crate::support::{cad, customer, now, paid_in, serial, usd, written};

fn draft(postings: Vec<Posting>) -> TransferDraft {
    TransferDraft {
        id: "test".parse().unwrap(),
        kind: TransferKind::Deposit,
        postings,
        customer: customer(),
        meter: None,
        time: now(),
        memo: String::new(),
        reverses: None,
    }
}

fn prepaid(amount: Amount) -> Posting {
    Posting::new(AccountId::Prepaid(customer()), amount)
}

fn deposits(amount: Amount) -> Posting {
    Posting::new(AccountId::Deposits(customer()), amount)
}

fn meter(amount: Amount) -> Posting {
    Posting::new(AccountId::Meter(serial()), amount)
}

fn neighbour() -> AccountNumber {
    AccountNumber::new(10_000_002).unwrap()
}

#[test]
fn a_transfer_that_does_not_balance_cannot_be_made() {
    for (postings, expected) in [
        (vec![], "test has fewer than two postings"),
        (vec![prepaid(cad("1"))], "test has fewer than two postings"),
        (
            vec![deposits(cad("-1")), prepaid(cad("1.001"))],
            "the postings of test sum to 1, not to zero",
        ),
        (vec![deposits(cad("-1")), prepaid(usd("1"))], "test mixes CAD and USD"),
        (
            vec![deposits(cad("-1")), prepaid(cad("1")), meter(cad("0"))],
            "test posts nothing to meter:TM0000042",
        ),
        (
            vec![deposits(cad("-1")), meter(cad("1"))],
            "test posts to meter:TM0000042, which is not its customer’s or its meter’s",
        ),
        (
            vec![deposits(cad("-1")), Posting::new(AccountId::Prepaid(neighbour()), cad("1"))],
            "test posts to prepaid:10000002, which is not its customer’s or its meter’s",
        ),
        (
            vec![deposits(cad("-2")), prepaid(cad("1")), prepaid(cad("1"))],
            "test posts twice to prepaid:10000001",
        ),
    ] {
        assert_eq!(Transfer::new(draft(postings)).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_sum_that_only_wraps_around_to_zero_does_not_balance() {
    let half = Amount::from_mills(i64::MIN, Currency::Cad);
    let postings = vec![deposits(half), prepaid(half)];
    let error = Transfer::new(draft(postings)).unwrap_err();
    assert!(
        matches!(error, LedgerError::Unbalanced { sum, .. } if sum == 2 * i128::from(i64::MIN))
    );
}

#[test]
fn a_stored_transfer_is_checked_again_when_it_is_read() {
    let stored = serde_json::to_string(&paid_in("cheque-1", cad("1000"))).unwrap();
    let read: Transfer = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, paid_in("cheque-1", cad("1000")));
    let altered = stored.replacen(":1000000,", ":1000001,", 1);
    assert_ne!(altered, stored);
    let error = serde_json::from_str::<Transfer>(&altered).unwrap_err();
    assert!(error.to_string().starts_with("the postings of cheque-1 sum to"), "{error}");
}

#[test]
fn a_deposit_moves_money_from_outside_to_the_prepaid_account() {
    let transfer = paid_in("cheque-1", cad("250.50"));
    assert_eq!(written(&transfer), ["deposits:10000001 -250.50", "prepaid:10000001 250.50"]);
    assert_eq!(transfer.kind(), TransferKind::Deposit);
    assert_eq!(transfer.gain_of(AccountId::Prepaid(customer())), cad("250.50"));
    assert_eq!(transfer.gain_of(AccountId::Credit(customer())), cad("0"));
}

#[test]
fn a_deposit_is_of_whole_cents_of_the_accounts_currency() {
    for (amount, code) in [
        (usd("10"), "wrong-currency"),
        (cad("10.001"), "fraction-of-a-cent"),
        (cad("0"), "below-minimum"),
        (cad("-10"), "below-minimum"),
    ] {
        let refusal: FundsRefusal = deposit(Deposit {
            id: RequestId::from_bytes([7; 16]),
            customer: customer(),
            currency: Currency::Cad,
            amount,
            time: now(),
            memo: String::new(),
        })
        .unwrap_err();
        assert_eq!(refusal.code(), code, "{amount}");
    }
}

#[test]
fn a_mistake_is_corrected_by_its_reversal_which_is_final() {
    let mistake = paid_in("cheque-1", cad("100"));
    let reversal = mistake.reversal(now(), "returned by the bank".to_owned()).unwrap();
    assert_eq!(written(&reversal), ["deposits:10000001 100.00", "prepaid:10000001 -100.00"]);
    assert_eq!(reversal.id().as_str(), "reversal:cheque-1");
    assert_eq!(reversal.reverses(), Some(mistake.id()));
    assert_eq!(reversal.kind(), TransferKind::Reversal);
    let trial = TrialBalance::of([&mistake, &reversal]).unwrap();
    assert!(trial.accounts().all(|(_, balance)| balance.is_zero()));
    assert_eq!(
        reversal.reversal(now(), String::new()).unwrap_err().to_string(),
        "reversal:cheque-1 is a reversal and cannot be reversed: book the transfer anew"
    );
}

#[test]
fn only_a_reversal_names_another_transfer() {
    let balanced = || vec![deposits(cad("-1")), prepaid(cad("1"))];
    let unnamed = TransferDraft { kind: TransferKind::Reversal, ..draft(balanced()) };
    let named = TransferDraft { reverses: Some("other".parse().unwrap()), ..draft(balanced()) };
    for wrong in [unnamed, named] {
        let error = Transfer::new(wrong).unwrap_err();
        assert!(matches!(error, LedgerError::ReversalReference(_)), "{error}");
    }
}

#[test]
fn a_kind_of_transfer_has_a_name_that_reads_back() {
    for kind in ["deposit", "refill", "usage", "refund", "refund-release", "reversal"] {
        assert_eq!(kind.parse::<TransferKind>().unwrap().as_str(), kind);
        assert_eq!(
            serde_json::to_string(&kind.parse::<TransferKind>().unwrap()).unwrap(),
            format!("\"{kind}\"")
        );
    }
    assert!("gift".parse::<TransferKind>().is_err());
}

#[test]
fn a_trial_balance_books_a_transfer_whole_or_not_at_all() {
    let huge = Amount::from_cents(i64::MAX / 10, Currency::Cad).unwrap();
    let mut trial = TrialBalance::of([&paid_in("cheque-1", huge)]).unwrap();
    let before = trial.clone();
    assert!(matches!(trial.book(&paid_in("cheque-2", huge)), Err(LedgerError::BalanceOverflow(_))));
    assert_eq!(trial, before);
    assert_eq!(trial.total(Currency::Cad), 0);
}
