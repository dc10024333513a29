//! What holds after any sequence of deposits, refills, uses and refunds, honest or not.

use jiff::civil::date;
use proptest::prelude::*;
use timbre_funds::reconcile::{self, Audit, LedgerSide, MeterBooks, Records};
use timbre_funds::refill::{RefillContext, RefillRequest, decide};
use timbre_funds::sequence::{Sequence, classify};
use timbre_funds::tax::Tax;
use timbre_funds::usage::{self, Usage};
use timbre_funds::{
    AccountId, AccountStanding, MeterStanding, Transfer, TransferKind, TrialBalance,
};
use timbre_postage::{Amount, Currency, Registers};

use crate::support::{cad, customer, now, paid_in, serial, standing};

/// Something that happens to a customer with one meter.
#[derive(Clone, Debug)]
enum Event {
    Deposit {
        cents: i64,
    },
    /// The meter asks for a refill; `lost` if the reply does not reach it.
    Refill {
        cents: i64,
        lost: bool,
    },
    /// The meter franks a piece.
    Frank {
        cents: i64,
    },
    /// The meter uploads what it has franked since.
    Upload,
    /// The last deposit is returned by the bank.
    ReturnDeposit,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (1..60_000_i64).prop_map(|cents| Event::Deposit { cents }),
        4 => (-100..70_000_i64, any::<bool>()).prop_map(|(cents, lost)| Event::Refill { cents, lost }),
        6 => (1..2_000_i64).prop_map(|cents| Event::Frank { cents }),
        2 => Just(Event::Upload),
        1 => Just(Event::ReturnDeposit),
    ]
}

/// A ledger and a meter, played against each other.
struct World {
    transfers: Vec<Transfer>,
    trial: TrialBalance,
    credit_limit: Amount,
    postal_code: &'static str,
    // The server's side.
    last_sequence: u64,
    last_amount: Amount,
    last_registers: Registers,
    // The meter's side.
    applied: u64,
    pending: Option<Amount>,
    registers: Registers,
    records: u64,
    // What the uploaded records add up to.
    uploaded: Records,
    refills_applied: Amount,
}

fn cents(cents: i64) -> Amount {
    Amount::from_cents(cents, Currency::Cad).unwrap()
}

fn plus(a: Amount, b: Amount) -> Amount {
    a.checked_add(b).unwrap()
}

fn minus(a: Amount, b: Amount) -> Amount {
    a.checked_sub(b).unwrap()
}

impl World {
    fn new(credit_limit: Amount, postal_code: &'static str) -> World {
        let zero = cad("0");
        let registers = Registers { ascending: zero, descending: zero, pieces: 0 };
        World {
            transfers: Vec::new(),
            trial: TrialBalance::default(),
            credit_limit,
            postal_code,
            last_sequence: 0,
            last_amount: zero,
            last_registers: registers,
            applied: 0,
            pending: None,
            registers,
            records: 0,
            uploaded: Records {
                count: 0,
                last_sequence: 0,
                chain_broken_at: None,
                debit_count: 0,
                debits: zero,
                refills: zero,
                refunds: zero,
                last_registers: registers,
            },
            refills_applied: zero,
        }
    }

    fn balance(&self, account: AccountId) -> Amount {
        self.trial.balance(account, Currency::Cad)
    }

    fn issued(&self) -> Amount {
        let refills = self.transfers.iter().filter(|t| t.kind() == TransferKind::Refill);
        let gains = refills.map(|transfer| transfer.gain_of(AccountId::Meter(serial())));
        gains.fold(cad("0"), plus)
    }

    fn book(&mut self, transfer: Transfer) {
        assert!(self.transfers.iter().all(|other| other.id() != transfer.id()), "booked once");
        self.trial.book(&transfer).unwrap();
        self.transfers.push(transfer);
    }

