//! The line between a machine and the infrastructure: it delays, loses, doubles and overtakes, and is cut for a while.

use jiff::SignedDuration;
use timbre_catalogue::EndpointId;
use timbre_postage::MeterSerial;

use super::hostile::Overheard;
use super::{Event, World};
use crate::machine::Call;
use crate::reference::Checked;

/// A machine waits so long for an answer, in milliseconds.
const PATIENCE: i64 = 30_000;

/// A request on its way.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Who waits for the answer; nobody, where somebody hostile sends it.
    pub(super) seat: Option<usize>,
    pub(super) call: u64,
    pub(super) serial: MeterSerial,
    pub(super) endpoint: EndpointId,
    pub(super) name: &'static str,
    pub(super) token: Option<String>,
    pub(super) body: Vec<u8>,
    /// An old one that somebody hostile sends again.
    pub(super) replayed: bool,
}

impl World {
    /// Takes a machine's request to the line.
    pub(super) fn send(&mut self, seat: usize, call: Call) {
        self.calls += 1;
        let number = self.calls;
        if let Some(talk) = &mut self.seats[seat].talk {
            talk.call = Some(number);
        }
        let Call { endpoint, name, token, body } = call;
        let serial = self.seats[seat].machine.serial;
        let who = self.seats[seat].name.clone();
        self.say(&who, format_args!("sends {name} (call {number}, {} bytes)", body.len()));
        self.later(PATIENCE, Event::GiveUp { seat, call: number });
        let (seat, call) = (Some(seat), number);
        let request = Request { seat, call, serial, endpoint, name, token, body, replayed: false };
        self.overhear(Overheard::Request(request.clone()));
        if self.is_intercepted(name) {
            self.later(60, Event::Forged(number));
            if self.random.chance(500) {
                return;
            }
        }
        for delay in self.ways(request.seat) {
            self.later(delay, Event::Request(request.clone()));
        }
    }

    /// Whether the thief sits between this machine and the infrastructure just now.
    fn is_intercepted(&mut self, name: &str) -> bool {
        let often = match name {
            "inspection" => self.weather.hostility,
            _ => self.weather.hostility / 8,
        };
        !self.quiet && self.random.chance(often)
    }

    /// Takes an answer to the line.
    pub(super) fn reply(&mut self, request: &Request, body: Vec<u8>) {
        let Some(seat) = request.seat else { return };
        if !request.replayed {
            let (name, body) = (request.name, body.clone());
            self.overhear(Overheard::Answer { seat, name, body });
        }
        for delay in self.ways(Some(seat)) {
            let (call, body) = (request.call, body.clone());
            self.later(delay, Event::Answer { seat, call, body });
        }
    }

    /// When what is sent now arrives, as often as it does.
    fn ways(&mut self, seat: Option<usize>) -> Vec<i64> {
        let cut = seat.is_some_and(|seat| self.seats[seat].cut_until > self.now);
        if self.quiet {
            return vec![20];
        }
        if cut || self.random.chance(self.weather.loss) {
            return Vec::new();
        }
        let count = if self.random.chance(self.weather.doubles) { 2 } else { 1 };
        (0..count).map(|_| self.delay()).collect()
    }

    fn delay(&mut self) -> i64 {
        let delay = self.random.between(5, 400);
        match self.random.chance(self.weather.late) {
            // A connection that its caller has given up brings nothing any more.
            true => self.random.between(1_000, PATIENCE - 1),
            false => delay,
        }
    }

    /// An answer, or none in time, reaches a machine that may wait for another by now.
    pub(super) fn take_answer(&mut self, seat: usize, call: u64, body: Option<Vec<u8>>) -> Checked {
        let waits = self.seats[seat].talk.as_ref().and_then(|talk| talk.call) == Some(call);
        if !waits {
            return Ok(());
        }
        if body.is_none() {
            let who = self.seats[seat].name.clone();
            self.say(&who, format_args!("gets no answer to call {call}"));
            self.count("unanswered");
        }
        self.seats[seat].machine.answered(body);
        self.go_on(seat)
    }

    /// Cuts a machine's line for a while.
    pub(super) fn cut_line(&mut self, seat: usize, minutes: i64) {
        let until = self.now.saturating_add(SignedDuration::from_mins(minutes));
        self.seats[seat].cut_until = until.unwrap_or(self.now);
        let who = self.seats[seat].name.clone();
        self.say(&who, format_args!("is cut off for {minutes} min"));
    }
}
