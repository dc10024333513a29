//! What a header calls its columns, in both languages.

use timbre_postage::PriceRefusal;

/// A column that is read; all others are kept and ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Weight,
    Destination,
    Class,
    Size,
    Account,
    Reference,
    Registered,
}

impl Column {
    /// The column to look at when a price was refused.
    pub(super) fn blamed_by(refusal: &PriceRefusal) -> Option<Column> {
        match refusal {
            PriceRefusal::NoTable
            | PriceRefusal::NotYetInForce { .. }
            | PriceRefusal::Expired { .. } => None,
            PriceRefusal::UnknownService { .. } => Some(Column::Class),
            PriceRefusal::NoPriceToDestination { .. } => Some(Column::Destination),
            PriceRefusal::TooHeavy { .. } | PriceRefusal::NoPriceAtWeight { .. } => {
                Some(Column::Weight)
            }
            PriceRefusal::TooLarge { .. }
            | PriceRefusal::TooSmall { .. }
            | PriceRefusal::BadProportions { .. } => Some(Column::Size),
            PriceRefusal::RegisteredNotOffered { .. } => Some(Column::Registered),
        }
    }

    const ALL: [Column; 7] = [
        Column::Weight,
        Column::Destination,
        Column::Class,
        Column::Size,
        Column::Account,
        Column::Reference,
        Column::Registered,
    ];

    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Column::Weight => &["weight", "poids"],
            Column::Destination => &["destination", "country", "pays", "to"],
            Column::Class => &["class", "service", "classe", "categorie"],
            Column::Size => &["size", "dimensions", "taille", "format"],
            Column::Account => &[
                "account",
                "cost_account",
                "compte",
                "cost_centre",
                "cost_center",
                "centre_de_couts",
            ],
            Column::Reference => &["reference", "ref"],
            Column::Registered => &["registered", "recommande"],
        }
    }

    /// The column that a header names, and the unit that the header gives to its cells.
    pub(super) fn of_header(header: &str) -> Option<(Column, Option<&'static str>)> {
        let name = simplified(header);
        for unit in ["g", "kg", "oz", "lb"] {
            let stem = name.strip_suffix(unit).and_then(|n| n.strip_suffix('_'));
            if stem.is_some_and(|stem| Column::Weight.names().contains(&stem)) {
                return Some((Column::Weight, Some(unit)));
            }
        }
        let column = Column::ALL.into_iter().find(|c| c.names().contains(&name.as_str()))?;
        Some((column, None))
    }
}

/// A header without what people write differently: case, accents, spaces, punctuation.
fn simplified(header: &str) -> String {
    let mut name = String::new();
    for c in header.trim().chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'à' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            c if c.is_alphanumeric() => c,
            _ if name.ends_with('_') => continue,
            _ => '_',
        };
        name.push(plain);
    }
    name.trim_matches('_').to_owned()
}
