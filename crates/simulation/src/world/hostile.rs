//! Who means harm: a thief on the line who repeats and forges what was said, and dishonest users of meters, each with one
//! fraud. A fraud has a contact that exposes it; from then on it must have been noticed.

use std::rc::Rc;

use timbre_key_store::{KeyRole, MemoryKeys};
use timbre_meter::Trigger;
use timbre_postage::MeterSerial;
use timbre_protocol::transaction_upload::Request as Upload;
use timbre_protocol::{Signed, UNSIGNED, inspection, read, refill, write};

use super::network::Request;
use super::services::refusal;
use super::{Event, Talk, Underway, World, of};
use crate::disk::Image;
use crate::machine::{Alteration, cad};
use crate::random::Random;
use crate::reference::{Broken, Checked, ensure};

/// So much of what was said the thief remembers.
const REMEMBERED: usize = 60;

/// Something that was said on the line.
#[derive(Clone, Debug)]
pub(super) enum Overheard {
    Request(Request),
    Answer { seat: usize, name: &'static str, body: Vec<u8> },
}

/// What the user of a meter is up to.
pub(super) struct Fraud {
    kind: Kind,
    /// A copy of the disk, from before.
    copy: Option<(Image, u64)>,
    /// Whether it has been done.
    done: bool,
    /// Whether somebody has noticed.
    noticed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The disk is copied, and put back after postage was printed and told.
    RollsBack,
    /// Two machines run from one disk.
    IsCloned,
    /// The key of the device is stolen and signs what is not so.
    Alters(Alteration),
    /// It is reported stolen and goes on.
    IsStolen,
}

impl Fraud {
    pub(super) fn of(random: &mut Random) -> Fraud {
        let kind = match random.below(6) {
            0 => Kind::RollsBack,
            1 => Kind::IsCloned,
            2..=4 => Kind::Alters(*random.pick(&Alteration::ALL)),
            _ => Kind::IsStolen,
        };
        Fraud { kind, copy: None, done: false, noticed: false }
    }

    /// Whether the device itself is no longer what it seems.
    pub(super) fn is_of_the_device(&self) -> bool {
        matches!(self.kind, Kind::RollsBack | Kind::IsCloned)
    }
}

impl World {
    pub(super) fn is_dishonest(&self, serial: MeterSerial) -> bool {
        self.seats.iter().any(|seat| seat.machine.serial == serial && seat.fraud.is_some())
    }

    /// The seat of a meter that was taken away and is not yet reported.
    pub(super) fn stolen_seat(&self, serial: MeterSerial) -> Option<usize> {
        self.seats.iter().position(|seat| {
            let taken = |fraud: &Fraud| fraud.kind == Kind::IsStolen && !fraud.done;
            seat.machine.serial == serial && seat.fraud.as_ref().is_some_and(taken)
        })
    }

    pub(super) fn is_known_stolen(&mut self, seat: usize) {
        if let Some(fraud) = &mut self.seats[seat].fraud {
            fraud.done = true;
        }
        self.count("frauds");
    }

    pub(super) fn overhear(&mut self, said: Overheard) {
        if self.overheard.len() == REMEMBERED {
            self.overheard.remove(0);
        }
        self.overheard.push(said);
    }

    /// The thief on the line repeats a request, or answers in the place of the infrastructure.
    pub(super) fn somebody_hostile(&mut self) -> Checked {
        let pause = self.random.between(60_000, 3 * 3_600_000);
        self.later(pause, Event::Hostile);
        if self.overheard.is_empty() || !self.random.chance(self.weather.hostility) {
            return Ok(());
        }
        self.repeat()
    }

    fn repeat(&mut self) -> Checked {
        let said = self.random.pick(&self.overheard).clone();
        // What was never answered may yet be new; only what was can be told to be old.
        if let Overheard::Request(request) = said
            && self.done.contains(&request.call)
        {
            self.say("thief", format_args!("repeats {} (call {})", request.name, request.call));
            self.count("replays");
            let request = Request { seat: None, replayed: true, ..request };
            self.later(50, Event::Request(request));
        }
        Ok(())
    }

