//! Why something that the staff asked for was not done.

use timbre_catalogue::Version;
use timbre_funds::refund::RefundRefusal;
use timbre_funds::{FundsRefusal, LedgerError};
use timbre_key_store::{KeyId, KeyRole, KeyStoreError};
use timbre_postage::{AccountNumber, Amount, Currency, Language, MeterSerial, RateTableError};

use crate::store::StoreError;

/// A refusal, or a fault of the store or the keys.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// There is no such customer.
    #[error("there is no customer {0}")]
    UnknownCustomer(AccountNumber),
    /// There is no such meter.
    #[error("there is no meter {0}")]
    UnknownMeter(MeterSerial),
    /// The meter is enrolled already.
    #[error("meter {0} is enrolled already")]
    MeterExists(MeterSerial),
    /// The meter is not in a state for this.
    #[error("meter {serial} is {state}")]
    WrongState {
        /// The meter.
        serial: MeterSerial,
        /// Its state.
        state: &'static str,
    },
    /// The block says already what it is to say.
    #[error(
        "that is what the operational block of meter {0} says already: no new version was issued"
    )]
    TermsUnchanged(MeterSerial),
    /// The limits that a block would have contradict each other, or one is not more than nothing.
    #[error(
        "the limits contradict each other: {below} ({low}) is to be more than nothing and at most {above} ({high})"
    )]
    LimitsContradict {
        /// Which limit.
        below: &'static str,
        /// It.
        low: Amount,
        /// Which other.
        above: &'static str,
        /// It.
        high: Amount,
    },
    /// The meter is reported lost or stolen.
    #[error("meter {0} is reported lost or stolen: once it is back, meter report-found lifts that")]
    ReportedMissing(MeterSerial),
    /// The meter is not reported lost or stolen.
    #[error("meter {0} is not reported lost or stolen")]
    NotReportedMissing(MeterSerial),
    /// A key waits to sign already.
    #[error("a new {0} key waits to sign already: let it, then rotate again")]
    RotationUnderWay(KeyRole),
    /// There is no such key.
    #[error("there is no {role} key {id}: infrastructure keys list shows those that there are")]
    UnknownKey {
        /// The role.
        role: KeyRole,
        /// The id that was given.
        id: KeyId,
    },
    /// A key signs what its public half does not verify.
    #[error("the {role} key {id} signs what its public half does not verify: stop using it")]
    UnsoundKey {
        /// The role.
        role: KeyRole,
        /// The key.
        id: KeyId,
    },
    /// No other key could sign.
    #[error(
        "no other {role} key than {id} signs: rotate it first, and wait until the new one is active"
    )]
    OnlyKey {
        /// The role.
        role: KeyRole,
        /// The key.
        id: KeyId,
    },
    /// No post's rules for spoiled marks are known in this currency.
    #[error("no rules for spoiled marks are known in {0}")]
    NoSpoiledRules(Currency),
    /// There is no such claim of spoiled marks.
    #[error("account {account} has no claim {number} of spoiled marks")]
    UnknownClaim {
        /// The account.
        account: AccountNumber,
        /// The number.
        number: u64,
    },
    /// An amount is in another currency than the account.
    #[error("the account is in {expected}, and {given} was given")]
    WrongCurrency {
        /// The currency of the account.
        expected: Currency,
        /// The currency of the amount.
        given: Currency,
    },
    /// A name is empty or too long, or an amount is below zero.
    #[error("{0}")]
    Invalid(&'static str),
    /// There is no such sorting machine.
    #[error("there is no sorting machine {0}")]
    UnknownSorter(String),
    /// The name is another machine's.
    #[error("there is a sorting machine {0} already: a name is given once, for ever")]
    SorterExists(String),
    /// The reference was used for another deposit.
    #[error("the reference {0} was used for another deposit already")]
    ReferenceReused(String),
    /// The name was given to another text already.
    #[error(
        "rate table {0} is published already with another text: a corrected table has another name"
    )]
    TablePublished(String),
    /// The rate table is not right.
    #[error("rate table: {0}")]
    RateTable(#[from] RateTableError),
    /// The version was published with another text.
    #[error(
        "version {version} of the catalogue {catalogue} is published already with another text: give the corrected one a later version"
    )]
    CataloguePublished {
        /// The name of the catalogue.
        catalogue: String,
        /// Its version.
        version: Version,
    },
    /// A later version is published.
    #[error(
        "version {version} of the catalogue {catalogue} is older than {current}, which is published: give it a later version"
    )]
    CatalogueOutdated {
        /// The name of the catalogue.
        catalogue: String,
        /// The version that was given.
        version: Version,
        /// The version that is published.
        current: Version,
    },
    /// The catalogue is not right.
    #[error("catalogue: {0}")]
    Catalogue(#[from] timbre_catalogue::ReadError),
    /// The meter was replaced by another already.
    #[error("meter {meter} was replaced by {successor} already: replace that one instead")]
    AlreadyReplaced {
        /// The meter.
        meter: MeterSerial,
        /// What stands in for it.
        successor: MeterSerial,
    },
    /// More is to be given back than there is, or less than a device has signed for.
    #[error("{asked} cannot be given back: the meter held {held}")]
    TooMuch {
        /// What was to be given back.
        asked: Amount,
        /// What there is.
        held: Amount,
    },
    /// What the meter held is not given back now.
    #[error(transparent)]
    Refund(#[from] RefundRefusal),
    /// The text is not a head of these books.
    #[error("audit head: {0}")]
    Head(#[from] super::HeadError),
    /// There is no such case.
    #[error("meter {serial} has no case {number}")]
    UnknownCase {
        /// The meter.
        serial: MeterSerial,
        /// The number that was asked for.
        number: u64,
    },
    /// The case is not in a state for this.
    #[error("case {number} of meter {serial} is {state}")]
    WrongCaseState {
        /// The meter.
        serial: MeterSerial,
        /// The case.
        number: u64,
        /// Its state.
        state: &'static str,
    },
    /// The folder of an export is not empty, or cannot be written.
    #[error("{0}")]
    Export(String),
    /// A rule of the funds says no.
    #[error(transparent)]
    Funds(#[from] FundsRefusal),
    /// The ledger holds or was given what cannot be.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
}

impl StaffError {
    /// The stable code, in kebab case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            StaffError::UnknownCustomer(_) => "unknown-customer",
            StaffError::UnknownMeter(_) => "unknown-meter",
            StaffError::MeterExists(_) => "meter-exists",
            StaffError::WrongState { .. } => "wrong-state",
            StaffError::TermsUnchanged(_) => "terms-unchanged",
            StaffError::LimitsContradict { .. } => "limits-contradict",
            StaffError::ReportedMissing(_) => "reported-missing",
            StaffError::NotReportedMissing(_) => "not-reported-missing",
            StaffError::RotationUnderWay(_) => "rotation-under-way",
            StaffError::UnknownKey { .. } => "unknown-key",
            StaffError::UnsoundKey { .. } => "unsound-key",
            StaffError::OnlyKey { .. } => "only-key",
            StaffError::NoSpoiledRules(_) => "no-spoiled-rules",
            StaffError::UnknownClaim { .. } => "unknown-claim",
            StaffError::WrongCurrency { .. } => "wrong-currency",
            StaffError::Invalid(_) => "invalid",
            StaffError::UnknownSorter(_) => "unknown-sorter",
            StaffError::SorterExists(_) => "sorter-exists",
            StaffError::ReferenceReused(_) => "reference-reused",
            StaffError::TablePublished(_) => "table-published",
            StaffError::RateTable(_) => "rate-table",
            StaffError::CataloguePublished { .. } => "catalogue-published",
            StaffError::CatalogueOutdated { .. } => "catalogue-outdated",
            StaffError::Catalogue(_) => "catalogue",
            StaffError::AlreadyReplaced { .. } => "already-replaced",
            StaffError::TooMuch { .. } => "too-much",
            StaffError::Refund(refusal) => refusal.code(),
            StaffError::Head(_) => "audit-head",
            StaffError::UnknownCase { .. } => "unknown-case",
            StaffError::WrongCaseState { .. } => "wrong-case-state",
            StaffError::Export(_) => "export",
            StaffError::Funds(refusal) => refusal.code(),
            StaffError::Ledger(_) => "ledger",
            StaffError::Store(_) => "store",
            StaffError::Keys(_) => "keys",
        }
    }

    /// The sentence for a person. What only the provider's own staff and machines say is in English.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        let french = match self {
            StaffError::UnknownCustomer(account) => format!("il n’y a pas de client {account}"),
            StaffError::UnknownMeter(serial) => format!("il n’y a pas de machine {serial}"),
            StaffError::MeterExists(serial) => format!("la machine {serial} est déjà inscrite"),
            StaffError::WrongState { serial, .. } => {
                format!("l’état de la machine {serial} ne le permet pas")
            }
            StaffError::TermsUnchanged(serial) => {
                format!(
                    "le bloc opérationnel de la machine {serial} le dit déjà\u{a0}: aucune version nouvelle n’est émise"
                )
            }
            StaffError::LimitsContradict { below, low, above, high } => {
                format!(
                    "les limites se contredisent\u{a0}: {below} ({low}) est plus que rien et au plus {above} ({high})"
                )
            }
            StaffError::ReportedMissing(serial) => {
                format!(
                    "la machine {serial} est déclarée perdue ou volée\u{a0}: une fois revenue, meter report-found lève la déclaration"
                )
            }
            StaffError::NotReportedMissing(serial) => {
                format!("la machine {serial} n’est pas déclarée perdue ni volée")
            }
            StaffError::RotationUnderWay(role) => {
                format!(
                    "une nouvelle clé {role} attend déjà de signer\u{a0}: laissez-la faire, puis recommencez"
                )
            }
            StaffError::UnknownKey { role, id } => {
                format!(
                    "il n’y a pas de clé {role} {id}\u{a0}: infrastructure keys list montre celles qu’il y a"
                )
            }
            StaffError::UnsoundKey { role, id } => {
                format!(
                    "la clé {role} {id} signe ce que sa clé publique ne vérifie pas\u{a0}: ne l’employez plus"
                )
            }
            StaffError::OnlyKey { role, id } => {
                format!(
                    "aucune autre clé {role} que {id} ne signe\u{a0}: remplacez-la d’abord, et attendez que la nouvelle soit active"
                )
            }
            StaffError::NoSpoiledRules(currency) => {
                format!("aucune règle n’est connue pour les empreintes gâtées en {currency}")
            }
            StaffError::UnknownClaim { account, number } => {
                format!("le compte {account} n’a pas de demande {number} d’empreintes gâtées")
            }
            StaffError::WrongCurrency { expected, given } => {
                format!("le compte est en {expected}, et le montant en {given}")
            }
            StaffError::UnknownSorter(name) => format!("il n’y a pas de trieuse {name}"),
            StaffError::SorterExists(name) => {
                format!("il y a déjà une trieuse {name} : un nom n’est donné qu’une fois")
            }
            StaffError::ReferenceReused(reference) => {
                format!("la référence {reference} a déjà servi à un autre dépôt")
            }
            StaffError::TablePublished(name) => {
                format!(
                    "la grille {name} est déjà publiée avec un autre texte : une correction porte un autre nom"
                )
            }
            StaffError::CataloguePublished { catalogue, version } => {
                format!(
                    "la version {version} du catalogue {catalogue} est déjà publiée avec un autre texte : une correction porte une version plus récente"
                )
            }
            StaffError::CatalogueOutdated { catalogue, version, current } => {
                format!(
                    "la version {version} du catalogue {catalogue} est plus ancienne que {current}, qui est publiée : donnez-lui une version plus récente"
                )
            }
            StaffError::AlreadyReplaced { meter, successor } => {
                format!(
                    "la machine {meter} est déjà remplacée par {successor}\u{a0}: remplacez celle-là"
                )
            }
            StaffError::TooMuch { asked, held } => {
                format!("{asked} ne peuvent être rendus\u{a0}: la machine contenait {held}")
            }
            StaffError::Refund(refusal) => return refusal.message(language),
            StaffError::UnknownCase { serial, number } => {
                format!("la machine {serial} n’a pas de dossier {number}")
            }
            StaffError::WrongCaseState { serial, number, .. } => {
                format!("l’état du dossier {number} de la machine {serial} ne le permet pas")
            }
            StaffError::Funds(refusal) => return refusal.message(language),
            _ => return self.to_string(),
        };
        match language {
            Language::French => french,
            Language::English => self.to_string(),
        }
    }
}
