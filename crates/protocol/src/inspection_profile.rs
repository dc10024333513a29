//! The inspection policies of machines in the field, as data (REQ FUNDS-3): when a device is warned, when it locks.
//!
//! The device obeys the policy of its operational block and the date in the last reply that it applied; the table serves
//! whoever issues blocks. Sources: the Connect+ and SendPro P guides for Canada (warned on day 21 after the last
//! connection, blocked on day 28), Pitney Bowes Canada's help (90 and 120 days), Neopost's IN-750 for Canada (40 days),
//! the DM300C guide for the United States (90 and 120 days), the German SendPro C (the eighth of each month).

use jiff::ToSpan;
use jiff::civil::Date;

use crate::installation::InspectionPolicy;

/// When the next inspection is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DueDate {
    /// So many days after the last one.
    AfterDays(u16),
    /// On this day (1 to 28) of the next month.
    DayOfMonth(i8),
}

impl DueDate {
    /// The day by which the next inspection is due after one on `last`.
    #[must_use]
    pub fn after(self, last: Date) -> Date {
        match self {
            DueDate::AfterDays(days) => last.saturating_add(i64::from(days).days()),
            DueDate::DayOfMonth(day) => {
                let next = last.first_of_month().saturating_add(1.month());
                next.saturating_add(i64::from(day - 1).days())
            }
        }
    }
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
        self.due.after(last)
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
    fn in_germany_the_eighth_of_the_next_month_is_due() {
        let profile = InspectionProfile::named("germany").unwrap();
        assert_eq!(profile.due_after(date(2026, 1, 31)), date(2026, 2, 8));
        assert_eq!(profile.due_after(date(2026, 2, 7)), date(2026, 3, 8));
    }

    #[test]
    fn every_profile_is_found_by_its_name() {
        for profile in INSPECTION_PROFILES {
            assert_eq!(InspectionProfile::named(profile.name), Some(profile));
        }
        assert_eq!(InspectionProfile::named("atlantis"), None);
    }
}
