//! What to do about an error, by its code. An error without a line here says in its text what to do, or
//! leaves nothing to do.

use timbre_psd::Refusal::InsufficientFunds;

use super::{MeterError, Refusal};

/// French and English.
pub(super) fn of(error: &MeterError) -> Option<(&'static str, &'static str)> {
    match error {
        // The same words mean the meter's funds here and the customer's account there.
        MeterError::Refusal(Refusal::Device(InsufficientFunds { .. })) => by_code("funds-out"),
        _ => by_code(&error.code()),
    }
}

fn by_code(code: &str) -> Option<(&'static str, &'static str)> {
    let advice = match code {
        "no-meter" => ("créez-la : timbre meter create", "make one: timbre meter create"),
        "not-installed" => (
            "demandez le bloc opérationnel : timbre meter install",
            "request the operational block: timbre meter install",
        ),
        "inspection-overdue" => (
            "faites le relevé : timbre meter inspect",
            "have the meter inspected: timbre meter inspect",
        ),
        "funds-out" | "no-contact-yet" => (
            "rechargez, puis relancez la même commande : timbre meter refill MONTANT",
            "refill, then give the same command again: timbre meter refill AMOUNT",
        ),
        "no-rate-table" | "rates-expired" | "rates-not-yet-in-force" | "rates-unusable" => (
            "téléchargez les tarifs : timbre meter power-on",
            "download the rates: timbre meter power-on",
        ),
        "high-value" => {
            ("confirmez avec --confirm-high-value", "confirm with --confirm-high-value")
        }
        "insufficient-funds" => (
            "déposez des fonds sur le compte auprès du fournisseur",
            "deposit funds on the account with the provider",
        ),
        "unknown-meter" | "no-customer" => (
            "demandez au fournisseur d’inscrire cette machine",
            "ask the provider to enrol this meter",
        ),
        "tampered" => (
            "ses registres restent lisibles : timbre meter examine ; demandez un remplacement au fournisseur",
            "its registers can still be read: timbre meter examine; ask the provider for a replacement",
        ),
        "withdraw-pending" => (
            "terminez le retrait : timbre meter withdraw",
            "finish the withdrawal: timbre meter withdraw",
        ),
        "withdrawal-contradicted" => (
            "appelez le fournisseur ; la machine n’affranchit plus avant un relevé : timbre meter inspect",
            "call the provider; the meter franks nothing before an inspection: timbre meter inspect",
        ),
        "meter-replaced" => (
            "rendez cette machine au fournisseur et servez-vous de celle qui la remplace",
            "return this meter to the provider and use the one in its place",
        ),
        "meter-suspended" | "meter-withdrawn" | "account-locked" | "rates-not-genuine" => {
            ("appelez le fournisseur", "call the provider")
        }
        "disk-full" => (
            "libérez de l’espace, puis relancez la même commande : rien n’est perdu",
            "make room, then give the same command again: nothing is lost",
        ),
        "disk-read-only" => (
            "rendez le disque accessible en écriture ; s’il s’est mis de lui-même en lecture seule, il est défaillant : copiez-le d’abord",
            "make the disk writable; if it turned read-only by itself it is failing: copy it first",
        ),
        "paid-not-printed" => (
            "une fois la cause écartée, imprimez son empreinte, qui est payée : timbre meter print-again",
            "once the cause is gone, print its mark, which is paid: timbre meter print-again",
        ),
        "interrupted" => (
            "relancez la même commande : elle continue où elle s’est arrêtée",
            "give the same command again: it goes on where it stopped",
        ),
        "tls-intercepted" => (
            "donnez à l’administrateur du réseau le nom de l’émetteur ci-dessus",
            "give the network’s administrator the issuer’s name above",
        ),
        "clock-off" => ("réglez l’horloge de cette machine", "set this machine’s clock"),
        "meter-in-use" => {
            ("attendez que l’autre programme ait fini", "wait until the other program has finished")
        }
        _ => return None,
    };
    Some(advice)
}
