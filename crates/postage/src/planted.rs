//! Bugs that a test build plants, one at a time, to see whether the simulation finds them. There is nothing of this in a
//! build without the feature `planted`, and nothing that is shipped has it.

use std::cell::Cell;

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

macro_rules! bugs {
    ($($bug:ident $name:literal $breaks:literal,)+) => {
        /// A bug.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Bug {
            $(#[doc = $breaks] $bug,)+
        }

        impl Bug {
            /// Every bug.
            pub const ALL: &[Bug] = &[$(Bug::$bug),+];

            /// Its name, in kebab case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Bug::$bug => $name),+ }
            }

            /// What it breaks.
            #[must_use]
            pub const fn breaks(self) -> &'static str {
                match self { $(Bug::$bug => $breaks),+ }
            }
        }
    };
}

bugs! {
    // The device.
    FlushSkipped "flush-skipped" "A debit is written and not flushed before its mark is released.",
    MarkWithoutDebit "mark-without-debit" "A mark is released although its debit could not be written.",
    CreditedTwice "credited-twice" "A refill that ends the journal is credited once more when the device is opened.",
    TornTailRefused "torn-tail-refused" "A slot that a power cut spoilt is taken for damage.",
    ClockBackAccepted "clock-back-accepted" "The clock may go back between two pieces.",
    InspectionNeverLocks "inspection-never-locks" "A device goes on franking when its inspection is overdue.",
    ReplyUnverified "reply-unverified" "The signature of a refill reply is not verified.",
    StaleInspection "stale-inspection" "A pending inspection is sent again although the device has gone on.",
    // The meter.
    RefillForgotten "refill-forgotten" "A refill is forgotten when the services do not answer.",
    // The rules of funds.
    ControlSumUnchecked "control-sum-unchecked" "A refill is granted whatever the registers sum to.",
    RegressionUnchecked "regression-unchecked" "A refill is granted to registers that went backwards.",
    SuspendedIsRefilled "suspended-is-refilled" "A suspended meter is refilled.",
    // The infrastructure.
    RefillBookedAgain "refill-booked-again" "A refill whose reply was lost is booked once more.",
    ReplyBeforeCommit "reply-before-commit" "A group is answered whether or not its commit succeeds.",
    AcknowledgedUnstored "acknowledged-unstored" "Records are acknowledged and not stored.",
    GapAccepted "gap-accepted" "An upload may leave records out.",
    UsageBookedTwice "usage-booked-twice" "Records that come again are booked as used once more.",
    DepositBookedTwice "deposit-booked-twice" "A deposit that is booked again under its reference counts again.",
    RefundTwice "refund-twice" "What a withdrawn meter held is taken back twice.",
    SignInReplayed "sign-in-replayed" "A sign-in that was used before gets a token.",
}

/// Plants a bug in everything that this thread does from now on, or takes it away.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether this bug is planted.
#[must_use]
pub fn has(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
