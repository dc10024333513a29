//! The configuration data of the meter whose place this one took (REQ FUNDS-5): fetched when the infrastructure says that
//! there is some, verified, and kept. The old registers are shown and never counted on.

use serde::Serialize;
use timbre_key_store::PublicKey;
use timbre_postage::{AccountNumber, Amount, Language, MeterSerial, PieceCount, PostalCode};
use timbre_protocol::replacement::{MachineSettings, Reply, Request};
use timbre_protocol::{Replacement, Signed, UNSIGNED, read, write};
use timbre_psd::Breach;

use super::{Meter, nonce};
use crate::directory::{Directory, read_limited, write_whole};
use crate::error::{Fault, MeterError};
use crate::settings::{RefillSettings, Settings};

const WHAT: &str = "configuration data";
/// More than any message of this kind can be.
const LIMIT: u64 = 64 * 1024;

/// What is known of the meter whose place this one took.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Configuration {
    /// That meter.
    pub replaces: MeterSerial,
    /// When the provider registered the replacement, to the second.
    pub since: String,
    /// Its descending register, as the provider's books hold it: given back by the provider, never moved to this meter.
    pub available: Amount,
    /// Its ascending register, as the provider's books hold it.
    pub used: Amount,
    /// The pieces that it franked.
    pub pieces: PieceCount,
    /// The customer's postage account.
    pub account: AccountNumber,
    /// Where the mail is posted.
    pub postal_code: PostalCode,
}

impl Meter {
    /// Fetches the configuration data of the meter that this one replaces, keeps it, and goes on with what the customer
    /// had set there, the first time.
    ///
    /// # Errors
    /// Refusals of the infrastructure; data that is not genuine; what stands between; faults of the disk.
    pub async fn fetch_configuration(&mut self) -> Result<Configuration, MeterError> {
        let (serial, time) = (self.serial(), self.now());
        let request = Request { serial, time, nonce: nonce()?, signature: UNSIGNED };
        let request = request.sign(&*self.keys)?;
        let reply = self.call::<Replacement>(&request).await?;
        reply.verify(self.psd.funds_key()).map_err(|_| breach(Breach::BadSignature(WHAT)))?;
        if reply.serial != serial {
            let (expected, found) = (serial, reply.serial);
            return Err(breach(Breach::WrongSerial { message: WHAT, expected, found }));
        }
        if reply.nonce != request.nonce {
            return Err(breach(Breach::WrongNonce(WHAT)));
        }
        let first = self.configuration.is_none();
        write_whole(&self.directory.configuration(), write(&reply).as_bytes())?;
        if first && let Some(settings) = &reply.settings {
            self.go_on_with(settings)?;
        }
        let told = Configuration::of(&reply);
        self.configuration = Some(reply);
        Ok(told)
    }

    /// What the infrastructure may keep for a machine in the place of this one.
    pub(super) fn machine_settings(&self) -> MachineSettings {
        let RefillSettings { automatic, threshold, amount } = self.settings.refill;
        MachineSettings {
            automatic_refill: automatic,
            refill_threshold: threshold,
            refill_amount: amount,
            language: self.settings.language.pick("fr", "en").to_owned(),
        }
    }

    /// Takes over what the customer had set on the machine before. What cannot be settings of this one is left.
    fn go_on_with(&mut self, told: &MachineSettings) -> Result<(), MeterError> {
        let mut settings = self.settings.clone();
        settings.refill = RefillSettings {
            automatic: told.automatic_refill,
            threshold: told.refill_threshold,
            amount: told.refill_amount,
        };
        settings.language = match told.language.as_str() {
            "fr" => Language::French,
            "en" => Language::English,
            _ => settings.language,
        };
        let file = self.directory.settings_file();
        let text = settings.to_toml();
        // What this program would not read again is not written.
        match Settings::parse(&text, &file) {
            Ok(settings) => {
                write_whole(&file, text.as_bytes())?;
                self.settings = settings;
            }
            Err(error) => {
                tracing::warn!("the settings of the meter before do not fit this one: {error}")
            }
        }
        Ok(())
    }
}

impl Configuration {
    pub(super) fn of(reply: &Reply) -> Configuration {
        Configuration {
            replaces: reply.replaced,
            since: reply.replaced_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            available: reply.registers.descending,
            used: reply.registers.ascending,
            pieces: reply.registers.pieces,
            account: reply.account,
            postal_code: reply.postal_code.clone(),
        }
    }
}

/// Reads what was kept. What is not there, or not this meter's and the provider's, is fetched again.
pub(super) fn kept(
    directory: &Directory,
    serial: MeterSerial,
    funds: &PublicKey,
) -> Result<Option<Reply>, Fault> {
    let path = directory.configuration();
    let Some(bytes) = read_limited(&path, LIMIT)? else { return Ok(None) };
    let genuine = |reply: &Reply| reply.serial == serial && reply.verify(funds).is_ok();
    let reply = read::<Reply>(&bytes).ok().filter(genuine);
    if reply.is_none() {
        tracing::warn!(file = %path.display(), "not the configuration data of this meter: it will be fetched again");
    }
    Ok(reply)
}

fn breach(breach: Breach) -> MeterError {
    crate::error::Breach::Device(breach).into()
}
