//! The words of each refusal, in both languages.

use timbre_postage::{Amount, Language};

use super::FundsRefusal;
use crate::wording::say;

impl FundsRefusal {
    pub(super) fn about_the_meter(&self, language: Language) -> Option<String> {
        Some(match self {
            Self::UnknownMeter { serial } => say!(
                language,
                "la machine {} n’est pas inscrite\u{a0}: demandez au fournisseur de l’inscrire",
                "meter {} is not enrolled: ask the provider to enrol it",
                serial
            ),
            Self::MeterNotInstalled { serial } => say!(
                language,
                "la machine {} n’est pas installée\u{a0}: demandez d’abord son bloc opérationnel",
                "meter {} is not installed: request its operational block first",
                serial
            ),
            Self::MeterSuspended { serial } => say!(
                language,
                "la machine {} est suspendue\u{a0}: appelez le fournisseur",
                "meter {} is suspended: call the provider",
                serial
            ),
            Self::MeterWithdrawn { serial } => say!(
                language,
                "la machine {} a été retirée du service\u{a0}: elle ne peut plus être rechargée",
                "meter {} was withdrawn from service: it cannot be refilled any more",
                serial
            ),
            Self::AccountLocked { customer } => say!(
                language,
                "le compte {} est bloqué\u{a0}: communiquez avec le fournisseur pour le régler",
                "account {} is locked: contact the provider to settle it",
                customer
            ),
            Self::WrongCurrency { expected, given } => say!(
                language,
                "le montant est en {1}, alors que le compte et les registres sont en {0}",
                "the amount is in {1}, and the account and the registers are in {0}",
                expected,
                given
            ),
            Self::StaleBlock { current, given } => say!(
                language,
                "le bloc opérationnel de la machine est la version {1}, et la version {0} est en vigueur\u{a0}: redemandez l’installation",
                "the meter’s operational block is version {1}, and version {0} is in force: request the installation again",
                current,
                given
            ),
            _ => return None,
        })
    }

    pub(super) fn about_the_registers(&self, language: Language) -> Option<String> {
        let money = |amount: &Amount| amount.format(language);
        Some(match self {
            Self::SequenceTooOld { next, given } => say!(
                language,
                "la recharge {1} est déjà comptabilisée, et la suivante est la {0}\u{a0}: relancez la recharge",
                "refill {1} is booked already, and the next is {0}: start the refill again",
                next,
                given
            ),
            Self::SequenceAhead { next, given } => say!(
                language,
                "la machine demande la recharge {1}, alors que la suivante est la {0}\u{a0}: appelez le fournisseur",
                "the meter asks for refill {1}, and the next is {0}: call the provider",
                next,
                given
            ),
            Self::ControlSumMismatch { expected, given } => say!(
                language,
                "le total de contrôle est de {1}, alors que les recharges comptabilisées font {0}\u{a0}: cessez d’utiliser la machine et appelez le fournisseur",
                "the control sum is {1}, and the refills booked come to {0}: stop using the meter and call the provider",
                money(expected),
                money(given)
            ),
            Self::RegisterNegative { given } => say!(
                language,
                "un registre est négatif (totalisateur {}, soustracteur {})\u{a0}: cessez d’utiliser la machine et appelez le fournisseur",
                "a register is negative (ascending {}, descending {}): stop using the meter and call the provider",
                money(&given.ascending),
                money(&given.descending)
            ),
            Self::RegisterWentBackwards { last, given } => say!(
                language,
                "un registre a reculé\u{a0}: totalisateur de {} à {}, pièces de {} à {}; cessez d’utiliser la machine et appelez le fournisseur",
                "a register went backwards: ascending from {} to {}, pieces from {} to {}; stop using the meter and call the provider",
                money(&last.ascending),
                money(&given.ascending),
                last.pieces,
                given.pieces
            ),
            _ => return None,
        })
    }

    pub(super) fn about_the_money(&self, language: Language) -> Option<String> {
        let money = |amount: &Amount| amount.format(language);
        Some(match self {
            Self::FractionOfACent { amount } => say!(
                language,
                "{} n’est pas un nombre entier de cents",
                "{} is not a whole number of cents",
                money(amount)
            ),
            Self::BelowMinimum { minimum, amount } => say!(
                language,
                "{1} est trop peu\u{a0}: le minimum est de {0}",
                "{1} is too little: the least is {0}",
                money(minimum),
                money(amount)
            ),
            Self::AboveMaximum { maximum, amount } => say!(
                language,
                "{1} est trop pour une seule recharge\u{a0}: le maximum est de {0}",
                "{1} is too much for one refill: the most is {0}",
                money(maximum),
                money(amount)
            ),
            Self::WouldExceedMaximumDescending { maximum, descending, room } => say!(
                language,
                "la machine contient {1} et peut contenir {0} au plus\u{a0}: demandez au plus {2}",
                "the meter holds {1} and may hold {0} at most: ask for at most {2}",
                money(maximum),
                money(descending),
                money(room)
            ),
            Self::DailyAdvanceLimitReached { limit, advanced_today, needed } => say!(
                language,
                "la recharge prendrait {2} à crédit, {1} y ont déjà été pris aujourd’hui, et la limite d’une journée est de {0}\u{a0}: déposez des fonds ou attendez à demain",
                "the refill would draw {2} on credit, {1} was drawn today, and the limit for one day is {0}: deposit funds or wait until tomorrow",
                money(limit),
                money(advanced_today),
                money(needed)
            ),
            Self::InsufficientFunds { needed, prepaid, credit_left, missing } => say!(
                language,
                "la recharge et sa taxe coûtent {}, et il y a {} prépayés et {} de crédit\u{a0}: il manque {}; déposez des fonds ou demandez moins",
                "the refill and its tax cost {}, and there is {} prepaid and {} of credit: {} is missing; deposit funds or ask for less",
                money(needed),
                money(prepaid),
                money(credit_left),
                money(missing)
            ),
            _ => return None,
        })
    }
}
