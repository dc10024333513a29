//! What the provider's staff do meanwhile: deposits, suspensions and their lifting, locks, reconciliation. A deed whose
//! outcome they do not know they do again, under the same reference.

use std::collections::BTreeSet;

use timbre_infrastructure::staff::TermsChange;
use timbre_infrastructure::{LossKind, Staff, StaffError, StoreError};
use timbre_postage::{Amount, MeterSerial};

use super::{Event, World, of};
use crate::machine::cad;
use crate::reference::{Broken, Checked, LATE, ensure};

/// Whether a deed was done, was not, or nobody knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Done,
    Refused,
    Unknown,
}

fn outcome<T>(result: &Result<T, StaffError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        Err(StaffError::Store(StoreError::Unavailable(_) | StoreError::Conflict(_))) => {
            Outcome::Unknown
        }
        Err(_) => Outcome::Refused,
    }
}

impl World {
    pub(super) async fn staff_works(&mut self) -> Checked {
        if !self.quiet {
            let pause = self.random.between(10 * 60_000, 20 * 3_600_000);
            self.later(pause, Event::Staff);
        }
        if self.services.up.is_none() {
            return Ok(());
        }
        let customer = self.random.index(self.customers.len());
        match self.random.below(100) {
            0..55 => self.deposit(customer).await?,
            55..66 => self.suspend_or_resume(customer).await?,
            66..72 => self.lock_or_unlock(customer).await?,
            72..80 => self.relocate(customer).await?,
            _ => self.reconcile(customer).await?,
        }
        self.finish_underway().await?;
        let serials: BTreeSet<MeterSerial> =
            self.customers[customer].serials.iter().copied().collect();
        self.audit(&serials).await
    }

    fn desk(&self) -> Option<Staff> {
        let services = self.services.up.as_ref()?;
        Some(services.staff("staff", self.server_now()))
    }

    /// Does it, committing what it writes.
    async fn do_it<T>(
        &mut self,
        work: impl Future<Output = Result<T, StaffError>>,
    ) -> Result<T, StaffError> {
        self.send_fates();
        let Some(services) = &mut self.services.up else { return work.await };
        let done = services.carry_out(work).await;
        services.fates().clear();
        done
    }

    /// Books a deposit: first one whose outcome is not known, if there is one.
    pub(super) async fn deposit(&mut self, customer: usize) -> Checked {
        let Some(staff) = self.desk() else { return Ok(()) };
        let again = self.customers[customer].undecided.pop();
        let (reference, amount) = match again {
            Some(deposit) => deposit,
            None => {
                self.references += 1;
                let amount = cad(self.random.between(5, 80) * 10_000);
                (format!("deposit-{}", self.references), amount)
            }
        };
        let account = self.customers[customer].account;
        let id = reference
            .parse()
            .map_err(|_| Broken { rule: "references-are-references", found: reference.clone() })?;
        let result = self.do_it(staff.deposit(account, amount, id)).await;
        let what = outcome(&result);
        self.say(
            "staff",
            format_args!("{reference} of {} to {account}: {what:?}", amount.decimal()),
        );
        self.settle_deposit(customer, reference, amount, what)
    }

    fn settle_deposit(
        &mut self,
        customer: usize,
        reference: String,
        amount: Amount,
        outcome: Outcome,
    ) -> Checked {
        let customer = &mut self.customers[customer];
        match outcome {
            Outcome::Done => customer.model.booked += amount.mills(),
            Outcome::Unknown => customer.undecided.push((reference, amount)),
            Outcome::Refused => {
                let found = format!("{reference} of {amount} was refused");
                return Err(Broken { rule: "deposits-are-taken", found });
            }
        }
        customer.model.undecided =
            customer.undecided.iter().map(|(_, amount)| amount.mills()).collect();
        Ok(())
    }

    /// An honest meter is suspended for a while; a stolen one is reported, and stays so.
    async fn suspend_or_resume(&mut self, customer: usize) -> Checked {
        let place = self.random.index(self.customers[customer].serials.len());
        let serial = self.customers[customer].serials[place];
        if self.is_underway(serial) {
            return Ok(());
        }
        if self.is_dishonest(serial) {
            return self.report_stolen(serial).await;
        }
        let suspended = self.models.entry(serial).or_default().suspended_by_staff;
        self.set_suspended(serial, !suspended).await.map(drop)
    }

