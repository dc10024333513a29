//! The refusals as a person reads them: what is wrong, and what to do where there is something to do.

use timbre_postage::{Amount, Language};

use super::suspension;
use crate::{Refusal, State};

pub(super) fn english(refusal: &Refusal) -> String {
    use Refusal as R;
    let money = |amount: &Amount| amount.format(Language::English);
    match refusal {
        R::State(state) => english_state(*state).to_owned(),
        R::Suspended(cause) => suspension::english(*cause).to_owned(),
        R::ClockMovedBack { now, last } => format!(
            "the clock shows {now}, before the last operation ({last}): set it, or have the meter inspected"
        ),
        R::DateInPast { date, earliest } => {
            format!("the date {date} is past: {earliest} at the earliest")
        }
        R::DateTooFarAhead { date, latest } => {
            format!("the date {date} is too far ahead: {latest} at the latest")
        }
        R::WrongCurrency { given, kept } => {
            format!("the amount is in {given}, and the meter counts in {kept}")
        }
        R::ZeroAmount => "the amount cannot be zero".to_owned(),
        R::NegativeAmount(_) => "the amount cannot be negative".to_owned(),
        R::RedateWithValue(amount) => {
            format!("a date correction is of zero value, not of {}", money(amount))
        }
        R::HighValue { amount, from } => {
            format!("{} is a high value ({} or more): confirm it", money(amount), money(from))
        }
        R::OverMaximumPostage { amount, maximum } => {
            format!("{} is more than one mark may be worth, {}", money(amount), money(maximum))
        }
        R::InsufficientFunds { amount, available } => format!(
            "insufficient funds: {} asked for, {} left; refill the meter",
            money(amount),
            money(available)
        ),
        R::InspectionOverdue { due } => {
            format!("the inspection was due on {due}: have the meter inspected")
        }
        R::TooManyUnprinted { count } => {
            format!("{count} paid pieces wait to be printed: print them first")
        }
        R::StalePreDebit => "the prepared postage is no longer valid: start again".to_owned(),
        R::RefillPending { sequence, amount } => {
            format!("refill {sequence} of {} is pending: settle it first", money(amount))
        }
        R::NoRefillPending => "no refill is pending".to_owned(),
        R::BelowMinimumRefill { minimum } => format!("a refill is at least {}", money(minimum)),
        R::AboveMaximumRefill { maximum } => format!("a refill is at most {}", money(maximum)),
        R::OverCapacity { after, maximum } => format!(
            "the meter would hold {}, and at most {} is allowed",
            money(after),
            money(maximum)
        ),
        R::RefillReplayed { sequence, last } => {
            format!("the reply is of refill {sequence}, and {last} is done already")
        }
        R::RefillOutOfOrder { sequence, expected } => {
            format!("the reply is of refill {sequence}, and {expected} is expected")
        }
        R::NoInspectionPending => "no inspection is pending".to_owned(),
        R::InspectionReplayed { sequence, last } => {
            format!("the reply is of inspection {sequence}, and {last} is done already")
        }
        R::InspectionOutOfOrder { sequence, expected } => {
            format!("the reply is of inspection {sequence}, and {expected} is expected")
        }
        R::NoWithdrawalPending => "no withdrawal is pending".to_owned(),
        R::NoInstallationPending => "no operational block was asked for".to_owned(),
        R::BlockOutdated { version, installed } => {
            format!("operational block {version} is not newer than {installed}")
        }
        R::NotUnprinted { record } => format!("no paid and unprinted piece has record {record}"),
        R::AlreadyReprinted { record } => {
            format!("the piece of record {record} was printed once more already")
        }
    }
}

