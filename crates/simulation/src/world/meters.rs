//! What happens at a machine: somebody franks, refills, turns it on and off; its power goes; it starts again.

use std::task::{Context, Waker};

use jiff::Timestamp;
use timbre_meter::Trigger;
use timbre_psd::{OpenError, State};

use super::hostile::Fraud;
use super::{Event, Talk, World, of};
use crate::machine::{Franked, cad};
use crate::reference::{Broken, Checked};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

impl World {
    /// The time of a machine's own clock.
    fn clock_of(&self, seat: usize) -> Timestamp {
        self.now.saturating_add(self.seats[seat].skew).unwrap_or(self.now)
    }

    /// Somebody does something at the machine, and something else later.
    pub(super) fn work(&mut self, seat: usize) -> Checked {
        let pause = match self.random.below(20) {
            0 | 1 => self.random.between(DAY, 6 * DAY),
            2..=5 => self.random.between(60 * MINUTE, 600 * MINUTE),
            _ => self.random.between(MINUTE, 40 * MINUTE),
        };
        if !self.quiet {
            self.later(pause, Event::Work(seat));
        }
        let busy = self.seats[seat].talk.is_some() || !self.seats[seat].machine.is_running();
        if busy {
            return Ok(());
        }
        let clock = self.clock_of(seat);
        self.seats[seat].machine.clock.set(clock);
        if self.seats[seat].fraud.is_some() && self.random.chance(350) {
            return self.defraud(seat);
        }
        match self.seats[seat].machine.state() {
            Some(State::Manufactured | State::Initialised | State::Authorised) => {
                return self.start_trigger(seat, Trigger::PowerOn);
            }
            None => return Ok(()),
            Some(_) => {}
        }
        match self.random.below(100) {
            0..55 => self.frank_some(seat),
            55..65 => self.start_trigger(seat, Trigger::PowerOn),
            65..77 => self.start_trigger(seat, Trigger::Sleep),
            77..80 => self.start_trigger(seat, Trigger::PowerOff),
            80..86 => self.start_refill(seat),
            86..92 => self.start_trigger(seat, Trigger::PostalInformation),
            92..96 => {
                self.seats[seat].machine.print_again();
                self.after(seat)
            }
            98 if self.steps > self.plan.steps / 3 => self.start_withdrawal(seat),
            _ => self.start_trigger(seat, Trigger::InspectionDue),
        }
    }

    fn start_withdrawal(&mut self, seat: usize) -> Checked {
        let machine = self.seats[seat].machine.clone();
        let who = self.seats[seat].name.clone();
        self.say(&who, "is withdrawn");
        self.count("withdrawals");
        let doing = Box::pin(async move { machine.withdraw_by_hand().await });
        self.seats[seat].talk = Some(Talk { doing, call: None });
        self.go_on(seat)
    }

    pub(super) fn frank_some(&mut self, seat: usize) -> Checked {
        let pieces = self.random.between(1, 6);
        for _ in 0..pieces {
            let amount = cad(self.random.between(5, 300) * 10);
            let jam = self.random.chance(20);
            let franked = self.seats[seat].machine.frank(amount, jam);
            self.after(seat)?;
            match franked {
                Franked::Printed => {}
                Franked::Unprinted | Franked::Failed => return Ok(()),
                Franked::Refused(code) => {
                    let who = self.seats[seat].name.clone();
                    self.say(&who, format_args!("does not frank: {code}"));
                    self.count("refused");
                    return match code {
                        "insufficient-funds" => self.start_trigger(seat, Trigger::FundsLow),
                        "inspection-overdue" => self.start_trigger(seat, Trigger::InspectionDue),
                        _ => Ok(()),
                    };
                }
            }
        }
        Ok(())
    }

    pub(super) fn start_trigger(&mut self, seat: usize, trigger: Trigger) -> Checked {
        let machine = self.seats[seat].machine.clone();
        let who = self.seats[seat].name.clone();
        self.say(&who, format_args!("{trigger:?}"));
        let doing = Box::pin(async move { machine.trigger(trigger).await });
        self.seats[seat].talk = Some(Talk { doing, call: None });
        self.go_on(seat)
    }

    fn start_refill(&mut self, seat: usize) -> Checked {
        let machine = self.seats[seat].machine.clone();
        let amount = cad(self.random.between(1, 60) * 10_000);
        let who = self.seats[seat].name.clone();
        self.say(&who, format_args!("refill by hand of {}", amount.decimal()));
        let doing = Box::pin(async move { machine.refill_by_hand(amount).await });
        self.seats[seat].talk = Some(Talk { doing, call: None });
        self.go_on(seat)
    }

