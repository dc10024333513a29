//! Why a piece has no price: each refusal names the limit that was broken and by how much.
//!
//! The variants are in the order of precedence in which they are looked for: the date, the
//! service, the destination, the piece's limits, the row, the extra service.

use std::fmt;

use jiff::civil::Date;

use crate::{Country, Language, Weight};

use super::units::decimal;
use super::{Label, Service, Units};

/// A side of a piece that a limit speaks about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The longer side.
    Length,
    /// The shorter side.
    Width,
    /// The thickness.
    Thickness,
}

/// Why there is no price, in order of precedence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PriceRefusal {
    /// Not one rate table is loaded.
    NoTable,
    /// Every table starts later than the date.
    NotYetInForce {
        /// The date that was asked about.
        date: Date,
        /// The earliest table.
        table: String,
        /// The first day of that table.
        from: Date,
    },
    /// The tables that had started by the date have all ended before it.
    Expired {
        /// The date that was asked about.
        date: Date,
        /// The table that ended last before the date.
        table: String,
        /// The last day of that table.
        until: Date,
        /// The first day of the next table, if one is loaded.
        next: Option<Date>,
    },
    /// The table in force does not know the service.
    UnknownService {
        /// What was asked for.
        service: Service,
        /// What there is.
        known: Vec<Service>,
        /// The table in force.
        table: String,
    },
    /// The table in force has no price for the service to that country.
    NoPriceToDestination {
        /// The service.
        service: Label,
        /// The country.
        destination: Country,
        /// The table in force.
        table: String,
    },
    /// The piece is heavier than the service takes.
    TooHeavy {
        /// The service.
        service: Label,
        /// What the piece weighs.
        weight: Weight,
        /// The most the service takes.
        limit: Weight,
        /// How the market writes weights.
        units: Units,
    },
    /// A side is over the service's largest size.
    TooLarge {
        /// The service.
        service: Label,
        /// The side.
        side: Side,
        /// The side's length, in micrometres.
        length: u32,
        /// The most the service takes, in micrometres.
        limit: u32,
        /// How the market writes lengths.
        units: Units,
    },
    /// A side is under the service's smallest size.
    TooSmall {
        /// The service.
        service: Label,
        /// The side.
        side: Side,
        /// The side's length, in micrometres.
        length: u32,
        /// The least the service takes, in micrometres.
        limit: u32,
        /// How the market writes lengths.
        units: Units,
    },
    /// Length divided by width is outside what the service takes.
    BadProportions {
        /// The service.
        service: Label,
        /// The piece's length divided by its width, in thousandths.
        ratio: u64,
        /// The least, in thousandths.
        at_least: u64,
        /// The most, in thousandths.
        at_most: u64,
    },
    /// The piece is within the limits, but the table does not record its price.
    NoPriceAtWeight {
        /// The service.
        service: Label,
        /// The size class of the piece.
        size: Label,
        /// The country.
        destination: Country,
        /// What the piece weighs.
        weight: Weight,
        /// How the market writes weights.
        units: Units,
        /// The table in force.
        table: String,
    },
    /// Registered mail is not offered for the service to that country.
    RegisteredNotOffered {
        /// The service.
        service: Label,
        /// The country.
        destination: Country,
        /// The zones to which it is offered.
        offered: Vec<Label>,
        /// The table in force.
        table: String,
    },
}