    /// Answers a machine that waits: with an old answer of the same kind, or with a forged one.
    pub(super) fn forge_answer(&mut self, call: u64) -> Checked {
        let asked = self.overheard.iter().rev().find_map(|said| match said {
            Overheard::Request(request) if request.call == call => Some(request.clone()),
            _ => None,
        });
        // The answer to a sign-in is genuine because the line is: nobody but the services has a token to give.
        let Some(asked) = asked.filter(|asked| asked.name != "sign-in") else { return Ok(()) };
        let Some(seat) = asked.seat else { return Ok(()) };
        let old: Vec<&Vec<u8>> = self
            .overheard
            .iter()
            .filter_map(|said| match said {
                // A refusal is not signed: it is genuine because the line is.
                Overheard::Answer { seat: of, name, body }
                    if *of == seat && *name == asked.name && refusal(body).is_none() =>
                {
                    Some(body)
                }
                _ => None,
            })
            .collect();
        // The newest is the likeliest to be taken for the one that is waited for.
        let old = match self.random.chance(600) {
            true => old.last().copied().cloned(),
            false => old.first().copied().cloned(),
        };
        let body = match (old, forged(&asked)) {
            (Some(old), forged) if forged.is_none() || self.random.chance(500) => old,
            (_, Some(forged)) => forged,
            _ => return Ok(()),
        };
        self.say("thief", format_args!("answers {} (call {call})", asked.name));
        self.count("forged answers");
        self.take_answer(seat, call, Some(body))
    }

    /// A dishonest user does what they are up to, or the step before it.
    pub(super) fn defraud(&mut self, seat: usize) -> Checked {
        let Some(fraud) = &self.seats[seat].fraud else { return Ok(()) };
        match (fraud.kind, fraud.done) {
            (Kind::RollsBack, false) => self.roll_back(seat),
            (Kind::IsCloned, false) => self.clone_it(seat),
            (Kind::Alters(alteration), _) => self.alter(seat, alteration),
            (Kind::IsStolen, _) | (_, true) => self.start_trigger(seat, Trigger::Sleep),
        }
    }

    fn roll_back(&mut self, seat: usize) -> Checked {
        let machine = self.seats[seat].machine.clone();
        let Some(reading) = machine.reading() else { return Ok(()) };
        let confirmed = self.models.entry(machine.serial).or_default().confirmed;
        let who = self.seats[seat].name.clone();
        let Some(fraud) = &mut self.seats[seat].fraud else { return Ok(()) };
        match fraud.copy.take() {
            None if reading.registers.descending.mills() > 0 => {
                fraud.copy = Some(machine.backup());
                self.say(&who, "its disk is copied");
                Ok(())
            }
            None => Ok(()),
            // Only what the infrastructure knows of can be told from what never was.
            Some(copy) if copy.1 < confirmed => {
                fraud.done = true;
                machine.restore(copy);
                self.count("frauds");
                self.say(&who, "its disk is put back as it was");
                self.boot(seat)
            }
            copy => {
                fraud.copy = copy;
                self.start_trigger(seat, Trigger::Sleep)
            }
        }
    }

    fn clone_it(&mut self, seat: usize) -> Checked {
        let machine = self.seats[seat].machine.clone();
        if machine.reading().is_none_or(|reading| reading.registers.descending.mills() == 0) {
            return Ok(());
        }
        let twin = Rc::new(machine.twin());
        let name = format!("{}-twin", self.seats[seat].name);
        self.count("frauds");
        self.say(&name, "runs from a copy of the disk");
        if let Some(fraud) = &mut self.seats[seat].fraud {
            fraud.done = true;
        }
        let fraud = Fraud { kind: Kind::IsCloned, copy: None, done: true, noticed: false };
        self.add_seat(name, twin, Some(fraud));
        let twin = self.seats.len() - 1;
        self.boot(twin)
    }

