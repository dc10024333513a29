//! How a run ends: the faults are over, every machine calls a few more times, and then everything must agree: devices,
//! ledger and records to the mill, nothing pending, and no fraud that nobody has noticed.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use timbre_meter::Trigger;
use timbre_postage::MeterSerial;

use super::{World, of};
use crate::reference::{Broken, Checked, ensure};

/// So many rounds of calls are enough for everything to converge.
const ROUNDS: u32 = 2;
/// Clocks may be off by five minutes on either side of the infrastructure's.
const CLOCKS_CATCH_UP: SignedDuration = SignedDuration::from_mins(11);

impl World {
    pub(super) async fn come_to_rest(&mut self) -> Checked {
        self.quiet = true;
        self.say("world", "the faults are over");
        self.drop_events();
        self.mend().await?;
        for round in 1..=ROUNDS {
            for seat in 0..self.seats.len() {
                let triggers = match self.seats[seat].machine.reading() {
                    Some(reading) if reading.record_sequence == 0 => [Trigger::Installed; 3],
                    _ => [Trigger::PowerOn, Trigger::InspectionDue, Trigger::Sleep],
                };
                for trigger in triggers {
                    self.say("world", format_args!("round {round}"));
                    self.start_trigger(seat, trigger)?;
                    self.drain().await?;
                }
            }
        }
        self.frank_a_last_piece().await?;
        self.everything_agrees().await
    }

    /// What was still to come does not come any more.
    fn drop_events(&mut self) {
        self.queue.clear();
        for seat in &mut self.seats {
            (seat.talk, seat.starting, seat.cut_until) = (None, false, self.now);
        }
    }

    async fn mend(&mut self) -> Checked {
        // A clock that was set back is late for a while: what it shows is older than what was shown before.
        self.now = self.now.saturating_add(CLOCKS_CATCH_UP).unwrap_or(self.now);
        self.services.skew = SignedDuration::ZERO;
        self.services.underway.clear();
        self.services.commit_due = false;
        // Whoever was answered and did not hear it is a crash as well.
        if let Some(services) = self.services.up.take() {
            services.close().await;
        }
        self.restart().await?;
        for seat in 0..self.seats.len() {
            self.set_clock(seat, 0);
            self.seats[seat].machine.disk().plan(None);
            self.seats[seat].machine.clock.set(self.now);
            self.boot(seat)?;
        }
        for customer in 0..self.customers.len() {
            while !self.customers[customer].undecided.is_empty() {
                self.deposit(customer).await?;
            }
            self.deposit(customer).await?;
            self.set_locked(customer, false).await?;
            for serial in self.customers[customer].serials.clone() {
                let suspended = self.models.entry(serial).or_default().suspended_by_staff;
                if suspended && !self.is_dishonest(serial) {
                    self.set_suspended(serial, false).await?;
                }
            }
        }
        self.audit_all().await
    }

    /// Does what is in the queue until nobody waits for anything.
    async fn drain(&mut self) -> Checked {
        let mut limit = 500_u32;
        while self.seats.iter().any(|seat| seat.talk.is_some()) {
            limit -= 1;
            ensure(limit > 0, "everything-ends", || "a trigger takes for ever".to_owned())?;
            self.step().await?;
        }
        Ok(())
    }

    /// Each machine that may frank pays for one more piece and tells of it: whoever hides something is found out by it.
    async fn frank_a_last_piece(&mut self) -> Checked {
        for seat in 0..self.seats.len() {
            if self.seats[seat].machine.state() == Some(timbre_psd::State::Operational) {
                self.frank_some(seat)?;
                self.drain().await?;
            }
            self.start_trigger(seat, Trigger::Sleep)?;
            self.drain().await?;
            self.start_trigger(seat, Trigger::InspectionDue)?;
            self.drain().await?;
            self.start_trigger(seat, Trigger::PowerOff)?;
            self.drain().await?;
        }
        Ok(())
    }

    async fn everything_agrees(&mut self) -> Checked {
        let serials: BTreeSet<MeterSerial> =
            self.seats.iter().map(|seat| seat.machine.serial).collect();
        self.audit(&serials).await?;
        for seat in 0..self.seats.len() {
            self.paper(seat)?;
            self.fraud_was_noticed(seat).await?;
        }
        for customer in 0..self.customers.len() {
            let books = self.books(customer).await?;
            for meter in books.iter().flat_map(|books| &books.meters) {
                if !self.is_dishonest(meter.serial) {
                    self.agrees(meter.serial, meter.record_sequence).await?;
                }
            }
        }
        self.say("world", "everything agrees");
        Ok(())
    }

    async fn agrees(&mut self, serial: MeterSerial, stored: u64) -> Checked {
        let who = serial.to_string();
        let machine = self.seats.iter().find(|seat| seat.machine.serial == serial);
        let reading = machine.and_then(|seat| seat.machine.reading());
        let Some(reading) = reading else {
            return Err(Broken { rule: "every-machine-starts", found: who });
        };
        let pending = reading.pending_refill;
        ensure(pending.is_none(), "refills-are-settled", || {
            format!("{who}: {pending:?} is pending")
        })?;
        ensure(reading.record_sequence == stored, "records-are-delivered", || {
            format!("{who}: {stored} of {} records are stored", reading.record_sequence)
        })?;
        let Some(services) = &mut self.services.up else { return Ok(()) };
        let staff = services.staff("auditor", self.now);
        let reconciled = services.carry_out(staff.reconcile(serial)).await;
        let settled = reconciled.as_ref().is_ok_and(|reconciled| reconciled.settled);
        ensure(settled, "everything-reconciles", || match reconciled {
            Ok(found) => {
                format!("discrepancies {:?}, pending {:?}", found.discrepancies, found.pending)
            }
            Err(error) => error.to_string(),
        })
        .map_err(|broken| of(&who, broken))
    }
}
