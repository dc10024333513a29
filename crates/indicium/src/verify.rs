//! Is a scanned mark genuine, and is its postage in order?
//!
//! Pure: the caller brings what is known of the meter, the date, the price of the piece and whether
//! the mark was seen before. It refuses to call a mark genuine on anything but a signature of a key
//! that was the meter's on the date of the mark.

use jiff::civil::Date;
use timbre_key_store::PublicKey;
use timbre_postage::{Amount, IndiciaNumber, Language, MeterSerial, PostalCode};

use crate::{Mark, MarkKind};

/// What the infrastructure knows of a meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownMeter {
    /// Its serial number.
    pub serial: MeterSerial,
    /// The number under which it may print.
    pub indicia_number: IndiciaNumber,
    /// Where its mail is posted.
    pub postal_code: PostalCode,
    /// Every indicium key it ever had.
    pub keys: Vec<KnownKey>,
    /// Whether it may print.
    pub standing: Standing,
}

/// An indicium key and the dates of marks that it may sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownKey {
    /// The key.
    pub key: PublicKey,
    /// The first date of a mark.
    pub valid_from: Date,
    /// The last date of a mark; none while the key is in use.
    pub valid_until: Option<Date>,
}

/// Whether a meter may print.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It may.
    InService,
    /// The provider stopped it: marks dated later are not its own work, or not allowed.
    StoppedSince(Date),
    /// It was lost or stolen (SOR/2010-220, s. 13): marks dated from that day are fraud.
    StolenSince(Date),
}

/// An earlier sight of the same mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// When.
    pub date: Date,
    /// Where: a plant, a machine, a file.
    pub place: String,
}

/// How far the date of a mark may be from the day on which it is scanned. A piece is to be posted
/// on the date of its mark (SOR/2010-220, s. 8(1)); collection and clearing take days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DateWindow {
    /// Days that a mark may be ahead of the scan.
    pub ahead: u16,
    /// Days that a mark may be behind the scan.
    pub behind: u16,
}

impl Default for DateWindow {
    /// One day ahead (mail that was collected the evening before), seven behind.
    fn default() -> Self {
        DateWindow { ahead: 1, behind: 7 }
    }
}

/// What a mark is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The meter with the serial of the mark, if there is one.
    pub meter: Option<&'a KnownMeter>,
    /// The date of the scan.
    pub scanned_on: Date,
    /// How far the date of the mark may be from it.
    pub window: DateWindow,
    /// What the piece should have cost, where it was weighed and measured.
    pub price: Option<Amount>,
    /// An earlier sight of a mark with the same serial and piece counter.
    pub seen_before: Option<&'a Sighting>,
}

/// How much a finding weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Gravity {
    /// The mark is genuine but its postage is not in order.
    Deficiency,
    /// The mark is not genuine.
    Breach,
}

/// One thing that is wrong with a mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// A stable name for programs: `bad-signature`.
    pub code: &'static str,
    /// How much it weighs.
    pub gravity: Gravity,
    /// In French, for a person.
    pub fr: String,
    /// In English, for a person.
    pub en: String,
}

impl Finding {
    /// The text in `language`.
    #[must_use]
    pub fn message(&self, language: Language) -> &str {
        language.pick(&self.fr, &self.en)
    }
}

/// The outcome of a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Whether the meter that the mark names made it, and it was not used before.
    pub genuine: bool,
    /// All that is wrong, breaches first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether the piece may go: genuine and in order.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks `mark` against `evidence`.
#[must_use]
pub fn check(mark: &Mark, evidence: &Evidence<'_>) -> Verdict {
    let mut findings = Vec::new();
    match evidence.meter.filter(|meter| meter.serial == mark.data().serial) {
        Some(meter) => check_meter(mark, meter, &mut findings),
        None => {
            let serial = mark.data().serial;
            findings.push(Finding {
                code: "unknown-meter",
                gravity: Gravity::Breach,
                fr: format!("Aucune machine à affranchir ne porte le numéro {serial}."),
                en: format!("No meter has the serial number {serial}."),
            });
        }
    }
    findings.extend(duplicate(mark, evidence));
    findings.extend(date_out_of_window(mark, evidence));
    findings.extend(postage_short(mark, evidence));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.gravity));
    let genuine = findings.iter().all(|finding| finding.gravity != Gravity::Breach);
    Verdict { genuine, findings }
}

fn check_meter(mark: &Mark, meter: &KnownMeter, findings: &mut Vec<Finding>) {
    let data = mark.data();
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
    findings.extend(standing(mark, meter));
    if data.postal_code != meter.postal_code {
        findings.push(Finding {
            code: "posted-elsewhere",
            gravity: Gravity::Deficiency,
            fr: format!(
                "L'empreinte porte le code postal {}, mais la machine dépose à {}.",
                data.postal_code, meter.postal_code
            ),
            en: format!(
                "The mark bears postal code {}, but the meter posts at {}.",
                data.postal_code, meter.postal_code
            ),
        });
    }
}

