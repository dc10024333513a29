//! What only time shows: what is late, what was never confirmed, and contacts that two devices must have made.

use std::fmt;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use timbre_postage::{Amount, Language, Registers};

use crate::RequestId;
use crate::finding::{Evidence, Finding, plain};
use crate::wording::say;

/// What is known of a meter's contacts and of the money that went to and fro.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The time at which it is judged.
    pub now: Timestamp,
    /// … and its day.
    pub today: Date,
    /// Whether the meter is in service, so that it must come.
    pub in_service: bool,
    /// The day by which the next inspection is due.
    pub next_inspection: Option<Date>,
    /// Days after it.
    pub grace_days: u16,
    /// Days within which a record must be uploaded.
    pub upload_days: u16,
    /// Days within which a refill must be confirmed.
    pub refill_days: u16,
    /// The last record that is stored.
    pub stored: u64,
    /// Every time the device showed its registers, oldest first.
    pub contacts: Vec<Seen>,
    /// The refills that the device has not shown to have applied.
    pub unconfirmed: Vec<BookedAt>,
    /// The refunds booked and not reversed, oldest first.
    pub refunds: Vec<RefundedAt>,
    /// What withdrawals were recorded, in number.
    pub withdrawals: u64,
    /// All refills booked.
    pub issued: Amount,
    /// All refunds booked.
    pub refunded: Amount,
    /// The sum of the debits recorded.
    pub used: Amount,
}

/// A contact at which a device showed its registers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// When, by our clock.
    pub at: Timestamp,
    /// At what: `inspection 3`, `refill 7`.
    pub what: String,
    /// The registers.
    pub registers: Registers,
    /// The number of its last record, where it said so.
    pub record: Option<u64>,
}

/// A refill and when it was booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookedAt {
    /// Its number.
    pub sequence: u64,
    /// How much.
    pub amount: Amount,
    /// When.
    pub booked: Timestamp,
}

/// A refund and when it was booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundedAt {
    /// The request behind it.
    pub id: RequestId,
    /// How much.
    pub amount: Amount,
    /// When.
    pub booked: Timestamp,
}

/// Everything that is found.
#[must_use]
pub fn watch(standing: &Standing) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(inspection_late(standing));
    found.extend(upload_late(standing));
    found.extend(refills_unconfirmed(standing));
    found.extend(contacts(&standing.contacts));
    found.extend(refunded_twice(standing));
    found.extend(used_too_much(standing));
    found
}

fn inspection_late(standing: &Standing) -> Option<Finding> {
    let due = standing.next_inspection.filter(|_| standing.in_service)?;
    let grace = jiff::Span::new().days(i64::from(standing.grace_days));
    let last = due.checked_add(grace).ok()?;
    (standing.today > last).then(|| Finding {
        code: "inspection-late",
        about: format!("due {due}"),
        message_fr: format!("l’inspection était due le {due}, et n’est pas faite"),
        message_en: format!("the inspection was due on {due} and is not done"),
        evidence: Evidence::differs(due, "none").fact("grace days", standing.grace_days),
    })
}

/// A record that the device is known to have made, and that is not stored after so many days.
fn upload_late(standing: &Standing) -> Option<Finding> {
    let known = |seen: &&Seen| seen.record.is_some_and(|record| record > standing.stored);
    let seen = standing.contacts.iter().find(known).filter(|_| standing.in_service)?;
    if !longer_than(standing.now, seen.at, standing.upload_days) {
        return None;
    }
    let (stored, made) = (standing.stored, seen.record?);
    Some(Finding {
        code: "upload-late",
        about: format!("after record {stored}"),
        message_fr: format!(
            "la machine avait fait l’enregistrement {made}, et {stored} seulement sont téléversés"
        ),
        message_en: format!("the meter had made record {made}, and only {stored} are uploaded"),
        evidence: Evidence::differs(made, stored)
            .since(seen.at)
            .fact("seen at", &seen.what)
            .fact("days allowed", standing.upload_days),
    })
}