impl PriceRefusal {
    /// The stable code, for files, messages and programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoTable => "no-rate-table",
            Self::NotYetInForce { .. } => "rates-not-yet-in-force",
            Self::Expired { .. } => "rates-expired",
            Self::UnknownService { .. } => "unknown-service",
            Self::NoPriceToDestination { .. } => "no-price-to-destination",
            Self::TooHeavy { .. } => "too-heavy",
            Self::TooLarge { side: Side::Length, .. } => "too-long",
            Self::TooLarge { side: Side::Width, .. } => "too-wide",
            Self::TooLarge { side: Side::Thickness, .. } => "too-thick",
            Self::TooSmall { side: Side::Length, .. } => "too-short",
            Self::TooSmall { side: Side::Width, .. } => "too-narrow",
            Self::TooSmall { side: Side::Thickness, .. } => "too-thin",
            Self::BadProportions { .. } => "bad-proportions",
            Self::NoPriceAtWeight { .. } => "no-price-at-weight",
            Self::RegisteredNotOffered { .. } => "registered-not-offered",
        }
    }

    /// What the operator reads: the limit, by how much it was broken, and what to do.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match language {
            Language::French => self.french(),
            Language::English => self.english(),
        }
    }

    fn english(&self) -> String {
        let en = Language::English;
        match self {
            Self::NoTable => "no rate table is loaded: download the rates".to_owned(),
            Self::NotYetInForce { date, table, from } => format!(
                "no rate table is in force on {date}: the earliest, {table}, starts on {from}"
            ),
            Self::Expired { date, table, until, next: Some(next) } => format!(
                "no rate table is in force on {date}: {table} ended on {until} and the next starts on {next}"
            ),
            Self::Expired { date, table, until, next: None } => format!(
                "no rate table is in force on {date}: {table} ended on {until}; download the rates"
            ),
            Self::UnknownService { service, known, table } => format!(
                "there is no service “{service}” in table {table}: choose {}",
                list(known.iter().map(Service::as_str), en)
            ),
            Self::NoPriceToDestination { service, destination, table } => {
                format!("no price for {} to {destination} in table {table}", service.en)
            }
            Self::TooHeavy { service, weight, limit, units } => format!(
                "too heavy for {}: {}, and the most is {}",
                service.en,
                units.weight(*weight, en),
                units.weight(*limit, en)
            ),
            Self::TooLarge { service, side, length, limit, units } => format!(
                "too {} for {}: {}, and the most is {}",
                match side {
                    Side::Length => "long",
                    Side::Width => "wide",
                    Side::Thickness => "thick",
                },
                service.en,
                units.length(*length, en),
                units.length(*limit, en)
            ),
            Self::TooSmall { service, side, length, limit, units } => format!(
                "too {} for {}: {}, and the least is {}",
                match side {
                    Side::Length => "short",
                    Side::Width => "narrow",
                    Side::Thickness => "thin",
                },
                service.en,
                units.length(*length, en),
                units.length(*limit, en)
            ),
            Self::BadProportions { service, ratio, at_least, at_most } => format!(
                "bad proportions for {}: the length is {} times the width, and it must be from {} to {} times",
                service.en,
                decimal(*ratio, "", en),
                decimal(*at_least, "", en),
                decimal(*at_most, "", en)
            ),
            Self::NoPriceAtWeight { service, size, destination, weight, units, table } => format!(
                "no price for {}, {}, at {} to {destination} in table {table}",
                service.en,
                size.en,
                units.weight(*weight, en)
            ),
            Self::RegisteredNotOffered { service, destination, offered, table } => {
                format!("registered mail is not offered for {} to {destination}{}", service.en, {
                    let zones = list(offered.iter().map(|zone| zone.en.as_str()), en);
                    if offered.is_empty() {
                        format!(" in table {table}")
                    } else {
                        format!(" in table {table}: only to {zones}")
                    }
                })
            }
        }
    }

    fn french(&self) -> String {
        let fr = Language::French;
        match self {
            Self::NoTable => {
                "aucune table de tarifs n’est chargée : téléchargez les tarifs".to_owned()
            }
            Self::NotYetInForce { date, table, from } => format!(
                "aucune table de tarifs n’est en vigueur le {date} : la première, {table}, commence le {from}"
            ),
            Self::Expired { date, table, until, next: Some(next) } => format!(
                "aucune table de tarifs n’est en vigueur le {date} : {table} a pris fin le {until} et la suivante commence le {next}"
            ),
            Self::Expired { date, table, until, next: None } => format!(
                "aucune table de tarifs n’est en vigueur le {date} : {table} a pris fin le {until}; téléchargez les tarifs"
            ),
            Self::UnknownService { service, known, table } => format!(
                "le service « {service} » n’existe pas dans la table {table} : choisissez {}",
                list(known.iter().map(Service::as_str), fr)
            ),
            Self::NoPriceToDestination { service, destination, table } => {
                format!("aucun prix pour {} vers {destination} dans la table {table}", service.fr)
            }
            Self::TooHeavy { service, weight, limit, units } => format!(
                "trop lourd pour {} : {}, et le maximum est de {}",
                service.fr,
                units.weight(*weight, fr),
                units.weight(*limit, fr)
            ),
            Self::TooLarge { service, side, length, limit, units } => format!(
                "trop {} pour {} : {}, et le maximum est de {}",
                match side {
                    Side::Length => "long",
                    Side::Width => "large",
                    Side::Thickness => "épais",
                },
                service.fr,
                units.length(*length, fr),
                units.length(*limit, fr)
            ),
            Self::TooSmall { service, side, length, limit, units } => format!(
                "trop {} pour {} : {}, et le minimum est de {}",
                match side {
                    Side::Length => "court",
                    Side::Width => "étroit",
                    Side::Thickness => "mince",
                },
                service.fr,
                units.length(*length, fr),
                units.length(*limit, fr)
            ),
            Self::BadProportions { service, ratio, at_least, at_most } => format!(
                "mauvaises proportions pour {} : la longueur fait {} fois la largeur, et elle doit en faire de {} à {} fois",
                service.fr,
                decimal(*ratio, "", fr),
                decimal(*at_least, "", fr),
                decimal(*at_most, "", fr)
            ),
            Self::NoPriceAtWeight { service, size, destination, weight, units, table } => format!(
                "aucun prix pour {}, {}, à {} vers {destination} dans la table {table}",
                service.fr,
                size.fr,
                units.weight(*weight, fr)
            ),
            Self::RegisteredNotOffered { service, destination, offered, table } => {
                format!(
                    "le courrier recommandé n’est pas offert pour {} vers {destination}{}",
                    service.fr,
                    {
                        let zones = list(offered.iter().map(|zone| zone.fr.as_str()), fr);
                        if offered.is_empty() {
                            format!(" dans la table {table}")
                        } else {
                            format!(" dans la table {table} : seulement vers {zones}")
                        }
                    }
                )
            }
        }
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

impl fmt::Display for PriceRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl std::error::Error for PriceRefusal {}
