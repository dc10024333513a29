//! What makes the meter go to the network, in the specification's words, and what it then does.
//!
//! [`plan`] is pure: a trigger and a snapshot of the meter in, an ordered list of tasks out. It decides
//! nothing about how a task is done, and no task runs between two pieces of a run.

use serde::{Deserialize, Serialize};
use timbre_postage::Amount;
use timbre_protocol::transaction_upload::Reason;
use timbre_psd::State;

use crate::settings::RefillSettings;

/// What happened at the machine (REQ REC-1, DL-1, FUNDS-2, FUNDS-3, FUNDS-4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// The machine was turned on, or woke up.
    PowerOn,
    /// The machine was installed at its customer's.
    Installed,
    /// Funds are not enough for the next piece.
    FundsLow,
    /// The inspection date has come.
    InspectionDue,
    /// The machine goes to sleep.
    Sleep,
    /// The machine is turned off.
    PowerOff,
    /// Web accounting services were activated.
    AccountingEnabled,
    /// The operator asked for an upload of postal information.
    PostalInformation,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Trigger; 8] = [
        Trigger::PowerOn,
        Trigger::Installed,
        Trigger::FundsLow,
        Trigger::InspectionDue,
        Trigger::Sleep,
        Trigger::PowerOff,
        Trigger::AccountingEnabled,
        Trigger::PostalInformation,
    ];
}

/// One thing to do with the infrastructure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Task {
    /// Request the operational block.
    Installation,
    /// Refresh the services' data, and download the rates that changed.
    StartupRefresh,
    /// Ask again for a refill whose reply was lost.
    ResumeRefill,
    /// Add this much to the funds.
    Refill(Amount),
    /// Have the registers inspected.
    Inspection,
    /// Upload the transaction records that are not acknowledged.
    TransactionUpload(Reason),
    /// Fetch the configuration data of the meter whose place this one took.
    Configuration,
    /// Finish a withdrawal that was begun.
    Withdrawal,
}

impl Task {
    /// The task in a word, for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Task::Installation => "installation",
            Task::StartupRefresh => "startup-refresh",
            Task::ResumeRefill => "resume-refill",
            Task::Refill(_) => "refill",
            Task::Inspection => "inspection",
            Task::TransactionUpload(_) => "transaction-upload",
            Task::Configuration => "configuration",
            Task::Withdrawal => "withdrawal",
        }
    }
}

/// What [`plan`] needs to know about the meter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The state of the postal security device today.
    pub state: State,
    /// A refill was asked for, and its reply never came.
    pub refill_pending: bool,
    /// The funds (descending register).
    pub funds: Amount,
    /// The customer's settings.
    pub refill: RefillSettings,
    /// Records that the infrastructure has not acknowledged.
    pub unacknowledged: u64,
}

impl Snapshot {
    fn has_no_block(&self) -> bool {
        matches!(self.state, State::Manufactured | State::Initialised)
    }

    /// On its way out of service, or out of it: nothing but its records is of use any more.
    fn is_out_of_service(&self) -> bool {
        matches!(self.state, State::WithdrawPending | State::Withdrawn)
    }

    fn refill_when_low(&self) -> Option<Task> {
        let low = self.funds.mills() < self.refill.threshold.mills();
        low.then(|| self.refill_by_itself()).flatten()
    }

    fn refill_by_itself(&self) -> Option<Task> {
        // A pending refill is finished first: whether its amount is booked is not known.
        let may = self.refill.automatic && !self.refill_pending && self.state != State::Suspended;
        may.then_some(Task::Refill(self.refill.amount))
    }

    fn upkeep(&self) -> impl Iterator<Item = Task> {
        let resume = self.refill_pending.then_some(Task::ResumeRefill);
        let due = matches!(self.state, State::InspectionDue | State::Locked | State::Suspended);
        let inspection = due.then_some(Task::Inspection);
        // The inspection comes before a refill: an infrastructure refuses funds to a meter that owes one.
        resume.into_iter().chain(inspection).chain(self.refill_when_low())
    }
}