    /// Lets a machine go on with what it does, until it waits for an answer or is done.
    pub(super) fn go_on(&mut self, seat: usize) -> Checked {
        let clock = self.clock_of(seat);
        let machine = self.seats[seat].machine.clone();
        machine.clock.set(clock);
        let Some(talk) = &mut self.seats[seat].talk else { return Ok(()) };
        talk.call = None;
        let done = talk.doing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if done.is_ready() {
            self.seats[seat].talk = None;
        }
        self.after(seat)?;
        if self.seats[seat].talk.is_some()
            && let Some(call) = machine.outgoing()
        {
            self.send(seat, call);
        }
        Ok(())
    }

    /// Looks at a machine after it did something; where its power went or its disk failed, it stops here.
    pub(super) fn after(&mut self, seat: usize) -> Checked {
        self.look_at(seat, false)?;
        let machine = self.seats[seat].machine.clone();
        if machine.disk().is_gone() {
            return self.power_goes(seat);
        }
        if machine.has_failed.get() {
            // As a command that ends with a fault: the next one opens the device again.
            self.count("disk faults");
            self.seats[seat].talk = None;
            return self.boot(seat);
        }
        Ok(())
    }

    /// The power of a machine goes, in the middle of whatever it does.
    pub(super) fn power_goes(&mut self, seat: usize) -> Checked {
        self.count("power cuts");
        let who = self.seats[seat].name.clone();
        self.say(&who, "its power goes");
        self.seats[seat].talk = None;
        let machine = self.seats[seat].machine.clone();
        machine.stop();
        machine.disk().cut_power(&mut self.random);
        self.look_at(seat, false)?;
        self.start_later(seat);
        Ok(())
    }

    fn start_later(&mut self, seat: usize) {
        if !self.seats[seat].starting {
            self.seats[seat].starting = true;
            let pause = self.random.between(1_000, 90 * MINUTE);
            self.later(pause, Event::Boot(seat));
        }
    }

    /// A machine starts.
    pub(super) fn boot(&mut self, seat: usize) -> Checked {
        self.seats[seat].starting = false;
        self.seats[seat].talk = None;
        let machine = self.seats[seat].machine.clone();
        let pointer_lost = !self.quiet && self.random.chance(50);
        let opened = machine.start(pointer_lost);
        let who = self.seats[seat].name.clone();
        if machine.disk().is_gone() {
            self.say(&who, "its power goes while it starts");
            machine.stop();
            machine.disk().cut_power(&mut self.random);
            self.start_later(seat);
            return Ok(());
        }
        match opened {
            Ok(()) => {
                self.say(&who, "starts");
                self.look_at(seat, true)?;
                self.paper(seat)
            }
            Err(OpenError::Journal(error)) => {
                self.say(&who, format_args!("does not start: {}", kind(&error)));
                machine.stop();
                self.start_later(seat);
                Ok(())
            }
            Err(error) => {
                let found = format!("the device does not open: {error}");
                Err(of(&who, Broken { rule: "a-device-opens-again", found }))
            }
        }
    }

    /// Holds every mark that was ever printed against the journal.
    pub(super) fn paper(&mut self, seat: usize) -> Checked {
        let machine = self.seats[seat].machine.clone();
        let whole =
            self.seats[seat].fraud.as_ref().is_none_or(|fraud| !Fraud::is_of_the_device(fraud));
        let Some(records) = machine.records_after(0, usize::MAX).filter(|_| whole) else {
            return Ok(());
        };
        let told: Vec<_> = records
            .iter()
            .map(|record| {
                let debit = record.kind == timbre_protocol::transaction_upload::RecordKind::Debit;
                let registers = timbre_postage::Registers {
                    ascending: record.ascending,
                    descending: record.descending,
                    pieces: record.pieces,
                };
                (record.sequence, debit.then(|| record.amount.mills()), registers)
            })
            .collect();
        let who = self.seats[seat].name.clone();
        let model = self.models.entry(machine.serial).or_default();
        model.paper(&told).map_err(|broken| of(&who, broken))
    }
}

fn kind(error: &timbre_psd::JournalError) -> &'static str {
    use timbre_psd::JournalError::{Damaged, Io, MissingSegment, NoRoom, Unflushed};
    match error {
        Damaged(_) => "damaged",
        MissingSegment { .. } => "a segment is missing",
        NoRoom { .. } => "no room",
        Io { .. } => "input/output error",
        Unflushed { .. } => "not durable",
        _ => "another fault",
    }
}
