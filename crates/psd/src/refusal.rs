//! Every rule by which the device says no: a stable code, and the reason in both languages.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_postage::{Amount, Currency, Language};

use crate::State;

/// A rule says no. Nothing has changed, and the person who asked can change what they ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The device is in a state in which this is not done. The code is the state's.
    State(State),
    /// The clock shows a time before the last thing the device did. A refill or an inspection,
    /// which compare clocks, set this right.
    ClockMovedBack {
        /// What the clock shows.
        now: Timestamp,
        /// When the device last did something.
        last: Timestamp,
    },
    /// The date of a mark lies in the past (SOR/2010-220, s. 8: posted on the date shown).
    DateInPast {
        /// The date asked for.
        date: Date,
        /// The earliest that is allowed.
        earliest: Date,
    },
    /// The date of a mark lies too far ahead.
    DateTooFarAhead {
        /// The date asked for.
        date: Date,
        /// The latest that is allowed.
        latest: Date,
    },
    /// An amount in another currency than the registers'.
    WrongCurrency {
        /// The currency asked for.
        given: Currency,
        /// The registers'.
        kept: Currency,
    },
    /// An amount of nothing, where only a redate mark may be of nothing.
    ZeroAmount,
    /// An amount below nothing.
    NegativeAmount(Amount),
    /// A redate mark of some value (SOR/2010-220, s. 8(2): zero value).
    RedateWithValue(Amount),
    /// The amount is so high that the operator must confirm it.
    HighValue {
        /// The amount asked for.
        amount: Amount,
        /// From where on confirmation is needed.
        from: Amount,
    },
    /// The amount is more than one mark may be worth.
    OverMaximumPostage {
        /// The amount asked for.
        amount: Amount,
        /// The most that is allowed.
        maximum: Amount,
    },
    /// The descending register does not hold the amount.
    InsufficientFunds {
        /// The amount asked for.
        amount: Amount,
        /// What is left.
        available: Amount,
    },
    /// The inspection is overdue (REQ FUNDS-3).
    InspectionOverdue {
        /// When it was due.
        due: Date,
    },
    /// Too many paid pieces wait to be printed.
    TooManyUnprinted {
        /// How many.
        count: usize,
    },
    /// Something happened between pre-debit and perform; ask again.
    StalePreDebit,
    /// A refill of another amount is pending and must be settled first.
    RefillPending {
        /// Its number.
        sequence: u64,
        /// Its amount.
        amount: Amount,
    },
    /// There is no pending refill to which this could be the reply.
    NoRefillPending,
    /// Less than one refill must be.
    BelowMinimumRefill {
        /// The least.
        minimum: Amount,
    },
    /// More than one refill may be.
    AboveMaximumRefill {
        /// The most.
        maximum: Amount,
    },
    /// The descending register would exceed its maximum.
    OverCapacity {
        /// What it would hold.
        after: Amount,
        /// The most it may hold.
        maximum: Amount,
    },
    /// A refill reply for a refill before the last one applied.
    RefillReplayed {
        /// The reply's number.
        sequence: u64,
        /// The last one applied.
        last: u64,
    },
    /// A refill reply for another refill than the pending one.
    RefillOutOfOrder {
        /// The reply's number.
        sequence: u64,
        /// The pending one's.
        expected: u64,
    },
    /// There is no pending inspection to which this could be the reply.
    NoInspectionPending,
    /// An inspection reply for an inspection before the last one applied.
    InspectionReplayed {
        /// The reply's number.
        sequence: u64,
        /// The last one applied.
        last: u64,
    },
    /// An inspection reply for another inspection than the pending one.
    InspectionOutOfOrder {
        /// The reply's number.
        sequence: u64,
        /// The pending one's.
        expected: u64,
    },
    /// No operational block was asked for since the device was opened.
    NoInstallationPending,
    /// An operational block that is not newer than the one installed.
    BlockOutdated {
        /// Its version.
        version: u32,
        /// The version installed.
        installed: u32,
    },
    /// No paid and unprinted piece has this record.
    NotUnprinted {
        /// The record asked for.
        record: u64,
    },
    /// The piece was printed once more already.
    AlreadyReprinted {
        /// The record of the piece.
        record: u64,
    },
}

