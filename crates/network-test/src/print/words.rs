//! The words and signs that all forms for persons share. A verdict is always a sign and a word, never a colour alone.

use std::borrow::Cow;

use timbre_catalogue::Group;

use super::Language;
use crate::{Blame, CheckId, Confidence, Overall, Report, Verdict};

impl Verdict {
    /// How bad it is; a check that was not made says nothing.
    pub(super) const fn weight(self) -> u8 {
        match self {
            Verdict::Skip => 0,
            Verdict::Pass => 1,
            Verdict::Inconclusive => 2,
            Verdict::Warn => 3,
            Verdict::Fail => 4,
        }
    }

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Verdict::Pass => "✓",
            Verdict::Warn => "!",
            Verdict::Fail => "✗",
            Verdict::Skip => "–",
            Verdict::Inconclusive => "?",
        }
    }

    pub(super) fn word(self, language: Language) -> Cow<'static, str> {
        language.owned(self.title())
    }

    /// Something that a reader must see.
    pub(super) const fn is_problem(self) -> bool {
        matches!(self, Verdict::Fail | Verdict::Warn | Verdict::Inconclusive)
    }
}

impl Overall {
    /// The verdict that has its sign and colour.
    pub(super) const fn as_verdict(self) -> Verdict {
        match self {
            Overall::Ready => Verdict::Pass,
            Overall::ReadyWithWarnings => Verdict::Warn,
            Overall::NotReady => Verdict::Fail,
            Overall::CouldNotTest => Verdict::Inconclusive,
        }
    }
}

/// The columns of the table of services, lowest layer first.
pub(super) const COLUMNS: [&str; 4] = ["DNS", "TCP", "TLS", "HTTP"];

impl CheckId {
    /// The column of [`COLUMNS`] that shows it.
    pub(super) fn column(self) -> usize {
        match self.as_str().split('.').next() {
            Some("dns" | "v6") => 0,
            Some("tcp" | "proxy") => 1,
            Some("tls") => 2,
            _ if self == CheckId::DeadAddress => 1,
            _ => 3,
        }
    }
}

/// Who stands in the way, in one phrase: `a TLS inspection (Example Corp), likely`.
pub(super) fn blame(blame: &Blame, language: Language) -> String {
    let who = language.owned(blame.who.title());
    let name = blame.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let french = match blame.confidence {
        Confidence::Possible => "peut-être",
        Confidence::Likely => "probablement",
        Confidence::Certain => "certainement",
    };
    // An adverb agrees with whatever stands in the way.
    let confidence = language.pick(Cow::Borrowed(french), blame.confidence.title().en);
    format!("{who}{name}, {confidence}")
}

/// The heading of the document, in the reader’s language where the document’s own is known.
pub(super) fn section(section: &str, language: Language) -> Cow<'_, str> {
    let known = SECTIONS.iter().find(|(french, _)| *french == section);
    match (language, known) {
        (Language::English, Some((_, english))) => Cow::Borrowed(english),
        _ => Cow::Borrowed(section),
    }
}

/// The headings of the document of the Connect+ / SendPro P, which exists in French only, and of our own catalogue.
const SECTIONS: &[(&str, &str)] = &[
    ("Port 53", "Port 53 (DNS)"),
    ("TeamViewer", "TeamViewer (remote support)"),
    ("Test du réseau Proxy Linux du Connect + / SendPro P", "Network test of the machine"),
    ("Distributeur", "Distributor"),
    ("Comet (gestion de fonds et recharges)", "Comet (funds and refills)"),
    ("Tarifs et mises à jour (Services de téléchargement)", "Rates and updates (downloads)"),
    (
        "Gérer les comptes (Application Web de comptabilité)",
        "Accounts (accounting web application)",
    ),
    ("Aide en ligne", "Online help"),
    ("Téléchargement de la santé de la machine et de l'encre", "Machine and ink health upload"),
    ("Vérification de l'adresse (nettoyage des adresses)", "Address verification"),
    ("Your Account (PB.com)", "Your Account (PB.com)"),
    ("Acheter des fournitures", "Buy supplies"),
    ("Suivre un envoi", "Track a shipment"),
    ("DM Works", "DM Works"),
    ("Outils postaux Outils de messagerie Web", "Postal tools, web mail tools"),
    ("SendPro", "SendPro"),
    ("SendSuite Tracking Online – Suivi en ligne", "SendSuite Tracking Online"),
    ("Enregistrements de transactions", "Transaction records"),
    ("Catalogue des destinations", "Catalogue of destinations"),
    ("Test du réseau", "Network test"),
];

/// How much the meter depends on a service.
pub(super) const fn group(group: Group, language: Language) -> &'static str {
    let (french, english) = match group {
        Group::Required => ("requis", "required"),
        Group::OptionalOn => ("facultatif, activé", "optional, on by default"),
        Group::OptionalOff => ("facultatif, désactivé", "optional, off by default"),
        Group::RemoteSupport => ("soutien à distance", "remote support"),
        Group::NetworkTest => ("test du réseau", "network test"),
    };
    match language {
        Language::French => french,
        Language::English => english,
    }
}

/// The proxy that destinations were reached by, when there was one: `proxy.example:3128`.
pub(super) fn proxy(report: &Report) -> Option<&str> {
    let used = report.checks.iter().find_map(|check| check.way.strip_prefix("proxy "));
    used.or_else(|| report.way.strip_prefix("proxy "))
        .or_else(|| report.way.strip_prefix("http://"))
}

/// How destinations were reached, in words.
pub(super) fn way_out(report: &Report, language: Language) -> String {
    let direct = language.pick("directe, sans mandataire", "direct, without a proxy");
    let by_settings = match proxy(report) {
        Some(proxy) => language.pick(format!("mandataire {proxy}"), format!("proxy {proxy}")),
        None => direct.to_owned(),
    };
    match report.way.as_str() {
        "environment" => {
            let from = language.pick("selon l’environnement", "by the environment");
            format!("{by_settings} ({from})")
        }
        "none" | "direct" => by_settings,
        way if way.starts_with("pac:") => format!("{by_settings} ({way})"),
        _ => by_settings,
    }
}

/// A length of time, `1.8 s` or « 1,8 s ».
pub(super) fn seconds(milliseconds: u64, language: Language) -> String {
    if milliseconds < 1_000 {
        return format!("{milliseconds}\u{a0}ms");
    }
    let tenths = (milliseconds + 50) / 100;
    let comma = language.pick(',', '.');
    format!("{}{comma}{}\u{a0}s", tenths / 10, tenths % 10)
}

/// A count with its noun, `1 check` or `3 checks`.
pub(super) fn count(number: usize, one: &str, many: &str, language: Language) -> String {
    // French has the singular for nothing too.
    let is_one = number == 1 || (number == 0 && language == Language::French);
    format!("{number}\u{a0}{}", if is_one { one } else { many })
}

/// When, as a person writes it.
pub(super) fn moment(at: jiff::Timestamp, language: Language) -> String {
    let at = jiff::tz::TimeZone::UTC.to_datetime(at);
    let month = usize::from(at.month().unsigned_abs()).saturating_sub(1);
    let (day, year, hour, minute) = (at.day(), at.year(), at.hour(), at.minute());
    language.pick(
        {
            let day = if day == 1 { "1er".to_owned() } else { day.to_string() };
            format!("{day}\u{a0}{} {year} à {hour}\u{a0}h\u{a0}{minute:02} UTC", MOIS[month])
        },
        format!("{} {day}, {year} at {hour:02}:{minute:02} UTC", MONTHS[month]),
    )
}

const MOIS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
