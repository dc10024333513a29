//! Whether the meter that a mark names made it, was allowed to, and made it once.

use jiff::civil::Date;

use super::{Evidence, Finding, Gravity, Interruption, KnownMeter, Reason, Sighting};
use crate::Mark;

pub(super) fn check(mark: &Mark, known: &Evidence<'_>, findings: &mut Vec<Finding>) {
    let data = mark.data();
    let Some(meter) = known.meter.filter(|meter| meter.serial == data.serial) else {
        findings.push(Finding {
            code: "unknown-meter",
            gravity: Gravity::Breach,
            fr: format!("Aucune machine à affranchir ne porte le numéro {}.", data.serial),
            en: format!("No meter has the serial number {}.", data.serial),
        });
        return;
    };
    findings.extend(signature(mark, meter));
    if data.indicia_number != meter.indicia_number {
        findings.push(Finding {
            code: "wrong-indicia-number",
            gravity: Gravity::Breach,
            fr: format!(
                "L'empreinte porte le numéro {}, mais la machine {} imprime sous le numéro {}.",
                data.indicia_number, meter.serial, meter.indicia_number
            ),
            en: format!(
                "The mark bears {}, but meter {} prints as {}.",
                data.indicia_number, meter.serial, meter.indicia_number
            ),
        });
    }
    findings.extend(meter.interruptions.iter().filter_map(|one| interrupted(mark, meter, *one)));
    if !meter.postal_codes.contains(&data.postal_code) {
        findings.push(Finding {
            code: "posted-elsewhere",
            gravity: Gravity::Note,
            fr: format!(
                "L'empreinte porte le code postal {}, qui n'a jamais été celui de la machine {}.",
                data.postal_code, meter.serial
            ),
            en: format!(
                "The mark bears postal code {}, which was never that of meter {}.",
                data.postal_code, meter.serial
            ),
        });
    }
}

/// Whether a key of the meter, valid on the date of the mark, signed it.
fn signature(mark: &Mark, meter: &KnownMeter) -> Option<Finding> {
    let (data, gravity) = (mark.data(), Gravity::Breach);
    let mut known = meter.keys.iter().filter(|known| known.key.key_id() == data.key_id).peekable();
    let Some(first) = known.peek() else {
        let (id, serial) = (data.key_id, meter.serial);
        return Some(Finding {
            code: "unknown-key",
            gravity,
            fr: format!("La clé {id} n'a jamais été celle de la machine {serial}."),
            en: format!("Key {id} was never a key of meter {serial}."),
        });
    };
    if mark.verify(&first.key).is_err() {
        return Some(Finding {
            code: "bad-signature",
            gravity,
            fr: "La signature ne correspond pas : l'empreinte est fausse ou modifiée.".to_owned(),
            en: "The signature does not match: the mark is forged or altered.".to_owned(),
        });
    }
    let valid = |from: Date, until: Option<Date>| {
        from <= data.date && until.is_none_or(|last| data.date <= last)
    };
    // A key may have had several times of service.
    let in_service = known.any(|known| valid(known.valid_from, known.valid_until));
    (!in_service).then(|| Finding {
        code: "key-not-valid",
        gravity,
        fr: format!("La clé {} n'était pas en service le {}.", data.key_id, data.date),
        en: format!("Key {} was not in service on {}.", data.key_id, data.date),
    })
}

fn interrupted(mark: &Mark, meter: &KnownMeter, one: Interruption) -> Option<Finding> {
    let (date, serial, since) = (mark.data().date, meter.serial, one.since);
    let begun = match one.reason {
        Reason::Stolen => date >= since,
        Reason::Stopped | Reason::Withdrawn => date > since,
    };
    if !begun || one.until.is_some_and(|until| date >= until) {
        return None;
    }
    // Once the provider lets a meter work again it vouches for what the meter did in the meantime, but not for thieves.
    let Some(until) = one.until.filter(|_| one.reason != Reason::Stolen) else {
        return Some(out_of_service(serial.to_string(), since, one.reason));
    };
    Some(Finding {
        code: "printed-while-stopped",
        gravity: Gravity::Note,
        fr: format!("La machine {serial} était arrêtée du {since} au {until}."),
        en: format!("Meter {serial} was stopped from {since} to {until}."),
    })
}

fn out_of_service(serial: String, since: Date, reason: Reason) -> Finding {
    let (code, fr, en) = match reason {
        Reason::Stolen => (
            "meter-stolen",
            format!("La machine {serial} était perdue ou volée à partir du {since}."),
            format!("Meter {serial} was lost or stolen from {since} on."),
        ),
        Reason::Stopped => (
            "meter-stopped",
            format!("La machine {serial} est hors service depuis le {since}."),
            format!("Meter {serial} has been out of service since {since}."),
        ),
        Reason::Withdrawn => (
            "meter-withdrawn",
            format!("La machine {serial} est retirée du service depuis le {since}."),
            format!("Meter {serial} was withdrawn from service on {since}."),
        ),
    };
    Finding { code, gravity: Gravity::Breach, fr, en }
}

/// The same mark on another piece.
pub(super) fn duplicate(mark: &Mark, seen_before: Option<&Sighting>) -> Option<Finding> {
    let Sighting { at, place, machine } = seen_before?;
    let (serial, pieces) = (mark.data().serial, mark.data().pieces);
    Some(Finding {
        code: "duplicate",
        gravity: Gravity::Duplicate,
        fr: format!(
            "Copie : le pli {pieces} de la machine {serial} a été vu le {at:.0} ({place}, {machine})."
        ),
        en: format!(
            "Copy: piece {pieces} of meter {serial} was seen on {at:.0} ({place}, {machine})."
        ),
    })
}

/// A meter that counts a piece twice is two meters.
pub(super) fn reused<'a>(
    mark: &Mark,
    mut earlier: impl Iterator<Item = &'a Mark>,
) -> Option<Finding> {
    let (serial, pieces) = (mark.data().serial, mark.data().pieces);
    let same = |other: &Mark| other.data().serial == serial && other.data().pieces == pieces;
    earlier.any(same).then(|| count_reused(mark))
}

/// Two different marks bear the same count: the device was copied, or its memory put back.
#[must_use]
pub fn count_reused(mark: &Mark) -> Finding {
    let (serial, pieces) = (mark.data().serial, mark.data().pieces);
    Finding {
        code: "piece-count-reused",
        gravity: Gravity::Breach,
        fr: format!(
            "La machine {serial} a imprimé deux empreintes différentes pour le pli {pieces}."
        ),
        en: format!("Meter {serial} printed two different marks for piece {pieces}."),
    }
}