    fn alter(&mut self, seat: usize, alteration: Alteration) -> Checked {
        let machine = self.seats[seat].machine.clone();
        let confirmed = self.models.entry(machine.serial).or_default().confirmed;
        let may = machine.reading().is_some_and(|reading| match alteration {
            Alteration::UploadWithAGap => reading.record_sequence > confirmed + 1,
            _ => reading.registers.ascending.mills() > 20_000 && reading.pending_refill.is_none(),
        });
        if !may {
            return self.frank_some(seat);
        }
        // Only what the infrastructure was shown can be told from what it is shown now.
        let told = machine.reading().is_some_and(|reading| reading.record_sequence == confirmed);
        if alteration == Alteration::RefillWithLessPrinted && !told {
            return self.start_trigger(seat, Trigger::PostalInformation);
        }
        if let Some(fraud) = &mut self.seats[seat].fraud {
            fraud.done = true;
        }
        self.count("frauds");
        let who = self.seats[seat].name.clone();
        self.say(&who, format_args!("{alteration:?}"));
        let doing = Box::pin(async move { machine.attack(alteration).await });
        self.seats[seat].talk = Some(Talk { doing, call: None });
        self.go_on(seat)
    }

    /// Whether this request shows what its sender hides: by what is stored when it comes in.
    pub(super) async fn must_be_found_out(&mut self, request: &Request) -> Result<bool, Broken> {
        let Some(seat) = request.seat else { return Ok(false) };
        let Some(Fraud { kind, done: true, .. }) = &self.seats[seat].fraud else {
            return Ok(false);
        };
        let kind = *kind;
        let mut stored = None;
        for customer in 0..self.customers.len() {
            if self.customers[customer].serials.contains(&request.serial) {
                let books = self.books(customer).await?;
                stored = books.and_then(|books| {
                    books.meters.into_iter().find(|meter| meter.serial == request.serial)
                });
            }
        }
        let Some(stored) = stored else { return Ok(false) };
        let machine = &self.seats[seat].machine;
        Ok(match kind {
            Kind::RollsBack | Kind::IsCloned => match request.name {
                "transaction-upload" => read::<Upload>(&request.body).is_ok_and(|upload| {
                    let overlap = upload.last.min(stored.record_sequence);
                    let own = machine.chain_at(stored.record_sequence);
                    match upload.first > stored.record_sequence {
                        true => own != Some(stored.record_chain),
                        false => {
                            overlap == stored.record_sequence && own != Some(stored.record_chain)
                        }
                    }
                }),
                "inspection" => read::<inspection::Request>(&request.body).is_ok_and(|asked| {
                    asked.record_sequence < stored.record_sequence
                        || asked.record_sequence == stored.record_sequence
                            && asked.record_chain != stored.record_chain
                }),
                _ => false,
            },
            Kind::Alters(Alteration::RefillWithMoreFunds) => read::<refill::Request>(&request.body)
                .is_ok_and(|asked| {
                    asked.control_sum.mills() != stored.control_sum
                        && asked.sequence == stored.last_refill + 1
                }),
            Kind::Alters(Alteration::RefillWithLessPrinted) => {
                read::<refill::Request>(&request.body)
                    .is_ok_and(|asked| asked.registers.ascending.mills() < stored.ascending)
            }
            Kind::Alters(Alteration::InspectionWithMoreFunds) => {
                read::<inspection::Request>(&request.body)
                    .is_ok_and(|asked| asked.control_sum.mills() > stored.control_sum)
            }
            Kind::Alters(Alteration::UploadWithAGap) => read::<Upload>(&request.body)
                .is_ok_and(|upload| upload.first > stored.record_sequence + 1),
            // What was booked before is its customer's; nothing is booked any more.
            Kind::IsStolen => {
                request.name == "refill"
                    && read::<refill::Request>(&request.body)
                        .is_ok_and(|asked| asked.sequence == stored.last_refill + 1)
            }
        })
    }