/// Whether a key of the meter, valid on the date of the mark, signed it.
fn signature(mark: &Mark, meter: &KnownMeter) -> Option<Finding> {
    let (data, gravity) = (mark.data(), Gravity::Breach);
    let Some(known) = meter.keys.iter().find(|known| known.key.key_id() == data.key_id) else {
        let (id, serial) = (data.key_id, meter.serial);
        return Some(Finding {
            code: "unknown-key",
            gravity,
            fr: format!("La clé {id} n'a jamais été celle de la machine {serial}."),
            en: format!("Key {id} was never a key of meter {serial}."),
        });
    };
    if mark.verify(&known.key).is_err() {
        return Some(Finding {
            code: "bad-signature",
            gravity,
            fr: "La signature ne correspond pas : l'empreinte est fausse ou modifiée.".to_owned(),
            en: "The signature does not match: the mark is forged or altered.".to_owned(),
        });
    }
    let ended = known.valid_until.is_some_and(|last| data.date > last);
    (ended || data.date < known.valid_from).then(|| Finding {
        code: "key-not-valid",
        gravity,
        fr: format!("La clé {} n'était pas en service le {}.", data.key_id, data.date),
        en: format!("Key {} was not in service on {}.", data.key_id, data.date),
    })
}

fn standing(mark: &Mark, meter: &KnownMeter) -> Option<Finding> {
    let gravity = Gravity::Breach;
    match meter.standing {
        Standing::StolenSince(since) if mark.data().date >= since => Some(Finding {
            code: "meter-stolen",
            gravity,
            fr: format!("La machine {} est perdue ou volée depuis le {since}.", meter.serial),
            en: format!("Meter {} has been lost or stolen since {since}.", meter.serial),
        }),
        Standing::StoppedSince(since) if mark.data().date > since => Some(Finding {
            code: "meter-stopped",
            gravity,
            fr: format!("La machine {} est hors service depuis le {since}.", meter.serial),
            en: format!("Meter {} has been out of service since {since}.", meter.serial),
        }),
        Standing::InService | Standing::StolenSince(_) | Standing::StoppedSince(_) => None,
    }
}

fn duplicate(mark: &Mark, evidence: &Evidence<'_>) -> Option<Finding> {
    let Sighting { date, place } = evidence.seen_before?;
    let (serial, pieces) = (mark.data().serial, mark.data().pieces);
    Some(Finding {
        code: "duplicate",
        gravity: Gravity::Breach,
        fr: format!("Copie : le pli {pieces} de la machine {serial} a été vu le {date} ({place})."),
        en: format!("Copy: piece {pieces} of meter {serial} was seen on {date} ({place})."),
    })
}

fn date_out_of_window(mark: &Mark, evidence: &Evidence<'_>) -> Option<Finding> {
    let (date, scanned_on, window) = (mark.data().date, evidence.scanned_on, evidence.window);
    let days = scanned_on.duration_since(date).as_hours() / 24;
    let gravity = Gravity::Deficiency;
    if days < -i64::from(window.ahead) {
        Some(Finding {
            code: "date-in-the-future",
            gravity,
            fr: format!("L'empreinte est datée du {date}, après sa lecture du {scanned_on}."),
            en: format!("The mark is dated {date}, after its scan on {scanned_on}."),
        })
    } else if days > i64::from(window.behind) {
        Some(Finding {
            code: "date-too-old",
            gravity,
            fr: format!(
                "L'empreinte du {date} avait {days} jours à sa lecture du {scanned_on} : une nouvelle date est requise."
            ),
            en: format!(
                "The mark of {date} was {days} days old when scanned on {scanned_on}: it needs a redate."
            ),
        })
    } else {
        None
    }
}

/// A redate and a correction stand beside another mark, so alone they cannot be short.
fn postage_short(mark: &Mark, evidence: &Evidence<'_>) -> Option<Finding> {
    let (paid, due) = (mark.data().amount, evidence.price?);
    if mark.data().kind != MarkKind::Postage {
        return None;
    }
    // Another currency pays nothing here.
    let missing = due.checked_sub(paid).unwrap_or(due);
    (missing.mills() > 0).then(|| Finding {
        code: "postage-short",
        gravity: Gravity::Deficiency,
        fr: format!(
            "Affranchissement insuffisant : {} payés, {} dus.",
            paid.format(Language::French),
            due.format(Language::French)
        ),
        en: format!(
            "Postage short: {} paid, {} due.",
            paid.format(Language::English),
            due.format(Language::English)
        ),
    })
}
