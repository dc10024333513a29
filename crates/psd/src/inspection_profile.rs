//! Inspection as policy, never a constant: when a device is warned, when it locks, and the policies of
//! machines in the field as data.
//!
//! The device obeys the policy in its operational block and the date in the last reply it applied; the
//! table serves whoever issues blocks. Sources of the table: research/domain.md, 1.4.

use jiff::ToSpan;
use jiff::civil::Date;
use timbre_protocol::installation::InspectionPolicy;

/// Where a device stands with its inspection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    Fine,
    Due,
    Overdue,
}

/// Where a device stands on `today` whose next inspection is due on `due`: warned from
/// `warn_days` before it, locked from `grace_days` after it (with no grace, from the day itself).
pub(crate) fn standing(policy: &InspectionPolicy, due: Date, today: Date) -> Standing {
    if today >= locked_from(policy, due) {
        Standing::Overdue
    } else if today >= due.saturating_sub(i64::from(policy.warn_days).days()) {
        Standing::Due
    } else {
        Standing::Fine
    }
}

/// The first day on which nothing is franked.
pub(crate) fn locked_from(policy: &InspectionPolicy, due: Date) -> Date {
    due.saturating_add(i64::from(policy.grace_days).days())
}

/// When the next inspection is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DueDate {
    /// So many days after the last one.
    AfterDays(u16),
    /// On this day (1 to 28) of the next month.
    DayOfMonth(i8),
}

/// The inspection policy of a machine in the field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InspectionProfile {
    /// The machine and market.
    pub name: &'static str,
    /// When the next inspection is due.
    pub due: DueDate,
    /// Days before the due date from which the operator is told.
    pub warn_days: u16,
    /// Days from the due date on which the device still franks.
    pub grace_days: u16,
}

/// The policies known from manuals.
pub const INSPECTION_PROFILES: &[InspectionProfile] = &[
    profile("canada-connect-plus", DueDate::AfterDays(21), 0, 7),
    profile("canada-generic", DueDate::AfterDays(90), 0, 30),
    profile("canada-neopost", DueDate::AfterDays(40), 0, 0),
    profile("united-states", DueDate::AfterDays(90), 0, 30),
    profile("germany", DueDate::DayOfMonth(8), 7, 0),
];

const fn profile(
    name: &'static str,
    due: DueDate,
    warn_days: u16,
    grace_days: u16,
) -> InspectionProfile {
    InspectionProfile { name, due, warn_days, grace_days }
}

impl InspectionProfile {
    /// The profile of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static InspectionProfile> {
        INSPECTION_PROFILES.iter().find(|profile| profile.name == name)
    }

    /// The day by which the next inspection is due after one on `last`.
    #[must_use]
    pub fn due_after(&self, last: Date) -> Date {
        match self.due {
            DueDate::AfterDays(days) => last.saturating_add(i64::from(days).days()),
            DueDate::DayOfMonth(day) => {
                let next = last.first_of_month().saturating_add(1.month());
                next.saturating_add(i64::from(day - 1).days())
            }
        }
    }

    /// The policy as an operational block carries it.
    #[must_use]
    pub fn policy(&self) -> InspectionPolicy {
        let interval_days = match self.due {
            DueDate::AfterDays(days) => days,
            DueDate::DayOfMonth(_) => 31,
        };
        InspectionPolicy { interval_days, warn_days: self.warn_days, grace_days: self.grace_days }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn each_machine_warns_and_locks_when_its_manual_says() {
        let last = date(2026, 1, 1);
        for (name, warned_after, locked_after) in [
            ("canada-connect-plus", 21, 28),
            ("canada-generic", 90, 120),
            ("canada-neopost", 40, 40),
            ("united-states", 90, 120),
        ] {
            let profile = InspectionProfile::named(name).unwrap();
            let on = |days: i64| {
                standing(&profile.policy(), profile.due_after(last), last + days.days())
            };
            assert_eq!(on(warned_after - 1), Standing::Fine, "{name}");
            assert_eq!(on(locked_after), Standing::Overdue, "{name}");
            if warned_after < locked_after {
                assert_eq!(on(warned_after), Standing::Due, "{name}");
                assert_eq!(on(locked_after - 1), Standing::Due, "{name}");
            }
        }
    }

    #[test]
    fn in_germany_the_eighth_of_the_next_month_locks() {
        let profile = InspectionProfile::named("germany").unwrap();
        let due = profile.due_after(date(2026, 1, 31));
        assert_eq!(due, date(2026, 2, 8));
        let on = |today| standing(&profile.policy(), due, today);
        assert_eq!(on(date(2026, 1, 31)), Standing::Fine);
        assert_eq!(on(date(2026, 2, 1)), Standing::Due);
        assert_eq!(on(date(2026, 2, 7)), Standing::Due);
        assert_eq!(on(date(2026, 2, 8)), Standing::Overdue);
    }
}
