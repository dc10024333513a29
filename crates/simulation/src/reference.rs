//! The reference model: what must be true, worked out from what was seen to happen and by nothing of the product's. It
//! knows sums and counts; it knows no journal, no SQL, no chain and no rule of the funds but the tax of Alberta.

use std::collections::{BTreeMap, BTreeSet};

use timbre_postage::Registers;

use crate::books::{CustomerBooks, MeterBooks};
use crate::fact::{Fact, Movement};
use crate::machine::Reading;

/// What is not as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Broken {
    /// The rule, in kebab case.
    pub(crate) rule: &'static str,
    /// What was found.
    pub(crate) found: String,
}

pub(crate) type Checked = Result<(), Broken>;

pub(crate) fn ensure(holds: bool, rule: &'static str, found: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Broken { rule, found: found() }) }
}

/// Cases that say only that something is to come in: nobody is suspected by them.
pub(crate) const LATE: [&str; 3] = ["inspection-late", "upload-late", "refill-unconfirmed"];

/// A clock may go back by this much, in seconds: the corrections of time servers.
const CLOCK_SKEW: i64 = 120;

/// One device, as it must be.
#[derive(Clone, Default, Debug)]
pub(crate) struct DeviceModel {
    ascending: i64,
    descending: i64,
    pieces: u64,
    /// What may or may not have moved the registers: its device failed before it said so.
    doubt: Option<Movement>,
    /// The marks that are on paper, by record.
    marks: BTreeMap<u64, (i64, Registers)>,
    /// The refills that were ever asked for, by number: the amounts.
    asked: BTreeMap<u64, BTreeSet<i64>>,
    /// The refills that were applied.
    applied: BTreeMap<u64, i64>,
    /// What it has given back, once it is withdrawn.
    returned: Option<i64>,
    /// The infrastructure has said that it keeps the records up to here.
    pub(crate) confirmed: u64,
    /// What the books were last seen to hold.
    stored: u64,
    booked: usize,
    /// The refills booked when the meter was suspended, while it is.
    booked_when_suspended: Option<usize>,
    /// Whether the staff have suspended it themselves.
    pub(crate) suspended_by_staff: bool,
}

impl DeviceModel {
    /// Takes in what the machine did.
    pub(crate) fn saw(&mut self, fact: &Fact) -> Checked {
        match fact {
            Fact::Asked { sequence, amount } => {
                self.asked.entry(*sequence).or_default().insert(amount.mills());
            }
            Fact::Tries(movement) | Fact::Doubts(movement) => self.doubt = Some(*movement),
            Fact::Did(movement) => {
                self.doubt = None;
                self.moved(*movement)?;
            }
            Fact::Declined(_) => self.doubt = None,
            Fact::Printed { record, amount, registers, .. } => {
                let mark = (amount.mills(), *registers);
                let before = self.marks.insert(*record, mark);
                ensure(before.is_none_or(|before| before == mark), "one-mark-per-record", || {
                    format!("record {record} was printed as {before:?} and as {mark:?}")
                })?;
            }
            Fact::Franked { clock, last, locked } => {
                let behind = last.duration_since(*clock).as_secs();
                ensure(behind <= CLOCK_SKEW, "clock-never-goes-back", || {
                    format!("franked at {clock}, {behind} s before its last operation at {last}")
                })?;
                ensure(!locked, "overdue-inspection-locks", || {
                    format!("franked at {clock} although its inspection is overdue")
                })?;
            }
            Fact::Took { what, answers } => {
                ensure(*answers, "only-answers-are-taken", || {
                    format!("it took {what} that does not answer what it asked")
                })?;
            }
            Fact::Confirmed { record } => self.confirmed = self.confirmed.max(*record),
            Fact::Note(_) => {}
        }
        Ok(())
    }

    fn moved(&mut self, movement: Movement) -> Checked {
        match movement {
            Movement::Debit { amount } => {
                self.ascending += amount.mills();
                self.descending -= amount.mills();
                self.pieces += 1;
                let left = self.descending;
                ensure(left >= 0, "never-below-zero", || format!("descending would be {left}"))
            }
            Movement::Withdrawal { amount } => {
                self.descending -= amount.mills();
                let (left, before) = (self.descending, self.returned.replace(amount.mills()));
                ensure(left == 0 && before.is_none(), "all-is-given-back-once", || {
                    format!("{left} is left after a withdrawal; given back before: {before:?}")
                })
            }
            Movement::Refill { sequence, amount } => {
                self.descending += amount.mills();
                let before = self.applied.insert(sequence, amount.mills());
                ensure(before.is_none(), "no-refill-twice", || {
                    format!("refill {sequence} was applied once more")
                })
            }
        }
    }

