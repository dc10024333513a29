//! The kinds of findings, one row each. Whoever finds something new adds its row here, and nowhere else.

use super::{Kind, Severity};

const YES: bool = true;
const NO: bool = false;

/// `code severity suspends; title fr, title en; action fr, action en`.
macro_rules! kinds {
    ($($code:literal $severity:ident $suspends:ident; $tf:literal, $te:literal; $af:literal, $ae:literal;)*) => {
        /// Every kind of finding.
        pub const KINDS: &[Kind] = &[$(Kind {
            code: $code,
            severity: Severity::$severity,
            suspends: $suspends,
            title_fr: $tf,
            title_en: $te,
            action_fr: $af,
            action_en: $ae,
        }),*];
    };
}

kinds! {
    // The records in themselves.
    "record-chain-broken" Critical YES;
    "un enregistrement ne découle pas du précédent", "a record does not follow from the one before it";
    "Comparer l’enregistrement avec le journal de la machine ; vérifier la base avec `audit verify`.",
    "Compare the record with the meter’s journal; check the database with `audit verify`.";
    "records-missing" Serious YES;
    "des numéros d’enregistrement manquent", "numbers of records are missing";
    "Demander un téléversement ; si la machine ne les a plus, la remplacer.",
    "Ask for an upload; if the meter no longer has them, replace it.";
    "record-doubled" Critical YES;
    "un compte de pièces a servi deux fois", "a count of pieces was used twice";
    "Chercher les deux pièces au tri ; inspecter la machine sur place.",
    "Look for both pieces at the sorting centre; inspect the meter on site.";
    "register-jump" Critical YES;
    "un registre a bougé d’autre chose que du montant enregistré", "a register moved by something else than the amount recorded";
    "Retirer la machine et comparer son journal avec les enregistrements.",
    "Withdraw the meter and compare its journal with the records.";
    "register-fell" Critical YES;
    "le totalisateur ou le compte de pièces a baissé", "the ascending register or the piece count fell";
    "Retirer la machine : ses registres ne baissent jamais d’eux-mêmes.",
    "Withdraw the meter: its registers never fall by themselves.";
    "recorded-use-differs" Critical YES;
    "les débits ne font pas le totalisateur", "the debits do not come to the ascending register";
    "Chercher l’enregistrement fautif ; vérifier la base avec `audit verify`.",
    "Find the record at fault; check the database with `audit verify`.";
    "recorded-balance-differs" Critical YES;
    "recharges moins débits ne font pas le soustracteur", "refills less debits do not come to the descending register";
    "Chercher l’enregistrement fautif ; vérifier la base avec `audit verify`.",
    "Find the record at fault; check the database with `audit verify`.";
    "recorded-pieces-differ" Serious YES;
    "les débits ne font pas le compte de pièces", "the debits do not come to the piece count";
    "Chercher l’enregistrement fautif ; vérifier la base avec `audit verify`.",
    "Find the record at fault; check the database with `audit verify`.";
    "chain-broken" Serious NO;
    "un téléversement ne tient pas en lui-même", "an upload does not hold together in itself";
    "La machine garde ses enregistrements ; demander un autre téléversement et comparer.",
    "The meter keeps its records; ask for another upload and compare.";

    // Value against rate.
    "underpaid" Warning NO;
    "une pièce vaut moins que le tarif", "a piece is worth less than the rate";
    "Réclamer la différence au client ; vérifier les grilles de la machine.",
    "Claim the difference from the customer; check the meter’s rate tables.";
    "overpaid" Notice NO;
    "une pièce vaut plus que le tarif", "a piece is worth more than the rate";
    "Rembourser sur demande ; vérifier les grilles de la machine.",
    "Refund on request; check the meter’s rate tables.";
    "price-unknown" Notice NO;
    "aucune grille publiée ne donne ce tarif", "no published table has this rate";
    "Publier la grille, ou vérifier d’où la machine tient la sienne.",
    "Publish the table, or check where the meter has its own from.";

    // Registers and ledger.
    "control-sum-differs" Critical YES;
    "le total de contrôle n’est pas ce qui a été émis", "the control sum is not what was issued";
    "Retirer la machine ; ses registres et son journal sont la preuve.",
    "Withdraw the meter; its registers and its journal are the proof.";
    "control-sum-mismatch" Critical YES;
    "la machine a montré un faux total de contrôle", "the meter showed a wrong control sum";
    "Retirer la machine ; ses registres et son journal sont la preuve.",
    "Withdraw the meter; its registers and its journal are the proof.";
    "registers-differ" Critical YES;
    "les registres montrés ne sont pas ceux de l’enregistrement", "the registers shown are not those of the record";
    "Inspecter la machine sur place.", "Inspect the meter on site.";
    "registers-went-backwards" Critical YES;
    "un registre a reculé entre deux contacts", "a register went backwards between two contacts";
    "Retirer la machine : état restauré ou appareil double.",
    "Withdraw the meter: a restored state or a double of the device.";
    "register-went-backwards" Critical YES;
    "un registre a reculé", "a register went backwards";
    "Retirer la machine : état restauré ou appareil double.",
    "Withdraw the meter: a restored state or a double of the device.";
    "register-negative" Critical YES;
    "un registre est négatif", "a register is negative";
    "Retirer la machine.", "Withdraw the meter.";
    "usage-exceeds-issued" Critical YES;
    "il a été utilisé plus d’affranchissement qu’émis", "more postage was used than issued";
    "Suspendre ; comparer les recharges signées avec les enregistrements.",
    "Suspend; compare the signed refills with the records.";
    "ledger-use-differs" Serious NO;
    "le grand livre et les enregistrements ne donnent pas la même utilisation", "ledger and records have another use of postage";
    "Vérifier la base avec `audit verify` ; corriger par une contre-passation.",
    "Check the database with `audit verify`; correct it by a reversal.";

    // Refills and refunds.
    "refills-not-booked" Critical YES;
    "la machine a enregistré des recharges jamais comptabilisées", "the meter recorded refills that were never booked";
    "Suspendre : affranchissement sans provenance.", "Suspend: postage out of nothing.";
    "refills-not-recorded" Serious YES;
    "des recharges appliquées ne sont pas enregistrées", "refills applied are not recorded";
    "Demander un téléversement et comparer le journal.", "Ask for an upload and compare the journal.";
    "refills-differ" Critical YES;
    "la machine a appliqué une recharge inconnue", "the meter has applied a refill that is not ours";
    "Suspendre et retirer la machine.", "Suspend and withdraw the meter.";
    "refunds-not-booked" Critical YES;
    "un retrait enregistré n’est pas comptabilisé", "a withdrawal that was recorded is not booked";
    "Ne rien rembourser ; comparer le journal de la machine avec les livres.",
    "Refund nothing; compare the meter’s journal with the books.";
    "refill-unconfirmed" Warning NO;
    "une recharge comptabilisée n’est jamais confirmée", "a refill that was booked is never confirmed";
    "Joindre le client : la machine reçoit la même réponse en redemandant.",
    "Call the customer: the meter gets the same reply when it asks again.";
    "sequence-ahead" Serious NO;
    "la machine est en avance d’une recharge sur les livres", "the meter is a refill ahead of the books";
    "Vérifier si notre base a été restaurée d’une sauvegarde (`audit verify --against`).",
    "Check whether our database was restored from a backup (`audit verify --against`).";
    "refund-claimed-twice" Critical YES;
    "un remboursement a été demandé deux fois", "a refund was claimed twice";
    "Ne rien rembourser ; comparer les deux demandes.", "Refund nothing; compare both claims.";

    // Contact.
    "inspection-late" Warning NO;
    "l’inspection est en retard", "the inspection is late";
    "Joindre le client : la machine cesse d’elle-même d’imprimer.",
    "Call the customer: the meter stops printing by itself.";
    "upload-late" Warning NO;
    "des enregistrements ne sont pas téléversés à temps", "records are not uploaded in time";
    "Demander un téléversement ; sinon suspendre.", "Ask for an upload; else suspend.";
    "contact-ahead" Serious NO;
    "la machine est en avance d’un contact sur nos livres", "the meter is a contact ahead of our books";
    "Vérifier si notre base a été restaurée d’une sauvegarde (`audit verify --against`).",
    "Check whether our database was restored from a backup (`audit verify --against`).";
    "state-rolled-back" Critical YES;
    "l’appareil est dans un état antérieur", "the device is in an earlier state";
    "Suspendre ; remplacer l’appareil : une copie de son état a été restaurée.",
    "Suspend; replace the device: a copy of its state was restored.";
    "balance-differs" Critical YES;
    "un retrait montre un autre solde que le grand livre", "a withdrawal shows another balance than the ledger";
    "Comparer le journal de la machine avec les enregistrements ; ne rembourser que sur décision.",
    "Compare the meter’s journal with the records; refund by decision only.";
    "device-tampered" Critical YES;
    "l’appareil a été trouvé ouvert", "the device was found opened";
    "Le faire remplacer (`meter replace`) ; ses fonds reviennent par `meter refund`.",
    "Have it replaced (`meter replace`); its funds come back by `meter refund`.";
    "replaced-device-called" Serious NO;
    "un appareil remplacé s’est manifesté", "a replaced device has called";
    "Le reprendre : il détient encore ce que les livres ont rendu ou gardent pour lui.",
    "Take it back: it still holds what the books gave back or keep for it.";
    "device-cloned" Critical YES;
    "deux histoires sous le même appareil", "two histories under one device";
    "Suspendre ; reprendre l’appareil et chercher son double ou la sauvegarde restaurée.",
    "Suspend; take the device back and look for its double or the restored backup.";
    "missing-meter-contact" Critical NO;
    "une machine déclarée perdue ou volée a appelé", "a meter that was reported lost or stolen has called";
    "Dire à qui l’a déclarée d’où elle appelle et quand ; elle reçoit l’ordre de s’arrêter.",
    "Tell whoever reported it from where it called and when; it is ordered to stop.";
    "spoiled-mark-suspicious" Serious NO;
    "une empreinte présentée comme gâtée est fausse, modifiée ou a servi", "a mark given in as spoiled is forged, altered or was used";
    "Ne rien rembourser ; garder la pièce et entendre le client.",
    "Give nothing back; keep the piece and hear the customer.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_once_with_all_its_words() {
        for (index, kind) in KINDS.iter().enumerate() {
            let again = KINDS[..index].iter().any(|earlier| earlier.code == kind.code);
            assert!(!again, "{} stands twice", kind.code);
            for words in [kind.title_fr, kind.title_en, kind.action_fr, kind.action_en] {
                assert!(!words.is_empty(), "{}", kind.code);
            }
            let plain = kind.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            assert!(plain, "{}", kind.code);
        }
    }

    #[test]
    fn what_suspends_is_grave() {
        for kind in KINDS.iter().filter(|kind| kind.suspends) {
            assert!(kind.severity >= Severity::Serious, "{}", kind.code);
        }
    }
}
