//! What is not as it was written: each kind of damage with its words.

use serde::Serialize;
use timbre_postage::Language;

/// A kind of damage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DamageKind {
    /// The database itself says that its file is damaged.
    DatabaseDamaged,
    /// A row is not what was sealed.
    RowAltered,
    /// A row that was sealed is gone.
    RowMissing,
    /// A row was never sealed: it came past this program.
    RowAdded,
    /// A row that is written once was sealed twice.
    RowRewritten,
    /// A row or a value in it cannot be read.
    RowUnreadable,
    /// A seal is not what it says of itself.
    SealAltered,
    /// A seal is gone: their numbers have a gap.
    SealMissing,
    /// A line of the audit log does not follow from the one before it.
    AuditChainBroken,
    /// A record does not follow from the one before it, or there are more or fewer than the meter’s row says.
    RecordChainBroken,
    /// A transfer does not sum to zero, or has no postings.
    TransferUnbalanced,
    /// A stored reply says something else than its row, or no key of ours signed it.
    ReplyDiffers,
    /// A balance of a customer is not the sum of the postings.
    BalanceDiffers,
    /// The books are not a continuation of the head they are held against.
    HeadDiffers,
}

impl DamageKind {
    /// What it is.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        use DamageKind as K;
        let (french, english) = match self {
            K::DatabaseDamaged => {
                ("le fichier de la base est endommagé", "the database’s file is damaged")
            }
            K::RowAltered => ("la ligne a été modifiée", "the row was altered"),
            K::RowMissing => ("la ligne a disparu", "the row is gone"),
            K::RowAdded => ("la ligne n’a jamais été scellée", "the row was never sealed"),
            K::RowRewritten => ("la ligne a été réécrite", "the row was written again"),
            K::RowUnreadable => ("la ligne est illisible", "the row cannot be read"),
            K::SealAltered => ("le sceau a été modifié", "the seal was altered"),
            K::SealMissing => ("un sceau a disparu", "a seal is gone"),
            K::AuditChainBroken => {
                ("la chaîne du journal d’audit est rompue", "the chain of the audit log is broken")
            }
            K::RecordChainBroken => {
                ("la chaîne des enregistrements est rompue", "the chain of the records is broken")
            }
            K::TransferUnbalanced => {
                ("le virement ne s’équilibre pas", "the transfer does not balance")
            }
            K::ReplyDiffers => {
                ("la réponse signée dit autre chose", "the signed reply says something else")
            }
            K::BalanceDiffers => (
                "le solde n’est pas la somme des écritures",
                "the balance is not the sum of the postings",
            ),
            K::HeadDiffers => (
                "les livres ne sont pas la suite de l’empreinte",
                "the books do not continue the head",
            ),
        };
        language.pick(french, english)
    }
}

/// One damage: which row, and what of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Damage {
    /// The kind.
    pub kind: DamageKind,
    /// Whose row: a meter, an account, `rates`; empty where that is not known.
    pub subject: String,
    /// The table.
    pub table: String,
    /// The row by its key: `42/3`; empty where it concerns more than one.
    pub row: String,
    /// The particulars, in English.
    pub detail: String,
}