    /// Compares the readings. After a start the device may turn out to have done what it could not say.
    pub(crate) fn reads(&mut self, reading: &Reading, started: bool) -> Checked {
        let shows = |model: &DeviceModel| {
            let shown = &reading.registers;
            (shown.ascending.mills(), shown.descending.mills(), shown.pieces)
                == (model.ascending, model.descending, model.pieces)
        };
        if let Some(doubt) = self.doubt.take_if(|_| started)
            && !shows(self)
        {
            self.moved(doubt)?;
        }
        let shown = &reading.registers;
        ensure(shows(self), "registers-tell-what-happened", || {
            format!(
                "registers {}/{}/{}, expected {}/{}/{}",
                shown.ascending.mills(),
                shown.descending.mills(),
                shown.pieces,
                self.ascending,
                self.descending,
                self.pieces
            )
        })?;
        let (sum, kept) = (self.ascending + self.descending, reading.control_sum.mills());
        ensure(kept == sum, "control-sum", || {
            format!("control sum {kept}, registers sum to {sum}")
        })?;
        let issued: i64 = self.applied.values().sum::<i64>() - self.returned.unwrap_or_default();
        ensure(sum == issued, "only-refills-make-funds", || {
            format!("registers sum to {sum}, and refills of {issued} were applied")
        })
    }

    /// Every mark on paper is a debit of the journal; `records` are all of it: number, amount, registers.
    pub(crate) fn paper(&self, records: &[(u64, Option<i64>, Registers)]) -> Checked {
        for (record, (amount, registers)) in &self.marks {
            let found = records.iter().find(|(number, ..)| number == record);
            ensure(
                found.is_some_and(|(_, paid, after)| {
                    *paid == Some(*amount) && after.pieces == registers.pieces
                }),
                "no-mark-without-a-debit",
                || {
                    format!(
                        "the mark of record {record} ({amount}) is on paper, the journal says {found:?}"
                    )
                },
            )?;
        }
        let gap = (1..).zip(records).find(|(expected, (number, ..))| expected != number);
        ensure(gap.is_none(), "records-without-gaps", || format!("{gap:?}"))?;
        let debits: i64 = records.iter().filter_map(|(_, paid, _)| *paid).sum();
        ensure(debits == self.ascending, "records-tell-what-happened", || {
            format!("the debits sum to {debits}, ascending is {}", self.ascending)
        })
    }

    /// The books against what was seen, for a meter whose device is as its maker made it.
    pub(crate) fn books(&self, books: &MeterBooks) -> Checked {
        for refill in &books.refills {
            let asked = self.asked.get(&refill.sequence);
            ensure(asked.is_some_and(|of| of.contains(&refill.amount)), "booked-as-asked", || {
                format!(
                    "refill {} of {} is booked, asked: {asked:?}",
                    refill.sequence, refill.amount
                )
            })?;
        }
        for (sequence, amount) in &self.applied {
            let booked = books.refills.iter().find(|refill| refill.sequence == *sequence);
            ensure(booked.is_some_and(|b| b.amount == *amount), "applied-is-booked", || {
                format!("refill {sequence} of {amount} is applied, booked: {booked:?}")
            })?;
        }
        Ok(())
    }

    /// What holds for any meter, honest or not.
    pub(crate) fn never_fall(&mut self, books: &MeterBooks) -> Checked {
        let serial = books.serial;
        for (expected, refill) in (1..).zip(&books.refills) {
            ensure(refill.sequence == expected, "refills-without-gaps", || {
                format!("{serial}: refill {} where {expected} is expected", refill.sequence)
            })?;
        }
        let issued = books.issued() - books.returned();
        ensure(books.returned() >= 0, "no-more-is-returned-than-issued", || {
            format!("{serial}: control sum {}, {} issued", books.control_sum, books.issued())
        })?;
        ensure(books.control_sum == issued, "control-sum-is-issued", || {
            format!("{serial}: control sum {}, refills of {issued} booked", books.control_sum)
        })?;
        let on_books = books.on_meter + books.on_post;
        ensure(on_books == issued, "ledger-holds-what-is-issued", || {
            format!("{serial}: meter and post hold {on_books}, refills of {issued} booked")
        })?;
        ensure(books.last_refill == books.refills.len() as u64, "refills-counted", || {
            format!("{serial}: last refill {}, {} booked", books.last_refill, books.refills.len())
        })?;
        ensure(books.refills.len() >= self.booked, "nothing-booked-is-lost", || {
            format!("{serial}: {} refills, there were {}", books.refills.len(), self.booked)
        })?;
        ensure(books.record_sequence >= self.stored, "nothing-stored-is-lost", || {
            format!("{serial}: record {}, there was {}", books.record_sequence, self.stored)
        })?;
        ensure(books.record_sequence >= self.confirmed, "nothing-confirmed-is-lost", || {
            format!("{serial}: record {}, {} was confirmed", books.record_sequence, self.confirmed)
        })?;
        (self.booked, self.stored) = (books.refills.len(), books.record_sequence);
        let suspended = books.state == "suspended";
        let since = *self.booked_when_suspended.get_or_insert(self.booked);
        if !suspended {
            self.booked_when_suspended = None;
            return Ok(());
        }
        ensure(since == self.booked, "no-funds-while-suspended", || {
            format!("{serial}: {} refills booked, {since} when it was suspended", self.booked)
        })
    }

