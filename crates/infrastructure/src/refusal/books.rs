//! Refusals about what went before: sequence numbers, records and their chain, withdrawals, rate tables.

use axum::http::StatusCode;

use timbre_postage::MeterSerial;

use super::{Texts, texts};

#[derive(Debug)]
pub(crate) enum Books {
    /// The sequence number is not the one that comes next.
    SequenceMismatch { expected: u64, found: u64 },
    /// A sequence number that was answered already came back with other content.
    SequenceReused { sequence: u64 },
    /// Records are missing between what is stored and what came.
    RecordsMissing { expected: u64, found: u64 },
    /// A record, or the chain through it, is not what the device sealed.
    ChainBroken { sequence: u64 },
    /// The registers of a device that asks to be withdrawn are not what the books say.
    WithdrawalContradicted,
    /// Another request of this device was booked as its withdrawal.
    AlreadyWithdrawn,
    /// The meter stands in for no other.
    NothingReplaced(MeterSerial),
    /// No rate table has this name.
    UnknownTable(String),
}

impl Books {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Books::SequenceMismatch { .. } | Books::SequenceReused { .. } => "sequence-mismatch",
            Books::RecordsMissing { .. } => "records-missing",
            Books::ChainBroken { .. } => "chain-broken",
            Books::WithdrawalContradicted => "withdrawal-contradicted",
            Books::AlreadyWithdrawn => "already-withdrawn",
            Books::NothingReplaced(_) => "nothing-replaced",
            Books::UnknownTable(_) => "unknown-table",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Books::UnknownTable(_) | Books::NothingReplaced(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        }
    }

    pub(super) fn texts(&self) -> Texts {
        match self {
            Books::SequenceMismatch { expected, found } => (
                format!("Le numéro {found} n’est pas celui qui suit : {expected} est attendu."),
                format!("Number {found} does not come next: {expected} is expected."),
            ),
            Books::SequenceReused { sequence } => (
                format!(
                    "Le numéro {sequence} a déjà servi à une autre demande ; votre fournisseur est avisé."
                ),
                format!(
                    "Number {sequence} was already used for another request; your provider is told."
                ),
            ),
            Books::RecordsMissing { expected, found } => (
                format!("Des relevés manquent : le {expected} est attendu, le {found} est arrivé."),
                format!("Records are missing: {expected} is expected, {found} came."),
            ),
            Books::ChainBroken { sequence } => (
                format!(
                    "Le relevé {sequence} n’est pas celui que la machine a scellé ; votre fournisseur est avisé."
                ),
                format!("Record {sequence} is not what the meter sealed; your provider is told."),
            ),
            Books::WithdrawalContradicted => texts(
                "Les registres de la machine et les livres ne concordent pas : rien n’est repris, et votre fournisseur est avisé.",
                "The meter’s registers and the books disagree: nothing is taken back, and your provider is told.",
            ),
            Books::AlreadyWithdrawn => texts(
                "Cette machine a déjà été retirée par une autre demande ; appelez votre fournisseur.",
                "This meter was withdrawn by another request already; call your provider.",
            ),
            Books::NothingReplaced(serial) => (
                format!("La machine {serial} n’en remplace aucune."),
                format!("Meter {serial} replaces none."),
            ),
            Books::UnknownTable(name) => (
                format!("Aucune grille tarifaire ne porte le nom « {name} »."),
                format!("No rate table is named “{name}”."),
            ),
        }
    }
}