    fn play(&mut self, event: &Event) {
        match event {
            Event::Deposit { cents: amount } => {
                let reference = format!("deposit-{}", self.transfers.len());
                self.book(paid_in(&reference, cents(*amount)));
            }
            Event::Refill { cents: amount, lost } => self.refill(cents(*amount), *lost),
            Event::Frank { cents: amount } => self.frank(cents(*amount)),
            Event::Upload => self.upload(),
            Event::ReturnDeposit => {
                let last = self.transfers.iter().rfind(|t| t.kind() == TransferKind::Deposit);
                let reversal = last.map(|deposit| deposit.reversal(now(), String::new()).unwrap());
                let known = |reversal: &Transfer| {
                    self.transfers.iter().any(|other| other.id() == reversal.id())
                };
                if let Some(reversal) = reversal.filter(|reversal| !known(reversal)) {
                    self.book(reversal);
                }
            }
        }
    }

    /// One exchange with the server. A refill whose reply was lost is asked for again, unchanged.
    fn refill(&mut self, amount: Amount, lost: bool) {
        let amount = self.pending.unwrap_or(amount);
        let request = RefillRequest {
            serial: serial(),
            sequence: self.applied + 1,
            amount,
            registers: self.registers,
            control_sum: self.registers.control_sum().unwrap(),
            block_version: 3,
        };
        let granted = match classify(self.last_sequence, request.sequence) {
            Sequence::Replay => Some(self.last_amount),
            Sequence::New => self.decide(&request),
            other => panic!("an honest meter is never {other:?}"),
        };
        self.pending = granted.filter(|_| lost);
        if let Some(amount) = granted.filter(|_| !lost) {
            self.applied += 1;
            self.records += 1;
            self.registers.descending = plus(self.registers.descending, amount);
            self.refills_applied = plus(self.refills_applied, amount);
        }
    }

    fn decide(&mut self, request: &RefillRequest) -> Option<Amount> {
        let prepaid = self.balance(AccountId::Prepaid(customer()));
        let credit = self.balance(AccountId::Credit(customer()));
        let context = RefillContext {
            now: now(),
            today: date(2026, 11, 24),
            meter: Some(MeterStanding {
                postal_code: self.postal_code.parse().unwrap(),
                last_sequence: self.last_sequence,
                last_registers: self.last_registers,
                control_sum: self.issued(),
                account: AccountStanding {
                    locked: false,
                    prepaid,
                    credit_limit: self.credit_limit,
                    credit_used: minus(cad("0"), credit),
                    advanced_today: cad("0"),
                    daily_advance_limit: None,
                },
                ..standing()
            }),
        };
        let decision = decide(&context, request).ok()?;
        assert_eq!(
            plus(decision.prepaid_part, decision.credit_part),
            plus(request.amount, decision.tax.total)
        );
        if decision.credit_part.mills() > 0 {
            assert!(decision.prepaid_left.mills() <= 0, "prepaid money pays first");
        }
        self.book(decision.transfer);
        assert_eq!(self.balance(AccountId::Prepaid(customer())), decision.prepaid_left);
        assert_eq!(self.issued(), decision.control_sum_after);
        self.last_sequence = request.sequence;
        self.last_amount = request.amount;
        self.last_registers = request.registers;
        Some(request.amount)
    }

    fn frank(&mut self, amount: Amount) {
        if amount.mills() <= self.registers.descending.mills() {
            self.registers.ascending = plus(self.registers.ascending, amount);
            self.registers.descending = minus(self.registers.descending, amount);
            self.registers.pieces += 1;
            self.records += 1;
        }
    }

    fn upload(&mut self) {
        let amount = minus(self.registers.ascending, self.uploaded.debits);
        let first = self.uploaded.last_sequence + 1;
        if !amount.is_zero() {
            let last = self.records;
            let (meter, customer, time) = (serial(), customer(), now());
            let usage = Usage { meter, customer, first, last, amount, time };
            self.book(usage::book(&usage).unwrap());
        }
        self.uploaded = Records {
            count: self.records,
            last_sequence: self.records,
            debit_count: self.registers.pieces,
            debits: self.registers.ascending,
            refills: self.refills_applied,
            last_registers: self.registers,
            ..self.uploaded
        };
    }