pub(super) fn french(refusal: &Refusal) -> String {
    use Refusal as R;
    let money = |amount: &Amount| amount.format(Language::French);
    match refusal {
        R::State(state) => french_state(*state).to_owned(),
        R::Suspended(cause) => suspension::french(*cause).to_owned(),
        R::ClockMovedBack { now, last } => format!(
            "l'horloge indique {now}, avant la dernière opération ({last}) : réglez-la, ou faites un relevé"
        ),
        R::DateInPast { date, earliest } => {
            format!("la date {date} est passée : au plus tôt {earliest}")
        }
        R::DateTooFarAhead { date, latest } => {
            format!("la date {date} est trop éloignée : au plus tard {latest}")
        }
        R::WrongCurrency { given, kept } => {
            format!("le montant est en {given}, et la machine compte en {kept}")
        }
        R::ZeroAmount => "le montant ne peut être nul".to_owned(),
        R::NegativeAmount(_) => "le montant ne peut être négatif".to_owned(),
        R::RedateWithValue(amount) => {
            format!("une correction de date est de valeur nulle, et non de {}", money(amount))
        }
        R::HighValue { amount, from } => {
            let (amount, from) = (money(amount), money(from));
            format!("{amount} est une valeur élevée ({from} ou plus) : confirmez")
        }
        R::OverMaximumPostage { amount, maximum } => {
            format!("{} dépasse le maximum d'une empreinte, {}", money(amount), money(maximum))
        }
        R::InsufficientFunds { amount, available } => format!(
            "fonds insuffisants : {} demandés, {} au soustracteur ; faites une recharge",
            money(amount),
            money(available)
        ),
        R::InspectionOverdue { due } => format!("le relevé était dû le {due} : faites un relevé"),
        R::TooManyUnprinted { count } => {
            format!("{count} plis payés attendent l'impression : imprimez-les d'abord")
        }
        R::StalePreDebit => {
            "l'affranchissement préparé n'est plus valable : recommencez".to_owned()
        }
        R::RefillPending { sequence, amount } => format!(
            "la recharge {sequence} de {} est en attente : terminez-la d'abord",
            money(amount)
        ),
        R::NoRefillPending => "aucune recharge n'est en attente".to_owned(),
        R::BelowMinimumRefill { minimum } => {
            format!("une recharge est d'au moins {}", money(minimum))
        }
        R::AboveMaximumRefill { maximum } => {
            format!("une recharge est d'au plus {}", money(maximum))
        }
        R::OverCapacity { after, maximum } => format!(
            "la machine contiendrait {}, et au plus {} sont permis",
            money(after),
            money(maximum)
        ),
        R::RefillReplayed { sequence, last } => {
            format!("la réponse est celle de la recharge {sequence}, et la {last} est déjà faite")
        }
        R::RefillOutOfOrder { sequence, expected } => {
            format!("la réponse est celle de la recharge {sequence}, et la {expected} est attendue")
        }
        R::NoInspectionPending => "aucun relevé n'est en attente".to_owned(),
        R::InspectionReplayed { sequence, last } => {
            format!("la réponse est celle du relevé {sequence}, et le {last} est déjà fait")
        }
        R::InspectionOutOfOrder { sequence, expected } => {
            format!("la réponse est celle du relevé {sequence}, et le {expected} est attendu")
        }
        R::NoWithdrawalPending => "aucun retrait n'est en attente".to_owned(),
        R::NoInstallationPending => "aucun bloc opérationnel n'a été demandé".to_owned(),
        R::BlockOutdated { version, installed } => {
            format!("le bloc opérationnel {version} n'est pas plus récent que le {installed}")
        }
        R::NotUnprinted { record } => {
            format!("aucun pli payé et non imprimé ne porte le numéro {record}")
        }
        R::AlreadyReprinted { record } => {
            format!("le pli {record} a déjà été imprimé une seconde fois")
        }
    }
}

const fn english_state(state: State) -> &'static str {
    match state {
        State::Manufactured => "the PSD has no keys yet",
        State::Initialised => "the PSD has no operational block: install the meter",
        State::Authorised => "the meter is installed and has no funds yet: refill it",
        State::Suspended => {
            "the provider has suspended the meter: contact them; once they have lifted it, have the meter inspected"
        }
        State::Tampered => "the PSD was opened and will work no more: contact the provider",
        State::WithdrawPending => {
            "the meter is being withdrawn and franks nothing more: finish the withdrawal"
        }
        State::Withdrawn => {
            "the meter is withdrawn from service and its funds are given back: make and enrol another"
        }
        State::Operational | State::InspectionDue | State::Locked => {
            "the PSD is in service already"
        }
    }
}

const fn french_state(state: State) -> &'static str {
    match state {
        State::Manufactured => "le DSP n'a pas encore de clés",
        State::Initialised => "le DSP n'a pas de bloc opérationnel : installez la machine",
        State::Authorised => {
            "la machine est installée et n'a pas encore de fonds : faites une recharge"
        }
        State::Suspended => {
            "le fournisseur a suspendu la machine : communiquez avec lui ; la suspension levée, faites un relevé"
        }
        State::Tampered => {
            "le DSP a été ouvert et ne fonctionnera plus : communiquez avec le fournisseur"
        }
        State::WithdrawPending => {
            "la machine est en cours de retrait et n'affranchit plus : terminez le retrait"
        }
        State::Withdrawn => {
            "la machine est retirée du service et ses fonds sont rendus : créez-en une autre et faites-la inscrire"
        }
        State::Operational | State::InspectionDue | State::Locked => "le DSP est déjà en service",
    }
}
