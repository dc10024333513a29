//! When what a meter held may be given back to its customer.
//!
//! A device that withdrew itself has signed for its registers, so its money is given back once its last record is in. One
//! that can be read no more (broken, lost, stolen, opened) may have franked after its last word, and its marks may still
//! be on their way through the mail: its money waits as long as a mark is remembered for duplicates. While a case of the
//! meter is open, nothing is given back. A person may decide otherwise, with a reason; nobody may give back twice.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;
use timbre_postage::Language;

use crate::wording::say;

/// How long the funds of a device that can be read no more wait: the time for which a mark is known as a duplicate.
pub const WAITING_DAYS: i64 = 90;

/// What vouches for what a meter held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// It withdrew itself.
    Withdrawn {
        /// Whether the record of its withdrawal has come in.
        recorded: bool,
    },
    /// It was replaced and did not withdraw itself: there are the books alone.
    BooksAlone {
        /// The day on which it was replaced.
        since: Date,
    },
    /// Nothing: it is in service.
    InService,
}

/// Why what a meter held is not given back now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefundRefusal {
    /// The meter is in service: no reason changes that.
    InService,
    /// Cases of the meter are open.
    CasesOpen {
        /// How many.
        count: usize,
    },
    /// The record of the withdrawal has not come in yet.
    NotRecorded,
    /// A device that can be read no more was replaced too recently.
    TooEarly {
        /// From which day on it may be.
        from: Date,
    },
}

/// Decides whether what a meter held may be given back on the day `today`; `decided` is a person's decision to do so.
///
/// # Errors
/// The first that holds, in the order of [`RefundRefusal`].
pub fn may_release(
    evidence: Evidence,
    open_cases: usize,
    decided: bool,
    today: Date,
) -> Result<(), RefundRefusal> {
    if evidence == Evidence::InService {
        return Err(RefundRefusal::InService);
    }
    if decided {
        return Ok(());
    }
    if open_cases > 0 {
        return Err(RefundRefusal::CasesOpen { count: open_cases });
    }
    match evidence {
        Evidence::Withdrawn { recorded: false } => Err(RefundRefusal::NotRecorded),
        Evidence::BooksAlone { since } => {
            let from = since.saturating_add(WAITING_DAYS.days());
            if today < from { Err(RefundRefusal::TooEarly { from }) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

impl RefundRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InService => "refund-in-service",
            Self::CasesOpen { .. } => "refund-cases-open",
            Self::NotRecorded => "refund-not-recorded",
            Self::TooEarly { .. } => "refund-too-early",
        }
    }

    /// What the provider's staff read: why not, and what to do.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match self {
            Self::InService => say!(
                language,
                "la machine est en service\u{a0}: retirez-la (timbre meter withdraw) ou faites-la remplacer d’abord",
                "the meter is in service: withdraw it (timbre meter withdraw) or have it replaced first"
            ),
            Self::CasesOpen { count } => say!(
                language,
                "{} dossier(s) de la machine sont ouverts\u{a0}: réglez-les, ou décidez en donnant un motif (--reason)",
                "{} case(s) of the meter are open: settle them, or decide with a reason (--reason)",
                count
            ),
            Self::NotRecorded => say!(
                language,
                "l’enregistrement du retrait n’est pas encore arrivé\u{a0}: laissez la machine le téléverser (timbre meter upload), ou décidez en donnant un motif (--reason)",
                "the record of the withdrawal has not come in yet: let the meter upload it (timbre meter upload), or decide with a reason (--reason)"
            ),
            Self::TooEarly { from } => say!(
                language,
                "le dispositif ne peut plus être lu\u{a0}: ses fonds attendent jusqu’au {}, ou une décision motivée (--reason)",
                "the device can be read no more: its funds wait until {}, or for a decision with a reason (--reason)",
                from
            ),
        }
    }
}

impl fmt::Display for RefundRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for RefundRefusal {}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 6, 1);

    #[test]
    fn a_device_that_signed_for_its_registers_waits_for_its_record_only() {
        let release = |recorded| may_release(Evidence::Withdrawn { recorded }, 0, false, TODAY);
        assert_eq!(release(false), Err(RefundRefusal::NotRecorded));
        assert_eq!(release(true), Ok(()));
    }

    #[test]
    fn a_device_that_can_be_read_no_more_waits_as_long_as_a_mark_is_remembered() {
        let since = date(2026, 3, 4);
        let release = |today| may_release(Evidence::BooksAlone { since }, 0, false, today);
        let from = date(2026, 6, 2);
        assert_eq!(release(TODAY), Err(RefundRefusal::TooEarly { from }));
        assert_eq!(release(from), Ok(()));
    }

    #[test]
    fn open_cases_stop_it_and_a_person_may_decide_but_never_for_a_meter_in_service() {
        let withdrawn = Evidence::Withdrawn { recorded: true };
        let open = may_release(withdrawn, 2, false, TODAY);
        assert_eq!(open, Err(RefundRefusal::CasesOpen { count: 2 }));
        assert_eq!(may_release(withdrawn, 2, true, TODAY), Ok(()));
        assert_eq!(may_release(Evidence::BooksAlone { since: TODAY }, 2, true, TODAY), Ok(()));
        let in_service = may_release(Evidence::InService, 0, true, TODAY);
        assert_eq!(in_service, Err(RefundRefusal::InService));
    }
}