    fn check(&self) {
        assert_eq!(self.trial.total(Currency::Cad), 0, "no money is made or lost");
        let returned = self.transfers.iter().any(|t| t.kind() == TransferKind::Reversal);
        let prepaid = self.balance(AccountId::Prepaid(customer()));
        assert!(returned || !prepaid.is_negative(), "no refill overdraws prepaid money");
        let credit = self.balance(AccountId::Credit(customer()));
        assert!(credit.mills() <= 0 && -credit.mills() <= self.credit_limit.mills());
        let meter = self.balance(AccountId::Meter(serial()));
        let post = self.balance(AccountId::Post(serial()));
        assert_eq!(plus(meter, post), self.issued(), "what was issued is in the meter or used");
        for tax in [Tax::Gst, Tax::Hst, Tax::Qst] {
            assert!(!self.balance(AccountId::Tax(tax, customer())).is_negative());
        }
        let outcome = reconcile::meter(&self.books());
        assert!(outcome.discrepancies.is_empty(), "{outcome}");
    }

    fn books(&self) -> MeterBooks {
        let unconfirmed = minus(self.issued(), self.refills_applied);
        MeterBooks {
            serial: serial(),
            currency: Currency::Cad,
            ledger: LedgerSide {
                issued: self.issued(),
                refunded: cad("0"),
                refund_in_flight: cad("0"),
                unconfirmed,
                used: Some(self.balance(AccountId::Post(serial()))),
            },
            audit: Some(Audit {
                registers: self.registers,
                control_sum: self.registers.control_sum().unwrap(),
                record_sequence: self.records,
            }),
            records: self.uploaded,
        }
    }
}

proptest! {
    #[test]
    fn money_is_conserved_and_the_books_agree(
        events in prop::collection::vec(any_event(), 1..60),
        credit_cents in 0..100_000_i64,
        postal_code in prop::sample::select(&["K1A 0B1", "H2X 1Y4", "T2P 1A1", "B3H 1A1"][..]),
    ) {
        let mut world = World::new(cents(credit_cents), postal_code);
        for event in &events {
            world.play(event);
            world.check();
        }
        // At the end of the day every reply arrives and everything is uploaded.
        if world.pending.is_some() {
            world.refill(cad("0"), false);
        }
        world.upload();
        world.check();
        prop_assert!(reconcile::meter(&world.books()).is_settled());
        prop_assert_eq!(world.balance(AccountId::Meter(serial())), world.registers.descending);
        prop_assert_eq!(world.balance(AccountId::Post(serial())), world.registers.ascending);
    }

    #[test]
    fn no_figures_make_a_decision_panic(
        mills in any::<[i64; 8]>(),
        sequence: u64,
        last_sequence: u64,
        pieces: u64,
        daily: Option<i64>,
    ) {
        let amount = |index: usize| Amount::from_mills(mills[index], Currency::Cad);
        let account = AccountStanding {
            locked: false,
            prepaid: amount(0),
            credit_limit: amount(1),
            credit_used: amount(2),
            advanced_today: amount(3),
            daily_advance_limit: daily.map(|mills| Amount::from_mills(mills, Currency::Cad)),
        };
        let registers = Registers { ascending: amount(4), descending: amount(5), pieces };
        let control_sum = registers.control_sum().unwrap_or_else(|_| amount(6));
        let meter = MeterStanding { last_sequence, control_sum, account, ..standing() };
        let request = RefillRequest {
            serial: serial(),
            sequence,
            amount: amount(7),
            registers,
            control_sum,
            block_version: 3,
        };
        let context = RefillContext { now: now(), today: date(2026, 11, 24), meter: Some(meter) };
        if let Ok(decision) = decide(&context, &request) {
            prop_assert!(!decision.prepaid_part.is_negative());
            prop_assert!(!decision.credit_part.is_negative());
        }
    }
}
