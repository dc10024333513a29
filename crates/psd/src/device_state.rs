//! All that a device knows, and what each entry of the journal makes of it.
//!
//! The same two functions serve a device in use and one being opened: `check` says whether an entry
//! can follow, `apply` makes it so. What `check` refuses was never written by a sound device.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_key_store::PublicKey;
use timbre_postage::{Amount, Currency, MeterSerial, Registers};
use timbre_protocol::inspection::Instruction;
use timbre_protocol::{Hash, inspection, installation, refill, withdrawal};

use crate::entry::Entry;
use crate::state::Event;
use crate::{State, TrustAnchors};

/// The public halves of a device's keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeviceKeys {
    pub(crate) device: PublicKey,
    pub(crate) indicium: PublicKey,
}

/// All that a device knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeviceState {
    pub(crate) serial: MeterSerial,
    pub(crate) currency: Currency,
    pub(crate) anchors: TrustAnchors,
    /// The kept state; what the date makes of it is computed when asked.
    pub(crate) base: State,
    pub(crate) keys: Option<DeviceKeys>,
    pub(crate) installation: Option<installation::Reply>,
    pub(crate) registers: Registers,
    /// Kept apart from the registers, moved by refills and the withdrawal only: a second opinion about them.
    pub(crate) control_sum: Amount,
    pub(crate) record_sequence: u64,
    pub(crate) chain: Hash,
    /// When the device last did something: its clock may not go behind.
    pub(crate) last_time: Timestamp,
    pub(crate) pending_refill: Option<refill::Request>,
    pub(crate) last_refill: Option<refill::Reply>,
    pub(crate) pending_inspection: Option<inspection::Request>,
    pub(crate) last_inspection: Option<inspection::Reply>,
    pub(crate) next_inspection: Option<Date>,
    pub(crate) pending_withdrawal: Option<withdrawal::Request>,
    /// How many withdrawals were refused for good.
    pub(crate) withdrawals: u64,
    pub(crate) withdrawal: Option<withdrawal::Reply>,
    /// Paid pieces not known to be printed, by record; whether each was printed once more.
    pub(crate) unprinted: BTreeMap<u64, bool>,
    /// The number of the last contact with the infrastructure; 0 before the first.
    pub(crate) contact: u64,
    /// The key that signed rate tables before the present one, until another takes its place.
    pub(crate) former_rates: Option<PublicKey>,
    /// The keys that take the place of the device's with the block that names them.
    pub(crate) proposed: Option<DeviceKeys>,
}

impl DeviceState {
    pub(crate) fn new(
        serial: MeterSerial,
        currency: Currency,
        anchors: TrustAnchors,
        now: Timestamp,
    ) -> Self {
        let nothing = Amount::zero(currency);
        DeviceState {
            serial,
            currency,
            anchors,
            base: State::Manufactured,
            keys: None,
            installation: None,
            registers: Registers { ascending: nothing, descending: nothing, pieces: 0 },
            control_sum: nothing,
            record_sequence: 0,
            chain: [0; 32],
            last_time: now,
            pending_refill: None,
            last_refill: None,
            pending_inspection: None,
            last_inspection: None,
            next_inspection: None,
            pending_withdrawal: None,
            withdrawals: 0,
            withdrawal: None,
            unprinted: BTreeMap::new(),
            contact: 0,
            former_rates: None,
            proposed: None,
        }
    }

    /// The key that signs rate tables, from the operational block or, before it, from birth.
    pub(crate) fn rates_key(&self) -> &PublicKey {
        self.installation.as_ref().map_or(&self.anchors.rates, |reply| &reply.block.rates_key)
    }

    pub(crate) fn refill_sequence(&self) -> u64 {
        self.last_refill.as_ref().map_or(0, |reply| reply.sequence)
    }

    pub(crate) fn inspection_sequence(&self) -> u64 {
        self.last_inspection.as_ref().map_or(0, |reply| reply.sequence)
    }