    pub(super) async fn set_suspended(
        &mut self,
        serial: MeterSerial,
        suspend: bool,
    ) -> Result<bool, Broken> {
        let Some(staff) = self.desk() else { return Ok(false) };
        // Said before it is done: where the outcome is not known, it may have been.
        self.models.entry(serial).or_default().suspended_by_staff = true;
        let result = match suspend {
            true => self.do_it(staff.suspend(serial, "by the staff")).await,
            false => self.do_it(staff.resume(serial, "looked into")).await,
        };
        let what = if suspend { "suspend" } else { "resume" };
        let outcome = outcome(&result);
        self.say("staff", format_args!("{what} {serial}: {outcome:?}"));
        // A suspension that is refused may be one that was made before.
        if !suspend && outcome != Outcome::Unknown {
            self.models.entry(serial).or_default().suspended_by_staff = false;
        }
        Ok(outcome == Outcome::Done)
    }

    /// Somebody has taken a meter away, and its customer says so.
    async fn report_stolen(&mut self, serial: MeterSerial) -> Checked {
        let Some(seat) = self.stolen_seat(serial) else { return Ok(()) };
        let Some(staff) = self.desk() else { return Ok(()) };
        let today = jiff::tz::Offset::UTC.to_datetime(self.server_now()).date();
        let report = staff.report_missing(serial, LossKind::Stolen, today, "by its customer");
        let result = self.do_it(report).await;
        let outcome = outcome(&result);
        self.say("staff", format_args!("{serial} is reported stolen: {outcome:?}"));
        if outcome == Outcome::Done {
            self.is_known_stolen(seat);
        }
        Ok(())
    }

    /// A machine moves to another address in Alberta: a new operational block.
    async fn relocate(&mut self, customer: usize) -> Checked {
        let place = self.random.index(self.customers[customer].serials.len());
        let serial = self.customers[customer].serials[place];
        let Some(staff) = self.desk() else { return Ok(()) };
        let code = *self.random.pick(&["T5J 2R7", "T2P 1J9", "T6G 2R3", "T1K 3M4"]);
        let postal_code = code.parse().ok();
        let change = TermsChange { postal_code, ..TermsChange::default() };
        let result = self.do_it(staff.change_terms(serial, change, "moved")).await;
        let outcome = outcome(&result);
        self.say("staff", format_args!("{serial} moves to {code}: {outcome:?}"));
        Ok(())
    }

    async fn lock_or_unlock(&mut self, customer: usize) -> Checked {
        let locked = !self.customers[customer].locked;
        self.set_locked(customer, locked).await
    }

    pub(super) async fn set_locked(&mut self, customer: usize, locked: bool) -> Checked {
        let Some(staff) = self.desk() else { return Ok(()) };
        let account = self.customers[customer].account;
        let result = self.do_it(staff.set_locked(account, locked)).await;
        let outcome = outcome(&result);
        self.say("staff", format_args!("locked {account} {locked}: {outcome:?}"));
        // Where it is not known, the next who looks sets it anew.
        self.customers[customer].locked = locked || outcome != Outcome::Done;
        Ok(())
    }

    /// An honest meter reconciles at any time, whatever is still to come in.
    async fn reconcile(&mut self, customer: usize) -> Checked {
        let place = self.random.index(self.customers[customer].serials.len());
        let serial = self.customers[customer].serials[place];
        let Some(staff) = self.desk() else { return Ok(()) };
        let result = self.do_it(staff.reconcile(serial)).await;
        let Ok(reconciled) = result else { return Ok(()) };
        let found = reconciled.discrepancies.iter().map(|finding| finding.code);
        let found: Vec<&str> = found.filter(|code| !LATE.contains(code)).collect();
        self.say("staff", format_args!("reconcile {serial}: {found:?}"));
        if self.is_dishonest(serial) {
            return Ok(());
        }
        ensure(found.is_empty(), "no-false-alarm", || format!("reconciliation finds {found:?}"))
            .map_err(|broken| of(&serial.to_string(), broken))
    }
}
