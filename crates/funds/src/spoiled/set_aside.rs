//! Why a mark is not given back, in both languages and with what to do.

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_postage::{Amount, Language};

use crate::wording::say;

/// Why a mark is set aside. The variants stand in the order in which they are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetAside {
    /// No meter has its serial number.
    UnknownMeter,
    /// No key of the meter signed it as it reads.
    NotGenuine,
    /// The meter is another customer's.
    OtherCustomer,
    /// The meter was lost or stolen on the date of the mark.
    MeterMissing,
    /// It is a redate, which is of zero value.
    NoValue,
    /// It is in another currency than the rules.
    OtherCurrency,
    /// It was given back before.
    RefundedBefore(Timestamp),
    /// It was seen on mail: it was used.
    SeenOnMail(Timestamp),
    /// The meter has not uploaded the record of it.
    NoRecord,
    /// The meter's record of that piece says something else.
    RecordDiffers,
    /// Its date is too long ago.
    TooOld {
        /// The oldest date that is taken.
        oldest: Date,
    },
    /// It stands twice among what was given in.
    Twice,
    /// All that is good is worth too little together.
    TooLittle {
        /// Up to here nothing is given back.
        floor: Amount,
    },
}

impl SetAside {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            SetAside::UnknownMeter => "unknown-meter",
            SetAside::NotGenuine => "not-genuine",
            SetAside::OtherCustomer => "other-customer",
            SetAside::MeterMissing => "meter-missing",
            SetAside::NoValue => "no-value",
            SetAside::OtherCurrency => "other-currency",
            SetAside::RefundedBefore(_) => "refunded-before",
            SetAside::SeenOnMail(_) => "seen-on-mail",
            SetAside::NoRecord => "no-record",
            SetAside::RecordDiffers => "record-differs",
            SetAside::TooOld { .. } => "too-old",
            SetAside::Twice => "twice",
            SetAside::TooLittle { .. } => "too-little",
        }
    }

    /// Whether it may be more than a mistake, so that a person looks into it.
    #[must_use]
    pub fn is_suspicious(code: &str) -> bool {
        ["not-genuine", "meter-missing", "seen-on-mail", "record-differs"].contains(&code)
    }

    /// The reason and what to do, for a person.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        let day = |instant: &Timestamp| instant.strftime("%Y-%m-%d").to_string();
        match self {
            SetAside::UnknownMeter => say!(
                language,
                "aucune machine ne porte ce numéro\u{a0}: est-elle d’un autre fournisseur\u{a0}?",
                "no meter has this serial number: is it another provider’s?",
            ),
            SetAside::NotGenuine => say!(
                language,
                "la signature n’est pas celle de la machine\u{a0}: fausse ou modifiée",
                "the signature is not the meter’s: forged or altered",
            ),
            SetAside::OtherCustomer => say!(
                language,
                "la machine est à un autre client\u{a0}: à lui de la présenter",
                "the meter is another customer’s, who may give it in",
            ),
            SetAside::MeterMissing => say!(
                language,
                "la machine était perdue ou volée à cette date",
                "the meter was lost or stolen on that date",
            ),
            SetAside::NoValue => say!(
                language,
                "une correction de date est de valeur nulle",
                "a date correction is of zero value",
            ),
            SetAside::OtherCurrency => say!(
                language,
                "dans une autre monnaie que celle du compte",
                "in another currency than the account’s",
            ),
            SetAside::RefundedBefore(at) => {
                say!(language, "déjà remboursée le {}", "given back already on {}", day(at))
            }
            SetAside::SeenOnMail(at) => say!(
                language,
                "vue sur un envoi le {}\u{a0}: elle a servi",
                "seen on mail on {}: it was used",
                day(at)
            ),
            SetAside::NoRecord => say!(
                language,
                "la machine n’a pas encore téléversé son relevé\u{a0}: téléversez, puis présentez-la de nouveau",
                "the meter has not uploaded its record yet: upload, then give it in again",
            ),
            SetAside::RecordDiffers => say!(
                language,
                "le relevé de la machine pour cette pièce dit autre chose",
                "the meter’s record of that piece says something else",
            ),
            SetAside::TooOld { oldest } => say!(
                language,
                "trop ancienne\u{a0}: datée d’avant le {}",
                "too old: dated before {}",
                oldest
            ),
            SetAside::Twice => say!(
                language,
                "présentée deux fois dans le même lot\u{a0}: elle compte une fois",
                "given in twice at once: it counts once",
            ),
            SetAside::TooLittle { floor } => say!(
                language,
                "trop peu en tout\u{a0}: rien n’est remboursé pour {} ou moins; gardez-la pour la prochaine fois",
                "too little in all: nothing is given back for {} or less; keep it for the next time",
                floor.format(language)
            ),
        }
    }
}