/// What the meter does when `trigger` happens, in order. The upload comes last: a refill or an inspection
/// before it is a transaction too, and the infrastructure should know of it when the meter falls silent.
///
/// A meter without its operational block asks for it (REQ FUNDS-4). A suspended one asks to be inspected,
/// which is how it learns that it may go on. One that is being withdrawn finishes that, one that is withdrawn still delivers
/// its records, and one that was opened does nothing.
#[must_use]
pub fn plan(trigger: Trigger, meter: &Snapshot) -> Vec<Task> {
    let mut tasks = Vec::new();
    match trigger {
        // Its keys are gone: nobody would believe what it says.
        _ if meter.state == State::Tampered => return tasks,
        Trigger::PowerOn | Trigger::Sleep | Trigger::PowerOff
            if meter.state == State::WithdrawPending =>
        {
            tasks.push(Task::Withdrawal);
        }
        Trigger::PowerOn if meter.state == State::Withdrawn && meter.unacknowledged > 0 => {
            tasks.push(Task::TransactionUpload(Reason::OnDemand));
        }
        _ if meter.is_out_of_service() => {}
        Trigger::Installed => {
            tasks.extend([Task::Installation, Task::StartupRefresh]);
            tasks.extend(meter.refill_when_low());
        }
        Trigger::PowerOn if meter.has_no_block() => return plan(Trigger::Installed, meter),
        _ if meter.has_no_block() => {}
        Trigger::PowerOn => {
            tasks.push(Task::StartupRefresh);
            tasks.extend(meter.upkeep());
        }
        Trigger::Sleep | Trigger::PowerOff => tasks.extend(meter.upkeep()),
        Trigger::FundsLow if meter.refill_pending => tasks.push(Task::ResumeRefill),
        // Whatever the threshold: the next piece costs more than is left.
        Trigger::FundsLow => tasks.extend(meter.refill_by_itself()),
        Trigger::InspectionDue => tasks.push(Task::Inspection),
        Trigger::AccountingEnabled | Trigger::PostalInformation => {}
    }
    if let Some(reason) = upload_reason(trigger)
        && (meter.unacknowledged > 0 || !tasks.is_empty())
    {
        tasks.push(Task::TransactionUpload(reason));
    }
    tasks
}

/// Whether a refusal of this code is of the withdrawal itself, so that nothing was booked and the device stays in service:
/// an infrastructure answers a booked withdrawal with its reply before it looks at anything else.
#[must_use]
pub fn settles_withdrawal(code: &str) -> bool {
    matches!(code, "withdrawal-contradicted" | "meter-not-installed")
}

/// Whether a refusal of this code is of the refill itself, so that it is known never to have been booked: an
/// infrastructure answers the number of a booked refill with its reply. Any other refusal may come from in front of the
/// books and says nothing of them.
#[must_use]
pub fn settles_refill(code: &str) -> bool {
    #[cfg(feature = "planted")]
    if timbre_postage::planted::has(timbre_postage::planted::Bug::RefillForgotten)
        && code == "unavailable"
    {
        return true;
    }
    OF_THE_REFILL.contains(&code)
}

/// The refusals of the rules of funds that come after the books were asked for the number of the refill.
const OF_THE_REFILL: [&str; 12] = [
    "meter-not-installed",
    "meter-suspended",
    "account-locked",
    "wrong-currency",
    "stale-block",
    "register-went-backwards",
    "fraction-of-a-cent",
    "below-minimum",
    "above-maximum",
    "would-exceed-maximum-descending",
    "daily-advance-limit-reached",
    "insufficient-funds",
];

fn upload_reason(trigger: Trigger) -> Option<Reason> {
    match trigger {
        Trigger::Sleep => Some(Reason::Sleep),
        Trigger::PowerOff => Some(Reason::PowerOff),
        Trigger::AccountingEnabled => Some(Reason::Accounting),
        Trigger::PostalInformation => Some(Reason::PostalInformation),
        _ => None,
    }
}
