//! Where a device stands with its inspection: warned, locked, by the policy in its operational block and the date in the
//! last reply that it applied. The policies of machines in the field are data of the protocol
//! ([`timbre_protocol::inspection_profile`]): whoever issues blocks chooses one.

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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use timbre_protocol::inspection_profile::InspectionProfile;

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
