//! Why a piece has no price: each refusal names the limit that was broken and by how much.
//!
//! The variants are in the order of precedence in which they are looked for: the date, the
//! service, the destination, the piece's limits, the row, the extra service.

use std::fmt;

use jiff::civil::Date;

use crate::{Country, Dimensions, Language, Weight};

use super::{Label, Service, Units};

mod wording;

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

impl Side {
    /// The sides in the order in which their limits are looked at.
    pub(super) const ALL: [Side; 3] = [Side::Length, Side::Width, Side::Thickness];

    /// The side of a size, in micrometres.
    pub(super) fn of(self, size: Dimensions) -> u32 {
        match self {
            Side::Length => size.length(),
            Side::Width => size.width(),
            Side::Thickness => size.thickness(),
        }
    }
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
        self.about_the_table(language)
            .or_else(|| self.about_the_limits(language))
            .or_else(|| self.about_the_row(language))
            .unwrap_or_else(|| self.code().to_owned())
    }
}

impl fmt::Display for PriceRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for PriceRefusal {}
