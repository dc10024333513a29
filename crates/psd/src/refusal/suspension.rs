//! Why the provider stopped a device, as the person at the meter reads it: what is the matter, and what ends it.

use timbre_protocol::inspection::SuspensionCause as Cause;

pub(super) const fn english(cause: Cause) -> &'static str {
    match cause {
        Cause::Account => {
            "the provider has suspended the meter because the postage account is in arrears: settle the account with them, then have the meter inspected"
        }
        Cause::Registers => {
            "the provider has suspended the meter because its registers and the books do not agree: stop using it, call the provider, and have it inspected once they have looked into it"
        }
        Cause::Lost => {
            "this meter was reported lost: if it is where it belongs, tell the provider that it was found, then have it inspected"
        }
        Cause::Stolen => {
            "this meter was reported stolen: call the provider at once; if it is yours again, they lift the report, then have it inspected"
        }
        Cause::Malfunction => {
            "the provider has suspended the meter, which may be damaged or tampered with: do not use it, and hold it ready for their examination"
        }
        Cause::Customer => {
            "the meter is suspended at your organisation’s own request: whoever is in charge of it asks the provider to lift it, then have it inspected"
        }
    }
}

pub(super) const fn french(cause: Cause) -> &'static str {
    match cause {
        Cause::Account => {
            "le fournisseur a suspendu la machine parce que le compte d’affranchissement est en souffrance\u{a0}: réglez-le avec lui, puis faites un relevé"
        }
        Cause::Registers => {
            "le fournisseur a suspendu la machine parce que ses registres et les livres ne concordent pas\u{a0}: cessez de l’utiliser, appelez le fournisseur, et faites un relevé une fois l’affaire éclaircie"
        }
        Cause::Lost => {
            "cette machine a été déclarée perdue\u{a0}: si elle est à sa place, avisez le fournisseur qu’elle est retrouvée, puis faites un relevé"
        }
        Cause::Stolen => {
            "cette machine a été déclarée volée\u{a0}: appelez le fournisseur sans attendre\u{a0}; si elle est de nouveau à vous, il lève la déclaration, puis faites un relevé"
        }
        Cause::Malfunction => {
            "le fournisseur a suspendu la machine, qui est peut-être endommagée ou altérée\u{a0}: ne l’utilisez pas et tenez-la prête pour son examen"
        }
        Cause::Customer => {
            "la machine est suspendue à la demande de votre organisme\u{a0}: la personne qui en a la charge demande au fournisseur de lever la suspension, puis faites un relevé"
        }
    }
}