fn refills_unconfirmed(standing: &Standing) -> Vec<Finding> {
    let late = |refill: &&BookedAt| longer_than(standing.now, refill.booked, standing.refill_days);
    let told = |refill: &BookedAt| {
        let BookedAt { sequence, amount, booked } = refill;
        let message = |language| {
            say!(
                language,
                "la recharge {} de {} n’est pas confirmée",
                "refill {} of {} is not confirmed",
                sequence,
                amount.format(language)
            )
        };
        finding(
            "refill-unconfirmed",
            format!("refill {sequence}"),
            message,
            Evidence::differs(amount.decimal(), "none")
                .since(*booked)
                .fact("days allowed", standing.refill_days),
        )
    };
    standing.unconfirmed.iter().filter(late).map(told).collect()
}

/// Registers only go forward. Where they fall and then go on from where they were, two devices take turns.
fn contacts(contacts: &[Seen]) -> Option<Finding> {
    let behind = |later: &Seen, earlier: &Seen| {
        later.registers.pieces < earlier.registers.pieces
            || later.registers.ascending.mills() < earlier.registers.ascending.mills()
    };
    let mut furthest = contacts.first()?;
    let mut fell: Option<(&Seen, &Seen)> = None;
    for seen in contacts {
        if behind(seen, furthest) {
            fell.get_or_insert((furthest, seen));
            continue;
        }
        if let Some((earlier, later)) = fell {
            let message = |language| {
                say!(
                    language,
                    "deux appareils se relaient\u{a0}: {}, puis {}, puis {}",
                    "two devices take turns: {}, then {}, then {}",
                    earlier,
                    later,
                    seen
                )
            };
            let evidence = Evidence::differs(plain(&earlier.registers), plain(&later.registers))
                .since(later.at)
                .fact("then", seen);
            return Some(finding(
                "device-cloned",
                format!("since {}", later.what),
                message,
                evidence,
            ));
        }
        furthest = seen;
    }
    let (earlier, later) = fell?;
    let message = |language| {
        say!(
            language,
            "un registre a baissé\u{a0}: {}, puis {}",
            "a register fell: {}, then {}",
            earlier,
            later
        )
    };
    let evidence =
        Evidence::differs(plain(&earlier.registers), plain(&later.registers)).since(later.at);
    Some(finding("register-fell", format!("at {}", later.what), message, evidence))
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, plain(&self.registers))
    }
}

/// A device is emptied once for each withdrawal that it recorded; one that cannot record it any more is emptied once.
fn refunded_twice(standing: &Standing) -> Option<Finding> {
    let allowed = usize::try_from(standing.withdrawals.max(1)).unwrap_or(usize::MAX);
    let again = standing.refunds.get(allowed)?;
    let first = standing.refunds.first()?;
    let message = |language| {
        say!(
            language,
            "{} a déjà été remboursé par {}, et {} l’est encore par {}",
            "{} was refunded by {} already, and {} is refunded again by {}",
            first.amount.format(language),
            first.id,
            again.amount.format(language),
            again.id
        )
    };
    let evidence = Evidence::differs(format!("{allowed} refund"), standing.refunds.len())
        .since(again.booked)
        .fact("first", format!("{} {}", first.id, first.amount.decimal()))
        .fact("again", format!("{} {}", again.id, again.amount.decimal()));
    Some(finding("refund-claimed-twice", again.id.to_string(), message, evidence))
}

fn used_too_much(standing: &Standing) -> Option<Finding> {
    let Standing { issued, refunded, used, .. } = standing;
    let available = issued.mills().saturating_sub(refunded.mills());
    let available = Amount::from_mills(available, issued.currency());
    if used.mills() <= available.mills() {
        return None;
    }
    let message = |language| {
        say!(
            language,
            "{} ont été utilisés, et {} seulement émis",
            "{} was used, and only {} issued",
            used.format(language),
            available.format(language)
        )
    };
    let evidence = Evidence::differs(available.decimal(), used.decimal());
    Some(finding("usage-exceeds-issued", String::new(), message, evidence))
}

fn finding(
    code: &'static str,
    about: String,
    message: impl Fn(Language) -> String,
    evidence: Evidence,
) -> Finding {
    let (message_fr, message_en) = (message(Language::French), message(Language::English));
    Finding { code, about, message_fr, message_en, evidence }
}

fn longer_than(now: Timestamp, since: Timestamp, days: u16) -> bool {
    now.duration_since(since) > SignedDuration::from_hours(24 * i64::from(days))
}
