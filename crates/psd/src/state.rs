//! The states of the device and every way from one to another, as one table.
//!
//! What is not in the table does not happen. Two states are not kept but follow from the date:
//! [`State::InspectionDue`] and [`State::Locked`] are what [`State::Operational`] becomes when the
//! inspection date of the operational block nears and passes.

use jiff::civil::Date;
use timbre_protocol::installation::InspectionPolicy;

use crate::standing::{Standing, standing};

/// Where a device is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// It has a serial number and trust anchors.
    Manufactured,
    /// It has keys of its own and no customer.
    Initialised,
    /// It has an operational block and was not yet in contact with the funds server.
    Authorised,
    /// It may frank.
    Operational,
    /// It may frank and asks to be inspected.
    InspectionDue,
    /// It franks nothing until it is inspected.
    Locked,
    /// The provider has it frank nothing.
    Suspended,
    /// It was opened: its keys are gone, its registers can be read. For good.
    Tampered,
    /// It asked to give its funds back.
    WithdrawPending,
    /// Its funds were given back.
    Withdrawn,
}

/// What takes a device from one state to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// It makes its keys.
    Initialise,
    /// An operational block is installed.
    Authorise,
    /// A refill or an inspection was applied.
    Contact,
    /// The day comes from which an inspection is asked for.
    FallDue,
    /// The day comes from which nothing is franked without one.
    Expire,
    /// An inspection ordered the device to stop.
    Suspend,
    /// An inspection ordered it to go on.
    Resume,
    /// It was opened.
    Tamper,
    /// It asks to give its funds back.
    RequestWithdrawal,
    /// The funds were given back.
    Withdraw,
    /// Its funds are not taken back: the books disagree.
    CancelWithdrawal,
}

/// Every transition there is.
pub const TRANSITIONS: &[(State, Event, State)] = {
    use Event::{
        Authorise, CancelWithdrawal, Contact, Expire, FallDue, Initialise, RequestWithdrawal,
        Resume, Suspend, Tamper, Withdraw,
    };
    use State::{
        Authorised, Initialised, InspectionDue, Locked, Manufactured, Operational, Suspended,
        Tampered, WithdrawPending, Withdrawn,
    };
    &[
        (Manufactured, Initialise, Initialised),
        (Initialised, Authorise, Authorised),
        // A later operational block changes what the device obeys, not its state.
        (Authorised, Authorise, Authorised),
        (Operational, Authorise, Operational),
        (InspectionDue, Authorise, Operational),
        (Locked, Authorise, Operational),
        (Suspended, Authorise, Suspended),
        (Authorised, Contact, Operational),
        (Operational, Contact, Operational),
        (InspectionDue, Contact, Operational),
        (Locked, Contact, Operational),
        // Funds booked before the suspension still arrive; they do not lift it.
        (Suspended, Contact, Suspended),
        (Operational, FallDue, InspectionDue),
        (Operational, Expire, Locked),
        (InspectionDue, Expire, Locked),
        (Authorised, Suspend, Suspended),
        (Operational, Suspend, Suspended),
        (InspectionDue, Suspend, Suspended),
        (Locked, Suspend, Suspended),
        (Suspended, Suspend, Suspended),
        (Suspended, Resume, Operational),
        (Manufactured, Tamper, Tampered),
        (Initialised, Tamper, Tampered),
        (Authorised, Tamper, Tampered),
        (Operational, Tamper, Tampered),
        (InspectionDue, Tamper, Tampered),
        (Locked, Tamper, Tampered),
        (Suspended, Tamper, Tampered),
        (WithdrawPending, Tamper, Tampered),
        (Authorised, RequestWithdrawal, WithdrawPending),
        (Operational, RequestWithdrawal, WithdrawPending),
        (InspectionDue, RequestWithdrawal, WithdrawPending),
        (Locked, RequestWithdrawal, WithdrawPending),
        (Suspended, RequestWithdrawal, WithdrawPending),
        (WithdrawPending, Withdraw, Withdrawn),
        // Whatever it was before: only an inspection says that the books and the registers agree.
        (WithdrawPending, CancelWithdrawal, Suspended),
    ]
};

impl State {
    /// Every state, in the order of a life.
    pub const ALL: [State; 10] = [
        State::Manufactured,
        State::Initialised,
        State::Authorised,
        State::Operational,
        State::InspectionDue,
        State::Locked,
        State::Suspended,
        State::Tampered,
        State::WithdrawPending,
        State::Withdrawn,
    ];

    /// The state after `event`, if the table knows the transition.
    #[must_use]
    pub fn after(self, event: Event) -> Option<State> {
        TRANSITIONS.iter().find(|(from, by, _)| (*from, *by) == (self, event)).map(|(_, _, to)| *to)
    }

    /// What this kept state is on the day `today`.
    pub(crate) fn on(self, today: Date, due: Date, policy: &InspectionPolicy) -> State {
        let event = match standing(policy, due, today) {
            Standing::Fine => return self,
            Standing::Due => Event::FallDue,
            Standing::Overdue => Event::Expire,
        };
        self.after(event).unwrap_or(self)
    }

    /// The state in a word, as listings and messages show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Manufactured => "manufactured",
            State::Initialised => "initialised",
            State::Authorised => "authorised",
            State::Operational => "operational",
            State::InspectionDue => "inspection-due",
            State::Locked => "locked",
            State::Suspended => "suspended",
            State::Tampered => "tampered",
            State::WithdrawPending => "withdraw-pending",
            State::Withdrawn => "withdrawn",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_transition_is_written_twice() {
        for (index, (from, by, _)) in TRANSITIONS.iter().enumerate() {
            let again = TRANSITIONS[index + 1..].iter().any(|(f, b, _)| (f, b) == (from, by));
            assert!(!again, "{from:?} {by:?}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_final_states() {
        for end in [State::Tampered, State::Withdrawn] {
            assert!(TRANSITIONS.iter().all(|(from, ..)| *from != end), "{end}");
        }
    }

    #[test]
    fn every_state_but_the_first_is_reached() {
        for state in &State::ALL[1..] {
            assert!(TRANSITIONS.iter().any(|(_, _, to)| to == state), "{state}");
        }
    }

    #[test]
    fn any_living_device_can_be_tampered_with() {
        for state in State::ALL {
            let living = !matches!(state, State::Tampered | State::Withdrawn);
            assert_eq!(state.after(Event::Tamper).is_some(), living, "{state}");
        }
    }
}
