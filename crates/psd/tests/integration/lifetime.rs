//! A whole life of a device in which everything happens that its journal knows, watched from outside: what
//! was asked of the disk, and what the world had seen by then.

use timbre_protocol::inspection::Instruction;
use timbre_protocol::installation::OperationalBlock;
use timbre_protocol::refill;
use timbre_psd::journal::Segments;
use timbre_psd::{Performed, Psd, PsdError};

use crate::disks::{CrashDisk, Op};
use crate::fixture::*;

/// Slots of a segment: a state and some pieces, so that a life goes through many.
pub(crate) const SLOTS: u64 = 14;

/// What the world outside sees of a device.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Manufactured,
    /// A mark of so many cents was released to the printer.
    Released(u64, i64),
    /// A piece came out of the printer.
    Printed(u64),
    /// A refill request left the device, was booked, and its reply came back.
    Booked(Box<refill::Request>, refill::Reply),
    Applied(u64),
    /// The infrastructure gave a contact its number.
    Contacted(u64),
    /// All that was left was asked to be taken back, and the server has booked it; then the device has.
    Returned,
    Withdrawn,
    /// The version of the operational block that the device said it had installed.
    Installed(u32),
}

/// A life: what was asked of the disk, and what the world had seen after so many operations.
pub(crate) struct Life {
    pub(crate) trace: Vec<Op>,
    pub(crate) seen: Vec<(usize, Seen)>,
}

/// A device that lives, watched.
struct Living {
    disk: CrashDisk,
    rounds: i64,
    psd: Psd<Segments<CrashDisk>>,
    seen: Vec<(usize, Seen)>,
}

impl Living {
    fn saw(&mut self, seen: Seen) {
        self.seen.push((self.disk.operations(), seen));
    }

    fn install(&mut self, version: u32) -> Result<(), PsdError> {
        let request = self.psd.installation_request(at(2), nonce(1))?;
        let block = OperationalBlock { version, ..block_for(&request) };
        self.psd.install(&installation_reply(block), at(3))?;
        self.saw(Seen::Installed(version));
        Ok(())
    }

    fn frank(&mut self, price: i64, prints: bool) -> Result<u64, PsdError> {
        let pre_debit = self.psd.pre_debit(letter(cents(price)), at(7))?;
        let Performed { record_sequence, .. } = self.psd.perform(pre_debit)?;
        self.saw(Seen::Released(record_sequence, price));
        if prints {
            self.saw(Seen::Printed(record_sequence));
            self.psd.complete(record_sequence)?;
        }
        Ok(record_sequence)
    }

    /// `between` happens while the request is under way.
    fn refill(
        &mut self,
        amount: i64,
        between: impl FnOnce(&mut Self) -> Result<(), PsdError>,
    ) -> Result<(), PsdError> {
        let request = self.psd.refill_request(cents(amount), at(4), nonce(2))?;
        let reply = refill_reply(&request);
        self.saw(Seen::Booked(Box::new(request), reply.clone()));
        between(self)?;
        self.psd.apply_refill(&reply, at(6))?;
        self.saw(Seen::Applied(reply.sequence));
        Ok(())
    }

    fn refused_refill(&mut self) -> Result<(), PsdError> {
        let sequence = self.psd.refill_request(cents(30_00), at(12), nonce(3))?.sequence;
        self.psd.cancel_refill(sequence, at(13))
    }

    fn inspection(&mut self, refused: bool) -> Result<(), PsdError> {
        let request = self.psd.inspection_request(at(10), nonce(4))?;
        if refused {
            return self.psd.cancel_inspection(request.sequence, at(11));
        }
        let reply = inspection_reply(&request, Instruction::Continue);
        self.psd.apply_inspection(&reply, at(11)).map(|_| ())
    }

    fn live(&mut self) -> Result<(), PsdError> {
        self.psd.initialise(at(1))?;
        self.install(1)?;
        for round in 0..self.rounds {
            self.refill(20_00 + round, |living| match round % 4 {
                2 => living.frank(5, false).map(|_| ()),
                _ => Ok(()),
            })?;
            for piece in 0..6 {
                // So many completions wait for a slot that they fill one of their own.
                let record =
                    self.frank(100 + 10 * (round % 8) + piece, piece != 3 || round % 4 == 3)?;
                if round % 4 == 1 && piece == 4 {
                    self.psd.settle()?;
                }
                assert!(record <= self.psd.record_sequence());
            }
            match round % 4 {
                0 => self.refused_refill()?,
                1 => {
                    let record = self.frank(7, false)?;
                    self.psd.reprint(record, at(9))?;
                }
                2 => self.install(2 + u32::try_from(round).unwrap())?,
                _ => self.inspection(true)?,
            }
            self.inspection(false)?;
            self.psd.settle()?;
            let contact = u64::try_from(round).unwrap() + 1;
            self.psd.note_contact(contact, at(14))?;
            self.saw(Seen::Contacted(contact));
        }
        self.withdrawal()
    }

    fn withdrawal(&mut self) -> Result<(), PsdError> {
        let request = self.psd.withdrawal_request(at(15), nonce(5))?;
        self.saw(Seen::Returned);
        self.psd.apply_withdrawal(&withdrawal_reply(&request), at(16))?;
        self.saw(Seen::Withdrawn);
        Ok(())
    }
}

/// A whole life on `disk`, or as much of it as the disk allows.
pub(crate) fn live(disk: CrashDisk, rounds: i64) -> (Life, Result<(), PsdError>) {
    let journal = Segments::on_new(disk.clone(), SLOTS).unwrap();
    let made = Psd::manufacture(birth(), journal, device_keys(), at(0));
    let psd = made.expect("a disk that fails does so later");
    let mut living = Living { disk, rounds, psd, seen: Vec::new() };
    living.saw(Seen::Manufactured);
    let end = living.live();
    (Life { trace: living.disk.trace(), seen: living.seen }, end)
}

pub(crate) fn a_life(rounds: i64) -> Life {
    let (life, end) = live(CrashDisk::default(), rounds);
    end.expect("a life without a power cut");
    life
}
