//! What settles a refill at a meter is exactly what the rules of funds say after its number was looked up: no more, or a
//! booked refill would be forgotten; no less, or a refused one would be asked for for ever.

use timbre_funds::FundsRefusal;
use timbre_meter::settles_refill;
use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial, Registers};

#[test]
fn a_refusal_settles_a_refill_when_its_number_is_known_not_to_be_booked() {
    let serial = MeterSerial::new(42).unwrap();
    let customer = AccountNumber::new(10_000_001).unwrap();
    let amount = Amount::zero(Currency::Cad);
    let given = Registers { ascending: amount, descending: amount, pieces: 0 };
    let settles = [
        FundsRefusal::MeterNotInstalled { serial },
        FundsRefusal::MeterSuspended { serial },
        FundsRefusal::AccountLocked { customer },
        FundsRefusal::WrongCurrency { expected: Currency::Cad, given: Currency::Cad },
        FundsRefusal::StaleBlock { current: 2, given: 1 },
        FundsRefusal::RegisterWentBackwards { last: given, given },
        FundsRefusal::FractionOfACent { amount },
        FundsRefusal::BelowMinimum { minimum: amount, amount },
        FundsRefusal::AboveMaximum { maximum: amount, amount },
        FundsRefusal::WouldExceedMaximumDescending {
            maximum: amount,
            descending: amount,
            room: amount,
        },
        FundsRefusal::DailyAdvanceLimitReached {
            limit: amount,
            advanced_today: amount,
            needed: amount,
        },
        FundsRefusal::InsufficientFunds {
            needed: amount,
            prepaid: amount,
            credit_left: amount,
            missing: amount,
        },
    ];
    for refusal in settles {
        assert!(settles_refill(refusal.code()), "{}", refusal.code());
    }
    let says_nothing = [
        FundsRefusal::UnknownMeter { serial },
        FundsRefusal::SequenceTooOld { next: 2, given: 1 },
        FundsRefusal::SequenceAhead { next: 2, given: 9 },
    ];
    for refusal in says_nothing {
        assert!(!settles_refill(refusal.code()), "{}", refusal.code());
    }
    for code in ["unavailable", "internal-error", "token-expired", "bad-signature"] {
        assert!(!settles_refill(code), "{code}");
    }
}