    /// What is wrong with `entry` as the next one, whose slot says that `record` is now the newest
    /// transaction record.
    pub(crate) fn check(&self, record: u64, entry: &Entry) -> Result<(), &'static str> {
        let is_record = u64::from(entry.stamp().is_some());
        ensure(record == self.record_sequence + is_record, "records have no gaps")?;
        ensure(self.after(entry).is_some(), "the table knows the transition")?;
        if let Some(stamp) = entry.stamp() {
            self.check_registers(&stamp.registers, entry)?;
        }
        let (next_refill, next_inspection) =
            (self.refill_sequence() + 1, self.inspection_sequence() + 1);
        match entry {
            Entry::RefillRequested(request) => {
                ensure(request.sequence == next_refill, "refills have no gaps")
            }
            Entry::RefillApplied { reply, .. } => {
                let pending = self.pending_refill.as_ref().map(|request| request.sequence);
                ensure(reply.sequence == next_refill, "refills have no gaps")?;
                ensure(pending == Some(reply.sequence), "a refill was asked for")
            }
            Entry::InspectionRequested(request) => {
                ensure(request.sequence == next_inspection, "inspections have no gaps")
            }
            Entry::InspectionApplied { reply, .. } => {
                ensure(reply.sequence == next_inspection, "inspections have no gaps")
            }
            Entry::WithdrawalRequested(request) => {
                ensure(self.pending_refill.is_none(), "no refill is pending at a withdrawal")?;
                ensure(request.sequence == self.withdrawals + 1, "withdrawals have no gaps")?;
                ensure(request.registers == self.registers, "a withdrawal shows the registers")
            }
            Entry::Withdrawn { reply, .. } => {
                let pending = self.pending_withdrawal.as_ref().map(|request| request.sequence);
                ensure(pending == Some(reply.sequence), "a withdrawal was asked for")
            }
            Entry::Reprinted(piece) => ensure(
                self.unprinted.get(&piece.of) == Some(&false),
                "a piece is printed once more at most once",
            ),
            Entry::Contacted { contact, .. } => {
                ensure(*contact > self.contact, "contacts are counted upwards")
            }
            _ => Ok(()),
        }
    }

    fn check_registers(&self, after: &Registers, entry: &Entry) -> Result<(), &'static str> {
        let before = &self.registers;
        let sum = after.control_sum().map_err(|_| "the control sum can be computed")?;
        if let Entry::Withdrawn { reply, .. } = entry {
            ensure(reply.amount == before.descending, "all is given back")?;
            ensure(after.descending.is_zero(), "nothing is left after a withdrawal")?;
            ensure(sum == reply.control_sum_after, "the control sum is the server's")?;
            let same = (before.ascending, before.pieces) == (after.ascending, after.pieces);
            return ensure(same, "a withdrawal prints nothing");
        }
        let raised = match entry {
            Entry::RefillApplied { reply, .. } => {
                ensure(sum == reply.control_sum_after, "the control sum is the server's")?;
                reply.amount
            }
            _ => Amount::zero(self.currency),
        };
        let printed = match entry {
            Entry::Debited(piece) => piece.amount,
            _ => Amount::zero(self.currency),
        };
        let pieces = u64::from(matches!(entry, Entry::Debited(_)));
        ensure(!raised.is_negative() && !printed.is_negative(), "amounts are not negative")?;
        ensure(
            self.control_sum.checked_add(raised) == Ok(sum),
            "only a refill changes the control sum",
        )?;
        ensure(
            before.ascending.checked_add(printed) == Ok(after.ascending),
            "the ascending register rises by what is printed",
        )?;
        ensure(!after.descending.is_negative(), "the descending register is not negative")?;
        ensure(after.pieces == before.pieces + pieces, "a debit counts one piece")
    }

    /// The kept state after `entry`.
    fn after(&self, entry: &Entry) -> Option<State> {
        let event = match entry {
            Entry::Initialised { .. } => Event::Initialise,
            Entry::Installed { .. } => Event::Authorise,
            Entry::RefillApplied { .. } => Event::Contact,
            Entry::InspectionApplied { reply, .. } => match (reply.instruction, self.base) {
                (Instruction::Suspend, _) => Event::Suspend,
                (Instruction::Continue, State::Suspended) => Event::Resume,
                (Instruction::Continue, _) => Event::Contact,
            },
            Entry::Tampered { .. } => Event::Tamper,
            Entry::WithdrawalRequested(_) => Event::RequestWithdrawal,
            Entry::Withdrawn { .. } => Event::Withdraw,
            Entry::WithdrawalCancelled { .. } => Event::CancelWithdrawal,
            _ => return Some(self.base),
        };
        self.base.after(event)
    }

    /// Makes it so. Only entries that [`DeviceState::check`] accepts get here.
    pub(crate) fn apply(&mut self, record: u64, entry: &Entry) {
        self.base = self.after(entry).expect("invariant: the entry was checked");
        self.record_sequence = record;
        if let Some(stamp) = entry.stamp() {
            self.registers = stamp.registers;
            self.chain = stamp.chain;
        }
        if let Some(time) = entry.time() {
            self.last_time = match entry {
                // The server has just compared clocks, so a clock that was ahead may be set back.
                Entry::RefillApplied { .. }
                | Entry::InspectionApplied { .. }
                | Entry::Withdrawn { .. } => time,
                _ => time.max(self.last_time),
            };
        }
        match entry {
            Entry::Initialised { device, indicium, .. } => {
                self.keys = Some(DeviceKeys { device: *device, indicium: *indicium });
            }
            Entry::Installed { reply, .. } => {
                self.next_inspection = Some(reply.block.next_inspection);
                let named =
                    |keys: &DeviceKeys| keys.indicium.key_id() == reply.block.indicium_certificate;
                if self.proposed.as_ref().is_some_and(named) {
                    self.keys = self.proposed.take();
                }
                let rates = *self.rates_key();
                if rates != reply.block.rates_key {
                    self.former_rates = Some(rates);
                }
                self.installation = Some((**reply).clone());
            }
            Entry::RefillRequested(request) => self.pending_refill = Some(request.clone()),
            Entry::RefillApplied { reply, .. } => {
                self.control_sum = reply.control_sum_after;
                self.pending_refill = None;
                self.next_inspection = Some(reply.next_inspection);
                self.last_refill = Some(reply.clone());
            }
            Entry::RefillCancelled { .. } => self.pending_refill = None,
            Entry::InspectionRequested(request) => self.pending_inspection = Some(request.clone()),
            Entry::InspectionApplied { reply, .. } => {
                self.pending_inspection = None;
                self.next_inspection = Some(reply.next_inspection);
                self.last_inspection = Some(reply.clone());
            }
            Entry::InspectionCancelled { .. } => self.pending_inspection = None,
            Entry::Debited(piece) => {
                self.printed(&piece.completed);
                self.unprinted.insert(record, false);
            }
            Entry::Completed(records) => self.printed(records),
            Entry::Reprinted(piece) => {
                self.unprinted.insert(piece.of, true);
            }
            Entry::WithdrawalRequested(request) => self.pending_withdrawal = Some(request.clone()),
            Entry::Withdrawn { reply, .. } => {
                self.control_sum = reply.control_sum_after;
                self.pending_withdrawal = None;
                self.withdrawal = Some(reply.clone());
            }
            Entry::WithdrawalCancelled { sequence, .. } => {
                self.pending_withdrawal = None;
                self.withdrawals = *sequence;
            }
            Entry::Tampered { .. } => {}
            Entry::Contacted { contact, .. } => self.contact = *contact,
            Entry::KeysProposed { device, indicium, .. } => {
                self.proposed = Some(DeviceKeys { device: *device, indicium: *indicium });
            }
        }
    }

    pub(crate) fn printed(&mut self, records: &[u64]) {
        for record in records {
            self.unprinted.remove(record);
        }
    }
}

fn ensure(holds: bool, invariant: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(invariant) }
}