    /// What came of a request: an old one gets nothing that its sender could use; what exposes a fraud is noticed.
    pub(super) async fn judge(&mut self, underway: &Underway, body: &[u8]) -> Checked {
        let Underway { request, exposes, .. } = underway;
        let code = refusal(body);
        if request.replayed && request.name == "sign-in" {
            let again = code.is_none() && self.done.contains(&request.call);
            ensure(!again, "no-token-for-an-old-sign-in", || {
                format!("sign-in of call {} got a token once more", request.call)
            })?;
        }
        if code.is_none() {
            self.done.insert(request.call);
        }
        if !exposes || code.as_deref().is_some_and(is_no_answer) {
            return Ok(());
        }
        let seat = request.seat.unwrap_or_default();
        let refused = code.is_some();
        let noticed = refused || self.has_case(request.serial).await?;
        if noticed && let Some(fraud) = &mut self.seats[seat].fraud {
            fraud.noticed = true;
        }
        let who = self.seats[seat].name.clone();
        ensure(noticed, "fraud-is-noticed", || format!("{} went through", request.name))
            .map_err(|broken| of(&who, broken))
    }

    async fn has_case(&self, serial: MeterSerial) -> Result<bool, Broken> {
        let Some(services) = &self.services.up else { return Ok(false) };
        let staff = services.staff("auditor", self.now);
        let cases = staff
            .cases(Some(serial))
            .await
            .map_err(|error| Broken { rule: "the-store-can-be-read", found: error.to_string() })?;
        Ok(!cases.is_empty())
    }

    /// At the end, after every machine has told everything it can.
    pub(super) async fn fraud_was_noticed(&mut self, seat: usize) -> Checked {
        let serial = self.seats[seat].machine.serial;
        let Some(Fraud { kind, done: true, noticed, .. }) = &self.seats[seat].fraud else {
            return Ok(());
        };
        let (kind, noticed) = (*kind, *noticed);
        if matches!(kind, Kind::Alters(_)) {
            return Ok(());
        }
        let noticed = noticed || self.has_case(serial).await?;
        let who = self.seats[seat].name.clone();
        ensure(noticed, "fraud-is-noticed", || format!("{kind:?} was never noticed"))
            .map_err(|broken| of(&who, broken))
    }
}

/// An answer that says nothing about what was asked.
fn is_no_answer(code: &str) -> bool {
    code == "unavailable" || code.starts_with("token-")
}

/// An answer as the infrastructure would give it, signed by somebody else.
fn forged(request: &Request) -> Option<Vec<u8>> {
    let keys = MemoryKeys::generate(&[KeyRole::Funds]).ok()?;
    match request.name {
        "refill" => {
            let asked = read::<refill::Request>(&request.body).ok()?;
            let reply = refill::Reply {
                serial: asked.serial,
                sequence: asked.sequence,
                amount: asked.amount,
                control_sum_after: asked.control_sum.checked_add(asked.amount).ok()?,
                next_inspection: jiff::civil::date(2027, 1, 1),
                prepaid_left: cad(0),
                credit_left: cad(0),
                tax: cad(0),
                nonce: asked.nonce,
                signature: UNSIGNED,
            };
            Some(write(&reply.sign(&keys).ok()?).into_bytes())
        }
        "inspection" => {
            let asked = read::<inspection::Request>(&request.body).ok()?;
            let reply = inspection::Reply {
                serial: asked.serial,
                sequence: asked.sequence,
                next_inspection: jiff::civil::date(2027, 1, 1),
                nonce: asked.nonce,
                instruction: inspection::Instruction::Continue,
                cause: None,
                signature: UNSIGNED,
            };
            Some(write(&reply.sign(&keys).ok()?).into_bytes())
        }
        _ => None,
    }
}
