//! The texts: each error's code, French and English, declared once.

use std::fmt;

use timbre_postage::Language::{self, English, French};
use timbre_psd::OpenError;

use super::{Breach, Fault, PieceRefusal, Refusal, RunRefusal};
use crate::jobs::Reason;

impl Refusal {
    /// The stable code and both texts.
    #[must_use]
    pub fn told(&self) -> Reason {
        match self {
            Refusal::Price(refusal) => {
                Reason::new(refusal.code(), refusal.message(French), refusal.message(English))
            }
            Refusal::Device(refusal) => {
                Reason::new(refusal.code(), refusal.message(French), refusal.message(English))
            }
            Refusal::Infrastructure(refusal) => {
                Reason::new(&refusal.code, refusal.message(French), refusal.message(English))
            }
            Refusal::Piece(refusal) => refusal.told(),
            Refusal::Run(refusal) => refusal.told(),
            Refusal::InUse { directory, holder } => {
                let directory = directory.display();
                Reason::new(
                    "meter-in-use",
                    format!("la machine de {directory} est utilisée par {holder}"),
                    format!("the meter in {directory} is in use by {holder}"),
                )
            }
            Refusal::NoMeter { directory } => {
                let directory = directory.display();
                Reason::new(
                    "no-meter",
                    format!("il n’y a pas de machine dans {directory}"),
                    format!("there is no meter in {directory}"),
                )
            }
            Refusal::Unprinted { count } => Reason::new(
                "unprinted-pieces",
                format!(
                    "{count} plis payés ne sont pas imprimés\u{a0}: imprimez-les d’abord (timbre meter print-again)"
                ),
                format!(
                    "{count} paid pieces are not printed: print them first (timbre meter print-again)"
                ),
            ),
            Refusal::MeterExists { directory } => {
                let directory = directory.display();
                Reason::new(
                    "meter-exists",
                    format!("il y a déjà une machine dans {directory}"),
                    format!("there is a meter in {directory} already"),
                )
            }
            Refusal::OtherSerial { settings, device } => Reason::new(
                "other-serial",
                format!(
                    "meter.toml dit {settings}, et le dispositif de sécurité postale est {device}"
                ),
                format!("meter.toml says {settings}, and the postal security device is {device}"),
            ),
        }
    }
}

impl PieceRefusal {
    /// The stable code and both texts.
    #[must_use]
    pub fn told(&self) -> Reason {
        match self {
            PieceRefusal::Choice { field, reason } => {
                let code = format!("{field}-{}", reason.code);
                let (fr, en) = match *field {
                    "account" => ("compte", "account"),
                    _ => ("référence", "reference"),
                };
                let (fr, en) = (format!("{fr} : {}", reason.fr), format!("{en}: {}", reason.en));
                Reason::new(&code, fr, en)
            }
            PieceRefusal::DateBack => Reason::new(
                "date-back",
                "une empreinte ne peut être antidatée : choisissez aujourd’hui ou une date à venir",
                "a mark cannot be dated back: choose today or a day to come",
            ),
            PieceRefusal::FileExists { file } => {
                let file = file.display();
                Reason::new(
                    "file-exists",
                    format!(
                        "{file} existe déjà et pourrait être une empreinte payée : choisissez un autre nom"
                    ),
                    format!("{file} exists and may be a paid mark: choose another name"),
                )
            }
        }
    }
}

