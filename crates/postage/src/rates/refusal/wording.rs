//! The words of each refusal, in both languages.

use crate::Language;
use crate::wording::say;

use super::super::Service;
use super::super::units::decimal;
use super::{PriceRefusal, Side};

impl PriceRefusal {
    pub(super) fn about_the_table(&self, language: Language) -> Option<String> {
        Some(match self {
            Self::NoTable => say!(
                language,
                "aucune table de tarifs n’est chargée\u{a0}: téléchargez les tarifs",
                "no rate table is loaded: download the rates"
            ),
            Self::NotYetInForce { date, table, from } => say!(
                language,
                "aucune table de tarifs n’est en vigueur le {}\u{a0}: la première, {}, commence le {}",
                "no rate table is in force on {}: the first, {}, starts on {}",
                date,
                table,
                from
            ),
            Self::Expired { date, table, until, next: Some(next) } => say!(
                language,
                "aucune table de tarifs n’est en vigueur le {}\u{a0}: {} a pris fin le {} et la suivante commence le {}",
                "no rate table is in force on {}: {} ended on {} and the next starts on {}",
                date,
                table,
                until,
                next
            ),
            Self::Expired { date, table, until, next: None } => say!(
                language,
                "aucune table de tarifs n’est en vigueur le {}\u{a0}: {} a pris fin le {}; téléchargez les tarifs",
                "no rate table is in force on {}: {} ended on {}; download the rates",
                date,
                table,
                until
            ),
            Self::UnknownService { service, known, table } => say!(
                language,
                "le service «\u{a0}{}\u{a0}» n’existe pas dans la table {}\u{a0}: choisissez {}",
                "there is no service “{}” in table {}: choose {}",
                service,
                table,
                list(known.iter().map(Service::as_str), language)
            ),
            _ => return None,
        })
    }

    pub(super) fn about_the_limits(&self, language: Language) -> Option<String> {
        Some(match self {
            Self::TooHeavy { service, weight, limit, units } => say!(
                language,
                "trop lourd pour {}\u{a0}: {}, et le maximum est de {}",
                "too heavy for {}: {}, and the most is {}",
                service.text(language),
                units.weight(*weight, language),
                units.weight(*limit, language)
            ),
            Self::TooLarge { service, side, length, limit, units } => say!(
                language,
                "trop {} pour {}\u{a0}: {}, et le maximum est de {}",
                "too {} for {}: {}, and the most is {}",
                match side {
                    Side::Length => language.pick("long", "long"),
                    Side::Width => language.pick("large", "wide"),
                    Side::Thickness => language.pick("épais", "thick"),
                },
                service.text(language),
                units.length(*length, language),
                units.length(*limit, language)
            ),
            Self::TooSmall { service, side, length, limit, units } => say!(
                language,
                "trop {} pour {}\u{a0}: {}, et le minimum est de {}",
                "too {} for {}: {}, and the least is {}",
                match side {
                    Side::Length => language.pick("court", "short"),
                    Side::Width => language.pick("étroit", "narrow"),
                    Side::Thickness => language.pick("mince", "thin"),
                },
                service.text(language),
                units.length(*length, language),
                units.length(*limit, language)
            ),
            Self::BadProportions { service, ratio, at_least, at_most } => say!(
                language,
                "mauvaises proportions pour {}\u{a0}: la longueur fait {} fois la largeur, et elle doit en faire de {} à {} fois",
                "bad proportions for {}: the length is {} times the width, and it must be {} to {} times",
                service.text(language),
                decimal(*ratio, "", language),
                decimal(*at_least, "", language),
                decimal(*at_most, "", language)
            ),
            _ => return None,
        })
    }

    pub(super) fn about_the_row(&self, language: Language) -> Option<String> {
        Some(match self {
            Self::NoPriceToDestination { service, destination, table } => say!(
                language,
                "aucun prix pour {} vers {} dans la table {}",
                "no price for {} to {} in table {}",
                service.text(language),
                destination,
                table
            ),
            Self::NoPriceAtWeight { service, size, destination, weight, units, table } => say!(
                language,
                "aucun prix pour {}, {}, à {} vers {} dans la table {}",
                "no price for {}, {}, at {} to {} in table {}",
                service.text(language),
                size.text(language),
                units.weight(*weight, language),
                destination,
                table
            ),
            Self::RegisteredNotOffered { service, destination, offered, table } => {
                let zones = list(offered.iter().map(|zone| zone.text(language)), language);
                let only = match offered[..] {
                    [] => String::new(),
                    _ => say!(language, ", seulement vers {}", ", only to {}", zones),
                };
                say!(
                    language,
                    "le courrier recommandé n’est pas offert pour {} vers {} dans la table {}{}",
                    "registered mail is not offered for {} to {} in table {}{}",
                    service.text(language),
                    destination,
                    table,
                    only
                )
            }
            _ => return None,
        })
    }
}

/// `a`, `a or b`, `a, b or c`.
fn list<'a>(names: impl Iterator<Item = &'a str>, language: Language) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => {
            format!("{} {} {last}", others.join(", "), language.pick("ou", "or"))
        }
    }
}
