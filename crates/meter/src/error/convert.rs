//! Which kind an error of the parts below is.

use timbre_key_store::KeyStoreError;
use timbre_postage::PriceRefusal;
use timbre_psd::{JournalError, OpenError, PsdError};

use super::{Breach, Fault, MeterError, PieceRefusal, Refusal, RunRefusal};
use crate::egress::LinkError;
use crate::settings::SettingsError;

impl From<LinkError> for MeterError {
    fn from(error: LinkError) -> MeterError {
        match error {
            LinkError::Refused(refusal) => Refusal::Infrastructure(refusal).into(),
            LinkError::NotGenuine { .. } | LinkError::WrongName { .. } => {
                Breach::Link(error).into()
            }
            _ => Fault::Link(error).into(),
        }
    }
}

impl From<SettingsError> for MeterError {
    fn from(error: SettingsError) -> MeterError {
        Fault::Settings(error).into()
    }
}

impl From<KeyStoreError> for MeterError {
    fn from(error: KeyStoreError) -> MeterError {
        if error.is_breach() { Breach::Keys(error).into() } else { Fault::Keys(error).into() }
    }
}

impl From<PsdError> for MeterError {
    fn from(error: PsdError) -> MeterError {
        match error {
            PsdError::Refused(refusal) => Refusal::Device(refusal).into(),
            PsdError::Fault(fault) => Fault::Device(fault).into(),
            PsdError::Breach(breach) => Breach::Device(breach).into(),
        }
    }
}

impl From<OpenError> for MeterError {
    fn from(error: OpenError) -> MeterError {
        match error {
            OpenError::Damaged { .. } | OpenError::WrongKeys { .. } => {
                Breach::Damaged(error).into()
            }
            OpenError::Keys(error) => error.into(),
            error => Fault::Opening(error).into(),
        }
    }
}

impl From<JournalError> for MeterError {
    fn from(error: JournalError) -> MeterError {
        Fault::Device(error.into()).into()
    }
}

impl From<PieceRefusal> for MeterError {
    fn from(refusal: PieceRefusal) -> MeterError {
        Refusal::Piece(refusal).into()
    }
}

impl From<RunRefusal> for MeterError {
    fn from(refusal: RunRefusal) -> MeterError {
        Refusal::Run(refusal).into()
    }
}

impl From<PriceRefusal> for MeterError {
    fn from(refusal: PriceRefusal) -> MeterError {
        Refusal::Price(refusal).into()
    }
}