impl RunRefusal {
    /// The stable code and both texts.
    #[must_use]
    pub fn told(&self) -> Reason {
        match self {
            RunRefusal::File { file, error } => {
                let place = match error.line {
                    Some(line) => format!("{}:{line}", file.display()),
                    None => file.display().to_string(),
                };
                let Reason { code, fr, en } = &error.reason;
                Reason::new(code, format!("{place} : {fr}"), format!("{place}: {en}"))
            }
            RunRefusal::Strict { rejected, first } => Reason::new(
                "strict",
                format!(
                    "{rejected} pièces ne peuvent être affranchies, la première : {first} ; rien n’a été affranchi"
                ),
                format!(
                    "{rejected} pieces cannot be franked, the first: {first}; nothing was franked"
                ),
            ),
            RunRefusal::RunElsewhere { run, output } => {
                let output = output.display();
                Reason::new(
                    "run-elsewhere",
                    format!(
                        "ce travail ({run}) a été interrompu et ses empreintes sont dans {output} : continuez-le là"
                    ),
                    format!(
                        "this run ({run}) was interrupted and its marks are in {output}: go on there"
                    ),
                )
            }
            RunRefusal::OutputOccupied { output } => {
                let output = output.display();
                Reason::new(
                    "output-occupied",
                    format!(
                        "{output} contient les empreintes d’un autre travail : choisissez un autre dossier"
                    ),
                    format!("{output} holds another run’s marks: choose another folder"),
                )
            }
            RunRefusal::FundsOut { needed, available } => Reason::new(
                "funds-out",
                format!(
                    "les fonds sont épuisés : la pièce suivante coûte {} et il reste {}",
                    needed.format(French),
                    available.format(French)
                ),
                format!(
                    "funds are out: the next piece costs {} and {} is left",
                    needed.format(English),
                    available.format(English)
                ),
            ),
            RunRefusal::Interrupted => {
                Reason::new("interrupted", "le travail a été interrompu", "the run was interrupted")
            }
        }
    }
}

impl Fault {
    /// The stable code and both texts.
    #[must_use]
    pub fn told(&self) -> Reason {
        match self {
            Fault::Io { doing, path, source } => {
                let path = path.display();
                let code = self.code_of_disk().unwrap_or("input-output");
                Reason::new(
                    code,
                    format!("impossible {} {path} : {source}", in_french(doing)),
                    format!("cannot {doing} {path}: {source}"),
                )
            }
            Fault::Unreadable { path, reason } => Reason::new(
                "unreadable",
                format!("{} ne peut être lu : {reason}", path.display()),
                format!("{} cannot be read: {reason}", path.display()),
            ),
            Fault::Settings(error) => Reason::new("settings", error.to_string(), error.to_string()),
            Fault::Link(error) => {
                Reason::new(error.code(), error.message(French), error.message(English))
            }
            Fault::Device(error) => Reason::new(
                self.code_of_disk().unwrap_or("device-fault"),
                format!("défaillance du dispositif de sécurité postale : {error}"),
                format!("the postal security device has a fault: {error}"),
            ),
            Fault::Opening(error) => Reason::new(
                self.code_of_disk().unwrap_or("device-not-opened"),
                format!("le dispositif de sécurité postale ne peut être ouvert : {error}"),
                format!("the postal security device cannot be opened: {error}"),
            ),
            Fault::Rates { file, reason } => Reason::new(
                "rates-unusable",
                format!("{} : {}", file.display(), reason.fr),
                format!("{}: {}", file.display(), reason.en),
            ),
            Fault::Keys(error) => Reason::new(
                self.code_of_disk().unwrap_or("keys-fault"),
                error.to_string(),
                error.to_string(),
            ),
            Fault::NoRandomness => Reason::new(
                "no-randomness",
                "le système ne donne pas de nombres aléatoires",
                "the system gives no random numbers",
            ),
            Fault::PaidNotPrinted { record, of_run, source } => {
                let source = source.told();
                Reason::new(
                    if *of_run { &source.code } else { "paid-not-printed" },
                    format!("la pièce {record} est payée et n’a pas été imprimée : {}", source.fr),
                    format!("piece {record} is paid and was not printed: {}", source.en),
                )
            }
            Fault::Pdf(error) => {
                Reason::new(error.code(), error.message(French), error.message(English))
            }
        }
    }
}

fn in_french(verb: &str) -> &'static str {
    match verb {
        "create" => "de créer",
        "lock" => "de verrouiller",
        "open" => "d’ouvrir",
        "read" => "de lire",
        "remove" => "de supprimer",
        "find" => "de trouver",
        _ => "d’écrire",
    }
}