    /// An honest meter is never suspected.
    pub(crate) fn trusted(&self, books: &MeterBooks) -> Checked {
        let suspects = books.cases.iter().any(|case| !LATE.contains(&case.as_str()));
        ensure(!suspects, "no-false-alarm", || {
            format!("{}: cases {:?} ({})", books.serial, books.cases, books.state_reason)
        })?;
        ensure(books.state != "suspended" || self.suspended_by_staff, "no-false-alarm", || {
            format!("{} is suspended: {}", books.serial, books.state_reason)
        })
    }

    /// What is issued is in the device or on its way to it.
    pub(crate) fn conserved(&self, reading: &Reading, books: &MeterBooks) -> Checked {
        let behind = books.last_refill.checked_sub(reading.last_refill);
        let way: i64 = match behind {
            Some(0) => 0,
            Some(1) => books.refills.last().map_or(0, |refill| refill.amount),
            _ => {
                let (device, ledger) = (reading.last_refill, books.last_refill);
                return Err(Broken {
                    rule: "refills-in-step",
                    found: format!("the device has applied refill {device}, {ledger} is booked"),
                });
            }
        };
        if behind == Some(1) {
            let pending =
                reading.pending_refill.map(|(sequence, amount)| (sequence, amount.mills()));
            ensure(pending == Some((books.last_refill, way)), "money-on-its-way-arrives", || {
                format!("refill {} of {way} is booked, pending: {pending:?}", books.last_refill)
            })?;
        }
        let held = self.ascending + self.descending;
        // Taken back by the books, and the device does not know it yet.
        let back = match self.returned {
            None if reading.is_withdrawing => books.returned(),
            _ => 0,
        };
        ensure(held + way == books.control_sum + back, "money-is-conserved", || {
            format!(
                "the device holds {held}, {way} on its way to it, {back} on its way back, the books {}",
                books.control_sum
            )
        })
    }
}

/// One customer's money, as it must be.
#[derive(Clone, Default, Debug)]
pub(crate) struct CustomerModel {
    /// Deposits that the staff know to be booked.
    pub(crate) booked: i64,
    /// Deposits of which they do not know yet.
    pub(crate) undecided: Vec<i64>,
}

/// The tax on a refill in Alberta: five percent, to the nearest cent, half a cent up.
fn tax(amount: i64) -> i64 {
    (amount * 5 / 100 + 5) / 10 * 10
}

impl CustomerModel {
    pub(crate) fn books(&self, books: &CustomerBooks) -> Checked {
        ensure(books.sum == 0, "the-ledger-balances", || format!("it sums to {}", books.sum))?;
        let rows = (books.prepaid, -books.credit_used);
        let ledger = (books.ledger_prepaid, books.ledger_credit);
        ensure(rows == ledger, "rows-agree-with-the-ledger", || {
            format!("prepaid and credit by the row {rows:?}, by the ledger {ledger:?}")
        })?;
        let most = self.booked + self.undecided.iter().sum::<i64>();
        let deposits = books.deposits;
        ensure((self.booked..=most).contains(&deposits), "deposits-booked-once", || {
            format!("deposits of {deposits}, expected {} to {most}", self.booked)
        })?;
        let refills = || books.meters.iter().flat_map(|meter| &meter.refills);
        let spent: i64 = refills().map(|refill| refill.amount + tax(refill.amount)).sum();
        let left = books.prepaid - books.credit_used;
        ensure(left == deposits - spent, "account-pays-what-is-issued", || {
            format!("{left} is left of {deposits} after refills and tax of {spent}")
        })?;
        let taxed: i64 = refills().map(|refill| refill.tax).sum();
        ensure(books.tax == taxed, "tax-is-booked", || {
            format!("tax {} on the ledger, {taxed} on the refills", books.tax)
        })?;
        let returned: i64 = books.meters.iter().map(MeterBooks::returned).sum();
        ensure(books.refunds == returned, "what-is-returned-is-kept-for-the-customer", || {
            format!("{} in refunds, {returned} was taken back", books.refunds)
        })?;
        let all = left + books.on_meters + books.on_post + books.tax + books.refunds;
        ensure(all == deposits, "money-is-conserved", || {
            format!("deposits of {deposits}; balance, registers, post, tax and refunds hold {all}")
        })
    }
}
