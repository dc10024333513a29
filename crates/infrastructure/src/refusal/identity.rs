//! Refusals about who asks: the token, the meter, its key, its clock.

use axum::http::StatusCode;
use timbre_key_store::KeyRole;
use timbre_postage::MeterSerial;
use timbre_protocol::token::TokenError;

use super::{Texts, texts};

#[derive(Debug)]
pub(crate) enum Identity {
    /// No access token.
    TokenMissing,
    /// One that is not ours, or out of its time.
    Token(TokenError),
    /// Another meter's.
    TokenOfAnother,
    /// No meter with this serial number is enrolled.
    UnknownMeter(MeterSerial),
    /// The message was not signed by the key enrolled for the meter.
    BadSignature,
    /// The meter's clock and ours are too far apart.
    ClockOff,
    /// The nonce was used before.
    ReplayedRequest,
    /// The meter was withdrawn from service.
    MeterWithdrawn,
    /// The device is in an earlier state than it was in before.
    StateRolledBack,
    /// There are two devices with this meter's keys.
    DeviceCloned,
    /// The meter believes a key of ours that was revoked.
    BelievesRevokedKey(KeyRole),
    /// The meter believes a key that is not ours.
    BelievesUnknownKey(KeyRole),
    /// Another device stands in for this one.
    MeterReplaced,
    /// The device presents a key other than the one on record.
    KeyChanged,
}

impl Identity {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Identity::TokenMissing => "token-missing",
            Identity::Token(error) => error.code(),
            Identity::TokenOfAnother => "token-of-another-meter",
            Identity::UnknownMeter(_) => "unknown-meter",
            Identity::BadSignature => "bad-signature",
            Identity::ClockOff => "clock-off",
            Identity::ReplayedRequest => "replayed-request",
            Identity::MeterWithdrawn => "meter-withdrawn",
            Identity::StateRolledBack => "state-rolled-back",
            Identity::DeviceCloned => "device-cloned",
            Identity::BelievesRevokedKey(_) => "believes-revoked-key",
            Identity::BelievesUnknownKey(_) => "believes-unknown-key",
            Identity::MeterReplaced => "meter-replaced",
            Identity::KeyChanged => "key-changed",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Identity::TokenMissing | Identity::Token(_) | Identity::TokenOfAnother => {
                StatusCode::UNAUTHORIZED
            }
            Identity::ReplayedRequest
            | Identity::StateRolledBack
            | Identity::DeviceCloned
            | Identity::BelievesRevokedKey(_)
            | Identity::BelievesUnknownKey(_)
            | Identity::KeyChanged => StatusCode::CONFLICT,
            Identity::UnknownMeter(_)
            | Identity::BadSignature
            | Identity::ClockOff
            | Identity::MeterWithdrawn
            | Identity::MeterReplaced => StatusCode::FORBIDDEN,
        }
    }

    pub(super) fn texts(&self) -> Texts {
        match self {
            Identity::TokenMissing => texts(
                "La machine doit d’abord s’identifier.",
                "The meter must sign in first.",
            ),
            Identity::Token(error) => (
                "L’identification de la machine ne vaut pas ou ne vaut plus ; elle doit s’identifier de nouveau."
                    .to_owned(),
                format!("The meter must sign in again: {error}."),
            ),
            Identity::TokenOfAnother => texts(
                "L’identification est celle d’une autre machine.",
                "The sign-in is another meter’s.",
            ),
            Identity::UnknownMeter(serial) => (
                format!("La machine {serial} n’est pas inscrite ; appelez votre fournisseur."),
                format!("Meter {serial} is not enrolled; call your provider."),
            ),
            Identity::BadSignature => texts(
                "La signature n’est pas celle de cette machine ; appelez votre fournisseur.",
                "The signature is not this meter’s; call your provider.",
            ),
            Identity::ClockOff => texts(
                "L’horloge de la machine n’est pas à l’heure ; réglez-la sur l’heure du serveur.",
                "The meter’s clock is off; set it to the server’s time.",
            ),
            Identity::ReplayedRequest => texts(
                "Cette demande d’identification a déjà servi.",
                "This sign-in request was used before.",
            ),
            Identity::MeterWithdrawn => texts(
                "Cette machine a été retirée du service.",
                "This meter was withdrawn from service.",
            ),
            Identity::StateRolledBack => texts(
                "Cette machine est dans un état antérieur à celui de sa dernière communication, comme si une copie avait été restaurée ; n’affranchissez plus, gardez le dossier de la machine tel quel et appelez votre fournisseur.",
                "This meter is in an earlier state than at its last contact, as if a copy had been restored; stop franking, keep the meter’s folder as it is and call your provider.",
            ),
            Identity::DeviceCloned => texts(
                "Une autre machine emploie les clés de celle-ci ; n’affranchissez plus, gardez le dossier de la machine tel quel et appelez votre fournisseur.",
                "Another machine uses this meter’s keys; stop franking, keep the meter’s folder as it is and call your provider.",
            ),
            Identity::BelievesRevokedKey(role) => (
                format!(
                    "Cette machine ne croit qu’une clé « {role} » révoquée du fournisseur, qui ne signe plus rien ; appelez votre fournisseur : le dispositif de sécurité postale doit être remplacé."
                ),
                format!(
                    "This meter believes only a {role} key of the provider that was revoked and signs nothing more; call your provider: the postal security device has to be replaced."
                ),
            ),
            Identity::BelievesUnknownKey(role) => (
                format!(
                    "Cette machine croit une clé « {role} » qui n’est pas de cette infrastructure ; appelez votre fournisseur."
                ),
                format!(
                    "This meter believes a {role} key that is not this infrastructure’s; call your provider."
                ),
            ),
            Identity::MeterReplaced => texts(
                "Une autre machine a pris la place de celle-ci ; rendez celle-ci au fournisseur, qui est avisé.",
                "Another meter has taken the place of this one; return this one to the provider, who is told.",
            ),
            Identity::KeyChanged => texts(
                "Une autre clé est au dossier pour cette machine ; appelez votre fournisseur.",
                "Another key is on record for this meter; call your provider.",
            ),
        }
    }
}