impl Breach {
    /// The stable code and both texts.
    #[must_use]
    pub fn told(&self) -> Reason {
        match self {
            Breach::Link(error) => {
                Reason::new(error.code(), error.message(French), error.message(English))
            }
            Breach::Table(error) => Reason::new(
                "rates-not-genuine",
                format!("table de tarifs non authentique : {error}"),
                error.to_string(),
            ),
            Breach::TableName { name } => Reason::new(
                "rates-misnamed",
                format!("une table de tarifs porte le nom « {name} », qui n’est pas le sien"),
                format!("a rate table carries the name “{name}”, which is not its own"),
            ),
            Breach::UnannouncedTable { name } => Reason::new(
                "rates-unannounced",
                format!("la table de tarifs {name} n’est pas celle qui était annoncée"),
                format!("rate table {name} is not the one that was announced"),
            ),
            Breach::Acknowledged { acknowledged, sent } => Reason::new(
                "acknowledged-too-far",
                format!(
                    "l’infrastructure confirme l’enregistrement {acknowledged}, et elle n’en connaît que {sent}"
                ),
                format!(
                    "the infrastructure confirms record {acknowledged}, and it can know only of {sent}"
                ),
            ),
            Breach::Mark { record } => Reason::new(
                "mark-not-genuine",
                format!(
                    "l’empreinte {record} ne porte pas la signature de ce dispositif : elle n’est pas imprimée"
                ),
                format!("mark {record} does not carry this device’s signature: it is not printed"),
            ),
            Breach::Device(error) => Reason::new(
                error.code(),
                format!("le dispositif de sécurité postale refuse ce qu’il a reçu : {error}"),
                format!("the postal security device does not accept what it was sent: {error}"),
            ),
            Breach::Damaged(error) => damaged(error),
            Breach::Rates { file, reason } => Reason::new(
                "rates-not-genuine",
                format!("{} : {}", file.display(), reason.fr),
                format!("{}: {}", file.display(), reason.en),
            ),
            Breach::Keys(error) => Reason::new("keys-breach", error.to_string(), error.to_string()),
        }
    }
}

/// A damaged device tells what can still be read of its registers: they are somebody's money.
fn damaged(error: &OpenError) -> Reason {
    let (mut fr, mut en) = (error.to_string(), error.to_string());
    if let OpenError::Damaged { salvage: Some(salvage), .. } = error {
        let registers = &salvage.registers;
        let of = |language| {
            [registers.descending, registers.ascending].map(|amount| amount.format(language))
        };
        let ([left_fr, used_fr], [left_en, used_en]) = (of(French), of(English));
        let (pieces, record) = (registers.pieces, salvage.record_sequence);
        fr = format!(
            "{fr} ; avant le dommage : soustracteur {left_fr}, totalisateur {used_fr}, {pieces} pièces, enregistrement {record}"
        );
        en = format!(
            "{en}; before the damage: descending {left_en}, ascending {used_en}, {pieces} pieces, record {record}"
        );
    }
    Reason::new("device-damaged", fr, en)
}

macro_rules! displayed {
    ($($error:ty),+) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.told().text(Language::English))
            }
        }

        impl std::error::Error for $error {}
    )+};
}

displayed!(Refusal, Fault, Breach);

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::path::Path;

    use super::*;
    use crate::error::MeterError;

    #[test]
    fn a_full_disk_after_a_debit_says_what_is_paid_what_is_not_printed_and_what_to_do() {
        let paid = |of_run| {
            let file = Path::new("marks/000007.png");
            let full = Fault::io("write", file, Error::from(ErrorKind::StorageFull));
            MeterError::from(Fault::PaidNotPrinted { record: 12, of_run, source: Box::new(full) })
        };
        let error = paid(true);
        assert_eq!(error.code(), "disk-full");
        assert_eq!(
            error.message(English),
            "piece 12 is paid and was not printed: cannot write marks/000007.png: no storage space"
        );
        assert_eq!(
            error.message(French),
            "la pièce 12 est payée et n’a pas été imprimée : impossible d’écrire marks/000007.png : no storage space"
        );
        assert_eq!(
            error.advice(English),
            Some("make room, then give the same command again: nothing is lost")
        );
        let alone = paid(false);
        assert_eq!(alone.message(English), error.message(English));
        assert_eq!(
            alone.advice(English),
            Some("once the cause is gone, print its mark, which is paid: timbre meter print-again"),
            "the same command would pay for it again"
        );
    }

    #[test]
    fn every_verb_of_a_fault_has_its_french() {
        for verb in ["create", "lock", "open", "read", "remove", "find"] {
            assert_ne!(in_french(verb), in_french("write"), "{verb}");
        }
    }
}