impl Refusal {
    /// The stable code: never translated, never changed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::State(State::Manufactured) => "not-initialised",
            Refusal::State(State::Initialised) => "not-installed",
            Refusal::State(State::Authorised) => "no-contact-yet",
            Refusal::State(State::Suspended) => "suspended",
            Refusal::State(State::Tampered) => "tampered",
            Refusal::State(State::WithdrawPending | State::Withdrawn) => "withdrawn",
            Refusal::State(_) => "wrong-state",
            Refusal::ClockMovedBack { .. } => "clock-moved-back",
            Refusal::DateInPast { .. } => "date-in-past",
            Refusal::DateTooFarAhead { .. } => "date-too-far-ahead",
            Refusal::WrongCurrency { .. } => "wrong-currency",
            Refusal::ZeroAmount => "zero-amount",
            Refusal::NegativeAmount(_) => "negative-amount",
            Refusal::RedateWithValue(_) => "redate-with-value",
            Refusal::HighValue { .. } => "high-value",
            Refusal::OverMaximumPostage { .. } => "over-maximum-postage",
            Refusal::InsufficientFunds { .. } => "insufficient-funds",
            Refusal::InspectionOverdue { .. } => "inspection-overdue",
            Refusal::TooManyUnprinted { .. } => "too-many-unprinted",
            Refusal::StalePreDebit => "stale-pre-debit",
            Refusal::RefillPending { .. } => "refill-pending",
            Refusal::NoRefillPending => "no-refill-pending",
            Refusal::BelowMinimumRefill { .. } => "below-minimum-refill",
            Refusal::AboveMaximumRefill { .. } => "above-maximum-refill",
            Refusal::OverCapacity { .. } => "over-capacity",
            Refusal::RefillReplayed { .. } => "refill-replayed",
            Refusal::RefillOutOfOrder { .. } => "refill-out-of-order",
            Refusal::NoInspectionPending => "no-inspection-pending",
            Refusal::InspectionReplayed { .. } => "inspection-replayed",
            Refusal::InspectionOutOfOrder { .. } => "inspection-out-of-order",
            Refusal::NoInstallationPending => "no-installation-pending",
            Refusal::BlockOutdated { .. } => "block-outdated",
            Refusal::NotUnprinted { .. } => "not-unprinted",
            Refusal::AlreadyReprinted { .. } => "already-reprinted",
        }
    }

    /// The reason, in the language of the reader.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        let money = |amount: &Amount| amount.format(language);
        let text = |french: &str, english: &str| language.pick(french, english).to_owned();
        match self {
            Refusal::State(state) => state_text(*state, language).to_owned(),
            Refusal::ClockMovedBack { now, last } => match language {
                Language::French => format!(
                    "l'horloge indique {now}, avant la dernière opération ({last}) : réglez-la, ou faites un relevé"
                ),
                Language::English => format!(
                    "the clock shows {now}, before the last operation ({last}): set it, or have the device inspected"
                ),
            },
            Refusal::DateInPast { date, earliest } => match language {
                Language::French => format!("la date {date} est passée : au plus tôt {earliest}"),
                Language::English => format!("the date {date} is past: {earliest} at the earliest"),
            },
            Refusal::DateTooFarAhead { date, latest } => match language {
                Language::French => {
                    format!("la date {date} est trop éloignée : au plus tard {latest}")
                }
                Language::English => {
                    format!("the date {date} is too far ahead: {latest} at the latest")
                }
            },
            Refusal::WrongCurrency { given, kept } => match language {
                Language::French => {
                    format!("le montant est en {given}, et la machine compte en {kept}")
                }
                Language::English => {
                    format!("the amount is in {given}, and the meter counts in {kept}")
                }
            },
            Refusal::ZeroAmount => {
                text("un affranchissement ne peut être nul", "postage cannot be zero")
            }
            Refusal::NegativeAmount(_) => {
                text("un montant ne peut être négatif", "an amount cannot be negative")
            }
            Refusal::RedateWithValue(amount) => match language {
                Language::French => format!(
                    "une correction de date est de valeur nulle, et non de {}",
                    money(amount)
                ),
                Language::English => {
                    format!("a date correction is of zero value, not of {}", money(amount))
                }
            },
            Refusal::HighValue { amount, from } => match language {
                Language::French => format!(
                    "{} est une valeur élevée ({} ou plus) : confirmez",
                    money(amount),
                    money(from)
                ),
                Language::English => format!(
                    "{} is a high value ({} or more): confirm it",
                    money(amount),
                    money(from)
                ),
            },
            Refusal::OverMaximumPostage { amount, maximum } => match language {
                Language::French => format!(
                    "{} dépasse le maximum d'une empreinte, {}",
                    money(amount),
                    money(maximum)
                ),
                Language::English => format!(
                    "{} is more than one mark may be worth, {}",
                    money(amount),
                    money(maximum)
                ),
            },
            Refusal::InsufficientFunds { amount, available } => match language {
                Language::French => format!(
                    "fonds insuffisants : {} demandés, {} restants ; faites une recharge",
                    money(amount),
                    money(available)
                ),
                Language::English => format!(
                    "insufficient funds: {} asked for, {} left; refill the meter",
                    money(amount),
                    money(available)
                ),
            },
            Refusal::InspectionOverdue { due } => match language {
                Language::French => format!("le relevé était dû le {due} : faites un relevé"),
                Language::English => {
                    format!("the inspection was due on {due}: have the device inspected")
                }
            },
            Refusal::TooManyUnprinted { count } => match language {
                Language::French => {
                    format!("{count} plis payés attendent l'impression : imprimez-les d'abord")
                }
                Language::English => {
                    format!("{count} paid pieces wait to be printed: print them first")
                }
            },
            Refusal::StalePreDebit => text(
                "l'affranchissement préparé n'est plus valable : recommencez",
                "the prepared postage is no longer valid: start again",
            ),
            _ => self.exchange_message(language),
        }
    }

    /// The reasons that concern refills, inspections, installation and printing.
    fn exchange_message(&self, language: Language) -> String {
        let money = |amount: &Amount| amount.format(language);
        let text = |french: &str, english: &str| language.pick(french, english).to_owned();
        match self {
            Refusal::RefillPending { sequence, amount } => match language {
                Language::French => format!(
                    "la recharge {sequence} de {} est en attente : terminez-la d'abord",
                    money(amount)
                ),
                Language::English => {
                    format!("refill {sequence} of {} is pending: settle it first", money(amount))
                }
            },
            Refusal::BelowMinimumRefill { minimum } => match language {
                Language::French => format!("une recharge est d'au moins {}", money(minimum)),
                Language::English => format!("a refill is at least {}", money(minimum)),
            },
            Refusal::AboveMaximumRefill { maximum } => match language {
                Language::French => format!("une recharge est d'au plus {}", money(maximum)),
                Language::English => format!("a refill is at most {}", money(maximum)),
            },
            Refusal::OverCapacity { after, maximum } => match language {
                Language::French => format!(
                    "la machine contiendrait {}, et au plus {} sont permis",
                    money(after),
                    money(maximum)
                ),
                Language::English => format!(
                    "the meter would hold {}, and at most {} is allowed",
                    money(after),
                    money(maximum)
                ),
            },
            Refusal::RefillReplayed { sequence, last } => match language {
                Language::French => {
                    format!("la réponse est de la recharge {sequence}, et la {last} est déjà faite")
                }
                Language::English => {
                    format!("the reply is of refill {sequence}, and {last} is done already")
                }
            },
            Refusal::RefillOutOfOrder { sequence, expected } => match language {
                Language::French => format!(
                    "la réponse est de la recharge {sequence}, et la {expected} est attendue"
                ),
                Language::English => {
                    format!("the reply is of refill {sequence}, and {expected} is expected")
                }
            },
            Refusal::InspectionReplayed { sequence, last } => match language {
                Language::French => {
                    format!("la réponse est du relevé {sequence}, et le {last} est déjà fait")
                }
                Language::English => {
                    format!("the reply is of inspection {sequence}, and {last} is done already")
                }
            },
            Refusal::InspectionOutOfOrder { sequence, expected } => match language {
                Language::French => {
                    format!("la réponse est du relevé {sequence}, et le {expected} est attendu")
                }
                Language::English => {
                    format!("the reply is of inspection {sequence}, and {expected} is expected")
                }
            },
            Refusal::BlockOutdated { version, installed } => match language {
                Language::French => format!(
                    "le bloc opérationnel {version} n'est pas plus récent que le {installed}"
                ),
                Language::English => {
                    format!("operational block {version} is not newer than {installed}")
                }
            },
            Refusal::NotUnprinted { record } => match language {
                Language::French => {
                    format!("aucun pli payé et non imprimé ne porte le numéro {record}")
                }
                Language::English => format!("no paid and unprinted piece has record {record}"),
            },
            Refusal::AlreadyReprinted { record } => match language {
                Language::French => format!("le pli {record} a déjà été imprimé une seconde fois"),
                Language::English => {
                    format!("the piece of record {record} was printed once more already")
                }
            },
            Refusal::NoRefillPending => {
                text("aucune recharge n'est en attente", "no refill is pending")
            }
            Refusal::NoInspectionPending => {
                text("aucun relevé n'est en attente", "no inspection is pending")
            }
            _ => text(
                "aucun bloc opérationnel n'a été demandé",
                "no operational block was asked for",
            ),
        }
    }
}

fn state_text(state: State, language: Language) -> &'static str {
    let (french, english) = match state {
        State::Manufactured => ("le DSP n'a pas encore de clés", "the PSD has no keys yet"),
        State::Initialised => (
            "le DSP n'a pas de bloc opérationnel : installez la machine",
            "the PSD has no operational block: install the meter",
        ),
        State::Authorised => (
            "la machine est installée mais n'a pas encore de fonds : faites une recharge",
            "the meter is installed and has no funds yet: refill it",
        ),
        State::Suspended => (
            "le fournisseur a suspendu la machine : communiquez avec lui, puis faites un relevé",
            "the provider has suspended the meter: contact them, then have it inspected",
        ),
        State::Tampered => (
            "le DSP a été ouvert : il ne fonctionnera plus ; communiquez avec le fournisseur",
            "the PSD was opened: it will work no more; contact the provider",
        ),
        State::WithdrawPending | State::Withdrawn => {
            ("la machine est retirée du service", "the meter is withdrawn from service")
        }
        State::Operational | State::InspectionDue | State::Locked => {
            ("le DSP est déjà en service", "the PSD is in service already")
        }
    };
    language.pick(french, english)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for Refusal {}
